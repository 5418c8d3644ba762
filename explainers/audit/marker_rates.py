"""How many responded with and without a marker: counts and shares, under an option and under the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.resampling import ROUNDS, percentiles, resample
from oncology.counts import shown
from oncology.uncertainty.shares import wilson

if TYPE_CHECKING:
    from explainers.audit.marker_design import MarkerDesign

__all__ = ["CellRate", "MarkerRates", "RatePair", "may_be_shown", "pair_of", "rates_of"]

Flags = NDArray[np.bool_]
FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class CellRate:
    """Of n outcomes in one cell, how many were a response; with a 95 % interval of the share."""

    n: int
    hits: int
    low: float
    high: float

    @property
    def rate(self) -> float:
        """Share that responded; NaN of nobody."""
        return self.hits / self.n if self.n else math.nan

    def words(self) -> str:
        """Of 100, with the counts and the interval.

        Examples
        --------
        >>> CellRate(40, 12, 0.181, 0.454).words()
        '30 of 100 (12 of 40; 18 to 45)'
        """
        if not self.n:
            return "nobody"
        return f"{100 * self.rate:.0f} of 100 ({self.hits:,} of {self.n:,}; {100 * self.low:.0f} to {100 * self.high:.0f})"


@dataclass(frozen=True, slots=True)
class RatePair:
    """The cells with and without the marker, and the first minus the second.

    Parameters
    ----------
    altered, not_altered : CellRate or None
        None where a count of 1 to 4 patients would be given away; then both are, since one tells the other.
    difference, low, high : float
        Share with the marker minus share without, 95 % interval; NaN where a cell is withheld or empty.
    """

    altered: CellRate | None
    not_altered: CellRate | None
    difference: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether both cells hold patients whose counts may be shown."""
        return math.isfinite(self.difference)

    def words(self, responded: str) -> str:
        """Both shares and their difference in points; why there are none."""
        if self.altered is None or self.not_altered is None:
            return "counts withheld, too few to show"
        if not self.is_known:
            return "nobody with the marker, or nobody without"
        return (
            f"{self.altered.words()} {responded} with the marker, {self.not_altered.words()} without: "
            f"{points(self.difference, self.low, self.high)}"
        )


@dataclass(frozen=True, slots=True)
class MarkerRates:
    """Four cells, marker by option, counted and not adjusted for anything.

    Parameters
    ----------
    treated, others : RatePair
        Those who had the option, and those who had one of the others that show no interaction and whose own counts
        may be shown.
    difference, low, high : float
        The difference among the treated minus that among the others, 95 % interval.
    """

    treated: RatePair
    others: RatePair
    difference: float
    low: float
    high: float

    def words(self, responded: str) -> str:
        """The four cells and their differences."""
        said = f"Counted, without adjustment: under it {self.treated.words(responded)}"
        if self.others.is_known:
            o = self.others
            said += f"; under the other options {points(o.difference, o.low, o.high)} with the marker."
        else:
            said += f"; under the other options {self.others.words(responded)}."
        if math.isfinite(self.difference):
            said += f" The two differ by {points(self.difference, self.low, self.high)}."
        return said

    def row(self) -> dict[str, str]:
        """Cells of a table."""
        return {
            "with marker": _cell(self.treated.altered),
            "without": _cell(self.treated.not_altered),
            "points": _points(self.treated.difference, self.treated.low, self.treated.high),
            "others: with": _cell(self.others.altered),
            "others: without": _cell(self.others.not_altered),
            "others: points": _points(self.others.difference, self.others.low, self.others.high),
            "the two apart": _points(self.difference, self.low, self.high),
        }


def points(difference: float, low: float, high: float) -> str:
    """A difference of shares in points of 100, with its interval.

    Examples
    --------
    >>> points(-0.123, -0.2, -0.05)
    '−12 points (−20 to −5)'
    """
    return f"{_signed(difference)} points ({_signed(low)} to {_signed(high)})"


def _signed(share: float) -> str:
    return f"{100 * share:+z.0f}".replace("-", "−") if round(100 * share) else "0"


def _cell(cell: CellRate | None) -> str:
    return WITHHELD if cell is None else cell.words()


def _points(difference: float, low: float, high: float) -> str:
    return "" if math.isnan(difference) else points(difference, low, high).replace(" points", "")


def may_be_shown(design: MarkerDesign, rows: Flags) -> bool:
    """Whether neither the responders nor the others, with or without the marker, are 1 to 4 in these rows."""
    return all(shown(hits, of=n) is not None and shown(n) is not None for hits, n in _counts(design, rows))


def _counts(design: MarkerDesign, rows: Flags) -> list[tuple[int, int]]:
    with_it, hit = rows & (design.altered == 1), design.y == 1
    without = rows & (design.altered == 0)
    return [(int((c & hit).sum()), int(c.sum())) for c in (with_it, without)]


def pair_of(design: MarkerDesign, rows: Flags) -> RatePair:
    """The cells with and without the marker of some rows of the design.

    Notes
    -----
    Wilson's interval of a share and Newcombe's of a difference; where a patient stands in several rows, percentiles of
    redraws of the patients.

    References
    ----------
    .. [1] Newcombe (1998), Statistics in Medicine 17(8), method 10.
    """
    if not may_be_shown(design, rows):
        return RatePair(None, None, math.nan, math.nan, math.nan)
    counts = _counts(design, rows)
    cells = [CellRate(n, hits, *(float(e) for e in wilson(hits, n))) for hits, n in counts]
    if not all(c.n for c in cells):
        return RatePair(cells[0], cells[1], math.nan, math.nan, math.nan)
    difference = cells[0].rate - cells[1].rate
    if _repeats(design, rows):
        shares = _redrawn(design, [rows])
        low, high = percentiles(np.column_stack([shares, shares[:, 0] - shares[:, 1]]))
        cells = [
            CellRate(c.n, c.hits, float(low[i]), float(high[i])) if 0 < c.hits < c.n else c
            for i, c in enumerate(cells)
        ]
        return RatePair(cells[0], cells[1], difference, float(low[2]), float(high[2]))
    a, b = cells
    low_end, high_end = _together((a.rate, a.low, a.high), (b.rate, b.low, b.high))
    return RatePair(a, b, difference, low_end, high_end)


def rates_of(design: MarkerDesign, treated: Flags, others: Flags) -> MarkerRates:
    """The four cells of two sets of rows that share none; patients may stand in both."""
    pairs = pair_of(design, treated), pair_of(design, others)
    if not all(p.is_known for p in pairs):
        return MarkerRates(*pairs, math.nan, math.nan, math.nan)
    difference = pairs[0].difference - pairs[1].difference
    if _repeats(design, treated | others):
        shares = _redrawn(design, [treated, others])
        apart = (shares[:, 0] - shares[:, 1]) - (shares[:, 2] - shares[:, 3])
        (low,), (high,) = percentiles(apart[:, None])
        return MarkerRates(*pairs, difference, float(low), float(high))
    ends = _together(*((p.difference, p.low, p.high) for p in pairs))
    return MarkerRates(*pairs, difference, *ends)


def _together(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float]:
    """Ends of the first minus the second from the ends of either, squared and added."""
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    return a - b - math.hypot(a - a_low, b_high - b), a - b + math.hypot(a_high - a, b - b_low)


def _repeats(design: MarkerDesign, rows: Flags) -> bool:
    patients = design.patient[rows]
    return len(np.unique(patients)) < len(patients)


def _redrawn(design: MarkerDesign, parts: Sequence[Flags]) -> FloatMatrix:
    """Share with and without the marker in each part, over redraws of the patients with all their rows, (rounds, 2 parts)."""
    n = int(design.patient.max()) + 1
    sums = []
    for rows in parts:
        for state in (1, 0):
            cell = rows & (design.altered == state)
            sums.append(np.bincount(design.patient[cell], weights=design.y[cell], minlength=n))
            sums.append(np.bincount(design.patient[cell], minlength=n).astype(np.float64))
    columns = np.column_stack(sums)

    def shares(counts: FloatMatrix) -> FloatMatrix:
        drawn = counts @ columns
        hits, of = drawn[:, 0::2], drawn[:, 1::2]
        return np.divide(hits, of, out=np.full(hits.shape, np.nan), where=of > 0)

    (found,) = resample(n, [shares], rounds=ROUNDS)
    return found
