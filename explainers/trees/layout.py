"""Kernels that lay trees out: preorder nodes, cumulative conditions along each path, boxes of the leaves."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["lay_out_boxes", "lay_out_tree"]


@njit(cache=True)
def lay_out_tree(
    column, threshold, missing_left, left, right, cover, set_row, left_sets, feature_of_column, sets, n_sets
):
    """Nodes of one tree in preorder, with the cumulative condition and ratio of each edge.

    Children are indices into the same tree. New category sets are appended to `sets` (grown as needed) from row
    `n_sets` on. Returns the old index of every new node, its parent, the previous edge on the same feature, the
    edge's feature, column, low, high, missing, set row, ratio and right child, with the sets and their number.
    """
    n = len(column)
    old = np.empty(n, np.int64)
    parent = np.full(n, -1, np.int32)
    previous = np.full(n, -1, np.int32)
    feature = np.full(n, -1, np.int32)
    edge_column = np.full(n, -1, np.int32)
    low = np.full(n, -np.inf)
    high = np.full(n, np.inf)
    missing = np.ones(n, np.uint8)
    edge_set = np.full(n, -1, np.int32)
    ratio = np.ones(n)
    new_right = np.full(n, -1, np.int32)
    stack = np.empty(n + 1, np.int64)
    above = np.empty(n + 1, np.int64)
    is_right = np.empty(n + 1, np.uint8)
    stack[0], above[0], is_right[0] = 0, -1, 0
    top, count = 1, 0
    while top > 0:
        top -= 1
        node, p, goes_right = stack[top], above[top], is_right[top]
        k = count
        count += 1
        old[k] = node
        parent[k] = p
        if p >= 0:
            split = old[p]
            if goes_right:
                new_right[p] = k
            f = feature_of_column[column[split]]
            v = p
            while v >= 0 and feature[v] != f:
                v = parent[v]
            feature[k], edge_column[k], previous[k] = f, column[split], v
            if v >= 0:
                low[k], high[k], missing[k], ratio[k] = low[v], high[v], missing[v], ratio[v]
                edge_set[k] = edge_set[v]
            through_left = missing_left[split] == 1
            if goes_right == through_left:
                missing[k] = 0
            reached = cover[left[split]] + cover[right[split]]
            ratio[k] *= cover[node] / reached if reached > 0 else 0.5
            if set_row[split] >= 0:
                if n_sets == len(sets):
                    grown = np.zeros((2 * n_sets + 16, sets.shape[1]), np.uint8)
                    grown[:n_sets] = sets
                    sets = grown
                for code in range(sets.shape[1]):
                    inside = left_sets[set_row[split], code]
                    if goes_right:
                        inside = np.uint8(1) - inside
                    if v >= 0 and edge_set[v] >= 0:
                        inside &= sets[edge_set[v], code]
                    sets[n_sets, code] = inside
                edge_set[k] = n_sets
                n_sets += 1
            elif goes_right:
                low[k] = max(low[k], threshold[split])
            else:
                high[k] = min(high[k], threshold[split])
        if column[node] >= 0:
            stack[top], above[top], is_right[top] = right[node], k, 1
            top += 1
            stack[top], above[top], is_right[top] = left[node], k, 0
            top += 1
    return (
        old[:count],
        parent[:count],
        previous[:count],
        feature[:count],
        edge_column[:count],
        low[:count],
        high[:count],
        missing[:count],
        edge_set[:count],
        ratio[:count],
        new_right[:count],
        sets,
        n_sets,
    )


@njit(cache=True)
def lay_out_boxes(start, leaf, parent, feature, condition, ratio, n_features, n_leaves):
    """One condition per distinct feature of every leaf's path, by falling ratio, and each tree's greatest depth.

    The lowest edge that tests a feature carries its cumulative condition, so a climb from the leaf takes the first
    edge it meets for each feature.
    """
    seen = np.full(n_features, -1, np.int64)
    box_start = np.zeros(n_leaves + 1, np.int64)
    depth = np.zeros(len(start) - 1, np.int32)
    tree = np.empty(n_leaves, np.int32)
    for t in range(len(start) - 1):
        for k in range(start[t], start[t + 1]):
            if leaf[k] < 0:
                continue
            count, u = 0, k
            while parent[u] >= 0:
                if seen[feature[u]] != k:
                    seen[feature[u]] = k
                    count += 1
                u = parent[u]
            box_start[leaf[k] + 1] = count
            tree[leaf[k]] = t
            depth[t] = max(depth[t], count)
    for box in range(n_leaves):
        box_start[box + 1] += box_start[box]
    total = box_start[n_leaves]
    box_condition = np.empty(total, np.int32)
    box_feature = np.empty(total, np.int32)
    box_ratio = np.empty(total)
    seen[:] = -1
    for k in range(len(leaf)):
        if leaf[k] < 0:
            continue
        j, u = box_start[leaf[k] + 1], k
        while parent[u] >= 0:
            if seen[feature[u]] != k:
                seen[feature[u]] = k
                j -= 1
                box_condition[j], box_feature[j], box_ratio[j] = condition[u], feature[u], ratio[u]
            u = parent[u]
        first, last = box_start[leaf[k]], box_start[leaf[k] + 1]
        for a in range(
            first + 1, last
        ):  # the most selective condition last: it becomes a pattern's highest bit
            b = a
            while b > first and box_ratio[b - 1] < box_ratio[b]:
                box_condition[b - 1], box_condition[b] = box_condition[b], box_condition[b - 1]
                box_feature[b - 1], box_feature[b] = box_feature[b], box_feature[b - 1]
                box_ratio[b - 1], box_ratio[b] = box_ratio[b], box_ratio[b - 1]
                b -= 1
    return box_start, box_condition, box_feature, box_ratio, tree, depth
