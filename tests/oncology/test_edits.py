"""Edits: one clinical edit moves one column, and can be taken back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncology.edits import Edit, apply, changes_between, parse_edit, profile_from_row
from oncology.features import UnknownFeatureError
from oncology.patients import ImpossibleValueError, PatientProfile
from tests.oncology.profiles import NAMES, SCHEMA, profiles

STATES = st.sampled_from([1.0, 0.0, None])


@given(profiles(), st.sampled_from(NAMES), STATES)
def test_an_edit_moves_its_feature_and_no_other_alteration(profile, name, state):
    edited = apply(SCHEMA, profile, [Edit(name, state)])
    assert SCHEMA.value(edited, name) == state
    moved = {spec.name for spec, _, _ in changes_between(SCHEMA, profile, edited)}
    assert moved <= {name, "KRAS VAF", "TP53 count"}


@given(profiles(), st.sampled_from(NAMES), STATES)
def test_an_edit_and_its_reverse_restore_the_row(profile, name, state):
    before = SCHEMA.value(profile, name)
    there = apply(SCHEMA, profile, [Edit(name, state)])
    back = apply(SCHEMA, there, [Edit(name, before)])
    for spec, old, new in changes_between(SCHEMA, profile, back):
        assert spec.reads.what == "vaf", f"{spec.name}: {old} became {new}"


@given(profiles())
def test_an_edit_to_the_recorded_value_changes_nothing(profile):
    edits = [
        Edit(f.name, v) for f, v in zip(SCHEMA.features, SCHEMA.values(profile), strict=True) if v != "STAD"
    ]
    assert apply(SCHEMA, profile, edits) == profile


def test_numbers_and_categories_are_edited():
    edits = [Edit("Age", 71.0), Edit("Albumin", 3.1), Edit("Tumour", "GIST"), Edit("Karyotype", "poor")]
    edited = apply(SCHEMA, PatientProfile("p"), edits)
    assert (edited.age_years, edited.labs, edited.tumour, edited.findings) == (
        71.0, {"albumin_g_dl": 3.1}, "GIST", {"karyotype": "poor"},
    )  # fmt: skip
    assert apply(SCHEMA, edited, [Edit("Albumin", None)]).labs == {}
    assert apply(SCHEMA, edited, [Edit("Prior", 0.0)]).prior_treatments == ()
    assert SCHEMA.value(apply(SCHEMA, edited, [Edit("Prior", 1.0)]), "Prior") == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EGFR p.L858R=absent", Edit("EGFR p.L858R", 0.0)),
        ("egfr p.l858r = Altered", Edit("EGFR p.L858R", 1.0)),
        ("ALK fusion=not-assayed", Edit("ALK fusion", None)),
        ("Albumin=3.1", Edit("Albumin", 3.1)),
        ("Prior=yes", Edit("Prior", 1.0)),
        ("Tumour=gist", Edit("Tumour", "GIST")),
    ],
)
def test_edits_are_read_as_the_terminal_writes_them(text, expected):
    assert parse_edit(SCHEMA, text) == expected


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("EGFR p.L858=absent", UnknownFeatureError, "Did you mean"),
        ("EGFR=yes", ImpossibleValueError, "altered, absent or not-assayed"),
        ("Tumour=XYZ", ImpossibleValueError, "one of LUAD, BRCA, GIST"),
        ("Albumin=low", ImpossibleValueError, "a number g/dL"),
        ("EGFR", ImpossibleValueError, "altered, absent or not-assayed"),
        ("", UnknownFeatureError, "not known"),
    ],
)
def test_an_edit_that_cannot_be_read_says_what_was_expected(text, error, message):
    with pytest.raises(error, match=message):
        parse_edit(SCHEMA, text)


def test_edits_no_patient_can_have_are_refused():
    with pytest.raises(ImpossibleValueError, match="age is 200"):
        apply(SCHEMA, PatientProfile("p"), [Edit("Age", 200.0)])
    with pytest.raises(ImpossibleValueError, match="to be altered before its VAF can change"):
        apply(SCHEMA, PatientProfile("p"), [Edit("KRAS VAF", 0.5)])
    with pytest.raises(ImpossibleValueError, match="a count follows from them"):
        apply(SCHEMA, PatientProfile("p"), [Edit("TP53 count", 2.0)])


@given(profiles())
def test_a_row_comes_back_from_its_profile_but_for_what_is_named_as_lost(profile):
    row = SCHEMA.encode_row(profile)
    back, lost = profile_from_row(SCHEMA, row, "p", synthetic=True)
    again = SCHEMA.encode_row(back)
    for spec in SCHEMA.features:
        same = np.array_equal(
            row[SCHEMA.columns_of(spec.name)], again[SCHEMA.columns_of(spec.name)], equal_nan=True
        )
        assert same != (spec.name in lost)
        if not same:
            assert spec.reads.what in ("vaf", "count") or spec.name == "Tumour"
