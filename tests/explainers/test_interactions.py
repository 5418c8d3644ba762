"""Pairs of facts that act together: they add up, agree with plain toggles, and say why there are none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from explainers.interactions import patient_interactions
from explainers.local import explain
from explainers.players import CannotExplainError
from oncology.bundles import build, load
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature
from tests.explainers.test_shipped import SAMPLE

OPTION = "osimertinib"


@pytest.fixture(scope="module")
def both_needed(tmp_path_factory):
    """One tree that answers yes only where EGFR and MET are altered together; each in half of the patients."""
    schema = FeatureSchema(
        (alteration_feature("EGFR"), alteration_feature("MET"), alteration_feature("KRAS"))
    )
    X = pd.DataFrame(
        [[a, b, c] for a in (0.0, 1.0) for b in (0.0, 1.0) for c in (0.0, 1.0)] * 40,
        columns=list(schema.columns),
    )
    y = pd.DataFrame(dict.fromkeys(("both", "again"), X["EGFR"] * X["MET"]))
    groups = pd.DataFrame({"tumour": ["LUAD"] * len(X)})
    return build(
        tmp_path_factory.mktemp("both") / "both", name="both", title="Both", cohort=Cohort(X, y, groups, schema),
        estimators=DecisionTreeClassifier(random_state=0), synthetic=True,
    )  # fmt: skip


def test_two_facts_that_are_only_worth_something_together_by_hand(both_needed):
    # f = EGFR x MET, each present in half: I = f(11) - f(10) - f(01) + f(00) = 1 - 0.5 - 0.5 + 0.25.
    found = patient_interactions(both_needed, [1.0, 1.0, 0.0], "both")
    (pair,) = found.pairs
    assert pair.features == ("EGFR", "MET")
    assert pair.value == pytest.approx(0.25, abs=1e-12)
    # Each alone adds 0.25 as well: 0.25 + 0.25 + 0.25 = 1 - 0.25.
    assert found.share == pytest.approx(1 / 3)
    assert (
        "EGFR (altered) and MET (altered) together put the model's answer 0.25 probability higher"
        in pair.words
    )


def test_a_pair_that_pulls_down_says_lower(both_needed):
    (pair,) = patient_interactions(both_needed, [0.0, 1.0, 0.0], "both").pairs
    assert pair.value == pytest.approx(-0.25, abs=1e-12)
    assert "lower than the two do apart" in pair.words


@pytest.mark.parametrize("kind", ["boosting", "forest"])
def test_single_shares_and_halves_of_pairs_add_up_to_the_shapley_values(make_bundle, patient, kind):
    bundle = make_bundle(kind)
    row = bundle.schema.encode_row(patient)
    why = explain(bundle, row, "shapley", option=OPTION)
    found = patient_interactions(bundle, row, OPTION)
    halves = dict.fromkeys(why.feature_names, 0.0)
    for pair in found.pairs:
        for name in pair.features:
            halves[name] += pair.value / 2
    single = why.values - np.array([halves[n] for n in why.feature_names])
    total = single.sum() + sum(p.value for p in found.pairs)
    assert total == pytest.approx(why.score - why.base_value, abs=1e-9)
    part = sum(abs(p.value) for p in found.pairs)
    assert found.share == pytest.approx(part / (part + np.abs(single).sum()))
    assert [abs(p.value) for p in found.pairs] == sorted((abs(p.value) for p in found.pairs), reverse=True)


def test_a_category_of_several_columns_is_one_fact(make_bundle, patient):
    bundle = make_bundle("boosting")
    found = patient_interactions(bundle, bundle.schema.encode_row(patient), OPTION)
    named = {name for pair in found.pairs for name in pair.features}
    assert named <= set(bundle.schema.names)
    states = {dict(zip(p.features, p.states, strict=True)).get("tumour") for p in found.pairs} - {None}
    assert states == {"Lung adenocarcinoma"}


def test_models_that_are_no_trees_say_why_there_are_no_pairs(make_bundle, patient):
    for kind, words in (("linear", "a sum of single inputs"), ("network", "tree models only")):
        bundle = make_bundle(kind)
        with pytest.raises(CannotExplainError, match=words):
            patient_interactions(bundle, bundle.schema.encode_row(patient), OPTION)


def test_a_published_score_says_that_it_is_a_sum():
    loris = load(SAMPLE / "bundles" / "loris")
    with pytest.raises(CannotExplainError, match="published sum"):
        patient_interactions(loris, np.full(len(loris.schema.columns), np.nan), loris.options[0])
