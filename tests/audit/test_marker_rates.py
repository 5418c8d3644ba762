"""How many responded with and without a marker: counts by hand, intervals of statsmodels, patients counted once."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from explainers.audit.comparison import compare
from explainers.audit.data import AuditData
from explainers.audit.effects import marker_effects
from explainers.audit.errors import AuditError
from explainers.audit.logistic import by_patient, logistic
from explainers.audit.marker_design import marker_design
from explainers.audit.marker_rates import CellRate, pair_of, rates_of
from tests.audit.test_effects import OPTIONS, SCHEMA, cohort


def rows_again(data: AuditData, times: int) -> AuditData:
    """Every patient's row several times under the same id, as of several samples that tell the same."""
    at = np.tile(np.arange(len(data)), times)
    return AuditData(
        data.options, data.labels, data.y[at], data.margin[at], data.probability[at], data.X.iloc[at], data.groups.iloc[at],
        "external cohort", "t",
    )  # fmt: skip


def cells(n: int = 4000, seed: int = 0, **effects: float) -> AuditData:
    """Cells in a laboratory: every patient has an outcome of all three options, alike for reasons of their own."""
    rng = np.random.default_rng(seed)
    marker = (rng.random(n) < 0.4).astype(float)
    own = rng.normal(0, 2.0, n)  # what no input holds, the same under every option
    eta = own[:, None] + np.column_stack([effects.get(o, 0.0) * marker for o in OPTIONS]) - 0.4
    y = (rng.random((n, 3)) < 1 / (1 + np.exp(-eta))).astype(float)
    X = pd.DataFrame(
        {"STK11": marker, "EGFR": np.zeros(n), "age": rng.normal(60, 10, n)},
        index=[f"P{i}" for i in range(n)],
    )
    p = np.full((n, 3), 0.4)
    return AuditData(
        OPTIONS, ("A", "B", "C"), y, p, p, X, pd.DataFrame(index=X.index), "external cohort", "t"
    )


def test_the_four_cells_are_counted_as_by_hand_and_their_intervals_are_those_of_statsmodels():
    data, marker, option, _ = cohort(3000, 1, main=-0.8, under_a=1.6)
    found = marker_effects(data, SCHEMA, "STK11")
    (a,) = [o for o in found.options if o.option == "a"]
    y = np.nanmax(data.y, axis=1)
    for pair, mine in ((a.rates.treated, option == 0), (a.rates.others, option != 0)):
        hits = [int(y[mine & (marker == m)].sum()) for m in (1, 0)]
        n = [int((mine & (marker == m)).sum()) for m in (1, 0)]
        for cell, k, of in zip((pair.altered, pair.not_altered), hits, n, strict=True):
            assert (cell.hits, cell.n) == (k, of)
            assert (cell.low, cell.high) == pytest.approx(proportion_confint(k, of, method="wilson"))
        low, high = confint_proportions_2indep(hits[0], n[0], hits[1], n[1], method="newcomb", compare="diff")
        assert pair.difference == pytest.approx(hits[0] / n[0] - hits[1] / n[1])
        assert (pair.low, pair.high) == pytest.approx((low, high), abs=1e-6)
    assert a.rates.difference == pytest.approx(a.rates.treated.difference - a.rates.others.difference)
    assert a.rates.low < a.rates.difference < a.rates.high
    assert f"{a.rates.treated.altered.words()} responded with the marker" in a.words()
    assert a.rates.treated.altered.words() in str(found.rate_rows()[0])


def test_absolute_numbers_stand_before_every_ratio():
    for effects in ({"main": -0.9}, {"under_a": 1.2}, {}):
        found = marker_effects(cohort(6000, 3, **effects)[0], SCHEMA, "STK11")
        for sentence in (*found.words, *(o.words() for o in found.options)):
            ratio = sentence.find("odds")
            if ratio > 0 and "with it are" not in sentence:
                assert 0 < sentence.find(" of 100 (") < ratio
        assert "Counted, without adjustment" in found.words[1]


def test_a_difference_of_two_differences_squares_and_adds_their_ends():
    data, _, option, _ = cohort(2000, 2, under_a=1.0)
    design = marker_design(data, SCHEMA, "STK11", {})
    found = rates_of(design, option == 0, option == 1)
    a, b = pair_of(design, option == 0), pair_of(design, option == 1)
    assert found.low == pytest.approx(
        a.difference - b.difference - np.hypot(a.difference - a.low, b.high - b.difference)
    )
    assert found.high == pytest.approx(
        a.difference - b.difference + np.hypot(a.high - a.difference, b.difference - b.low)
    )


def test_small_cells_are_withheld_and_cannot_be_had_by_subtraction():
    """Three responders with the marker under c: neither they, nor those without, nor a sum that holds them is shown."""
    data, _, option, _ = cohort(900, 6)
    y, X = data.y.copy(), data.X.copy()
    rows = np.flatnonzero(option == 2)
    X.iloc[rows, 0] = 0.0
    X.iloc[rows[:30], 0] = 1.0
    y[rows[:30], 2] = [1.0] * 3 + [0.0] * 27
    few = AuditData(
        OPTIONS, data.labels, y, data.margin, data.probability, X, data.groups, "external cohort", "t"
    )
    a, b, c = marker_effects(few, SCHEMA, "STK11").options
    assert c.rates.treated.altered is None and c.rates.treated.not_altered is None
    assert np.isnan(c.rates.difference)
    assert a.rates.others.altered.n == b.rates.treated.altered.n  # b alone: c is left out of the sum
    assert b.rates.others.altered.hits == a.rates.treated.altered.hits
    assert "withheld" in c.words() and "3 of 30" not in str([c.words(), c.rates.row()])


@pytest.mark.parametrize("marker", [1.0, 0.0])
def test_a_count_withheld_in_one_option_cannot_be_had_from_the_sum_over_all(marker):
    """Three patients under c have the marker (or have it not), everybody else there the other way round."""
    data, _, option, _ = cohort(900, 6)
    X = data.X.copy()
    rows = np.flatnonzero(option == 2)
    X.iloc[rows, 0] = 1.0 - marker
    X.iloc[rows[:3], 0] = marker
    few = AuditData(
        OPTIONS, data.labels, data.y, data.margin, data.probability, X, data.groups, "external cohort", "t"
    )
    found = marker_effects(few, SCHEMA, "STK11")
    told = [r["altered"] for r in found.rows()]
    assert told[2] is None and all(told[:2])
    assert (
        f"at least {sum(told[:2])} altered" in found.limits
        and f"({found.n_altered} altered" not in found.limits
    )
    assert "under all options whose counts may be shown: " in found.words[1]
    whole = marker_effects(data, SCHEMA, "STK11")
    assert f"({whole.n_altered} altered)" in whole.limits and "under all options together: " in whole.words[1]


def test_a_total_does_not_give_away_an_option_of_few_patients():
    data, _, option, _ = cohort(900, 6)
    y = data.y.copy()
    rows = np.flatnonzero(option == 2)
    y[rows[3:]] = np.nan
    few = AuditData(
        OPTIONS, data.labels, y, data.margin, data.probability, data.X, data.groups, "external cohort", "t"
    )
    found = marker_effects(few, SCHEMA, "STK11")
    told = [r["patients"] for r in found.rows()]
    assert told[2] is None
    assert (
        f"From at least {sum(told[:2]):,} patients" in found.limits
        and f"{found.n:,} patients" not in found.limits
    )
    assert "at least" not in marker_effects(data, SCHEMA, "STK11").limits


def test_whose_marker_is_not_known_is_counted_in_patients():
    data = cells(800, 1)
    X = data.X.copy()
    X.iloc[:9, 0] = np.nan
    unknown = AuditData(
        OPTIONS, data.labels, data.y, data.margin, data.probability, X, data.groups, "external cohort", "t"
    )
    assert marker_design(rows_again(unknown, 3), SCHEMA, "STK11", {}).n_unknown == 9


def test_two_models_are_not_compared_on_several_rows_of_one_patient():
    data = cells(600, 1)
    with pytest.raises(
        AuditError, match=r"600 rows of patients who stand in it already; .* one row a patient"
    ):
        compare(rows_again(data, 2), rows_again(data, 2), rounds=10)


def test_errors_count_patients_where_one_has_several_outcomes_as_statsmodels_counts_them():
    data = cells(800, 1)
    design = marker_design(data, SCHEMA, "STK11", {})
    assert design.repeats and design.n_patients == 800 and len(design.y) == 2400
    columns = np.column_stack([design.altered, design.adjusters])
    fit = logistic(columns, design.y, firth=False)
    theirs = Logit(design.y, columns).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": design.patient, "use_correction": False}
    )
    ours = by_patient(columns, design.y, fit, design.patient)
    assert ours == pytest.approx(theirs.cov_params() * 800 / 799, rel=1e-4)
    # Outcomes of one patient go together: counted one by one, the marker's error would be too small.
    assert ours[0, 0] > 1.5 * fit.covariance[0, 0]


def test_samples_that_tell_the_same_again_make_nothing_surer():
    data, *_ = cohort(1500, 3, main=-0.8)
    once, thrice = (marker_effects(d, SCHEMA, "STK11") for d in (data, rows_again(data, 3)))
    assert thrice.n == once.n == 1500 and thrice.n_outcomes == 4500
    width = once.common_high - once.common_low
    assert thrice.common_high - thrice.common_low == pytest.approx(width, rel=0.06)
    for pair, single in (
        (thrice.rates, once.rates),
        (thrice.options[0].rates.treated, once.options[0].rates.treated),
    ):
        assert pair.high - pair.low == pytest.approx(single.high - single.low, rel=0.15)
        assert pair.altered.high - pair.altered.low == pytest.approx(
            single.altered.high - single.altered.low, rel=0.15
        )
    assert "every interval counts patients and not outcomes" in thrice.limits
    assert "every interval" not in once.limits


def test_cells_tested_with_every_option_are_answered_and_seldom_by_chance():
    found = marker_effects(cells(1500, 2, a=1.5), SCHEMA, "STK11")
    assert {o.option for o in found.predictive} == {"a"}
    alarms = sum(
        marker_effects(cells(300, s), SCHEMA, "STK11", level=0.1).verdict != "neither seen" for s in range(40)
    )
    assert alarms <= 14, (
        alarms
    )  # at most 15 % (10 % for interactions, 5 % for a common effect), 99.9 % of a binomial of 40


def test_nobody_in_a_cell_is_said_as_such():
    assert CellRate(0, 0, 0.0, 1.0).words() == "nobody"
