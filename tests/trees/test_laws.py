"""What always holds of exact Shapley values, on random ensembles."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.trees import stack
from explainers.trees.ensemble import build
from tests.trees.random_ensembles import random_ensemble, random_rows, random_tree

SEEDS = st.integers(0, 10**6)
QUIET = settings(max_examples=25, deadline=None)
NAMES = [f"f{i}" for i in range(5)]


def both_kinds(ensemble, X):
    """Values and base values, path-dependent and against a background."""
    return [ensemble.shapley(X[:3]), ensemble.shapley(X[:3], X[3:])]


@QUIET
@given(SEEDS, st.sampled_from([1, 2, 5]))
def test_values_and_base_add_up_to_the_prediction(seed, width):
    ensemble, X = random_ensemble(seed, width=width, depth=5), random_rows(seed, 8)
    for values, base in both_kinds(ensemble, X):
        np.testing.assert_allclose(base + values.sum(1), ensemble.predict(X[:3]), atol=1e-10)


@QUIET
@given(SEEDS)
def test_a_feature_that_no_tree_tests_gets_nothing(seed):
    ensemble, X = random_ensemble(seed, features=[0, 1, 3]), random_rows(seed, 8)
    for values, _ in both_kinds(ensemble, X):
        assert (values[:, [2, 4]] == 0).all()


@QUIET
@given(SEEDS)
def test_values_of_a_sum_of_trees_are_the_sum_of_their_values(seed):
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, 5, 4, 1) for _ in range(3)]
    X = random_rows(seed, 8)
    together = build(trees, NAMES, ["o"], "value", [0.0])
    alone = [build([t], NAMES, ["o"], "value", [0.0]) for t in trees]
    for kind, (values, base) in enumerate(both_kinds(together, X)):
        parts = [both_kinds(e, X)[kind] for e in alone]
        np.testing.assert_allclose(values, sum(v for v, _ in parts), atol=1e-10)
        np.testing.assert_allclose(base, sum(b for _, b in parts), atol=1e-10)


@QUIET
@given(SEEDS)
def test_features_that_the_model_treats_alike_get_the_same(seed):
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, 5, 4, 1)
    swap = np.array([1, 0, 2, 3, 4])
    mirrored = random_tree(np.random.default_rng(seed), 5, 4, 1)
    mirrored.column = np.where(tree.column < 0, -1, swap[tree.column])
    ensemble = build([tree, mirrored], NAMES, ["o"], "value", [0.0])
    X = random_rows(seed, 8)
    X[:, 1] = X[:, 0]
    for values, _ in both_kinds(ensemble, X):
        np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-10)


@QUIET
@given(SEEDS)
def test_interactions_are_symmetric_and_add_up_to_the_values(seed):
    ensemble, X = random_ensemble(seed, width=2, depth=5), random_rows(seed, 3)
    matrices = ensemble.interactions(X)
    np.testing.assert_allclose(matrices, matrices.transpose(0, 2, 1, 3), atol=1e-12)
    np.testing.assert_allclose(matrices.sum(2), ensemble.shapley(X)[0], atol=1e-10)
    np.testing.assert_allclose(ensemble.mean_absolute_interactions(X), np.abs(matrices).mean(0), atol=1e-12)


@QUIET
@given(SEEDS)
def test_stacking_changes_nothing(seed):
    parts = [random_ensemble(seed + i, width=w) for i, w in enumerate((1, 1, 3))]
    X = random_rows(seed, 8)
    for some in (parts[:2], parts):
        together = stack(some)
        np.testing.assert_allclose(together.predict(X), np.hstack([e.predict(X) for e in some]), atol=1e-12)
        for kind, (values, base) in enumerate(both_kinds(together, X)):
            alone = [both_kinds(e, X)[kind] for e in some]
            np.testing.assert_allclose(values, np.concatenate([v for v, _ in alone], 2), atol=1e-10)
            np.testing.assert_allclose(base, np.concatenate([b for _, b in alone]), atol=1e-10)
