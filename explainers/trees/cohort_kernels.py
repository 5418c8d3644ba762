"""Kernels of `cohorts`: groups of leaves, vectors of patterns, and their sums."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.interventional import effects_of_pattern
from explainers.trees.lanes import load, store

__all__ = ["Groups", "add_up", "group_leaves", "lay_out_groups"]

SLOTS = 1 << 14  # of the hash tables; more than twice the entries that can occur


class Groups(NamedTuple):
    """Groups of neighbouring leaves, their distinct conditions and features."""

    first_box: NDArray[np.int64]  # (groups + 1,)
    condition_start: NDArray[np.int64]  # (groups + 1,)
    condition: NDArray[np.int32]  # bit i of a group's pattern is its i-th condition
    feature_start: NDArray[np.int64]  # (groups + 1,)
    feature: NDArray[np.int32]
    bit: NDArray[np.uint8]  # per condition of a box: its bit in the group's pattern
    place: NDArray[np.uint8]  # per condition of a box: its feature's place in the group


@njit(cache=True)
def group_leaves(nodes, most):
    """First box of every largest subtree of at most `most` leaves, and the number of boxes at the end."""
    n = len(nodes.leaf)
    leaves = np.zeros(n, np.int64)
    for k in range(n - 1, -1, -1):
        if nodes.leaf[k] >= 0:
            leaves[k] = 1
        if nodes.parent[k] >= 0:
            leaves[nodes.parent[k]] += leaves[k]
    first_box = np.empty(n + 1, np.int64)
    count, box, k = 0, 0, 0
    while k < n:
        if leaves[k] <= most:
            first_box[count] = box
            count += 1
            box += leaves[k]
            k += 2 * leaves[k] - 1  # the subtree's nodes
        else:
            k += 1
    first_box[count] = box
    return first_box[: count + 1].copy()


@njit(cache=True)
def lay_out_groups(first_box, boxes, n_features):
    """The arrays of `Groups`."""
    n_groups, total = len(first_box) - 1, len(boxes.condition)
    condition_start, feature_start = np.zeros(n_groups + 1, np.int64), np.zeros(n_groups + 1, np.int64)
    condition, feature = np.empty(total, np.int32), np.empty(total, np.int32)
    bit, place = np.empty(total, np.uint8), np.empty(total, np.uint8)
    conditions, features = 0, 0
    for g in range(n_groups):
        c0, f0 = conditions, features
        for j in range(boxes.start[first_box[g]], boxes.start[first_box[g + 1]]):
            at = c0
            while at < conditions and condition[at] != boxes.condition[j]:
                at += 1
            if at == conditions:
                condition[at] = boxes.condition[j]
                conditions += 1
            bit[j] = at - c0
            at = f0
            while at < features and feature[at] != boxes.feature[j]:
                at += 1
            if at == features:
                feature[at] = boxes.feature[j]
                features += 1
            place[j] = at - f0
        condition_start[g + 1], feature_start[g + 1] = conditions, features
    return (
        first_box,
        condition_start,
        condition[:conditions].copy(),
        feature_start,
        feature[:features].copy(),
        bit,
        place,
    )


@njit(inline="always")
def _find(keys, key, short):
    """Slot of a key (not 0) in an open hash table: where it is, or where it would go.

    Keys that are `short`, 14 bits and the mark, are their own slots.
    """
    if short:
        return np.int64(key & np.uint64(SLOTS - 1))
    slot = np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(50))  # the top 14 bits
    while keys[slot] != np.uint64(0) and keys[slot] != key:
        slot = (slot + 1) & (SLOTS - 1)
    return slot


@njit(cache=True, error_model="numpy")
def _path_effects(mine, first, d, ratio, points, weights, effects):
    """Path-dependent effects of a box's d features on its indicator, by the products before and after each."""
    n_points = (d + 1) // 2
    before = np.empty(64)
    effects[:d] = 0.0
    for q in range(n_points):
        t = points[n_points, q]
        product = weights[n_points, q]
        for j in range(d):
            before[j] = product
            z = ratio[first + j]
            product *= z * (1.0 - t) + (t if (mine >> np.uint64(j)) & np.uint64(1) else 0.0)
        after = 1.0
        for j in range(d - 1, -1, -1):
            effects[j] += before[j] * after
            z = ratio[first + j]
            after *= z * (1.0 - t) + (t if (mine >> np.uint64(j)) & np.uint64(1) else 0.0)
    for j in range(d):
        effects[j] *= np.float64((mine >> np.uint64(j)) & np.uint64(1)) - ratio[first + j]


@njit(cache=True, error_model="numpy")
def add_up(
    held, groups, boxes, value, n_outputs, blocks, has_background, patterns, points, weights, shapley_weights, single, fours
):  # fmt: skip
    """Add the Shapley values of rows to `single` or `fours`.

    `held` is (conditions, rows). With one value a leaf, `value` is (L, 1) and the sums go to `single`, (p * k, rows).
    With several, `value` is (L * blocks, 4), rows of four outputs, and the sums go to `fours`,
    (p * blocks * rows, 4). Rows come last, so that a group's feature is added to all of them in one sweep.
    """
    n_rows, n_groups = held.shape[1], len(groups.first_box) - 1
    box_start, ratio, outputs = boxes.start, boxes.ratio, boxes.output
    first_box, condition_start, group_condition = groups.first_box, groups.condition_start, groups.condition
    feature_start, group_feature, bit, place = groups.feature_start, groups.feature, groups.bit, groups.place
    pattern_start, bits, count = patterns.start, patterns.bits, patterns.count
    one_value = value.shape[1] == 1
    share = 1.0 / patterns.n_rows if has_background else 1.0
    four = (0, 0, 0, 0)

    keys, found = np.zeros(SLOTS, np.uint64), np.empty(SLOTS, np.int64)  # patterns of the group
    leaf_keys, leaf_found = np.zeros(SLOTS, np.uint64), np.empty(SLOTS, np.int64)  # and of its leaves
    used, leaf_used = np.empty(SLOTS, np.int64), np.empty(SLOTS, np.int64)
    leaf_effects, effects = np.empty(SLOTS * 64), np.empty(64)
    code, index = np.empty(n_rows, np.uint64), np.empty(n_rows, np.int64)
    table = np.zeros((n_rows * 256 * blocks, value.shape[1]))

    for g in range(n_groups):
        n_conditions = condition_start[g + 1] - condition_start[g]
        n_places = feature_start[g + 1] - feature_start[g]
        code[:] = np.uint64(1) << np.uint64(63)  # so that no pattern is 0, which marks an empty slot
        for i in range(n_conditions):
            shift, row = np.uint64(i), held[group_condition[condition_start[g] + i]]
            for r in range(n_rows):
                code[r] |= np.uint64(row[r]) << shift
        n_used = n_leaf_used = n_effects = filled = 0
        short, leaf_short = n_conditions <= 14, n_conditions <= 11
        for r in range(n_rows):
            slot = _find(keys, code[r], short)
            if keys[slot] == np.uint64(0):
                keys[slot], found[slot], used[n_used] = code[r], filled, slot
                n_used += 1
                table[filled : filled + n_places * blocks] = 0.0
                for box in range(first_box[g], first_box[g + 1]):
                    first, d = box_start[box], box_start[box + 1] - box_start[box]
                    mine = np.uint64(0)
                    for j in range(d):
                        mine |= ((code[r] >> np.uint64(bit[first + j])) & np.uint64(1)) << np.uint64(j)
                    key = (mine << np.uint64(3)) | np.uint64(box - first_box[g] + 1)
                    at = _find(leaf_keys, key, leaf_short)
                    if leaf_keys[at] == np.uint64(0):
                        leaf_keys[at], leaf_found[at], leaf_used[n_leaf_used] = key, n_effects, at
                        n_leaf_used += 1
                        if has_background:
                            patterns_end = pattern_start[box + 1]
                            effects_of_pattern(
                                mine,
                                d,
                                bits,
                                count,
                                pattern_start[box],
                                patterns_end,
                                shapley_weights,
                                effects,
                            )
                        else:
                            _path_effects(mine, first, d, ratio, points, weights, effects)
                        for j in range(d):
                            leaf_effects[n_effects + j] = share * effects[j]
                        n_effects += d
                    for j in range(d):
                        to = filled + place[first + j] * blocks
                        effect = leaf_effects[leaf_found[at] + j]
                        if one_value:
                            table[to, 0] += effect * value[box, 0]
                        else:
                            for b in range(blocks):
                                more = effect * load(value, box * blocks + b, four)
                                store(table, to + b, load(table, to + b, four) + more)
                filled += n_places * blocks
            index[r] = found[slot]
        for i in range(n_used):
            keys[used[i]] = np.uint64(0)
        for i in range(n_leaf_used):
            leaf_keys[leaf_used[i]] = np.uint64(0)
        for f in range(n_places):
            feature = np.int64(group_feature[feature_start[g] + f])
            if one_value:
                sums = single[feature * n_outputs + outputs[first_box[g]]]
                for r in range(n_rows):
                    sums[r] += table[index[r] + f, 0]
                continue
            for b in range(blocks):
                to, at = (feature * blocks + b) * n_rows, f * blocks + b
                for r in range(n_rows):
                    store(fours, to + r, load(fours, to + r, four) + load(table, index[r] + at, four))
