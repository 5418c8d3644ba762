"""Calibration figures against scikit-learn, statsmodels and hand arithmetic; what is calibrated passes, what is not fails."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from explainers.audit.calibration import (
    METRICS,
    bins,
    calibration_lines,
    calibration_rows,
    calibration_statistic,
    chance_error,
)
from explainers.audit.curves import restricted_cubic, smooth_curve
from explainers.audit.resampling import redrawn, resample
from oncology.uncertainty import expected_calibration_error


def figures(y, p, rounds=60):
    (draws,) = resample(len(y), (calibration_statistic(y, p),), rounds=rounds)
    return {r.metric: r for r in calibration_rows("a", y, p, draws)}


def test_slope_is_that_of_an_unpenalised_logistic_regression(drawn):
    y, p = drawn(500)
    slope, _ = calibration_lines(logit(p), y, np.ones((1, 500)))
    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(p)[:, None], y)
    assert slope[0] == pytest.approx(peer.coef_[0, 0], abs=1e-5)


def test_calibration_in_the_large_is_an_intercept_with_the_log_odds_as_offset(drawn):
    import statsmodels.api as sm

    y, p = drawn(500, seed=2)
    _, large = calibration_lines(logit(p), y, np.ones((1, 500)))
    peer = sm.GLM(y, np.ones((500, 1)), family=sm.families.Binomial(), offset=logit(p)).fit()
    assert large[0] == pytest.approx(peer.params[0], abs=1e-7)


def test_every_redraw_gives_the_lines_of_the_redrawn_patients(drawn):
    y, p = drawn(150, seed=5)
    counts = redrawn(150, 8, np.random.default_rng(1))
    slope, large = calibration_lines(logit(p), y, counts)
    for b in range(8):
        again = np.repeat(np.arange(150), counts[b].astype(int))
        alone, level = calibration_lines(logit(p)[again], y[again], np.ones((1, len(again))))
        assert slope[b] == pytest.approx(alone[0], abs=1e-5)
        assert large[b] == pytest.approx(level[0], abs=1e-5)


def test_brier_score_and_its_index_are_scikit_learns_and_the_formulas(drawn):
    y, p = drawn(300)
    found = figures(y, p)
    assert found["Brier score"].estimate == pytest.approx(brier_score_loss(y, p))
    rate = y.mean()
    assert found["index of prediction accuracy"].estimate == pytest.approx(
        1 - brier_score_loss(y, p) / (rate * (1 - rate))
    )
    assert found["mean predicted"].estimate == pytest.approx(p.mean())
    assert found["observed"].estimate == pytest.approx(rate)


def test_expected_calibration_error_by_hand_and_by_the_uncertainty_module(drawn):
    # 40 patients make two bins of 20: told 0.2, observed 0.4; told 0.7, observed 0.6
    y = np.array([1.0] * 8 + [0.0] * 12 + [1.0] * 12 + [0.0] * 8)
    p = np.array([0.2] * 20 + [0.7] * 20)
    assert figures(y, p)["expected calibration error"].estimate == pytest.approx((0.2 + 0.1) / 2)
    y, p = drawn(777)
    assert figures(y, p)["expected calibration error"].estimate == pytest.approx(
        expected_calibration_error(p, y)
    )


def test_numbers_drawn_with_their_own_probability_show_no_fault(drawn):
    outside = 0
    for seed in range(20):
        y, p = drawn(600, seed=seed)
        found = figures(y, p, rounds=120)
        outside += found["calibration slope"].excludes(1.0) + found["calibration in the large"].excludes(0.0)
    assert outside <= 6  # of 40 intervals of 95 %


@pytest.mark.parametrize(
    ("bend", "metric", "side"),
    [
        (lambda p: expit(2.5 * logit(p)), "calibration slope", "under 1"),
        (lambda p: expit(0.4 * logit(p)), "calibration slope", "over 1"),
        (lambda p: expit(logit(p) + 1), "calibration in the large", "under 0"),
    ],
)
def test_bent_numbers_are_found_out(drawn, bend, metric, side):
    y, p = drawn(800, seed=3)
    row = figures(y, bend(p), rounds=120)[metric]
    word, value = side.split()
    assert row.excludes(float(value))
    assert (row.estimate < float(value)) is (word == "under")


def test_the_interval_of_the_calibration_error_holds_the_estimate(drawn):
    y, p = drawn(400, seed=8)
    row = figures(y, p, rounds=200)["expected calibration error"]
    assert row.ci_low <= row.estimate <= row.ci_high


def test_a_calibrated_model_stays_under_the_error_of_chance_in_95_of_100_cohorts(drawn):
    _, p = drawn(300)
    limit = chance_error(p)
    rng = np.random.default_rng(9)
    under = [expected_calibration_error(p, (rng.random(300) < p).astype(float)) <= limit for _ in range(300)]
    assert 0.90 <= np.mean(under) <= 0.99


def test_bins_hold_every_patient_once_and_at_least_five_of_each_outcome(drawn):
    y, p = drawn(1000, centre=-2.5)
    found = bins(y, p)
    assert sum(b.n for b in found) == 1000
    assert sum(b.n_events for b in found) == y.sum()
    assert all(min(b.n_events, b.n - b.n_events) >= 5 for b in found)
    assert [b.predicted for b in found] == sorted(b.predicted for b in found)
    assert all(b.ci_low < b.observed < b.ci_high for b in found)


def test_too_few_of_one_outcome_give_no_bin():
    assert bins(np.array([1.0] * 3 + [0.0] * 60), np.linspace(0.1, 0.5, 63)) == ()


@pytest.mark.parametrize(
    ("y", "metric", "said"),
    [
        (np.zeros(50), "calibration slope", "nobody responded"),
        (np.ones(50), "calibration in the large", "everybody responded"),
        (np.array([1.0] * 4 + [0.0] * 46), "calibration slope", "fewer than 10"),
    ],
)
def test_what_cannot_be_computed_is_nan_with_its_reason_and_the_rest_is_there(y, metric, said):
    found = figures(y, np.linspace(0.1, 0.6, 50))
    assert not found[metric].is_known
    assert said in found[metric].reason
    assert found["Brier score"].is_known and found["mean predicted"].is_known
    assert set(found) == set(METRICS)


def test_one_number_for_everybody_has_no_slope():
    y = np.array([1.0] * 20 + [0.0] * 30)
    found = figures(y, np.full(50, 0.4))
    assert "same probability" in found["calibration slope"].reason
    assert found["calibration in the large"].estimate == pytest.approx(0.0, abs=1e-6)


def test_separated_outcomes_have_no_slope():
    found = figures(np.array([0.0] * 30 + [1.0] * 30), np.linspace(0.1, 0.9, 60))
    assert not found["calibration slope"].is_known
    assert "separated" in found["calibration slope"].reason


def test_certain_numbers_do_not_break_anything():
    y = np.array([1.0] * 20 + [0.0] * 20)
    found = figures(y, np.array([1.0] * 15 + [0.5] * 10 + [0.0] * 15))
    assert np.isfinite(found["Brier score"].estimate)


def test_the_spline_is_straight_beyond_its_ends():
    knots = np.array([0.0, 1.0, 2.0, 4.0])
    x = np.array([5.0, 6.0, 7.0, -1.0, -2.0, -3.0])
    columns = restricted_cubic(x, knots)
    assert np.allclose(np.diff(columns[:3], n=2, axis=0), 0)
    assert np.allclose(columns[3:, 2:], 0)


def test_the_smooth_curve_and_its_band_are_statsmodels(drawn):
    import statsmodels.api as sm

    y, p = drawn(600, seed=6)
    found = smooth_curve(y, p)
    knots = np.quantile(logit(p), (0.05, 0.35, 0.65, 0.95))
    peer = sm.Logit(y, restricted_cubic(logit(p), knots)).fit(disp=0)
    at = restricted_cubic(logit(np.array(found.predicted)), knots)
    half = 1.96 * np.sqrt(np.einsum("ij,jk,ik->i", at, peer.cov_params(), at))
    assert np.allclose(found.observed, expit(at @ peer.params), atol=1e-6)
    assert np.allclose(found.low, expit(at @ peer.params - half), atol=1e-5)
    assert np.allclose(found.high, expit(at @ peer.params + half), atol=1e-5)


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        (np.array([1.0] * 3 + [0.0] * 60), np.linspace(0.1, 0.9, 63), "fewer than 10"),
        (np.array([1.0, 0.0] * 30), np.full(60, 0.3), "too few different numbers"),
        (np.array([0.0] * 40 + [1.0] * 40), np.linspace(0.1, 0.9, 80), "separated"),
    ],
)
def test_no_smooth_curve_is_drawn_where_none_can_be_fitted(y, p, said):
    assert said in smooth_curve(y, p).reason


@pytest.mark.parametrize(
    ("events", "known"), [(0, True), (1, False), (4, False), (5, True), (46, False), (50, True)]
)
def test_the_observed_share_is_withheld_where_it_would_give_a_small_count_away(events, known):
    y = np.array([1.0] * events + [0.0] * (50 - events))
    row = figures(y, np.linspace(0.1, 0.9, 50))["observed"]
    assert row.is_known is known
    assert known or row.reason == "withheld: fewer than 5 patients of one outcome"
