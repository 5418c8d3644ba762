"""The smallest sets of changes that reach a goal, with a proof that nothing smaller does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.search.rules import TOLERANCE, Goal, Rules, SearchError

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.search.forest import Forest

__all__ = ["Change", "SearchResult", "forest_of", "smallest_sets", "warm"]

# A change sets features (by name or position) to values; changes of the same features exclude each other.
Change = dict[str | int, float]
Status = Literal["already so", "proven", "best found", "none", "open"]

NODE_LIMIT = 20_000
TIME_LIMIT_S = 10.0
MOST_SETS = 200


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, and how far its proof got.

    Attributes
    ----------
    status : {"already so", "proven", "best found", "none", "open"}
        * "already so": the goal is reached without any change.
        * "proven": `sets` are of the smallest size that exists.
        * "best found": `sets` reach the goal, but a limit ended the search for smaller ones.
        * "none": proven that no set of at most `max_size` changes reaches the goal.
        * "open": none found and a limit ended the search.
    sets : tuple of tuples of item positions
        Sets of `size` items that reach the goal, in the order found; all of them where `all_listed`.
    size : int or None
        Of the sets found.
    ruled_out : int
        Proven that no set of this many changes or fewer reaches the goal (-1 where it is already so).
    max_size : int
    all_listed : bool
    nodes : int
        Nodes of the search tree that were opened.
    seconds : float
    ended_by : str or None
        "node limit", "time limit" or "stopped" where one of them ended the search.
    """

    status: Status
    sets: tuple[tuple[int, ...], ...]
    size: int | None
    ruled_out: int
    max_size: int
    all_listed: bool
    nodes: int
    seconds: float
    ended_by: str | None = None

    def words(self) -> str:
        """The answer in one sentence.

        Examples
        --------
        >>> SearchResult("best found", ((1, 4, 5),), 3, 1, 6, False, 9, 1.0, "time limit").words()
        'None within 1 change (proven); best found 3 changes (time limit).'
        """
        if self.status == "already so":
            return "It is already so."
        if self.status == "proven":
            return f"{_changes(self.size or 0)}; nothing smaller does it (proven)."
        if self.status == "none":
            return f"None within {_changes(self.max_size)} (proven)."
        found = "none found" if self.size is None else f"best found {_changes(self.size)}"
        known = f"None within {_changes(self.ruled_out)} (proven); " if self.ruled_out > 0 else ""
        return f"{known}{found} ({self.ended_by})."[0].upper() + f"{known}{found} ({self.ended_by})."[1:]


def _changes(n: int) -> str:
    return f"{n} change" if n == 1 else f"{n} changes"


def forest_of(
    ensemble: TreeEnsemble, row: ArrayLike, changes: Sequence[Change], max_size: int
) -> tuple[Forest, NDArray[np.int64], NDArray[np.intp]]:
    """Project an ensemble on one patient and the changes that may be made.

    Returns
    -------
    Forest
    group : int array (n_items,)
        Of the forest's items.
    order : int array (n_items,)
        Position in `changes` of every item: items of one group are neighbours.
    """
    from explainers.trees.search.projection import condition_masks, project

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
    widest = int(np.diff(group_start).max(initial=1))
    unchanged, mask, verdict = condition_masks(
        ensemble.rows(row[None])[0],
        place,
        values,
        ensemble.conditions,
        owner,
        group_start,
        (widest + 63) // 64,
    )
    forest = project(
        ensemble.boxes, ensemble.n_trees, ensemble.base, ensemble.nodes.output, unchanged, mask, verdict, owner,
        group_start, max_size,
    )  # fmt: skip
    return forest, numbers[order], order


def smallest_sets(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    changes: Sequence[Change],
    goal: Goal,
    *,
    max_size: int = 6,
    apart: Sequence[tuple[int, int]] = (),
    needs: Sequence[tuple[int, Sequence[int]]] = (),
    list_all: bool = True,
    most_sets: int = MOST_SETS,
    node_limit: int = NODE_LIMIT,
    time_limit_s: float = TIME_LIMIT_S,
    stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The smallest sets of changes after which the model's outputs reach a goal.

    A beam search gives a first set of u changes; then the question "is there a set of at most u - 1?" is asked by
    branch and bound until the answer is a proven no; finally all sets of the smallest size are collected. If a
    limit ends that, the smaller questions are asked from below with what is left, so that the answer can say
    "none within so many (proven)". The proof rests on `explainers.trees.search.bound`.

    Parameters
    ----------
    ensemble : TreeEnsemble
    row : array of shape (p,)
        The patient, NaN where unknown.
    changes : sequence of {feature: value}
        What may be changed. Changes of the same features exclude each other; others may be combined at will.
    goal : Goal
        Over the outputs of `ensemble.predict`.
    max_size : int
        Largest number of changes asked for.
    apart, needs : see `Rules`, in positions of `changes`
    list_all : bool
        Whether to collect all sets of the smallest size, at most `most_sets`.
    node_limit, time_limit_s, stop
        What ends a search early; `stop` is a function without arguments that returns True.

    Returns
    -------
    SearchResult
        Its items are positions in `changes`.

    Examples
    --------
    >>> from explainers.trees.ensemble import build
    >>> from explainers.trees.forms import Tree
    >>> def stump(feature, value):
    ...     return Tree(np.array([feature, -1, -1]), np.array([0.5, 0, 0]), np.zeros(3, bool), np.array([1, -1, -1]),
    ...                 np.array([2, -1, -1]), np.array([2.0, 1.0, 1.0]), np.array([[0.0], [0.0], [value]]))
    >>> model = build([stump(0, 1.0), stump(1, 2.0), stump(2, 4.0)], ["A", "B", "C"], ["responds"], "log-odds", [0.0])
    >>> result = smallest_sets(model, [0, 0, 0], [{"A": 1}, {"B": 1}, {"C": 1}], Goal.over(0, 1, 4.5))
    >>> result.status, result.sets
    ('proven', ((0, 2), (1, 2)))
    """
    warm()
    from explainers.trees.search.beam import first_found
    from explainers.trees.search.branching import Budget, ask

    started = time.perf_counter()
    row = np.asarray(row, float).ravel()
    if goal.weights.shape[1] != ensemble.n_outputs:
        raise SearchError(
            f"The goal is about {goal.weights.shape[1]} outputs; the model has {ensemble.n_outputs}."
        )
    if max_size < 0:
        raise SearchError(f"At most {max_size} changes were asked for; 0 is the least.")

    def result(
        status: Status, sets: Sequence[tuple[int, ...]] = (), ruled_out: int = -1, complete: bool = False
    ):
        given = tuple(sorted(tuple(sorted(int(order[i]) for i in s)) for s in sets))
        return SearchResult(
            status, given, len(given[0]) if given else (0 if status == "already so" else None), ruled_out, max_size,
            complete, budget.opened, time.perf_counter() - started, budget.ended_by,
        )  # fmt: skip

    budget = Budget(node_limit, started + time_limit_s, stop)
    order = np.zeros(0, np.intp)
    if float(goal.score(ensemble.predict(row[None])[0])) > TOLERANCE:
        return result("already so", [()], complete=True)
    if max_size == 0 or not changes:
        return result("none", ruled_out=max_size, complete=True)
    forest, group, order = forest_of(ensemble, row, changes, max_size)
    most = min(max_size, int(group.max()) + 1)
    position = np.argsort(order)
    rules = Rules(
        group,
        [(int(position[a]), int(position[b])) for a, b in apart],
        [(int(position[i]), [int(position[j]) for j in others]) for i, others in needs],
    )
    best = first_found(forest, goal, rules, most)
    ruled_out = 0 if best is not None and len(best) == 1 else 1
    while ruled_out < (size := most if best is None else len(best) - 1):
        answer = ask(forest, goal, rules, size, budget)
        if answer.sets:
            best = min(answer.sets, key=len)
        elif answer.settled:
            ruled_out = size
        else:
            ruled_out = max(ruled_out, answer.ruled_out)
            break
    limit = most if best is None else len(best) - 1
    if ruled_out < limit:
        return result("open" if best is None else "best found", [best] if best else [], ruled_out)
    if best is None:
        return result("none", ruled_out=max_size, complete=True)
    if not list_all:
        return result("proven", [best], ruled_out)
    answer = ask(forest, goal, rules, len(best), budget, most_sets=most_sets)
    sets = answer.sets if best in answer.sets else [best, *answer.sets]
    return result("proven", sets[:most_sets], ruled_out, complete=answer.settled)


@cache
def warm() -> None:
    """Load the compiled kernels (and compile them on the very first use on a machine), outside any time limit."""
    from explainers.trees.ensemble import build
    from explainers.trees.forms import Tree
    from explainers.trees.search.beam import first_found
    from explainers.trees.search.branching import Budget, ask

    at_leaf = np.array([[0.0], [0.0], [1.0]])
    children = np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([2.0, 1.0, 1.0])
    trees = [
        Tree(np.array([f, -1, -1]), np.array([0.5, 0, 0]), np.zeros(3, bool), *children, at_leaf)
        for f in range(5)
    ]
    ensemble = build(trees, list("abcde"), ["output"], "value", [0.0])
    forest, group, _ = forest_of(ensemble, np.zeros(5), [{f: 1.0} for f in range(5)], 4)
    for level in (2.5, 3.5, 4.5):  # from pairs alone to a bound that proves that nothing is left
        goal = Goal.over(0, 1, level)
        first_found(forest, goal, Rules(group), 3)
        ask(forest, goal, Rules(group), 3, Budget(10, math.inf))
