"""Differences between groups: the arithmetic, the false alarms over everything compared, and what is planted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.metrics import roc_auc_score
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.proportion import proportions_ztest

from explainers.audit.contrasts import contrasts, one_meaning_for_all
from explainers.audit.data import of_arrays, of_bundle
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.gaps import gaps
from explainers.audit.group_audit import most_surprising
from explainers.audit.group_metrics import log_odds
from explainers.audit.subgroups import POOLED
from oncology.bundles import load

SOLID = Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours"


@pytest.fixture(scope="module")
def shipped():
    data = of_bundle(load(SOLID))
    return data, gaps(data, n_draws=299)


def cohort(n=600, seed=0, lift=0.0, slope=1.0, levels=2):
    """Outcomes as the number says, but for one group that is lifted on the log-odds, or sloped otherwise."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, levels, n)
    x = rng.normal(-0.5, 1.0, n)
    truth = np.where(group == 0, slope * x + lift, x)
    y = (rng.random(n) < 1 / (1 + np.exp(-truth))).astype(float)
    return (
        of_arrays(
            y,
            1 / (1 + np.exp(-x)),
            options=["drug"],
            name="t",
            groups=pd.DataFrame({"arm": [f"g{g}" for g in group]}),
        ),
        y,
        group,
    )


def test_where_all_have_the_same_number_the_gap_is_the_test_of_two_shares():
    # 30 of 60 against 40 of 140 responded; the same number for all leaves the pooled test of two proportions.
    y = np.concatenate([np.arange(60) < 30, np.arange(140) < 40]).astype(float)
    groups = pd.DataFrame({"arm": np.repeat(["a", "b"], [60, 140])})
    data = of_arrays(y, np.full(200, 0.3), options=["drug"], name="t", groups=groups)
    (gap,) = gaps(data, n_draws=99, metrics=["observed minus predicted"]).where(group="arm: a")
    z, _ = proportions_ztest([30, 40], [60, 140])
    assert gap.statistic == pytest.approx(z, rel=1e-6)
    assert gap.excess == pytest.approx(30 / 60 - 40 / 140)
    assert (gap.here, gap.rest) == pytest.approx((0.5 - 0.3, 40 / 140 - 0.3))


def test_the_gap_in_calibration_is_the_score_test_of_a_group_beside_the_recalibration():
    data, y, group = cohort(seed=2, lift=0.4)
    (gap,) = gaps(data, n_draws=99, metrics=["observed minus predicted"]).where(group="arm: g0")
    x = log_odds(data.probability[:, 0])
    null = Logit(y, np.column_stack([np.ones(len(y)), x])).fit(disp=0)
    q, design = null.predict(), np.column_stack([np.ones(len(y)), x])
    w = q * (1 - q)
    member = (group == 0).astype(float)
    adjusted = member - design @ np.linalg.solve(design.T @ (w[:, None] * design), design.T @ (w * member))
    assert gap.statistic == pytest.approx((y - q) @ adjusted / np.sqrt(w @ adjusted**2), rel=1e-6)
    # ... and close to the full likelihood's own z for the group.
    full = Logit(y, np.column_stack([design, member])).fit(disp=0)
    assert gap.statistic == pytest.approx(full.tvalues[2], rel=0.05)


def test_auc_of_group_and_rest_are_those_of_scikit_learn():
    data, y, group = cohort(seed=1)
    (gap,) = gaps(data, n_draws=99, metrics=["AUC"]).where(group="arm: g0")
    p = data.probability[:, 0]
    assert gap.here == pytest.approx(roc_auc_score(y[group == 0], p[group == 0]))
    assert gap.rest == pytest.approx(roc_auc_score(y[group == 1], p[group == 1]))
    assert gap.excess == pytest.approx(gap.here - gap.rest - gap.expected)


def test_ties_in_the_number_count_half_in_the_auc():
    y = np.tile([0.0, 1.0, 0.0, 1.0], 30)
    p = np.tile([0.2, 0.2, 0.6, 0.6], 30)
    inside = (np.arange(120) < 60)[:, None]
    made = contrasts(y, p, inside, threshold=0.3, metrics=["AUC"])
    here, rest = made.areas(y)[0]
    assert here == pytest.approx(roc_auc_score(y[:60], p[:60])) and rest == pytest.approx(
        roc_auc_score(y[60:], p[60:])
    )


def test_a_narrow_mix_of_patients_explains_a_lower_auc():
    """Group a has numbers between 0.4 and 0.6 only: its AUC is low by nature, and that is no finding."""
    rng = np.random.default_rng(4)
    p = np.concatenate([rng.uniform(0.4, 0.6, 400), rng.uniform(0.02, 0.98, 400)])
    y = (rng.random(800) < p).astype(float)
    groups = pd.DataFrame({"arm": np.repeat(["a", "b"], 400)})
    found = gaps(of_arrays(y, p, options=["drug"], name="t", groups=groups), n_draws=199, metrics=["AUC"])
    (gap,) = found.where(group="arm: a")
    assert gap.here - gap.rest < -0.2
    assert abs(gap.excess) < 0.08 and not gap.is_finding


def test_a_lifted_group_and_a_reversed_one_are_found():
    lifted, *_ = cohort(1500, 5, lift=1.2, levels=6)
    found = gaps(lifted, n_draws=199)
    assert any(
        g.group == "arm: g0" and g.metric == "observed minus predicted" and g.low > 0 for g in found.findings
    )
    reversed_, *_ = cohort(1500, 6, slope=-1.0, levels=6)
    found = gaps(reversed_, n_draws=199)
    assert any(g.group == "arm: g0" and g.metric == "AUC" and g.high < 0 for g in found.findings)
    # Others may differ too, since their rest holds the reversed group; it comes first.
    assert found.findings[0].group == "arm: g0"


def test_false_alarms_of_the_whole_family_come_as_often_as_stated():
    """At 10 % over 200 cohorts that are served alike: between 7 and 35 with alarms (99.9 % of a binomial)."""
    alarms = 0
    for seed in range(200):
        data, *_ = cohort(300, 1000 + seed, levels=4)
        alarms += bool(gaps(data, n_draws=99, level=0.1, seed=seed).findings)
    low, high = binom.ppf([0.0005, 0.9995], 200, 0.1)
    assert low <= alarms <= high, alarms


def test_the_level_is_kept_where_the_number_is_wrong_for_all_alike():
    """Every number is twice too extreme: a fault of the model, and of no group."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.normal(0, 1, 300)
        y = (rng.random(300) < 1 / (1 + np.exp(-x))).astype(float)
        groups = pd.DataFrame({"arm": np.where(x + rng.normal(0, 0.5, 300) > 0, "high", "low")})
        data = of_arrays(y, 1 / (1 + np.exp(-2 * x - 0.5)), options=["drug"], name="t", groups=groups)
        alarms += bool(gaps(data, n_draws=99, level=0.1, seed=seed).findings)
    assert alarms <= binom.ppf(0.9995, 60, 0.1), alarms


def test_an_interval_excludes_zero_exactly_where_the_family_says_so(shipped):
    _, found = shipped
    assert len(found) > 1000
    for gap in found:
        assert gap.is_finding == (gap.low > 0 or gap.high < 0) == (gap.p_family <= found.level)


def test_both_planted_traps_are_found_with_intervals_that_exclude_zero(shipped):
    _, found = shipped
    (lift,) = found.where(option=POOLED, group="ancestry: East Asian")
    assert lift.low > 0 and 0.10 < lift.here < 0.20
    (turned,) = found.where(option="pembrolizumab", group="rare subtype: rare lung subtype", metric="AUC")
    assert turned.high < 0 and turned.here < 0.6 < turned.rest


def test_of_two_groups_that_are_each_others_rest_the_smaller_is_named(shipped):
    _, found = shipped
    named = [g.group for g in found.findings if g.attribute == "rare_subtype"]
    assert named and set(named) == {"rare subtype: rare lung subtype"}


def test_a_finding_leads_to_a_patient_of_its_group_and_direction(shipped):
    data, found = shipped
    (gap,) = found.where(option=POOLED, group="ancestry: East Asian")
    patient, option = most_surprising(data, gap)
    row = list(map(str, data.X.index)).index(patient)
    assert data.groups["ancestry"].iloc[row] == "East Asian"
    y, p = data.y[row, data.index(option)], data.probability[row, data.index(option)]
    assert y == 1 and p < 0.1


def test_figures_that_would_give_a_few_patients_away_are_withheld_and_the_alarm_is_not():
    """Two of 60 respond where 24 should: the gap is told, the count of two is not."""
    rng = np.random.default_rng(0)
    y = np.concatenate([np.arange(60) < 2, rng.random(400) < 0.42]).astype(float)
    groups = pd.DataFrame({"arm": np.repeat(["a", "b"], [60, 400])})
    p = np.clip(0.4 + rng.normal(0, 0.01, 460), 0.01, 0.99)
    found = gaps(of_arrays(y, p, options=["drug"], name="t", groups=groups), n_draws=199)
    (gap,) = found.where(group="arm: a", metric="observed minus predicted")
    assert gap.is_finding and gap.is_withheld and "withheld" in gap.words()
    row = next(
        r for r in found.rows() if r["group"] == "arm: a" and r["figure"] == "observed minus predicted"
    )
    assert (
        row["responders"] is None
        and row["here"] is None
        and row["beyond that"] is None
        and row["low"] is None
    )


def test_the_recalibration_for_all_is_a_logistic_regression():
    data, y, _ = cohort(seed=3)
    p = data.probability[:, 0]
    q, _ = one_meaning_for_all(y, p)
    fit = Logit(y, np.column_stack([np.ones(len(y)), log_odds(p)])).fit(disp=0)
    assert q == pytest.approx(fit.predict(), abs=1e-6)


def test_the_same_seed_gives_the_same_answer():
    data, *_ = cohort(seed=7)
    first, second = gaps(data, n_draws=99, seed=3), gaps(data, n_draws=99, seed=3)
    assert first.critical == second.critical and first.rows() == second.rows()
    assert first.critical != gaps(data, n_draws=99, seed=4).critical


def test_leaving_the_figures_out_changes_no_comparison():
    data, *_ = cohort(seed=7, lift=0.8)
    whole, bare = gaps(data, n_draws=99), gaps(data, n_draws=99, figures=False)
    assert [(g.group, g.metric, g.excess, g.low, g.is_finding) for g in whole] == [
        (g.group, g.metric, g.excess, g.low, g.is_finding) for g in bare
    ]


def test_groups_not_compared_are_listed_with_their_reason():
    y = np.tile([0.0, 1.0], 60)
    groups = pd.DataFrame({"arm": np.repeat(["a", "b"], [110, 10])})
    data = of_arrays(y, np.full(120, 0.5), options=["drug"], name="t", groups=groups)
    found = gaps(data, n_draws=99)
    assert {g: why for _, g, why in found.not_compared} == {
        "arm: a": "the rest: too few: 10 patients, 30 needed",
        "arm: b": "too few: 10 patients, 30 needed",
    }
    assert not found.findings


def test_one_outcome_only_is_no_error():
    groups = pd.DataFrame({"arm": np.repeat(["a", "b"], 40)})
    found = gaps(
        of_arrays(np.zeros(80), np.full(80, 0.2), options=["drug"], name="t", groups=groups), n_draws=99
    )
    assert not len(found) and found.not_compared[0][1] == "every group"


def test_what_cannot_be_asked_is_refused_in_words():
    data, *_ = cohort()
    with pytest.raises(AuditError, match="needs at least 99 draws; found 50"):
        gaps(data, n_draws=50)
    with pytest.raises(AuditError, match="'sensitivity' is not compared"):
        gaps(data, metrics=["sensitivity"])
    with pytest.raises(AuditError, match="false alarm rate is 2"):
        gaps(data, level=2)
    with pytest.raises(StoppedError):
        gaps(data, stop=lambda: True)


def test_a_gap_is_told_in_plain_words_with_the_numbers_of_the_table(shipped):
    _, found = shipped
    (gap,) = found.where(option="pembrolizumab", group="rare subtype: rare lung subtype", metric="AUC")
    words = gap.words()
    assert gap.is_finding and "AUC" not in words
    assert f"picks the right one in {100 * gap.here:.0f} of 100 pairs (50 would be chance)" in words
    assert f"in the rest in {100 * gap.rest:.0f}." in words
    assert (
        f"{round(-100 * gap.excess)} fewer ({100 * gap.low:.0f} to {100 * gap.high:.0f})".replace("-", "−")
        in words
    )
    # Every other figure says what it is before it says its name.
    for other in found.where(option="pembrolizumab", group="rare subtype: rare lung subtype"):
        if other.metric not in ("AUC", "observed minus predicted"):
            assert f"({other.metric}) is" in other.words()
