"""What a forest becomes once some items are chosen or excluded, and the exact effect of every single further item."""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.forest import CHOSEN, FREE, Forest

__all__ = ["restrict", "single_effects"]

# What a literal says under the present choices.
HOLDS, FAILS, OPEN = 0, 1, 2


@njit(cache=True)
def restrict(forest, status, most):
    """The forest for sets that contain the chosen items, none of the excluded, and at most `most` free ones.

    `status` (n_items,) holds FREE, CHOSEN or EXCLUDED. Boxes that no such set reaches are dropped, literals that
    hold for all of them too; a tree whose boxes are down to one value becomes part of the base.

    Returns
    -------
    Forest
    array (Q',)
        For each of its links the link of the given forest that it came from.
    array (P',)
        The same for its pairs. Couples are all kept, so that what is known of them keeps its place.
    """
    trees = len(forest.output)
    n_literals, n_slots, n_links = (
        len(forest.literal_slot),
        len(forest.slot_group),
        len(forest.item_start) - 1,
    )
    base = forest.base.copy()
    output = np.empty(trees, np.int32)
    box_start = np.zeros(trees + 1, np.int32)
    kept = np.empty(forest.value.shape[1], np.int32)
    box_node = np.empty(forest.value.shape[1], np.uint32)
    n_all = len(forest.above)
    node_start = np.zeros(trees + 1, np.int32)
    node_literal, above = np.empty(n_all, np.uint32), np.empty(n_all, np.uint32)
    literal_start = np.zeros(trees + 1, np.int32)
    literal_slot = np.empty(n_literals, np.int32)
    unchanged = np.empty(n_literals, np.uint8)
    allowed_start = np.zeros(n_literals + 1, np.int32)
    allowed = np.empty(len(forest.allowed), np.int32)
    slot_start = np.zeros(trees + 1, np.int32)
    slot_group = np.empty(n_slots, np.int32)
    link_start = np.zeros(n_slots + 1, np.int32)
    origin = np.empty(n_links, np.int32)
    item_start = np.zeros(n_links + 1, np.int32)
    item = np.empty(len(forest.item), np.int32)

    link_now = np.empty(n_links, np.uint8)  # FREE: some item is free; CHOSEN: one is chosen; else EXCLUDED
    says = np.empty(n_literals, np.uint8)
    new_literal = np.empty(n_literals, np.int32)
    new_slot = np.empty(n_slots, np.int32)
    new_link = np.empty(n_links, np.int32)
    needed = np.empty(n_all, np.int64)  # changes that the path needs so far; more than `most` where it fails
    merged = np.empty(n_all, np.uint32)  # the lowest node of the path whose literal is still open
    new_node = np.empty(n_all, np.int32)
    costs = np.empty(n_literals, np.int64)
    n_pairs = len(forest.pair_couple)
    new_pair, pair_origin = np.full(n_pairs, -1, np.int32), np.empty(n_pairs, np.int32)
    pair_start, pair = np.zeros(n_all + 1, np.int32), np.empty(len(forest.pair), np.uint32)
    pair_link, pair_couple = np.empty((n_pairs, 2), np.int32), np.empty(n_pairs, np.int32)
    n_at_nodes = n_pair = 0
    n_trees = n_kept = n_nodes = n_lit = n_slot = n_link = n_item = n_allowed = 0
    for t in range(trees):
        for s in range(forest.slot_start[t], forest.slot_start[t + 1]):
            new_slot[s] = -1
            for q in range(forest.link_start[s], forest.link_start[s + 1]):
                link_now[q] = 2
                for a in range(forest.item_start[q], forest.item_start[q + 1]):
                    now = status[forest.item[a]]
                    if now == CHOSEN:
                        link_now[q] = CHOSEN
                        new_slot[s] = -2  # settled
                        break
                    if now == FREE:
                        link_now[q] = FREE
        for literal in range(forest.literal_start[t], forest.literal_start[t + 1]):
            s = forest.literal_slot[literal]
            new_literal[literal] = -1
            some = False
            reached = False
            n_free = 0
            for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                now = link_now[forest.allowed[a]]
                if now == FREE:
                    some = True
                    n_free += 1
                elif now == CHOSEN:
                    reached = True
            if new_slot[s] == -2:
                says[literal] = HOLDS if reached else FAILS
            elif forest.unchanged[literal] == 0:
                says[literal] = OPEN if some else FAILS
            else:
                for q in range(forest.link_start[s], forest.link_start[s + 1]):
                    if link_now[q] == FREE:
                        n_free -= 1
                says[literal] = HOLDS if n_free == 0 else OPEN
        for literal in range(forest.literal_start[t], forest.literal_start[t + 1]):
            costs[literal] = 0
            if says[literal] == FAILS:
                costs[literal] = most + 1
            elif says[literal] == OPEN and forest.unchanged[literal] == 0:
                costs[literal] = 1
        root, end = forest.node_start[t], forest.node_start[t + 1]
        needed[root], merged[root], new_node[root] = 0, root, n_nodes
        for node in range(root + 1, end):
            literal, up = forest.node_literal[node], forest.above[node]
            needed[node] = needed[up] + costs[literal]
            merged[node] = node if says[literal] == OPEN else merged[up]
            new_node[node] = -1
        first_box = n_kept
        same = True  # boxes of one value are as good as one box
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            node = forest.box_node[box]
            if needed[node] > most:
                continue
            kept[n_kept] = box
            n_kept += 1
            for c in range(len(forest.value)):
                same &= forest.value[c, box] == forest.value[c, kept[first_box]]
            node = merged[node]
            while new_node[node] == -1:
                new_node[node] = -2  # in use
                node = merged[forest.above[node]]
        if same:
            if n_kept > first_box:
                for c in range(len(forest.value)):
                    base[forest.output[t] + c] += forest.value[c, kept[first_box]]
            n_kept = first_box
            continue
        node_literal[n_nodes], above[n_nodes] = 0, n_nodes
        n_nodes += 1
        pair_start[n_nodes] = n_at_nodes
        for node in range(
            root + 1, end
        ):  # number what is in use: nodes, literals, their slots, the slots' links
            if new_node[node] == -1:
                continue
            literal = forest.node_literal[node]
            if new_literal[literal] < 0:
                s = forest.literal_slot[literal]
                if new_slot[s] < 0:
                    new_slot[s] = n_slot
                    slot_group[n_slot] = forest.slot_group[s]
                    for q in range(forest.link_start[s], forest.link_start[s + 1]):
                        if link_now[q] != FREE:
                            continue
                        for a in range(forest.item_start[q], forest.item_start[q + 1]):
                            if status[forest.item[a]] == FREE:
                                item[n_item] = forest.item[a]
                                n_item += 1
                        new_link[q] = n_link
                        origin[n_link] = q
                        n_link += 1
                        item_start[n_link] = n_item
                    n_slot += 1
                    link_start[n_slot] = n_link
                new_literal[literal] = n_lit
                literal_slot[n_lit] = new_slot[s]
                unchanged[n_lit] = forest.unchanged[literal]
                for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                    q = forest.allowed[a]
                    if link_now[q] == FREE:
                        allowed[n_allowed] = new_link[q]
                        n_allowed += 1
                n_lit += 1
                allowed_start[n_lit] = n_allowed
            new_node[node] = n_nodes
            node_literal[n_nodes] = new_literal[literal]
            above[n_nodes] = new_node[merged[forest.above[node]]]
            n_nodes += 1
            for x in range(forest.pair_start[node], forest.pair_start[node + 1]):
                p = forest.pair[x]
                a, b = forest.pair_link[p, 0], forest.pair_link[p, 1]
                if link_now[a] != FREE or link_now[b] != FREE:
                    continue
                if new_pair[p] < 0:
                    new_pair[p], pair_origin[n_pair] = n_pair, p
                    pair_link[n_pair, 0], pair_link[n_pair, 1] = new_link[a], new_link[b]
                    pair_couple[n_pair] = forest.pair_couple[p]
                    n_pair += 1
                pair[n_at_nodes] = new_pair[p]
                n_at_nodes += 1
            pair_start[n_nodes] = n_at_nodes
        for a in range(first_box, n_kept):
            box_node[a] = new_node[merged[forest.box_node[kept[a]]]]
        output[n_trees] = forest.output[t]
        n_trees += 1
        box_start[n_trees], node_start[n_trees] = n_kept, n_nodes
        literal_start[n_trees], slot_start[n_trees] = n_lit, n_slot
    value = np.empty((len(forest.value), n_kept))
    for c in range(len(value)):
        for a in range(n_kept):
            value[c, a] = forest.value[c, kept[a]]
    smaller = Forest(
        base,
        output[:n_trees].copy(),
        box_start[: n_trees + 1].copy(),
        value,
        box_node[:n_kept].copy(),
        node_start[: n_trees + 1].copy(),
        node_literal[:n_nodes].copy(),
        above[:n_nodes].copy(),
        literal_start[: n_trees + 1].copy(),
        literal_slot[:n_lit].copy(),
        unchanged[:n_lit].copy(),
        allowed_start[: n_lit + 1].copy(),
        allowed[:n_allowed].copy(),
        slot_start[: n_trees + 1].copy(),
        slot_group[:n_slot].copy(),
        link_start[: n_slot + 1].copy(),
        item_start[: n_link + 1].copy(),
        item[:n_item].copy(),
        pair_start[: n_nodes + 1].copy(),
        pair[:n_at_nodes].copy(),
        pair_link[:n_pair].copy(),
        pair_couple[:n_pair].copy(),
        forest.couple,
    )
    return smaller, origin[:n_link].copy(), pair_origin[:n_pair].copy()


@njit(cache=True)
def single_effects(forest, status):
    """Exact outputs for the chosen items, (k,), and what each single further item adds to them, (n_items, k).

    A box that is active now is lost by an item that one of its literals does not allow; a box that lacks exactly
    one group is gained by the items of that group that it allows. Only the rows of free items mean anything.
    """
    k, width = len(forest.base), len(forest.value)
    now = forest.base.copy()
    gain = np.zeros((len(forest.item_start) - 1, k))
    says = np.empty(len(forest.literal_slot), np.uint8)
    taken = np.full(len(forest.slot_group), -1, np.int32)  # the chosen link of a slot
    for s in range(len(taken)):
        for q in range(forest.link_start[s], forest.link_start[s + 1]):
            for a in range(forest.item_start[q], forest.item_start[q + 1]):
                if status[forest.item[a]] == CHOSEN:
                    taken[s] = q
    for literal in range(len(says)):
        q = taken[forest.literal_slot[literal]]
        if q < 0:
            says[literal] = HOLDS if forest.unchanged[literal] == 1 else OPEN
            continue
        says[literal] = FAILS
        for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
            if forest.allowed[a] == q:
                says[literal] = HOLDS
    lacks = np.zeros(
        len(forest.above), np.int64
    )  # literals of the path that do not hold, a failing one twice
    needed = np.empty(len(forest.above), np.int32)
    for t in range(len(forest.output)):
        o = forest.output[t]
        for node in range(forest.node_start[t] + 1, forest.node_start[t + 1]):
            literal, up = forest.node_literal[node], forest.above[node]
            lacks[node] = lacks[up] + (says[literal] == OPEN) + 2 * (says[literal] == FAILS)
            needed[node] = needed[up] if says[literal] == HOLDS else literal
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            node = forest.box_node[box]
            if lacks[node] > 1:
                continue
            if lacks[node] == 1:
                literal = needed[node]
                for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                    for c in range(width):
                        gain[forest.allowed[a], o + c] += forest.value[c, box]
                continue
            for c in range(width):
                now[o + c] += forest.value[c, box]
            while forest.above[node] != node:
                literal = forest.node_literal[node]
                node = forest.above[node]
                s = forest.literal_slot[literal]
                for c in range(width):
                    v = forest.value[c, box]
                    for q in range(forest.link_start[s], forest.link_start[s + 1]):
                        gain[q, o + c] -= v
                    for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                        gain[forest.allowed[a], o + c] += v
    effect = np.zeros((len(status), k))
    for q in range(len(gain)):
        for a in range(forest.item_start[q], forest.item_start[q + 1]):
            for c in range(k):
                effect[forest.item[a], c] += gain[q, c]
    return now, effect
