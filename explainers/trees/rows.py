"""Kernels that read rows: the model's output, and which conditions a row satisfies."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["held", "held_by_block", "predict"]

ROWS_AT_ONCE = (
    64  # rows that walk one tree before the next tree is fetched, so that its nodes stay in the cache
)


@njit(cache=True)
def predict(X, nodes, value, out):
    """Add every tree's leaf values to `out` (n, k), which holds the base on entry; `X` is (n, columns)."""
    width = value.shape[1]
    for first in range(0, len(X), ROWS_AT_ONCE):
        last = min(len(X), first + ROWS_AT_ONCE)
        for t in range(len(nodes.output)):
            root, output = nodes.start[t], nodes.output[t]
            for r in range(first, last):
                k = root
                while nodes.column[k] >= 0:
                    v = X[r, nodes.column[k]]
                    if v != v:
                        left = nodes.missing_left[k] == 1
                    elif nodes.set_row[k] >= 0:
                        left = nodes.left_sets[nodes.set_row[k], np.int64(v)] == 1
                    else:
                        left = v <= nodes.threshold[k]
                    k = k + 1 if left else nodes.right[k]
                leaf = nodes.leaf[k]
                for c in range(width):
                    out[r, output + c] += value[leaf, c]


@njit(cache=True)
def held(x, conditions):
    """One byte per distinct condition: 1 where the row (columns,) satisfies it."""
    count = len(conditions.column)
    out = np.empty(count, np.uint8)
    for c in range(count):
        v = x[conditions.column[c]]
        if v != v:
            out[c] = conditions.missing[c]
        elif conditions.set_row[c] >= 0:
            out[c] = conditions.sets[conditions.set_row[c], np.int64(v)]
        else:
            out[c] = np.uint8(not v <= conditions.low[c] and v <= conditions.high[c])
    return out


@njit(cache=True)
def held_by_block(X, first, conditions, out):
    """`held` for rows `first` .. `first + R - 1` of X at once, as columns of `out` (conditions, R).

    Rows beyond the end of X are left as if they satisfied nothing.
    """
    size = out.shape[1]
    present = min(size, len(X) - first)
    column = np.empty(size)
    current = -1
    for c in range(len(conditions.column)):
        if conditions.column[c] != current:
            current = conditions.column[c]
            for r in range(present):
                column[r] = X[first + r, current]
        row = out[c]
        missing, low, high = conditions.missing[c], conditions.low[c], conditions.high[c]
        if conditions.set_row[c] >= 0:
            codes = conditions.sets[conditions.set_row[c]]
            for r in range(present):
                row[r] = missing if column[r] != column[r] else codes[np.int64(column[r])]
        else:
            for r in range(present):
                v = column[r]
                row[r] = missing if v != v else np.uint8((not v <= low) & (v <= high))
        row[present:] = 0
