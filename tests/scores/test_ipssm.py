"""IPSS-M by hand, with unknown inputs, and at the borders of its groups."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncology.edits import Edit, apply
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from oncology.scores.ipssm import MAIN_GENES, RESIDUAL_GENES
from sample_data.build_scores import IPSSM_WEIGHTS

PUBLISHED = Path(__file__).parents[3] / "shared/real/ipssm.json"
GENES = frozenset({*MAIN_GENES, *RESIDUAL_GENES, "SF3B1", "TP53", "FLT3", "KMT2A"})
NO_LESIONS = {"del5q": "no", "del7_7q": "no", "complex_karyotype": "no", "del17_17p": "no", "tp53_loh": "no"}


def patient(
    *alterations, hb=10.0, platelets=150.0, blasts=5.0, cytogenetics="good", assayed=GENES, **findings
):
    labs = {"haemoglobin_g_dl": hb, "platelets_10e9_l": platelets, "marrow_blasts_percent": blasts}
    found = {"ipssr_cytogenetics": cytogenetics} | NO_LESIONS | findings
    return PatientProfile(
        "P", tumour="MDS", alterations=tuple(alterations), assayed_genes=assayed,
        labs={k: v for k, v in labs.items() if v is not None}, findings={k: v for k, v in found.items() if v is not None},
    )  # fmt: skip


def mutation(gene, change=None, vaf=None):
    return Alteration(gene, protein_change=change, vaf=vaf)


def derived(bundle, profile):
    """Known derived variables by name, NaN where undecided."""
    return dict(
        zip(
            bundle.formula.names,
            bundle.formula.known(bundle.schema.encode_row(profile)[None])[0],
            strict=True,
        )
    )


def by_hand(**values):
    """The published sum over the 22 variables; those not named are 0."""
    return sum(beta * (values.get(v, 0.0) - mean) / math.log(2) for v, (beta, mean) in IPSSM_WEIGHTS.items())


def test_the_weights_are_the_published_ones():
    if not PUBLISHED.exists():
        pytest.skip("the published weights are not beside this checkout (../shared/real/ipssm.json)")
    published = json.loads(PUBLISHED.read_text())
    assert {v: (published["beta"][v], published["mean"][v]) for v in published["beta"]} == IPSSM_WEIGHTS


def test_a_patient_without_mutations_by_hand(ipssm):
    # Hb 10, platelets 150 -> 1.5, blasts 5 -> 1, cytogenetics good -> 1, all genes tested and not mutated.
    expected = by_hand(HB1=10, TRANSF_PLT100=1.5, BLAST5=1, CYTOVEC=1)
    found = predict(ipssm, patient())
    assert found.raw[0, 0] == pytest.approx(expected, abs=1e-9)
    assert found.low[0, 0] == found.high[0, 0] == pytest.approx(expected, abs=1e-9)
    assert round(expected, 2) == -0.87
    (entry,) = rank(ipssm, found, patient()).ordered
    assert entry.group == "Low" and entry.per_100 == ""


def test_a_patient_at_high_risk_by_hand(ipssm):
    # Hb 3 counts as 4, platelets 400 as 250, blasts 30 as 20, TP53 twice, ASXL1, RUNX1, FLT3-ITD, BCOR and WT1.
    profile = patient(
        mutation("TP53", "p.R175H"), mutation("TP53", "p.R248Q"), mutation("ASXL1"), mutation("RUNX1"),
        mutation("FLT3", "ITD"), mutation("BCOR"), mutation("WT1"),
        hb=3, platelets=400, blasts=30, cytogenetics="very poor", complex_karyotype="yes",
    )  # fmt: skip
    expected = by_hand(
        HB1=4, TRANSF_PLT100=2.5, BLAST5=4, CYTOVEC=4, TP53multi=1, ASXL1=1, RUNX1=1, FLT3=1, nRes2=2
    )
    found = predict(ipssm, profile)
    assert found.raw[0, 0] == pytest.approx(expected, abs=1e-9)
    assert rank(ipssm, found, profile).ordered[0].group == "Very High"


def test_nothing_known_is_the_published_average_with_the_full_range(ipssm):
    nobody = PatientProfile("P", tumour="MDS")
    found = predict(ipssm, nobody)
    best = by_hand(HB1=20, TRANSF_PLT100=2.5, SF3B1_alpha=1)
    worst = by_hand(**dict.fromkeys(IPSSM_WEIGHTS, 1.0) | {
        "HB1": 4, "TRANSF_PLT100": 0, "BLAST5": 4, "CYTOVEC": 4, "SF3B1_alpha": 0, "nRes2": 2})  # fmt: skip
    assert found.raw[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert found.low[0, 0] == pytest.approx(best, abs=1e-9) and found.high[0, 0] == pytest.approx(
        worst, abs=1e-9
    )


def test_unknown_haemoglobin_takes_best_mean_and_worst(ipssm):
    known = {"TRANSF_PLT100": 1.5, "BLAST5": 1, "CYTOVEC": 1}
    found = predict(ipssm, patient(hb=None))
    assert found.raw[0, 0] == pytest.approx(by_hand(HB1=9.87, **known), abs=1e-9)
    assert found.low[0, 0] == pytest.approx(by_hand(HB1=20, **known), abs=1e-9)
    assert found.high[0, 0] == pytest.approx(by_hand(HB1=4, **known), abs=1e-9)
    assert ipssm.formula.undecided(ipssm.schema.encode_row(patient(hb=None))) == ("HB1",)


@pytest.mark.parametrize(
    ("alterations", "findings", "expected"),
    [
        ((), {}, 0.0),
        ((mutation("TP53"),), {}, 0.0),
        ((mutation("TP53"),), {"tp53_loh": "yes"}, 1.0),
        ((mutation("TP53"),), {"tp53_loh": None}, math.nan),
        ((mutation("TP53", vaf=0.56),), {"tp53_loh": None}, 1.0),
        ((mutation("TP53", vaf=0.55),), {"tp53_loh": None}, math.nan),
        ((mutation("TP53", vaf=0.2),), {"tp53_loh": "no", "del17_17p": "yes"}, 1.0),
        ((mutation("TP53", "p.R175H"), mutation("TP53", "p.R248Q")), {"tp53_loh": None}, 1.0),
    ],
)
def test_tp53_multi_hit_and_where_it_cannot_be_decided(ipssm, alterations, findings, expected):
    np.testing.assert_equal(derived(ipssm, patient(*alterations, **findings))["TP53multi"], expected)


def test_tp53_not_assayed_is_not_decided_even_with_del17p(ipssm):
    profile = patient(assayed=GENES - {"TP53"}, del17_17p="yes")
    assert math.isnan(derived(ipssm, profile)["TP53multi"])


SF3B1 = mutation("SF3B1", "p.K700E")


@pytest.mark.parametrize(
    ("alterations", "findings", "not_assayed", "five_q", "alpha"),
    [
        ((SF3B1,), {}, (), 0.0, 1.0),
        ((SF3B1,), {"del5q": "yes"}, (), 1.0, 0.0),
        ((SF3B1,), {"del5q": "yes", "del7_7q": "yes"}, (), 0.0, 1.0),
        ((SF3B1,), {"del5q": "yes", "complex_karyotype": "yes"}, (), 0.0, 1.0),
        ((SF3B1,), {"del5q": None}, (), math.nan, math.nan),
        ((SF3B1, mutation("SRSF2")), {"del5q": None}, (), math.nan, 0.0),
        ((SF3B1,), {}, ("BCORL1",), 0.0, math.nan),
        ((SF3B1, mutation("NRAS")), {}, ("BCORL1",), 0.0, 0.0),
        ((), {}, ("BCORL1",), 0.0, 0.0),
        ((), {}, ("SF3B1",), 0.0, math.nan),
        ((mutation("RUNX1"),), {}, ("SF3B1",), 0.0, 0.0),
    ],
)
def test_sf3b1_in_three_valued_logic(ipssm, alterations, findings, not_assayed, five_q, alpha):
    values = derived(ipssm, patient(*alterations, assayed=GENES - set(not_assayed), **findings))
    np.testing.assert_equal((values["SF3B1_5q"], values["SF3B1_alpha"]), (five_q, alpha))


@pytest.mark.parametrize(
    ("n_mutated", "n_untested", "best", "mean", "worst"),
    [
        (0, 0, 0, 0.0, 0),
        (0, 15, 0, 0.388, 2),
        (0, 6, 0, 6 / 15 * 0.388, 2),
        (1, 0, 1, 1.0, 1),
        (1, 6, 1, 1 + 0.5 * 6 / 15 * 0.388, 2),
        (2, 6, 2, 2.0, 2),
        (3, 6, 2, 2.0, 2),
    ],
)
def test_residual_genes_follow_their_own_rule(ipssm, n_mutated, n_untested, best, mean, worst):
    mutated, untested = RESIDUAL_GENES[:n_mutated], RESIDUAL_GENES[n_mutated:][:n_untested]
    profile = patient(*(mutation(g) for g in mutated), assayed=GENES - set(untested))
    X = ipssm.schema.encode_row(profile)[None]
    for scenario, expected in (("best", best), ("mean", mean), ("worst", worst)):
        assert ipssm.formula.derive(X, scenario)["nRes2"].iloc[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("alterations", "not_assayed", "expected"),
    [
        ((mutation("FLT3", "ITD"),), (), 1.0),
        ((mutation("FLT3", "p.D835Y"),), (), 1.0),
        ((mutation("FLT3", "p.D835Y"),), ("FLT3",), 1.0),
        ((mutation("FLT3", "p.A680V"),), (), 0.0),
        ((), (), 0.0),
        ((), ("FLT3",), math.nan),
    ],
)
def test_flt3_is_a_duplication_or_a_kinase_domain_mutation(ipssm, alterations, not_assayed, expected):
    values = derived(ipssm, patient(*alterations, assayed=GENES - set(not_assayed)))
    np.testing.assert_equal(values["FLT3"], expected)


def test_a_partial_tandem_duplication_counts_and_another_kmt2a_mutation_does_not(ipssm):
    assert derived(ipssm, patient(mutation("KMT2A", "PTD")))["MLL_PTD"] == 1.0
    assert derived(ipssm, patient(mutation("KMT2A", "p.R100H")))["MLL_PTD"] == 0.0


def test_a_deletion_is_not_a_mutation(ipssm):
    assert derived(ipssm, patient(Alteration("EZH2", "deletion")))["EZH2"] == 0.0


@pytest.mark.parametrize(
    ("score", "group"),
    [
        (-1.51, "Very Low"), (-1.50, "Very Low"), (-1.504, "Very Low"), (-1.49, "Low"), (-0.5, "Low"),
        (-0.49, "Moderate Low"), (0.0, "Moderate Low"), (0.004, "Moderate Low"), (0.01, "Moderate High"),
        (0.5, "Moderate High"), (0.51, "High"), (1.5, "High"), (1.51, "Very High"),
    ],
)  # fmt: skip
def test_groups_are_right_closed_on_the_rounded_score(ipssm, score, group):
    assert ipssm.formula.group(score) == group


def test_an_edit_of_a_raw_input_moves_its_variable(ipssm):
    profile = patient()
    edited = apply(ipssm.schema, profile, [Edit("NPM1 mutation", 1.0), Edit("Cytogenetic group", "poor")])
    moved = predict(ipssm, edited).raw - predict(ipssm, profile).raw
    assert moved[0, 0] == pytest.approx((0.43 + 2 * 0.287) / math.log(2), abs=1e-9)


def test_unknown_genes_name_the_group_they_would_lead_to(ipssm):
    profile = patient(assayed=GENES - {"RUNX1"})
    (first, *_) = rank(ipssm, predict(ipssm, profile), profile).unknowns
    assert first.words() == (
        "RUNX1 was not assayed; if altered, IPSS-M risk score would move from Low to Moderate Low. Until it is tested, "
        "the model answers about IPSS-M risk score as in neither state: -0.79 now, -0.87 if absent, -0.26 if altered."
    )


def test_derived_variables_are_said_in_words(ipssm):
    profile = patient(mutation("BCOR"), hb=9.5, cytogenetics="very good", assayed=GENES - {"WT1", "NPM1"})
    words = dict(
        zip(ipssm.formula.names, ipssm.formula.describe(ipssm.schema.encode_row(profile)), strict=True)
    )
    assert words["HB1"] == "9.5 g/dL" and words["CYTOVEC"] == "very good"
    assert words["nRes2"] == "1 mutated, some not assayed"
    assert words["NPM1"] == "not decided: an input is not known" and words["KRAS"] == "no"


STATES = st.dictionaries(st.sampled_from(sorted(GENES)), st.sampled_from(["mutated", "unknown"]))


@settings(max_examples=60, deadline=None)
@given(
    STATES,
    st.one_of(st.none(), st.floats(2, 20)),
    st.sampled_from(["good", "poor", None]),
    st.sampled_from(["yes", "no", None]),
)
def test_the_mean_lies_in_the_range_and_contributions_add_up(ipssm, states, hb, cytogenetics, lesion):
    profile = patient(
        *(mutation(g) for g, s in states.items() if s == "mutated"), hb=hb, cytogenetics=cytogenetics,
        assayed=GENES - {g for g, s in states.items() if s == "unknown"}, del5q=lesion, tp53_loh=lesion,
    )  # fmt: skip
    X = ipssm.schema.encode_row(profile)[None]
    low, high = ipssm.interval(ipssm.margin(X), X)
    margin = ipssm.margin(X)[0, 0]
    assert low[0, 0] - 1e-9 <= margin <= high[0, 0] + 1e-9
    total = ipssm.formula.base_value + ipssm.formula.contributions(ipssm.formula.derive(X)).sum()
    assert total == pytest.approx(margin, abs=1e-9) and ipssm.formula.base_value == pytest.approx(
        0.0, abs=1e-12
    )


@settings(max_examples=40, deadline=None)
@given(STATES)
def test_learning_an_unknown_gene_never_leaves_the_range(ipssm, states):
    profile = patient(assayed=GENES - set(states), tp53_loh=None)
    low, high = (e[0, 0] for e in ipssm.interval(np.zeros((1, 1)), ipssm.schema.encode_row(profile)[None]))
    learnt = patient(*(mutation(g) for g, s in states.items() if s == "mutated"), tp53_loh="yes")
    assert low - 1e-9 <= predict(ipssm, learnt).raw[0, 0] <= high + 1e-9
