"""scikit-learn's single trees, averaging forests and (exact) gradient boosting.

All three round a value to single precision and go left when it is <= a double threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainers.trees.converters.reading import HALF_LOG_ODDS, Reading, class_names, with_names
from explainers.trees.ensemble import Unit
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.forms import Floats, Tree, as_double_threshold

__all__ = ["read_forest", "read_gradient_boosting", "read_tree"]


def read_tree(model: Any) -> Reading:
    """A DecisionTree or ExtraTree: class probabilities, or values."""
    _fitted(model, "tree_")
    return _averaged(model, [model])


def read_forest(model: Any) -> Reading:
    """A RandomForest or ExtraTrees: the mean of its trees' probabilities, or values."""
    _fitted(model, "estimators_")
    if type(model).__name__ == "RandomTreesEmbedding":
        raise UnconvertibleModelError(model, "it predicts nothing", "Explain the model that uses its output.")
    return _averaged(model, list(model.estimators_))


def read_gradient_boosting(model: Any) -> Reading:
    """A GradientBoosting model in its margin; it has no direction for missing values."""
    _fitted(model, "estimators_")
    constant = model.init_ == "zero" or type(model.init_).__name__ in ("DummyClassifier", "DummyRegressor")
    if not constant:
        raise UnconvertibleModelError(
            model,
            f"it starts from another model ({type(model.init_).__name__}), which is not a sum of trees",
            "Train it with init=None or init='zero', or explain it with a model-agnostic method.",
        )
    if getattr(model.init_, "strategy", None) == "stratified":
        raise UnconvertibleModelError(
            model,
            "it draws its starting classes at random (DummyClassifier(strategy='stratified')), so one row has many "
            "predictions",
            "Train it with init=None, or with DummyClassifier(strategy='prior').",
        )
    k = model.estimators_.shape[1]
    zeros = np.zeros((1, model.n_features_in_))
    base = model._raw_predict_init(zeros).ravel()
    trees = [
        _tree(stage[c].tree_, model.learning_rate * stage[c].tree_.value[:, 0, :], output=c)
        for stage in model.estimators_
        for c in range(k)
    ]
    is_classifier = hasattr(model, "classes_")
    notes: tuple[str, ...] = ()
    unit: Unit = "value"
    if is_classifier:
        unit = "log-odds"
        if model.loss == "exponential":
            unit, notes = "value", (HALF_LOG_ODDS,)

    def output(X: Floats) -> Floats:
        return (
            model.decision_function(with_names(model, X))
            if is_classifier
            else model.predict(with_names(model, X))
        )

    return Reading(
        trees,
        model.n_features_in_,
        class_names(model, k),
        unit,
        base,
        output,
        takes_missing=False,
        notes=notes,
    )


def _averaged(model: Any, members: list[Any]) -> Reading:
    classifier = hasattr(model, "predict_proba")
    several = model.n_outputs_ > 1
    counts = np.atleast_1d(model.n_classes_) if classifier else np.ones(model.n_outputs_, int)
    keep = np.concatenate([o * members[0].tree_.value.shape[2] + np.arange(c) for o, c in enumerate(counts)])
    trees = []
    for member in members:
        value = member.tree_.value
        if classifier:
            total = value.sum(2, keepdims=True)
            value = np.divide(value, total, out=np.zeros_like(value), where=total > 0)
        trees.append(_tree(member.tree_, value.reshape(len(value), -1)[:, keep] / len(members)))
    if classifier:
        classes = model.classes_ if several else [model.classes_]
        names = [f"output {o}: {c}" if several else str(c) for o, cs in enumerate(classes) for c in cs]
    else:
        names = [f"output {o}" for o in range(model.n_outputs_)] if several else ["value"]

    def output(X: Floats) -> Floats:
        if not classifier:
            return model.predict(with_names(model, X))
        probability = model.predict_proba(with_names(model, X))
        return np.hstack(probability) if several else probability

    from sklearn.utils import get_tags

    takes_missing = (
        bool(get_tags(model).input_tags.allow_nan) and getattr(model, "monotonic_cst", None) is None
    )
    return Reading(
        trees,
        model.n_features_in_,
        names,
        "probability" if classifier else "value",
        np.zeros(len(names)),
        output,
        takes_missing=takes_missing,
        tolerance=1e-12,
    )


def _tree(tree: Any, value: Floats, output: int = 0) -> Tree:
    leaf = tree.children_left < 0
    return Tree(
        column=np.where(leaf, -1, tree.feature),
        threshold=as_double_threshold(tree.threshold),
        missing_left=np.asarray(tree.missing_go_to_left, bool),
        left=tree.children_left,
        right=tree.children_right,
        cover=tree.weighted_n_node_samples,
        value=value,
        output=output,
    )


def _fitted(model: Any, attribute: str) -> None:
    if not hasattr(model, attribute):
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
