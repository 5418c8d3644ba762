"""Shapley values and interactions against every coalition, against shap, and at the corners."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeRegressor

from explainers.trees import from_estimator, stack
from explainers.trees.ensemble import build
from explainers.trees.errors import BackgroundError
from explainers.trees.forms import Tree
from tests.reference.tree_games import (
    interactions_of_game,
    interventional_game,
    path_dependent_game,
    shapley_of_game,
)
from tests.trees.families import NAMES, TAKES_NO_MISSING, fitted, rows
from tests.trees.random_ensembles import random_ensemble, random_rows

BRUTE = [
    "random forest",
    "random forest of two outputs",
    "regression tree",
    "extra tree",
    "gradient boosting",
    "histogram boosting",
    "histogram boosting with categories",
    "xgboost with categories",
    "lightgbm with categories",
    "xgboost dart",
]


@pytest.mark.parametrize("name", BRUTE)
def test_both_kinds_equal_all_1024_coalitions(name):
    ensemble = from_estimator(fitted(name), NAMES)
    X = rows(seed=3, n=12, missing=name not in TAKES_NO_MISSING)
    row, background = X[0], X[1:7]
    values, base = ensemble.shapley(row, background)
    game = interventional_game(ensemble.predict, row, background)
    np.testing.assert_allclose(values[0], shapley_of_game(game, 10), atol=1e-10)
    np.testing.assert_allclose(base, game[frozenset()], atol=1e-10)
    if ensemble.n_leaves < 150:
        values, base = ensemble.shapley(row)
        game = path_dependent_game(ensemble, row)
        np.testing.assert_allclose(values[0], shapley_of_game(game, 10), atol=1e-10)
        np.testing.assert_allclose(base, game[frozenset()], atol=1e-10)
        np.testing.assert_allclose(ensemble.interactions(row)[0], interactions_of_game(game, 10), atol=1e-10)


@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(6))
def test_random_ensembles_equal_all_coalitions(seed, width):
    ensemble = random_ensemble(seed, width=width)
    X = random_rows(seed, 7)
    game = interventional_game(ensemble.predict, X[0], X[1:])
    np.testing.assert_allclose(ensemble.shapley(X[0], X[1:])[0][0], shapley_of_game(game, 5), atol=1e-10)
    game = path_dependent_game(ensemble, X[0])
    np.testing.assert_allclose(ensemble.shapley(X[0])[0][0], shapley_of_game(game, 5), atol=1e-10)
    np.testing.assert_allclose(ensemble.interactions(X[0])[0], interactions_of_game(game, 5), atol=1e-10)


def test_paths_twenty_deep_over_ten_features_equal_all_coalitions():
    X = rows(n=250)
    y = np.random.default_rng(0).normal(size=len(X))
    model = DecisionTreeRegressor(max_depth=20, random_state=0).fit(X, y)
    assert model.get_depth() >= 12
    ensemble = from_estimator(model, NAMES)
    game = path_dependent_game(ensemble, X[0])
    np.testing.assert_allclose(ensemble.shapley(X[0])[0][0], shapley_of_game(game, 10), atol=1e-10)
    game = interventional_game(ensemble.predict, X[0], X[1:5])
    np.testing.assert_allclose(ensemble.shapley(X[0], X[1:5])[0][0], shapley_of_game(game, 10), atol=1e-10)


def chain(depth: int, forks: float = 0.5):
    """One path that tests `depth` features, as a tree; the leaf at its end is worth 1."""
    inner = np.arange(depth)
    n = 2 * depth + 1
    column, left, right, value = np.full(n, -1), np.full(n, -1), np.full(n, -1), np.zeros((n, 1))
    column[:depth], left[:depth], right[:depth] = inner, depth + inner, np.append(inner[1:], 2 * depth)
    value[2 * depth] = 1.0
    cover = np.r_[forks**inner, forks**inner * (1 - forks), forks**depth]
    tree = Tree(column, np.full(n, 0.5), np.zeros(n, bool), left, right, cover, value)
    return build([tree], [f"f{i}" for i in range(depth)], ["o"], "value", [0.0])


@pytest.mark.parametrize("depth", [8, 20, 33, 61, 70])
def test_a_conjunction_of_many_features_shares_its_worth_equally(depth):
    # by hand: all features are symmetric, so each gets (1 - share of the reference) / depth
    ensemble = chain(depth)
    row = np.ones(depth)
    values, base = ensemble.shapley(row)
    np.testing.assert_allclose(values, (1 - 0.5**depth) / depth, atol=1e-12)
    assert base[0] == pytest.approx(0.5**depth)
    values, _ = ensemble.shapley(row, np.zeros((2, depth)))
    np.testing.assert_allclose(values, 1 / depth, atol=1e-12)
    many, _ = ensemble.shapley(np.ones((20, depth)), np.zeros((2, depth)))
    np.testing.assert_allclose(many, 1 / depth, atol=1e-12)


def test_single_leaves_and_constant_trees_explain_nothing_and_move_the_base():
    leaf = Tree(*(np.array([v]) for v in (-1, 0.0, False, -1, -1, 5.0)), np.array([[2.0]]))
    flat = chain(2)
    together = stack([build([leaf], ["f0", "f1"], ["a"], "value", [0.5]), flat])
    values, base = together.shapley([1.0, 1.0])
    np.testing.assert_allclose(values[0], [[0, 0.375], [0, 0.375]])
    np.testing.assert_allclose(base, [2.5, 0.25])
    assert together.flip_table([0.0, 1.0], [0, 1]).prediction(["f0"]).tolist() == [2.5, 1.0]


@pytest.mark.parametrize(
    "name", ["random forest", "histogram boosting with categories", "lightgbm", "extra tree"]
)
def test_a_cohort_by_tables_equals_its_rows_one_by_one(name):
    ensemble = from_estimator(fitted(name), NAMES)
    X, background = rows(seed=4, n=60), rows(seed=5, n=30)
    for reference in (None, background):
        one_by_one = np.concatenate([ensemble.shapley(x, reference)[0] for x in X])
        np.testing.assert_allclose(ensemble.shapley(X, reference)[0], one_by_one, atol=1e-12)


def test_deep_and_shallow_leaves_in_one_group_do_not_share_patterns():
    ensemble = chain(
        13
    )  # its last four leaves have 11 to 13 conditions, more in all than a short pattern holds
    X = (np.random.default_rng(0).random((400, 13)) < 0.8).astype(float)
    for reference in (None, X[:20]):
        one_by_one = np.concatenate([ensemble.shapley(x, reference)[0] for x in X])
        np.testing.assert_allclose(ensemble.shapley(X, reference)[0], one_by_one, atol=1e-12)


def test_one_background_row_is_a_reference_patient():
    ensemble = from_estimator(fitted("histogram boosting"), NAMES)
    X = rows(seed=8, n=2)
    values, base = ensemble.shapley(X[0], X[1])
    np.testing.assert_allclose(base, ensemble.predict(X[1])[0], atol=1e-12)
    same = (X[0] == X[1]) | (np.isnan(X[0]) & np.isnan(X[1]))
    assert (values[0, same] == 0).all() and (values[0, ~same] != 0).any()


def test_an_empty_background_is_refused():
    with pytest.raises(BackgroundError, match="no rows"):
        from_estimator(fitted("lightgbm"), NAMES).shapley(rows(n=1), np.zeros((0, 10)))


@pytest.mark.parametrize("name", ["random forest", "lightgbm"])
def test_a_background_too_varied_to_keep_is_compared_in_portions(monkeypatch, name):
    ensemble = from_estimator(fitted(name), NAMES)
    X, background = rows(seed=22, n=20), rows(seed=21, n=50)
    expected, base = ensemble.shapley(X, background)
    toggled = ensemble.toggles(X[0], ["f0"], background=background)
    monkeypatch.setattr("explainers.trees.shapley.MOST_PATTERNS", 100)
    monkeypatch.setattr("explainers.trees.shapley.PATTERNS_A_PORTION", 700)
    again = from_estimator(fitted(name), NAMES)
    assert again.prepare_background(background).patterns is None
    values, same = again.shapley(X, background)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    np.testing.assert_array_equal(same, base)
    in_portions = again.toggles(X[0], ["f0"], background=background)
    np.testing.assert_allclose(in_portions.values, toggled.values, atol=1e-12)


def test_a_prepared_background_is_recognised_by_its_content():
    ensemble = from_estimator(fitted("lightgbm"), NAMES)
    X = rows(seed=9, n=20)
    assert ensemble.prepare_background(X) is ensemble.prepare_background(X.copy())
    X[0, 0] = 1 - np.nan_to_num(X[0, 0])
    assert ensemble.prepare_background(X).base_values.shape == (1,)
    np.testing.assert_allclose(ensemble.prepare_background(X).base_values, ensemble.predict(X).mean(0))


@pytest.mark.parametrize(
    "name", ["random forest on complete data", "lightgbm", "xgboost", "gradient boosting"]
)
def test_values_equal_shap_where_shap_is_exact(name):
    model = fitted(name)
    X = rows(seed=11, n=5, missing=name in ("lightgbm", "xgboost"))
    ensemble = from_estimator(model, NAMES)
    theirs = np.asarray(shap.TreeExplainer(model).shap_values(X, check_additivity=False))
    ours = ensemble.shapley(X)[0]
    if theirs.ndim == 2:
        ours = ours[:, :, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_interactions_equal_shap():
    model = fitted("histogram boosting")
    X = rows(seed=11, n=2)
    theirs = np.asarray(shap.TreeExplainer(model).shap_interaction_values(X))
    np.testing.assert_allclose(from_estimator(model, NAMES).interactions(X)[..., 0], theirs, atol=1e-6)


def test_interventional_values_equal_shap_on_a_forest_without_ties():
    model = RandomForestClassifier(n_estimators=5, max_depth=5, random_state=0)
    X = np.random.default_rng(0).normal(size=(300, 6))
    model.fit(X[:200], np.arange(200) % 2)
    X = X[200:].astype(np.float32).astype(float)
    background = shap.maskers.Independent(X[:50], max_samples=50)
    theirs = shap.TreeExplainer(model, data=background).shap_values(X[50:53], check_additivity=False)
    ours = from_estimator(model, [f"f{i}" for i in range(6)]).shapley(X[50:53], X[:50])[0]
    np.testing.assert_allclose(ours, np.asarray(theirs), atol=1e-6)


def _against_every_coalition(model, X):
    """Largest error of our interventional values, and of shap's, for the first row against the next 60."""
    row, background = X[0], X[1:61]
    output = model.decision_function if hasattr(model, "decision_function") else model.predict_proba
    truth = shapley_of_game(interventional_game(output, row, background), 6)
    ours = from_estimator(model, [f"f{i}" for i in range(6)]).shapley(row, background)[0][0]
    masker = shap.maskers.Independent(background, max_samples=len(background))
    theirs = shap.TreeExplainer(model, data=masker).shap_values(row[None], check_additivity=False)
    return np.abs(ours - truth).max(), np.abs(np.asarray(theirs).reshape(truth.shape) - truth).max()


def test_shap_is_wrong_on_histogram_boosting_where_values_tie_with_thresholds():
    """Why Glassboard computes these itself: ours equals every coalition of the library's output, shap 0.51 does not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 6)).round(2)
    y = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=3000) * 0.3 > 0.2
    model = HistGradientBoostingClassifier(max_iter=20).fit(X, y)
    ensemble = from_estimator(model, [f"f{i}" for i in range(6)])
    assert np.isin(ensemble.thresholds(0), X[:, 0]).mean() > 0.9
    ours, theirs = _against_every_coalition(model, X)
    assert ours < 1e-10
    assert theirs > 1e-3


def test_shap_is_wrong_on_forests_where_rounded_values_tie_with_thresholds():
    """The same for forests, which compare in single precision what shap compares in double."""
    X = np.random.default_rng(12).normal(size=(200, 6)).round(1)
    model = RandomForestClassifier(n_estimators=20, max_depth=6, random_state=0).fit(X, np.arange(200) % 2)
    ours, theirs = _against_every_coalition(model, X)
    assert ours < 1e-10
    assert theirs > 1e-4
