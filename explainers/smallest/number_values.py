"""Which other values of a number or level are tried: one for each interval that the model tells apart, or some."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.families import rises_or_falls
from explainers.smallest.constraints import Movement
from explainers.smallest.exact_engine import exact_engine
from explainers.smallest.goals import GoalError
from oncology.edits import WHOLE_FIELDS
from oncology.features import FeatureSpec, Value
from oncology.patients import field_range

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["has_intervals", "has_levels", "is_whole", "known_range", "other_values", "worst_values"]

# Steps between the ends of a number's range at which it is tried where the model has no intervals.
_STEPS = 24


def has_intervals(bundle: ModelBundle) -> bool:
    """Whether the model cannot tell the numbers of an interval apart, so that one stands for all."""
    engine = exact_engine(bundle)
    return engine is not None and engine.ensemble is not None


def _possible(spec: FeatureSpec) -> tuple[float, float]:
    """The ends of what a patient can have and the model declares; infinite where neither sets any."""
    low = -math.inf if spec.low is None else spec.low
    high = math.inf if spec.high is None else spec.high
    least, most = field_range(spec.reads.field or "") or (-math.inf, math.inf)
    # A model that counts in another unit than the profile keeps its own range.
    return (max(low, least), min(high, most)) if max(low, least) <= min(high, most) else (low, high)


def has_levels(spec: FeatureSpec) -> bool:
    """Whether it is one of some levels, or a yes or no; a number that a model calls so is none."""
    return spec.kind == "categorical" or _is_answer(spec)


def _is_answer(spec: FeatureSpec) -> bool:
    return spec.kind == "binary" and field_range(spec.reads.field or "") is None


def is_whole(spec: FeatureSpec) -> bool:
    """Whether a patient can only have whole numbers of it."""
    return spec.kind == "count" or spec.reads.field in WHOLE_FIELDS


def known_range(bundle: ModelBundle, spec: FeatureSpec) -> tuple[float, float]:
    """The ends of a number's range: declared, else met in training patients, else infinite; never impossible ones."""
    met = np.zeros(0)
    if bundle.training is not None and (spec.low is None or spec.high is None):
        met = bundle.training.X[spec.columns[0]].to_numpy(dtype=np.float64)
        met = met[np.isfinite(met)]
    low = met.min(initial=math.inf) if spec.low is None else spec.low
    high = met.max(initial=-math.inf) if spec.high is None else spec.high
    least, most = _possible(spec)
    if max(low, least) <= min(high, most):
        low, high = max(low, least), min(high, most)
    return (float(low), float(high)) if low <= high else (-math.inf, math.inf)


def other_values(
    bundle: ModelBundle, spec: FeatureSpec, now: Value, way: Movement | None = None
) -> list[tuple[Value, float, float]]:
    """Other levels or answers (with NaN), or numbers, each with the interval (low, high] that it stands for.

    Empty for a number without intervals and without a known range.

    way : the only direction from what is recorded; from nothing recorded there is none
    """
    if spec.kind == "categorical":
        return [(level, math.nan, math.nan) for level in spec.levels if level != now]
    if _is_answer(spec):
        return [(answer, math.nan, math.nan) for answer in (1.0, 0.0) if answer != now]
    here = None if now is None else float(now)
    if not has_intervals(bundle):
        return _some_values(bundle, spec, here, way)
    low, high = _possible(spec)
    engine = exact_engine(bundle)
    assert engine is not None and engine.ensemble is not None
    cuts = engine.ensemble.thresholds(bundle.schema.columns_of(spec.name).start)
    found: list[tuple[Value, float, float]] = []
    for a, b in pairwise([-math.inf, *cuts.tolist(), math.inf]):
        if (here is not None and a < here <= b) or b < low or a >= high:
            continue
        if way is not None and (here is None or (a < here if way == "rise" else b >= here)):
            continue
        inside = max(a, np.nextafter(low, -math.inf)), min(b, high)
        if not np.isfinite(inside).any():  # the model asks only whether it is known: one value stands for all
            known = np.array(known_range(bundle, spec))
            inside = known[0] - 1.0, known.mean() if np.isfinite(known).all() else 0.0
        value = _roundest(*inside, here, whole=is_whole(spec))
        if value is not None:
            found.append((value, a, b))
    return found


def _some_values(
    bundle: ModelBundle, spec: FeatureSpec, here: float | None, way: Movement | None
) -> list[tuple[Value, float, float]]:
    """Values from one end of the range to the other, each with the numbers that are nearest to it."""
    low, high = known_range(bundle, spec)
    if not math.isfinite(low) or (way is not None and here is None):
        return []
    tried: NDArray[np.float64] = np.linspace(low, high, _STEPS + 1)
    tried = np.unique(np.round(tried) if is_whole(spec) else tried)
    between = (tried[1:] + tried[:-1]) / 2
    found: list[tuple[Value, float, float]] = []
    for value, (a, b) in zip(tried, pairwise([-math.inf, *between.tolist(), math.inf]), strict=True):
        at_end = value in (low, high) or is_whole(spec)
        shown = float(value) if at_end else _roundest(a, b, float(value), whole=False)
        if shown is None or shown == here:
            continue
        if way is not None and here is not None and (shown < here if way == "rise" else shown > here):
            continue
        found.append((shown, a, b))
    return found


def worst_values(bundle: ModelBundle, spec: FeatureSpec, now: Value) -> list[Value]:
    """Other levels or numbers such that no others could change more: all that the model tells apart, or both ends.

    Raises
    ------
    GoalError
        If that is not known, because the number has no known range or its term rises here and falls there.
    """
    if has_levels(spec) or has_intervals(bundle):
        return [value for value, _, _ in other_values(bundle, spec, now)]
    ends = known_range(bundle, spec)
    if not math.isfinite(ends[0]):
        raise GoalError(
            f"What {spec.label} could do at most is not known: the model declares no range for it and brings no training "
            "patients. A range in the model's features (low and high) would do."
        )
    if not rises_or_falls(bundle):
        raise GoalError(
            f"What {spec.label} could do at most is not known: a step of the model makes its effect rise here and fall "
            "there. This question can be asked of trees, and of sums whose terms only rise or only fall."
        )
    return [end for end in dict.fromkeys(ends) if end != now]


def _roundest(low: float, high: float, near: float | None, *, whole: bool) -> float | None:
    """The number with the fewest decimals in (low, high], the nearest to `near` among those.

    Examples
    --------
    >>> _roundest(3.4172, 3.6191, 4.0, whole=False), _roundest(3.41, 3.43, 1.0, whole=False)
    (3.6, 3.42)
    >>> _roundest(1.2, 1.9, 1.0, whole=True) is None
    True
    """
    if not math.isfinite(low) and not math.isfinite(high):
        return None
    if not math.isfinite(low):
        low = high - max(1.0, abs(high))
    if not math.isfinite(high):
        high = low + max(1.0, abs(low))
    for decimals in range(0, 1 if whole else 16):
        step = 10.0**-decimals
        first, last = math.floor(low / step) + 1, math.floor(high / step)
        inside = [round(n * step, decimals) for n in {first, last} if low < round(n * step, decimals) <= high]
        if inside:
            return min(inside, key=lambda v: abs(v - (near if near is not None else (low + high) / 2)))
    return None if whole else high
