"""Prognostic or predictive: the regression, the verdict on invented markers, and on the planted gene."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import Logit

from explainers.audit.data import AuditData, of_bundle
from explainers.audit.effects import VERDICTS, marker_effects
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.marker_design import marker_design, markers
from oncology.bundles import load
from oncology.feature_specs import UnknownFeatureError
from oncology.features import FeatureSchema, alteration_feature, field_feature

SOLID = Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours"
SCHEMA = FeatureSchema(
    (
        alteration_feature("STK11"),
        alteration_feature("EGFR"),
        field_feature("age", "Age", "age_years", low=0, high=120),
    )
)
OPTIONS = ("a", "b", "c")


@pytest.fixture(scope="module")
def bundle():
    return load(SOLID)


@pytest.fixture(scope="module")
def shipped(bundle):
    return of_bundle(bundle)


def cohort(n=3000, seed=0, main=0.0, under_a=0.0, share=0.4, unknown=0.0):
    """A marker with an effect on the log-odds of everybody, and another one under option a alone."""
    rng = np.random.default_rng(seed)
    marker = (rng.random(n) < share).astype(float)
    age = rng.normal(60, 10, n)
    option = rng.integers(0, 3, n)
    eta = -0.4 + main * marker + under_a * marker * (option == 0) + 0.03 * (age - 60)
    y = np.full((n, 3), np.nan)
    y[np.arange(n), option] = rng.random(n) < 1 / (1 + np.exp(-eta))
    seen = np.where(rng.random(n) < unknown, np.nan, marker)
    X = pd.DataFrame({"STK11": seen, "EGFR": np.zeros(n), "age": age}, index=[f"P{i}" for i in range(n)])
    p = np.full((n, 3), 0.4)
    return (
        AuditData(OPTIONS, ("A", "B", "C"), y, p, p, X, pd.DataFrame(index=X.index), "external cohort", "t"),
        marker,
        option,
        age,
    )


def test_effects_and_interaction_are_those_of_statsmodels():
    data, marker, option, age = cohort(6000, 1, main=-0.8, under_a=1.5)
    found = marker_effects(data, SCHEMA, "STK11")
    (a,) = [o for o in found.options if o.option == "a"]
    y = np.nanmax(data.y, axis=1)
    X = np.column_stack(
        [np.ones(6000), marker, marker * (option == 0), option == 1, option == 2, age]
    ).astype(float)
    fit = Logit(y, X).fit(disp=0)
    # Firth's penalty moves six thousand patients' estimates by a trifle.
    assert found.common == pytest.approx(fit.params[1], abs=0.01)
    assert a.others == pytest.approx(fit.params[1], abs=0.01)
    assert a.interaction == pytest.approx(fit.params[2], abs=0.01)
    assert a.treated == pytest.approx(fit.params[1] + fit.params[2], abs=0.01)
    z = 2.935  # two-sided 1 % over three options: 1 - 0.01 / 6 of the normal distribution
    assert a.high - a.interaction == pytest.approx(z * fit.bse[2], rel=0.01)
    both = np.array([0, 1, 1, 0, 0, 0])
    assert a.treated_high - a.treated == pytest.approx(
        1.96 * np.sqrt(both @ fit.cov_params() @ both), rel=0.01
    )
    assert found.common_high - found.common == pytest.approx(1.96 * fit.bse[1], rel=0.01)


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ({"main": -0.9}, "prognostic"),
        ({"under_a": 1.2}, "predictive"),
        ({"main": -0.8, "under_a": 1.6}, "both"),
        ({}, "neither seen"),
    ],
)
def test_the_verdict_follows_the_truth(effects, verdict):
    found = marker_effects(cohort(6000, 3, **effects)[0], SCHEMA, "STK11")
    assert found.verdict == verdict
    assert found.words[0] == f"STK11: {verdict} ({VERDICTS[verdict]})."
    assert {o.option for o in found.predictive} == ({"a"} if "under_a" in effects else set())


def test_interactions_are_called_by_chance_as_seldom_as_stated():
    alarms = sum(
        bool(marker_effects(cohort(900, s, main=-0.8)[0], SCHEMA, "STK11", level=0.1).predictive)
        for s in range(60)
    )
    assert alarms <= 14, alarms  # 99.9 % of a binomial of 60 at 10 %


def test_an_effect_seen_under_one_option_only_is_left_undecided():
    """Nearly all altered patients had option a: whether it is the option or the marker, nobody can tell."""
    data, marker, option, _ = cohort(4000, 4, main=0.8)
    keep = (marker == 0) | (option == 0) | (np.arange(4000) % 80 == 0)
    part = AuditData(OPTIONS, data.labels, data.y[keep], data.margin[keep], data.probability[keep], data.X[keep], data.groups[keep],
                     "external cohort", "t")  # fmt: skip
    found = marker_effects(part, SCHEMA, "STK11")
    assert found.verdict == "undecided" and "cannot tell" in found.words[0]


def test_the_planted_prognostic_gene_reads_prognostic(bundle, shipped):
    found = marker_effects(shipped, bundle.schema, "STK11", drivers=bundle.manifest.drivers)
    assert found.verdict == "prognostic" and not found.predictive
    assert found.common_high < 0
    assert (
        "no effects of treatment" in found.limits
        and f"{found.n_unknown:,} patients whose marker is not known" in found.limits
    )


@pytest.mark.parametrize(
    ("marker", "options"),
    [
        ("EGFR exon 19 deletion", {"osimertinib"}),
        ("BRAF p.V600E", {"dabrafenib_trametinib"}),
        ("ERBB2 amplification", {"trastuzumab_deruxtecan"}),
        ("KRAS p.G12C", {"sotorasib", "adagrasib"}),
    ],
)
def test_true_targets_read_predictive_of_their_options(bundle, shipped, marker, options):
    found = marker_effects(shipped, bundle.schema, marker, drivers=bundle.manifest.drivers)
    assert found.verdict == "predictive" and {o.option for o in found.predictive} == options
    assert all(o.low > 0 for o in found.predictive)


def test_unknown_markers_are_left_out_and_counted():
    data, marker, *_ = cohort(2000, 5, unknown=0.25)
    design = marker_design(data, SCHEMA, "STK11", {})
    unknown = int(data.X["STK11"].isna().sum())
    assert design.n_unknown == unknown and len(design.y) == 2000 - unknown
    assert (design.altered == marker[data.X["STK11"].notna().to_numpy()]).all()


def test_counts_of_a_few_patients_are_withheld_in_the_table():
    data, _, option, _ = cohort(400, 6)
    X = data.X.copy()
    X.loc[(option == 2), "STK11"] = 0.0
    X.iloc[np.flatnonzero(option == 2)[:3], 0] = 1.0
    few = AuditData(
        OPTIONS, data.labels, data.y, data.margin, data.probability, X, data.groups, "external cohort", "t"
    )
    row = marker_effects(few, SCHEMA, "STK11").rows()[2]
    assert row["altered"] is None and row["remark"] == "too few with and without the marker"


def test_markers_on_offer_are_those_that_enough_patients_have():
    assert markers(cohort(500)[0], SCHEMA) == (("STK11", "STK11"),)


def test_what_cannot_be_told_is_refused_in_words():
    data, *_ = cohort(300)
    with pytest.raises(UnknownFeatureError, match="STK12"):
        marker_effects(data, SCHEMA, "STK12")
    with pytest.raises(AuditError, match="Age is not an input that is present or absent"):
        marker_effects(data, SCHEMA, "age")
    with pytest.raises(AuditError, match="EGFR: altered in 0 of the 300 patients"):
        marker_effects(data, SCHEMA, "EGFR")
    with pytest.raises(StoppedError):
        marker_effects(data, SCHEMA, "STK11", stop=lambda: True)
