"""Platt's map keeps order, holds its interval, and agrees with a well-known solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from oncology.uncertainty import MIN_SLOPE, CalibrationError, CalibrationMap, fit_calibration, platt

RNG = np.random.default_rng(2)
MARGIN = RNG.normal(0.3, 1.7, 400)
OUTCOME = (RNG.random(400) < expit(0.6 * MARGIN - 0.8)).astype(float)
FITTED = fit_calibration(MARGIN, OUTCOME)
MARGINS = st.lists(st.floats(-50, 50), min_size=2, max_size=30)


def test_the_map_agrees_with_logistic_regression_on_smoothed_targets():
    # Each patient enters once as a responder and once as none, weighted by the smoothed target.
    ones, zeros = OUTCOME.sum(), (1 - OUTCOME).sum()
    target = np.where(OUTCOME == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    twice = np.concatenate([MARGIN, MARGIN])[:, None]
    solver = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(
        twice, np.repeat([1, 0], 400), sample_weight=np.concatenate([target, 1 - target])
    )
    assert FITTED.slope == pytest.approx(solver.coef_[0, 0], abs=1e-5)
    assert FITTED.intercept == pytest.approx(solver.intercept_[0], abs=1e-5)


@given(MARGINS)
def test_a_higher_margin_never_gets_a_lower_probability(margins):
    ordered = np.sort(margins)
    assert (np.diff(FITTED.probability(ordered)) >= 0).all()
    low, high = FITTED.interval(ordered)
    assert (np.diff(low) >= -1e-12).all() and (np.diff(high) >= -1e-12).all()


@given(MARGINS)
def test_the_interval_holds_the_probability_everywhere(margins):
    low, high = FITTED.interval(margins)
    p = FITTED.probability(margins)
    assert (low <= p).all() and (p <= high).all() and (low >= 0).all() and (high <= 1).all()


@given(st.floats(0.001, 0.999))
def test_margin_is_the_inverse_of_probability(probability):
    assert FITTED.probability(FITTED.margin(probability)) == pytest.approx(probability)


def test_the_interval_widens_away_from_the_data():
    low, high = FITTED.interval([MARGIN.mean(), 30.0])
    on_log_odds = np.log(high / (1 - high)) - np.log(low / (1 - low))
    assert on_log_odds[1] > 5 * on_log_odds[0]


def test_the_interval_covers_the_true_map_about_as_often_as_it_says():
    true = expit(0.6 * 0.5 - 0.8)
    covered = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        margin = rng.normal(0.3, 1.7, 250)
        outcome = (rng.random(250) < expit(0.6 * margin - 0.8)).astype(float)
        low, high = fit_calibration(margin, outcome, seed=seed).interval(0.5)
        covered += low <= true <= high
    assert 0.88 <= covered / 80 <= 1.0


def test_a_model_that_ranks_backwards_keeps_the_least_slope_near_the_base_rate():
    fitted = fit_calibration(-MARGIN, OUTCOME)
    assert fitted.slope == pytest.approx(MIN_SLOPE)
    np.testing.assert_allclose(fitted.probability(-MARGIN), OUTCOME.mean(), atol=0.02)


def test_separated_outcomes_keep_a_finite_slope():
    margin = np.concatenate([np.linspace(-2, -1, 20), np.linspace(1, 2, 20)])
    fitted = fit_calibration(margin, np.repeat([0.0, 1.0], 20))
    assert 0 < fitted.slope < 20
    assert 0.9 < fitted.probability(2.0) < 1.0


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(4, 40))
def test_weights_of_one_are_no_weights(seed, n):
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n)
    outcome = np.arange(n) % 2.0
    plain, weighted = platt(margin, outcome), platt(margin, outcome, np.ones((2, n)))
    np.testing.assert_allclose(weighted[0], plain[0][0])
    np.testing.assert_allclose(weighted[1], plain[1][0])


def test_the_map_survives_its_manifest():
    again = CalibrationMap.from_json(FITTED.to_json())
    np.testing.assert_array_equal(again.interval(MARGIN), FITTED.interval(MARGIN))


@pytest.mark.parametrize(
    ("margin", "outcome", "message"),
    [
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], r"Only 0 patient\(s\) of one outcome among 3"),
        ([0.0, np.nan], [0.0, 1.0], "must be finite"),
        ([0.0, 1.0], [0.0, 0.5], "outcomes 0 or 1"),
        ([0.0, 1.0, 2.0], [0.0, 1.0], "expected one each"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(margin, outcome, message):
    with pytest.raises(CalibrationError, match=message):
        fit_calibration(margin, outcome)


@pytest.mark.parametrize(
    "spoil", [{"slope": -1.0}, {"grid": [1.0, 0.0]}, {"low_logit": []}, {"slope": "steep"}]
)
def test_a_spoiled_map_is_refused(spoil):
    with pytest.raises(CalibrationError):
        CalibrationMap.from_json(FITTED.to_json() | spoil)
