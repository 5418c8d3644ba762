"""One small fitted model of every kind that the tree engine reads, on data with missing values, ties and categories."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import lightgbm
import numpy as np
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

NAMES = [f"f{i}" for i in range(10)]
NUMERIC, CATEGORY = 6, 9


def rows(seed: int = 0, n: int = 400, *, missing: bool = True) -> np.ndarray:
    """Six alterations, three rounded numbers, one category of six; a tenth missing."""
    rng = np.random.default_rng(seed)
    X = np.hstack(
        [
            (rng.random((n, 6)) < 0.3).astype(float),
            np.round(rng.normal(size=(n, 3)), 1),
            rng.integers(0, 6, (n, 1)).astype(float),
        ]
    )
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
    return X


@cache
def _data(missing: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    full, X = rows(missing=False), rows(missing=missing)
    noise = np.random.default_rng(1).normal(size=len(full)) * 0.4
    score = 2 * full[:, 0] + full[:, 6] * (1 + full[:, 1]) + full[:, 9] % 2 + noise
    binary = (score > 0.9).astype(int)
    return X, score, binary, binary + (full[:, 7] > 0.5)


def _xgb3(X, y):
    types = ["q"] * 9 + ["c"]
    return xgboost.XGBClassifier(
        n_estimators=4, max_depth=4, feature_types=types, enable_categorical=True
    ).fit(X, y)


def _early(X, y):
    model = xgboost.XGBClassifier(n_estimators=60, early_stopping_rounds=2, learning_rate=1.0, max_depth=4)
    return model.fit(X[100:], y[100:], eval_set=[(X[:100], y[:100])], verbose=False)


FOREST = {"n_estimators": 5, "max_depth": 5, "random_state": 0}
BOOST = {"n_estimators": 4, "max_depth": 3, "random_state": 0}
LGB = {"n_estimators": 4, "num_leaves": 12, "verbose": -1, "n_jobs": 1}

# name: (fit, target: 0 value, 1 two classes, 2 three classes, 3 two outputs of classes, 4 two values; missing values)
FAMILIES: dict[str, tuple[Callable, int, bool]] = {
    "decision tree": (DecisionTreeClassifier(max_depth=5, random_state=0).fit, 2, True),
    "regression tree": (DecisionTreeRegressor(max_depth=5, random_state=0).fit, 0, True),
    "extra tree": (ExtraTreeClassifier(max_depth=6, random_state=0).fit, 1, True),
    "random forest": (RandomForestClassifier(**FOREST).fit, 2, True),
    "random forest of two classes": (RandomForestClassifier(**FOREST).fit, 1, True),
    "random forest on complete data": (RandomForestClassifier(**FOREST).fit, 2, False),
    "random forest of two outputs": (RandomForestClassifier(**FOREST).fit, 3, True),
    "regression forest": (RandomForestRegressor(**FOREST).fit, 0, True),
    "regression forest of two values": (RandomForestRegressor(**FOREST).fit, 4, True),
    "extra trees": (ExtraTreesClassifier(**FOREST).fit, 2, True),
    "extra trees regression": (ExtraTreesRegressor(**FOREST).fit, 0, True),
    "gradient boosting": (GradientBoostingClassifier(**BOOST).fit, 1, False),
    "gradient boosting of three classes": (GradientBoostingClassifier(**BOOST).fit, 2, False),
    "gradient boosting with exponential loss": (
        GradientBoostingClassifier(**BOOST, loss="exponential").fit,
        1,
        False,
    ),
    "gradient boosting from zero": (GradientBoostingClassifier(**BOOST, init="zero").fit, 1, False),
    "gradient boosting regression": (GradientBoostingRegressor(**BOOST, loss="huber").fit, 0, False),
    "histogram boosting": (HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=12).fit, 1, True),
    "histogram boosting with categories": (
        HistGradientBoostingClassifier(max_iter=4, max_leaf_nodes=12, categorical_features=[3, 9]).fit,
        2,
        True,
    ),
    "histogram boosting regression": (
        HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=12).fit,
        0,
        True,
    ),
    "xgboost": (xgboost.XGBClassifier(n_estimators=4, max_depth=4).fit, 1, True),
    "xgboost with categories": (_xgb3, 2, True),
    "xgboost regression": (xgboost.XGBRegressor(n_estimators=4, max_depth=4).fit, 0, True),
    "xgboost of two values": (xgboost.XGBRegressor(n_estimators=3, max_depth=3).fit, 4, True),
    "xgboost dart": (
        xgboost.XGBClassifier(n_estimators=6, booster="dart", rate_drop=0.5, max_depth=3).fit,
        1,
        True,
    ),
    "xgboost forest": (xgboost.XGBRFClassifier(n_estimators=4, max_depth=4).fit, 1, True),
    "xgboost stopped early": (_early, 1, True),
    "lightgbm": (lightgbm.LGBMClassifier(**LGB).fit, 1, True),
    "lightgbm with categories": (
        lambda X, y: lightgbm.LGBMClassifier(**LGB).fit(X, y, categorical_feature=[9]),
        2,
        True,
    ),
    "lightgbm on complete data": (lightgbm.LGBMRegressor(**LGB).fit, 0, False),
    "lightgbm forest": (
        lightgbm.LGBMClassifier(**LGB, boosting_type="rf", bagging_freq=1, bagging_fraction=0.7).fit,
        1,
        True,
    ),
    "one model per output": (
        MultiOutputClassifier(HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=8)).fit,
        3,
        True,
    ),
    "calibrated with one inner model": (
        CalibratedClassifierCV(RandomForestClassifier(**FOREST), ensemble=False, cv=3).fit,
        1,
        True,
    ),
    "pipeline of passthrough steps": (
        make_pipeline("passthrough", HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=8)).fit,
        1,
        True,
    ),
}
TAKES_NO_MISSING = {name for name in FAMILIES if name.startswith("gradient boosting")}


@cache
def fitted(name: str) -> object:
    """The fitted model of a family."""
    fit, target, missing = FAMILIES[name]
    X, value, binary, three = _data(missing)
    y = (value, binary, three, np.c_[binary, binary[::-1]], np.c_[value, value**2])[target]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit(X, y)


def library_output(name: str, X: np.ndarray) -> np.ndarray:
    """What the library itself says, in the unit of the ensemble, as (n, k)."""
    model = fitted(name)
    if name == "calibrated with one inner model":
        model = model.calibrated_classifiers_[0].estimator
    if name == "one model per output":
        return np.stack([e.decision_function(X) for e in model.estimators_], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name.startswith("xgboost"):
            out = model.predict(X, output_margin=True)
        elif name.startswith("lightgbm"):
            out = model.predict(X, raw_score=True)
            if name == "lightgbm forest":
                out = out / len(model.booster_.dump_model()["tree_info"])
        elif hasattr(model, "decision_function"):
            out = model.decision_function(X)
        elif hasattr(model, "predict_proba"):
            out = model.predict_proba(X)
            out = np.hstack(out) if isinstance(out, list) else out
        else:
            out = model.predict(X)
    return np.asarray(out, float).reshape(len(X), -1)
