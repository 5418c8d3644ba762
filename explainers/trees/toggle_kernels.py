"""Kernels of `toggles`: which conditions a change turns, and what that does to every leaf that tests them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from explainers.trees.interventional import effects_of_pattern, shapley_weights
from explainers.trees.path_dependent import quadrature

__all__ = ["interventional", "path_dependent", "quadratures", "turned", "weights_for"]


@lru_cache(maxsize=16)
def quadratures(longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights for boxes of up to `longest` conditions: row q holds the rule of q points."""
    size = (longest + 1) // 2 + 1
    points, weights = np.zeros((size + 1, size)), np.zeros((size + 1, size))
    for q in range(1, size + 1):
        points[q, :q], weights[q, :q] = (a[0] for a in quadrature(q))
    return points, weights


def weights_for(longest: int) -> np.ndarray:
    """Shapley weights for boxes of up to `longest` conditions."""
    return shapley_weights(max(64, longest + 1))


@njit(cache=True)
def turned(conditions, before, columns, by_feature, first, n_features):
    """For each condition, the changes that turn it from satisfied to not or back: starts, and change numbers."""
    count = len(conditions.feature)
    start = np.zeros(count + 1, np.int64)
    most = 0
    for c in range(count):
        most += first[conditions.feature[c] + 1] - first[conditions.feature[c]]
    changes = np.empty(most, np.int64)
    filled = 0
    for c in range(count):
        f, column = conditions.feature[c], conditions.column[c]
        source = 0 if column < n_features else 1 + column - n_features
        for a in range(first[f], first[f + 1]):
            v = columns[by_feature[a], source]
            if v != v:
                after = conditions.missing[c]
            elif conditions.set_row[c] >= 0:
                after = conditions.sets[conditions.set_row[c], np.int64(v)]
            else:
                after = np.uint8(not v <= conditions.low[c] and v <= conditions.high[c])
            if after != before[c]:
                changes[filled] = by_feature[a]
                filled += 1
        start[c + 1] = filled
    return start, changes[:filled].copy()


@njit(cache=True, error_model="numpy")
def path_dependent(
    before, boxes, value, by_feature, first, turns_start, turns, points, weights, values, prediction
):
    """Add to `values` (c, p, k) and `prediction` (c, k) what each change alters."""
    start, condition, feature, ratio, outputs = (
        boxes.start,
        boxes.condition,
        boxes.feature,
        boxes.ratio,
        boxes.output,
    )
    width = value.shape[1]
    size = len(points[0])
    inverse, scaled = np.empty((64, size)), np.empty((64, size))
    product = np.empty(size)
    move = np.empty(64)
    for box in range(len(boxes.tree)):
        s, d = start[box], start[box + 1] - start[box]
        unsatisfied, vanishes, testers = 0, False, 0
        for j in range(d):
            c = condition[s + j]
            unsatisfied += 1 - before[c]
            vanishes |= before[c] == 0 and ratio[s + j] == 0.0
            testers += turns_start[c + 1] > turns_start[c]
        if testers == 0:
            continue
        n_points = (d + 1) // 2 + 1  # one more than the explanation needs: the integrand has a factor t more
        n_points = min(n_points, size)
        for q in range(n_points):
            product[q] = weights[n_points, q]
        for j in range(d):
            o, z = before[condition[s + j]], ratio[s + j]
            for q in range(n_points):
                t = points[n_points, q]
                g = z * (1.0 - t) + (t if o else 0.0)
                inverse[j, q] = 1.0 / g if g > 0.0 else 0.0
                product[q] *= g
        for j in range(d):
            for q in range(n_points):
                scaled[j, q] = product[q] * inverse[j, q]
        output = outputs[box]
        for i in range(d):
            c = condition[s + i]
            if turns_start[c] == turns_start[c + 1]:
                continue
            sign = -1.0 if before[c] else 1.0
            if vanishes:
                _moves_without_division(
                    i, s, d, before, condition, ratio, points[n_points], weights[n_points], move
                )
            else:
                for j in range(d):
                    total = 0.0
                    if j == i:
                        for q in range(n_points):
                            total += scaled[i, q]
                    else:
                        for q in range(n_points):
                            total += points[n_points, q] * scaled[i, q] * inverse[j, q]
                        total *= before[condition[s + j]] - ratio[s + j]
                    move[j] = total
            reaches = unsatisfied - (1 - before[c]) == 0  # reached before or after the change, not both
            for turn in range(turns_start[c], turns_start[c + 1]):
                change = turns[turn]
                for j in range(d):
                    to = values[change, feature[s + j]]
                    for w in range(width):
                        to[output + w] += sign * move[j] * value[box, w]
                if reaches:
                    for w in range(width):
                        prediction[change, output + w] += sign * value[box, w]


@njit(cache=True)
def _moves_without_division(i, s, d, before, condition, ratio, points, weights, move):
    """Integrals of products without i (and j), multiplied out: for leaves where some factor is 0."""
    for j in range(d):
        total = 0.0
        for q in range(len(points)):
            t = points[q]
            product = weights[q]
            for other in range(d):
                if other != i and other != j:
                    product *= ratio[s + other] * (1.0 - t) + (t if before[condition[s + other]] else 0.0)
            total += product if j == i else product * t
        move[j] = total if j == i else total * (before[condition[s + j]] - ratio[s + j])


@njit(cache=True, error_model="numpy")
def interventional(
    before, boxes, value, by_feature, first, turns_start, turns, patterns, weights, values, prediction
):
    """The same against a background."""
    start, condition, feature, outputs = boxes.start, boxes.condition, boxes.feature, boxes.output
    pattern_start, bits, count = patterns.start, patterns.bits, patterns.count
    width = value.shape[1]
    old, new = np.empty(64), np.empty(64)
    share = 1.0 / patterns.n_rows
    for box in range(len(boxes.tree)):
        s, d = start[box], start[box + 1] - start[box]
        mine, testers = np.uint64(0), 0
        for j in range(d):
            c = condition[s + j]
            mine |= np.uint64(before[c]) << np.uint64(j)
            testers += turns_start[c + 1] > turns_start[c]
        if testers == 0:
            continue
        full = (np.uint64(1) << np.uint64(d)) - np.uint64(1)
        first_pattern, last_pattern = pattern_start[box], pattern_start[box + 1]
        effects_of_pattern(mine, d, bits, count, first_pattern, last_pattern, weights, old)
        output = outputs[box]
        for i in range(d):
            c = condition[s + i]
            if turns_start[c] == turns_start[c + 1]:
                continue
            after = mine ^ (np.uint64(1) << np.uint64(i))
            effects_of_pattern(after, d, bits, count, first_pattern, last_pattern, weights, new)
            reached = (1.0 if after == full else 0.0) - (1.0 if mine == full else 0.0)
            for turn in range(turns_start[c], turns_start[c + 1]):
                change = turns[turn]
                for j in range(d):
                    move = share * (new[j] - old[j])
                    if move != 0.0:
                        to = values[change, feature[s + j]]
                        for w in range(width):
                            to[output + w] += move * value[box, w]
                if reached != 0.0:
                    for w in range(width):
                        prediction[change, output + w] += reached * value[box, w]
