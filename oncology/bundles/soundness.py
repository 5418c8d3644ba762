"""Trees from a file are walked by compiled code that trusts their indices: check every index first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

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
    for tree, n_columns in _trees(estimator, set(), 0):
        if type(tree).__name__ == "TreePredictor":
            nodes = tree.nodes
            left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
            inner, feature = nodes["is_leaf"] == 0, nodes["feature_idx"].astype(np.int64)
            width = n_columns
            categorical = nodes["is_categorical"][inner] != 0
            beyond = nodes["bitset_idx"][inner][categorical] >= len(tree.raw_left_cat_bitsets)
            sound = not beyond.any()
        else:
            left, right = tree.children_left, tree.children_right
            inner, feature, width, sound = left >= 0, tree.feature, tree.n_features, True
        own = np.arange(len(left))
        for child in (left[inner], right[inner]):
            sound = sound and bool((child > own[inner]).all() and (child < len(left)).all())
        sound = sound and bool((feature[inner] >= 0).all() and (feature[inner] < width).all())
        if not sound or not len(left):
            raise ManifestError(f"{name} holds a tree whose nodes point outside of it", "sound trees")


def _trees(thing: Any, seen: set[int], n_columns: int) -> Iterator[tuple[Any, int]]:
    """Every tree inside an estimator, through pipelines and ensembles, with the columns its owner takes."""
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
        # What histogram boosting checks its input against before it walks.
        own = vars(thing).get("_n_features", vars(thing).get("n_features_in_", n_columns))
        yield from _trees(vars(thing), seen, int(own))
