"""Every pair of further items at once, exactly: how a node of the search with two changes left is closed."""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.forest import FREE

__all__ = ["MOST_ITEMS", "winning_pairs"]

# The table has a number for each pair and output; beyond this many free items the bound has to do instead.
MOST_ITEMS = 1000


@njit(cache=True)
def pair_effects(forest, position, m):
    """What two items add together beyond the sum of what each adds alone, (m, m, k), in the upper triangle.

    As a function of the items, a literal is ``u + sum over i of (a_i - u) [i is chosen]``, with u = 1 where it holds
    unchanged and a_i = 1 where it allows item i. A box is the product of its literals; the term of a pair (i, j) in
    that product is ``(a_i - u)(a_j - u')`` times the u of all other literals, which must therefore all be 1.
    `position` (n_items,) numbers the free items 0 .. m - 1.
    """
    k, width = len(forest.base), len(forest.value)
    effects = np.zeros((m, m, k))
    widest = 0
    for box in range(forest.value.shape[1]):
        widest = max(widest, forest.entry_start[box + 1] - forest.entry_start[box])
    most = 0  # items that one literal moves
    for s in range(len(forest.slot_group)):
        most = max(
            most, forest.item_start[forest.link_start[s + 1]] - forest.item_start[forest.link_start[s]]
        )
    moved = np.empty((widest, most), np.int32)
    count = np.empty(widest, np.int64)
    lacks = np.empty(widest, np.uint8)
    is_allowed = np.zeros(len(forest.item_start), np.uint8)
    for t in range(len(forest.output)):
        o = forest.output[t]
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            first = forest.entry_start[box]
            n = forest.entry_start[box + 1] - first
            lacking = 0
            for x in range(n):
                lacks[x] = forest.unchanged[forest.entry[first + x]] == 0
                lacking += lacks[x]
            if lacking > 2 or n < 2:
                continue
            for x in range(n):  # the items with a_i - u other than 0
                literal = forest.entry[first + x]
                count[x] = 0
                for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                    is_allowed[forest.allowed[a]] = 1
                s = forest.literal_slot[literal]
                for q in range(forest.link_start[s], forest.link_start[s + 1]):
                    if is_allowed[q] == lacks[x]:
                        for a in range(forest.item_start[q], forest.item_start[q + 1]):
                            moved[x, count[x]] = position[forest.item[a]]
                            count[x] += 1
                    is_allowed[q] = 0
            for x in range(n):
                for y in range(x + 1, n):
                    if lacking - lacks[x] - lacks[y] > 0:
                        continue
                    sign = 1.0 if lacks[x] == lacks[y] else -1.0
                    for a in range(count[x]):
                        for b in range(count[y]):
                            i, j = moved[x, a], moved[y, b]
                            if i > j:
                                i, j = j, i
                            for c in range(width):
                                effects[i, j, o + c] += sign * forest.value[c, box]
    return effects


@njit(cache=True)
def winning_pairs(forest, status, group, now, effect, goal, offset, tolerance, most):
    """Pairs of free items of different groups whose score is over the tolerance, at most `most` of them, (n, 2).

    `now` (k,) and `effect` (n_items, k) are those of `single_effects`.
    """
    J, k = goal.shape
    free = np.flatnonzero(status == FREE)
    m = len(free)
    position = np.full(len(status), -1, np.int32)
    for a in range(m):
        position[free[a]] = a
    effects = pair_effects(forest, position, m)
    single = np.empty((m, J))  # expressions with one item
    for a in range(m):
        for j in range(J):
            single[a, j] = 0.0
            for c in range(k):
                single[a, j] += goal[j, c] * effect[free[a], c]
    level = offset.copy()
    for j in range(J):
        for c in range(k):
            level[j] += goal[j, c] * now[c]
    pairs = np.empty((64, 2), np.int64)
    n = 0
    for a in range(m):
        for b in range(a + 1, m):
            if group[free[a]] == group[free[b]]:
                continue
            wins = True
            for j in range(J):
                v = level[j] + single[a, j] + single[b, j]
                for c in range(k):
                    v += goal[j, c] * effects[a, b, c]
                if not v > tolerance:
                    wins = False
                    break
            if wins:
                if n == most:
                    return pairs[:n]
                if n == len(pairs):
                    longer = np.empty((2 * n, 2), np.int64)
                    longer[:n] = pairs
                    pairs = longer
                pairs[n, 0], pairs[n, 1] = free[a], free[b]
                n += 1
    return pairs[:n]
