"""Which items of a group one tree can tell apart, and what its conditions say about them.

A number with ten thousand intervals has as many items and several times as many distinct conditions, so whether each
item meets each condition is never written down. The values that the items of a group give to a column are sorted
once: a numeric condition (low, high] then holds for one **run** of them. The conditions of one tree cut the sorted
values into at most a few hundred runs that the tree treats alike, its **cells**, and only for these a bit says whether
a condition holds. The time is that of sorting, of one look at each node of a tree, and of one look at each item of
the groups that a tree asks about; the memory that of values and conditions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "ALWAYS",
    "BITS",
    "NEVER",
    "Said",
    "Sorted",
    "Work",
    "cells_of_tree",
    "said",
    "sort_values",
    "workspace",
]

BITS = 64
DEPENDS, ALWAYS, NEVER = 0, 1, 2


class Sorted(NamedTuple):
    """The distinct values that the items of every group give to its columns, V of them.

    A group g sets up to w columns; its column number x has the key ``g * w + x``. Values of one key are neighbours,
    in rising order, a missing one last.
    """

    start: NDArray[np.int64]  # (groups * w + 1,) values of a key
    known: NDArray[np.int64]  # (groups * w,) where its values that are not missing end
    value: NDArray[np.float64]  # (V,)
    place: NDArray[np.int64]  # (n_items, w) of each item's value among them


class Said(NamedTuple):
    """What every distinct condition says, c of them."""

    unchanged: NDArray[np.uint8]  # (c,) 1 where the unchanged patient satisfies it
    verdict: NDArray[np.uint8]  # (c,) ALWAYS or NEVER where no item makes a difference, else DEPENDS
    key: NDArray[np.int64]  # (c,) of the values that it looks at, -1 where no item sets them
    first: NDArray[
        np.int64
    ]  # (c,) the run of known values that satisfies it; of no meaning for sets of codes
    last: NDArray[np.int64]  # (c,) where the run ends


class Work(NamedTuple):
    """Room for one tree at a time."""

    row: NDArray[np.int64]  # (c,) of a condition of the tree in its masks, else -1
    is_used: NDArray[np.uint8]  # (keys,) whether the tree asks about it
    cut: NDArray[np.uint8]  # (V + 1,) whether a cell begins here
    at_value: NDArray[np.int64]  # (V,) cell of a value, counted from 0 within its key
    cell: NDArray[np.int64]  # (n_items,) cell of an item, counted from 0 within its group
    example: NDArray[np.int64]  # (n_items,) an item of each cell, from where its group's items begin
    n_cells: NDArray[np.int64]  # (groups,)
    n_columns: NDArray[np.int64]  # (groups,) columns of it that the tree asks about


@njit(cache=True)
def meets(v, c, conditions):
    """Whether a value satisfies condition c."""
    if v != v:
        return conditions.missing[c] == 1
    if conditions.set_row[c] >= 0:
        return conditions.sets[conditions.set_row[c], np.int64(v)] == 1
    return (not v <= conditions.low[c]) and v <= conditions.high[c]


@njit(cache=True)
def up_to(value, begin, end, x):
    """Where those of the rising ``value[begin:end]`` end that are <= x; at once where x is NaN."""
    while begin < end:
        middle = (begin + end) // 2
        if value[middle] <= x:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(cache=True)
def sort_values(values, group_start):
    """Sort what the items of each group set; `values` (n_items, w) are NaN where an item makes a value missing."""
    n_groups, width = len(group_start) - 1, values.shape[1]
    start, known = np.zeros(n_groups * width + 1, np.int64), np.zeros(n_groups * width, np.int64)
    value, place = np.empty(values.size), np.zeros(values.shape, np.int64)
    n = 0
    for g in range(n_groups):
        begin, end = group_start[g], group_start[g + 1]
        for x in range(width):
            first = n
            column = values[begin:end, x]
            known_values = np.empty(end - begin)
            n_known = 0
            for v in column:
                if v == v:
                    known_values[n_known] = v
                    n_known += 1
            if n_known > 1:
                known_values[:n_known].sort()
            for v in known_values[:n_known]:
                if n == first or value[n - 1] != v:
                    value[n] = v
                    n += 1
            known[g * width + x] = n
            for i in range(begin, end):
                v = values[i, x]
                place[i, x] = up_to(value, first, n, v) - 1 if v == v else n
            if n_known < end - begin:
                value[n] = np.nan
                n += 1
            start[g * width + x + 1] = n
    return Sorted(start, known, value[:n].copy(), place)


@njit(cache=True)
def said(row, place_of_column, ordered, conditions, group_of_feature):
    """What every distinct condition says about the patient and about the sorted values of the items.

    Parameters
    ----------
    row : array (columns,)
        The patient.
    place_of_column : int array (columns,)
        Item i sets column c to value number ``ordered.place[i, place_of_column[c]]``.
    ordered : Sorted
    conditions : Conditions
    group_of_feature : int array (p,)
        -1 for features that no item sets.
    """
    count, width = len(conditions.column), ordered.place.shape[1]
    start, known, value = ordered.start, ordered.known, ordered.value
    unchanged, verdict = np.zeros(count, np.uint8), np.zeros(count, np.uint8)
    key, first, last = np.full(count, -1), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for c in range(count):
        column, group = conditions.column[c], group_of_feature[conditions.feature[c]]
        unchanged[c] = meets(row[column], c, conditions)
        met, different = 0, 0
        if group >= 0:
            k = group * width + place_of_column[column]
            key[c], different = k, start[k + 1] - start[k]
            if conditions.set_row[c] >= 0:
                for v in value[start[k] : known[k]]:
                    met += meets(v, c, conditions)
            else:
                first[c] = up_to(value, start[k], known[k], conditions.low[c])
                last[c] = max(first[c], up_to(value, start[k], known[k], conditions.high[c]))
                met = last[c] - first[c]
            met += known[k] < start[k + 1] and conditions.missing[c] == 1
        if unchanged[c] == 1 and met == different:
            verdict[c] = ALWAYS
        elif unchanged[c] == 0 and met == 0:
            verdict[c] = NEVER
        else:
            verdict[c] = DEPENDS
    return Said(unchanged, verdict, key, first, last)


@njit(cache=True)
def workspace(ordered, n_conditions, n_groups):
    """Room for the cells of one tree at a time."""
    n_values, n_items = len(ordered.value), len(ordered.place)
    return Work(
        np.full(n_conditions, -1),
        np.zeros(len(ordered.known), np.uint8),
        np.zeros(n_values + 1, np.uint8),
        np.zeros(n_values, np.int64),
        np.zeros(n_items, np.int64),
        np.zeros(n_items, np.int64),
        np.zeros(n_groups, np.int64),
        np.zeros(n_groups, np.int64),
    )


@njit(cache=True)
def cells_of_tree(tree, nodes, says, ordered, conditions, group_start, work):
    """Cut the items that a tree asks about into cells, and set down which cells its conditions hold for.

    Fills `work`: rows of the tree's conditions that depend on the items (to be set back to -1 once the tree is done
    with), cells of the items.

    Returns
    -------
    conditions : int array (n,)
    mask : (n, words)
        Bit b of a condition's row stands for cell number b of its group.
    """
    verdict, key, first, last = says.verdict, says.key, says.first, says.last
    start, known, width = ordered.start, ordered.known, ordered.place.shape[1]
    row, is_used, cut, n_columns, at_value = work.row, work.is_used, work.cut, work.n_columns, work.at_value
    set_row, missing, of_node = conditions.set_row, conditions.missing, nodes.condition
    here, n = np.empty(nodes.start[tree + 1] - nodes.start[tree], np.int64), 0
    keys, n_keys = np.empty(len(here), np.int64), 0
    for node in range(nodes.start[tree], nodes.start[tree + 1]):
        c = of_node[node]
        if c < 0 or verdict[c] != DEPENDS or row[c] >= 0:
            continue
        row[c], here[n], k = n, c, key[c]
        n += 1
        if is_used[k] == 0:
            is_used[k], n_columns[k // width] = 1, 0
            keys[n_keys] = k
            n_keys += 1
            for v in range(start[k], start[k + 1]):
                cut[v] = 0
            cut[known[k]] = 1
        if set_row[c] >= 0:
            cut[start[k] : start[k + 1]] = 1
        else:
            cut[first[c]] = 1
            cut[last[c]] = 1
    widest = cut_into_cells(
        keys[:n_keys],
        start,
        ordered.place,
        group_start,
        is_used,
        cut,
        at_value,
        n_columns,
        work.n_cells,
        work.cell,
        work.example,
    )
    mask = np.zeros((n, (widest + BITS - 1) // BITS), np.uint64)
    for a in range(n):
        c = here[a]
        k = key[c]
        if n_columns[k // width] > 1 or set_row[c] >= 0:
            hold(mask[a], c, says, ordered, conditions, group_start, work)
            continue
        if first[c] < last[c]:  # the cells stand in the order of the values
            fill(mask, a, at_value[first[c]], at_value[last[c] - 1])
        if known[k] < start[k + 1] and missing[c] == 1:
            fill(mask, a, at_value[known[k]], at_value[known[k]])
    return here[:n], mask


@njit(cache=True)
def cut_into_cells(
    keys, start, place, group_start, is_used, cut, at_value, n_columns, n_cells, cell, example
):
    """Cut the items of groups into cells where the values of their columns are cut; the most cells of a group."""
    width, widest = place.shape[1], 1
    for k in keys:
        is_used[k] = 0
        g, x, cells = k // width, k % width, 0
        items, after = group_start[g], group_start[g + 1]
        for v in range(start[k], start[k + 1]):
            cells += v > start[k] and cut[v] == 1
            at_value[v] = cells
        cells += 1
        if n_columns[g] == 0:
            for i in range(items, after):
                cell[i] = at_value[place[i, x]]
        else:
            both = np.empty(after - items, np.int64)
            for i in range(items, after):
                both[i - items] = cell[i] * cells + at_value[place[i, x]]
            cells, before = 0, -1
            for b in np.argsort(both):
                cells += both[b] != before
                before = both[b]
                cell[items + b] = cells - 1
        for i in range(items, after):
            example[items + cell[i]] = i
        n_columns[g] += 1
        n_cells[g] = cells
        widest = max(widest, cells)
    return widest


@njit(cache=True)
def hold(row, c, says, ordered, conditions, group_start, work):
    """Set the bits of the cells for which a condition holds, cell by cell; `row` is its row of a mask."""
    k, width = says.key[c], ordered.place.shape[1]
    g, x = k // width, k % width
    for b in range(work.n_cells[g]):
        v = ordered.place[work.example[group_start[g] + b], x]
        if v == ordered.known[k] or conditions.set_row[c] >= 0:  # missing, or a code
            inside = meets(ordered.value[v], c, conditions)
        else:
            inside = says.first[c] <= v < says.last[c]
        if inside:
            row[b // BITS] |= np.uint64(1) << np.uint64(b % BITS)


@njit(cache=True)
def fill(mask, a, first, last):
    """Set the bits of a row from the first to the last, both included."""
    for word in range(first // BITS, last // BITS + 1):
        low, high = max(0, first - word * BITS), min(BITS - 1, last - word * BITS)
        every = ~np.uint64(0)
        mask[a, word] |= (every << np.uint64(low)) & (every >> np.uint64(BITS - 1 - high))
