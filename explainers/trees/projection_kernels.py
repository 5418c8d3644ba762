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
def _examine(box, boxes, now, first, flat_start, inside, max_size, failing):
    """How a box looks from the row: number of copies (0 = out of reach), failing conditions, must-nots."""
    copies, n_failing, n_keep = 1, 0, 0
    for j in range(boxes.start[box], boxes.start[box + 1]):
        c, f = boxes.condition[j], boxes.feature[j]
        alternatives = first[f + 1] - first[f]
        if now[c]:
            for a in range(alternatives):
                n_keep += 1 - inside[flat_start[c] + a]
            continue
        options = 0
        for a in range(alternatives):
            options += inside[flat_start[c] + a]
        if options == 0 or n_failing == max_size:
            return 0, 0, 0
        failing[n_failing] = j
        n_failing += 1
        copies *= options
    return copies, n_failing, n_keep


@njit(cache=True)
def count_boxes(boxes, now, by_feature, first, flat_start, inside, max_size):
    """Numbers of boxes, must-items and must-not-items that `fill_boxes` will write."""
    failing = np.empty(len(first), np.int64)
    n_boxes, n_must, n_keep = 0, 0, 0
    for box in range(len(boxes.tree)):
        copies, fails, keeps = _examine(box, boxes, now, first, flat_start, inside, max_size, failing)
        n_boxes += copies
        n_must += copies * fails
        n_keep += copies * keeps
    return n_boxes, n_must, n_keep


@njit(cache=True)
def fill_boxes(boxes, now, by_feature, first, flat_start, inside, max_size, n_boxes, n_must, n_keep):
    """Leaf, must-items and must-not-items of every box over changes, in the order of the leaves."""
    leaf = np.empty(n_boxes, np.int64)
    must_start, keep_start = np.zeros(n_boxes + 1, np.int64), np.zeros(n_boxes + 1, np.int64)
    must_items, keep_items = np.empty(n_must, np.int32), np.empty(n_keep, np.int32)
    failing = np.empty(len(first), np.int64)
    picked = np.empty(len(first), np.int64)
    b = m = k = 0
    for box in range(len(boxes.tree)):
        copies, fails, _ = _examine(box, boxes, now, first, flat_start, inside, max_size, failing)
        if copies == 0:
            continue
        picked[:fails] = -1
        for _ in range(copies):
            # the next combination, as an odometer whose wheels are the failing conditions
            for wheel in range(fails):
                c, f = boxes.condition[failing[wheel]], boxes.feature[failing[wheel]]
                size = first[f + 1] - first[f]
                fresh = picked[wheel] < 0
                a = picked[wheel] + 1
                while a < size and inside[flat_start[c] + a] == 0:
                    a += 1
                if a < size:
                    picked[wheel] = a
                    if not fresh:
                        break
                else:  # this wheel starts over and the next one moves on
                    a = 0
                    while inside[flat_start[c] + a] == 0:
                        a += 1
                    picked[wheel] = a
            leaf[b] = box
            for wheel in range(fails):
                must_items[m] = by_feature[first[boxes.feature[failing[wheel]]] + picked[wheel]]
                m += 1
            for j in range(boxes.start[box], boxes.start[box + 1]):
                c, f = boxes.condition[j], boxes.feature[j]
                if now[c]:
                    for a in range(first[f + 1] - first[f]):
                        if inside[flat_start[c] + a] == 0:
                            keep_items[k] = by_feature[first[f] + a]
                            k += 1
            b += 1
            must_start[b], keep_start[b] = m, k
    return leaf, must_start, must_items, keep_start, keep_items


@njit(cache=True)
def spread(leaf, value, output, n_outputs):
    """Values (n, k) of boxes whose leaves add to a few outputs only."""
    out = np.zeros((len(leaf), n_outputs))
    for b in range(len(leaf)):
        for c in range(value.shape[1]):
            out[b, output[leaf[b]] + c] = value[leaf[b], c]
    return out
