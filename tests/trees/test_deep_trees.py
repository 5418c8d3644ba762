"""Trees at least twenty deep over at most ten features, so that paths test features again and again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

from explainers.trees import from_estimator
from explainers.trees.ensemble import build
from explainers.trees.forms import Tree
from tests.reference.tree_games import (
    interactions_of_game,
    interventional_game,
    path_dependent_game,
    shapley_of_game,
)

DEEP = 20


def rows_with_gaps(rng, n: int, p: int) -> np.ndarray:
    """Rounded numbers, so that many equal a threshold; a fifth missing, none in the first row, some in the second."""
    X = np.round(rng.normal(size=(n, p)), 1)
    X[1:][rng.random((n - 1, p)) < 0.2] = np.nan
    X[1, 0] = np.nan
    return X


def spine(rng, row: np.ndarray, depth: int, width: int) -> Tree:
    """A tree that this row follows through `depth` tests; what branches off is a leaf or a small subtree."""
    column, threshold, missing, left, right, cover, value = [], [], [], [], [], [], []

    def grow(level: int, weight: float, follows: bool, left_over: int) -> int:
        k = len(column)
        for store, empty in (
            (column, -1), (threshold, 0.0), (missing, False), (left, -1), (right, -1),
            (cover, weight), (value, rng.normal(size=width)),
        ):  # fmt: skip
            store.append(empty)
        if (follows and level < depth) or (not follows and left_over):
            column[k] = feature = int(rng.integers(len(row)))
            near = np.nan_to_num(row[feature])
            threshold[k] = round(float(rng.choice([rng.normal(), near, near + 0.1])), 1)
            missing[k] = bool(rng.random() < 0.5)
            goes_left = bool(missing[k] if np.isnan(row[feature]) else row[feature] <= threshold[k])
            share = rng.choice([0.02, 0.3, 0.5, 0.9])
            short = int(rng.choice([0, 0, 1, 2])) if follows else left_over - 1
            left[k] = grow(level + 1, weight * share, follows and goes_left, short)
            right[k] = grow(level + 1, weight * (1 - share), follows and not goes_left, short)
        return k

    grow(0, 100.0, True, 0)
    return Tree(*map(np.array, (column, threshold, missing, left, right, cover, value)))


def depth_that_a_row_reaches(ensemble, row: np.ndarray) -> int:
    """Most tests that the row passes in one of the trees."""
    nodes, most = ensemble.nodes, 0
    for root in nodes.start[:-1]:
        k, depth = int(root), 0
        while nodes.column[k] >= 0:
            v = row[nodes.column[k]]
            goes_left = nodes.missing_left[k] == 1 if np.isnan(v) else v <= nodes.threshold[k]
            k, depth = k + 1 if goes_left else int(nodes.right[k]), depth + 1
        most = max(most, depth)
    return most


def holds(ensemble, X: np.ndarray, background: np.ndarray, n_rows: int) -> None:
    """Rows one by one and all rows at once against every coalition, both kinds, and the interactions."""
    p = X.shape[1]
    many, many_against = ensemble.shapley(X)[0], ensemble.shapley(X, background)[0]
    for i, row in enumerate(X[:n_rows]):
        game = path_dependent_game(ensemble, row)
        expected = shapley_of_game(game, p)
        values, base = ensemble.shapley(row)
        np.testing.assert_allclose(values[0], expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(many[i], expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(base, game[frozenset()], rtol=0, atol=1e-10)
        np.testing.assert_allclose(
            ensemble.interactions(row)[0], interactions_of_game(game, p), rtol=0, atol=1e-10
        )
        game = interventional_game(ensemble.predict, row, background)
        expected = shapley_of_game(game, p)
        values, base = ensemble.shapley(row, background)
        np.testing.assert_allclose(values[0], expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(many_against[i], expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(base, game[frozenset()], rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("p", "depth", "width"), [(3, 20, 1), (6, 24, 2), (8, 40, 1), (10, 20, 1), (10, 28, 3)]
)
@pytest.mark.parametrize("seed", range(3))
def test_random_trees_whose_paths_are_twenty_deep_equal_all_coalitions(seed, p, depth, width):
    rng = np.random.default_rng([seed, p, depth])
    X = rows_with_gaps(rng, 30, p)
    trees = [spine(rng, X[0], depth, width), spine(rng, X[1], depth, width)]
    ensemble = build(
        trees, [f"f{i}" for i in range(p)], [f"o{i}" for i in range(width)], "value", np.zeros(width)
    )
    assert depth_that_a_row_reaches(ensemble, X[0]) >= depth >= DEEP
    assert depth_that_a_row_reaches(ensemble, X[1]) >= depth
    background = rows_with_gaps(rng, 12, p)
    background[:6] = np.where(rng.random((6, p)) < 0.5, X[0], background[:6])  # some come far along the path
    holds(ensemble, X, background, n_rows=3)


def peeled(rng, n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Data whose best splits take off one end after another, so that a fitted tree becomes a long path."""
    X = rows_with_gaps(rng, n, p)
    return X, np.exp(np.nan_to_num(X, nan=-0.55) @ rng.uniform(1, 3, p))


FITTED = {
    "decision tree": DecisionTreeRegressor(random_state=0),
    "histogram boosting": HistGradientBoostingRegressor(
        max_iter=1, max_leaf_nodes=None, min_samples_leaf=1, random_state=0
    ),
}


@pytest.mark.parametrize("name", FITTED)
def test_fitted_trees_twenty_deep_equal_all_coalitions(name):
    X, y = peeled(np.random.default_rng(5), 120, 7)
    ensemble = from_estimator(FITTED[name].fit(X, y), [f"f{i}" for i in range(7)])
    reached = np.array([depth_that_a_row_reaches(ensemble, row) for row in X])
    incomplete = np.isnan(X).any(1)
    deepest, deepest_incomplete = reached.argmax(), np.where(incomplete, reached, -1).argmax()
    assert reached[deepest] >= DEEP and reached[deepest_incomplete] >= DEEP - 5
    holds(ensemble, np.concatenate([X[[deepest, deepest_incomplete]], X[:28]]), X[50:60], n_rows=3)
