"""The inputs that speak most for and against one option, and how steady that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.background import BackgroundError
from explainers.explanation import Explanation, FloatVector
from explainers.local import explain
from explainers.players import CannotExplainError
from explainers.stability import Stability, read
from oncology.errors import OncologyError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

__all__ = ["reason_words"]

_EACH_WAY = 3
CAUTION = "What moves the model's answer is an association, not a cause."


def reason_words(
    bundle: ModelBundle, profile: PatientProfile, option: str, *, abstained: bool = False
) -> tuple[str, ...]:
    """Up to three inputs for and three against, by Shapley values; each marked where refits would not turn its sign."""
    if abstained:
        return ("No answer, so nothing to explain.", CAUTION)
    row = bundle.schema.encode_row(profile)
    try:
        why = explain(bundle, row, "shapley", option=option)
    except (CannotExplainError, BackgroundError) as error:
        return (f"No explanation: {error}", CAUTION)
    steady, note = _steady(bundle, why, row)
    order = [j for j in why.order() if why.values[j] != 0]
    up = [_input(why, j, steady) for j in order if why.values[j] > 0][:_EACH_WAY]
    down = [_input(why, j, steady) for j in order if why.values[j] < 0][:_EACH_WAY]
    return (
        f"For: {'; '.join(up) or 'none'}.",
        f"Against: {'; '.join(down) or 'none'}.",
        f"Shapley values in {why.unit}, compared with {why.background}. {note}",
        CAUTION,
    )


def _input(why: Explanation, j: int, steady: frozenset[int] | None) -> str:
    mark = "" if steady is None else ", steady" if int(j) in steady else ", sign not steady"
    words = why.feature_words[j]
    return f"{why.feature_labels[j]} {words} ({why.values[j]:+.2f}{mark})"


def _steady(bundle: ModelBundle, why: Explanation, row: FloatVector) -> tuple[frozenset[int] | None, str]:
    """Positions whose interval over refits excludes zero, and what that rests on."""
    try:
        found: Stability | None = read(bundle) if bundle.formula is None else None
    except OncologyError as error:
        return None, f"Stability: {error}"
    if bundle.formula is not None:
        return None, "The weights are published and do not vary."
    ends = None if found is None else found.interval_of(bundle, row, why)
    if found is None or ends is None:
        return None, "Stability under refits: not measured for this model."
    low, high = ends
    steady = frozenset(j for j in range(len(why.values)) if low[j] > 0 or high[j] < 0)
    return steady, f"Steady: by {found.n_refits} refits, 95 of 100 would leave the sign as it is."
