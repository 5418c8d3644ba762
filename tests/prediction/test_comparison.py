"""Ways of calibrating, judged on patients they were not fitted on; Venn-Abers against isotonic regression and a library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from oncology.uncertainty import (
    METHODS,
    CalibrationError,
    VennAbers,
    compare_calibrations,
    cross_fitted,
    expected_calibration_error,
    parts_of,
    platt,
    wilson,
)

RNG = np.random.default_rng(1)
MARGIN = RNG.normal(0.5, 1.5, 800)
OUTCOME = (RNG.random(800) < expit(0.6 * MARGIN - 0.8)).astype(float)
FOUND = {q.method: q for q in compare_calibrations(MARGIN, OUTCOME, seed=4)}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=25),
    st.lists(st.integers(-10, 10), min_size=1, max_size=8),
)
def test_venn_abers_is_isotonic_regression_with_the_patient_put_in_once_as_either(patients, asked):
    margin = np.array([m for m, _ in patients], dtype=float)
    outcome = np.array([y for _, y in patients], dtype=float)
    points = np.array(asked) / 2
    p0, p1 = VennAbers.fit(margin, outcome).interval(points)
    for point, low, high in zip(points, p0, p1, strict=True):
        for label, found in ((0.0, low), (1.0, high)):
            slow = IsotonicRegression().fit(np.append(margin, point), np.append(outcome, label))
            assert found == pytest.approx(float(slow.predict([point])[0]), abs=1e-12)


def test_venn_abers_is_that_of_the_library():
    from venn_abers import VennAbers as Library

    library = Library()
    library.fit(np.column_stack([1 - expit(MARGIN), expit(MARGIN)]), OUTCOME.astype(int))
    new = RNG.normal(0.5, 2, 300)
    merged, both = library.predict_proba(np.column_stack([1 - expit(new), expit(new)]))
    ours = VennAbers.fit(MARGIN, OUTCOME)
    np.testing.assert_allclose(np.column_stack(ours.interval(new)), both, atol=1e-12)
    np.testing.assert_allclose(ours.probability(new), merged[:, 1], atol=1e-12)


def test_parts_are_even_and_nobody_is_calibrated_by_themselves():
    part = parts_of(OUTCOME, seed=4)
    ones = np.bincount(part[OUTCOME == 1])
    assert len(ones) == 5 and np.ptp(ones) <= 1 and np.ptp(np.bincount(part)) <= 2
    found = cross_fitted(MARGIN, OUTCOME, "platt", seed=4)
    for p in range(5):
        (slope,), (intercept,) = platt(MARGIN[part != p], OUTCOME[part != p])
        np.testing.assert_allclose(found[part == p], expit(slope * MARGIN[part == p] + intercept))


def test_scores_are_those_of_scikit_learn():
    for name in METHODS:
        q, clipped = FOUND[name], np.clip(FOUND[name].probability, 1e-3, 1 - 1e-3)
        assert q.brier == pytest.approx(brier_score_loss(OUTCOME, q.probability))
        assert q.log_loss == pytest.approx(log_loss(OUTCOME, clipped))
        line = LogisticRegression(C=np.inf).fit(logit(clipped)[:, None], OUTCOME)
        assert q.slope == pytest.approx(float(line.coef_[0, 0]), abs=1e-3)
        assert q.n == 800 and q.n_events == OUTCOME.sum()


def test_the_intercept_is_calibration_in_the_large():
    q = FOUND["none"]
    clipped = np.clip(q.probability, 1e-3, 1 - 1e-3)
    assert expit(logit(clipped) + q.intercept).mean() == pytest.approx(OUTCOME.mean())
    assert q.intercept < -0.5 and q.slope == pytest.approx(0.6, abs=0.1)
    assert FOUND["platt"].intercept == pytest.approx(0, abs=0.02) and FOUND["platt"].slope == pytest.approx(
        1, abs=0.05
    )


def test_a_difference_from_platt_is_paired():
    more = (FOUND["none"].probability - OUTCOME) ** 2 - (FOUND["platt"].probability - OUTCOME) ** 2
    q = FOUND["none"]
    assert q.brier_more == pytest.approx(more.mean())
    assert q.brier_more_high - q.brier_more == pytest.approx(1.96 * more.std(ddof=1) / np.sqrt(800))
    assert q.differs and not FOUND["platt"].differs and not FOUND["beta"].differs


def test_calibration_error_by_hand():
    # Two bins of two: said 0.1 and 0.3 (mean 0.2), none responded; said 0.6 and 0.8 (mean 0.7), one of two did.
    found = expected_calibration_error(np.array([0.6, 0.1, 0.8, 0.3]), np.array([1.0, 0.0, 0.0, 0.0]), bins=2)
    assert found == pytest.approx((2 * 0.2 + 2 * 0.2) / 4)


def test_a_margin_that_runs_backwards_is_given_the_base_rate_by_beta_calibration():
    rising = np.linspace(-2, 2, 200)
    backwards = (RNG.random(200) < expit(-2 * rising)).astype(float)
    found = cross_fitted(rising, backwards, "beta")
    assert np.ptp(found) < 0.1


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(CalibrationError, match="Found 3 patients with the outcome and 5 without"):
        compare_calibrations(np.zeros(8), np.array([1, 1, 1, 0, 0, 0, 0, 0]))
    with pytest.raises(CalibrationError, match="finite"):
        compare_calibrations(np.full(40, np.nan), np.arange(40) % 2)
    with pytest.raises(CalibrationError, match="expected one each"):
        compare_calibrations(np.zeros(40), np.zeros(41))
    with pytest.raises(CalibrationError, match="expected one of none, platt"):
        cross_fitted(MARGIN, OUTCOME, "plat")
    with pytest.raises(CalibrationError, match="one probability in"):
        compare_calibrations(MARGIN, OUTCOME, uncalibrated=np.full(800, 1.2))


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (5, 10), (10, 10), (37, 120)])
def test_wilsons_interval_solves_its_own_equation(hits, n):
    # The ends are the shares p at which |hits/n - p| is 1.96 standard errors of p itself.
    for end in wilson(hits, n):
        if 1e-9 < end < 1 - 1e-9:
            assert abs(hits / n - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / n), rel=1e-6)
    assert [float(e) for e in wilson(0, 0)] == [0.0, 1.0]
