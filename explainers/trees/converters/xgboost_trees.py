"""XGBoost: single-precision values that go left when they are < a single-precision threshold.

Read from the model's own JSON. In a categorical split the listed categories go right; a value is rounded to single
precision and its fraction dropped before it is looked up, and a category that is not listed goes left.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from explainers.trees.converters.reading import Reading, class_names, one_class_only
from explainers.trees.ensemble import Unit
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.forms import CodedColumn, Floats, Tree, as_double_threshold

__all__ = ["read"]

LOGISTIC = ("binary:logistic", "reg:logistic")
LOGARITHMIC = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


def read(model: Any) -> Reading:
    """A gbtree or dart model in its margin, up to its best iteration where early stopping found one."""
    wrapped = hasattr(model, "get_booster")
    if wrapped and not model.__sklearn_is_fitted__():
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
    booster = model.get_booster() if wrapped else model
    marker = getattr(model, "missing", None)
    if marker is not None and not math.isnan(marker):
        raise UnconvertibleModelError(
            model,
            f"it reads {marker} as missing",
            "Train it with missing=nan and mark missing values as NaN.",
        )
    learner = json.loads(booster.save_raw("json"))["learner"]
    trees, info, rounds = _trees(model, learner)
    n_features = int(learner["learner_model_param"]["num_feature"])
    targets, classes = (int(learner["learner_model_param"][n]) for n in ("num_target", "num_class"))
    k = max(targets, classes, 1)
    attributes: dict[str, str] = booster.attributes() if wrapped and hasattr(booster, "attributes") else {}
    best = attributes.get("best_iteration")
    last = int(best) + 1 if best is not None else len(rounds) - 1
    kept = range(rounds[last])
    categories = _categories(trees)
    coded = [
        CodedColumn(f, np.array(sorted(values), float), truncate=True, single=True)
        for f, values in categories.items()
    ]
    column_of = {c.feature: n_features + i for i, c in enumerate(coded)}
    known = {c.feature: c.values for c in coded}
    objective = learner["objective"]["name"]
    base = np.broadcast_to(_base(model, learner, objective), (k,))

    def output(X: Floats) -> Floats:
        return booster.inplace_predict(
            X, iteration_range=(0, last), predict_type="margin", validate_features=False, missing=np.nan
        )

    log_odds = objective in (*LOGISTIC, "binary:logitraw") or objective.startswith("multi:")
    unit: Unit = "log-odds" if log_odds else "value"
    return Reading(
        [_tree(trees[i], info[i], column_of, known) for i in kept],
        n_features,
        class_names(model, k) if hasattr(model, "classes_") else class_names(None, k),
        "log" if objective in LOGARITHMIC else unit,
        base,
        output,
        coded=coded,
        tolerance=1e-5,
        independent=not objective.startswith("multi:"),
    )


def _trees(model: Any, learner: dict) -> tuple[list[dict], list[int], list[int]]:
    """Trees, the output of each, and how many trees each number of rounds comprises."""
    booster = learner["gradient_booster"]
    if booster["name"] not in ("gbtree", "dart"):
        raise UnconvertibleModelError(
            model, f"its booster is {booster['name']}, not trees", "Train with gbtree."
        )
    inner = booster["gbtree"]["model"] if booster["name"] == "dart" else booster["model"]
    trees = inner["trees"]
    if any(int(t["tree_param"].get("size_leaf_vector", 1)) > 1 for t in trees):
        raise UnconvertibleModelError(
            model, "its leaves hold vectors", "Train with multi_strategy='one_output_per_tree'."
        )
    if any(inner.get("cats", {}).get("enc", ())):
        raise UnconvertibleModelError(
            model,
            "it was trained on a table with categorical columns and codes them itself",
            "Encode categories as whole numbers and train with feature_types=['c', ...] on an array.",
        )
    if booster["name"] == "dart":
        for tree, weight in zip(trees, booster["weight_drop"], strict=True):
            leaf = np.array(tree["left_children"]) < 0
            tree["split_conditions"] = np.where(leaf, weight, 1.0) * np.array(tree["split_conditions"])
    return trees, inner["tree_info"], inner["iteration_indptr"]


def _categories(trees: list[dict]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for tree in trees:
        for node, start, size in zip(
            tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
        ):
            feature = tree["split_indices"][node]
            found.setdefault(feature, set()).update(tree["categories"][start : start + size])
    return dict(sorted(found.items()))


def _tree(tree: dict, output: int, column_of: dict[int, int], known: dict[int, Floats]) -> Tree:
    left = np.array(tree["left_children"], np.int64)
    leaf = left < 0
    # the JSON prints the shortest decimal of a single: it has to be rounded back before it is widened
    condition = np.array(tree["split_conditions"], np.float32).astype(float)
    column = np.where(leaf, -1, np.array(tree["split_indices"], np.int64))
    left_sets = {}
    for node, start, size in zip(
        tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
    ):
        feature = tree["split_indices"][node]
        goes_right = np.isin(known[feature], tree["categories"][start : start + size])
        left_sets[int(node)] = np.append(~goes_right, True)
        column[node] = column_of[feature]
    return Tree(
        column=column,
        threshold=as_double_threshold(np.where(leaf, 0.0, condition), strict=True),
        missing_left=np.array(tree["default_left"], bool),
        left=left,
        right=np.array(tree["right_children"], np.int64),
        cover=np.array(tree["sum_hessian"], float),
        value=condition[:, None],
        output=output,
        left_sets=left_sets,
    )


def _base(model: Any, learner: dict, objective: str) -> Floats:
    """The margin before any tree: the stored score through the objective's link, if it has one (logitraw has none)."""
    stored = str(learner["learner_model_param"]["base_score"]).strip("[]")
    score = np.array([np.float32(part) for part in stored.split(",")], float)
    if objective in LOGISTIC:
        if not ((score > 0) & (score < 1)).all():
            raise one_class_only(model, f"its base score is {stored}")
        return np.log(score) - np.log1p(-score)
    if objective in LOGARITHMIC and not (score > 0).all():
        raise UnconvertibleModelError(
            model,
            f"it starts from the logarithm of a base score of {stored}, which is no number",
            "Train it on targets that are not all 0.",
        )
    return np.log(score) if objective in LOGARITHMIC else score
