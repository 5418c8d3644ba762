"""Performance against scikit-learn, and against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from oncology.performance import OptionPerformance, PerformanceError, auc_with_interval, performance

RNG = np.random.default_rng(4)
MARGIN = np.round(RNG.normal(size=500), 1)
OUTCOME = (RNG.random(500) < expit(MARGIN - 0.5)).astype(float)


def test_the_area_under_the_curve_is_scikit_learns_with_ties():
    assert auc_with_interval(OUTCOME, MARGIN)[0] == pytest.approx(roc_auc_score(OUTCOME, MARGIN), abs=1e-12)


def test_the_interval_of_the_area_covers_the_truth_about_as_often_as_it_says():
    # Normal scores one apart: the true area is the normal distribution function at 1 / sqrt(2).
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        y = np.repeat([0.0, 1.0], [60, 40])
        low, high = auc_with_interval(y, rng.normal(size=100) + y)[1:]
        covered += low <= 0.7602 <= high
    assert 0.91 <= covered / 300 <= 0.985


def test_noise_has_no_signal_and_says_so():
    judged = performance("x", RNG.normal(size=300), np.arange(300) % 2.0)
    assert not judged.has_signal
    assert judged.words().startswith("No signal: in ") and "does not exclude chance" in judged.words()


def test_signal_beats_the_base_rate_by_the_brier_score():
    judged = performance("x", MARGIN, OUTCOME)
    rate = OUTCOME.mean()
    assert judged.has_signal and judged.n == 500 and judged.n_events == OUTCOME.sum()
    assert judged.brier < judged.brier_base_rate == pytest.approx(rate * (1 - rate))
    assert judged.calibration_slope == pytest.approx(1.0, abs=0.25)


def test_no_patient_calibrates_themselves():
    # Margins that carry nothing: honest probabilities do worse than the base rate on average; a map fitted with
    # the patient's own outcome would do better.
    rng = np.random.default_rng(0)
    worse = []
    for _ in range(60):
        y = rng.permutation(np.repeat([0.0, 1.0], 20))
        judged = performance("x", rng.normal(size=40), y)
        worse.append(judged.brier - judged.brier_base_rate)
    assert np.mean(worse) > 2 * np.std(worse) / np.sqrt(60)


def test_one_outcome_class_has_no_area():
    with pytest.raises(PerformanceError, match="Found 3 responders and 0 others"):
        auc_with_interval([1, 1, 1], [0, 1, 2])


def test_a_record_survives_its_manifest():
    judged = performance("x", MARGIN, OUTCOME)
    content = judged.to_json()
    assert content.pop("has_signal") is True
    assert OptionPerformance.from_json(content) == judged
