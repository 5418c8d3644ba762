"""Kernels of `flip_table`: coefficients of single changes, pairs and triples, and their sums over all sets."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["all_pairs", "moebius", "moebius_triples", "triples_up_to"]


@njit(inline="always")
def _place(i, j):
    return j * (j - 1) // 2 + i if i < j else i * (i - 1) // 2 + j


@njit(cache=True)
def moebius(feature, base, tree, tree_output, must_start, must, keep_start, keep, value, max_size):
    """Coefficients of no change (k,), of single changes (c, k) and of pairs (c (c - 1) / 2, k)."""
    c, k = len(feature), value.shape[1]
    none, single = base.copy(), np.zeros((c, k))
    pair = np.zeros((c * (c - 1) // 2 if max_size > 1 else 0, k))
    for b in range(len(tree)):
        m0, n_must = must_start[b], must_start[b + 1] - must_start[b]
        k0, k1 = keep_start[b], keep_start[b + 1]
        if n_must > 2:
            continue
        only = tree_output[tree[b]]
        low, high = (only, only + 1) if only >= 0 else (0, k)
        for o in range(low, high):
            v = value[b, o]
            if n_must == 0:
                none[o] += v
                for a in range(k0, k1):
                    single[keep[a], o] -= v
                    if max_size > 1:
                        for z in range(k0, a):
                            if feature[keep[a]] != feature[keep[z]]:
                                pair[_place(keep[a], keep[z]), o] += v
            elif n_must == 1:
                i = must[m0]
                single[i, o] += v
                if max_size > 1:
                    for a in range(k0, k1):
                        if feature[i] != feature[keep[a]]:
                            pair[_place(i, keep[a]), o] -= v
            elif max_size > 1:
                pair[_place(must[m0], must[m0 + 1]), o] += v
    return none, single, pair


@njit(cache=True)
def _each_triple(feature, must_start, must, keep_start, keep, filling, at, first, box, sign):
    """Walk every triple between a box's musts and musts + must-nots; count it, or write it where `at` says."""
    items = np.empty(3, np.int64)
    for b in range(len(must_start) - 1):
        m0, n_must = must_start[b], must_start[b + 1] - must_start[b]
        k0, n_keep = keep_start[b], keep_start[b + 1] - keep_start[b]
        if n_must > 3 or n_must + n_keep < 3:
            continue
        chosen = 3 - n_must
        minus = chosen % 2 == 1
        for x in range(n_keep if chosen > 0 else 1):
            for y in range(x if chosen > 1 else 1):
                for z in range(y if chosen > 2 else 1):
                    for a in range(n_must):
                        items[a] = must[m0 + a]
                    if chosen > 0:
                        items[n_must] = keep[k0 + x]
                    if chosen > 1:
                        items[n_must + 1] = keep[k0 + y]
                    if chosen > 2:
                        items[n_must + 2] = keep[k0 + z]
                    i, j, h = items[0], items[1], items[2]
                    if feature[i] == feature[j] or feature[j] == feature[h] or feature[i] == feature[h]:
                        continue
                    if i > j:
                        i, j = j, i
                    if j > h:
                        j, h = h, j
                    if i > j:
                        i, j = j, i
                    place = h * (h - 1) // 2 + j
                    if filling:
                        to = at[place]
                        first[to], box[to], sign[to] = i, b, -1 if minus else 1
                    at[place] += 1


@njit(cache=True)
def moebius_triples(feature, must_start, must, keep_start, keep, value):
    """Coefficients of triples that some box tests: starts by the pair of larger members, smallest member, values."""
    c, k = len(feature), value.shape[1]
    n_pairs = c * (c - 1) // 2
    count = np.zeros(n_pairs, np.int64)
    no_int, no_byte = np.zeros(0, np.int32), np.zeros(0, np.int8)
    _each_triple(feature, must_start, must, keep_start, keep, False, count, no_int, no_int, no_byte)
    at = np.zeros(n_pairs + 1, np.int64)
    for i in range(n_pairs):
        at[i + 1] = at[i] + count[i]
    total = at[n_pairs]
    first, box, sign = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int8)
    fill = at[:-1].copy()
    _each_triple(feature, must_start, must, keep_start, keep, True, fill, first, box, sign)
    # per pair: which smallest members occur, in order, then add up
    slot = np.full(c, -1, np.int64)
    distinct = 0
    for i in range(n_pairs):
        for a in range(at[i], at[i + 1]):
            if slot[first[a]] != i:
                slot[first[a]] = i
                distinct += 1
    out_start = np.zeros(n_pairs + 1, np.int64)
    out_first, out = np.empty(distinct, np.int32), np.zeros((distinct, k))
    slot[:] = -1
    filled = 0
    members = np.empty(c, np.int32)
    for i in range(n_pairs):
        n = 0
        for a in range(at[i], at[i + 1]):
            if slot[first[a]] < 0:
                slot[first[a]] = 0
                members[n] = first[a]
                n += 1
        sorted_members = np.sort(members[:n])
        for m in range(n):
            slot[sorted_members[m]] = filled + m
            out_first[filled + m] = sorted_members[m]
        for a in range(at[i], at[i + 1]):
            to = slot[first[a]]
            for o in range(k):
                out[to, o] += sign[a] * value[box[a], o]
        for m in range(n):
            slot[sorted_members[m]] = -1
        filled += n
        out_start[i + 1] = filled
    return out_start, out_first, out


@njit(cache=True)
def all_pairs(feature, base, single, pair):
    """Positions (m, 2) and outputs (m, k) of all pairs of changes of different features."""
    c, k = single.shape
    positions, outputs = np.empty((len(pair), 2), np.int32), np.empty((len(pair), k))
    n = 0
    for j in range(c):
        for i in range(j):
            if feature[i] == feature[j]:
                continue
            positions[n, 0], positions[n, 1] = i, j
            at = j * (j - 1) // 2 + i
            for o in range(k):
                outputs[n, o] = base[o] + single[i, o] + single[j, o] + pair[at, o]
            n += 1
    return positions[:n], outputs[:n]


@njit(cache=True)
def triples_up_to(last, feature, base, single, pair, start, first, triple):
    """Positions (m, 3) and outputs (m, k) of all triples whose largest member is `last`."""
    k = single.shape[1]
    positions = np.empty((last * (last - 1) // 2, 3), np.int32)
    outputs = np.empty((len(positions), k))
    above = last * (last - 1) // 2
    n = 0
    for j in range(1, last):
        if feature[j] == feature[last]:
            continue
        here, middle = start[above + j], j * (j - 1) // 2
        end = start[above + j + 1]
        for i in range(j):
            while here < end and first[here] < i:
                here += 1
            if feature[i] == feature[j] or feature[i] == feature[last]:
                continue
            positions[n, 0], positions[n, 1], positions[n, 2] = i, j, last
            for o in range(k):
                outputs[n, o] = (
                    base[o]
                    + single[i, o]
                    + single[j, o]
                    + single[last, o]
                    + pair[middle + i, o]
                    + pair[above + i, o]
                    + pair[above + j, o]
                )
            if here < end and first[here] == i:
                for o in range(k):
                    outputs[n, o] += triple[here, o]
            n += 1
    return positions[:n], outputs[:n]
