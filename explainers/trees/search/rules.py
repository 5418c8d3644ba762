"""What a search is asked for: a goal in terms of the model's outputs, and rules about which changes go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.errors import TreeEngineError
from explainers.trees.search.forest import CHOSEN, EXCLUDED, FREE, Forest

__all__ = ["TOLERANCE", "Goal", "Rules", "SearchError"]

Floats = NDArray[np.float64]

# A score up to this is a tie, not a win: outputs are sums of hundreds of rounded numbers, some units large
# (`Goal.in_units` brings others there).
TOLERANCE = 1e-9
UNITS = 1.0, 1e3


class SearchError(TreeEngineError, ValueError):
    """A question that the search cannot be asked."""


@dataclass(frozen=True, eq=False, slots=True)
class Goal:
    """Linear expressions of the outputs that all have to be positive: ``weights @ outputs + offset > 0``.

    Attributes
    ----------
    weights : array of shape (J, k)
    offset : array of shape (J,)
    """

    weights: Floats
    offset: Floats

    @classmethod
    def first(
        cls,
        target: int,
        n_outputs: int,
        *,
        slope: ArrayLike = 1.0,
        intercept: ArrayLike = 0.0,
        rivals: Iterable[int] | None = None,
    ) -> Goal:
        """Output `target` highest among its rivals after ``slope * output + intercept``.

        Calibration maps that are affine in the margin on the log-odds scale are compared this way.

        Examples
        --------
        >>> Goal.first(0, 3).score(np.array([2.0, 1.5, 0.0])).tolist()
        0.5
        """
        scale = np.broadcast_to(np.asarray(slope, float), (n_outputs,))
        shift = np.broadcast_to(np.asarray(intercept, float), (n_outputs,))
        others = [c for c in (range(n_outputs) if rivals is None else rivals) if c != target]
        if not others:
            raise SearchError("There is no other option to compare with; ask for a threshold instead.")
        weights = np.zeros((len(others), n_outputs))
        weights[:, target] = scale[target]
        weights[range(len(others)), others] = -scale[others]
        return cls(weights, shift[target] - shift[others])

    @classmethod
    def over(cls, target: int, n_outputs: int, level: float) -> Goal:
        """Output `target` above a level."""
        weights = np.zeros((1, n_outputs))
        weights[0, target] = 1.0
        return cls(weights, np.array([-float(level)]))

    @classmethod
    def under(cls, target: int, n_outputs: int, level: float) -> Goal:
        """Output `target` below a level."""
        over = cls.over(target, n_outputs, level)
        return cls(-over.weights, -over.offset)

    def in_units(self, forest: Forest) -> Goal:
        """The same goal in a unit in which rounding stays far below `TOLERANCE` and what counts far above it.

        Probabilities and log-odds are left as they are; values in millions or millionths are not.
        """
        largest = np.abs(forest.base)
        full = np.diff(forest.box_start) > 0
        if full.any():
            at_most = np.maximum.reduceat(np.abs(forest.value), forest.box_start[:-1][full], axis=1)
            for c, of_tree in enumerate(at_most):
                np.add.at(largest, forest.output[full] + c, of_tree)
        size = float((np.abs(self.weights) @ largest + np.abs(self.offset)).max())
        if UNITS[0] <= size <= UNITS[1] or not 0.0 < size < np.inf:
            return self
        return Goal(self.weights / size, self.offset / size)

    def score(self, outputs: Floats) -> Floats:
        """The smallest expression, for outputs of shape (..., k); the goal is reached where it is over `TOLERANCE`."""
        return (outputs @ self.weights.T + self.offset).min(axis=-1)


@dataclass(frozen=True, eq=False)
class Rules:
    """Which items may be chosen together, beyond one of each group.

    Attributes
    ----------
    group : int array of shape (n_items,)
        At most one item of a group is chosen.
    apart : sequence of pairs of items
        Never both.
    needs : sequence of (item, collection of items)
        The item only together with one of the others, for example a second driver only where the first one goes.
    together : function from a tuple of items to bool, optional
        Whether a set may be made at all. Has to be monotone: true for every part of a set for which it is true, such
        as "at least s training patients have all of it". Costs no proof, only time: the bound ignores it.
    """

    group: NDArray[np.int64]
    apart: Sequence[tuple[int, int]] = ()
    needs: Sequence[tuple[int, Iterable[int]]] = ()
    together: Callable[[tuple[int, ...]], bool] | None = None
    _apart: dict[int, list[int]] = field(init=False, repr=False)
    _needs: list[tuple[int, list[int]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        apart: dict[int, list[int]] = {}
        for a, b in self.apart:
            apart.setdefault(int(a), []).append(int(b))
            apart.setdefault(int(b), []).append(int(a))
        object.__setattr__(self, "_apart", apart)
        object.__setattr__(self, "_needs", [(int(i), [int(j) for j in others]) for i, others in self.needs])

    def start(self) -> NDArray[np.int8]:
        """Nothing chosen: every item free, except those whose needs no item can meet."""
        status = np.zeros(len(self.group), np.int8)
        if self.together is not None:
            for item in range(len(status)):
                if not self.together((item,)):
                    status[item] = EXCLUDED
        self.settle(status)
        return status

    @property
    def plain(self) -> bool:
        """Whether one of a group is the only rule."""
        return not self._apart and not self._needs and self.together is None

    def choose(self, status: NDArray[np.int8], item: int) -> bool:
        """Choose an item in place and exclude what it rules out; False where that cannot be."""
        mates = (self.group == self.group[item]) & (status == FREE)
        status[mates] = EXCLUDED
        status[item] = CHOSEN
        for other in self._apart.get(item, ()):
            if status[other] == CHOSEN:
                return False
            status[other] = EXCLUDED
        if self.together is not None and not self.together(tuple(np.flatnonzero(status == CHOSEN).tolist())):
            return False
        return self.settle(status)

    def settle(self, status: NDArray[np.int8]) -> bool:
        """Exclude items whose needs can no longer be met; False where one of them is chosen already."""
        changed = True
        while changed:
            changed = False
            for item, others in self._needs:
                if status[item] != EXCLUDED and all(status[j] == EXCLUDED for j in others):
                    if status[item] == CHOSEN:
                        return False
                    status[item] = EXCLUDED
                    changed = True
        return True

    def admit(self, items: Iterable[int]) -> bool:
        """Whether a whole set keeps every rule."""
        chosen = set(items)
        groups = [int(self.group[i]) for i in chosen]
        return (
            len(set(groups)) == len(groups)
            and not any(j in chosen for i in chosen for j in self._apart.get(i, ()))
            and all(i not in chosen or any(j in chosen for j in others) for i, others in self._needs)
            and (self.together is None or self.together(tuple(sorted(chosen))))
        )
