"""What a what-if page needs beside the model: what to offer for editing, and what an edit moved, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.charts.ranking import RankedOption
from explainers.counterfactuals import Goal, GoalError, SingleChanges
from explainers.explanation import Counterfactual
from explainers.ranking_words import lead_words
from oncology.counts import count_words
from oncology.edits import STATES, changes_between
from oncology.features import FeatureSchema, FeatureSpec
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.recommendations import Ranking, Recommendation

__all__ = [
    "NumberRange",
    "change_words",
    "comparison_rows",
    "counterfactual_rows",
    "group_goal",
    "headline",
    "number_range",
    "offered_numbers",
    "ranked_options",
    "shown_alterations",
    "single_changes_html",
]

# Ends of the sliders; the box beside each takes every believable value.
_USUAL: dict[str, tuple[float, float]] = {
    "age_years": (18, 95),
    "tmb_per_mb": (0, 50),
    "pdl1": (0, 100),
    "line": (1, 6),
    "ecog": (0, 4),
    "labs.albumin_g_dl": (2, 5.5),
    "labs.nlr": (0, 25),
    "labs.ldh_u_l": (100, 1000),
    "labs.haemoglobin_g_dl": (4, 18),
    "labs.platelets_10e9_l": (0, 500),
    "labs.neutrophils_10e9_l": (0, 15),
    "labs.wbc_10e9_l": (0, 100),
    "labs.marrow_blasts_percent": (0, 100),
    "labs.blood_blasts_percent": (0, 100),
}
_STATE_WORDS = {value: word for word, value in STATES.items()}
_WHOLE_STEPS = ("age_years", "line", "ecog", "pdl1")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The ends of a slider with its step, and where it rests while the value is not known.

    least, most : the smallest and largest believable value.
    """

    low: float
    high: float
    step: float
    middle: float
    least: float | None
    most: float | None


def number_range(bundle: ModelBundle, spec: FeatureSpec) -> NumberRange:
    """Where a number is usually found: known ranges, else the training patients' middle 98 %, else the schema's."""
    low, high = _USUAL.get(spec.reads.field or "") or _trained(bundle, spec) or (spec.low, spec.high)
    if spec.reads.what == "vaf":
        low, high = 0.0, 1.0
    low = 0.0 if low is None else float(low)
    high = low + 100.0 if high is None or high <= low else float(high)
    step = 1.0 if spec.kind == "count" or spec.reads.field in _WHOLE_STEPS else _step(high - low)
    middle = low + round((high - low) / 2 / step) * step
    believable = {"vaf": (0.0, 1.0)}.get(spec.reads.what, (spec.low, spec.high))
    return NumberRange(low, high, step, middle, *believable)


def _trained(bundle: ModelBundle, spec: FeatureSpec) -> tuple[float, float] | None:
    if bundle.training is None:
        return None
    values = bundle.training.X[spec.columns[0]].to_numpy(dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return None
    low, high = (float(v) for v in np.quantile(values, [0.01, 0.99]))
    return (low, high) if high > low else None


def _step(width: float) -> float:
    """A hundredth of a range, rounded to 1, 2 or 5 times a power of ten."""
    tenth = 10.0 ** math.floor(math.log10(width / 100))
    return tenth * min((1, 2, 5, 10), key=lambda m: abs(m * tenth - width / 100))


def shown_alterations(
    schema: FeatureSchema, profile: PatientProfile, changes: SingleChanges, *, most: int = 11
) -> tuple[str, ...]:
    """Alterations to start with: the patient's own, then those whose change moves the model most.

    Every altered one is shown; the others fill up to `most`.
    """
    features = [f for f in schema.features if f.is_alteration]
    altered = [f.name for f in features if schema.value(profile, f.name) == 1.0]
    largest: dict[str, float] = {}
    for c in changes.changes:
        size = float(np.nanmax(np.abs(c.after - changes.before), initial=0.0))
        largest[c.change.feature] = max(size, largest.get(c.change.feature, 0.0))
    others = sorted((f.name for f in features if f.name not in altered), key=lambda n: -largest.get(n, 0.0))
    return (*altered, *others[: max(most - len(altered), 3)])


def offered_numbers(schema: FeatureSchema) -> Sequence[FeatureSpec]:
    """Features other than alterations that an edit can change."""
    return [f for f in schema.features if not f.is_alteration and f.reads.what != "count"]


def ranked_options(after: Ranking, before: Ranking | None = None) -> tuple[RankedOption, ...]:
    """The lines of a ranking, each with where it stood before; abstained options at the end with the reason."""
    return tuple(
        RankedOption(
            r.label,
            r.band,
            r.probability,
            r.low,
            r.high,
            recorded=None if before is None else before.of(r.option).probability,
            recorded_band=None if before is None else before.of(r.option).band,
            note=_note(r),
        )
        for r in (*after.ordered, *after.abstained)
    )


def _note(r: Recommendation) -> str:
    if r.abstained:
        return r.reason
    no_signal = any(caution.startswith("No signal") for caution in r.cautions)
    return "no signal" if no_signal else ""


def change_words(schema: FeatureSchema, before: PatientProfile, after: PatientProfile) -> list[str]:
    """What an edit changed, one phrase a feature: "KRAS: not assayed → altered"."""
    return [
        f"{spec.label}: {spec.words(old)} → {spec.words(new)}"
        for spec, old, new in changes_between(schema, before, after)
    ]


def headline(bundle: ModelBundle, before: Ranking, after: Ranking) -> tuple[str, str]:
    """What the model says now in one sentence, and what the edit moved in another (empty without a move).

    For rankings, single options and scores alike; a score is never called a probability.
    """
    if not after.ordered:
        reasons = sorted({r.reason for r in after.abstained})
        return "The model has no answer for this profile.", " ".join(reasons)
    if bundle.is_score:
        return _score_words(after.ordered[0], before)
    return lead_words(bundle, after), _moves(before, after)


def _score_words(now: Recommendation, before: Ranking) -> tuple[str, str]:
    assert now.probability is not None
    said = f"{now.label}: {now.probability:z.2f}"
    if now.low is not None and now.high is not None and now.high - now.low >= 0.005:
        said += f", between {now.low:z.2f} and {now.high:z.2f} for what is not known"
    said += f". Group: {now.group}." if now.group is not None else "."
    was = before.of(now.option)
    if was.probability is None:
        return said, "The model had no answer for the patient as recorded."
    if abs(was.probability - now.probability) < 0.005:
        return said, ""
    moved = f"As recorded it is {was.probability:z.2f}"
    if was.group != now.group:
        return said, f"{moved}, group {was.group}."
    return said, f"{moved}" + (", in the same group." if now.group is not None else ".")


def _moves(before: Ranking, after: Ranking) -> str:
    sentences = []
    if after.has_bands:
        was = {r.option for r in before.ordered if r.band == 1}
        now = {r.option for r in after.ordered if r.band == 1}
        joined = [r.label for r in after.ordered if r.option in now - was]
        left = [r.label for r in before.ordered if r.option in was - now]
        if joined:
            sentences.append(f"New in the top band: {', '.join(joined)}.")
        if left:
            sentences.append(f"No longer in it: {', '.join(left)}.")
    moved = [
        (r, was_r.probability)
        for r in after.ordered
        for was_r in [before.of(r.option)]
        if was_r.probability is not None
    ]
    largest = max(moved, key=lambda m: abs((m[0].probability or 0.0) - m[1]), default=None)
    if largest is not None and abs((largest[0].probability or 0.0) - largest[1]) >= 0.005:
        r, was_p = largest
        sentences.append(
            f"{r.label} moves most, from {100 * was_p:.0f} to {100 * (r.probability or 0.0):.0f} of 100."
        )
    return " ".join(sentences)


def comparison_rows(bundle: ModelBundle, before: Ranking, after: Ranking) -> list[dict[str, Any]]:
    """Every number of two rankings side by side, one row an option, best first as edited."""
    scale, digits = (1.0, 2) if bundle.is_score else (100.0, 1)
    unit = "score" if bundle.is_score else "per 100"

    def number(value: float | None) -> float | None:
        return None if value is None else round(scale * value, digits)

    rows = []
    for r in (*after.ordered, *after.abstained):
        was = before.of(r.option)
        row: dict[str, Any] = {"option": r.label}
        if after.has_bands:
            row |= {"band": r.band, "band as recorded": was.band}
        if bundle.formula is not None and bundle.formula.categories:
            row |= {"group": r.group, "group as recorded": was.group}
        row |= {unit: number(r.probability), "low": number(r.low), "high": number(r.high)}
        row |= {f"{unit} as recorded": number(was.probability)}
        row |= {"low as recorded": number(was.low), "high as recorded": number(was.high)}
        rows.append(
            row | {"no answer because": r.reason if r.abstained else "", "cautions": " ".join(r.cautions)}
        )
    return rows


def single_changes_html(bundle: ModelBundle, found: SingleChanges, *, most: int = 8) -> str:
    """The single changes that shift the top band (or move a score most), as one small HTML table."""
    if not found.changes:
        return "<p>The model reads no alterations, so there is none to change.</p>"
    ranked = bundle.ranks
    chosen = found.shifting() if ranked else found.changes
    n = len({c.change.feature for c in found.changes})
    if ranked and not chosen:
        if not found.band_one:
            return f"<p>None: the model gives no answer for this profile, and none of {n} alterations alone brings one.</p>"
        return f"<p>None: whichever of {n} alterations changes alone, the top band keeps its members.</p>"
    label = dict(zip(found.options, found.labels, strict=True))
    scale, digits = (1.0, 2) if bundle.is_score else (100.0, 0)
    lines = ""
    for c in chosen[:most]:
        k = found.moves_most(c)
        spec = bundle.schema.feature(c.change.feature)
        then = ", ".join(label[o] for o in c.band_one) if ranked else ""
        state = _STATE_WORDS[None if c.change.after is None else float(c.change.after)]
        words = escape(f"See the profile with this change: {spec.label}, {spec.words(c.change.after)}")
        make = (
            f'<button type="button" class="gb-make" data-gb-feature="{escape(spec.name)}" '
            f'data-gb-state="{state}" aria-label="{words}">See the profile with it</button>'
        )
        moves = "no answer"
        if k is not None:
            numbers = f"{_number(scale * found.before[k], digits)} → {_number(scale * c.after[k], digits)}"
            named = f"{escape(found.labels[k])} " if len(found.options) > 1 else ""
            moves = f"{named}<b>{numbers}</b>"
        note = "".join(f'<span class="gb-note">{escape(words)}</span>' for words in c.cautions)
        lines += (
            f'<tr><th scope="row">{escape(spec.label)}<span class="gb-note">{escape(spec.words(c.change.before))} → '
            f"{escape(spec.words(c.change.after))}</span>{note}{make}</th>"
            + (f"<td>{escape(then)}</td>" if ranked else "")
            + f"<td>{moves}</td></tr>"
        )
    top = '<th scope="col">Top band then</th>' if ranked else ""
    unit = "score" if bundle.is_score else "per 100"
    count = (
        f"<p>{len(chosen)} of {len(found.changes)} single changes shift the top band; "
        f"{'the largest ' + str(most) + ' stand here.' if len(chosen) > most else 'all stand here.'}</p>"
        if ranked
        else f"<p>The {min(most, len(chosen))} of {len(found.changes)} single changes that move it most.</p>"
    )
    return (
        f'{count}<table class="gb-list"><thead><tr><th scope="col">Change</th>{top}'
        f'<th scope="col">Moves most ({unit})</th></tr></thead><tbody>{lines}</tbody></table>'
    )


def _number(value: float, digits: int) -> str:
    return "no answer" if math.isnan(value) else f"{value:z.{digits}f}"


def group_goal(bundle: ModelBundle, group: str, *, or_lower: bool) -> Goal:
    """The goal of a risk group "or lower" ("or higher"), as a threshold on the score.

    Groups are right-closed on the score rounded to two decimals, so the threshold lies half a hundredth further.
    """
    formula = bundle.formula
    assert formula is not None
    i = formula.categories.index(group)
    cuts = (-math.inf, *formula.cut_points, math.inf)
    value = cuts[i + 1] if or_lower else cuts[i]
    if not math.isfinite(value):
        raise GoalError(f"Every score is in the group {group!r} or {'lower' if or_lower else 'higher'}.")
    return Goal(bundle.options[0], "threshold", round(value + 0.005, 6), "under" if or_lower else "over")


def counterfactual_rows(
    bundle: ModelBundle, option: str, found: Sequence[Counterfactual]
) -> list[dict[str, Any]]:
    """Counterfactuals as rows: the changes, the chosen option before and after, and what speaks against them."""
    k = bundle.option_index(option)
    scale, digits, unit = (1.0, 2, "score") if bundle.is_score else (100.0, 0, "per 100")
    return [
        {
            "changes": "; ".join(change.words for change in c.changes),
            f"{bundle.label(option)} before ({unit})": _number(scale * c.before[k], digits),
            f"after ({unit})": _number(scale * c.after[k], digits),
            f"training {bundle.manifest.words.who} in this state": None
            if c.training_count is None
            else count_words(c.training_count),
            "cautions": " ".join(c.cautions),
        }
        for c in found
    ]
