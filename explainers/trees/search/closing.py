r"""Every set of a few further items at once, exactly: how a node of the search is closed without a Lagrangian bound.

An expression of the goal is ``f(S) = sum of c_T over the parts T of S`` (`coefficients`), |S| <= r.

Sets are told apart by their first item, the others come later in the order. `first_items` says which items can begin a
set that is good enough, and what can follow each of them; only that is looked at, first item by first item with those
later items alone (`narrowed`), and so on down to pairs (`collect`). Where effects are mostly additive, as in forests, few
sets are left.

A set wins if all expressions are positive, so a weighted mean of them has to be positive first. The bounds are
of that mean; every expression is then asked about the few sets that pass (`values`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.search.coefficients import Tables, count_terms, tables
from explainers.trees.search.first_items import beginnings
from explainers.trees.search.forest import Forest
from explainers.trees.search.restriction import single_effects
from explainers.trees.search.rules import TOLERANCE, Goal

__all__ = ["TooMany", "collect", "narrowed", "values", "winning_sets"]

ENOUGH = 256  # candidates after which a look is cut short, to check them before it goes on
MOST_TERMS = 600_000  # of the boxes, multiplied out
MOST_FOUND = 20_000  # candidates in one look
MOST_LOOKS = 4000  # first items, of sets of every length, whose later items are looked at
MOST_FAILED = 3000  # sets whose mean passes and that fail


class TooMany(Exception):
    """Closing a node this way would take too long."""


def winning_sets(
    forest: Forest,
    free: NDArray[np.intp],
    group: NDArray[np.int64],
    goal: Goal,
    weights: NDArray[np.float64],
    smallest: int,
    left: int,
    least: float,
) -> Iterator[list[NDArray[np.intp]]]:
    """The sets of `smallest` to `left` free items that reach the goal, part by part.

    Parameters
    ----------
    forest : Forest
        Restricted to what is settled.
    free : int array
        The free items.
    group : int array (n_items,)
    weights : array (J,)
        Of the mean of the goal's expressions: none negative, sum 1. Any are right; good ones leave few sets to try.
    smallest, left : int
        At least 2; at most `coefficients.MOST_LEFT`.
    least : float
        Means up to this are passed over; at most `TOLERANCE`, less what rounding may do.

    Raises
    ------
    TooMany
        If too many sets would have to be tried.
    """
    if count_terms(forest, left) > MOST_TERMS:
        raise TooMany
    mean, offset = weights[None] @ goal.weights, weights[None] @ goal.offset
    effect = single_effects(forest, np.zeros(len(group), np.int8))[1]
    free = free[np.argsort(-(effect[free] @ mean[0]), kind="stable")]  # the strongest first
    one = tables(forest, free, mean, offset, left)
    every: Tables | None = None
    failed = 0
    for found in _passing(one, group[free], least, smallest, left):
        if every is None:
            every = tables(forest, free, goal.weights, goal.offset, left)
        won = values(every, found).min(axis=1) > TOLERANCE
        yield [free[s[s >= 0]] for s in found[won]]
        failed += len(won) - int(won.sum())
        if failed > MOST_FAILED:
            raise TooMany


def _passing(
    one: Tables, group: NDArray[np.int64], least: float, smallest: int, left: int
) -> Iterator[NDArray[np.int32]]:
    """Sets of `smallest` to `left` items whose only expression is over `least`, (n, left) rising positions or -1."""
    first, looked_at = 0, 0
    while first < len(group):
        found, first, looks = collect(
            one, group, left, smallest, least, first, ENOUGH, MOST_FOUND, MOST_LOOKS - looked_at
        )
        looked_at += looks
        if looked_at > MOST_LOOKS:
            raise TooMany
        if len(found):
            yield found


@njit(cache=True)
def collect(one, group, left, smallest, least, first, enough, most_found, most_looks):
    """Sets of `smallest` to `left` items that are over `least`, until `enough` are together.

    Parameters
    ----------
    one : Tables
        Of one expression over m items.
    group : int array (m,)
        Of the items.
    first : int
        The first item to begin with.
    most_found, most_looks : int
        Sets and looks after which it is given up.

    Returns
    -------
    sets : int array (n, left)
        Rising positions, then -1.
    next : int
        The first item to go on with; m once all sets have been looked at.
    looks : int
        How many first items, of sets of every length, were looked at; over `most_looks` where it was given up.
    """
    found, n, looks = np.full((enough, left), -1, np.int32), 0, 0
    prefix = np.full(left, -1, np.int32)
    m = len(group)
    if left == 2:
        found, n = pairs_over(one, np.arange(m), group, smallest, least, prefix, 0, found, n)
        return found[:n], m, 1
    # What is open, from the whole question down to the sets that begin with the prefix: the items' tables, positions
    # and groups, their first items with what may follow them, and how many of those first items are still to come.
    begin = beginnings(one, left, least)
    level = [(one, np.arange(m), group, begin, len(begin[0]))]
    while len(level) > 0:
        here, ids, groups, (which, start, later), x = level.pop()
        depth = len(level)
        x -= 1
        while depth == 0 and x >= 0 and which[x] < first:
            x -= 1
        if x < 0:
            continue
        i = which[x]
        if depth == 0 and n >= enough:
            return found[:n], i, looks
        level.append((here, ids, groups, (which, start, later), x))
        prefix[depth] = ids[i]
        if depth + 1 >= smallest and here.level[0] + here.single[0, i] > least:
            found, n = keep(found, n, prefix, depth, ids[i], -1)
        few = later[start[x] : start[x + 1]]
        few = few[groups[few] != groups[i]]
        if len(few) == 0:
            continue
        looks += 1
        if looks > most_looks or n > most_found:
            return found[:n], m, most_looks + 1
        rest = left - depth - 1
        inner, inner_ids, inner_groups = narrowed(here, i, few, rest), ids[few], groups[few]
        if rest == 2:
            found, n = pairs_over(
                inner, inner_ids, inner_groups, smallest, least, prefix, depth + 1, found, n
            )
            continue
        begin = beginnings(inner, rest, least)
        level.append((inner, inner_ids, inner_groups, begin, len(begin[0])))
    return found[:n], m, looks


@njit(cache=True)
def pairs_over(one, ids, group, smallest, least, prefix, depth, found, n):
    """Keep the single items and the pairs that are over `least`, each with the prefix before it."""
    for i in range(len(ids)):
        reached = one.level[0] + one.single[0, i]
        if reached > least and depth + 1 >= smallest:
            found, n = keep(found, n, prefix, depth, ids[i], -1)
        for j in range(i + 1, len(ids) if depth + 2 >= smallest else 0):
            if reached + one.single[0, j] + one.pair[0, i, j] > least and group[i] != group[j]:
                found, n = keep(found, n, prefix, depth, ids[i], ids[j])
    return found, n


@njit(cache=True)
def keep(found, n, prefix, depth, i, j):
    """Append a set: the prefix, and one or two more items."""
    if n == len(found):
        more = np.full((2 * n, found.shape[1]), -1, np.int32)
        more[:n] = found
        found = more
    found[n, :depth] = prefix[:depth]
    found[n, depth] = i
    if j >= 0:
        found[n, depth + 1] = j
    return found, n + 1


@njit(cache=True)
def same_items(others, a, b):
    """Whether two coefficients of one first item have the same other items."""
    same = True
    for d in range(others.shape[1]):
        same &= others[a, d] == others[b, d]
    return same


@njit(cache=True)
def narrowed(one, i, few, left):
    """The coefficients of up to `left` of a few items that come after item i, for sets that contain i.

    Those of T and of T + i, added up: `beginnings` counts on one coefficient a set.
    """
    m, n, widest = one.single.shape[1], len(few), one.others.shape[1]
    position = np.full(m, -1, np.int32)
    for a in range(n):
        position[few[a]] = a
    single, pair = np.empty((1, n)), np.empty((1, n, n))
    room = one.start[i + 1] - one.start[i]
    for a in range(n):
        j = few[a]
        single[0, a] = one.single[0, j] + one.pair[0, i, j]
        room += one.start[j + 1] - one.start[j]
        for b in range(n):
            pair[0, a, b] = one.pair[0, j, few[b]]
    kept, to, count = np.empty(room, np.int32), np.empty(room, np.int32), 0
    start = np.zeros(n + 1, np.int64)
    for x in range(-1, n):  # those with i first, whose next item takes its place
        first = i if x < 0 else few[x]
        for a in range(one.start[first], one.start[first + 1]):
            inside, o = True, 0
            while inside and o < widest and one.others[a, o] >= 0:
                inside = position[one.others[a, o]] >= 0
                o += 1
            if not inside or o + (x >= 0) > left:
                continue
            if x < 0 and o == 2:
                j, k = position[one.others[a, 0]], position[one.others[a, 1]]
                pair[0, j, k] += one.more[0, a]
                pair[0, k, j] += one.more[0, a]
                continue
            kept[count] = a
            to[count] = x if x >= 0 else position[one.others[a, 0]]
            start[to[count] + 1] += 1
            count += 1
        if x < 0:
            n_with_i = count
    start = np.cumsum(start)
    at, with_i = (
        start[:-1].copy(),
        start[:-1].copy(),
    )  # of each item, where its next goes and where those of T + i end
    others, more = np.full((count, widest), -1, np.int32), np.empty((1, count))
    for b in range(count):
        a, skip = kept[b], 1 if b < n_with_i else 0
        c = at[to[b]]
        at[to[b]] += 1
        more[0, c] = one.more[0, a]
        for d in range(skip, widest):
            j = one.others[a, d]
            if j < 0:
                break
            others[c, d - skip] = position[j]
        if b < n_with_i:
            with_i[to[b]] = at[to[b]]
            continue
        for e in range(start[to[b]], with_i[to[b]]):
            if same_items(others, e, c):  # the other half stays, as nothing
                more[0, e] += more[0, c]
                more[0, c] = 0.0
    return Tables(one.level + one.single[:, i], single, pair, start, others, more)


@njit(cache=True)
def values(every, sets):
    """The expressions of each set (rising positions, -1 where there is none), (n, J)."""
    out = np.empty((len(sets), len(every.level)))
    inside = np.zeros(every.single.shape[1], np.uint8)
    for a in range(len(sets)):
        out[a] = every.level
        for i in sets[a]:
            if i >= 0:
                inside[i] = 1
        for i in sets[a]:
            if i < 0:
                continue
            for x in range(len(every.level)):
                out[a, x] += every.single[x, i]
                for j in sets[a]:
                    if j > i:
                        out[a, x] += every.pair[x, i, j]
            for b in range(every.start[i], every.start[i + 1]):
                whole = True
                for d in range(every.others.shape[1]):
                    j = every.others[b, d]
                    whole &= j < 0 or inside[j] == 1
                if whole:
                    for x in range(len(every.level)):
                        out[a, x] += every.more[x, b]
        for i in sets[a]:
            if i >= 0:
                inside[i] = 0
    return out
