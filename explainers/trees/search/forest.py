"""The form that the search works on: what is left of a tree ensemble once one patient is fixed.

An **item** is one change that may be made: "KRAS becomes altered", "TMB becomes 14". Items that change the same
thing form a **group**, and at most one item of a group is chosen, so a set of items S is an edited patient.

With the patient fixed, a leaf's box asks for each group only *which of its items put it inside*: a **literal** is a
set of items of one group, with a flag that tells whether the unchanged value is inside too. A box is active for S
when each of its literals holds:

* the group is untouched by S and the literal's flag is set, or
* S chooses an item that the literal allows.

A binary alteration has one item, so its literals are "must be chosen" and "must not be chosen". A numeric feature
has an item for each interval between thresholds, a three-state gene one for each of its two other states; neither
needs a copy of the box for every alternative.

The boxes of one tree are kept as their common tree of paths: a **node** is a literal below the node it follows on the
path from the root, and a box is active where all nodes above its own hold. What boxes begin with alike is worked out
once, and a pass over a tree is one loop without branches.

Within one tree, items of a group that all its literals treat alike are interchangeable; such a class is a **link**
(the tree's link to those items). The boxes of one tree are disjoint and cover everything, hence exactly one of
them is active, and the model's outputs are ``g(S) = base + sum over trees of the active box's value``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHOSEN", "EXCLUDED", "FREE", "MOST_GROUPS", "Forest", "joined"]

Ints = NDArray[np.int32]
Places = NDArray[np.uint32]  # never negative: an index without a sign is looked up faster
Floats = NDArray[np.float64]

# What is settled about an item at a node of the search.
FREE, CHOSEN, EXCLUDED = 0, 1, 2

# Groups that one path of a tree may test.
MOST_GROUPS = 256


class Forest(NamedTuple):
    """Boxes over items, T trees, L boxes, M nodes, N literals, S slots (tree, group), Q links, k outputs.

    Consecutive offsets are kept the usual way: those of x are ``x_start[x]`` to ``x_start[x + 1]``.
    """

    base: Floats  # (k,)
    output: Ints  # (T,) first output that the tree's values add to
    box_start: Ints  # (T + 1,) boxes of a tree
    value: Floats  # (w, L)
    box_node: Places  # (L,) node that ends the path to a box
    node_start: Ints  # (T + 1,) nodes of a tree: its root first, every node after the one above it
    node_literal: Places  # (M,) means nothing at roots
    above: Places  # (M,) the node before it on the path, itself at roots
    literal_start: Ints  # (T + 1,) literals of a tree
    literal_slot: Ints  # (N,)
    unchanged: NDArray[np.uint8]  # (N,) whether the literal holds while its group is untouched
    allowed_start: Ints  # (N + 1,) links that a literal allows
    allowed: Ints  # link
    slot_start: Ints  # (T + 1,) slots of a tree
    slot_group: Ints  # (S,)
    link_start: Ints  # (S + 1,) links of a slot
    item_start: Ints  # (Q + 1,) items of a link
    item: Ints
    # What boxes need together (`pairs`): P pairs, C couples; none until they are looked for.
    pair_start: Ints  # (M + 1,) pairs of a node's literal with those above it
    pair: Places
    pair_link: Ints  # (P, 2)
    pair_couple: Ints  # (P,)
    couple: Ints  # (C, 2) items

    @property
    def n_links(self) -> int:
        """Number of links, Q."""
        return len(self.item_start) - 1


def joined(parts: Sequence[Forest]) -> Forest:
    """One forest of several that follow one another; the base is that of the last."""
    if len(parts) == 1:
        return parts[0]
    # What an entry counts within its own part, and has to be moved by.
    counted = {
        "box_start": "box_node", "box_node": "above", "node_start": "above", "node_literal": "literal_slot",
        "above": "above", "literal_start": "literal_slot", "literal_slot": "slot_group", "allowed_start": "allowed",
        "allowed": "links", "slot_start": "slot_group", "link_start": "links", "item_start": "item",
        "pair_start": "pair",
    }  # fmt: skip
    whole = {}
    for name in Forest._fields:
        pieces, before = [], 0
        for number, one in enumerate(parts):
            piece = getattr(one, name)
            pieces.append(
                (piece if number == 0 or not name.endswith("_start") else piece[1:])
                + piece.dtype.type(before if name in counted else 0)
            )
            if name in counted:
                of = counted[name]
                before += one.n_links if of == "links" else len(getattr(one, of))
        whole[name] = np.concatenate(pieces, axis=1 if name == "value" else 0)
    whole["base"] = parts[-1].base
    return Forest(**whole)
