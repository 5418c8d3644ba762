r"""An upper bound on what any set of at most r further items can reach, by Lagrangian decomposition over trees.

**The question.** A goal is J linear expressions of the outputs, all of which have to be positive: with a matrix
D (J, k) and offsets e, ``score(S) = min_j (D g(S) + e)_j``. Is there a set S of at most r free items, one of a
group at most, with ``score(S) > 0``?

**The bound.** Let w be weights over the J expressions (w >= 0, sum 1), c = D'w, and h_t(S) the weighted value
``c . (value of tree t's active box)``. A minimum is at most any weighted mean, so

.. math::  score(S) \le c \cdot base + w \cdot e + \sum_t h_t(S).

Take any numbers L(t, i), one for each tree and item, and write ``Lam_i = sum_t L(t, i)``. Adding and subtracting,

.. math::  \sum_t h_t(S) = \sum_t \Big[h_t(S) - \sum_{i \in S} L(t, i)\Big] + \sum_{i \in S} Lam_i.

Each bracket is at most its maximum over *all* sets S_t with one item of a group at most, whatever the other trees
take, and the last sum is at most the sum of the r largest positive Lam_i, one of a group at most. Hence

.. math::  B(w, L) = c \cdot base + w \cdot e + \sum_t \max_{S_t} \Big[h_t(S_t) - \sum_{i \in S_t} L(t, i)\Big]
           + \text{top}_r(Lam) \;\ge\; score(S)

for every admissible S: **the bound is admissible for any such w and any L**, and with pairs (below) for any M >= 0 and
any N, so neither the way they are found nor rounding in them can make a proof wrong; rounding in the sums themselves,
which large multipliers make large, is added to B (`descent.ROUNDING`). Rules that the bound ignores (pairs, requirements) only shrink the left side. Items
that a tree treats alike (a link) may share one L without loss: the tree's maximum depends on their smallest L only.

**Pairs.** What two items are worth only together a tree can pay for by splitting it between them; in the sum it then
seems to be had with every partner at once, while a set of r items gives an item r - 1 partners. So trees also pay for
pairs p = {i, j}: take any prices M(t, p) >= 0 for pairs that boxes of tree t need both. The pairs of different trees about
the same two items are one couple; its total is Mam_p = sum_t M(t, p).
As before,

.. math::  \sum_t h_t(S) = \sum_t \Big[h_t(S) - \sum_{i \in S} L(t, i) - \sum_{p \subseteq S} M(t, p)\Big]
           + \sum_{i \in S} Lam_i + \sum_{p \subseteq S} Mam_p.

In the bracket, a box is charged for the pairs that it needs; leaving out the others can only raise it. In the last sum
split each Mam_p between its items, into Mam_p / 2 + N_p and Mam_p / 2 - N_p with any tilt N_p. An item of S meets at
most r - 1 others, so with V_i = Lam_i + (the r - 1 largest positive parts of the couples of i) the last two sums are at
most top_r(V), and V takes the place of Lam in B and below. That is how quadratic knapsacks are bounded [4]_.

**The maximum of one tree** is taken box by box. For each slot s (a group the tree looks at) let
``m_s = max(0, max over links q of -L_q)``, the best that the tree's own copy S_t gets from the group when the box
does not care. A box that does care has a literal there, which earns
``max over allowed links of -L_q`` (and 0, if the unchanged value is inside) in place of m_s. So the bracket is
``sum_s m_s + max over boxes (c . value + sum over its literals (earned - m_s))``. For a binary alteration this is
``-max(L, 0)`` where the box needs it and ``min(L, 0)`` where the box forbids it.

**Excluding items.** For an item i outside the r chosen by top_r, every set that contains it scores at most
``B - (r-th value taken) + V_i``; where that is not positive no winning set contains i, and i is dropped with its
boxes for good. (An item of the same group as a chosen one takes that one's place, which costs at least as much as
replacing the smallest; the smallest is the weaker, hence safe, choice.)

**Finding w and L.** B is convex and piecewise linear; a subgradient for L(t, i) is [top_r takes i] - [S_t takes i],
for M(t, p) the share of p that top_r(V) counts (half for each of its items) - [S_t takes both], for w the expressions'
values at the trees' own choices. Steps follow Polyak with a target slightly below zero, along a direction that keeps
part of the previous one where the new one turns against it. Without pairs the smallest B is the linear-programming
bound of the mixed-integer model in which each tree selects one leaf; with them it is at most that.

References
----------
.. [1] Fisher (1981), Management Science 27(1): Lagrangian relaxation. doi:10.1287/mnsc.27.1.1
.. [2] Camerini, Fratta, Maffioli (1975), Math. Programming Study 3: deflected subgradients.
.. [3] Parmentier, Vidal (2021), ICML, arXiv:2106.06631: counterfactuals of tree ensembles as a mixed-integer
   program over leaves.
.. [4] Caprara, Pisinger, Toth (1999), INFORMS Journal on Computing 11(2): the quadratic knapsack problem.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.search.forest import FREE

__all__ = ["Prepared", "bound", "combine", "largest", "mean_range", "prepare", "weigh"]


@njit(cache=True)
def largest(total, status, group, r, taken, prefix):
    """top_r: mark in `taken` the up to r free items with the largest positive totals, one of a group at most.

    ``prefix[a]`` becomes the sum of the first a. Returns the r-th total (0 where fewer are positive).
    """
    taken[:] = 0
    best = np.full(r, -1, np.int64)  # positions of the items taken so far, falling totals
    n = 0
    for i in range(len(total)):
        v = total[i]
        if status[i] != FREE or v <= 0.0 or (n == r and v <= total[best[n - 1]]):
            continue
        a, mate = 0, -1
        while a < n:
            if group[best[a]] == group[i]:
                mate = a
                break
            a += 1
        if mate >= 0:
            if total[best[mate]] >= v:
                continue
            a = mate
        elif n < r:
            a = n
            n += 1
        else:
            a = n - 1
        while a > 0 and total[best[a - 1]] < v:
            best[a] = best[a - 1]
            a -= 1
        best[a] = i
    prefix[0] = 0.0
    for a in range(r):
        prefix[a + 1] = prefix[a]
        if a < n:
            taken[best[a]] = 1
            prefix[a + 1] += total[best[a]]
    return total[best[r - 1]] if n == r and r > 0 else 0.0


@njit(cache=True)
def combine(goal, w):
    """The weights of the outputs, c = D'w, (k,)."""
    c = np.zeros(goal.shape[1])
    for j in range(len(w)):
        for o in range(len(c)):
            c[o] += w[j] * goal[j, o]
    return c


@njit(cache=True)
def weigh(forest, c, weighted):
    """Fill in the weighted values of all boxes."""
    t, trees = 0, len(forest.output)
    while t < trees:  # trees that follow one another and add to the same outputs at once
        o, end = forest.output[t], t + 1
        while end < trees and forest.output[end] == o:
            end += 1
        first, last = forest.box_start[t], forest.box_start[end]
        into = weighted[first:last]
        for x in range(len(forest.value)):
            weight, value = c[o + x], forest.value[x, first:last]
            if x == 0:
                for box in range(len(into)):
                    into[box] = weight * value[box]
            else:
                for box in range(len(into)):
                    into[box] += weight * value[box]
        t = end


@njit(cache=True)
def mean_range(forest, c):
    """How far a tree's weighted values lie apart, on average."""
    weighted, spread = np.empty(forest.value.shape[1]), 0.0
    weigh(forest, c, weighted)
    for t in range(len(forest.output)):
        here = weighted[forest.box_start[t] : forest.box_start[t + 1]]
        spread += here.max() - here.min()
    return spread / max(1, len(forest.output))


class Prepared(NamedTuple):
    """What every step on one forest needs; see `prepare`."""

    active: NDArray[np.int32]  # (T,) each tree's active box while no free item is chosen
    owner: NDArray[np.uint32]  # link of every entry of `forest.item`
    option: NDArray[
        np.uint32
    ]  # (N,) link that a literal allows; Q, "leave it alone", where it holds unchanged
    wide: NDArray[np.int32]  # literals that have more options than that
    pair_node: NDArray[np.uint32]  # node of every entry of `forest.pair`
    is_single: bool  # whether every slot has one link: the link of a slot then has its number


@njit(cache=True)
def prepare(forest):
    """Lay out what the steps look up, so that a binary alteration costs one look and no branch."""
    n_links = len(forest.item_start) - 1
    owner = np.empty(len(forest.item), np.uint32)
    for q in range(n_links):
        owner[forest.item_start[q] : forest.item_start[q + 1]] = q
    option = np.empty(len(forest.literal_slot), np.uint32)
    wide = np.empty(len(option), np.int32)
    n_wide = 0
    for literal in range(len(option)):
        first = forest.allowed_start[literal]
        option[literal] = n_links if forest.unchanged[literal] == 1 else forest.allowed[first]
        if forest.allowed_start[literal + 1] - first + forest.unchanged[literal] > 1:
            wide[n_wide] = literal
            n_wide += 1
    pair_node = np.empty(len(forest.pair), np.uint32)
    for node in range(len(forest.above)):
        pair_node[forest.pair_start[node] : forest.pair_start[node + 1]] = node
    is_single = True
    for s in range(len(forest.slot_group)):
        is_single &= forest.link_start[s + 1] - forest.link_start[s] == 1
    return Prepared(active_boxes(forest), owner, option, wide[:n_wide].copy(), pair_node, is_single)


@njit(cache=True)
def bound(forest, prepared, goal, offset, w, L, prices, total, choice, at_choice):
    """B without its last term for weights w, multipliers L (Q,) and prices of pairs (P,), one pass over the forest.

    Fills `total` (n_items,) with Lam, `choice` (T,) with each tree's best box (-1 for a tree that no weight looks
    at, which stays in its `active` box) and `at_choice` (J,) with the expressions' values there. Returns the sum.
    """
    k, width = len(forest.base), len(forest.value)
    c = combine(goal, w)
    a = 0.0
    for j in range(len(w)):
        a += w[j] * offset[j]
    outputs = forest.base.copy()
    for o in range(k):
        a += c[o] * forest.base[o]
    minus = np.empty(len(L) + 1)  # the last one for leaving a group alone
    minus[: len(L)] = -L
    minus[len(L)] = 0.0
    slack = np.empty(len(forest.slot_group))
    if prepared.is_single:
        for s in range(len(slack)):
            slack[s] = max(0.0, minus[s])
    else:
        for s in range(len(slack)):
            slack[s] = max(0.0, minus[forest.link_start[s]])
            for q in range(forest.link_start[s] + 1, forest.link_start[s + 1]):
                slack[s] = max(slack[s], minus[q])
    earned = np.empty(len(forest.literal_slot))
    for literal in range(len(earned)):
        earned[literal] = minus[prepared.option[literal]] - slack[forest.literal_slot[literal]]
    for literal in prepared.wide:
        m = minus[prepared.option[literal]]
        for b in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
            m = max(m, minus[forest.allowed[b]])
        earned[literal] = m - slack[forest.literal_slot[literal]]
    along = np.zeros(len(forest.above))  # what the literals of the path have earned
    charge = np.zeros(len(forest.above))
    for x in range(len(forest.pair)):
        charge[prepared.pair_node[x]] += prices[forest.pair[x]]
    weighted = np.empty(forest.value.shape[1])
    weigh(forest, c, weighted)
    total[:] = 0.0
    for t in range(len(forest.output)):
        o = forest.output[t]
        seen = False
        for x in range(width):
            seen |= c[o + x] != 0.0
        if not seen:
            choice[t] = -1
            for x in range(width):
                outputs[o + x] += forest.value[x, prepared.active[t]]
            continue
        first, last = forest.slot_start[t], forest.slot_start[t + 1]
        for s in range(first, last):
            a += slack[s]
        for x in range(
            forest.item_start[forest.link_start[first]], forest.item_start[forest.link_start[last]]
        ):
            total[forest.item[x]] -= minus[prepared.owner[x]]
        for node in range(forest.node_start[t] + 1, forest.node_start[t + 1]):
            along[node] = along[forest.above[node]] + earned[forest.node_literal[node]] - charge[node]
        best, best_box = -np.inf, -1
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            v = weighted[box] + along[forest.box_node[box]]
            if v > best:
                best, best_box = v, box
        a += best
        choice[t] = best_box
        for x in range(width):
            outputs[o + x] += forest.value[x, best_box]
    for j in range(len(w)):
        at_choice[j] = offset[j]
        for o in range(k):
            at_choice[j] += goal[j, o] * outputs[o]
    return a


@njit(cache=True)
def active_boxes(forest):
    """Each tree's active box while no free item is chosen, (T,)."""
    active = np.empty(len(forest.output), np.int32)
    holds = np.ones(len(forest.above), np.uint8)
    for t in range(len(active)):
        for node in range(forest.node_start[t] + 1, forest.node_start[t + 1]):
            holds[node] = holds[forest.above[node]] & forest.unchanged[forest.node_literal[node]]
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            if holds[forest.box_node[box]] == 1:
                active[t] = box
                break
    return active
