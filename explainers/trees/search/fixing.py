"""From a patient and the changes that may be made to a forest over items: for trees, and for sums of single terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.search.rules import SearchError

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.search.forest import Forest
    from explainers.trees.search.rules import Goal

__all__ = ["Change", "Stopped", "additive_forest", "forest_of", "one_expression"]

# Trees times changes that are projected between two questions whether to stop: some tens of milliseconds.
MOST_LOOKS = 1_000_000

# A change sets features (by name or position) to values; changes of the same features exclude each other.
Change = dict[str | int, float]


class Stopped(Exception):
    """A projection was told to stop before it was done."""

    def __init__(self, n_done: int, n_trees: int) -> None:
        super().__init__(
            f"The projection was stopped after {n_done} of {n_trees} trees; ask again with more time."
        )
        self.n_done, self.n_trees = n_done, n_trees


def forest_of(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    changes: Sequence[Change],
    max_size: int,
    *,
    stop: Callable[[], bool] | None = None,
) -> tuple[Forest, NDArray[np.int64], NDArray[np.intp]]:
    """Project an ensemble on one patient and the changes that may be made.

    Time and memory grow with the trees times the changes, and with conditions plus changes; a number may have tens of
    thousands of intervals.

    Parameters
    ----------
    ensemble : TreeEnsemble
    row : array of shape (p,)
        The patient, NaN where unknown.
    changes : sequence of {feature: value}
    max_size : int
        Boxes that need more changes are left out.
    stop : function, optional
        Asked every few trees; where it returns True, the projection ends with `Stopped`.

    Returns
    -------
    Forest
    group : int array (n_items,)
        Of the forest's items.
    order : int array (n_items,)
        Position in `changes` of every item: items of one group are neighbours.

    Raises
    ------
    SearchError
        If changes overlap in part, or make unknown what the model has to know.
    Stopped
        If `stop` said so.
    """
    from explainers.trees.search.cells import said, sort_values
    from explainers.trees.search.forest import joined
    from explainers.trees.search.projection import project

    row = np.asarray(row, float).ravel()
    p = ensemble.n_features
    touched = [frozenset(map(ensemble.feature_index, change)) for change in changes]
    groups: dict[frozenset[int], int] = {}
    owner = np.full(p, -1, np.int64)
    for features in touched:
        number = groups.setdefault(features, len(groups))
        if not features or any(owner[f] not in (-1, number) for f in features):
            raise SearchError(
                "Changes have to touch the same features or different ones, not overlap in part: "
                + ", ".join(ensemble.feature_names[f] for f in sorted(features))
            )
        owner[list(features)] = number
    numbers = np.array([groups[features] for features in touched], np.int64)
    order = np.argsort(numbers, kind="stable")
    group_start = np.searchsorted(numbers[order], np.arange(len(groups) + 1)).astype(np.int64)
    columns = [
        [*sorted(f), *(p + c for c, coded in enumerate(ensemble.coded) if coded.feature in f)] for f in groups
    ]
    place = np.zeros(p + len(ensemble.coded), np.int64)
    for group in columns:
        place[group] = np.arange(len(group))
    values = np.zeros((len(changes), max(map(len, columns), default=1)))
    for position, a in enumerate(order):
        by_column = dict(zip(sorted(touched[a]), range(len(touched[a])), strict=True))
        for feature, value in changes[a].items():
            f = feature if isinstance(feature, int) else ensemble.feature_index(feature)
            values[position, by_column[f]] = value
    for c, coded in enumerate(ensemble.coded):
        if owner[coded.feature] >= 0:
            mine = numbers[order] == owner[coded.feature]
            values[mine, place[p + c]] = coded.encode(values[mine, place[coded.feature]])
    if not ensemble.takes_missing and np.isnan(values).any():
        raise SearchError(
            "A change makes a feature unknown, and this model has no direction for missing values."
        )
    ordered = sort_values(values, group_start)
    says = said(ensemble.rows(row[None])[0], place, ordered, ensemble.conditions, owner)
    forests: list[Forest] = []
    at_once = max(1, MOST_LOOKS // max(1, len(changes)))
    for tree in range(0, ensemble.n_trees, at_once):
        if stop is not None and stop():
            raise Stopped(tree, ensemble.n_trees)
        forests.append(
            project(
                ensemble.boxes, ensemble.nodes, forests[-1].base if forests else ensemble.base, says, ordered,
                ensemble.conditions, owner, group_start, max_size, tree, min(tree + at_once, ensemble.n_trees),
            )
        )  # fmt: skip
    forest = joined(forests)
    return forest, numbers[order], order


def one_expression(forest: Forest, goal: Goal, position: int) -> Forest:
    """The forest whose only output is one expression of a goal; trees that do not matter to it are left out."""
    from explainers.trees.search.restriction import restrict

    weights = np.ascontiguousarray(goal.weights[position])
    tree = np.repeat(np.arange(len(forest.output)), np.diff(forest.box_start))
    value = np.zeros((1, forest.value.shape[1]))
    for c in range(len(forest.value)):
        value[0] += weights[forest.output[tree] + c] * forest.value[c]
    base = np.array([float(weights @ forest.base + goal.offset[position])])
    n_items = int(forest.item.max(initial=-1)) + 1
    folded = forest._replace(base=base, output=np.zeros_like(forest.output), value=value)
    return restrict(folded, np.zeros(n_items, np.int8), n_items)[0]


def additive_forest(now: ArrayLike, effect: ArrayLike, group: ArrayLike) -> Forest:
    """The forest of a model that is a sum of terms, one for each group: a tree with one box for each item.

    Parameters
    ----------
    now : array of shape (k,)
        Outputs of the unchanged patient.
    effect : array of shape (n_items, k)
        What each item alone adds to them.
    group : int array of shape (n_items,), rising
        At most one item of a group is chosen.
    """
    from explainers.trees.search.forest import Forest

    now, effect = np.asarray(now, float), np.asarray(effect, float)
    group = np.asarray(group, np.int64)
    n, k = effect.shape
    size = np.bincount(group)
    trees = len(size)
    first = np.concatenate([[0], np.cumsum(size)])
    boxes = np.concatenate([[0], np.cumsum(size + 1)])  # the unchanged box of a tree, then one for each item
    is_item = np.ones(n + trees, bool)
    is_item[boxes[:-1]] = False
    value = np.zeros((k, n + trees))
    value[:, is_item] = effect.T
    allowed = np.cumsum(is_item)

    def ints(values: ArrayLike) -> NDArray[np.int32]:
        return np.asarray(values, np.int32)

    # Nodes: a root for each tree, then one for each of its boxes.
    tree = np.repeat(np.arange(trees), size + 1)
    end = np.arange(n + trees) + tree + 1
    literal, above = np.zeros(n + 2 * trees, np.uint32), np.arange(n + 2 * trees, dtype=np.uint32)
    literal[end], above[end] = np.arange(n + trees), boxes[:-1][tree] + tree
    return Forest(
        now.copy(), ints(np.zeros(trees)), ints(boxes), value, end.astype(np.uint32),
        ints(boxes + np.arange(trees + 1)), literal, above, ints(boxes), ints(tree), (~is_item).astype(np.uint8),
        ints(np.concatenate([[0], allowed])), ints(np.arange(n)), ints(np.arange(trees + 1)), ints(np.arange(trees)),
        ints(first), ints(np.arange(n + 1)), ints(np.arange(n)),
        ints(np.zeros(len(above) + 1)), np.empty(0, np.uint32), ints(np.empty((0, 2))), ints([]), ints(np.empty((0, 2))),
    )  # fmt: skip
