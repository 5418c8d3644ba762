"""An output carries the unit it is in, or a note on how it becomes one; what has none is refused."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn._loss.loss import ExponentialLoss, HalfGammaLoss, HalfPoissonLoss
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)

from explainers.trees import from_estimator
from explainers.trees.converters import _check_output
from explainers.trees.converters.reading import Reading
from explainers.trees.ensemble import build
from explainers.trees.errors import ConversionCheckError, UnconvertibleModelError
from explainers.trees.forms import Tree

NAMES = ["TP53", "KRAS", "tmb_per_mb"]
rng = np.random.default_rng(0)
X = np.c_[rng.integers(0, 2, (300, 2)), rng.lognormal(1, 1, 300)]
RESPONDS = (X[:, 0] + X[:, 1] + rng.normal(size=300) > 1).astype(int)
LGB = {"n_estimators": 5, "verbose": -1, "n_jobs": 1}


@pytest.mark.parametrize("objective", ["regression", "regression_l1", "quantile"])
def test_lightgbm_trained_on_square_roots_says_so(objective):
    model = lightgbm.LGBMRegressor(**LGB, reg_sqrt=True, objective=objective).fit(X, 100 * X[:, 2])
    ensemble = from_estimator(model, NAMES)
    assert (ensemble.unit, len(ensemble.notes)) == ("value", 1)
    assert "square root" in ensemble.notes[0]
    np.testing.assert_allclose(ensemble.predict(X).ravel() ** 2, model.predict(X), rtol=1e-9)


def test_lightgbm_cross_entropy_lambda_says_how_its_score_becomes_a_value():
    model = lightgbm.LGBMRegressor(**LGB, objective="cross_entropy_lambda").fit(X, RESPONDS * 0.9)
    ensemble = from_estimator(model, NAMES)
    assert ensemble.unit == "value" and "log(1 + exp(score))" in ensemble.notes[0]
    np.testing.assert_allclose(np.log1p(np.exp(ensemble.predict(X).ravel())), model.predict(X), rtol=1e-9)


def test_plain_regressions_need_no_note():
    ensemble = from_estimator(lightgbm.LGBMRegressor(**LGB).fit(X, X[:, 2]), NAMES)
    assert (ensemble.unit, ensemble.notes) == ("value", ())


@pytest.mark.parametrize("loss", ["poisson", "gamma", HalfPoissonLoss(), HalfGammaLoss()])
def test_histogram_boosting_of_a_logarithm_says_log_however_its_loss_is_given(loss):
    model = HistGradientBoostingRegressor(loss=loss, max_iter=5).fit(X, X[:, 2])
    ensemble = from_estimator(model, NAMES)
    assert ensemble.unit == "log"
    np.testing.assert_allclose(np.exp(ensemble.predict(X).ravel()), model.predict(X))


def test_histogram_boosting_with_the_exponential_loss_gives_half_the_log_odds():
    model = HistGradientBoostingClassifier(loss=ExponentialLoss(), max_iter=5).fit(X, RESPONDS)
    ensemble = from_estimator(model, NAMES)
    assert ensemble.unit == "value" and "half the log-odds" in ensemble.notes[0]
    probability = 1 / (1 + np.exp(-2 * ensemble.predict(X).ravel()))
    np.testing.assert_allclose(probability, model.predict_proba(X)[:, 1])


def test_xgboost_raw_scores_are_explained_as_they_are():
    for base_score in (None, 0.3):
        model = xgboost.XGBClassifier(
            n_estimators=3, objective="binary:logitraw", base_score=base_score, n_jobs=1
        )
        model.fit(X, RESPONDS)
        ensemble = from_estimator(model, NAMES)
        assert ensemble.unit == "log-odds"
        np.testing.assert_allclose(
            ensemble.predict(X).ravel(), model.predict(X, output_margin=True), atol=1e-5
        )


ONE_CLASS = {
    "histogram boosting": (HistGradientBoostingClassifier(max_iter=2), np.full(300, "responds")),
    "lightgbm": (lightgbm.LGBMClassifier(**LGB), np.full(300, "responds")),
    "xgboost": (xgboost.XGBClassifier(n_estimators=2, n_jobs=1), np.zeros(300, int)),
}


@pytest.mark.parametrize(("model", "y"), ONE_CLASS.values(), ids=ONE_CLASS)
def test_boosting_trained_on_one_class_is_refused_as_that(model, y):
    with pytest.raises(UnconvertibleModelError, match=r"one class only.*at least two classes"):
        from_estimator(model.fit(X, y), NAMES)


@pytest.mark.parametrize("label", [0, 1])
def test_an_xgboost_booster_trained_on_one_class_is_refused_as_that(label):
    data = xgboost.DMatrix(X, np.full(300, label))
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    with pytest.raises(UnconvertibleModelError, match="one class only"):
        from_estimator(booster, NAMES)


def test_an_xgboost_logarithm_of_nothing_is_refused_as_that():
    model = xgboost.XGBRegressor(n_estimators=2, objective="count:poisson", n_jobs=1).fit(X, np.zeros(300))
    with pytest.raises(UnconvertibleModelError, match=r"logarithm of a base score of 0.*not all 0"):
        from_estimator(model, NAMES)


def test_a_forest_of_one_class_is_certain_of_it():
    ensemble = from_estimator(RandomForestClassifier(2).fit(X, np.full(300, "responds")), NAMES)
    assert (ensemble.output_names, ensemble.unit) == (("responds",), "probability")
    assert (ensemble.predict(X) == 1).all()


@pytest.mark.parametrize("on", [True, "true", "+"])
def test_lightgbm_that_stops_summing_early_is_refused(on):
    model = lightgbm.LGBMClassifier(**LGB, pred_early_stop=on).fit(X, RESPONDS)
    with pytest.raises(
        UnconvertibleModelError, match=r"stops adding trees early.*set_params\(pred_early_stop=False\)"
    ):
        from_estimator(model, NAMES)
    exact = from_estimator(model.set_params(pred_early_stop=False), NAMES)
    np.testing.assert_allclose(exact.predict(X).ravel(), model.predict(X, raw_score=True), atol=1e-12)


def test_boosting_that_starts_from_drawn_classes_is_refused():
    model = GradientBoostingClassifier(
        n_estimators=2, init=DummyClassifier(strategy="stratified", random_state=0)
    )
    with pytest.raises(UnconvertibleModelError, match="draws its starting classes at random"):
        from_estimator(model.fit(X, RESPONDS), NAMES)
    for strategy in ("prior", "most_frequent", "uniform"):
        model = GradientBoostingClassifier(n_estimators=2, init=DummyClassifier(strategy=strategy))
        ensemble = from_estimator(model.fit(X, RESPONDS), NAMES)
        np.testing.assert_allclose(ensemble.predict(X).ravel(), model.decision_function(X), atol=1e-12)


def shifted(ensemble, by, where):
    """A reading whose library says `by` more than the ensemble in the rows where its own score is below 10."""

    def library_output(rows):
        ours = ensemble.predict(rows)
        return np.where(where(ours), ours + by, ours)

    return Reading([], 1, ["o"], "value", [0.0], library_output)


@pytest.mark.parametrize(
    ("by", "where"),
    [
        (1e-4, lambda scores: scores < 10),
        (np.inf, lambda scores: scores < 10),
        (np.nan, lambda scores: scores > 10),
    ],
)
def test_an_absurd_score_in_one_leaf_does_not_excuse_the_others(by, where):
    value = np.array([[0.0], [1e10], [0.5]])
    stump = Tree(
        *map(np.array, ([0, -1, -1], [0.5, 0, 0], [True] * 3, [1, -1, -1], [2, -1, -1], [4.0, 1, 3])), value
    )
    ensemble = build([stump], ["TP53"], ["o"], "value", [0.0])
    _check_output(object(), shifted(ensemble, 1e-14, where), ensemble)
    with pytest.raises(ConversionCheckError, match="miss the library's own output"):
        _check_output(object(), shifted(ensemble, by, where), ensemble)
