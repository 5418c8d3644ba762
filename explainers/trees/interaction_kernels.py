"""Kernel of `interactions`: all pairs of features of every leaf."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["pairs_of_row"]


@njit(cache=True, error_model="numpy")
def pairs_of_row(satisfied, boxes, value, n_points, points, weights, out):
    """Add half of every pair's interaction to `out` (p, p, k), each pair once, for leaves that need `n_points`.

    A leaf with a factor of 0 (a condition that neither the row nor any training weight satisfies) has no effect at
    all and is passed over, so that products may be divided by factors.
    """
    start, condition, feature, ratio, outputs = (
        boxes.start,
        boxes.condition,
        boxes.feature,
        boxes.ratio,
        boxes.output,
    )
    width = value.shape[1]
    most = 2 * n_points + 1  # conditions of a leaf that needs n_points
    inverse, product = np.empty((most, n_points)), np.empty(n_points)
    effect = np.empty(most)
    for box in range(len(boxes.tree)):
        s, d = start[box], start[box + 1] - start[box]
        if d < 2 or d // 2 != n_points:
            continue
        vanishes = False
        for q in range(n_points):
            product[q] = weights[q]
        for j in range(d):
            o, z = satisfied[condition[s + j]], ratio[s + j]
            vanishes |= o == 0 and z == 0.0
            effect[j] = o - z
            for q in range(n_points):
                g = z * (1.0 - points[q]) + (points[q] if o else 0.0)
                inverse[j, q] = 1.0 / g
                product[q] *= g
        if vanishes:
            continue
        output = outputs[box]
        for i in range(1, d):
            for j in range(i):
                total = 0.0
                for q in range(n_points):
                    total += product[q] * inverse[i, q] * inverse[j, q]
                total *= 0.5 * effect[i] * effect[j]
                to = out[feature[s + i], feature[s + j]]
                for c in range(width):
                    to[output + c] += total * value[box, c]
