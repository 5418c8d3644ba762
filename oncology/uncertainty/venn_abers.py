"""Venn-Abers prediction: two probabilities for one margin, which calibrated ones lie between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.uncertainty.calibration import CalibrationError

__all__ = ["VennAbers"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VennAbers:
    """The two isotonic answers at every margin there may be, as a table.

    A new patient is put among the calibration patients once as a non-responder and once as a responder; isotonic
    regression of each gives p0 and p1 at the new patient's margin. One of them was made with the true outcome.

    Parameters
    ----------
    margins : array (u,)
        Distinct margins of the calibration patients, ascending.
    p0, p1 : arrays (2 u + 1,)
        Position 2 i + 1 is margin i itself, position 2 i the gap below it. Both rise, and p0 <= p1.
    n : int
        Calibration patients.

    References
    ----------
    .. [1] Vovk & Petej (2014), Venn-Abers predictors, UAI.

    Examples
    --------
    >>> found = VennAbers.fit([0.0, 1.0, 2.0], [0, 0, 1])
    >>> [round(float(p), 3) for p in found.interval(1.5)]
    [0.0, 1.0]
    """

    margins: FloatArray
    p0: FloatArray
    p1: FloatArray
    n: int

    def __post_init__(self) -> None:
        for name in ("margins", "p0", "p1"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @classmethod
    def fit(cls, margin: ArrayLike, outcome: ArrayLike) -> VennAbers:
        """The table of calibration margins (n,) with outcomes (n,) of 0 and 1.

        Raises
        ------
        CalibrationError
            If there is no patient, lengths differ, or a value is not finite.
        """
        margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
        if margin.ndim != 1 or margin.shape != outcome.shape or not len(margin):
            raise CalibrationError(
                f"Found {margin.shape} margins for {outcome.shape} outcomes; expected one each."
            )
        if not np.isfinite(margin).all() or not np.isin(outcome, (0.0, 1.0)).all():
            raise CalibrationError("Margins must be finite and outcomes 0 or 1.")
        distinct, group = np.unique(margin, return_inverse=True)
        patients = np.concatenate([[0.0], np.cumsum(np.bincount(group))])
        responders = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=outcome))])
        p0 = _inserted(patients.tolist(), responders.tolist(), 0.0)
        p1 = _inserted(patients.tolist(), responders.tolist(), 1.0)
        return cls(distinct, p0, p1, len(margin))

    def interval(self, margin: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """p0 and p1 at margins of any shape."""
        margin = np.asarray(margin, dtype=np.float64)
        below = np.searchsorted(self.margins, margin, side="left")
        upto = np.searchsorted(self.margins, margin, side="right")
        position = below + upto  # 2 i in the gap below margin i, 2 i + 1 at it
        unknown = np.isnan(margin)
        return np.where(unknown, np.nan, self.p0[position]), np.where(unknown, np.nan, self.p1[position])

    def probability(self, margin: ArrayLike) -> FloatArray:
        """One probability between the two: p1 / (1 - p0 + p1), the one of least regret in logarithmic loss."""
        p0, p1 = self.interval(margin)
        merged: FloatArray = p1 / (1 - p0 + p1)
        return merged


def _inserted(x: list[float], y: list[float], outcome: float) -> FloatArray:
    """Isotonic regression at an inserted patient, for each place it may be inserted at.

    `x` and `y` count patients and responders up to each distinct margin: the points of the cumulative sum diagram.
    The value of isotonic regression is the slope of its greatest convex minorant. With one more patient, all points
    to the right move by (1, outcome), and the slope at the new patient is that of the bridge between the hull of
    the points on its left and that of the points on its right.
    """
    last = len(x) - 1
    left, right = _hull_to_the_left(x, y), _hull_to_the_right(x, y)
    found = np.empty(2 * last + 1)
    for position in range(2 * last + 1):
        a, b = position // 2, (position + 1) // 2
        slope = (y[b] + outcome - y[a]) / (x[b] + 1 - x[a])
        moved = True
        while moved:
            moved = False
            while b < last:
                c = right[b]
                lower = (y[c] + outcome - y[a]) / (x[c] + 1 - x[a])
                if lower > slope:
                    break
                b, slope, moved = c, lower, True
            while a > 0:
                c = left[a]
                higher = (y[b] + outcome - y[c]) / (x[b] + 1 - x[c])
                if higher < slope:
                    break
                a, slope, moved = c, higher, True
        found[position] = slope
    return found


def _hull_to_the_right(x: list[float], y: list[float]) -> list[int]:
    """For each point, the next corner of the lower hull of the points from it on."""
    last = len(x) - 1
    following = [last] * (last + 1)
    for i in range(last - 1, -1, -1):
        j = i + 1
        while j < last:
            k = following[j]
            if (y[j] - y[i]) * (x[k] - x[i]) < (y[k] - y[i]) * (x[j] - x[i]):
                break
            j = k
        following[i] = j
    return following


def _hull_to_the_left(x: list[float], y: list[float]) -> list[int]:
    """For each point, the corner before it of the lower hull of the points up to it."""
    before = [0] * len(x)
    for i in range(1, len(x)):
        j = i - 1
        while j > 0:
            k = before[j]
            if (y[i] - y[j]) * (x[j] - x[k]) > (y[j] - y[k]) * (x[i] - x[j]):
                break
            j = k
        before[i] = j
    return before
