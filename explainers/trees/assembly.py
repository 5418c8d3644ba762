"""Putting trees together: from a converter's list of trees, or from several ensembles, to one form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explainers.trees.forms import Boxes, CodedColumn, Conditions, Nodes, Tree

__all__ = ["lay_out", "stack_forms", "unique_conditions"]


def lay_out(
    trees: Sequence[Tree], n_features: int, coded: Sequence[CodedColumn]
) -> tuple[Nodes, Boxes, Conditions]:
    """Nodes, boxes and distinct conditions of a list of trees whose values all have the same width."""
    from explainers.trees.layout import lay_out_tree

    feature_of_column = np.array([*range(n_features), *(c.feature for c in coded)], np.int64)
    widest = max((len(c.values) + 1 for c in coded), default=1)
    sets, n_sets = np.zeros((4, widest), np.uint8), 0
    left_rows: list[NDArray[np.uint8]] = []
    parts: list[dict[str, NDArray]] = []
    offset = leaves = 0
    starts = [0]
    for tree in trees:
        set_row = np.full(len(tree.column), -1, np.int64)
        for node, codes in tree.left_sets.items():
            set_row[node] = len(left_rows)
            left_rows.append(np.pad(np.asarray(codes, np.uint8), (0, widest - len(codes))))
        left_sets = np.array(left_rows, np.uint8).reshape(-1, widest)
        old, parent, previous, feature, column, low, high, missing, edge_set, ratio, right, sets, n_sets = (
            lay_out_tree(
                np.array(tree.column, np.int64, order="C"),
                np.array(tree.threshold, float, order="C"),
                np.array(tree.missing_left, np.uint8, order="C"),
                np.array(tree.left, np.int64, order="C"),
                np.array(tree.right, np.int64, order="C"),
                np.array(tree.cover, float, order="C"),
                set_row,
                left_sets,
                feature_of_column,
                sets,
                n_sets,
            )
        )
        is_leaf = tree.column[old] < 0
        right_edge = (parent >= 0) & (np.arange(len(old)) != parent + 1) & (set_row[old][parent] < 0)
        parts.append(
            {
                "column": np.where(is_leaf, -1, tree.column[old]),
                "threshold": np.where(is_leaf, 0.0, tree.threshold[old]),
                "missing_left": np.where(is_leaf, 0, tree.missing_left[old]),
                "set_row": set_row[old],
                "right": np.where(is_leaf, -1, right + offset),
                "leaf": np.where(is_leaf, leaves + np.cumsum(is_leaf) - 1, -1),
                "parent": np.where(parent < 0, -1, parent + offset),
                "previous": np.where(previous < 0, -1, previous + offset),
                "feature": feature,
                "edge_column": column,
                "low": _lower_bounds(low, right_edge, previous),
                "high": high,
                "missing": missing,
                "edge_set": edge_set,
                "ratio": ratio,
                "value": np.asarray(tree.value, float)[old][is_leaf],
            }
        )
        offset += len(old)
        leaves += int(is_leaf.sum())
        starts.append(offset)
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    edge = joined["feature"] >= 0
    conditions, index = unique_conditions(
        Conditions(
            feature=joined["feature"][edge],
            column=joined["edge_column"][edge],
            low=joined["low"][edge],
            high=joined["high"][edge],
            missing=joined["missing"][edge],
            set_row=joined["edge_set"][edge],
            sets=sets[: max(n_sets, 1)],
        )
    )
    condition = np.full(len(edge), -1)
    condition[edge] = index
    nodes = _nodes(
        start=np.array(starts),
        output=np.array([t.output for t in trees]),
        left_sets=np.array(left_rows, np.uint8).reshape(-1, widest),
        condition=condition,
        **{
            name: joined[name]
            for name in (
                *("column", "threshold", "missing_left", "set_row", "right", "leaf"),
                *("parent", "previous", "feature", "ratio"),
            )
        },
    )
    return *_boxes(nodes, joined["value"], n_features), conditions


def _lower_bounds(low: NDArray, right_edge: NDArray, previous: NDArray) -> NDArray:
    """Lower bounds with NaN where there is none, out of a tree's edges that say minus infinity for both.

    A split at minus infinity bounds its right side: minus infinity itself goes left. The bound is handed down to
    the edges that test the feature again (`previous`) without a higher one.
    """
    unbounded = np.isneginf(low)
    above = right_edge & unbounded
    if above.any():
        for k in np.flatnonzero(unbounded & (previous >= 0)):  # a node stands before those below it
            above[k] |= above[previous[k]]
    return np.where(unbounded & ~above, np.nan, low)


def unique_conditions(conditions: Conditions) -> tuple[Conditions, NDArray[np.int32]]:
    """Conditions without repeats, ordered by column, and where each given one went."""
    sets, set_index = np.unique(conditions.sets, axis=0, return_inverse=True)
    set_row = np.where(conditions.set_row < 0, -1, set_index.ravel()[conditions.set_row])
    # "no lower bound" (NaN) holds for minus infinity, "above minus infinity" does not: two conditions
    bounded = ~np.isnan(conditions.low)
    low = np.where(bounded, conditions.low, -np.inf)
    keys = (conditions.missing, set_row, conditions.high, bounded, low, conditions.column)
    order = np.lexsort(keys)
    fresh = np.zeros(len(order), bool)
    fresh[:1] = True
    for key in keys:
        fresh[1:] |= key[order][1:] != key[order][:-1]
    index = np.empty(len(order), np.int32)
    index[order] = np.cumsum(fresh) - 1
    first = order[fresh]
    return (
        locked(
            Conditions(
                feature=conditions.feature[first].astype(np.int32),
                column=conditions.column[first].astype(np.int32),
                low=conditions.low[first].astype(float),
                high=conditions.high[first].astype(float),
                missing=conditions.missing[first].astype(np.uint8),
                set_row=set_row[first].astype(np.int32),
                sets=np.ascontiguousarray(sets, np.uint8),
            )
        ),
        index,
    )


def stack_forms(
    forms: Sequence[tuple[Nodes, Boxes, Conditions]],
    n_features: int,
    n_coded: Sequence[int],
    k: Sequence[int],
) -> tuple[Nodes, Boxes, Conditions]:
    """Forms side by side: outputs, coded columns, nodes and boxes renumbered, equal conditions shared."""
    widths = {boxes.value.shape[1] for _, boxes, _ in forms}
    widest = max(conditions.sets.shape[1] for _, _, conditions in forms)
    node_parts: list[dict[str, NDArray]] = []
    condition_parts: list[Conditions] = []
    values: list[NDArray] = []
    at_node = at_leaf = at_output = at_column = at_condition = at_set = at_left_set = 0
    starts = [np.zeros(1, np.int64)]
    for (nodes, boxes, conditions), columns, outputs in zip(forms, n_coded, k, strict=True):
        starts.append(nodes.start[1:] + at_node)
        output, value = nodes.output + at_output, boxes.value
        if widths != {1}:  # a leaf holds one value, or one for every output of the whole: nothing in between
            value = np.zeros((len(value), sum(k)))
            for c in range(boxes.value.shape[1]):
                value[np.arange(len(value)), boxes.output + c + at_output] = boxes.value[:, c]
            output = np.zeros_like(output)

        def beyond(column: NDArray, by: int = at_column) -> NDArray:
            return np.where(column >= n_features, column + by, column)

        node_parts.append(
            {
                "output": output,
                "column": beyond(nodes.column),
                "threshold": nodes.threshold,
                "missing_left": nodes.missing_left,
                "set_row": np.where(nodes.set_row < 0, -1, nodes.set_row + at_left_set),
                "left_sets": np.pad(nodes.left_sets, ((0, 0), (0, widest - nodes.left_sets.shape[1]))),
                "right": np.where(nodes.right < 0, -1, nodes.right + at_node),
                "leaf": np.where(nodes.leaf < 0, -1, nodes.leaf + at_leaf),
                "parent": np.where(nodes.parent < 0, -1, nodes.parent + at_node),
                "previous": np.where(nodes.previous < 0, -1, nodes.previous + at_node),
                "feature": nodes.feature,
                "condition": np.where(nodes.condition < 0, -1, nodes.condition + at_condition),
                "ratio": nodes.ratio,
            }
        )
        sets = np.pad(conditions.sets, ((0, 0), (0, widest - conditions.sets.shape[1])))
        condition_parts.append(
            conditions._replace(
                column=beyond(conditions.column),
                set_row=np.where(conditions.set_row < 0, -1, conditions.set_row + at_set),
                sets=sets,
            )
        )
        values.append(value)
        at_node += len(nodes.leaf)
        at_leaf += len(boxes.tree)
        at_output += outputs
        at_column += columns
        at_condition += len(conditions.feature)
        at_set += len(sets)
        at_left_set += len(nodes.left_sets)
    joined = {name: np.concatenate([p[name] for p in node_parts]) for name in node_parts[0]}
    conditions, index = unique_conditions(
        Conditions(*map(np.concatenate, zip(*condition_parts, strict=True)))
    )
    root = joined["condition"] < 0
    joined["condition"] = np.where(root, -1, index[joined["condition"]] if len(index) else -1)
    nodes = _nodes(start=np.concatenate(starts), **joined)
    return *_boxes(nodes, np.concatenate(values), n_features), conditions


def _nodes(**arrays: NDArray) -> Nodes:
    """Nodes in their fixed types; depths are filled in once the boxes are known."""
    kinds = {"start": np.int64, "threshold": float, "ratio": float}
    kinds |= dict.fromkeys(("missing_left", "left_sets"), np.uint8)
    arrays["depth"] = np.zeros(len(arrays["output"]))
    return Nodes(
        **{name: np.ascontiguousarray(arrays[name], kinds.get(name, np.int32)) for name in Nodes._fields}
    )


def _boxes(nodes: Nodes, value: NDArray, n_features: int) -> tuple[Nodes, Boxes]:
    """Boxes of laid-out nodes, and the nodes with their trees' depths."""
    from explainers.trees.layout import lay_out_boxes

    start, condition, feature, ratio, tree, depth = lay_out_boxes(
        nodes.start,
        nodes.leaf,
        nodes.parent,
        nodes.feature,
        nodes.condition,
        nodes.ratio,
        n_features,
        len(value),
    )
    value = np.ascontiguousarray(value, float)
    boxes = Boxes(start, condition, feature, ratio, value, nodes.output[tree], tree)
    return locked(nodes._replace(depth=depth)), locked(boxes)


def locked(form):
    """The same named tuple with every array read-only."""
    for array in form:
        array.flags.writeable = False
    return form
