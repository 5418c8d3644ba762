"""Corrections: recorded, checked, and never half done."""

import pytest

from oncology.corrections import (
    Correction,
    DoubtfulFindingError,
    alterations_from_rows,
    correct,
    genes_from_names,
)
from oncology.errors import UnknownNameError
from oncology.patients import Alteration, ImpossibleValueError, PatientProfile

FULL = Alteration("EGFR", protein_change="p.L858R", coding_change="c.2573T>G", vaf=0.3, origin="somatic")


def test_each_changed_field_is_on_record_and_the_others_are_not():
    profile = PatientProfile("p", age_years=61.0, sex="male", labs={"nlr": 3.0})
    fixed, made = correct(
        profile, {"age_years": 16.0, "sex": "male", "labs": {"nlr": 3.5, "albumin_g_dl": 4.0}}
    )
    assert fixed == profile.replace(age_years=16.0, labs={"nlr": 3.5, "albumin_g_dl": 4.0})
    assert made == (
        Correction("age years", "61", "16"),
        Correction("labs", "nlr 3", "nlr 3.5, albumin_g_dl 4"),
    )


def test_no_change_gives_the_very_same_profile():
    profile = PatientProfile("p", age_years=61.0)
    assert correct(profile, {"age_years": 61.0}) == (profile, ())


def test_what_cannot_be_is_refused():
    with pytest.raises(ImpossibleValueError, match="age is 200"):
        correct(PatientProfile("p"), {"age_years": 200.0})
    with pytest.raises(UnknownNameError, match="Did you mean age_years"):
        correct(PatientProfile("p"), {"age_year": 61.0})
    with pytest.raises(UnknownNameError, match="patient_id"):
        correct(PatientProfile("p"), {"patient_id": "q"})


def test_rows_keep_what_the_table_does_not_show():
    row = {
        "gene": "EGFR",
        "kind": "mutation",
        "change": "p.L858R",
        "allele fraction": 0.3,
        "origin": "somatic",
    }
    new = {"gene": "KRAS", "kind": None, "change": " p.G12C ", "allele fraction": None, "origin": None}
    empty = {"gene": None, "kind": None, "change": None, "allele fraction": None, "origin": None}
    assert alterations_from_rows([row, new, empty], (FULL,)) == (
        FULL,
        Alteration("KRAS", protein_change="p.G12C"),
    )


def test_an_edited_row_is_a_new_finding_without_the_old_coding_change():
    row = {
        "gene": "EGFR",
        "kind": "mutation",
        "change": "p.T790M",
        "allele fraction": 0.3,
        "origin": "somatic",
    }
    (found,) = alterations_from_rows([row], (FULL,))
    assert (found.protein_change, found.coding_change) == ("p.T790M", None)


def test_rows_that_cannot_be_are_refused():
    with pytest.raises(ImpossibleValueError, match="gene of finding 1"):
        alterations_from_rows([{"gene": "", "change": "p.L858R"}])
    with pytest.raises(ImpossibleValueError, match=r"VAF of EGFR is 3\.0"):
        alterations_from_rows([{"gene": "EGFR", "allele fraction": 3}])


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"gene": "egfr", "change": "L858R"}, "EGFR p.L858R"),
        ({"gene": "EGFR", "change": "p.Leu858Arg"}, "EGFR p.L858R"),
        ({"gene": "EGFR", "change": "EGFR L858R"}, "EGFR p.L858R"),
        ({"gene": "EGFR", "change": "Exon 19 del"}, "EGFR exon 19 deletion"),
        ({"gene": "EGFR", "change": "ex19del"}, "EGFR exon 19 deletion"),
        ({"gene": "BRAF", "change": "V600E"}, "BRAF p.V600E"),
        ({"gene": "FLT3", "change": "FLT3-ITD"}, "FLT3 ITD"),
        ({"gene": "HER2", "kind": "amplification"}, "ERBB2 amplification"),
        ({"gene": "EML4-ALK", "kind": "fusion"}, "ALK fusion (EML4)"),
    ],
)
def test_what_a_clinician_types_is_read_as_the_model_reads_it(row, name):
    assert [a.name for a in alterations_from_rows([row])] == [name]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"gene": "EGFRR"}, "EGFR is one letter away"),
        ({"gene": "EGFR", "change": "the usual one"}, "no protein change of EGFR.*exon 19 deletion"),
        ({"gene": "EGFR", "change": "p.L858L"}, "changes no amino acid"),
    ],
)
def test_a_finding_that_no_model_could_match_is_refused_instead_of_read_as_not_altered(row, message):
    with pytest.raises(DoubtfulFindingError, match=message):
        alterations_from_rows([row])


def test_assayed_genes_are_taken_by_their_current_symbols():
    assert genes_from_names(["her2", "MLL2"]) == {"ERBB2", "KMT2D"}
    with pytest.raises(DoubtfulFindingError, match="EGFR is one letter away"):
        genes_from_names(["EGFRR"])
