"""Joint distributions of alterations with published frequencies and odds ratios.

A tumour type's correlated alterations are levels of a few variables (exclusive drivers share one variable).
Iterative proportional fitting finds the joint distribution of largest entropy that has exactly the given
frequencies and the given odds ratios; nothing is assumed beyond them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Event", "JointTable", "both_altered", "fit"]

# A variable and the levels of it that count as "yes".
Event = tuple[str, tuple[str, ...]]


def both_altered(p_first: float, p_second: float, odds_ratio: float) -> float:
    """Probability that two alterations meet, from their frequencies and odds ratio (Plackett 1965).

    Examples
    --------
    >>> round(both_altered(0.3, 0.5, 1.0), 6)
    0.15
    >>> p = both_altered(0.29, 0.14, 3.0)
    >>> round(p * (1 - 0.29 - 0.14 + p) / ((0.29 - p) * (0.14 - p)), 6)
    3.0
    """
    if abs(odds_ratio - 1) < 1e-9:
        return p_first * p_second
    s = 1 + (p_first + p_second) * (odds_ratio - 1)
    root = math.sqrt(s * s - 4 * odds_ratio * (odds_ratio - 1) * p_first * p_second)
    return (s - root) / (2 * (odds_ratio - 1))


@dataclass(frozen=True, eq=False)
class JointTable:
    """A joint distribution over the levels of some variables.

    variables : name of each variable; levels : their levels; cells : (c, v) level indices;
    probability : (c,), sums to 1.
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    cells: NDArray[np.intp]
    probability: NDArray[np.float64]

    def holds(self, event: Event) -> NDArray[np.bool_]:
        """Cells in which an event is true, (c,)."""
        name, yes = event
        at = self.variables.index(name)
        return np.isin(self.cells[:, at], [self.levels[at].index(level) for level in yes])

    def share(self, event: Event) -> float:
        """Probability of an event."""
        return float(self.probability[self.holds(event)].sum())

    def given(self, event: Event) -> JointTable:
        """The table of the patients in whom an event is true."""
        kept = np.where(self.holds(event), self.probability, 0.0)
        return JointTable(self.variables, self.levels, self.cells, kept / kept.sum())

    def draw(self, u: NDArray[np.float64]) -> dict[str, NDArray[np.str_]]:
        """Levels of every variable for uniform numbers u (n,), by inverting the cumulative table."""
        upper = np.cumsum(self.probability)
        at = np.minimum(np.searchsorted(upper, u * upper[-1], side="right"), len(upper) - 1)
        return {name: np.asarray(self.levels[v])[self.cells[at, v]] for v, name in enumerate(self.variables)}


def fit(
    margins: Mapping[str, Mapping[str, float]],
    pairs: Sequence[tuple[Event, Event, float]] = (),
    *,
    tolerance: float = 1e-9,
    max_rounds: int = 5000,
) -> JointTable:
    """The joint distribution of largest entropy with given level frequencies and odds ratios.

    Parameters
    ----------
    margins : variable -> level -> probability
        Probabilities of each variable's levels; they sum to 1.
    pairs : sequence of (event, event, odds ratio)
        Marginal odds ratio between two events of different variables.

    Raises
    ------
    ValueError
        If the frequencies and odds ratios contradict one another (no convergence).
    """
    variables = tuple(margins)
    levels = tuple(tuple(margins[name]) for name in variables)
    cells = np.array(list(product(*(range(len(found)) for found in levels))), dtype=np.intp)
    table = JointTable(variables, levels, cells, np.full(len(cells), 1 / len(cells)))
    constraints: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
    for v, name in enumerate(variables):
        target = np.array(list(margins[name].values()))
        if abs(target.sum() - 1) > 1e-9:
            raise ValueError(f"Frequencies of {name} sum to {target.sum():.4f}; expected 1.")
        constraints.append((cells[:, v], target))
    for first, second, odds_ratio in pairs:
        p1, p2 = (sum(margins[name][level] for level in yes) for name, yes in (first, second))
        both = both_altered(p1, p2, odds_ratio)
        group = 2 * table.holds(first).astype(np.intp) + table.holds(second)
        constraints.append((group, np.array([1 - p1 - p2 + both, p2 - both, p1 - both, both])))
    p = table.probability
    for _ in range(max_rounds):
        worst = 0.0
        for group, target in constraints:
            found = np.bincount(group, p, minlength=len(target))
            worst = max(worst, float(np.abs(found - target).max()))
            p = p * np.divide(target, found, out=np.zeros_like(target), where=found > 0)[group]
        if worst < tolerance:
            return JointTable(variables, levels, cells, p / p.sum())
    raise ValueError(f"No joint distribution has these frequencies and odds ratios (off by {worst:.2g}).")
