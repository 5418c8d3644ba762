"""From a fitted model of any supported library to one `TreeEnsemble`.

`CONVERTERS` lists, by library and class name, the function that reads each kind of model; subclasses are found
through their bases, and nothing is imported that the caller has not imported already. What is not in the table is
refused with what can be done instead. Every conversion ends with a check: the converted trees and the library's own
output are compared on probe rows that lie on, just above and just below thresholds, with missing values and unknown
categories where the model takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from explainers.trees.converters import hist_boosting, lightgbm_trees, sklearn_trees, wrappers, xgboost_trees
from explainers.trees.converters.reading import Reading, probe_rows
from explainers.trees.ensemble import TreeEnsemble, build, stack
from explainers.trees.errors import (
    ConversionCheckError,
    FeatureMismatchError,
    TreeEngineError,
    UnconvertibleModelError,
)

__all__ = ["CONVERTERS", "WRAPPERS", "from_estimator"]

Entry = TypeVar("Entry")

CONVERTERS: dict[tuple[str, str], Callable[[object], Reading]] = {
    ("sklearn", "DecisionTreeClassifier"): sklearn_trees.read_tree,
    ("sklearn", "DecisionTreeRegressor"): sklearn_trees.read_tree,  # ExtraTree* derive from these
    ("sklearn", "ForestClassifier"): sklearn_trees.read_forest,
    ("sklearn", "ForestRegressor"): sklearn_trees.read_forest,
    ("sklearn", "GradientBoostingClassifier"): sklearn_trees.read_gradient_boosting,
    ("sklearn", "GradientBoostingRegressor"): sklearn_trees.read_gradient_boosting,
    ("sklearn", "HistGradientBoostingClassifier"): hist_boosting.read,
    ("sklearn", "HistGradientBoostingRegressor"): hist_boosting.read,
    ("xgboost", "XGBModel"): xgboost_trees.read,
    ("xgboost", "Booster"): xgboost_trees.read,
    ("lightgbm", "LGBMModel"): lightgbm_trees.read,
    ("lightgbm", "Booster"): lightgbm_trees.read,
}

WRAPPERS: dict[tuple[str, str], Callable[[object], wrappers.Inside]] = {
    ("sklearn", "CalibratedClassifierCV"): wrappers.inside_calibration,
    ("sklearn", "Pipeline"): wrappers.inside_pipeline,
    ("sklearn", "FrozenEstimator"): wrappers.inside_frozen,
    ("sklearn", "BaseSearchCV"): wrappers.inside_search,
    ("sklearn", "MultiOutputClassifier"): wrappers.inside_multi_output,
    ("sklearn", "MultiOutputRegressor"): wrappers.inside_multi_output,
}


def from_estimator(estimator: object, feature_names: Sequence[str], *, check: bool = True) -> TreeEnsemble:
    """The exact tree form of a fitted model.

    Boosted models are read in their margin: log-odds of the positive class for two classes (k = 1), one score a
    class before the softmax for several, the (log of the) value for regressors. Averaging forests and single trees
    are read in probability, k = number of classes (over all outputs), or in the target's unit.

    Parameters
    ----------
    estimator : fitted model
        scikit-learn DecisionTree, ExtraTree, RandomForest, ExtraTrees, GradientBoosting, HistGradientBoosting;
        XGBoost (gbtree, dart); LightGBM; or one of these inside a Pipeline of passthrough steps, a
        CalibratedClassifierCV with a single inner model, a MultiOutput wrapper or a finished search.
    feature_names : sequence of str
        Names of the columns that the model was trained on, in that order.
    check : bool, default True
        Compare the result with the library's own output on probe rows.

    Raises
    ------
    UnconvertibleModelError
        If the model has no exact tree form here; the message says what can be done.
    FeatureMismatchError
        If the names do not fit the model.
    ConversionCheckError
        If the converted trees and the library disagree.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> model = DecisionTreeClassifier().fit([[0], [0], [1], [1]], [0, 0, 0, 1])
    >>> from_estimator(model, ["KRAS"]).predict([[1.0]]).tolist()
    [[0.5, 0.5]]
    """
    feature_names = tuple(map(str, feature_names))
    if len(set(feature_names)) < len(feature_names):
        twice = next(n for n in feature_names if feature_names.count(n) > 1)
        raise FeatureMismatchError(f"The feature name {twice!r} is given more than once.")
    unwrap = _find(WRAPPERS, estimator)
    if unwrap is not None:
        inside = unwrap(estimator)
        parts = [from_estimator(model, feature_names, check=check) for model in inside.models]
        return wrappers.noted(stack(parts, inside.output_names(parts)), inside.note)
    read = _find(CONVERTERS, estimator)
    if read is None:
        raise UnconvertibleModelError(
            estimator,
            "its class is not among those that can be read",
            "It can be explained with a model-agnostic Shapley or LIME method instead; the classes read here are "
            f"{', '.join(sorted({name for _, name in (*CONVERTERS, *WRAPPERS)}))}.",
        )
    _check_names(estimator, feature_names)
    reading = read(estimator)
    if len(feature_names) != reading.n_features:
        raise FeatureMismatchError(
            f"{len(feature_names)} feature names were given; the model was trained on {reading.n_features}."
        )
    ensemble = build(
        reading.trees,
        feature_names,
        reading.output_names,
        reading.unit,
        reading.base,
        coded=reading.coded,
        takes_missing=reading.takes_missing,
        notes=reading.notes,
        exclusive=reading.unit == "log-odds" and len(reading.output_names) > 1 and not reading.independent,
    )
    if check:
        _check_output(estimator, reading, ensemble)
    return ensemble


def _find(table: Mapping[tuple[str, str], Entry], estimator: object) -> Entry | None:
    for base in type(estimator).__mro__:
        found = table.get((base.__module__.partition(".")[0], base.__name__))
        if found is not None:
            return found
    return None


def _check_names(estimator: object, given: tuple[str, ...]) -> None:
    """Refuse names that contradict those the model was trained with."""
    trained, chosen = _trained_names(estimator)
    of_lightgbm = any(base.__module__.partition(".")[0] == "lightgbm" for base in type(estimator).__mro__)
    # LightGBM keeps "PIK3CA mut" as "PIK3CA_mut"
    found = tuple(name.replace(" ", "_") for name in given) if of_lightgbm else given
    if len(trained) != len(found) or trained == found:
        return
    order = "in another order" if set(trained) == set(found) else "under other names"
    if not chosen and order == "under other names":
        return
    i = next(i for i, (a, b) in enumerate(zip(found, trained, strict=True)) if a != b)
    raise FeatureMismatchError(
        f"The model was trained on these features {order}: feature {i} was {trained[i]!r}, "
        f"found {given[i]!r}. Give the names in the order of training."
    )


def _trained_names(estimator: Any) -> tuple[tuple[str, ...], bool]:
    """Names that a model was trained with, or none, and whether its user chose them or its library made them up."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return tuple(map(str, names)), True
    places = (
        "feature_name_",
        "feature_names",
        "feature_name",
    )  # LGBMModel, xgboost.Booster, lightgbm.Booster
    for place in places:
        names = getattr(estimator, place, None)
        names = tuple(map(str, (names() if callable(names) else names) or ()))
        if names:
            made_up = all(name in (f"Column_{i}", f"f{i}") for i, name in enumerate(names))
            return names, not made_up
    return (), False


def _check_output(estimator: object, reading: Reading, ensemble: TreeEnsemble) -> None:
    from explainers.trees.rows import predict

    probes = probe_rows(ensemble)
    theirs = np.asarray(reading.library_output(probes), float).reshape(len(probes), -1)
    ours = ensemble.predict(probes)
    if theirs.shape != ours.shape:
        raise TreeEngineError(
            f"{type(estimator).__name__} gives {theirs.shape[1]} outputs, its trees give {ours.shape[1]}."
        )
    # Scores of hundreds may be sums of thousands of leaves: what rounding may do is relative to the leaves that a row
    # adds up. The largest score alone is no measure: one absurd row would excuse every other.
    added_up, value = np.empty_like(ours), np.abs(ensemble.boxes.value)
    added_up[:] = np.abs(ensemble.base)
    value.flags.writeable = False  # as all others that the kernel meets: it is compiled for one kind of array
    predict(ensemble.rows(probes), ensemble.nodes, value, added_up)
    largest = np.abs(theirs).max(initial=0.0, where=np.isfinite(theirs))
    allowed = reading.tolerance * np.maximum(1.0, np.minimum(added_up, largest))
    difference = np.abs(ours - theirs)
    if not (difference <= allowed).all():
        worst = np.argmax(np.where(difference <= allowed, -1.0, np.nan_to_num(difference, nan=np.inf)))
        raise ConversionCheckError(estimator, float(difference.flat[worst]), float(allowed.flat[worst]))
