"""A background belongs to the ensemble that prepared it, and to equal ones; with any other it is refused."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.trees import from_estimator
from explainers.trees.errors import BackgroundError
from tests.trees.families import NAMES, fitted, rows
from tests.trees.random_ensembles import random_ensemble, random_rows

PREPARED_ELSEWHERE = r"prepared by another ensemble.*Prepare it again"


def test_a_background_of_another_model_of_the_same_size_is_refused():
    X = random_rows(0, 8)
    a, b = random_ensemble(1), random_ensemble(2)
    foreign = a.prepare_background(X)
    for ask in (
        lambda: b.shapley(X[0], foreign),
        lambda: b.shapley(np.repeat(X, 4, 0), foreign),
        lambda: b.toggles(np.zeros(5), ["f0"], background=foreign),
        lambda: b.prepare_background(foreign),
    ):
        with pytest.raises(BackgroundError, match=PREPARED_ELSEWHERE):
            ask()


def test_a_background_of_a_smaller_model_is_refused_before_any_kernel_reads_it():
    boosted, forest = (from_estimator(fitted(n), NAMES) for n in ("lightgbm", "random forest of two classes"))
    X = rows(seed=3, n=30)
    with pytest.raises(BackgroundError, match=PREPARED_ELSEWHERE):
        forest.shapley(X[0], boosted.prepare_background(X))


def test_a_background_of_an_equal_ensemble_is_taken():
    X = random_rows(0, 8)
    first, again = random_ensemble(1), random_ensemble(1)
    values, base = again.shapley(X[0], first.prepare_background(X))
    expected, expected_base = again.shapley(X[0], X)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(base, expected_base)
