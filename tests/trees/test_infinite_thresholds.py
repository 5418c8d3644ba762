"""Splits at minus and plus infinity send every number where the library sends it, in every kind of answer."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from explainers.trees import from_estimator, stack
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.projection import project
from tests.reference.tree_games import interventional_game, shapley_of_game

NAMES = ["log2_copies", "vaf"]


def deleted_copies() -> tuple[np.ndarray, np.ndarray]:
    """Deleted genes at minus infinity, which alone respond; a second feature that matters beside it."""
    rng = np.random.default_rng(0)
    X = rng.random((120, 2)) - [2, 0]
    X[:40, 0] = -np.inf
    return X, (np.arange(120) < 40) ^ (X[:, 1] > 0.8)


def histogram_boosting():
    X, y = deleted_copies()
    model = HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=2, learning_rate=0.5)
    return model.fit(X, y), model.decision_function


def lightgbm_model():
    X, y = deleted_copies()
    model = lightgbm.LGBMClassifier(n_estimators=4, min_child_samples=2, verbose=-1, n_jobs=1).fit(X, y)
    return model, lambda rows: model.predict(rows, raw_score=True)


@pytest.mark.parametrize("make", [histogram_boosting, lightgbm_model])
def test_minus_infinity_is_told_from_every_other_number_in_every_answer(make):
    model, library = make()
    ensemble = from_estimator(model, NAMES)
    assert np.isneginf(ensemble.nodes.threshold[ensemble.nodes.column == 0]).any()
    X = np.array([[-np.inf, 0.9], [-np.inf, 0.1], [-1.5, 0.9], [-1.2, 0.3], [-1e299, 0.1], [np.nan, 0.1]])
    np.testing.assert_allclose(ensemble.predict(X).ravel(), library(X), atol=1e-12)
    for one in (ensemble, stack([ensemble, ensemble])):
        values, base = one.shapley(X)
        np.testing.assert_allclose(base + values.sum(1), one.predict(X), atol=1e-12)
        for row in X:
            values, _ = one.shapley(row, X)
            game = interventional_game(one.predict, row, X)
            np.testing.assert_allclose(values[0], shapley_of_game(game, 2), atol=1e-12)
        many, _ = one.shapley(np.repeat(X, 4, 0), X)
        np.testing.assert_allclose(many[::4], np.concatenate([one.shapley(x, X)[0] for x in X]), atol=1e-12)
    for row in X:
        changes = [(0, v) for v in (-np.inf, -1.5) if v != row[0]]
        after = np.array([[v, row[1]] for _, v in changes])
        expected = ensemble.predict(after)
        np.testing.assert_allclose(ensemble.toggles(row, changes=changes).prediction, expected, atol=1e-12)
        table, boxes = ensemble.flip_table(row, changes=changes), project(ensemble, row, changes, 1)
        for i, outputs in enumerate(expected):
            np.testing.assert_allclose(table.prediction([changes[i]]), outputs, atol=1e-12)
            np.testing.assert_allclose(boxes.prediction([i]), outputs, atol=1e-12)


def test_lightgbm_splits_of_known_against_missing_hold_for_every_number():
    rng = np.random.default_rng(0)
    vaf = rng.normal(size=(200, 1))
    vaf[:60] = np.nan
    model = lightgbm.LGBMClassifier(n_estimators=1, min_child_samples=5, verbose=-1, n_jobs=1)
    model.fit(vaf, np.isnan(vaf[:, 0]))
    assert '"threshold": 1e+300' in str(model.booster_.dump_model()).replace("'", '"')
    ensemble = from_estimator(model, ["vaf"])
    X = np.array([[0.0], [1e299], [1e300], [1.1e300], [1.7e308], [np.inf], [-1.1e300], [-np.inf], [np.nan]])
    np.testing.assert_allclose(ensemble.predict(X).ravel(), model.predict(X, raw_score=True), atol=1e-12)
    assert (np.abs(ensemble.thresholds("vaf")) < 1e300).all()
    assert (np.abs(ensemble.interval_values("vaf")) < 1e300).all()


def test_thresholds_that_binning_infinite_numbers_made_no_number_are_refused():
    X = np.random.default_rng(0).normal(size=(600, 2))  # more values than bins: boundaries are interpolated
    X[:60, 0], X[60:120, 0], X[120:180, 0] = np.inf, -np.inf, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy, on the boundary between the infinities
        model = HistGradientBoostingClassifier(max_iter=3).fit(X, np.arange(600) < 60)
    split = ~model._predictors[0][0].nodes["is_leaf"].astype(bool)
    assert np.isnan(model._predictors[0][0].nodes["num_threshold"][split]).any()
    with pytest.raises(
        UnconvertibleModelError, match=r"splits feature 0 at a threshold that is no number.*finite"
    ):
        from_estimator(model, NAMES)
