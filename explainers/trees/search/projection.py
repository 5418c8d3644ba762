"""Fix one patient: from a tree ensemble and the changes that may be made to the boxes that the search works on."""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.cells import ALWAYS, NEVER, cells_of_tree, workspace
from explainers.trees.search.forest import MOST_GROUPS, Forest
from explainers.trees.search.linking import link, no_links

__all__ = ["project"]

BUCKETS = 1 << 10  # of the literals of one tree


@njit(cache=True)
def project(
    boxes,
    nodes,
    base,
    says,
    ordered,
    conditions,
    group_of_feature,
    group_start,
    max_size,
    first_tree,
    end_tree,
):
    """The Forest of one patient, without the boxes that need more than `max_size` changes.

    Of the trees from `first_tree` to `end_tree` (not included) only; `base` is what the trees before them made of it.
    `says` and `ordered` are those of `cells.said` and `cells.sort_values`.

    Conditions of one box on the same group (the columns of a category, say) are joined into one literal first. The
    literals stand in the order of the path, so that neighbouring boxes begin alike: what is worked out for the
    beginning need not be worked out again.
    """
    first_node_of_all, end_node_of_all = nodes.start[first_tree], nodes.start[end_tree]
    leaf_node = first_node_of_all + np.flatnonzero(nodes.leaf[first_node_of_all:end_node_of_all] >= 0)
    first_box_of_all = np.int64(nodes.leaf[leaf_node[0]])
    end_box_of_all = first_box_of_all + len(leaf_node)
    n_boxes, total = len(leaf_node), boxes.start[end_box_of_all] - boxes.start[first_box_of_all]
    trees, outputs = end_tree - first_tree, nodes.output
    n_groups = len(group_start) - 1
    verdict, unchanged, feature_of = says.verdict, says.unchanged, conditions.feature
    work = workspace(ordered, len(verdict), n_groups)
    row_of = work.row
    seen = np.full(len(group_of_feature), -1, np.int64)
    path = np.empty(total, np.int32)
    box_start = np.zeros(trees + 1, np.int32)
    kept = np.empty(n_boxes, np.int32)
    box_node = np.empty(n_boxes, np.uint32)
    node_start = np.zeros(trees + 1, np.int32)
    node_literal, above = np.empty(total + trees, np.uint32), np.empty(total + trees, np.uint32)
    path_node = np.empty(MOST_GROUPS + 1, np.int64)  # nodes of the newest path, its root first
    literal_start = np.zeros(trees + 1, np.int32)
    literal_group = np.empty(total, np.int32)
    literal_unchanged = np.empty(total, np.uint8)
    latest = np.full(BUCKETS, -1, np.int32)  # newest literal of a bucket, then a chain backwards
    earlier = np.empty(total, np.int32)
    bucket = np.empty(total, np.int32)
    box_group = np.empty(MOST_GROUPS, np.int32)
    box_unchanged = np.empty(MOST_GROUPS, np.uint8)
    new_base = base.copy()
    output = np.zeros(trees, np.int32)
    links = no_links(total, trees, n_groups, len(work.cell))
    n_trees, n_kept, n_nodes, n_literals, box = 0, 0, 0, 0, first_box_of_all
    for tree in range(first_tree, end_tree):
        here, mask = cells_of_tree(tree, nodes, says, ordered, conditions, group_start, work)
        words = mask.shape[1]
        first_box, first_node, first_literal = n_kept, n_nodes, n_literals
        end_box = box
        while end_box < end_box_of_all and boxes.tree[end_box] == tree:
            end_box += 1
        literal_mask = np.empty((boxes.start[end_box] - boxes.start[box], words), np.uint64)
        box_mask = np.empty((MOST_GROUPS, words), np.uint64)
        node_literal[n_nodes], above[n_nodes], path_node[0] = 0, n_nodes, n_nodes
        n_nodes += 1
        length = 0
        while box < end_box:
            alive, n_joined, needed, n_path = True, 0, 0, 0
            node = leaf_node[box - first_box_of_all]
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
                group = group_of_feature[feature_of[c]]
                of_mask = row_of[c]
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
                        box_mask[a, word] = mask[of_mask, word]
                else:
                    box_unchanged[a] &= unchanged[c]
                    for word in range(words):
                        box_mask[a, word] &= mask[of_mask, word]
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
                    at = bucket_of(group, box_unchanged[a], box_mask, a)
                    literal = latest[at]
                    while literal >= 0:
                        same = literal_group[literal] == group
                        same &= literal_unchanged[literal] == box_unchanged[a]
                        if same and equal(literal_mask, literal - first_literal, box_mask, a):
                            break
                        literal = earlier[literal]
                    if literal < 0:
                        literal = n_literals
                        literal_group[literal], literal_unchanged[literal] = group, box_unchanged[a]
                        for word in range(words):
                            literal_mask[literal - first_literal, word] = box_mask[a, word]
                        earlier[literal], latest[at], bucket[literal] = latest[at], literal, at
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
        for at in bucket[first_literal:n_literals]:
            latest[at] = -1
        for c in here:
            row_of[c] = -1
        if n_kept - first_box == 1:  # nothing that may change decides here: the tree is a constant
            for c in range(boxes.value.shape[1]):
                new_base[outputs[tree] + c] += boxes.value[kept[first_box], c]
            n_kept, n_nodes, n_literals = first_box, first_node, first_literal
            continue
        links = link(
            links, n_trees, first_literal, literal_group[:n_literals], literal_mask, group_start, work
        )
        output[n_trees] = outputs[tree]
        n_trees += 1
        box_start[n_trees], node_start[n_trees], literal_start[n_trees] = n_kept, n_nodes, n_literals
    value = np.empty((boxes.value.shape[1], n_kept))
    for a in range(n_kept):
        for c in range(len(value)):
            value[c, a] = boxes.value[kept[a], c]
    by_level(node_start[: n_trees + 1], node_literal, above, box_node, box_start)
    n_slots = links.slot_start[n_trees]
    n_links = links.link_start[n_slots]
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
        links.literal_slot[:n_literals].copy(),
        literal_unchanged[:n_literals].copy(),
        links.allowed_start[: n_literals + 1].copy(),
        links.allowed[: links.allowed_start[n_literals]].copy(),
        links.slot_start[: n_trees + 1].copy(),
        links.slot_group[:n_slots].copy(),
        links.link_start[: n_slots + 1].copy(),
        links.item_start[: n_links + 1].copy(),
        links.item[: links.item_start[n_links]].copy(),
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
def equal(masks, a, others, b):
    """Whether row a of some masks is row b of others."""
    word, words = 0, masks.shape[1]
    while word < words and masks[a, word] == others[b, word]:
        word += 1
    return word == words


@njit(cache=True)
def bucket_of(group, unchanged, mask, a):
    """A number under `BUCKETS` for a literal: equal literals have the same."""
    odd = np.uint64(0x9E3779B97F4A7C15)
    key = np.uint64(2 * group + unchanged) * odd
    for word in range(mask.shape[1]):
        key = (key ^ (key >> np.uint64(29)) ^ mask[a, word]) * odd
    return np.int64(key >> np.uint64(40)) % BUCKETS
