"""Descriptions of formulas that cannot be read are refused by name."""

from __future__ import annotations

import json

import pytest

from oncology.features import FeatureSchema, UnknownFeatureError, field_feature
from oncology.scores import FormulaError, LinearFormula, read_formula
from oncology.scores.ipssm import ipssm_schema
from sample_data import build_scores

SCHEMA = FeatureSchema((field_feature("Age", "Age", "age_years"),))
ENTRY = {"name": "age", "label": "Age", "feature": "Age", "coefficient": 0.1, "reference": 60}
CONTENT = {"family": "linear", "intercept": 1, "variables": [ENTRY]}


def read(**changes):
    return read_formula(json.dumps(CONTENT | changes).encode(), SCHEMA)


def test_a_formula_of_one_variable_by_hand():
    formula = read()
    assert isinstance(formula, LinearFormula)
    assert formula.margin(formula.derive([[50.0]]))[0] == pytest.approx(6.0)
    assert formula.base_value == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "neural"}, "names the family 'neural'; expected one of linear, ipssm"),
        ({"intercept": "one"}, "'intercept' is 'one'; expected a number"),
        ({"variables": []}, "has no variables"),
        (
            {"variables": [{k: v for k, v in ENTRY.items() if k != "label"}]},
            "variable of the formula cannot be read",
        ),
        ({"variables": [ENTRY | {"coefficient": None}]}, "'coefficient' is None"),
        ({"link": "probit"}, "link is 'probit'"),
        ({"categories": ["low"], "cut_points": [1]}, "1 cut points need 2 categories"),
    ],
)
def test_a_spoiled_description_is_refused(changes, message):
    with pytest.raises(FormulaError, match=message):
        read(**changes)


def test_a_feature_that_the_schema_does_not_have_is_named():
    with pytest.raises(UnknownFeatureError, match="Did you mean Age"):
        read(variables=[ENTRY | {"feature": "Aged"}])


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]"])
def test_bytes_that_are_no_description_are_refused(data):
    with pytest.raises(FormulaError, match=r"formula\.json"):
        read_formula(data, SCHEMA)


def test_terms_and_levels_have_to_be_the_same_categories():
    schema = FeatureSchema((field_feature("T", "T", "tumour", "categorical", levels=("LUAD", "MEL", "RCC")),))
    entry = ENTRY | {"feature": "T", "terms": {"LUAD": 1, "MEL": 2}}
    with pytest.raises(FormulaError, match="terms of 'T' and its levels differ: RCC"):
        read_formula(json.dumps(CONTENT | {"variables": [entry]}).encode(), schema)


def test_ipssm_with_a_variable_less_is_refused():
    content = json.loads(build_scores._ipssm_formula())
    del content["beta"]["NPM1"]
    with pytest.raises(FormulaError, match="other variables than the score: NPM1"):
        read_formula(json.dumps(content).encode(), ipssm_schema())
