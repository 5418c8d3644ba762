r"""Which items can begin a set of a few items that is good enough, and which can follow: a bound on all sets at once.

With the coefficients c_T of one expression (`coefficients`), f(S) is the sum of c_T over the parts T of S, |S| <= r.

**What no set can exceed.** Share each coefficient equally among its items. In S, item j meets at most r - 1 others
and at most C(r - 1, o - 1) coefficients of o items, so

.. math::  f(S) \le c_\emptyset + \text{top}_r \Big( c_j + \tfrac12 \text{(the r - 1 largest positive } c_{jk})
           + \sum_{o \ge 3} \tfrac1o \text{(at most } \tbinom{r - 1}{o - 1} \text{ positive } c_T, j \in T, |T| = o) \Big)

with top_r the sum of the r largest positive ones. Where few coefficients of an item are positive all of them are
added up; where many are, the largest is counted as often as they may be.

**First items.** Given the first item i of a set, the coefficient of T becomes c_T + c_{T + i}, and r falls by one. The
largest positive values of a sum are at most those of its parts together, so all sets with first item i are bounded from
the coefficients as they are, and by the same bound those that have a certain later item as well. This counts on one
coefficient a set: where there were two of the same items, both would count as one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.coefficients import others_of

__all__ = ["beginnings"]


@njit(cache=True)
def beginnings(one, left, least):
    """The first items with which a set of at most `left` (3 or more) items can be over `least`, and what can follow.

    From the last item to the first, so that only items which come later count in a bound.

    Returns
    -------
    which : int array (n,)
        First items, falling.
    start : int array (n + 1,)
    later : int array
        Later items that a set with first item ``which[x]`` may have: ``later[start[x]:start[x + 1]]``, rising.
    """
    m, r = one.single.shape[1], left - 1  # r more items beside the first
    pair, more = one.pair[0], one.more[0]
    # Of each item with later ones: c_j and the shares of its coefficients; its r - 1 largest positive pairs, falling;
    # the largest and the sum of its positive coefficients of o items.
    worth, pairs = one.single[0].copy(), np.zeros((m, r - 1))
    largest, total = np.zeros((m, r + 1)), np.zeros((m, r + 1))
    share = np.zeros(r + 1)
    for o in range(2, r + 1):
        share[o] = 1.0 / o
        for d in range(o - 1):
            share[o] *= (r - 1 - d) / (d + 1)
    # The same for what a first item adds to the coefficients of o later ones, as long as they are not merged.
    its_largest, its_total = np.zeros((m, r + 1)), np.zeros((m, r + 1))
    extra, touched = np.zeros(m), np.empty(m, np.int32)
    top, v = np.empty(r), np.empty(m)
    which, start, n = np.empty(m, np.int64), np.zeros(m + 1, np.int64), 0
    later, n_later = np.empty(4 * m, np.int32), 0
    for i in range(m - 1, -1, -1):
        row, n_touched = pair[i], 0
        for a in range(one.start[i], one.start[i + 1]):
            if more[a] <= 0.0:
                continue
            o = others_of(one, a)
            for d in range(o):
                j = one.others[a, d]
                if extra[j] == 0.0:
                    extra[j] = 1.0
                    touched[n_touched] = j
                    n_touched += 1
                its_largest[j, o] = max(its_largest[j, o], more[a])
                its_total[j, o] += more[a]
        for a in range(n_touched):
            j = touched[a]
            extra[j] = 0.0
            for o in range(2, r + 1):
                extra[j] += min(share[o] * its_largest[j, o], its_total[j, o] / o)
                its_largest[j, o] = its_total[j, o] = 0.0
        top[:] = 0.0
        for j in range(i + 1, m):
            v[j] = worth[j] + row[j] + extra[j]
            if v[j] > top[r - 1]:
                insert(top, v[j])
        for a in range(n_touched):
            extra[touched[a]] = 0.0
        reached = one.level[0] + one.single[0, i] + top.sum()
        if reached > least:
            if n_later + m - i > len(later):
                later = np.append(later, np.empty(len(later) + m, np.int32))
            for j in range(i + 1, m):
                # A set with j has j in the place of one of the top r, unless it is one of them.
                if v[j] >= top[r - 1] or reached - top[r - 1] + v[j] > least:
                    later[n_later] = j
                    n_later += 1
            which[n] = i
            n += 1
            start[n] = n_later
        for j in range(i + 1, m):  # i becomes a later item
            if row[j] > 0.0:
                worth[j] += 0.5 * (row[j] - insert(pairs[j], row[j]))
                worth[i] += 0.5 * (row[j] - insert(pairs[i], row[j]))
        for a in range(one.start[i], one.start[i + 1]):
            o = others_of(one, a) + 1
            if o > r or more[a] <= 0.0:
                continue
            for d in range(o):
                j = i if d == o - 1 else one.others[a, d]
                before = min(share[o] * largest[j, o], total[j, o] / o)
                largest[j, o] = max(largest[j, o], more[a])
                total[j, o] += more[a]
                worth[j] += min(share[o] * largest[j, o], total[j, o] / o) - before
    return which[:n], start[: n + 1], later[:n_later]


@njit(cache=True)
def insert(falling, v):
    """Keep the largest values seen; what falls out, v itself where it is not among them."""
    at = len(falling) - 1
    if v <= falling[at]:
        return v
    out = falling[at]
    while at > 0 and falling[at - 1] < v:
        falling[at] = falling[at - 1]
        at -= 1
    falling[at] = v
    return out
