r"""Every set of a few further items at once, exactly: how a node of the search is closed without a Lagrangian bound.

An expression of the goal is ``f(S) = sum of c_T over the parts T of S`` (`coefficients`), |S| <= r.

**What no set can exceed.** Share each coefficient equally among its items. In S, item j meets at most r - 1 others
and at most C(r - 1, o - 1) coefficients of o items, so

.. math::  f(S) \le c_\emptyset + \text{top}_r \Big( c_j + \tfrac12 \text{(the r - 1 largest positive } c_{jk})
           + \sum_{o \ge 3} \tfrac1o \binom{r - 1}{o - 1} \max (0, \text{largest } c_T, j \in T, |T| = o) \Big)

with top_r the sum of the r largest positive ones. Sets are told apart by their first item i, the others come later in
the order. Given i, the coefficient of T becomes c_T + c_{T + i}, and r falls by one. The largest positive values of a
sum are at most those of its parts together, so that all sets with first item i are bounded from the coefficients as
they are (`firsts`). Where effects are mostly additive, as in forests, few first items are left; they are taken one by
one (`given`), down to three items, where all sets are tried (`candidates`).

A set wins if all expressions are positive, so a weighted mean of them has to be positive first. The bounds above are
of that mean; every expression is then asked about the few sets that pass (`values`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.search.coefficients import MOST_LEFT, Tables, given, longer, others_of, tables
from explainers.trees.search.forest import Forest
from explainers.trees.search.restriction import single_effects
from explainers.trees.search.rules import TOLERANCE, Goal

__all__ = ["TooMany", "candidates", "firsts", "values", "winning_sets"]

ENOUGH = 256  # candidates after which a look is cut short, to check them before it goes on
MOST_FIRSTS = 40  # first items beyond which larger sets than three are not tried
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
        At least 2; at most `MOST_LEFT`.
    least : float
        Means up to this are passed over; at most `TOLERANCE`, less what rounding may do.

    Raises
    ------
    TooMany
        If too many sets would have to be tried.
    """
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
    m = len(group)
    which = firsts(one, left, least) if left > 2 else np.arange(m)
    if left > 3:
        if len(which) > MOST_FIRSTS:
            raise TooMany
        for i in which.tolist():
            for found in _passing(
                given(one, i, left - 1), group[i + 1 :], least, max(1, smallest - 1), left - 1
            ):
                later = np.where(found < 0, -1, found + i + 1)
                apart = ((group[later] != group[i]) | (later < 0)).all(axis=1)
                yield np.insert(later[apart], 0, i, axis=1).astype(np.int32)
        return
    done = 0
    while done < len(which):
        found, done = candidates(one, group, least, (smallest, left), which, done)
        if len(found):
            yield found


@njit(cache=True)
def firsts(one, left, least):
    """The items with which a set of at most `left` (3 or more) items may begin, so that its only expression is over `least`.

    From the last item to the first, so that only items which come later count in a bound.
    """
    m, r = one.single.shape[1], left - 1  # r more items beside the first
    single, pair = one.single[0], one.pair[0]
    # Of later items only: each one's r - 1 largest positive pairs, falling, and its largest coefficient of o items.
    pairs, largest = np.zeros((m, r - 1)), np.zeros((m, r + 1))
    # Given i: the largest coefficient of o items that it adds to, and the sum of those of pairs.
    added, added_pairs = np.zeros((m, r + 1)), np.zeros(m)
    share = np.zeros(r + 1)
    for o in range(2, r + 1):
        share[o] = 1.0 / o
        for d in range(o - 1):
            share[o] *= (r - 1 - d) / (d + 1)
    top = np.empty(r)
    possible, n = np.empty(m, np.int64), 0
    for i in range(m - 1, -1, -1):
        begin, end = one.start[i], one.start[i + 1]
        for a in range(begin, end):
            v = max(0.0, one.more[0, a])
            o = others_of(one, a)
            for d in range(o):
                j = one.others[a, d]
                added[j, o] = max(added[j, o], v)
                if o == 2:
                    added_pairs[j] += v
        top[:] = 0.0
        for j in range(i + 1, m):
            v = single[j] + pair[i, j] + min(share[2] * added[j, 2], 0.5 * added_pairs[j])
            for d in range(r - 1):
                v += 0.5 * pairs[j, d]
            for o in range(3, r + 1):
                v += share[o] * (largest[j, o] + added[j, o])
            insert(top, v)
        if one.level[0] + single[i] + top.sum() > least:
            possible[n] = i
            n += 1
        for j in range(i + 1, m):
            insert(pairs[j], pair[i, j])
            insert(pairs[i], pair[i, j])
        for a in range(begin, end):
            o = others_of(one, a)
            for d in range(o):
                added[one.others[a, d]] = 0.0
                added_pairs[one.others[a, d]] = 0.0
            if o < r:
                largest[i, o + 1] = max(largest[i, o + 1], one.more[0, a])
                for d in range(o):
                    j = one.others[a, d]
                    largest[j, o + 1] = max(largest[j, o + 1], one.more[0, a])
    return possible[:n]


@njit(cache=True)
def insert(falling, v):
    """Keep the largest values seen."""
    at = len(falling) - 1
    if v <= falling[at]:
        return
    while at > 0 and falling[at - 1] < v:
        falling[at] = falling[at - 1]
        at -= 1
    falling[at] = v


@njit(cache=True)
def candidates(one, group, least, sizes, which, first):
    """Sets of up to three items whose only expression is over `least`, until `ENOUGH` are together.

    Parameters
    ----------
    one : Tables
        Of one expression, without coefficients of more than three items.
    group : int array (m,)
        Of the items.
    sizes : (smallest, largest)
        Of the sets looked for; up to three.
    which : int array
        First items to look at.
    first : int
        Position in `which` to begin at.

    Returns
    -------
    sets : int array (n, 3)
        Rising positions, then -1.
    next : int
        Where in `which` to go on; its length once all sets have been looked at.
    """
    m = len(group)
    single, pair = one.single[0], one.pair[0].copy()
    found, n, nothing = np.empty((ENOUGH, 3), np.int32), 0, np.empty((ENOUGH, 0))
    most = np.empty(m)  # of the pairs of an item with later ones
    gain = np.empty(m)  # of a further item beside the first
    for j in range(m if sizes[1] == 3 else 0):
        most[j] = 0.0
        for k in range(j + 1, m):
            most[j] = max(most[j], pair[j, k])
    for x in range(first, len(which)):
        if n >= ENOUGH // 2:
            return found[:n], x
        i = which[x]
        if sizes[0] == 1 and one.level[0] + single[i] > least:
            found[n, 0], found[n, 1], found[n, 2] = i, -1, -1
            n += 1
        begin, end = one.start[i], one.start[i + 1]
        most_here = np.zeros(m)
        if sizes[1] == 3:
            for a in range(begin, end):  # beside i, three items' coefficient is one of the other two
                pair[one.others[a, 0], one.others[a, 1]] += one.more[0, a]
            for a in range(begin, end):
                j = one.others[a, 0]
                most_here[j] = max(most_here[j], pair[j, one.others[a, 1]])
        best = 0.0
        for k in range(i + 1, m):
            gain[k] = single[k] + pair[i, k]
            best = max(best, gain[k])
        for j in range(i + 1, m if sizes[1] > 1 else 0):
            if group[j] == group[i]:
                continue
            reached = one.level[0] + single[i] + gain[j]
            hits = 0
            if sizes[1] == 3 and reached + best + max(most[j], most_here[j]) > least:
                row = pair[j]
                for k in range(j + 1, m):
                    hits += reached + gain[k] + row[k] > least
            while n + hits + 1 >= len(found):
                found, nothing = longer(found, nothing)
            if sizes[0] <= 2 and reached > least:
                found[n, 0], found[n, 1], found[n, 2] = i, j, -1
                n += 1
            if hits == 0:
                continue
            row = pair[j]
            for k in range(j + 1, m):
                if reached + gain[k] + row[k] > least and group[k] != group[i] and group[k] != group[j]:
                    found[n, 0], found[n, 1], found[n, 2] = i, j, k
                    n += 1
        if sizes[1] == 3:
            for a in range(begin, end):
                j, k = one.others[a, 0], one.others[a, 1]
                pair[j, k] = one.pair[0, j, k]
    return found[:n], len(which)


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
                for d in range(MOST_LEFT - 1):
                    j = every.others[b, d]
                    whole &= j < 0 or inside[j] == 1
                if whole:
                    for x in range(len(every.level)):
                        out[a, x] += every.more[x, b]
        for i in sets[a]:
            if i >= 0:
                inside[i] = 0
    return out
