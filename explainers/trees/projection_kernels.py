"""Kernels of `projection`: which alternatives satisfy which condition, and the boxes over changes."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["alternatives_inside", "count_boxes", "fill_boxes", "spread"]


@njit(cache=True)
def alternatives_inside(conditions, feature, columns, by_feature, first, n_features):
    """For each condition, one byte per alternative of its feature: 1 where the alternative lies inside.

    Alternatives of feature f are the changes ``by_feature[first[f]:first[f + 1]]``.
    """
    count = len(conditions.feature)
    start = np.zeros(count + 1, np.int64)
    for c in range(count):
        f = conditions.feature[c]
        start[c + 1] = start[c] + first[f + 1] - first[f]
    inside = np.empty(start[count], np.uint8)
    for c in range(count):
        f = conditions.feature[c]
        column = conditions.column[c]
        source = 0 if column < n_features else 1 + column - n_features
        for a in range(first[f], first[f + 1]):
            v = columns[by_feature[a], source]
            if v != v:
                ok = conditions.missing[c]
            elif conditions.set_row[c] >= 0:
                ok = conditions.sets[conditions.set_row[c], np.int64(v)]
            else:
                ok = np.uint8(not v <= conditions.low[c] and v <= conditions.high[c])
            inside[start[c] + a - first[f]] = ok
    return start, inside


@njit(cache=True)
def count_boxes(boxes, now, flat_start, inside, max_size):
    """Leaves that some set of `max_size` changes reaches, leaves that every set reaches, and the numbers of boxes,
    must-items and must-not-items that the former make.

    Most leaves are out of reach, so each condition's part in that is worked out first: 0 where it holds, 1 where
    some alternative would make it hold, and more than any size allows where none does.
    """
    start, condition = boxes.start, boxes.condition
    count = len(now)
    needs, options, outside = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for c in range(count):
        within = 0
        for a in range(flat_start[c], flat_start[c + 1]):
            within += inside[a]
        if now[c]:
            outside[c] = flat_start[c + 1] - flat_start[c] - within
        else:
            options[c] = within
            needs[c] = 1 if within > 0 else max_size + 1
    leaves = np.empty(len(boxes.tree), np.int64)
    always = np.empty(len(boxes.output), np.int64)
    n_leaves, n_always, n_boxes, n_must, n_keep = 0, 0, 0, 0, 0
    for box in range(len(boxes.tree)):
        changes = 0
        for j in range(start[box], start[box + 1]):
            changes += needs[condition[j]]
        if changes > max_size:
            continue
        copies, keeps = 1, 0
        for j in range(start[box], start[box + 1]):
            c = condition[j]
            keeps += outside[c]
            copies *= options[c] if needs[c] else 1
        if changes == 0 and keeps == 0:
            always[n_always] = box
            n_always += 1
            continue
        leaves[n_leaves] = box
        n_leaves += 1
        n_boxes += copies
        n_must += copies * changes
        n_keep += copies * keeps
    return leaves[:n_leaves], always[:n_always], n_boxes, n_must, n_keep


@njit(cache=True)
def fill_boxes(leaves, boxes, now, by_feature, first, flat_start, inside, n_boxes, n_must, n_keep):
    """Leaf, must-items and must-not-items of every box over changes, in the order of the leaves."""
    start, condition, feature = boxes.start, boxes.condition, boxes.feature
    leaf = np.empty(n_boxes, np.int64)
    must_start, keep_start = np.zeros(n_boxes + 1, np.int64), np.zeros(n_boxes + 1, np.int64)
    must_items, keep_items = np.empty(n_must, np.int32), np.empty(n_keep, np.int32)
    failing = np.empty(len(first), np.int64)
    picked = np.empty(len(first), np.int64)
    b = m = k = 0
    for box in leaves:
        keep_first, fails, copies = k, 0, 1
        for j in range(start[box], start[box + 1]):
            c = condition[j]
            if not now[c]:
                failing[fails] = j
                picked[fails] = -1
                fails += 1
                options = 0
                for a in range(flat_start[c], flat_start[c + 1]):
                    options += inside[a]
                copies *= options
                continue
            for a in range(flat_start[c], flat_start[c + 1]):
                if inside[a] == 0:
                    keep_items[k] = by_feature[first[feature[j]] + a - flat_start[c]]
                    k += 1
        n_keeps = k - keep_first
        for copy in range(copies):
            # the next combination, as an odometer whose wheels are the failing conditions
            for wheel in range(fails):
                c = condition[failing[wheel]]
                begin, size = flat_start[c], flat_start[c + 1] - flat_start[c]
                fresh = picked[wheel] < 0
                a = picked[wheel] + 1
                while a < size and inside[begin + a] == 0:
                    a += 1
                if a < size:
                    picked[wheel] = a
                    if not fresh:
                        break
                else:  # this wheel starts over and the next one moves on
                    a = 0
                    while inside[begin + a] == 0:
                        a += 1
                    picked[wheel] = a
            if copy > 0:
                keep_items[k : k + n_keeps] = keep_items[keep_first : keep_first + n_keeps]
                k += n_keeps
            for wheel in range(fails):
                must_items[m] = by_feature[first[feature[failing[wheel]]] + picked[wheel]]
                m += 1
            leaf[b] = box
            b += 1
            must_start[b], keep_start[b] = m, k
    return leaf, must_start, must_items, keep_start, keep_items


@njit(cache=True)
def spread(leaf, value, output, n_outputs):
    """Values (n, k) of boxes whose leaves add to a few outputs only, and which outputs each box adds to."""
    out = np.zeros((len(leaf), n_outputs))
    for b in range(len(leaf)):
        for c in range(value.shape[1]):
            out[b, output[leaf[b]] + c] = value[leaf[b], c]
    return out


@njit(cache=True)
def only_outputs(value, tree_start):
    """For each tree the only output that its boxes add to, or -1 where there are several."""
    out = np.empty(len(tree_start) - 1, np.int32)
    for t in range(len(out)):
        found = -2
        for b in range(tree_start[t], tree_start[t + 1]):
            for c in range(value.shape[1]):
                if value[b, c] != 0.0 and found != c:
                    found = c if found == -2 else -1
            if found == -1:
                break
        out[t] = max(found, 0) if found != -1 else -1
    return out
