"""One question, answered for good: is there a set of at most `size` items that reaches the goal, and which ones?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from explainers.trees.search.bound import largest
from explainers.trees.search.closing import TooMany, winning_sets
from explainers.trees.search.coefficients import MOST_LEFT
from explainers.trees.search.descent import NOTHING_LEFT, first_multipliers, tighten
from explainers.trees.search.forest import CHOSEN, EXCLUDED, FREE, Forest
from explainers.trees.search.pairs import inherit, with_pairs
from explainers.trees.search.restriction import restrict, single_effects
from explainers.trees.search.rules import TOLERANCE, Goal, Rules

__all__ = ["Answer", "Budget", "ask"]

Floats = NDArray[np.float64]
Status = NDArray[np.int8]

# Bounds prune at half the tolerance, so that rounding in the scores (some 1e-12) cuts off no set that counts as a win.
PRUNE = TOLERANCE / 2
ROOT_STEPS, ROOT_STALLS = 80, 30
NODE_STEPS, NODE_STALLS = 28, 10
AGAIN_STEPS = 30  # at a root that starts from a known bound, with the patience of a node
SMALL = 1e-9  # decides between items that no step took
MOST_TO_TRY = {2: 1000, 3: 400, 4: 400}  # that may be free for all sets of so many to be tried
MOST_REFUSED = 3000  # sets that win against the rules, after which a node is split instead
AIM = 0.03  # Polyak's target lies this share of the present score below zero


@dataclass
class Budget:
    """How much a search may cost, and what it cost so far.

    Attributes
    ----------
    nodes : int
        Nodes of the search tree that may be opened in all.
    deadline : float
        On the clock of `time.perf_counter`.
    stop : callable, optional
        Asked at every node; True ends the search.
    """

    nodes: int
    deadline: float
    stop: Callable[[], bool] | None = None
    opened: int = 0
    ended_by: str | None = None

    def open_node(self) -> bool:
        """Count one node; False once the budget is used up, and `ended_by` says by what."""
        if self.opened >= self.nodes:
            self.ended_by = "node limit"
        elif time.perf_counter() > self.deadline:
            self.ended_by = "time limit"
        elif self.stop is not None and self.stop():
            self.ended_by = "stopped"
        else:
            self.opened += 1
            return True
        return False


@dataclass
class Answer:
    """Sets found, whether the question is settled, the largest size that the root rules out, and the root itself."""

    sets: list[tuple[int, ...]] = field(default_factory=list)
    settled: bool = False
    ruled_out: int = 0
    root: Node | None = None


@dataclass
class Node:
    """A part of the question: its forest, what is settled, and where to start its bound."""

    forest: Forest
    status: Status
    weights: Floats
    multipliers: NDArray[np.float32]  # of links, pairs and couples, as in `descent.tighten`
    left: int  # how many more items may be chosen
    looked_at: bool = False  # whether the chosen items with one more were looked at above


def ask(
    forest: Forest,
    goal: Goal,
    rules: Rules,
    size: int,
    budget: Budget,
    *,
    most_sets: int | None = None,
    start: Status | None = None,
    known: Node | None = None,
) -> Answer:
    """Search for sets of at most `size` items whose score is over the tolerance.

    Depth first: at a node the exact effect of every single further item is looked at, then the bound is tightened
    (`descent.tighten`). With four changes left or fewer all sets are tried, as far as they are not too many
    (`closing`). Otherwise the node is split on an item, chosen or excluded: one that most of the steps took, so that
    the half without it is easy to rule out, and that trees disagree about, so that both halves bring them together.
    Every set belongs to exactly one leaf of that tree, so what is pruned by an admissible bound and what is looked at
    exactly together cover all sets: an empty answer that is `settled` is a proof.

    Parameters
    ----------
    most_sets : int, optional
        Without it the first set found ends the search. With it all are collected, up to that number; this expects
        that no smaller set exists, so that every set found has exactly `size` items.
    start : int8 array (n_items,), optional
        What is settled from the outset; by default what the rules say.
    known : Node, optional
        The `root` of an earlier answer with the same forest, goal, rules and no `start` of its own. If it asked for at
        least `size` items, its bound is where this one's begins, without the items that it excluded.
    """
    if known is not None and start is not None:
        raise ValueError("Either a known root or a start of one's own, not both.")
    answer = Answer()
    status = rules.start() if start is None else start.copy()
    now, _ = single_effects(forest, status)
    expressions = goal.weights @ now + goal.offset
    aim = -AIM * abs(float(expressions.min()))
    group = np.ascontiguousarray(rules.group, np.int64)
    if known is None or known.left + int((known.status == CHOSEN).sum()) < size:
        stack, steps, stalls = [_root(forest, status, goal, expressions, size)], ROOT_STEPS, ROOT_STALLS
    else:
        left = size - int((known.status == CHOSEN).sum())
        stack, steps, stalls = [_child(known, known.status, left)], AGAIN_STEPS, NODE_STALLS
    first = True
    while stack:
        node = stack.pop()
        if not budget.open_node():
            return answer
        chosen, left = np.flatnonzero(node.status == CHOSEN), node.left
        found, done = ([], False) if node.looked_at else _look(node, goal, rules, chosen, left, most_sets)
        if not (done or (found and most_sets is None)):
            outcome, smaller, weights, multipliers, total, disagree, share, rest, by_size, _ = tighten(
                node.forest, goal.weights, goal.offset, node.status, group, left, node.weights, node.multipliers,
                aim, PRUNE, steps, stalls,
            )  # fmt: skip
            if first:
                answer.ruled_out = int(np.flatnonzero(by_size <= PRUNE).max(initial=0))
                answer.root = Node(smaller, node.status.copy(), weights, multipliers, left)
            done = outcome == NOTHING_LEFT or not rules.settle(node.status)
            node = Node(smaller, node.status, weights, multipliers, left)
            if not done and left <= MOST_LEFT:
                node = _child(node, node.status, left)
                closed = _close(node, goal, rules, left, group, most_sets)
                found, done = found + (closed or []), closed is not None
        first, steps, stalls = False, NODE_STEPS, NODE_STALLS
        answer.sets += found
        if answer.sets and most_sets is None:
            answer.settled = True
            return answer
        if most_sets is not None and len(answer.sets) > most_sets:
            del answer.sets[most_sets:]
            return answer
        if not done:
            _branch(stack, node, total, share * disagree, rest, rules, left, group)
    answer.settled = True
    return answer


def _look(
    node: Node, goal: Goal, rules: Rules, chosen: NDArray[np.intp], left: int, most: int | None
) -> tuple[list[tuple[int, ...]], bool]:
    """Winning sets among the chosen items with at most one more, and whether that was all there is.

    To collect (`most` is given), sets of less than the full size need no look: none of them wins.
    """
    now, effect = single_effects(node.forest, node.status)
    items = tuple(map(int, chosen))
    if goal.score(now) > TOLERANCE and rules.admit(items):
        return [items], True
    free = np.flatnonzero(node.status == FREE)
    if left == 0 or len(free) == 0:
        return [], True
    if most is not None and left > 1:
        return [], False
    score = goal.score(now + effect[free])
    order = np.argsort(-score, kind="stable")[: int((score > TOLERANCE).sum())]
    return _admitted(rules, items, free[order][:, None], most), left == 1


def _close(
    node: Node, goal: Goal, rules: Rules, left: int, group: NDArray[np.int64], most: int | None
) -> list[tuple[int, ...]] | None:
    """The winning sets of up to `left` more items (to collect, those of the full size only); None: too many to try."""
    free = np.flatnonzero(node.status == FREE)
    if left > MOST_LEFT or not 0 < len(free) <= MOST_TO_TRY[left]:
        return None
    items = tuple(map(int, np.flatnonzero(node.status == CHOSEN)))
    sets: list[tuple[int, ...]] = []
    refused = 0
    try:
        for winners in winning_sets(
            node.forest, free, group, goal, node.weights, 2 if most is None else left, left, PRUNE
        ):
            sets += _admitted(rules, items, winners, most)
            if len(sets) > (0 if most is None else most):
                break
            refused += len(winners)
            if refused - len(sets) > MOST_REFUSED:
                return None
    except TooMany:
        return None
    return sets


def _admitted(
    rules: Rules, items: tuple[int, ...], more: Iterable[Iterable[int]], most: int | None
) -> list[tuple[int, ...]]:
    """The sets that keep the rules: the first one only, unless all are collected."""
    sets = (tuple(sorted((*items, *map(int, extra)))) for extra in more)
    return list(islice((s for s in sets if rules.admit(s)), 1 if most is None else most + 1))


def _branch(
    stack: list[Node],
    node: Node,
    total: Floats,
    weight: Floats,
    rest: float,
    rules: Rules,
    left: int,
    group: NDArray[np.int64],
) -> None:
    """Push the two halves of a node, the one without the item first, so that the one with it is opened first."""
    free = np.flatnonzero(node.status == FREE)
    if len(free) == 0:
        return
    item = int(free[(weight + SMALL * np.maximum(total, 0.0))[free].argmax()])
    without = node.status.copy()
    without[item] = EXCLUDED
    prefix, taken = np.zeros(left + 1), np.zeros(len(total), np.int8)
    largest(total, without, group, left, taken, prefix)
    if rest + prefix[left] > PRUNE and rules.settle(without):
        stack.append(_child(node, without, left, looked_at=True))
    chosen = node.status.copy()
    if rules.choose(chosen, item):
        stack.append(_child(node, chosen, left - 1))


def _root(forest: Forest, status: Status, goal: Goal, expressions: Floats, size: int) -> Node:
    left = size - int((status == CHOSEN).sum())
    whole = with_pairs(restrict(forest, status, left)[0], len(status))
    weights = np.zeros(len(expressions))
    weights[expressions.argmin()] = 1.0
    multipliers = first_multipliers(whole, goal.weights, weights)
    none = np.zeros(len(whole.pair_couple) + len(whole.couple))
    start = np.append(multipliers, none).astype(np.float32)
    return Node(whole, status, weights, start, left)


def _child(node: Node, status: Status, left: int, *, looked_at: bool = False) -> Node:
    forest, origin, pair_origin = restrict(node.forest, status, left)
    multipliers = inherit(node.forest, status, origin, pair_origin, node.multipliers)
    return Node(forest, status.copy(), node.weights.copy(), multipliers, left, looked_at)
