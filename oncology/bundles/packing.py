"""Histogram gradient boosting in a few large arrays instead of thousands of small ones.

A safe file holds one entry per array. Sixty trees with three arrays each, fourteen models of them, and a list of
bin thresholds per column open in most of a second; stacked they open in some hundredths, with the same content.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

__all__ = ["pack", "unpack"]

_FORM = "stacked trees"


def _stack(arrays: list[Any]) -> dict[str, Any]:
    lengths = np.asarray([len(a) for a in arrays], dtype=np.int64)
    return {"form": _FORM, "rows": np.concatenate(arrays), "lengths": lengths}


def _unstack(stacked: dict[str, Any]) -> list[Any]:
    return np.split(stacked["rows"], np.cumsum(stacked["lengths"])[:-1])


def is_stackable(estimator: Any) -> bool:
    """Whether an estimator is histogram gradient boosting without categorical splits."""
    module = type(estimator).__module__
    if type(estimator).__name__ != "HistGradientBoostingClassifier" or not module.startswith("sklearn."):
        return False
    trees = [t for step in getattr(estimator, "_predictors", []) for t in step]
    return bool(trees) and not any(len(t.raw_left_cat_bitsets) for t in trees)


def pack(estimator: Any) -> Any:
    """A copy of the estimator whose trees and bin thresholds are stacked; any other estimator as it is."""
    if not is_stackable(estimator):
        return estimator
    packed = copy.copy(estimator)
    steps = estimator._predictors
    packed._predictors = {
        **_stack([t.nodes for step in steps for t in step]),
        "trees_per_step": len(steps[0]),
    }
    mapper = copy.copy(estimator._bin_mapper)
    # How many threads happened to fit the thresholds is no property of the model.
    mapper.n_threads = None
    mapper.bin_thresholds_ = _stack(list(mapper.bin_thresholds_))
    packed._bin_mapper = mapper
    return packed


def unpack(estimator: Any) -> Any:
    """The estimator that `pack` was given, in place."""
    stacked = getattr(estimator, "_predictors", None)
    if not (isinstance(stacked, dict) and stacked.get("form") == _FORM):
        return estimator
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    no_categories = np.zeros((0, 8), dtype=np.uint32)
    trees = [TreePredictor(nodes, no_categories, no_categories) for nodes in _unstack(stacked)]
    width = int(stacked["trees_per_step"])
    estimator._predictors = [trees[i : i + width] for i in range(0, len(trees), width)]
    estimator._bin_mapper.bin_thresholds_ = _unstack(estimator._bin_mapper.bin_thresholds_)
    return estimator
