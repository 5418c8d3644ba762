"""Trees from a file are walked by compiled code that trusts their indices: check every index first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncology.bundles.errors import ManifestError

__all__ = ["check_trees"]


def check_trees(estimator: Any, name: str) -> None:
    """Refuse an estimator with a tree whose children, features or walk lead out of its arrays.

    Raises
    ------
    ManifestError
        If a child does not lie behind its parent (a walk might never end), or a child or feature index is out
        of range (compiled code would read foreign memory).
    """
    parts = [_links(tree, n_columns) for tree, n_columns in _trees(estimator, set(), 0)]
    if not parts:
        return
    own, left, right, feature, n_nodes, width = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    sound = all(((child > own) & (child < n_nodes)).all() for child in (left, right))
    if not (sound and ((feature >= 0) & (feature < width)).all()):
        raise ManifestError(f"{name} holds a tree whose nodes point outside of it", "sound trees")


def _links(tree: Any, n_columns: int) -> tuple[NDArray[np.int64], ...]:
    """Of every inner node: its own index, both children, its feature, and the limits of either."""
    if type(tree).__name__ == "TreePredictor":
        nodes = tree.nodes
        (own,) = np.nonzero(nodes["is_leaf"] == 0)
        left, right, feature = (nodes[n][own].astype(np.int64) for n in ("left", "right", "feature_idx"))
        asked = nodes["bitset_idx"][own][nodes["is_categorical"][own] != 0]
        if asked.size and int(asked.max()) >= len(tree.raw_left_cat_bitsets):
            left = left + len(nodes)
        n_nodes = len(nodes)
    else:
        (own,) = np.nonzero(tree.children_left >= 0)
        left, right, feature = tree.children_left[own], tree.children_right[own], tree.feature[own]
        n_nodes = tree.node_count
    if n_nodes == 0:
        # A walk starts at the first node: a tree without one is read beyond its end.
        own = left = right = feature = np.zeros(1, dtype=np.int64)
    return own, left, right, feature, np.full(len(own), n_nodes), np.full(len(own), n_columns)


def _trees(thing: Any, seen: set[int], n_columns: int) -> Iterator[tuple[Any, int]]:
    """Every tree inside an estimator, through pipelines and ensembles, with the columns its owner lets through."""
    if id(thing) in seen or isinstance(thing, (str, bytes, int, float, bool, type(None), type)):
        return
    seen.add(id(thing))
    kind = type(thing)
    if kind.__name__ in ("TreePredictor", "Tree") and kind.__module__.startswith("sklearn."):
        yield thing, n_columns
    elif isinstance(thing, dict):
        for item in thing.values():
            yield from _trees(item, seen, n_columns)
    elif isinstance(thing, (list, tuple, set)) or (isinstance(thing, np.ndarray) and thing.dtype == object):
        for item in thing.ravel() if isinstance(thing, np.ndarray) else thing:
            yield from _trees(item, seen, n_columns)
    elif kind.__module__.startswith("sklearn.") and hasattr(thing, "__dict__"):
        held = vars(thing)
        own = int(held.get("_n_features", held.get("n_features_in_", n_columns)))
        # An ensemble checks its rows once and hands them to its trees unchecked: its own width is the limit.
        member = n_columns and kind.__module__.startswith("sklearn.tree")
        yield from _trees(held, seen, min(own, n_columns) if member else own)
