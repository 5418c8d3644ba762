"""predict, explain, whatif, counterfactual, report: one patient and one bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.assurance_words import assurance_words
from explainers.background import background_named
from explainers.commands.plain import to_json
from explainers.commands.sources import open_bundle, patient
from explainers.commands.tables import columns
from explainers.counterfactuals import (
    Constraints,
    Goal,
    GoalError,
    SmallestChanges,
    plausibility,
    single_changes,
    smallest_changes,
)
from explainers.explanation import Explanation
from explainers.local import METHOD_LABELS, explain_groups
from explainers.local import explain as explain_patient
from explainers.origins import origin_words
from explainers.ranking_words import caution_words, silences
from explainers.smallest import conditions_from
from explainers.what_if import change_words, headline
from oncology.assurance import assure
from oncology.counts import SMALLEST_COUNT, count_words
from oncology.edits import apply, parse_edit
from oncology.intake.consent import ExportRefusedError, export_refusal
from oncology.patients import PatientProfile
from oncology.prediction import predict as predict_patients
from oncology.recommendations import Ranking, Recommendation, rank
from oncology.wording import wording

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

# What the ends of an interval cover, by ModelBundle.interval_basis.
_INTERVALS = {
    "observed": "share observed among patients with like numbers",
    "calibration": "calibration alone",
    "range": "best to worst",
}

__all__ = ["counterfactual", "explain", "predict", "report", "whatif"]


def predict(args: argparse.Namespace) -> str:
    """The ranking of one patient's options."""
    bundle, profile = open_bundle(args.bundle), _patient(args)
    ranking = _ranking(bundle, profile)
    found = assure(bundle, profile, ranking=ranking)
    if args.json:
        return to_json(_about(bundle, profile) | {"ranking": ranking, "assurance": found})
    lines = [*_ranking_words(bundle, ranking), found.interval_meaning, "", *assurance_words(bundle, found)]
    return "\n".join([*_heading(bundle, profile), *lines])


def explain(args: argparse.Namespace) -> str:
    """Why the model gives the patient this score for an option."""
    bundle, profile = open_bundle(args.bundle), _patient(args)
    option = bundle.options[bundle.option_index(args.option or _first(bundle, profile))]
    row = bundle.schema.encode_row(profile)
    background = background_named(bundle, args.background, row)
    if args.by == "input":
        why = explain_patient(bundle, row, args.method, option=option, background=background, seed=args.seed)
    else:
        why = explain_groups(bundle, row, args.by, option=option, background=background)
    silence = silences(bundle, profile).get(option)
    if args.json:
        content = {"explanation": why, "residual": why.residual(), "abstained": silence}
        return to_json(_about(bundle, profile) | content)
    said = [] if silence is None else [_no_answer(bundle, option, silence)]
    return "\n".join([*_heading(bundle, profile), *said, *_explanation_words(bundle, why, args.top)])


def whatif(args: argparse.Namespace) -> str:
    """The ranking before and after edits; without edits, every single change of an alteration."""
    bundle, profile = open_bundle(args.bundle), _patient(args)
    if not args.set:
        found = single_changes(bundle, profile)
        if args.json:
            return to_json(_about(bundle, profile) | {"single_changes": found})
        rows = found.rows()
        if not rows:
            none = "The model reads no alterations, so there is none to change. Use --set for another value."
            return "\n".join([*_heading(bundle, profile), none])
        keep = ("change", "moves most", "before", "after", "band 1 then", "shifts band 1")
        lines = columns([{k: r[k] for k in keep if k in r} for r in rows[: args.top]])
        lines += [_no_answer(bundle, o, why) for o, why in silences(bundle, profile).items()][:1]
        rest = [f"… and {len(rows) - args.top} more (--top N)"] if len(rows) > args.top else []
        return "\n".join([*_heading(bundle, profile), "Every single change of an alteration:", *lines, *rest])
    edits = [parse_edit(bundle.schema, text) for text in args.set]
    edited = apply(bundle.schema, profile, edits)
    before, after = _ranking(bundle, profile, unknowns=False), _ranking(bundle, edited, unknowns=False)
    cautions = plausibility(bundle, edited)
    changes = change_words(bundle.schema, profile, edited)
    if args.json:
        content = {"changes": changes, "before": before, "after": after, "cautions": cautions}
        return to_json(_about(bundle, profile) | content)
    said = [words for words in headline(bundle, before, after) if words]
    return "\n".join(
        [
            *_heading(bundle, profile),
            "Changed: " + ("; ".join(changes) or "nothing (the record already says so)"),
            *said,
            *_ranking_words(bundle, after, before),
            *(f"Caution: {words}" for words in cautions),
            "This is what the model would say of the changed profile, not what would happen.",
        ]
    )


def counterfactual(args: argparse.Namespace) -> str:
    """The smallest change after which the goal holds."""
    bundle, profile = open_bundle(args.bundle), _patient(args)
    if args.target is None and len(bundle.options) > 1:
        raise GoalError(
            f"Name the option that the search is about with --target. This model has: {', '.join(bundle.options)}."
        )
    option = bundle.options[bundle.option_index(args.target or bundle.options[0])]
    goal = Goal(option, args.goal)
    if args.over is not None or args.under is not None:
        over = args.over is not None
        goal = Goal(option, "threshold", args.over if over else args.under, "over" if over else "under")
    found = smallest_changes(
        bundle,
        profile,
        goal,
        max_size=args.max_size,
        most=args.most,
        mode=args.mode,
        constraints=_constraints(bundle, args),
        time_limit_s=args.seconds,
    )
    if args.json:
        content = {"counterfactuals": found.found, "search": found, "words": found.words()}
        return to_json(_about(bundle, profile) | content)
    return "\n".join([*_heading(bundle, profile), *_counterfactual_words(bundle, found, option)])


def _constraints(bundle: ModelBundle, args: argparse.Namespace) -> Constraints:
    everything = [name for name in args.numbers if name.casefold() == "all"]
    return conditions_from(
        bundle,
        mode=args.mode,
        fixed=args.fixed,
        only=args.only,
        towards=args.towards,
        only_altered=args.only_altered,
        only_absent=args.only_absent,
        numbers=True if everything else args.numbers,
        only_rising=args.only_rising,
        only_falling=args.only_falling,
        never_together=args.never_together,
        exclusive_drivers=not args.drivers_may_meet,
        seen_together=args.seen_together,
        false_positive=args.false_positive,
        false_negative=args.false_negative,
    )


def report(args: argparse.Namespace) -> str:
    """The whole case as one HTML file."""
    from datetime import UTC, datetime

    from explainers.patient_report import patient_report

    profile = _patient(args)
    if refusal := export_refusal(profile):
        raise ExportRefusedError(refusal)
    bundle = open_bundle(args.bundle)
    edits = [parse_edit(bundle.schema, text) for text in args.set]
    edited = apply(bundle.schema, profile, edits)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    html = patient_report(bundle, edited, option=args.option, recorded=profile, made=made)
    out = Path(args.out)
    out.write_text(html, encoding="utf-8")
    if args.json:
        return to_json({"file": out.name, "bytes": len(html.encode())})
    return f"Wrote {out} ({len(html.encode()) / 1e6:.1f} MB): opens in any browser, asks no other host."


def _patient(args: argparse.Namespace) -> PatientProfile:
    return patient(args.patient, args.patient_id, germline=args.germline)


def _about(bundle: ModelBundle, profile: PatientProfile) -> dict[str, Any]:
    unit = "score" if bundle.is_score else "probability"
    return {
        "bundle": {
            "name": bundle.name, "title": bundle.manifest.title, "version": bundle.manifest.version,
            "sha256": bundle.sha256, "output_kind": bundle.output_kind, "synthetic": bundle.manifest.synthetic,
        },
        "patient": {"patient_id": profile.patient_id, "synthetic": profile.synthetic,
                    "germline_withheld": profile.germline_withheld},
        "units": {"answers": unit, "margin": bundle.unit, "interval_coverage": None if bundle.is_score else 0.95,
                  "interval": _INTERVALS[bundle.interval_basis]},
    }  # fmt: skip


def _heading(bundle: ModelBundle, profile: PatientProfile) -> list[str]:
    facts = " · ".join(origin_words(bundle, profile))
    return [f"{bundle.manifest.title} · patient {profile.patient_id} · {facts}", ""]


def _ranking(bundle: ModelBundle, profile: PatientProfile, *, unknowns: bool = True) -> Ranking:
    return rank(bundle, predict_patients(bundle, profile), profile, with_unknowns=unknowns)


def _first(bundle: ModelBundle, profile: PatientProfile) -> str:
    ranking = _ranking(bundle, profile, unknowns=False)
    return ranking.ordered[0].option if ranking.ordered else bundle.options[0]


def _ranking_words(bundle: ModelBundle, ranking: Ranking, before: Ranking | None = None) -> list[str]:
    rows = []
    for r in ranking.ordered:
        row: dict[str, Any] = (
            {"band": r.band, "option": r.label} if ranking.has_bands else {"option": r.label}
        )
        scale, digits = (1, 2) if bundle.is_score else (100, 0)
        row["score" if bundle.is_score else "of 100"] = _figure(r.probability, scale, digits)
        row["interval"] = (
            "–"
            if r.low is None or r.high is None
            else f"{_figure(r.low, scale, digits)} to {_figure(r.high, scale, digits)}"
        )
        if before is not None:
            row["recorded"] = _figure(before.of(r.option).probability, scale, digits)
        if r.group is not None:
            row["group"] = r.group
        row[f"same tumour type, {wording(r.setting).had_it}"] = _support(r)
        rows.append(row)
    lines = [*(f"Caution: {words}" for words in ranking.cautions), *columns(rows)]
    lines += [f"Caution: {words}" for words in caution_words(ranking)]
    reasons: dict[str, list[str]] = {}
    for r in ranking.abstained:
        reasons.setdefault(r.reason, []).append(r.label)
    lines += [f"No answer on {', '.join(labels)}. {reason}" for reason, labels in reasons.items()]
    if ranking.unlikely_to_help:
        low = ", ".join(r.label for r in ranking.unlikely_to_help)
        lines.append(f"Whole interval under {100 * ranking.unlikely_below:.0f} of 100: {low}.")
    lines += [u.words() for u in ranking.unknowns[:5]]
    lines += ["", "Not modelled: " + "; ".join(ranking.not_modelled) + "."]
    return lines


def _explanation_words(bundle: ModelBundle, why: Explanation, top: int) -> list[str]:
    order = [j for j in why.order().tolist() if why.values[j] != 0.0]
    rows: list[dict[str, Any]] = []
    for j in order[:top]:
        row = {
            "input": why.feature_labels[j],
            "patient": why.feature_words[j],
            "value": f"{why.values[j]:+.4f}",
        }
        if why.std_error is not None:
            row["standard error"] = f"{why.std_error[j]:.4f}"
        rows.append(row)
    rest = sum(float(why.values[j]) for j in order[top:])
    lines = [
        f"{METHOD_LABELS[why.method]} for {bundle.label(why.option)}, in {why.unit}, compared with {why.background}.",
        f"Average compared with: {why.base_value:.4f}",
        *columns(rows),
    ]
    if len(order) > top:
        lines.append(f"{len(order) - top} other inputs together: {rest:+.4f}")
    left = why.residual() if abs(why.residual()) >= 5e-5 else 0.0
    lines += [f"Not explained: {left:+.4f}", f"This patient: {why.score:.4f}"]
    if why.fit_quality is not None:
        lines.append(f"Fit of the local model (R²): {why.fit_quality:.2f}")
    return [*lines, *why.limits]


def _counterfactual_words(bundle: ModelBundle, found: SmallestChanges, option: str) -> list[str]:
    k = bundle.option_index(option)
    lines = [found.conditions_words(), found.words(), *found.notes]
    if found.method:
        lines.append(f"How: {found.method}.")
    if not found.found:
        return lines
    for c in found.found:
        scale, digits = (1, 2) if bundle.is_score else (100, 0)
        moved = f"{_figure(c.before[k], scale, digits)} to {_figure(c.after[k], scale, digits)}"
        seen = ""
        if c.training_count is not None:
            who = bundle.manifest.words.who
            seen = f"; {count_words(c.training_count)} training {who} in these states"
        lines.append(f"- {'; '.join(x.words for x in c.changes)} ({bundle.label(option)} {moved}{seen})")
        lines += [f"  Caution: {words}" for words in c.cautions]
    return [*lines, "This is what the model would say of the changed profile, not what would happen."]


def _support(r: Recommendation) -> str:
    if r.support is None:
        return f"fewer than {SMALLEST_COUNT}" if "support" in r.withheld else "not available"
    return count_words(r.support)


def _no_answer(bundle: ModelBundle, option: str, reason: str) -> str:
    return (
        f"On {bundle.label(option)} the model gives no answer: {reason} Any number of it has too little behind it "
        "and is not shown beside the others."
    )


def _figure(value: float | None, scale: int, digits: int) -> str:
    return "–" if value is None or value != value else f"{scale * float(value):z.{digits}f}"
