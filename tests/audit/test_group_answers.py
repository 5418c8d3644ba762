"""What is said of groups: for whom it works, at another base rate, by fairness measures, and in a patient's own groups."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

from explainers import kept
from explainers.audit.data import NOT_RECORDED, of_arrays, of_cohort
from explainers.audit.errors import AuditError
from explainers.audit.fairness import fairness
from explainers.audit.for_whom import for_whom
from explainers.audit.gap_table import Gap, Gaps
from explainers.audit.gaps import gaps
from explainers.audit.group_audit import GroupAudit, GroupHeadline, group_audit
from explainers.audit.patient_groups import groups_of, own_levels
from explainers.audit.prevalence import at_base_rate, base_rate_curve, predictive_values, shifted
from explainers.audit.subgroups import subgroups
from explainers.audit.tables import AuditRow, AuditTable
from explainers.charts.subgroups import base_rates, forest
from oncology.wording import wording


def cohort(n=600, seed=0, lift=0.0):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, n)
    group = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    odds = p / (1 - p) * np.exp(np.where(group == "a", lift, 0.0))
    y = (rng.random(n) < odds / (1 + odds)).astype(float)
    tiny = np.where(np.arange(n) < 12, "rare", "common")
    described = pd.DataFrame({"arm": group, "subtype": tiny})
    return of_arrays(y, p, options=["drug"], name="t", groups=described), y, p, group


def test_the_text_names_the_best_the_different_and_the_unknown():
    data, *_ = cohort(900, 1, lift=1.5)
    found = for_whom(subgroups(data), gaps(data, n_draws=199), "drug", "Drug")
    text = " ".join(found.words)
    assert "Works otherwise for: arm: a" in text
    assert "subtype: rare (too few)" in text
    assert not any("arm: a" in b for b in found.best)


def test_the_text_follows_the_numbers():
    even, *_ = cohort(900, 1)
    lifted, *_ = cohort(900, 1, lift=1.5)
    words = [for_whom(subgroups(d), gaps(d, n_draws=199), "drug", "Drug").words for d in (even, lifted)]
    assert words[0] != words[1]
    assert "Works otherwise" not in " ".join(words[0])


def test_where_the_numbers_are_off_for_all_no_group_is_called_the_best():
    data, y, p, _ = cohort(900, 1)
    off = of_arrays(y, np.sqrt(p), options=["drug"], name="t", groups=data.groups)
    words = for_whom(subgroups(off), gaps(off, n_draws=99), "drug", "Drug").words
    less = round(100 * (np.sqrt(p).mean() - y.mean()))
    assert words[0].startswith(
        f"Its numbers are off for all patients together (of 100, {less} fewer than they say)"
    )
    assert "Works best" not in " ".join(words)


@pytest.mark.parametrize("seed", range(4))
def test_no_group_of_fewer_than_thirty_is_named_without_too_few(seed):
    data, *_ = cohort(150, seed)
    small = {r.group for r in subgroups(data) if r.n < 30}
    assert small
    found = group_audit(data, n_draws=99)
    for sentence in (*found.for_whom("drug").words, *GroupHeadline.of(found).words):
        for group in small:
            if group in sentence:
                after = sentence.split(group, 1)[1]
                assert "too few" in after.split(";")[0], sentence


def test_the_best_of_many_groups_is_not_the_luckiest_small_one():
    def row(group, n, auc, half):
        return [
            AuditRow("drug", group, n, n // 2, "observed minus predicted", 0.0, -0.05, 0.05),
            AuditRow("drug", group, n, n // 2, "AUC", auc, auc - half, auc + half),
        ]

    table = AuditTable.of([*row("arm: small", 40, 0.85, 0.15), *row("arm: large", 4000, 0.80, 0.01)])
    data, *_ = cohort(200)
    none = gaps(data, n_draws=99, attributes=["subtype"])
    best = for_whom(table, none, "drug", "Drug").best
    assert best[0].startswith("arm: large")
    # A group that was found to differ in any figure is never among the best.
    gap = Gap(
        "drug",
        "Drug",
        "arm",
        "arm: large",
        "AUC",
        4000,
        2000,
        40,
        0.8,
        0.9,
        0.0,
        -0.1,
        -0.15,
        -0.05,
        -6.0,
        0.01,
        True,
    )
    differs = Gaps((gap,), 0.01, 4.0, 99, 0, 0.15, ())
    assert not any("arm: large" in b for b in for_whom(table, differs, "drug", "Drug").best)


def test_a_line_that_nobody_reaches_has_no_positive_predictive_value():
    data = of_arrays(np.repeat([1.0, 0.0], [40, 60]), np.linspace(0.1, 0.4, 100), options=["drug"], name="t")
    found = at_base_rate(data, "drug", threshold=0.5, base_rate=0.4)
    assert "nobody here is at 50% or more; of 100 under it, 40 responded all the same" in found.words()
    assert (
        "nan" not in found.words()
        and found.row()["positive predictive value"] is found.row()["its low"] is None
    )


def test_predictive_values_by_hand_and_at_their_own_base_rate():
    # 100 patients: 30 hits, 10 misses, 48 rejections, 12 false alarms.
    y, p = (
        np.repeat([1.0, 1.0, 0.0, 0.0], [30, 10, 48, 12]),
        np.repeat([0.6, 0.2, 0.2, 0.6], [30, 10, 48, 12]),
    )
    data = of_arrays(y, p, options=["drug"], name="t")
    own = at_base_rate(data, "drug", threshold=0.5, base_rate=0.4)
    assert (own.ppv, own.npv) == pytest.approx((30 / 42, 48 / 58))
    rare = at_base_rate(data, "drug", threshold=0.5, base_rate=0.1)
    assert rare.ppv == pytest.approx(0.75 * 0.1 / (0.75 * 0.1 + 0.2 * 0.9))
    assert rare.npv == pytest.approx(0.8 * 0.9 / (0.8 * 0.9 + 0.25 * 0.1))
    # Mercaldo's variance of the logit of the positive predictive value: (1-se)/(se n1) + sp/((1-sp) n0).
    half = 1.96 * np.sqrt(0.25 / 0.75 / 40 + 0.8 / 0.2 / 60)
    logit = np.log(rare.ppv / (1 - rare.ppv))
    assert rare.ppv_low == pytest.approx(1 / (1 + np.exp(-(logit - half))))
    assert rare.ppv_high == pytest.approx(1 / (1 + np.exp(-(logit + half))))
    half = 1.96 * np.sqrt(0.75 / 0.25 / 40 + 0.2 / 0.8 / 60)
    logit = np.log(rare.npv / (1 - rare.npv))
    assert (rare.npv_low, rare.npv_high) == pytest.approx(
        tuple(1 / (1 + np.exp(-(logit + s * half))) for s in (-1, 1))
    )
    assert "Where 10 of 100 responded: of 100 at 50% or more, 29 responded" in rare.words()


def test_a_higher_base_rate_raises_one_value_and_lowers_the_other():
    data, *_ = cohort(500)
    curve = base_rate_curve(data, "drug", threshold=0.3)
    assert (np.diff([v.ppv for v in curve]) > 0).all() and (np.diff([v.npv for v in curve]) < 0).all()
    assert all(v.ppv_low <= v.ppv <= v.ppv_high and v.npv_low <= v.npv <= v.npv_high for v in curve)


def test_predictive_values_are_bayes_rule_and_shifting_multiplies_the_odds():
    assert predictive_values(1.0, 1.0, 0.3) == (1.0, 1.0)
    assert predictive_values(0.5, 0.5, 0.3) == pytest.approx((0.3, 0.7))
    assert shifted(0.3, 0.2, 0.2) == pytest.approx(0.3)
    back = shifted(shifted([0.1, 0.7], 0.2, 0.6), 0.6, 0.2)
    assert back == pytest.approx([0.1, 0.7])


def test_base_rates_that_are_none_are_refused():
    data, *_ = cohort(100)
    with pytest.raises(AuditError, match="base rate is 1;"):
        at_base_rate(data, "drug", threshold=0.3, base_rate=1.0)
    with pytest.raises(AuditError, match=r"sensitivity is 1\.2"):
        predictive_values(1.2, 0.5, 0.1)
    with pytest.raises(AuditError, match="old base rate is 0"):
        shifted(0.2, 0.0, 0.5)
    few = of_arrays([0.0, 1.0] * 8, [0.2] * 16, options=["drug"], name="t")
    with pytest.raises(AuditError, match="too few: 16 patients"):
        at_base_rate(few, "drug", threshold=0.3, base_rate=0.2)


def test_fairness_measures_are_those_of_fairlearn():
    data, y, p, group = cohort(900, 2, lift=0.5)
    found = fairness(data, "drug", "arm", threshold=0.4, rounds=99)
    chosen = (p >= 0.4).astype(int)
    assert found.demographic_parity == pytest.approx(
        demographic_parity_difference(y.astype(int), chosen, sensitive_features=group)
    )
    assert found.equalised_odds == pytest.approx(
        equalized_odds_difference(y.astype(int), chosen, sensitive_features=group)
    )
    assert found.demographic_parity_low <= found.demographic_parity <= found.demographic_parity_high
    for g in found.groups:
        mine = group == g.group.removeprefix("arm: ")
        assert g.selection_rate == pytest.approx(chosen[mine].mean())
        assert g.true_positive_rate == pytest.approx(chosen[mine & (y == 1)].mean())
        assert g.false_positive_rate == pytest.approx(chosen[mine & (y == 0)].mean())


def test_a_real_disparity_exceeds_what_random_groups_give():
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.beta(2, 5, 400), rng.beta(5, 2, 400)])
    y = (rng.random(800) < p).astype(float)
    groups = pd.DataFrame(
        {"real": np.repeat(["a", "b"], 400), "random": rng.permutation(np.repeat(["a", "b"], 400))}
    )
    data = of_arrays(y, p, options=["drug"], name="t", groups=groups)
    real, random = (fairness(data, "drug", a, threshold=0.5, rounds=199) for a in ("real", "random"))
    assert real.demographic_parity > real.demographic_parity_chance
    assert real.demographic_parity_low > real.demographic_parity_chance
    assert random.demographic_parity < 2 * random.demographic_parity_chance


def test_fairness_leaves_tiny_groups_out_with_their_reason():
    data, *_ = cohort(400)
    with pytest.raises(AuditError, match="1 group is large enough"):
        fairness(data, "drug", "subtype")


def test_a_patients_own_groups_are_those_of_the_audit(small_bundle):
    """What a profile is counted under must be what the same profile is counted under in a cohort."""
    from sample_data.generator import generate
    from sample_data.profiles import to_profiles

    profiles = to_profiles(generate(12, 3))
    outcomes = pd.DataFrame({small_bundle.options[0]: [0.0, 1.0] * 6}, index=[p.patient_id for p in profiles])
    data = of_cohort(small_bundle, profiles, "twelve", outcomes=outcomes)
    for profile in profiles:
        row = data.groups.loc[profile.patient_id]
        for attribute, level in own_levels(profile, small_bundle.schema).items():
            if attribute in row.index:
                assert row[attribute] == level, attribute


def test_beside_a_prediction_stand_the_patients_groups_with_those_too_small_named():
    from oncology.patients import PatientProfile

    def rows(group, n, estimate):
        return [
            AuditRow("drug", group, n, n // 3, m, estimate, -0.2, 0.2)
            for m in ("observed minus predicted", "AUC")
        ]

    few = AuditRow(
        "drug",
        "ancestry: African",
        12,
        3,
        "observed minus predicted",
        np.nan,
        np.nan,
        np.nan,
        "too few: 12 patients, 30 needed",
    )
    table = AuditTable.of([*rows("sex: female", 90, 0.1), few, *rows("ancestry: European", 90, 0.0)])
    mine = groups_of(PatientProfile("p", sex="female", ancestry="African", tumour="LUAD"), table, "drug")
    assert [r.group for r in mine.rows if r.metric == "AUC"] == ["sex: female", "ancestry: African"]
    assert any("Too few patients to tell" in w and "ancestry: African" in w for w in mine.words)
    unknown = groups_of(PatientProfile("p", sex="female"), table, "drug")
    (row,) = [r for r in unknown.rows if r.group == f"ancestry: {NOT_RECORDED}" and r.metric == "AUC"]
    assert row.reason == "too few: no patient with a known outcome"


def test_a_group_audit_survives_the_disk():
    data, *_ = cohort(400, 2, lift=1.5)
    made = group_audit(data, n_draws=99)
    kept.remember("groups", ("k",), made)
    again = kept.recall("groups", ("k",), (GroupAudit,))
    assert again.gaps.rows() == made.gaps.rows() and len(again.table) == len(made.table)
    assert again.for_whom("drug").words == made.for_whom("drug").words


def test_the_headline_says_when_all_are_alike_and_names_who_is_not():
    even, lifted = (group_audit(cohort(900, 1, lift=v)[0], n_draws=199) for v in (0.0, 1.5))
    assert GroupHeadline.of(even).words[0].startswith("None of 3 groups")
    assert any("arm: a" in w for w in GroupHeadline.of(lifted).words)


def test_the_forest_marks_findings_and_keeps_a_line_for_groups_too_small():
    data, *_ = cohort(600, 1, lift=1.5)
    mine = subgroups(data).where(option="drug", metric="observed minus predicted")
    rows = [r for r in mine if r.group != "all patients"]
    made = forest(
        rows,
        mine.get("drug", "observed minus predicted"),
        findings={"arm: a"},
        best=0.0,
        axis="x",
        mode="light",
    )
    known = [r for r in rows if r.is_known]
    dots = [t for t in made.data if t.mode == "markers"]
    assert sum(len(t.x) for t in dots) == len(known)
    assert list(dots[1].x) == [r.estimate for r in rows if r.group == "arm: a"]
    assert "too few<br>n 12" in [a.text for a in made.layout.annotations]
    assert len(made.layout.yaxis.ticktext) == len(rows)


def test_the_base_rate_chart_shows_what_the_words_say():
    data, *_ = cohort(600)
    chosen = at_base_rate(data, "drug", threshold=0.3, base_rate=0.2)
    made = base_rates(base_rate_curve(data, "drug", threshold=0.3), chosen, mode="light")
    dots = [t for t in made.data if t.mode == "markers"]
    assert [t.y[0] for t in dots] == pytest.approx([chosen.ppv, 1 - chosen.npv])


def test_words_of_the_laboratory_are_used_for_its_cohorts():
    data, *_ = cohort(900, 1, lift=1.5)
    import dataclasses

    lab = dataclasses.replace(data, setting="laboratory")
    (gap,) = gaps(lab, n_draws=99, metrics=["observed minus predicted"]).where(group="arm: a")
    assert wording("laboratory").responded in gap.words()
