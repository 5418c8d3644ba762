"""Fix one patient: from a tree ensemble and the changes that may be made to the boxes that the search works on."""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.forest import MOST_GROUPS, Forest

__all__ = ["condition_masks", "project"]

BITS = 64
DEPENDS, ALWAYS, NEVER = 0, 1, 2


@njit(cache=True)
def holds(v, c, conditions):
    """Whether a value satisfies condition c."""
    if v != v:
        return conditions.missing[c] == 1
    if conditions.set_row[c] >= 0:
        return conditions.sets[conditions.set_row[c], np.int64(v)] == 1
    return (not v <= conditions.low[c]) and v <= conditions.high[c]


@njit(cache=True)
def condition_masks(row, place, values, conditions, group_of_feature, group_start, words):
    """What every distinct condition says: for the unchanged row, and which items of its feature's group satisfy it.

    `row` (columns,) is the patient. Items of one group are neighbours; item i sets column c to
    ``values[i, place[c]]``. Bit b of a mask stands for the group's item number b.

    Returns
    -------
    unchanged : (conditions,) 1 where the patient satisfies it
    mask : (conditions, words)
    verdict : (conditions,) ALWAYS or NEVER where no item makes a difference, else DEPENDS
    """
    count = len(conditions.column)
    unchanged = np.zeros(count, np.uint8)
    verdict = np.zeros(count, np.uint8)
    mask = np.zeros((count, words), np.uint64)
    for c in range(count):
        column = conditions.column[c]
        now = holds(row[column], c, conditions)
        unchanged[c] = now
        group = group_of_feature[conditions.feature[c]]
        met, size = 0, 0
        if group >= 0:
            size = group_start[group + 1] - group_start[group]
            for b in range(size):
                if holds(values[group_start[group] + b, place[column]], c, conditions):
                    met += 1
                    mask[c, b // BITS] |= np.uint64(1) << np.uint64(b % BITS)
        if now and met == size:
            verdict[c] = ALWAYS
        elif not now and met == 0:
            verdict[c] = NEVER
        else:
            verdict[c] = DEPENDS
    return unchanged, mask, verdict


@njit(cache=True)
def project(
    boxes, nodes, base, unchanged, mask, verdict, condition_feature, group_of_feature, group_start, max_size
):
    """The Forest of one patient, without the boxes that need more than `max_size` changes.

    Conditions of one box on the same group (the columns of a category, say) are joined into one literal first. The
    literals stand in the order of the path, so that neighbouring boxes begin alike: what is worked out for the
    beginning need not be worked out again.
    """
    n_boxes, total, words = len(boxes.tree), len(boxes.condition), mask.shape[1]
    trees, outputs, leaf_node = len(nodes.output), nodes.output, np.flatnonzero(nodes.leaf >= 0)
    seen = np.full(len(group_of_feature), -1, np.int64)
    path = np.empty(total, np.int32)
    n_groups = len(group_start) - 1
    box_start = np.zeros(trees + 1, np.int32)
    kept = np.empty(n_boxes, np.int32)
    box_node = np.empty(n_boxes, np.uint32)
    node_start = np.zeros(trees + 1, np.int32)
    node_literal, above = np.empty(total + trees, np.uint32), np.empty(total + trees, np.uint32)
    path_node = np.empty(MOST_GROUPS + 1, np.int64)  # nodes of the newest path, its root first
    literal_start = np.zeros(trees + 1, np.int32)
    literal_group = np.empty(total, np.int32)
    literal_unchanged = np.empty(total, np.uint8)
    literal_mask = np.empty((total, words), np.uint64)
    latest = np.full(
        n_groups, -1, np.int32
    )  # newest literal of a group within the tree, then a chain backwards
    earlier = np.empty(total, np.int32)
    box_group = np.empty(MOST_GROUPS, np.int32)
    box_unchanged = np.empty(MOST_GROUPS, np.uint8)
    box_mask = np.empty((MOST_GROUPS, words), np.uint64)
    new_base = base.copy()
    output = np.zeros(trees, np.int32)
    n_trees, n_kept, n_nodes, n_literals, box = 0, 0, 0, 0, 0
    while box < n_boxes:
        tree = boxes.tree[box]
        first_box, first_node, first_literal = n_kept, n_nodes, n_literals
        node_literal[n_nodes], above[n_nodes], path_node[0] = 0, n_nodes, n_nodes
        n_nodes += 1
        length = 0
        while box < n_boxes and boxes.tree[box] == tree:
            alive, n_joined, needed, n_path = True, 0, 0, 0
            node = leaf_node[box]
            while nodes.parent[node] >= 0:  # the lowest edge of a feature has its whole condition
                c, feature = nodes.condition[node], nodes.feature[node]
                node = nodes.parent[node]
                if seen[feature] == box or verdict[c] == ALWAYS:
                    continue
                seen[feature] = box
                if verdict[c] == NEVER:
                    alive = False
                    break
                path[n_path] = c
                n_path += 1
            for j in range(n_path if alive else 0):
                c = path[n_path - 1 - j]
                group = group_of_feature[condition_feature[c]]
                a = 0
                while a < n_joined and box_group[a] != group:
                    a += 1
                if a == n_joined:
                    if n_joined == len(box_group):
                        raise ValueError(
                            "A path of the model tests more than 256 groups of features that may change."
                        )
                    n_joined += 1
                    box_group[a], box_unchanged[a] = group, unchanged[c]
                    for word in range(words):
                        box_mask[a, word] = mask[c, word]
                else:
                    box_unchanged[a] &= unchanged[c]
                    for word in range(words):
                        box_mask[a, word] &= mask[c, word]
            for a in range(n_joined):
                if not alive:
                    break
                if box_unchanged[a] == 0:
                    needed += 1
                    nothing = True
                    for word in range(words):
                        nothing &= box_mask[a, word] == 0
                    alive = (not nothing) and needed <= max_size
            if alive:
                same_path = True
                for a in range(n_joined):
                    group = box_group[a]
                    literal = latest[group]
                    while literal >= first_literal:
                        same = literal_unchanged[literal] == box_unchanged[a]
                        for word in range(words):
                            same &= literal_mask[literal, word] == box_mask[a, word]
                        if same:
                            break
                        literal = earlier[literal]
                    if literal < first_literal:
                        literal = n_literals
                        literal_group[literal], literal_unchanged[literal] = group, box_unchanged[a]
                        for word in range(words):
                            literal_mask[literal, word] = box_mask[a, word]
                        earlier[literal] = latest[group]
                        latest[group] = literal
                        n_literals += 1
                    same_path &= a < length and node_literal[path_node[a + 1]] == literal
                    if not same_path:
                        node_literal[n_nodes], above[n_nodes] = literal, path_node[a]
                        path_node[a + 1] = n_nodes
                        n_nodes += 1
                length = n_joined
                kept[n_kept], box_node[n_kept] = box, path_node[length]
                n_kept += 1
            box += 1
        for g in literal_group[first_literal:n_literals]:
            latest[g] = -1
        if n_kept - first_box == 1:  # nothing that may change decides here: the tree is a constant
            for c in range(boxes.value.shape[1]):
                new_base[outputs[tree] + c] += boxes.value[kept[first_box], c]
            n_kept, n_nodes, n_literals = first_box, first_node, first_literal
            continue
        output[n_trees] = outputs[tree]
        n_trees += 1
        box_start[n_trees], node_start[n_trees], literal_start[n_trees] = n_kept, n_nodes, n_literals
    value = np.empty((boxes.value.shape[1], n_kept))
    for a in range(n_kept):
        for c in range(len(value)):
            value[c, a] = boxes.value[kept[a], c]
    by_level(node_start[: n_trees + 1], node_literal, above, box_node, box_start)
    linked = link(literal_start[: n_trees + 1], literal_group, literal_mask, group_start)
    return Forest(
        new_base,
        output[:n_trees].copy(),
        box_start[: n_trees + 1].copy(),
        value,
        box_node[:n_kept].copy(),
        node_start[: n_trees + 1].copy(),
        node_literal[:n_nodes].copy(),
        above[:n_nodes].copy(),
        literal_start[: n_trees + 1].copy(),
        linked[0],
        literal_unchanged[:n_literals].copy(),
        linked[1],
        linked[2],
        linked[3],
        linked[4],
        linked[5],
        linked[6],
        linked[7],
        np.zeros(n_nodes + 1, np.int32),
        np.empty(0, np.uint32),
        np.empty((0, 2), np.int32),
        np.empty(0, np.int32),
        np.empty((0, 2), np.int32),
    )


@njit(cache=True)
def by_level(node_start, node_literal, above, box_node, box_start):
    """Put the nodes of every tree in the order of their depth, in place: neighbours then need not wait for each other."""
    widest = 0
    for t in range(len(node_start) - 1):
        widest = max(widest, node_start[t + 1] - node_start[t])
    depth, to = np.empty(widest, np.int32), np.empty(widest, np.int32)
    literal, up = np.empty(widest, np.uint32), np.empty(widest, np.uint32)
    for t in range(len(node_start) - 1):
        root, n = node_start[t], node_start[t + 1] - node_start[t]
        at = np.zeros(n + 1, np.int32)
        depth[0] = 0
        for a in range(n):
            if a > 0:
                depth[a] = depth[above[root + a] - root] + 1
            at[depth[a] + 1] += 1
        at = np.cumsum(at)
        for a in range(n):
            to[a] = at[depth[a]]
            at[depth[a]] += 1
            literal[a], up[a] = node_literal[root + a], above[root + a] - root
        for a in range(n):
            node_literal[root + to[a]] = literal[a]
            above[root + to[a]] = root + to[up[a]]
        for box in range(box_start[t], box_start[t + 1]):
            box_node[box] = root + to[box_node[box] - root]


@njit(cache=True)
def link(literal_start, literal_group, literal_mask, group_start):
    """Slots and links of every tree: items of a group that the tree's literals treat alike share a link."""
    trees = len(literal_start) - 1
    n_literals = literal_start[trees]
    widest, n_items = 0, 0
    for literal in range(n_literals):
        g = literal_group[literal]
        size = group_start[g + 1] - group_start[g]
        widest = max(widest, size)
        n_items += size
    literal_slot = np.empty(n_literals, np.int32)
    slot_start = np.zeros(trees + 1, np.int32)
    slot_group = np.empty(n_literals, np.int32)
    link_start = np.zeros(n_literals + 1, np.int32)
    item_start = np.zeros(n_items + 1, np.int32)
    item = np.empty(n_items, np.int32)
    allowed_start = np.zeros(n_literals + 1, np.int32)
    allowed = np.empty(n_items, np.int32)
    slot_of_group = np.full(len(group_start) - 1, -1, np.int32)
    label = np.empty(widest + 1, np.int32)
    renamed = np.empty(2 * widest + 2, np.int32)
    n_slots, n_links, n_items = 0, 0, 0
    for t in range(trees):
        first_slot = n_slots
        for literal in range(literal_start[t], literal_start[t + 1]):
            g = literal_group[literal]
            if slot_of_group[g] < first_slot:
                slot_of_group[g] = n_slots
                slot_group[n_slots] = g
                n_slots += 1
            literal_slot[literal] = slot_of_group[g]
        for s in range(first_slot, n_slots):
            g = slot_group[s]
            size = group_start[g + 1] - group_start[g]
            label[:size] = 0
            labels = 1
            for literal in range(literal_start[t], literal_start[t + 1]):
                if literal_slot[literal] != s:
                    continue
                renamed[: 2 * labels] = -1
                labels = 0
                for b in range(size):
                    inside = (literal_mask[literal, b // BITS] >> np.uint64(b % BITS)) & np.uint64(1)
                    key = 2 * label[b] + np.int64(inside)
                    if renamed[key] < 0:
                        renamed[key] = labels
                        labels += 1
                    label[b] = renamed[key]
            for a in range(labels):
                for b in range(size):
                    if label[b] == a:
                        item[n_items] = group_start[g] + b
                        n_items += 1
                n_links += 1
                item_start[n_links] = n_items
            link_start[s + 1] = n_links
        slot_start[t + 1] = n_slots
    n_allowed = 0
    for literal in range(n_literals):
        s = literal_slot[literal]
        for q in range(link_start[s], link_start[s + 1]):
            b = item[item_start[q]] - group_start[slot_group[s]]
            if (literal_mask[literal, b // BITS] >> np.uint64(b % BITS)) & np.uint64(1):
                allowed[n_allowed] = q
                n_allowed += 1
        allowed_start[literal + 1] = n_allowed
    return (
        literal_slot,
        allowed_start,
        allowed[:n_allowed].copy(),
        slot_start,
        slot_group[:n_slots].copy(),
        link_start[: n_slots + 1].copy(),
        item_start[: n_links + 1].copy(),
        item[:n_items].copy(),
    )
