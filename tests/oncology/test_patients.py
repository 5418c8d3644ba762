"""Profiles: what is refused, and what a fingerprint sees."""

import pytest

from oncology.patients import Alteration, ImpossibleValueError, PatientProfile


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("age_years", 200, "age is 200, which cannot be: expected a number from 0 to 120 years"),
        ("tmb_per_mb", -1.0, "TMB is -1.0"),
        ("tmb_per_mb", float("nan"), "TMB is nan"),
        ("pdl1", 101, "PD-L1 is 101"),
        ("ecog", 6, "ECOG is 6"),
        ("line", 0, "line is 0"),
        ("sex", "woman", "one of female, male"),
        ("msi", "MSI-H", "one of high, stable"),
        ("consent", "yes", "one of research, education, none"),
        ("labs", {"albumin_g_dl": 39.0}, "Albumin is 39.0.*0.5 to 7 g/dL"),
        ("labs", {"albumine": 3.9}, "laboratory value is 'albumine'"),
        ("patient_id", " ", "patient_id is ' '"),
    ],
)
def test_a_value_no_patient_can_have_is_refused_with_what_was_expected(field, value, message):
    with pytest.raises(ImpossibleValueError, match=message):
        PatientProfile(**({"patient_id": "p"} | {field: value}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gene": "EGFR", "vaf": 3.0}, "VAF of EGFR is 3.0"),
        ({"gene": "EGFR", "vaf": True}, "VAF of EGFR is True"),
        ({"gene": ""}, "gene is ''"),
        ({"gene": "EGFR", "kind": "snv"}, "one of mutation, amplification"),
        ({"gene": "EGFR", "origin": "tumour"}, "one of somatic, germline, unknown"),
    ],
)
def test_an_impossible_alteration_is_refused(fields, message):
    with pytest.raises(ImpossibleValueError, match=message):
        Alteration(**fields)


def test_every_known_fact_moves_the_fingerprint_and_order_of_a_set_does_not():
    base = PatientProfile("p", labs={"nlr": 3.0}, assayed_genes=frozenset({"EGFR", "KRAS"}))
    same = PatientProfile("p", labs={"nlr": 3.0}, assayed_genes=frozenset({"KRAS", "EGFR"}))
    assert base.fingerprint == same.fingerprint
    assert base == same
    assert hash(base) == hash(same)
    others = [
        base.replace(labs={"nlr": 3.1}),
        base.replace(assayed_genes=None),
        base.replace(assayed_genes=frozenset()),
        base.replace(alterations=(Alteration("EGFR"),)),
        base.replace(not_tested=frozenset({"ALK fusion"})),
        base.replace(synthetic=True),
    ]
    assert len({base.fingerprint, *(p.fingerprint for p in others)}) == len(others) + 1


def test_unknown_is_kept_apart_from_none_found():
    assert PatientProfile("p").assayed_genes is None
    assert PatientProfile("p", assayed_genes=frozenset()).assayed_genes == frozenset()
    assert PatientProfile("p").prior_treatments is None
