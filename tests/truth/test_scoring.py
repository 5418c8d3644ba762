"""Rank correlation and precision of the largest few: by hand, against scipy, and as laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from explainers.truth import bootstrap_mean, rank_correlation, top_precision

numbers = st.lists(st.integers(-3, 3).map(float), min_size=4, max_size=12)


@given(st.data())
def test_rank_correlation_is_scipys_with_ties_at_their_middle(data):
    x = data.draw(numbers)
    y = data.draw(st.lists(st.integers(-3, 3).map(float), min_size=len(x), max_size=len(x)))
    found = rank_correlation(x, y)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)


def test_pairs_with_an_unknown_are_left_out_and_three_are_too_few():
    assert rank_correlation([1, 2, 3, 4, np.nan], [2, 4, 6, 8, -9]) == 1.0
    assert np.isnan(rank_correlation([1, 2, 3, np.nan], [1, 2, 3, 4]))


def test_a_difference_of_rounding_is_a_tie():
    assert np.isnan(rank_correlation([0.0, 1e-15, 0.0, -1e-16], [1, 2, 3, 4]))


def test_precision_by_hand():
    # truly largest three: b, d, e; named largest three: a, b, e
    true, found = [0.1, -0.9, 0.2, 0.5, 0.6], [5.0, -4.0, 0.0, 0.1, 3.0]
    assert top_precision(found, true, top=3) == pytest.approx(2 / 3)


def test_lists_shorten_where_little_acts_and_weights_of_nought_name_nothing():
    assert top_precision([1.0, 0.5, 0.2], [0.0, 0.4, 0.01]) == 0.0
    assert top_precision([0.0, 0.0, 0.0], [0.0, 0.4, 0.5]) == 0.0
    assert np.isnan(top_precision([1.0, 2.0], [0.01, -0.02]))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_the_truth_itself_is_fully_precise(true):
    found = top_precision(true, true)
    assert np.isnan(found) or found == 1.0


def test_a_bootstrap_interval_holds_the_mean_of_what_is_drawn_and_leaves_out_the_unknown():
    sample = np.array([0.0, 1.0, 2.0, np.nan])

    def draw(rng):
        return list(sample if rng is None else rng.choice(sample, 4))

    mean, low, high = bootstrap_mean(draw, n_draws=400)
    assert mean == 1.0
    assert low < 1.0 < high
    assert bootstrap_mean(draw, n_draws=400) == (mean, low, high)
    nothing = bootstrap_mean(lambda rng: [np.nan])
    assert all(np.isnan(v) for v in nothing)
