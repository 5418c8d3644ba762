"""What a what-if page needs beside the model: what to offer for editing, and what an edit moved, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explainers.charts.ranking import RankedOption
from explainers.counterfactuals import SingleChanges
from oncology.edits import changes_between
from oncology.features import FeatureSchema, FeatureSpec
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.recommendations import Ranking, Recommendation

__all__ = [
    "NumberRange",
    "change_words",
    "headline",
    "number_range",
    "offered_numbers",
    "ranked_options",
    "shown_alterations",
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
_WHOLE = ("age_years", "line", "ecog", "pdl1")


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
    step = 1.0 if spec.kind == "count" or spec.reads.field in _WHOLE else _step(high - low)
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
            note=r.reason if r.abstained else "",
        )
        for r in (*after.ordered, *after.abstained)
    )


def change_words(schema: FeatureSchema, before: PatientProfile, after: PatientProfile) -> list[str]:
    """What an edit changed, one phrase a feature: "KRAS altered, was not assayed"."""
    return [
        f"{spec.label}: {spec.words(new)}, was {spec.words(old)}"
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
    first = after.ordered[0]
    said = f"{first.label}: {first.per_100}."
    if after.has_bands:
        near = sum(r.band == 1 for r in after.ordered) - 1
        others = f"{near} other option{'' if near == 1 else 's'} cannot be told apart from it"
        said = f"The model ranks {first.label} first: {first.per_100}" + (f"; {others}." if near else ".")
    return said, _moves(before, after)


def _score_words(now: Recommendation, before: Ranking) -> tuple[str, str]:
    assert now.probability is not None
    said = f"{now.label}: {now.probability:.2f}"
    if now.low is not None and now.high is not None and now.high - now.low >= 0.005:
        said += f", between {now.low:.2f} and {now.high:.2f} for what is not known"
    said += f". Group: {now.group}." if now.group is not None else "."
    was = before.of(now.option)
    if was.probability is None:
        return said, "The model had no answer for the patient as recorded."
    if abs(was.probability - now.probability) < 0.005:
        return said, ""
    moved = f"As recorded it is {was.probability:.2f}"
    if was.group != now.group:
        return said, f"{moved}, group {was.group}."
    return said, f"{moved}" + (", in the same group." if now.group is not None else ".")


def _moves(before: Ranking, after: Ranking) -> str:
    sentences = []
    if before.ordered and before.ordered[0].option != after.ordered[0].option:
        sentences.append(f"As recorded, {before.ordered[0].label} comes first.")
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
