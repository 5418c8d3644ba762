"""Questions that have no answer are refused in words: words for numbers, no rows, several rows, endless paths."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.trees import from_estimator
from explainers.trees.errors import ChangeError, FeatureMismatchError, TreeEngineError
from explainers.trees.projection import project
from tests.trees.families import NAMES, fitted, rows
from tests.trees.test_shapley import chain


@pytest.fixture(scope="module")
def boosted():
    return from_estimator(fitted("histogram boosting"), NAMES)


@pytest.mark.parametrize(
    "change", [("f0", "high"), ("f0", None), ("f0", [1.0, 2.0]), "f0", ("f0",), ("f0", 1, 2)]
)
def test_a_change_that_is_no_pair_of_a_feature_and_a_number_is_refused(boosted, change):
    row = rows(missing=False)[0]
    for ask in (boosted.toggles, boosted.flip_table):
        with pytest.raises(ChangeError, match=r"expected \(feature, value\) with a number"):
            ask(row, changes=[change])


def test_infinity_and_unknown_are_two_changes(boosted):
    row = rows(missing=False)[0]
    toggles = boosted.toggles(row, changes=[("f6", np.inf), ("f6", np.nan)])
    after = np.repeat(row[None], 2, 0)
    after[:, 6] = np.inf, np.nan
    np.testing.assert_allclose(toggles.prediction, boosted.predict(after), atol=1e-12)
    for twice in (np.inf, np.nan):
        with pytest.raises(ChangeError, match="listed twice"):
            boosted.toggles(row, changes=[("f6", twice), ("f6", twice)])


@pytest.mark.parametrize("n", [0, 2])
def test_changes_are_made_to_exactly_one_row(boosted, n):
    some = rows(n=n, missing=False)
    for ask in (
        lambda: boosted.toggles(some, ["f0"]),
        lambda: boosted.toggles(some, changes=[("f0", 0.5)]),
        lambda: boosted.flip_table(some, ["f0"]),
        lambda: boosted.flip_table(some, changes=[("f0", 0.5)]),
        lambda: project(boosted, some, [("f0", 0.5)], 1),
    ):
        with pytest.raises(ChangeError, match=f"made to one row; {n} were given"):
            ask()


@pytest.mark.parametrize("n", [0, 2])
def test_probabilities_are_sampled_for_exactly_one_row(boosted, n):
    with pytest.raises(FeatureMismatchError, match=f"one row at a time; {n} were given"):
        boosted.sampled_probability(rows(n=n), rows(n=5))


def test_a_path_longer_than_the_quadrature_is_refused_but_compared_with_a_background():
    ensemble = chain(2100, forks=0.9)
    row = np.ones(2100)
    for ask in (ensemble.shapley, ensemble.interactions, ensemble.mean_absolute_interactions):
        with pytest.raises(TreeEngineError, match=r"tests 2,100 features.*up to 2,048.*background"):
            ask(row)
    values, base = ensemble.shapley(row, np.zeros((1, 2100)))
    np.testing.assert_allclose(values, 1 / 2100, atol=1e-12)
    assert base[0] == 0


def test_interactions_of_a_long_path_add_up():
    ensemble = chain(130, forks=0.9)
    matrix = ensemble.interactions(np.ones(130))[0]
    np.testing.assert_allclose(matrix.sum(1), ensemble.shapley(np.ones(130))[0][0], atol=1e-12)
