"""Our own JSON: what a person mistyped is never read as "tested, not altered"."""

import json

import pytest
from hypothesis import given

from oncology.features import FeatureSchema, alteration_feature
from oncology.intake import read_bytes, write_profile
from oncology.intake.spelling import spell
from tests.oncology.profiles import ALTERATIONS, profiles

SCHEMA = FeatureSchema(
    (
        alteration_feature("EGFR"),
        alteration_feature("EGFR", change="p.L858R"),
        alteration_feature("ERBB2", kind="amplification"),
    )
)


def read(**fields):
    content = {"glassboard_profile": 1, "patient_id": "P", "assayed_genes": ["EGFR", "ERBB2"]} | fields
    return read_bytes("p.json", json.dumps(content).encode())


def fates(result):
    return {e.element: (e.fate, e.reason) for e in result.report.entries}


def test_a_misspelled_gene_makes_the_gene_it_may_mean_unknown_and_is_told():
    result = read(alterations=[{"gene": "EGFRR", "protein_change": "p.L858R"}])
    (profile,) = result.profiles
    assert SCHEMA.value(profile, "EGFR p.L858R") is None, "one letter off must not read as not altered"
    assert SCHEMA.value(profile, "ERBB2 amplification") == 0.0
    assert fates(result)["alterations"][0] == "ambiguous"
    assert any("misspelling of EGFR" in note for note in result.report.notes)
    assert result.report.adds_up


@pytest.mark.parametrize("written", ["p.Leu858Arg", "L858R", "EGFR L858R"])
def test_a_change_in_another_spelling_is_the_same_change(written):
    result = read(alterations=[{"gene": "EGFR", "protein_change": written}])
    assert SCHEMA.value(result.profiles[0], "EGFR p.L858R") == 1.0
    assert fates(result)["alterations"][0] == "normalised"


def test_a_former_symbol_and_a_tumour_in_words_are_normalised():
    result = read(
        alterations=[{"gene": "HER2", "kind": "amplification"}],
        assayed_genes=["HER2"],
        tumour="Lung adenocarcinoma",
    )
    (profile,) = result.profiles
    assert SCHEMA.value(profile, "ERBB2 amplification") == 1.0
    assert profile.assayed_genes == {"ERBB2"}
    assert profile.tumour == "LUAD"


def test_a_tumour_nobody_knows_is_dropped_with_the_reason_not_used():
    result = read(tumour="something in the chest")
    assert result.profiles[0].tumour is None
    assert fates(result)["tumour"][0] == "dropped"


def test_a_synonymous_change_is_no_alteration():
    result = read(alterations=[{"gene": "EGFR", "protein_change": "p.L858L"}])
    assert result.profiles[0].alterations == ()
    assert "changes no amino acid" in fates(result)["alterations"][1]


@given(profiles())
def test_our_own_spelling_is_left_alone(profile):
    (again,) = read_bytes("p.json", write_profile(profile).encode()).profiles
    assert again == profile


def test_every_alteration_the_features_know_is_a_fixed_point():
    for alteration in ALTERATIONS:
        assert spell(alteration).alteration == alteration
