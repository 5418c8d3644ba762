"""AUC, average precision and what a threshold gives, against scikit-learn and hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from explainers.audit.discrimination import (
    at_threshold,
    auc_row,
    average_precision,
    average_precision_row,
    average_precision_statistic,
)
from explainers.audit.resampling import percentiles, redrawn, resample


@pytest.mark.parametrize("ties", [False, True])
def test_average_precision_is_scikit_learns_with_and_without_ties(drawn, ties):
    y, p = drawn(300)
    p = np.round(p, 1) if ties else p
    assert average_precision(y, p) == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert auc_row("a", y, p).estimate == pytest.approx(roc_auc_score(y, p), abs=1e-12)


@pytest.mark.parametrize("order", ["as drawn", "best first"])
def test_a_redraw_of_the_patients_gives_the_figure_of_those_patients(drawn, order):
    y, p = drawn(120, seed=4)
    p = np.round(p, 2)
    if order == "best first":
        best = np.argsort(-p, kind="stable")
        y, p = y[best], p[best]
    counts = redrawn(120, 6, np.random.default_rng(0))
    found = average_precision_statistic(y, p)(counts)[:, 0]
    for row, value in zip(counts.astype(int), found, strict=True):
        again = np.repeat(np.arange(120), row)
        assert value == pytest.approx(average_precision_score(y[again], p[again]), abs=1e-12)


def test_a_draw_holds_as_many_patients_as_the_cohort_and_draws_are_seeded():
    counts = redrawn(50, 20, np.random.default_rng(3))
    assert (counts.sum(axis=1) == 50).all()
    a, b = (resample(50, (lambda k: k @ np.arange(50.0)[:, None],), rounds=30, seed=7)[0] for _ in range(2))
    assert np.array_equal(a, b)
    assert a.std() > 0


def test_percentiles_are_withheld_where_draws_fail():
    values = np.column_stack([np.linspace(0, 1, 100), np.where(np.arange(100) < 10, np.nan, 1.0)])
    low, high = percentiles(values)
    assert (low[0], high[0]) == pytest.approx((0.025, 0.975))
    assert np.isnan(low[1]) and np.isnan(high[1])


def test_the_interval_of_average_precision_holds_its_estimate(drawn):
    y, p = drawn(300)
    (draws,) = resample(300, (average_precision_statistic(y, p),), rounds=200)
    row = average_precision_row("a", y, p, draws)
    assert row.ci_low < row.estimate < row.ci_high
    assert f"{y.mean():.2f}" in row.reason


def test_a_line_at_one_half_by_hand():
    # over the line: 0.9 yes, 0.6 no, 0.5 yes; under it: 0.4 yes, 0.3 no, 0.2 no
    # (five patients each, since fewer are withheld)
    y, p = (np.repeat(v, 5) for v in ([1.0, 0, 1, 1, 0, 0], [0.9, 0.6, 0.5, 0.4, 0.3, 0.2]))
    rows = {r.metric: r for r in at_threshold("a", y, p, 0.5)}
    assert rows["sensitivity"].estimate == pytest.approx(2 / 3)
    assert rows["specificity"].estimate == pytest.approx(2 / 3)
    assert rows["positive predictive value"].estimate == pytest.approx(2 / 3)
    assert rows["negative predictive value"].estimate == pytest.approx(2 / 3)


def test_wilsons_interval_of_a_share_is_statsmodels(drawn):
    from statsmodels.stats.proportion import proportion_confint

    y, p = drawn(90)
    row = at_threshold("a", y, p, 0.4)[0]
    low, high = proportion_confint(int(((p >= 0.4) & (y == 1)).sum()), int(y.sum()), method="wilson")
    assert (row.ci_low, row.ci_high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([0.0] * 20, "nobody responded"),
        ([1.0] * 20, "everybody responded"),
        ([1.0] + [0.0] * 19, "two of each"),
        ([], "no patient"),
    ],
)
def test_one_outcome_gives_no_auc_but_a_reason(y, said):
    row = auc_row("a", np.array(y), np.linspace(0, 1, len(y)))
    assert not row.is_known
    assert said in row.reason


def test_a_line_nobody_reaches_says_so():
    y, p = np.repeat([1.0, 0.0], 5), np.repeat([0.1, 0.2], 5)
    rows = {r.metric: r for r in at_threshold("a", y, p, 0.9)}
    assert "nobody reaches 0.9" in rows["positive predictive value"].reason
    assert rows["sensitivity"].estimate == 0.0


def test_no_figure_gives_a_count_of_one_to_four_away(drawn):
    y, p = drawn(100)
    y[:] = 0.0
    y[:3] = 1.0
    (draws,) = resample(100, (average_precision_statistic(y, p),), rounds=20)
    assert average_precision_row("a", y, p, draws).reason == ""
    assert not any(
        r.is_known
        for r in at_threshold("a", y, p, 0.5)
        if r.metric in ("sensitivity", "negative predictive value")
    )
    # One responder of fifty is missed: 0.98 of a known fifty would say so.
    y, p = np.repeat([1.0, 1.0, 0.0, 0.0], [49, 1, 20, 30]), np.repeat([0.9, 0.1, 0.9, 0.1], [49, 1, 20, 30])
    rows = {r.metric: r for r in at_threshold("a", y, p, 0.5)}
    assert (
        rows["sensitivity"].reason.startswith("withheld: fewer than 5")
        and rows["specificity"].estimate == 0.6
    )


def test_wholly_separated_patients_have_an_auc_of_one_and_no_false_certainty():
    row = auc_row("a", np.array([0.0] * 30 + [1.0] * 10), np.arange(40.0))
    assert row.estimate == 1.0 and row.ci_high == pytest.approx(1.0)
    # Ten of ten: Wilson's lower end is 10 / (10 + z^2).
    assert row.ci_low == pytest.approx(10 / (10 + 1.959964**2), abs=1e-5)
