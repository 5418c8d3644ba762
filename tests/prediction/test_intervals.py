"""The interval beside a number: a hull by hand, laws that the search leans on, and what it is for a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from oncology.bundles.model import ModelBundle
from oncology.uncertainty import IntervalTables, VennAbers, fit_calibration, wilson
from tests.bundles.small import SCHEMA, small_bundle

RNG = np.random.default_rng(3)
N = 400
GROUP = np.where(np.arange(N) % 2 == 0, "LUAD", "SKCM").astype(object)
MARGIN = RNG.normal(0, 1.2, (N, 2))
# Melanoma responds far more often than the margin says, lung cancer less.
OUTCOME = (RNG.random((N, 2)) < expit(MARGIN + np.where(GROUP == "SKCM", 1.2, -1.2)[:, None])).astype(float)
MAPS = [fit_calibration(MARGIN[:, j], OUTCOME[:, j]) for j in range(2)]
TABLES = IntervalTables.fit(MARGIN, OUTCOME, GROUP, MAPS)


def _near(margin, outcome, at):
    """Wilson's interval of the 40 nearest-in-order patients whose mean margin is closest to `at`, slowly."""
    order = np.argsort(margin)
    runs = [order[i : i + 40] for i in range(len(order) - 39)]
    run = min(runs, key=lambda rows: abs(margin[rows].mean() - at))
    return wilson(outcome[run].sum(), 40)


@pytest.mark.parametrize("tumour", ["LUAD", "SKCM"])
@pytest.mark.parametrize("at", [-1.0, 0.0, 0.8])
def test_the_interval_is_the_hull_of_calibration_venn_abers_and_what_was_observed_nearby(tumour, at):
    mine = tumour == GROUP
    ends = [MAPS[0].interval(at), VennAbers.fit(MARGIN[:, 0], OUTCOME[:, 0]).interval(at),
            _near(MARGIN[mine, 0], OUTCOME[mine, 0], at)]  # fmt: skip
    low, high = (end[0, 0] for end in TABLES.interval([[at, at]], TABLES.positions([tumour])))
    # Neighbouring runs differ by a patient or two of 40, and the hull, which rises with the margin, may be wider.
    assert low <= min(float(e[0]) for e in ends) + 0.05 and high >= max(float(e[1]) for e in ends) - 0.05
    assert low >= min(float(e[0]) for e in ends) - 0.08 and high <= max(float(e[1]) for e in ends) + 0.08


def test_a_group_that_responds_otherwise_than_its_numbers_say_has_an_interval_of_its_own():
    both = TABLES.positions(["LUAD", "SKCM"])
    low, high = TABLES.interval(np.zeros((2, 2)), both)
    assert (
        low[0, 0] < expit(-1.2) < 0.5 < expit(1.2) < high[1, 0]
        and high[0, 0] < high[1, 0]
        and low[0, 0] < low[1, 0]
    )
    everybody = TABLES.interval(np.zeros((1, 2)))
    np.testing.assert_array_equal(TABLES.interval(np.zeros((1, 2)), TABLES.positions([None])), everybody)
    np.testing.assert_array_equal(TABLES.interval(np.zeros((1, 2)), TABLES.positions(["GIST"])), everybody)


@settings(max_examples=60, deadline=None)
@given(st.floats(-60, 60), st.floats(0, 20), st.sampled_from(["", "LUAD", "SKCM"]))
def test_ends_never_fall_with_the_margin_and_hold_the_probability(margin, more, tumour):
    at = TABLES.positions([tumour])
    low, high = TABLES.interval([[margin, margin]], at)
    low2, high2 = TABLES.interval([[margin + more, margin + more]], at)
    assert (low2 >= low - 1e-12).all() and (high2 >= high - 1e-12).all()
    p = np.array([m.probability(margin) for m in MAPS])
    assert (low <= p + 1e-12).all() and (p <= high + 1e-12).all()


def test_every_table_rises_with_the_margin():
    assert (np.diff(TABLES.low_logit, axis=-1) >= 0).all() and (
        np.diff(TABLES.high_logit, axis=-1) >= 0
    ).all()


def test_beyond_everything_seen_the_ends_run_to_nought_and_one():
    # The search for the margin at which the upper end reaches a limit leans on this.
    assert TABLES.interval([[-400.0, -400.0]], [1])[1].max() < 1e-6
    assert TABLES.interval([[400.0, 400.0]], [1])[0].min() > 1 - 1e-6


def test_an_unknown_margin_has_no_interval():
    assert np.isnan(TABLES.interval([[np.nan, 0.0]])[0][0]).tolist() == [True, False]


def test_a_group_of_few_patients_shares_the_table_of_all():
    few = np.where(np.arange(N) < 15, "GIST", "LUAD").astype(object)
    tables = IntervalTables.fit(MARGIN, OUTCOME, few, MAPS)
    gist, luad = tables.positions(["GIST", "LUAD"])
    assert not tables.own[gist].any() and tables.own[luad].all() and tables.own[0].all()
    np.testing.assert_array_equal(tables.interval(MARGIN[:5], np.full(5, gist)), tables.interval(MARGIN[:5]))


def test_a_bundle_reads_the_tumour_type_from_its_rows(tmp_path):
    bundle: ModelBundle = small_bundle(tmp_path / "b")
    rows = bundle.training.X.to_numpy()[:40]
    assert bundle.tumours_of(rows).tolist() == bundle.training.tumours[:40].tolist()
    margin = bundle.margin(rows)
    low, high = bundle.interval(margin, rows)
    for i in range(40):
        one = bundle.interval(margin[i : i + 1], rows[i : i + 1])
        np.testing.assert_allclose(low[i], one[0][0])
        np.testing.assert_allclose(high[i], one[1][0])
    # One row may stand for all versions of one patient.
    np.testing.assert_array_equal(
        bundle.interval(margin, rows[:1]), bundle.interval(margin, np.repeat(rows[:1], 40, axis=0))
    )
    unknown = rows[:1].copy()
    unknown[:, bundle.tumour_columns] = np.nan
    assert bundle.tumours_of(unknown).tolist() == [""]
    np.testing.assert_array_equal(bundle.interval(margin[:1], unknown), bundle.interval(margin[:1]))
    assert SCHEMA.columns_of("Tumour type") == bundle.tumour_columns


def test_without_its_patients_a_bundle_falls_back_on_the_calibration(tmp_path):
    bare = small_bundle(tmp_path / "bare", keep_cohort=False)
    margin = np.array([[0.1, -0.4, 0.3]])
    low, high = bare.interval(margin, np.zeros((1, len(SCHEMA.columns))))
    for j, option in enumerate(bare.options):
        expected = bare.calibration[option].interval(margin[:, j])
        np.testing.assert_array_equal((low[:, j], high[:, j]), expected)
