"""scikit-learn's HistGradientBoosting: doubles compared as doubles, directions for missing values, categories.

With categorical features the model first encodes: categories become their position among the sorted known ones, and
the encoded columns move to the front. An unknown category is treated as missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainers.trees.converters.reading import HALF_LOG_ODDS, Reading, class_names, with_names
from explainers.trees.ensemble import Unit
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.forms import CodedColumn, Floats, Tree

__all__ = ["read"]

UNITS: dict[str, Unit] = {"LogitLink": "log-odds", "MultinomialLogit": "log-odds", "LogLink": "log"}


def read(model: Any) -> Reading:
    """A HistGradientBoosting model in its margin."""
    if not hasattr(model, "_predictors"):
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
    n_features = model.n_features_in_
    coded, column_of, width_of = _columns(model, n_features)
    trees = [
        _tree(model, predictor, column_of, width_of, output)
        for stage in model._predictors
        for output, predictor in enumerate(stage)
    ]
    k = model.n_trees_per_iteration_
    link = type(model._loss.link).__name__  # the loss may be given as a word or as an object

    def output(X: Floats) -> Floats:
        return model._raw_predict(with_names(model, X))

    return Reading(
        trees,
        n_features,
        class_names(model, k),
        UNITS.get(link, "value"),
        np.asarray(model._baseline_prediction, float).ravel(),
        output,
        coded=coded,
        notes=(HALF_LOG_ODDS,) if link == "HalfLogitLink" else (),
    )


def _columns(model: Any, n_features: int) -> tuple[list[CodedColumn], list[int], list[int]]:
    """Coded columns, and for each column of the encoded matrix ours and its number of known categories."""
    if getattr(model, "is_categorical_", None) is None:
        return [], list(range(n_features)), [0] * n_features
    categorical = np.flatnonzero(model.is_categorical_)
    numeric = np.flatnonzero(~np.asarray(model.is_categorical_))
    coded, widths = [], []
    for feature, known in zip(
        categorical, model._preprocessor.named_transformers_["encoder"].categories_, strict=True
    ):
        try:
            if any(isinstance(category, str) for category in known):
                raise TypeError  # words made of digits too: the model looks words up, and knows no numbers
            values = np.asarray(known, dtype=float)
        except (TypeError, ValueError):
            raise UnconvertibleModelError(
                model,
                f"feature {feature} has categories that are words ({known[0]!r})",
                "Encode categories as whole numbers before training.",
            ) from None
        values = values[~np.isnan(values)]
        coded.append(CodedColumn(int(feature), values))
        widths.append(len(values))
    column_of = [n_features + i for i in range(len(coded))] + [int(f) for f in numeric]
    return coded, column_of, widths + [0] * len(numeric)


def _tree(model: Any, predictor: Any, column_of: list[int], width_of: list[int], output: int) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    nowhere = np.flatnonzero(np.isnan(nodes["num_threshold"]) & ~leaf & ~nodes["is_categorical"].astype(bool))
    if len(nowhere):
        raise UnconvertibleModelError(
            model,
            f"it splits feature {column_of[nodes['feature_idx'][nowhere[0]]]} at a threshold that is no number, which "
            "scikit-learn's binning makes between minus and plus infinity",
            "Train it on finite values: replace each infinity by a number beyond all others, or mark it as NaN.",
        )
    missing_left = nodes["missing_go_to_left"].astype(bool)
    left_sets = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
        bits = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        codes = np.arange(width_of[nodes["feature_idx"][node]])
        left = (bits[codes // 32] >> (codes % 32).astype(np.uint32)) & 1
        left_sets[int(node)] = np.append(left.astype(bool), missing_left[node])
    return Tree(
        column=np.where(leaf, -1, np.array(column_of)[nodes["feature_idx"]]),
        threshold=nodes["num_threshold"].astype(float),
        missing_left=missing_left,
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        cover=nodes["count"].astype(float),
        value=nodes["value"].astype(float)[:, None],
        output=output,
        left_sets=left_sets,
    )
