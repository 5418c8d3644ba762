"""Changes that a tree rewards only together: the pairs that its boxes need, and what they may add to an item.

In `explainers.trees.search.bound` every tree pays for single items. What two items are worth together it can only
split between them, and then each of them seems to be worth that much with every partner at once, although a set of r
items gives an item r - 1 partners. So trees also pay for pairs. A **pair** belongs to one tree: two links, of one item
each, that some box of it needs both. The pairs of different trees that are about the same two items form a **couple**.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.forest import CHOSEN, FREE, Forest

__all__ = ["couple_totals", "inherit", "pair_gradient", "with_pairs", "worth"]

MOST_WITH_PAIRS = 2000  # items beyond which no pairs are kept: their table would take too much memory


def with_pairs(forest: Forest, n_items: int) -> Forest:
    """The same forest with its pairs; they are kept where it is restricted later."""
    if n_items > MOST_WITH_PAIRS:
        return forest
    pair_start, pair, link, couple_of, couple = find_pairs(forest, n_items)
    return forest._replace(
        pair_start=pair_start, pair=pair, pair_link=link, pair_couple=couple_of, couple=couple
    )


@njit(cache=True)
def find_pairs(forest, n_items):
    """Pairs of every node, their links and couples, and the items of the couples."""
    needs = np.full(len(forest.literal_slot), -1, np.int32)  # the only link of one item that a literal needs
    for literal in range(len(needs)):
        first = forest.allowed_start[literal]
        if forest.unchanged[literal] == 1 or forest.allowed_start[literal + 1] - first != 1:
            continue
        q = forest.allowed[first]
        if forest.item_start[q + 1] - forest.item_start[q] == 1:
            needs[literal] = q
    widest, room = 0, 0
    depth = np.zeros(len(forest.above), np.int32)  # such literals on the path
    for t in range(len(forest.output)):
        n_links = forest.link_start[forest.slot_start[t + 1]] - forest.link_start[forest.slot_start[t]]
        widest = max(widest, n_links)
        for node in range(forest.node_start[t] + 1, forest.node_start[t + 1]):
            before = depth[forest.above[node]]
            found = needs[forest.node_literal[node]] >= 0
            depth[node] = before + found
            room += before * found
    start, pair = np.zeros(len(forest.above) + 1, np.int32), np.empty(room, np.uint32)
    link, couple_of, couple = (
        np.empty((room, 2), np.int32),
        np.empty(room, np.int32),
        np.empty((room, 2), np.int32),
    )
    of_links = np.full((widest, widest), -1, np.int32)
    of_items = np.full((n_items, n_items), -1, np.int32)
    n, n_pairs, n_couples = 0, 0, 0
    for t in range(len(forest.output)):
        first_pair, first_link = n_pairs, forest.link_start[forest.slot_start[t]]
        for node in range(forest.node_start[t], forest.node_start[t + 1]):
            a = needs[forest.node_literal[node]] if forest.above[node] != node else -1
            up = forest.above[node]
            while a >= 0 and forest.above[up] != up:
                b = needs[forest.node_literal[up]]
                up = forest.above[up]
                if b < 0:
                    continue
                x, y = min(a, b) - first_link, max(a, b) - first_link
                if of_links[x, y] < first_pair:  # new in this tree
                    of_links[x, y] = n_pairs
                    i, j = forest.item[forest.item_start[a]], forest.item[forest.item_start[b]]
                    i, j = min(i, j), max(i, j)
                    if of_items[i, j] < 0:
                        of_items[i, j] = n_couples
                        couple[n_couples, 0], couple[n_couples, 1] = i, j
                        n_couples += 1
                    link[n_pairs, 0], link[n_pairs, 1], couple_of[n_pairs] = a, b, of_items[i, j]
                    n_pairs += 1
                pair[n] = of_links[x, y]
                n += 1
            start[node + 1] = n
    return start, pair, link[:n_pairs].copy(), couple_of[:n_pairs].copy(), couple[:n_couples].copy()


@njit(cache=True)
def couple_totals(forest, prices, together):
    """Fill in what all trees pay for each couple."""
    together[:] = 0.0
    for p in range(len(prices)):
        together[forest.pair_couple[p]] += prices[p]


@njit(cache=True)
def worth(forest, total, together, tilt, status, r, v, n_best, best, part):
    """What each item may add to a set of at most r: its total, and the r - 1 largest positive parts of its couples.

    A couple's total is split into ``together / 2 + tilt`` for its first item and ``together / 2 - tilt`` for its second.

    Fills `v` (n_items,), and the couples counted in: how many, `n_best` (n_items,), which, `best` (n_items, r), with
    their parts, falling, `part` (n_items, r).
    """
    n_best[:] = 0
    most = r - 1
    for c in range(len(together) if most > 0 else 0):
        if together[c] == 0.0:
            continue
        if status[forest.couple[c, 0]] != FREE or status[forest.couple[c, 1]] != FREE:
            continue
        for side in range(2):
            x = 0.5 * together[c] + (tilt[c] if side == 0 else -tilt[c])
            i = forest.couple[c, side]
            at = n_best[i]
            if x <= 0.0 or (at == most and x <= part[i, most - 1]):
                continue
            if at == most:
                at -= 1
            else:
                n_best[i] += 1
            while at > 0 and part[i, at - 1] < x:
                part[i, at], best[i, at] = part[i, at - 1], best[i, at - 1]
                at -= 1
            part[i, at], best[i, at] = x, c
    for i in range(len(v)):
        v[i] = total[i]
        for a in range(n_best[i]):
            v[i] += part[i, a]


@njit(cache=True)
def pair_gradient(forest, choice, taken, n_best, best, prices, counted, out, tilt_out):
    """How the bound grows with what the trees pay for pairs, `out` (P,), and with the tilts, `tilt_out` (C,).

    `choice` (T,) are the trees' best boxes, `taken` (n_items,) the items that the set takes. `counted` (C,) is scratch.
    """
    counted[:] = 0.0
    tilt_out[:] = 0.0
    for i in range(len(taken)):
        if taken[i] == 0:
            continue
        for a in range(n_best[i]):
            c = best[i, a]
            counted[c] += 0.5
            tilt_out[c] += 1.0 if forest.couple[c, 0] == i else -1.0
    for p in range(len(out)):
        out[p] = counted[forest.pair_couple[p]]
    for t in range(len(choice)):
        if choice[t] < 0:
            continue
        node = forest.box_node[choice[t]]
        while forest.above[node] != node:
            for a in range(forest.pair_start[node], forest.pair_start[node + 1]):
                out[forest.pair[a]] -= 1.0
            node = forest.above[node]
    for p in range(len(out)):
        if prices[p] <= 0.0 and out[p] > 0.0:
            out[p] = 0.0  # prices stay at least 0


@njit(cache=True)
def inherit(forest, status, origin, pair_origin, x):
    """Multipliers, prices and tilts for a restricted forest: with one item chosen, a pair's price is for the other."""
    Q, P = len(forest.item_start) - 1, len(forest.pair_couple)
    passed_on = x.copy()
    for p in range(P):
        price = x[Q + p]
        if price == 0.0:
            continue
        a, b = forest.pair_link[p, 0], forest.pair_link[p, 1]
        of_a, of_b = status[forest.item[forest.item_start[a]]], status[forest.item[forest.item_start[b]]]
        if of_a == CHOSEN and of_b == FREE:
            passed_on[b] += price
        elif of_b == CHOSEN and of_a == FREE:
            passed_on[a] += price
    return np.concatenate((passed_on[:Q][origin], passed_on[Q : Q + P][pair_origin], passed_on[Q + P :]))
