"""Probability-space values are estimates: unbiased, with an honest standard error, and they add up."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from explainers.trees import from_bundle, from_estimator, stack, warm
from explainers.trees.errors import BackgroundError, TreeEngineError
from explainers.trees.sampled import sampled_probability
from tests.reference.tree_games import interventional_game, shapley_of_game
from tests.trees.families import NAMES, fitted, library_output, rows


@pytest.mark.parametrize("name", ["histogram boosting", "lightgbm with categories"])
def test_estimates_lie_within_their_standard_error_of_every_coalition(name):
    model, ensemble = fitted(name), from_estimator(fitted(name), NAMES)
    X = rows(seed=14, n=12)

    def probability(A):
        return model.predict_proba(A)[:, -ensemble.n_outputs :]

    truth = shapley_of_game(interventional_game(probability, X[0], X[1:]), 10)
    estimate = sampled_probability(ensemble, X[0], X[1:], rounds=40, seed=1)
    np.testing.assert_allclose(estimate.base_values, probability(X[1:]).mean(0), atol=1e-10)
    np.testing.assert_allclose(
        estimate.base_values + estimate.values.sum(0), probability(X[:1])[0], atol=1e-10
    )
    assert (np.abs(estimate.values - truth) <= 4 * estimate.std_error + 1e-12).all()
    assert 0 < estimate.std_error.max() < 0.02
    again = sampled_probability(ensemble, X[0], X[1:], rounds=40, seed=1)
    np.testing.assert_array_equal(again.values, estimate.values)


def test_outputs_stacked_from_separate_models_keep_their_own_probabilities():
    together = stack([from_estimator(fitted(n), NAMES) for n in ("histogram boosting", "lightgbm")])
    X = rows(seed=14, n=12)
    estimate = together.sampled_probability(X[0], X[1:])
    expected = [fitted(n).predict_proba(X[:1])[0, 1] for n in ("histogram boosting", "lightgbm")]
    np.testing.assert_allclose(estimate.probability, expected, atol=1e-10)


def test_forests_are_sent_to_the_exact_values_and_single_draws_are_refused():
    X = rows(n=3)
    with pytest.raises(TreeEngineError, match="explains them exactly"):
        sampled_probability(from_estimator(fitted("random forest"), NAMES), X[0], X[1:])
    with pytest.raises(BackgroundError, match="no standard error"):
        sampled_probability(from_estimator(fitted("lightgbm"), NAMES), X[0], X[1:2])


def bundle(**estimators):
    return SimpleNamespace(
        name="trial",
        options=tuple(estimators),
        estimators={k: fitted(v) for k, v in estimators.items()},
        schema=SimpleNamespace(columns=tuple(NAMES)),
    )


def test_a_bundles_options_become_outputs_in_order():
    X = rows(seed=15, n=30)
    boosted = from_bundle(bundle(a="histogram boosting", b="xgboost", c="lightgbm"))
    assert boosted.output_names == ("a", "b", "c")
    margins = [library_output(n, X)[:, 0] for n in ("histogram boosting", "xgboost", "lightgbm")]
    np.testing.assert_allclose(boosted.predict(X), np.stack(margins, 1), atol=1e-5)
    forests = from_bundle(bundle(a="random forest of two classes", b="random forest of two classes"))
    positive = library_output("random forest of two classes", X)[:, 1]
    np.testing.assert_allclose(forests.predict(X), np.stack([positive] * 2, 1), atol=1e-12)
    values, base = forests.shapley(X[0])
    np.testing.assert_allclose(base + values[0].sum(0), forests.predict(X[0])[0], atol=1e-12)


def test_one_model_whose_classes_are_the_options():
    single = bundle(x="lightgbm with categories")
    single.options, single.estimators = ("low", "mid", "high"), {"": fitted("lightgbm with categories")}
    X = rows(seed=15, n=30)
    np.testing.assert_allclose(
        from_bundle(single).predict(X), library_output("lightgbm with categories", X), atol=1e-12
    )


def test_a_formula_is_refused():
    formula = bundle()
    with pytest.raises(TreeEngineError, match="published formula"):
        from_bundle(formula)


def test_warming_says_what_it_prepares():
    said = []
    assert warm(said.append) > 0
    assert said and all(words.startswith("Preparing") for words in said)
