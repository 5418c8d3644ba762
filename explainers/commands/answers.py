"""predict, explain, whatif, counterfactual, report: one patient and one bundle."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.background import background_named
from explainers.commands.plain import to_json
from explainers.commands.sources import open_bundle, patient
from explainers.commands.tables import columns
from explainers.counterfactuals import Goal, plausibility, single_changes, smallest_change
from explainers.explanation import Counterfactual, Explanation
from explainers.local import METHOD_LABELS
from explainers.local import explain as explain_patient
from explainers.what_if import change_words, headline
from oncology.edits import apply, parse_edit
from oncology.patients import PatientProfile
from oncology.prediction import predict as predict_patients
from oncology.recommendations import Ranking, rank

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["counterfactual", "explain", "predict", "report", "whatif"]


def predict(args: argparse.Namespace) -> str:
    """The ranking of one patient's options."""
    bundle, profile = open_bundle(args.bundle), patient(args.patient, args.patient_id)
    ranking = _ranking(bundle, profile)
    if args.json:
        return to_json(_about(bundle, profile) | {"ranking": ranking})
    return "\n".join([*_heading(bundle, profile), *_ranking_words(bundle, ranking)])


def explain(args: argparse.Namespace) -> str:
    """Why the model gives the patient this score for an option."""
    bundle, profile = open_bundle(args.bundle), patient(args.patient, args.patient_id)
    option = args.option or _first(bundle, profile)
    row = bundle.schema.encode_row(profile)
    background = background_named(bundle, args.background, row)
    why = explain_patient(bundle, row, args.method, option=option, background=background, seed=args.seed)
    if args.json:
        return to_json(_about(bundle, profile) | {"explanation": why, "residual": why.residual()})
    return "\n".join([*_heading(bundle, profile), *_explanation_words(bundle, why, args.top)])


def whatif(args: argparse.Namespace) -> str:
    """The ranking before and after edits; without edits, every single change of an alteration."""
    bundle, profile = open_bundle(args.bundle), patient(args.patient, args.patient_id)
    if not args.set:
        found = single_changes(bundle, profile)
        if args.json:
            return to_json(_about(bundle, profile) | {"single_changes": found})
        rows = found.rows()
        keep = ("change", "moves most", "before", "after", "band 1 then", "shifts band 1")
        lines = columns([{k: r[k] for k in keep} for r in rows[: args.top]])
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
    bundle, profile = open_bundle(args.bundle), patient(args.patient, args.patient_id)
    target = args.target or (bundle.options[0] if len(bundle.options) == 1 else "")
    option = bundle.options[bundle.option_index(target)]
    goal = Goal(option, args.goal)
    if args.over is not None or args.under is not None:
        over = args.over is not None
        goal = Goal(option, "threshold", args.over if over else args.under, "over" if over else "under")
    progress = _progress if sys.stderr.isatty() else None
    found = smallest_change(
        bundle, profile, goal, max_size=args.max_size, most=args.most, mode=args.mode, progress=progress
    )
    if args.json:
        return to_json(_about(bundle, profile) | {"counterfactuals": found})
    return "\n".join([*_heading(bundle, profile), *_counterfactual_words(bundle, found, option)])


def report(args: argparse.Namespace) -> str:
    """The whole case as one HTML file."""
    from datetime import UTC, datetime

    from explainers.patient_report import patient_report

    bundle, profile = open_bundle(args.bundle), patient(args.patient, args.patient_id)
    edits = [parse_edit(bundle.schema, text) for text in args.set]
    edited = apply(bundle.schema, profile, edits)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    html = patient_report(bundle, edited, option=args.option, recorded=profile, made=made)
    out = Path(args.out)
    out.write_text(html, encoding="utf-8")
    if args.json:
        return to_json({"file": out.name, "bytes": len(html.encode())})
    return f"Wrote {out} ({len(html.encode()) / 1e6:.1f} MB): opens in any browser, asks no other host."


def _about(bundle: ModelBundle, profile: PatientProfile) -> dict[str, Any]:
    unit = "score" if bundle.is_score else "probability"
    return {
        "bundle": {
            "name": bundle.name, "title": bundle.manifest.title, "version": bundle.manifest.version,
            "sha256": bundle.sha256, "output_kind": bundle.output_kind, "synthetic": bundle.manifest.synthetic,
        },
        "patient": {"patient_id": profile.patient_id, "synthetic": profile.synthetic},
        "units": {"answers": unit, "margin": bundle.unit, "interval_coverage": 0.95},
    }  # fmt: skip


def _heading(bundle: ModelBundle, profile: PatientProfile) -> list[str]:
    label = "synthetic data" if profile.synthetic else "research use only"
    if bundle.manifest.synthetic and not profile.synthetic:
        label += ", by a model trained on synthetic patients"
    return [f"{bundle.manifest.title} · patient {profile.patient_id} · {label}", ""]


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
        row["training patients alike"] = "not available" if r.support is None else r.support
        rows.append(row)
    lines = columns(rows)
    lines += [f"No answer: {r.label}. {r.reason}" for r in ranking.abstained]
    if ranking.unlikely_to_help:
        lines.append(
            "Unlikely to help by this model: " + ", ".join(r.label for r in ranking.unlikely_to_help) + "."
        )
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


def _counterfactual_words(bundle: ModelBundle, found: Sequence[Counterfactual], option: str) -> list[str]:
    first = found[0]
    k = bundle.option_index(option)
    lines = [f"Goal: {first.target}. {first.n_evaluations:,} profiles tried."]
    if first.minimal == "already so":
        return [*lines, "It holds already, without a change."]
    if not first.changes:
        return [*lines, *first.cautions]
    lines.append(
        "Smallest changes" + (" (proven: nothing smaller does it):" if first.minimal == "proven" else ":")
    )
    for c in found:
        scale, digits = (1, 2) if bundle.is_score else (100, 0)
        moved = f"{_figure(c.before[k], scale, digits)} to {_figure(c.after[k], scale, digits)}"
        seen = (
            ""
            if c.training_count is None
            else f"; {c.training_count or 'no'} training patients in these states"
        )
        lines.append(f"- {'; '.join(x.words for x in c.changes)} ({bundle.label(option)} {moved}{seen})")
        lines += [f"  Caution: {words}" for words in c.cautions]
    return [*lines, "This is what the model would say of the changed profile, not what would happen."]


def _figure(value: float | None, scale: int, digits: int) -> str:
    return "–" if value is None else f"{scale * float(value):.{digits}f}"


def _progress(share: float) -> None:
    end = "\n" if share >= 1 else ""
    sys.stderr.write(f"\r{share:4.0%} searched{end}")
    sys.stderr.flush()
