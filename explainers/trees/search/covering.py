"""Smallest covers: the fewest items of which every one of many sets holds at least one (minimum hitting sets).

Branch and bound over the items. An item is tried in, then out; a set that lost all its items but one forces that one
in, a set that lost them all ends the branch. Two bounds say how many more items the sets without one need at least:

* *Prices.* Any prices y >= 0 of the sets with sum over the sets that hold i of y_S <= 1 for every item i add up to a
  lower bound: an item pays for all the sets it meets, so every cover costs at least sum_S y_S (weak duality of linear
  programming). The prices are raised set by set, shortest first, each as far as its items allow [1]_.
* *Counts.* k items meet no more sets than the k largest counts add up to.

Both hold for what is left under every branch, so a branch is left only where no cover of the wanted size is in it.

References
----------
.. [1] Balas, Ho (1980), Mathematical Programming Study 12, 37-60: set covering, dual heuristics.
.. [2] Reiter (1987), Artificial Intelligence 32(1), 57-95: diagnoses as hitting sets of conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Cover", "cover_within", "least_cover"]

NODES_AT_ONCE = 2_000  # between two looks at the clock; some tens of milliseconds
LEAST = 1e-9  # what a sum of prices may lie over a whole number by rounding

OPEN, IN, OUT = 0, 1, 2  # an item
LOOKING, FOUND, NONE = 0, 1, 2  # the search


@dataclass(frozen=True, slots=True)
class Cover:
    """What was found.

    Parameters
    ----------
    items : bool array (n,), optional
        A cover; None where there is none, or none was found.
    settled : bool
        False: the search was ended before it was known.
    n_nodes : int
    """

    items: NDArray[np.bool_] | None
    settled: bool
    n_nodes: int


def cover_within(
    sets: Sequence[NDArray[np.intp]], n: int, most: int, stop: Callable[[], bool] | None = None
) -> Cover:
    """A cover of at most `most` items, or the proof that there is none.

    Parameters
    ----------
    sets : sequence of int arrays
        Positions of items.
    n : int
        Items.
    most : int
    stop : function, optional
        Asked from time to time whether to end.

    Raises
    ------
    ValueError
        If a set is empty: nothing covers it.

    Examples
    --------
    >>> pairs = [np.array([0, 1]), np.array([1, 2]), np.array([2, 3])]
    >>> cover_within(pairs, 4, 2).items
    array([ True, False,  True, False])
    >>> cover_within(pairs, 4, 1)
    Cover(items=None, settled=True, n_nodes=1)
    """
    return _cover(_without_supersets(sets, n), most, stop)


def least_cover(
    sets: Sequence[NDArray[np.intp]], n: int, most: int, stop: Callable[[], bool] | None = None
) -> int:
    """How many items every cover has at least: proven, and exact unless ended early; asked up to `most`.

    Examples
    --------
    >>> least_cover([np.array([0, 1]), np.array([1, 2]), np.array([2, 3])], 4, 4)
    2
    """
    held, known = _without_supersets(sets, n), 0
    while known < most:
        found = _cover(held, known, stop)
        if found.items is not None or not found.settled:
            break
        known += 1
    return known


def _cover(held: NDArray[np.bool_], most: int, stop: Callable[[], bool] | None) -> Cover:
    m, n = held.shape
    by_set, by_item = _lists(held), _lists(held.T)
    state, trail, branched = np.zeros(n, np.int8), np.empty(n, np.int64), np.empty((n, 2), np.int64)
    met, left = np.zeros(m, np.int64), held.sum(axis=1).astype(np.int64)
    counters, answer = np.zeros(5, np.int64), LOOKING
    while answer == LOOKING:
        if stop is not None and stop():
            return Cover(None, False, int(counters[3]))
        answer = look(*by_set, *by_item, state, met, left, trail, branched, counters, most, NODES_AT_ONCE)
    return Cover(state == IN if answer == FOUND else None, True, int(counters[3]))


def _without_supersets(sets: Sequence[NDArray[np.intp]], n: int) -> NDArray[np.bool_]:
    """The sets as rows (m, n), without those that hold a whole other set: whoever meets that one meets them."""
    held = np.zeros((len(sets), n), np.float32)
    if not len(sets):
        return held > 0
    for row, items in zip(held, sets, strict=True):
        row[items] = 1
    if (held.sum(axis=1) == 0).any():
        raise ValueError("A set without items cannot be covered; every set needs one item or more.")
    held = np.unique(held, axis=0)
    size = held.sum(axis=1)
    inside = (held @ held.T == size[:, None]) & (size[:, None] < size)
    kept: NDArray[np.bool_] = held[~inside.any(axis=0)] > 0
    return kept


def _lists(table: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the ones of each row, one row after the other, and where each row begins."""
    begin = np.concatenate([[0], np.cumsum(table.sum(axis=1))]).astype(np.int64)
    return begin, np.nonzero(table)[1].astype(np.int64)


@njit(cache=True)
def look(
    set_begin, set_items, item_begin, item_sets, state, met, left, trail, branched, counters, most, nodes
):
    """Go on with a search for at most `nodes` more nodes.

    `state` (n,) of the items; `met` and `left` (m,): items in, and items not out, of every set. `trail` holds the
    items in the order in which they were decided, `branched` the length of the trail before each branching and
    its item. `counters`: length of the trail, open branchings, items in, nodes, and 1 where a branch has just ended.
    """
    end = counters[3] + nodes
    while counters[3] < end:
        if counters[4] == 1:
            if counters[1] == 0:
                return NONE
            counters[1] -= 1
            item = branched[counters[1], 1]
            _back_to(branched[counters[1], 0], item_begin, item_sets, state, met, left, trail, counters)
            _decide(item, OUT, item_begin, item_sets, state, met, left, trail, counters)
            counters[4] = 0
        counters[3] += 1
        shortest = _force(
            set_begin, set_items, item_begin, item_sets, state, met, left, trail, counters, most
        )
        if shortest == 0:
            return FOUND
        item = -1
        if shortest > 0:
            item = _branch_on(set_begin, set_items, state, met, left, shortest, most - counters[2])
        if item < 0:
            counters[4] = 1
            continue
        branched[counters[1], 0], branched[counters[1], 1] = counters[0], item
        counters[1] += 1
        _decide(item, IN, item_begin, item_sets, state, met, left, trail, counters)
    return LOOKING


@njit(cache=True)
def _decide(item, to, item_begin, item_sets, state, met, left, trail, counters):
    """Take an item in or out."""
    state[item] = to
    trail[counters[0]] = item
    counters[0] += 1
    change, by = (met, 1) if to == IN else (left, -1)
    counters[2] += to == IN
    for k in range(item_begin[item], item_begin[item + 1]):
        change[item_sets[k]] += by


@njit(cache=True)
def _back_to(length, item_begin, item_sets, state, met, left, trail, counters):
    """Take back every decision after the first `length`."""
    while counters[0] > length:
        counters[0] -= 1
        item = trail[counters[0]]
        change, by = (met, -1) if state[item] == IN else (left, 1)
        counters[2] -= state[item] == IN
        for k in range(item_begin[item], item_begin[item + 1]):
            change[item_sets[k]] += by
        state[item] = OPEN


@njit(cache=True)
def _force(set_begin, set_items, item_begin, item_sets, state, met, left, trail, counters, most):
    """Take in what a set with a single item left needs; the length of the shortest set not met, 0 where all are met,
    or -1 where one cannot be met any more or the items in are too many.
    """
    while True:
        shortest, pick = 0, -1
        for s in range(len(met)):
            if met[s] == 0 and (pick < 0 or left[s] < shortest):
                shortest, pick = left[s], s
                if shortest <= 1:
                    break
        if counters[2] > most or (pick >= 0 and (shortest == 0 or counters[2] == most)):
            return -1
        if pick < 0:
            return 0
        if shortest > 1:
            return shortest
        for k in range(set_begin[pick], set_begin[pick + 1]):
            if state[set_items[k]] == OPEN:
                _decide(set_items[k], IN, item_begin, item_sets, state, met, left, trail, counters)
                break


@njit(cache=True)
def _branch_on(set_begin, set_items, state, met, left, shortest, room):
    """The item of a shortest set that most sets hold; -1 where the sets not met need more than `room` items."""
    n, m = len(state), len(met)
    open_sets, longest = 0, shortest
    for s in range(m):
        if met[s] == 0:
            open_sets += 1
            longest = max(longest, left[s])
    place = np.zeros(longest + 2, np.int64)
    for s in range(m):
        if met[s] == 0:
            place[left[s] + 1] += 1
    place = np.cumsum(place)
    by_length = np.empty(open_sets, np.int64)
    for s in range(m):
        if met[s] == 0:
            by_length[place[left[s]]] = s
            place[left[s]] += 1
    count, paid, total = np.zeros(n, np.int64), np.zeros(n), 0.0
    for b in range(open_sets):
        s, price = by_length[b], 1.0
        for k in range(set_begin[s], set_begin[s + 1]):
            item = set_items[k]
            if state[item] == OPEN:
                count[item] += 1
                price = min(price, 1.0 - paid[item])
        if price > LEAST:
            total += price
            for k in range(set_begin[s], set_begin[s + 1]):
                paid[set_items[k]] += price
    if np.ceil(total - LEAST) > room:
        return -1
    largest = np.sort(count)[n - room :] if room < n else count
    if largest.sum() < open_sets:
        return -1
    best = -1
    for b in range(open_sets):
        s = by_length[b]
        if left[s] > shortest:
            break
        for k in range(set_begin[s], set_begin[s + 1]):
            item = set_items[k]
            if state[item] == OPEN and (best < 0 or count[item] > count[best]):
                best = item
    return best
