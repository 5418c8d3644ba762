r"""A goal's expressions as sums over sets of items: exact for all sets of a few items.

As a function of the items, a literal is ``u + sum over i of (a_i - u) [i is chosen]``, with u = 1 where it holds
unchanged and a_i = 1 where it allows item i. A box's indicator is the product of its literals; multiplied out and
summed over the boxes, with an expression's weights on their values, an expression of the goal becomes

.. math::  f(S) = \sum_{T \subseteq S} c_T

for all sets S of at most r items, with c_T for at most r items: its Moebius coefficients (as in
`explainers.trees.flip_table`, here below the choices of a node). Coefficients of up to two items fill a table; those
of three and more are few, because one box has to ask for all of their items, and equal ones are added up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.search.forest import MOST_GROUPS

__all__ = ["MOST_LEFT", "Tables", "count_terms", "others_of", "tables"]

MOST_LEFT = 4  # items that a set of the tables may have
BITS = 10  # of an item in the key of a coefficient
MASK = (1 << BITS) - 1


class Tables(NamedTuple):
    """The coefficients of J expressions over m items; those of three and more items are kept with their first."""

    level: NDArray[np.float64]  # (J,)
    single: NDArray[np.float64]  # (J, m)
    pair: NDArray[np.float64]  # (J, m, m), symmetric
    start: NDArray[np.int64]  # (m + 1,) where those of a first item begin
    others: NDArray[np.int32]  # (n, MOST_LEFT - 1) their other items, rising, then -1
    more: NDArray[np.float64]  # (J, n)


@njit(cache=True)
def tables(forest, free, weights, offset, left):
    """Coefficients of ``weights @ outputs + offset`` for sets of at most `left` of the free items, numbered as in `free`.

    `forest` is restricted to what is settled.
    """
    J, m = len(weights), len(free)
    assert m < MASK, "too many items for the keys of coefficients"
    position = np.full(free.max() + 1, -1, np.int32)
    for a in range(m):
        position[free[a]] = a
    level, single, pair = offset + weights @ forest.base, np.zeros((J, m)), np.zeros((J, m, m))
    path, v = np.empty(MOST_GROUPS, np.int64), np.empty(J)
    moved_start, moved = items_moved(forest, position)
    term, size, sign = (
        np.empty(4096, np.int64),
        np.empty(4096, np.int64),
        np.empty(4096),
    )  # a box, multiplied out
    places = np.full(1 << 17, -1, np.int32)  # of the coefficients of three and more items, by their key
    key, value, n = np.empty(1 << 16, np.int64), np.empty((1 << 16, J)), 0
    for t in range(len(forest.output)):
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            length, lacking, node = 0, 0, np.int64(forest.box_node[box])
            while forest.above[node] != node:  # in the order of their items
                literal = np.int64(forest.node_literal[node])
                lacking += forest.unchanged[literal] == 0
                at = length
                while at > 0 and moved[moved_start[path[at - 1]]] > moved[moved_start[literal]]:
                    path[at] = path[at - 1]
                    at -= 1
                path[at] = literal
                length += 1
                node = np.int64(forest.above[node])
            if lacking > left:
                continue
            for j in range(J):
                v[j] = 0.0
                for c in range(len(forest.value)):
                    v[j] += weights[j, forest.output[t] + c] * forest.value[c, box]
            terms = -1
            while terms < 0:
                terms = multiply_out(
                    path[:length], lacking, left, forest.unchanged, moved_start, moved, term, size, sign
                )
                if terms < 0:
                    term, size, sign = (
                        np.empty(2 * len(term), np.int64),
                        np.empty(2 * len(term), np.int64),
                        np.empty(2 * len(term)),
                    )
            while n + terms > len(key):
                key, value = longer(key, value)
                places = np.full(2 * len(places), -1, np.int32)  # at most half of them are ever in use
                for a in range(n):
                    places[find(places, key, key[a])] = a
            n = add(term[:terms], size, sign, v, level, single, pair, places, key, value, n)
    for j in range(J):
        for a in range(m):
            for b in range(a):
                pair[j, a, b] = pair[j, b, a]
    start, others, more = by_first(key[:n], value[:n], m)
    return Tables(level, single, pair, start, others, more)


@njit(cache=True)
def count_terms(forest, left):
    """How many terms of at most `left` items the boxes have, multiplied out one by one."""
    factor = np.zeros(len(forest.literal_slot), np.int64)
    for literal in range(len(factor)):
        s = forest.literal_slot[literal]
        held, others = 0, 0
        for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
            q = forest.allowed[a]
            held += forest.item_start[q + 1] - forest.item_start[q]
        others = forest.item_start[forest.link_start[s + 1]] - forest.item_start[forest.link_start[s]] - held
        factor[literal] = others if forest.unchanged[literal] == 1 else held
    count = 0
    of_size = np.zeros((len(forest.above), left + 1), np.int64)
    for t in range(len(forest.output)):
        root = forest.node_start[t]
        of_size[root, 0] = 1
        for node in range(root + 1, forest.node_start[t + 1]):
            up, literal = forest.above[node], forest.node_literal[node]
            for size in range(left + 1):
                one_more = factor[literal] * of_size[up, size - 1] if size > 0 else 0
                of_size[node, size] = one_more + (of_size[up, size] if forest.unchanged[literal] == 1 else 0)
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            count += of_size[forest.box_node[box]].sum()
    return count


@njit(cache=True)
def multiply_out(path, lacking, left, unchanged, moved_start, moved, term, size, sign):
    """The terms of a box of at most `left` items: key, size and sign; their number, or -1 where they find no room."""
    terms, term[0], size[0], sign[0] = 1, 0, 0, 1.0
    for literal in path:
        u = unchanged[literal]
        lacking -= 1 - u
        before = terms
        for a in range(moved_start[literal], moved_start[literal + 1]):
            for b in range(before):
                if size[b] + lacking >= left:
                    continue
                if terms == len(term):
                    return -1
                term[terms] = with_item(term[b], size[b], moved[a])
                size[terms] = size[b] + 1
                sign[terms] = sign[b] if u == 0 else -sign[b]
                terms += 1
        if u == 0:  # what was there before is gone
            for b in range(before, terms):
                term[b - before], size[b - before], sign[b - before] = term[b], size[b], sign[b]
            terms -= before
    return terms


@njit(cache=True)
def add(term, size, sign, v, level, single, pair, places, key, value, n):
    """Add a box's terms, times its values v (J,), to the coefficients; the number of those of three and more items."""
    for b in range(len(term)):
        i, k = (term[b] & MASK) - 1, (term[b] >> BITS) - 1
        at = -1
        if size[b] > 2:
            at = find(places, key, term[b])
            if places[at] < 0:
                places[at], key[n] = n, term[b]
                for j in range(len(v)):
                    value[n, j] = 0.0
                n += 1
            at = places[at]
        for j in range(len(v)):
            x = sign[b] * v[j]
            if size[b] == 0:
                level[j] += x
            elif size[b] == 1:
                single[j, i] += x
            elif size[b] == 2:
                pair[j, i, k] += x
            else:
                value[at, j] += x
    return n


@njit(cache=True)
def items_moved(forest, position):
    """For each literal the positions of the items whose choice changes it, a_i - u = 1 or -1, as offsets and positions."""
    n_literals = len(forest.literal_slot)
    start, n = np.zeros(n_literals + 1, np.int64), 0
    for s in forest.literal_slot:
        n += forest.item_start[forest.link_start[s + 1]] - forest.item_start[forest.link_start[s]]
    moved, n = np.empty(n + 1, np.int64), 0
    is_allowed = np.zeros(len(forest.item_start), np.uint8)
    for literal in range(n_literals):
        s = forest.literal_slot[literal]
        for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
            is_allowed[forest.allowed[a]] = 1
        for q in range(forest.link_start[s], forest.link_start[s + 1]):
            if is_allowed[q] != forest.unchanged[literal]:
                for a in range(forest.item_start[q], forest.item_start[q + 1]):
                    moved[n] = position[forest.item[a]]
                    n += 1
            is_allowed[q] = 0
        start[literal + 1] = n
    return start, moved


@njit(cache=True)
def with_item(packed, size, i):
    """The key of a set with one more item: items from the first on, counted from 1, `BITS` each."""
    at = size
    while at > 0 and (packed >> (BITS * (at - 1))) & MASK > i + 1:
        at -= 1
    low = packed & ((np.int64(1) << (BITS * at)) - 1)
    return low | (np.int64(i + 1) << (BITS * at)) | ((packed >> (BITS * at)) << (BITS * (at + 1)))


@njit(cache=True)
def find(places, key, packed):
    """Where a key stands in the table of places, or the empty place for it."""
    mask = len(places) - 1
    at = (packed * 0x9E3779B97F4A7C1 >> 40) & mask
    while places[at] >= 0 and key[places[at]] != packed:
        at = (at + 1) & mask
    return at


@njit(cache=True)
def longer(key, value):
    """Twice the room."""
    n = len(key)
    more_key, more_value = np.empty((2 * n, *key.shape[1:]), key.dtype), np.empty((2 * n, value.shape[1]))
    more_key[:n], more_value[:n] = key, value
    return more_key, more_value


@njit(cache=True)
def by_first(key, value, m):
    """Coefficients of three and more items, sorted by their first item."""
    n, J = value.shape
    start = np.zeros(m + 1, np.int64)
    for a in range(n):
        start[key[a] & MASK] += 1  # keys count items from 1
    start = np.cumsum(start)
    at = start[:-1].copy()
    others, more = np.full((n, MOST_LEFT - 1), -1, np.int32), np.empty((J, n))
    for a in range(n):
        rest = key[a] >> BITS
        first = (key[a] & MASK) - 1
        b = at[first]
        at[first] += 1
        d = 0
        while rest > 0:
            others[b, d] = (rest & MASK) - 1
            rest >>= BITS
            d += 1
        for j in range(J):
            more[j, b] = value[a, j]
    return start, others, more


@njit(cache=True)
def others_of(one, a):
    """How many items coefficient a has beside its first."""
    n = 2
    while n < one.others.shape[1] and one.others[a, n] >= 0:
        n += 1
    return n
