"""Slots and links: which items of a group one tree treats alike, worked out cell by cell and not item by item.

Literals come as bits of `explainers.trees.search.cells`. Cells that a literal allows are parted from those that it does
not, literal by literal; what is never parted is a link. An item is looked at only to be put into its link.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.search.cells import BITS

__all__ = ["Links", "link", "no_links"]

Ints = NDArray[np.int32]


class Links(NamedTuple):
    """Slots and links of the trees so far, with room for more, and room for one tree at a time."""

    literal_slot: Ints
    allowed_start: Ints
    allowed: Ints
    slot_start: Ints
    slot_group: Ints
    link_start: Ints
    item_start: Ints
    item: Ints
    slot_of_group: Ints  # (groups,) its newest slot
    # Of every group, from where its items begin:
    label: Ints  # of a cell: cells of one label are treated alike by the literals so far
    size: Ints  # of a label: its cells
    hits: Ints  # of a label: those that the present literal allows
    to: Ints  # of a label: the new label of these, -1 where they are all of it
    stamp: Ints  # of a label: the literal for which it was last looked at
    n_labels: Ints  # (groups,)


@njit(cache=True)
def no_links(total, trees, n_groups, n_items):
    """Room for the links of some trees with up to `total` literals."""
    return Links(
        np.empty(total, np.int32), np.zeros(total + 1, np.int32), np.empty(total, np.int32),
        np.zeros(trees + 1, np.int32), np.empty(total, np.int32), np.zeros(total + 1, np.int32),
        np.zeros(total + 1, np.int32), np.empty(total, np.int32), np.full(n_groups, -1, np.int32),
        np.empty(n_items, np.int32), np.empty(n_items, np.int32), np.empty(n_items, np.int32),
        np.empty(n_items, np.int32), np.empty(n_items, np.int32), np.empty(n_groups, np.int32),
    )  # fmt: skip


@njit(cache=True)
def with_room(array, n):
    """The array, or a longer one that begins like it, with room for n entries."""
    if n <= len(array):
        return array
    longer = np.empty(max(n, 2 * len(array)), array.dtype)
    longer[: len(array)] = array
    return longer


@njit(cache=True)
def link(links, t, first_literal, literal_group, literal_mask, group_start, work):
    """Append slots and links of tree t: items of a group that the tree's literals treat alike share a link.

    Links of a slot stand in the order of their first item, items within a link rise. `literal_mask` are the bits of
    the tree's literals, the first of which has the number `first_literal`.
    """
    literals, n_cells, cell = range(first_literal, len(literal_group)), work.n_cells, work.cell
    within = np.empty(literal_mask.shape[1] * BITS, np.int64)
    slot_of_group, label, stamp, to = links.slot_of_group, links.label, links.stamp, links.to
    first_slot = n_slots = links.slot_start[t]
    for literal in literals:
        g = literal_group[literal]
        if slot_of_group[g] < first_slot:
            slot_of_group[g], links.slot_group[n_slots] = n_slots, g
            n_slots += 1
            begin = group_start[g]
            label[begin : begin + n_cells[g]] = 0
            links.size[begin], stamp[begin], links.n_labels[g] = n_cells[g], -1, 1
        links.literal_slot[literal] = slot_of_group[g]
        if n_cells[g] > 1:
            n = bits(literal_mask, literal - first_literal, n_cells[g], within)
            links.n_labels[g] = part(
                literal,
                links.n_labels[g],
                within[:n],
                group_start[g],
                label,
                links.size,
                links.hits,
                to,
                stamp,
            )
    links.slot_start[t + 1] = n_slots
    n_links = links.link_start[first_slot]
    item_start, item, allowed = links.item_start, links.item, links.allowed
    for s in range(first_slot, n_slots):
        g = links.slot_group[s]
        begin, end, n_labels = group_start[g], group_start[g + 1], links.n_labels[g]
        item_start = with_room(item_start, n_links + n_labels + 1)
        item = with_room(item, item_start[n_links] + end - begin)
        number, at = links.hits, to  # of a label: its link, and where that link's next item goes
        number[begin : begin + n_labels] = -1
        item_start[n_links + 1 : n_links + n_labels + 1] = 0
        of_group = n_links
        for i in range(begin, end):
            a = begin + label[begin + cell[i]]
            if number[a] < 0:
                number[a] = of_group
                of_group += 1
            item_start[number[a] + 1] += 1
        for q in range(n_links, of_group):
            item_start[q + 1] += item_start[q]
        for a in range(begin, begin + n_labels):
            at[a] = item_start[number[a]]
        for i in range(begin, end):
            a = begin + label[begin + cell[i]]
            item[at[a]] = i
            at[a] += 1
        n_links = of_group
        links.link_start[s + 1] = n_links
    n_allowed = links.allowed_start[first_literal]
    for literal in literals:
        g = literal_group[literal]
        n = bits(literal_mask, literal - first_literal, n_cells[g], within)
        allowed = with_room(allowed, n_allowed + n)
        first, rising = n_allowed, True
        for b in within[:n]:
            a = group_start[g] + label[group_start[g] + b]
            if stamp[a] != -2 - literal:
                stamp[a], allowed[n_allowed] = -2 - literal, links.hits[a]
                rising &= n_allowed == first or allowed[n_allowed - 1] < allowed[n_allowed]
                n_allowed += 1
        if not rising:
            allowed[first:n_allowed].sort()
        links.allowed_start[literal + 1] = n_allowed
    return Links(
        links.literal_slot, links.allowed_start, allowed, links.slot_start, links.slot_group, links.link_start,
        item_start, item, slot_of_group, label, links.size, links.hits, to, stamp, links.n_labels,
    )  # fmt: skip


@njit(cache=True)
def part(literal, n_labels, within, begin, label, size, hits, to, stamp):
    """Give the cells that a literal allows other labels than those it does not allow; how many labels there are then."""
    for b in within:
        a = begin + label[begin + b]
        if stamp[a] != literal:
            stamp[a], hits[a], to[a] = literal, 0, -1
        hits[a] += 1
    for b in within:
        a = begin + label[begin + b]
        if to[a] < 0 and hits[a] < size[a]:
            to[a], size[begin + n_labels], stamp[begin + n_labels] = n_labels, hits[a], -1
            size[a] -= hits[a]
            n_labels += 1
        if to[a] >= 0:
            label[begin + b] = to[a]
    return n_labels


@njit(cache=True)
def bits(mask, a, n_cells, within):
    """Write down the cells whose bits are set in a row of a mask, rising; how many there are."""
    n = 0
    for word in range((n_cells + BITS - 1) // BITS):
        if mask[a, word] != 0:
            for b in range(min(BITS, n_cells - word * BITS)):
                within[n] = word * BITS + b
                n += 1 if (mask[a, word] >> np.uint64(b)) & np.uint64(1) else 0
    return n
