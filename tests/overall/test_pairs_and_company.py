"""Pairs over patients: means of each patient's own interactions; co-occurrence by hand and against published arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from explainers.importance import shapley_sample
from explainers.interactions import patient_interactions
from explainers.overall.asked_patients import had_option
from explainers.overall.cooccurrence import co_occurrence, pooled_odds_ratio
from explainers.overall.pairs import strongest_pairs
from explainers.overall.strongest_markers import strongest_markers
from explainers.players import CannotExplainError
from oncology.bundles import build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature


def test_a_pair_is_the_mean_of_the_patients_own_interactions(small):
    bundle = small()
    found = strongest_pairs(bundle, "osimertinib", n_patients=40, seed=1)
    X = had_option(bundle, "osimertinib")
    X = X[np.sort(np.random.default_rng(1).choice(len(X), 40, replace=False))]
    sums = {}
    for row in X:
        for pair in patient_interactions(bundle, row, "osimertinib").pairs:
            sums[pair.features] = sums.get(pair.features, 0.0) + abs(pair.value)
    best = max(sums, key=sums.get)
    assert found.pairs[0].features == best
    for pair in found.pairs:
        assert pair.value == pytest.approx(sums[pair.features] / 40, abs=1e-9)
        assert pair.low <= pair.value <= pair.high


def test_the_planted_pair_is_found_with_its_sign(small):
    # osimertinib: TP53 takes one off where EGFR p.L858R is altered.
    found = strongest_pairs(small(), "osimertinib", n_patients=300)
    names = [set(p.features) for p in found.pairs]
    planted = found.pairs[names.index({"EGFR p.L858R", "TP53"})]
    assert names.index({"EGFR p.L858R", "TP53"}) <= 2
    assert planted.together < 0 and "lower than the two apart" in planted.words
    assert {found.partner["TP53"], "EGFR p.L858R"} == {"EGFR p.L858R"}


def test_pairs_stop_where_they_are_and_say_so(small):
    seen = []
    found = strongest_pairs(small(), "osimertinib", progress=seen.append, stop=lambda: len(seen) >= 3)
    assert found.n_patients == 3 and "Stopped after 3 of 200 patients" in found.words


def test_sums_have_no_pairs_and_say_why(small):
    with pytest.raises(CannotExplainError, match="sum of single inputs"):
        strongest_pairs(small("linear"), "osimertinib")
    with pytest.raises(CannotExplainError, match=r"MLPClassifier|Pipeline"):
        strongest_pairs(small("network"), "osimertinib")


# Co-occurrence -------------------------------------------------------------------------------------------------------


def test_one_table_gives_the_plain_odds_ratio_with_woolfs_interval():
    log_ratio, low, high = pooled_odds_ratio(np.array([[40.0, 121.0, 37.0, 335.0]]))
    assert log_ratio == pytest.approx(np.log(40 * 335 / (121 * 37)))
    half = 1.959964 * np.sqrt(1 / 40 + 1 / 121 + 1 / 37 + 1 / 335)
    assert (low, high) == pytest.approx((log_ratio - half, log_ratio + half), abs=1e-9)


def test_tables_are_pooled_as_mantel_and_haenszel_do():
    tables = np.array([[10.0, 5.0, 4.0, 21.0], [6.0, 14.0, 3.0, 37.0]])
    expected = (10 * 21 / 40 + 6 * 37 / 60) / (5 * 4 / 40 + 14 * 3 / 60)
    assert pooled_odds_ratio(tables)[0] == pytest.approx(np.log(expected))
    assert pooled_odds_ratio(np.zeros((0, 4))) == (None, None, None)
    assert pooled_odds_ratio(np.array([[0.0, 5.0, 5.0, 5.0]])) == (None, None, None)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """TP53 and RB1 go together within each tumour; EGFR and KRAS never do; CDK4 and RB1 meet in three patients."""
    schema = FeatureSchema(tuple(alteration_feature(g) for g in ("TP53", "RB1", "EGFR", "KRAS", "CDK4")))
    counts = {(1, 1): 30, (1, 0): 20, (0, 1): 20, (0, 0): 130}
    blocks = [[a, b] for (a, b), n in counts.items() for _ in range(n)] * 2
    X = pd.DataFrame(np.zeros((400, 5)), columns=list(schema.columns))
    X[["TP53", "RB1"]] = blocks
    X.loc[:99, "EGFR"] = 1.0
    X.loc[100:179, "KRAS"] = 1.0
    X.loc[[0, 1, 2, 380, 381, 382, 383, 384], "CDK4"] = 1.0
    X.loc[395:, "TP53"] = np.nan
    y = pd.DataFrame({o: (np.arange(400) + k) % 2.0 for k, o in enumerate(("one", "two"))})
    groups = pd.DataFrame({"tumour": ["LUAD"] * 200 + ["COADREAD"] * 200})
    from sklearn.tree import DecisionTreeClassifier

    return build(
        tmp_path_factory.mktemp("company") / "company", name="company", cohort=Cohort(X, y, groups, schema),
        estimators=DecisionTreeClassifier(max_depth=3, random_state=0), synthetic=True,
    )  # fmt: skip


def test_company_is_counted_within_tumours_among_those_assayed(company):
    found = co_occurrence(company, "TP53", "RB1")
    assert (found.n_both, found.n_assayed) == (60, 395)
    expected = (30 * 130 / 200 + 30 * 125 / 195) / (20 * 20 / 200 + 20 * 20 / 195)
    assert found.log_odds_ratio == pytest.approx(np.log(expected))
    assert found.words.startswith("more often together than by chance: odds ratio 9.6")
    assert found.expected == pytest.approx(50 * 50 / 200 + 50 * 50 / 195)


def test_exclusive_drivers_are_said(company):
    found = co_occurrence(company, "EGFR", "KRAS")
    assert found.exclusive and found.n_both == 0
    assert found.words == "exclude each other: together never (about 40 expected by chance)"


def test_a_small_count_gives_nothing_away(company):
    found = co_occurrence(company, "CDK4", "RB1")
    assert found.n_both is None and found.log_odds_ratio is None
    assert "together in fewer than 5 of 400" in found.words


def test_only_alterations_keep_company(small):
    assert co_occurrence(small(), "EGFR", "albumin") is None


# Strongest markers ---------------------------------------------------------------------------------------------------


def test_each_option_names_its_driver_and_the_direction(small):
    bundle = small()
    found = {m.option: m for m in strongest_markers(bundle).markers}
    assert found["osimertinib"].feature == "EGFR p.L858R" and found["osimertinib"].direction.way == "raises"
    assert found["sotorasib"].feature == "KRAS p.G12C" and found["sotorasib"].rank == 1
    assert found["osimertinib"].clear
    sample = shapley_sample(bundle, "osimertinib", n_patients=3000)
    assert found["osimertinib"].value == pytest.approx(np.abs(sample.values[:, 0]).mean())


def test_markers_stop_between_options(small):
    assert len(strongest_markers(small(), n_patients=50, stop=lambda: True).markers) == 1
