"""The interval beside a number: the share who respond among treated patients whose number is like this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from oncology.uncertainty.calibration import CalibrationMap
from oncology.uncertainty.shares import wilson
from oncology.uncertainty.venn_abers import VennAbers

__all__ = ["FEWEST_IN_GROUP", "IntervalTables", "interval_ends"]

FloatArray = NDArray[np.float64]

# Groups of fewer patients with an option share the table of all who had it; the model abstains there anyway.
FEWEST_IN_GROUP = 20
_N_GRID = 121
# A window holds this many patients with the nearest margins, more where a group is large.
_WINDOW, _WINDOW_SHARE = 40, 8
_EDGE = 1e-3


@dataclass(frozen=True, eq=False)
class IntervalTables:
    """Ends of the 95 % interval of k options over the margin, for each group of patients and for all.

    Parameters
    ----------
    groups : tuple of str, (m,)
        Position 0 is "", all patients.
    start, step, slope : arrays (k,)
        Each option's grid of margins, and the slope of its calibration, along which the ends run on beyond the grid.
    intercept : array (k,)
    low_logit, high_logit : arrays (m, k, g)
        Both rise with the margin.
    own : array (m, k) of bool
        Whether the table is that of the group itself.
    """

    groups: tuple[str, ...]
    start: FloatArray
    step: FloatArray
    slope: FloatArray
    intercept: FloatArray
    low_logit: FloatArray
    high_logit: FloatArray
    own: NDArray[np.bool_]

    @classmethod
    def fit(
        cls,
        margins: ArrayLike,
        outcomes: ArrayLike,
        groups: Sequence[str] | NDArray[np.object_],
        maps: Sequence[CalibrationMap],
    ) -> IntervalTables:
        """Tables from out-of-fold margins (n, k) and outcomes (n, k), NaN where an option was not had.

        Parameters
        ----------
        groups : (n,), "" where not known
        maps : the k calibrations
        """
        margins, outcomes = np.asarray(margins, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
        labels = np.asarray(groups, dtype=object)
        names = ("", *sorted({str(g) for g in labels} - {""}))
        shape = (len(names), len(maps), _N_GRID)
        low, high, own = np.empty(shape), np.empty(shape), np.zeros(shape[:2], dtype=bool)
        grids = [np.linspace(m.grid[0], m.grid[-1], _N_GRID) for m in maps]
        for j, (line, grid) in enumerate(zip(maps, grids, strict=True)):
            known = ~np.isnan(outcomes[:, j]) & ~np.isnan(margins[:, j])
            margin, outcome, group = margins[known, j], outcomes[known, j], labels[known]
            abers = VennAbers.fit(margin, outcome) if len(margin) else None
            for g, name in enumerate(names):
                mine = np.ones(len(group), dtype=bool) if not name else group == name
                own[g, j] = int(mine.sum()) >= FEWEST_IN_GROUP
                if name and not own[g, j]:
                    low[g, j], high[g, j] = low[0, j], high[0, j]
                else:
                    low[g, j], high[g, j] = interval_ends(grid, line, abers, margin[mine], outcome[mine])
        own[0] = True
        return cls(
            names,
            np.array([grid[0] for grid in grids]),
            np.array([grid[1] - grid[0] for grid in grids]),
            np.array([m.slope for m in maps]),
            np.array([m.intercept for m in maps]),
            low, high, own,
        )  # fmt: skip

    @cached_property
    def _position(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self.groups)}

    def positions(self, groups: Sequence[str | None] | NDArray[np.object_]) -> NDArray[np.intp]:
        """Position of each group, (n,); 0, all patients, where a group has no table."""
        found = self._position
        return np.array([found.get(g or "", 0) for g in groups], dtype=np.intp)

    def interval(
        self, margin: ArrayLike, position: ArrayLike = 0, options: Sequence[int] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Low and high ends, each (n, k), of margins (n, k) of patients whose groups stand at `position` (n,)."""
        margin = np.asarray(margin, dtype=np.float64)
        column = np.arange(margin.shape[-1]) if options is None else np.asarray(options, dtype=np.intp)
        at = (margin - self.start[column]) / self.step[column]
        inside = np.clip(np.nan_to_num(at), 0.0, _N_GRID - 1.0)
        left = np.minimum(inside.astype(np.intp), _N_GRID - 2)
        share = inside - left
        group = np.asarray(position, dtype=np.intp)[..., None]
        beyond = (at - inside) * self.step[column] * self.slope[column]
        centre = self.slope[column] * margin + self.intercept[column]
        low, high = (
            table[group, column, left] * (1 - share) + table[group, column, left + 1] * share + beyond
            for table in (self.low_logit, self.high_logit)
        )
        return expit(np.minimum(low, centre)), expit(np.maximum(high, centre))


def interval_ends(
    grid: FloatArray, line: CalibrationMap, abers: VennAbers | None, margin: FloatArray, outcome: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Ends on the log-odds scale, each (g,): the hull of three intervals, made to rise with the margin.

    The three: the bootstrapped calibration of all who had the option; their Venn-Abers interval; and Wilson's
    interval of the share observed among the patients of the group with the nearest margins.
    """
    low, high = (logit(end) for end in line.interval(grid))
    if abers is not None:
        p0, p1 = abers.interval(grid)
        low, high = np.minimum(low, _logit(p0)), np.maximum(high, _logit(p1))
    if len(margin):
        centre, seen_low, seen_high = _windows(margin, outcome)
        # Beyond the outermost windows their ends run on along the calibration.
        beyond = line.slope * (grid - np.clip(grid, centre[0], centre[-1]))
        low = np.minimum(low, np.interp(grid, centre, _logit(seen_low)) + beyond)
        high = np.maximum(high, np.interp(grid, centre, _logit(seen_high)) + beyond)
    # A wider hull: the low end never above one further right, the high end never below one further left.
    return np.minimum.accumulate(low[::-1])[::-1], np.maximum.accumulate(high)


def _windows(margin: FloatArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean margin of each run of neighbours along the margin, with Wilson's interval of the share that responded."""
    order = np.argsort(margin, kind="stable")
    n = len(order)
    size = min(n, max(_WINDOW, n // _WINDOW_SHARE))
    sums = np.concatenate([[0.0], np.cumsum(margin[order])])
    hits = np.concatenate([[0.0], np.cumsum(outcome[order])])
    low, high = wilson(np.rint(hits[size:] - hits[:-size]), size)
    return (sums[size:] - sums[:-size]) / size, low, high


def _logit(p: FloatArray) -> FloatArray:
    found: FloatArray = logit(np.clip(p, _EDGE, 1 - _EDGE))
    return found
