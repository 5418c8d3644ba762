"""LightGBM: doubles compared as doubles; without a direction of its own a missing value counts as 0.

In a categorical split the fraction of a value is dropped first; the listed categories go left, anything else and
missing values go right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explainers.trees.converters.reading import Reading, class_names
from explainers.trees.ensemble import Unit
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.forms import CodedColumn, Floats, Tree

__all__ = ["read"]

ZERO = float(np.float32(1e-35))  # LightGBM reads anything within this of 0 as 0
INFINITE = 1e300  # the dump writes this for an infinite threshold, such as that of known against missing
LOG_ODDS = ("binary", "multiclass", "multiclassova", "cross_entropy")
LOGARITHMIC = ("poisson", "gamma", "tweedie")


def read(model: Any) -> Reading:
    """A LightGBM model in its margin, up to its best iteration where early stopping found one."""
    wrapped = hasattr(model, "booster_") if hasattr(type(model), "booster_") else False
    if hasattr(type(model), "booster_") and not wrapped:
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
    booster = model.booster_ if wrapped else model
    if wrapped and str(model.get_params().get("pred_early_stop")).lower() in ("true", "+"):
        raise UnconvertibleModelError(
            model,
            "it stops adding trees early where a prediction looks certain (pred_early_stop), so its output is not "
            "the sum of its trees",
            "Switch that off with set_params(pred_early_stop=False); the model need not be trained again.",
        )
    if any(map(len, booster.pandas_categorical or ())):
        raise UnconvertibleModelError(
            model,
            "it was trained on a table with categorical columns and codes them itself",
            "Encode categories as whole numbers and name them with categorical_feature.",
        )
    dump = booster.dump_model()
    k = dump["num_tree_per_iteration"]
    n_features = dump["max_feature_idx"] + 1
    roots = [t["tree_structure"] for t in dump["tree_info"]]
    found: dict[int, set[int]] = {}
    for root in roots:
        _collect_categories(root, found)
    coded = [CodedColumn(f, np.array(sorted(v), float), truncate=True) for f, v in sorted(found.items())]
    column_of = {c.feature: n_features + i for i, c in enumerate(coded)}
    known = {c.feature: c.values for c in coded}
    scale = k / len(roots) if dump.get("average_output") else 1.0
    objective, _, parameters = str(dump.get("objective", "custom")).partition(" ")
    unit: Unit = "log-odds" if objective in LOG_ODDS else "log" if objective in LOGARITHMIC else "value"
    notes: tuple[str, ...] = ()
    if "sqrt" in parameters.split():
        notes = ("The score is the square root of the predicted value, with its sign (LightGBM's reg_sqrt).",)
    elif objective == "cross_entropy_lambda":
        notes = ("The score becomes the predicted value by log(1 + exp(score)).",)
    elif objective in ("binary", "multiclassova") and "sigmoid:1" not in parameters.split():
        unit, notes = (
            "value",
            (f"The score becomes log-odds when multiplied as LightGBM's {parameters} says.",),
        )

    def output(X: Floats) -> Floats:
        # of an averaging (rf) booster LightGBM reports the raw sum, yet puts the mean through the link
        return booster.predict(X, raw_score=True) * scale

    return Reading(
        [_tree(model, root, i % k, scale, column_of, known) for i, root in enumerate(roots)],
        n_features,
        class_names(model, k) if wrapped else class_names(None, k),
        unit,
        np.zeros(k),
        output,
        coded=coded,
        notes=notes,
        independent=objective != "multiclass",
    )


def _collect_categories(root: dict, found: dict[int, set[int]]) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            if node["decision_type"] == "==":
                listed = map(int, str(node["threshold"]).split("||"))
                found.setdefault(node["split_feature"], set()).update(listed)
            waiting += [node["left_child"], node["right_child"]]


def _tree(
    model: Any, root: dict, output: int, scale: float, column_of: dict[int, int], known: dict[int, Floats]
) -> Tree:
    """Flatten the nested dump, children after their parent."""
    nodes, left, right = [root], [], []
    for node in nodes:  # grows while it is walked
        if "split_feature" in node:
            left.append(len(nodes))
            right.append(len(nodes) + 1)
            nodes += [node["left_child"], node["right_child"]]
        else:
            left.append(-1)
            right.append(-1)
            if "leaf_coeff" in node:
                raise UnconvertibleModelError(
                    model, "its leaves hold linear models", "Train it with linear_tree=False."
                )
    column, threshold, missing_left = (
        np.full(len(nodes), -1),
        np.zeros(len(nodes)),
        np.zeros(len(nodes), bool),
    )
    cover, value, left_sets = np.zeros(len(nodes)), np.zeros((len(nodes), 1)), {}
    for i, node in enumerate(nodes):
        if "split_feature" not in node:
            value[i], cover[i] = node["leaf_value"] * scale, node.get("leaf_count", 0)
            continue
        feature, cover[i] = node["split_feature"], node["internal_count"]
        if node["decision_type"] == "==":
            listed = [int(c) for c in str(node["threshold"]).split("||")]
            column[i] = column_of[feature]
            left_sets[i] = np.append(np.isin(known[feature], listed), False)
            continue
        column[i], threshold[i] = feature, node["threshold"]
        missing_left[i] = _missing_goes_left(model, node)
    threshold = np.where(np.abs(threshold) >= INFINITE, np.copysign(np.inf, threshold), threshold)
    # fold that rounding to 0 into the thresholds that lie within it
    threshold = np.where((threshold >= 0) & (threshold < ZERO), ZERO, threshold)
    threshold = np.where((threshold >= -ZERO) & (threshold < 0), np.nextafter(-ZERO, -np.inf), threshold)
    return Tree(
        column, threshold, missing_left, np.array(left), np.array(right), cover, value, output, left_sets
    )


def _missing_goes_left(model: Any, node: dict) -> bool:
    zero_left = node["threshold"] >= 0.0
    if node["missing_type"] == "Zero" and node["default_left"] != zero_left:
        raise UnconvertibleModelError(
            model,
            "it treats zeros as missing (zero_as_missing), so that 0 may go another way than its neighbours",
            "Train it with zero_as_missing=False and mark missing values as NaN.",
        )
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else zero_left
