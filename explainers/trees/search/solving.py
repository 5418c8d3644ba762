"""The smallest sets of changes that reach a goal, with a proof that nothing smaller does."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.search.fixing import Change, forest_of
from explainers.trees.search.rules import TOLERANCE, Goal, Rules, SearchError

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.search.branching import Node
    from explainers.trees.search.forest import Forest

__all__ = ["SearchResult", "smallest_sets", "solve", "warm"]

Status = Literal["already so", "proven", "best found", "none", "open"]

NODE_LIMIT = 20_000
TIME_LIMIT_S = 10.0
MOST_SETS = 200
FIRST_SHARE = (
    0.7  # of the limits for the largest question; the rest is for smaller ones, should it not be enough
)


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
    row = np.asarray(row, float).ravel()
    if goal.weights.shape[1] != ensemble.n_outputs:
        raise SearchError(
            f"The goal is about {goal.weights.shape[1]} outputs; the model has {ensemble.n_outputs}."
        )
    if max_size < 0:
        raise SearchError(f"At most {max_size} changes were asked for; 0 is the least.")
    warm()
    started = time.perf_counter()
    if not changes or max_size == 0:
        now = ensemble.predict(row[None])[0]
        size = float((np.abs(goal.weights) @ np.abs(now) + np.abs(goal.offset)).max())
        done = float(goal.score(now)) > TOLERANCE * (size if size > 0 else 1.0)
        return _nothing_to_change(done, max_size, time.perf_counter() - started)
    forest, group, order = forest_of(ensemble, row, changes, max_size)
    position = np.argsort(order)
    rules = Rules(
        group,
        [(int(position[a]), int(position[b])) for a, b in apart],
        [(int(position[i]), [int(position[j]) for j in others]) for i, others in needs],
    )
    found = solve(
        forest, rules, goal, max_size=max_size, list_all=list_all, most_sets=most_sets, node_limit=node_limit,
        time_limit_s=time_limit_s - (time.perf_counter() - started), stop=stop,
    )  # fmt: skip
    sets = sorted(tuple(sorted(int(order[i]) for i in s)) for s in found.sets)
    return replace(found, sets=tuple(sets), seconds=time.perf_counter() - started)


def solve(
    forest: Forest,
    rules: Rules,
    goal: Goal,
    *,
    max_size: int,
    list_all: bool = True,
    most_sets: int = MOST_SETS,
    node_limit: int = NODE_LIMIT,
    time_limit_s: float = TIME_LIMIT_S,
    stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The smallest sets of items of a forest that reach a goal; see `smallest_sets`."""
    warm()
    from explainers.trees.search.beam import first_found
    from explainers.trees.search.branching import Budget, ask
    from explainers.trees.search.restriction import single_effects

    started, goal = time.perf_counter(), goal.in_units(forest)
    budget = Budget(round(FIRST_SHARE * node_limit), started + FIRST_SHARE * time_limit_s, stop)

    def result(
        status: Status, sets: Sequence[tuple[int, ...]] = (), ruled_out: int = -1, complete: bool = False
    ) -> SearchResult:
        size = len(sets[0]) if sets else None
        return SearchResult(
            status, tuple(sets), size, ruled_out, max_size, complete, budget.opened, time.perf_counter() - started,
            budget.ended_by,
        )  # fmt: skip

    now, _ = single_effects(forest, rules.start())
    if goal.score(now) > TOLERANCE:
        return result("already so", [()], complete=True)
    most = min(max_size, int(rules.group.max()) + 1)
    best = first_found(forest, goal, rules, most)
    ruled_out = 0 if best is not None and len(best) == 1 else 1
    known: Node | None = None
    while ruled_out < (size := most if best is None else len(best) - 1):
        answer = ask(forest, goal, rules, size, budget, known=known)
        if answer.sets or not answer.settled:  # else only larger sets are asked about from here on
            known = answer.root or known
        if answer.sets:
            best = min(answer.sets, key=len)
        elif answer.settled:
            ruled_out = size
        else:
            ruled_out = max(ruled_out, answer.ruled_out)
            break
    budget.nodes, budget.deadline = node_limit, started + time_limit_s
    while ruled_out < (most if best is None else len(best) - 1):  # from below, with what is left
        answer = ask(forest, goal, rules, ruled_out + 1, budget, known=known)
        if answer.sets:
            best = answer.sets[0]
        elif answer.settled:
            ruled_out += 1
        else:
            return result("open" if best is None else "best found", [best] if best else [], ruled_out)
    if best is None:
        return result("none", ruled_out=max_size, complete=True)
    budget.ended_by = None
    if not list_all:
        return result("proven", [best], ruled_out)
    answer = ask(forest, goal, rules, len(best), budget, most_sets=most_sets, known=known)
    sets = answer.sets if best in answer.sets else [best, *answer.sets]
    return result("proven", sets[:most_sets], ruled_out, complete=answer.settled)


def _nothing_to_change(done: bool, max_size: int, seconds: float) -> SearchResult:
    if done:
        return SearchResult("already so", ((),), 0, -1, max_size, True, 0, seconds)
    return SearchResult("none", (), None, max_size, max_size, True, 0, seconds)


@cache
def warm() -> None:
    """Load the compiled kernels (and compile them on the very first use on a machine), outside any time limit."""
    from explainers.trees.ensemble import build
    from explainers.trees.forms import Tree
    from explainers.trees.search.beam import first_found
    from explainers.trees.search.bound import largest
    from explainers.trees.search.branching import Budget, ask
    from explainers.trees.search.closing import winning_sets
    from explainers.trees.search.coefficients import MOST_LEFT
    from explainers.trees.search.covering import cover_within

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
    cover_within([np.array([0, 1]), np.array([1, 2]), np.array([2, 3])], 4, 2)
    largest(
        np.zeros(5), np.zeros(5, np.int8), group, 2, np.zeros(5, np.int8), np.zeros(3)
    )  # as where a node is split
    for left in range(2, MOST_LEFT + 1):  # every set tried
        list(winning_sets(forest, np.arange(5), group, Goal.over(0, 1, 1.5), np.ones(1), 2, left, -math.inf))
