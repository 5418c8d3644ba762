"""Features: three states, disjoint columns, rows back to words."""

import json
import math

import numpy as np
import pytest
from hypothesis import given

from oncology.alterations import AlterationPattern, EvidenceIndex, PatternError
from oncology.features import (
    FeatureSchema,
    SchemaMismatchError,
    UnknownFeatureError,
    alteration_feature,
    field_feature,
)
from oncology.patients import Alteration, PatientProfile
from tests.oncology.profiles import SCHEMA, profiles


def value(profile, name):
    return SCHEMA.value(profile, name)


def test_gene_outside_the_panel_is_unknown_and_inside_is_tested():
    panel = PatientProfile("p", assayed_genes=frozenset({"EGFR"}))
    assert value(panel, "EGFR") == 0.0
    assert value(panel, "EGFR p.L858R") == 0.0
    assert value(panel, "KRAS") is None
    assert value(PatientProfile("p"), "EGFR") is None


def test_one_alteration_fills_one_column_of_its_gene():
    l858r = PatientProfile(
        "p", alterations=(Alteration("EGFR", protein_change="p.L858R"),), assayed_genes=frozenset({"EGFR"})
    )
    assert [value(l858r, n) for n in ("EGFR", "EGFR p.L858R", "EGFR exon 19 deletion")] == [0.0, 1.0, 0.0]
    t790m = PatientProfile(
        "p", alterations=(Alteration("EGFR", protein_change="p.T790M"),), assayed_genes=frozenset({"EGFR"})
    )
    assert [value(t790m, n) for n in ("EGFR", "EGFR p.L858R", "EGFR exon 19 deletion")] == [1.0, 0.0, 0.0]


def test_a_finding_without_its_assay_leaves_the_rest_of_the_gene_unknown():
    hotspot = PatientProfile("p", alterations=(Alteration("KRAS", protein_change="p.G12C"),))
    assert value(hotspot, "KRAS p.G12C") == 1.0
    assert value(hotspot, "KRAS") is None


def test_a_fusion_that_a_dna_panel_does_not_cover_is_unknown_although_the_gene_is_listed():
    dna = PatientProfile("p", assayed_genes=frozenset({"ALK"}), not_tested=frozenset({"ALK fusion"}))
    assert value(dna, "ALK fusion") is None
    negative = PatientProfile("p", tested_absent=frozenset({"ALK fusion"}))
    assert value(negative, "ALK fusion") == 0.0


def test_allele_fraction_is_largest_zero_or_unknown():
    two = PatientProfile("p", alterations=(Alteration("KRAS", vaf=0.2), Alteration("KRAS", vaf=0.4)))
    assert value(two, "KRAS VAF") == 0.4
    assert value(PatientProfile("p", alterations=(Alteration("KRAS"),)), "KRAS VAF") is None
    assert value(PatientProfile("p", assayed_genes=frozenset({"KRAS"})), "KRAS VAF") == 0.0


@pytest.mark.parametrize(
    ("gene", "change", "written", "expected"),
    [
        ("EGFR", "exon 19 deletion", "p.E746_A750del", True),
        ("EGFR", "exon 19 deletion", "p.L747_P753delinsS", True),
        ("EGFR", "exon 19 deletion", "p.L858R", False),
        ("EGFR", "exon 19 deletion", "exon 19 deletion", True),
        ("EGFR", "exon 20 insertion", "p.D770_N771insSVD", True),
        ("FLT3", "ITD", "ITD", True),
        ("FLT3", "ITD", "p.Y597_E598insDYVDFREYEY", True),
        ("FLT3", "ITD", "p.D835Y", False),
        ("FLT3", "TKD", "p.D835Y", True),
        ("BRAF", "V600", "p.V600E", True),
        ("BRAF", "V600", "p.G469A", False),
        ("KIT", "exon 11", "p.W557_K558del", True),
        ("KIT", "exon 9", "p.A502_Y503dup", True),
        ("MET", "exon 14 skipping", "p.X1010_splice", True),
        ("KRAS", "p.G12C", "p.G12D", False),
    ],
)
def test_named_changes_are_told_by_codon_and_kind(gene, change, written, expected):
    assert (
        AlterationPattern(gene, change=change).matches(Alteration(gene, protein_change=written)) is expected
    )


def test_an_unreadable_pattern_names_what_the_gene_has():
    with pytest.raises(PatternError, match="named classes of EGFR: exon 19 deletion, exon 20 insertion"):
        AlterationPattern("EGFR", change="exon 21")


@given(profiles())
def test_every_alteration_lands_in_one_column_at_most(profile):
    evidence = EvidenceIndex.of(profile)
    for alteration in profile.alterations:
        claims = [
            f.name
            for f in SCHEMA.features
            if f.is_alteration and alteration in evidence.matching(f.reads.pattern, SCHEMA.narrower[f.name])
        ]
        assert len(claims) <= 1


@given(profiles())
def test_decoding_a_row_gives_the_values_back(profile):
    row = SCHEMA.encode_row(profile)
    for spec, seen, decoded in zip(SCHEMA.features, SCHEMA.values(profile), SCHEMA.decode(row), strict=True):
        if seen == "STAD":
            assert decoded == "other", "a tumour outside the levels is known to be none of them"
        else:
            assert decoded == seen, spec.name


@given(profiles())
def test_table_and_row_agree_and_nothing_unknown_becomes_a_number(profile):
    table = SCHEMA.encode([profile])
    row = SCHEMA.encode_row(profile)
    assert np.array_equal(table.to_numpy()[0], row, equal_nan=True)
    for spec, known in zip(SCHEMA.features, SCHEMA.values(profile), strict=True):
        assert np.isnan(row[SCHEMA.columns_of(spec.name)]).all() == (known is None)


def test_rows_are_said_in_words():
    profile = PatientProfile(
        "p", tumour="GIST", assayed_genes=frozenset({"KRAS"}), labs={"albumin_g_dl": 3.9}
    )
    words = SCHEMA.describe(SCHEMA.encode_row(profile))
    assert "KRAS: tested, not altered" in words
    assert "EGFR: not assayed" in words
    assert "Tumour type: Gastrointestinal stromal tumour" in words
    assert "Albumin: 3.9 g/dL" in words
    assert "Sex: not known" in words
    treated = SCHEMA.describe(SCHEMA.encode_row(profile.replace(prior_treatments=("cisplatin",))))
    assert "Earlier treatment: yes" in treated


def test_a_schema_survives_json():
    again = FeatureSchema.from_json(json.loads(json.dumps(SCHEMA.to_json())))
    assert again.fingerprint == SCHEMA.fingerprint
    assert again.features == SCHEMA.features


def test_misspelled_feature_names_its_neighbour():
    with pytest.raises(UnknownFeatureError, match=r"Did you mean EGFR p\.L858R"):
        SCHEMA.feature("EGFR p.L858")
    assert SCHEMA.feature("egfr P.L858R").name == "EGFR p.L858R"


def test_schemas_that_cannot_be_are_refused():
    with pytest.raises(SchemaMismatchError, match="twice: KRAS"):
        FeatureSchema((alteration_feature("KRAS"), alteration_feature("KRAS")))
    with pytest.raises(SchemaMismatchError, match="no features"):
        FeatureSchema(())
    with pytest.raises(SchemaMismatchError, match="entry 'KRAS' cannot be read"):
        FeatureSchema.from_json([{"name": "KRAS"}])
    with pytest.raises(LookupError, match="Did you mean labs"):
        field_feature("A", "A", "labs.albumin")


def test_a_table_that_does_not_fit_is_refused_with_its_columns():
    table = SCHEMA.encode([PatientProfile("p")])
    with pytest.raises(
        SchemaMismatchError, match=r"1 columns missing \(KRAS\), 1 not expected \(KRASS\).*Did you mean KRASS"
    ):
        SCHEMA.check_table(table.rename(columns={"KRAS": "KRASS"}))
    with pytest.raises(SchemaMismatchError, match="another order"):
        SCHEMA.check_table(table[table.columns[::-1]])
    with pytest.raises(SchemaMismatchError, match="Found 3 columns"):
        SCHEMA.decode([0.0, 1.0, math.nan])


def test_a_required_input_that_is_unknown_is_named():
    schema = FeatureSchema(
        (field_feature("Age", "Age", "age_years", missing="refuse"), alteration_feature("KRAS"))
    )
    assert schema.missing_required(schema.encode_row(PatientProfile("p"))) == ("Age",)
    assert schema.missing_required(schema.encode_row(PatientProfile("p", age_years=60.0))) == ()
