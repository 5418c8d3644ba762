r"""Interventional Shapley values: a feature outside the coalition takes its value from a background patient.

Against one background row, a leaf with value v is a small game: it is reached by coalition S exactly when every
feature that only the patient satisfies is in S and every feature that only the background row satisfies is not.
With p features of the first kind and q of the second (a feature that neither satisfies puts the leaf out of reach),
the Shapley values are [1]_

.. math:: +v \, \frac{(p - 1)! \, q!}{(p + q)!} \text{ for each of the p,} \qquad
          -v \, \frac{p! \, (q - 1)!}{(p + q)!} \text{ for each of the q.}

They are averaged over the background. Only the *pattern* of satisfied conditions matters, and few distinct patterns
occur at a leaf, so they are collected once, with their counts: the cost follows the distinct patterns, not the
size of the background. A patient's unsatisfied conditions must all hold in the background row, so q is the same for
every pattern that counts, and the q features share one sum.

References
----------
.. [1] Lundberg et al. (2020), Nature Machine Intelligence 2, algorithm 3 of the supplement (independent TreeSHAP);
   Laberge & Pequignot (2022), Understanding interventional TreeSHAP, arXiv:2209.15123.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.bits import count_ones
from explainers.trees.lanes import load, splat, store

__all__ = [
    "BYTES_AS_LANES",
    "LONGEST",
    "Patterns",
    "add_long_boxes",
    "collect_patterns",
    "effects_of_pattern",
    "explain_row",
    "shapley_weights",
]

LONGEST = 60  # conditions of a box that fit one pattern; longer boxes are compared row by row


class Patterns(NamedTuple):
    """Distinct background patterns of every box, rising: bit j is 1 where the box's j-th condition holds."""

    start: NDArray[np.int64]  # (L + 1,)
    bits: NDArray[np.uint64]
    count: NDArray[np.int32]  # type: ignore[assignment]  # background rows with the pattern
    n_rows: int


# Row b holds the eight bits of the number b as eight doubles: a pattern's bits become lanes by one look-up.
BYTES_AS_LANES = np.array([[float(b >> j & 1) for j in range(8)] for b in range(256)])
BYTES_AS_LANES.flags.writeable = False


@lru_cache(maxsize=8)
def shapley_weights(size: int) -> NDArray[np.float64]:
    """Table whose entry (p, q) is (p - 1)! q! / (p + q)!, the weight of one of p features with q on the other side.

    Column 0 stands for q = -1 and row 0 for p = 0; both hold 0, so that the side without features gets nothing.
    Entry (p, q + 1) is what each of the p gains, entry (q, p + 1) what each of the q loses.
    """
    table = np.zeros((size + 1, size + 2))
    for p in range(1, size + 1):
        weight = 1 / p  # q = 0
        for q in range(size + 1):
            table[p, q + 1] = weight
            weight *= (q + 1) / (p + q + 1)
    table.flags.writeable = False
    return table


@njit(cache=True)
def collect_patterns(columns, boxes, conditions, limit):
    """Distinct patterns of the background, given as `columns` (columns, b); stops beyond `limit` of them.

    Boxes with more than `LONGEST` conditions get none.
    """
    n = columns.shape[1]
    n_boxes = len(boxes.tree)
    start = np.zeros(n_boxes + 1, np.int64)
    bits = np.empty(16 * n_boxes + 1024, np.uint64)
    count = np.empty(len(bits), np.int32)
    pattern = np.empty(n, np.uint64)
    small = 10  # up to here patterns are counted in a table, beyond by sorting
    tally = np.zeros(1 << small, np.int32)
    filled = 0
    for box in range(n_boxes):
        first, d = boxes.start[box], boxes.start[box + 1] - boxes.start[box]
        start[box] = filled
        if filled > limit:
            break
        if d > LONGEST:
            continue
        if filled + n > len(bits):
            larger, longer = np.empty(2 * len(bits) + n, np.uint64), np.empty(2 * len(bits) + n, np.int32)
            larger[:filled], longer[:filled] = bits[:filled], count[:filled]
            bits, count = larger, longer
        pattern[:] = np.uint64(0)
        for j in range(d):
            c, one = boxes.condition[first + j], np.uint64(j)
            column = columns[conditions.column[c]]
            low, high, missing = conditions.low[c], conditions.high[c], np.uint64(conditions.missing[c])
            if conditions.set_row[c] >= 0:
                codes = conditions.sets[conditions.set_row[c]]
                for r in range(n):
                    v = column[r]
                    pattern[r] |= (missing if v != v else np.uint64(codes[np.int64(v)])) << one
            else:
                for r in range(n):
                    v = column[r]
                    pattern[r] |= (missing if v != v else np.uint64((not v <= low) & (v <= high))) << one
        if d <= small:
            for r in range(n):
                tally[np.int64(pattern[r])] += 1
            for a in range(1 << d):
                if tally[a] > 0:
                    bits[filled], count[filled] = np.uint64(a), tally[a]
                    tally[a] = 0
                    filled += 1
        else:
            pattern.sort()
            r = 0
            while r < n:
                same = r
                while same < n and pattern[same] == pattern[r]:
                    same += 1
                bits[filled], count[filled] = pattern[r], same - r
                filled += 1
                r = same
    start[n_boxes] = filled
    return start, bits[:filled].copy(), count[:filled].copy()


@njit(cache=True, error_model="numpy")
def explain_row(satisfied, boxes, value, patterns, weights, bytes_as_lanes, n_features, credit):
    """Add the interventional Shapley values of one row to `credit`; `satisfied` is its byte per condition.

    With one value a leaf, `value` is (L, 1) and `credit` (p * k, 1), indexed by feature and output. With several,
    both hold rows of four outputs: (L * blocks, 4) and (p * blocks, 4). `bytes_as_lanes` is `BYTES_AS_LANES`.
    """
    # Arrays are named once, and indices are unsigned: the loops below run a million times a patient.
    start, condition, feature, outputs = boxes.start, boxes.condition, boxes.feature, boxes.output
    pattern_start, bits, count = patterns.start, patterns.bits, patterns.count
    chosen = np.empty(patterns.n_rows + 1, np.uint64)
    effects, share = np.empty((8, 8)), 1.0 / patterns.n_rows
    four, eight = (0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0)
    n_boxes, single = len(boxes.tree), value.shape[1] == 1
    per_feature = len(credit) // n_features if single else len(value) // n_boxes
    for box in range(n_boxes):
        first, d = np.uint64(start[box]), np.uint64(start[box + 1] - start[box])
        if d > LONGEST:
            continue
        mine = np.uint64(0)
        for j in range(d):
            mine |= np.uint64(satisfied[condition[first + j]]) << j
        absent = ((np.uint64(1) << d) - np.uint64(1)) & ~mine
        n = np.uint64(0)
        i, lowest = np.uint64(pattern_start[box + 1]), np.uint64(pattern_start[box])
        while i > lowest and np.uint64(bits[i - np.uint64(1)]) >= absent:
            # Patterns rise, and one that holds all of `absent` is no smaller. Kept where the background satisfies
            # whatever the row does not, without a branch to mispredict.
            i -= np.uint64(1)
            chosen[n] = i
            n += np.uint64((absent & ~np.uint64(bits[i])) == np.uint64(0))
        if n == 0:
            continue
        q = np.uint64(count_ones(absent))
        for part in range((d + np.uint64(7)) // np.uint64(8)):  # eight conditions at a time
            shift = np.uint64(8) * part
            sums, shared = splat(0.0, eight), 0.0
            for at in range(n):
                i = chosen[at]
                only_mine = mine & ~np.uint64(bits[i])
                p, times = np.uint64(count_ones(only_mine)), share * count[i]
                shared += times * weights[q, p + np.uint64(1)]
                byte = np.int64((only_mine >> shift) & np.uint64(255))
                sums = sums + (times * weights[p, q + np.uint64(1)]) * load(bytes_as_lanes, byte, eight)
            byte = np.int64((absent >> shift) & np.uint64(255))
            store(effects, np.int64(part), sums - shared * load(bytes_as_lanes, byte, eight))
        if single:
            leaf_value, output = value[box, 0], outputs[box]
            for j in range(d):
                effect = effects[j >> np.uint64(3), j & np.uint64(7)]
                credit[feature[first + j] * per_feature + output, 0] += effect * leaf_value
            continue
        for block in range(per_feature):
            four_values = load(value, box * per_feature + block, four)
            for j in range(d):
                at = feature[first + j] * per_feature + block
                effect = effects[j >> np.uint64(3), j & np.uint64(7)]
                store(credit, at, load(credit, at, four) + effect * four_values)


@njit(cache=True, error_model="numpy")
def effects_of_pattern(mine, d, bits, count, first, last, weights, effects):
    """Effects of a box's d features on its indicator for a row with pattern `mine`, times the background's rows.

    `first` to `last` are the box's background patterns. The plain form of what `explain_row` does at speed.
    """
    absent = ((np.uint64(1) << np.uint64(d)) - np.uint64(1)) & ~mine
    q = np.uint64(count_ones(absent))
    shared = 0.0
    effects[:d] = 0.0
    for i in range(last - 1, first - 1, -1):
        theirs = np.uint64(bits[i])
        if theirs < absent:
            break
        if absent & ~theirs:
            continue
        only_mine = mine & ~theirs
        p = np.uint64(count_ones(only_mine))
        shared += count[i] * weights[q, p + np.uint64(1)]
        gain = count[i] * weights[p, q + np.uint64(1)]
        for j in range(d):
            effects[j] += gain * ((only_mine >> np.uint64(j)) & np.uint64(1))
    for j in range(d):
        effects[j] -= shared * ((absent >> np.uint64(j)) & np.uint64(1))


@njit(cache=True)
def add_long_boxes(satisfied, background, boxes, value, weights, out):
    """The same for boxes of more than `LONGEST` conditions, against `background` (b, conditions) row by row."""
    width = value.shape[1]
    for box in range(len(boxes.tree)):
        first, last = boxes.start[box], boxes.start[box + 1]
        if last - first <= LONGEST:
            continue
        for r in range(len(background)):
            p = q = 0
            reachable = True
            for j in range(first, last):
                c = boxes.condition[j]
                mine, theirs = satisfied[c], background[r, c]
                if not mine and not theirs:
                    reachable = False
                    break
                p += mine and not theirs
                q += theirs and not mine
            if not reachable or p + q == 0:
                continue
            for j in range(first, last):
                c = boxes.condition[j]
                mine, theirs = satisfied[c], background[r, c]
                if mine == theirs:
                    continue
                weight = weights[p, q + 1] if mine else -weights[q, p + 1]
                for o in range(width):
                    out[boxes.feature[j], boxes.output[box] + o] += weight * value[box, o] / len(background)
