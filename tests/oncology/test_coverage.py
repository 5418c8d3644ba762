"""Coverage: every recorded fact is read by the model or listed as unseen."""

from hypothesis import given

from oncology.coverage import coverage
from oncology.features import FeatureSchema, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile
from tests.oncology.profiles import SCHEMA, profiles


@given(profiles())
def test_every_input_is_known_not_assayed_or_not_known(profile):
    seen = coverage(SCHEMA, profile)
    assert len(seen.known) + len(seen.not_assayed) + len(seen.not_known) == len(SCHEMA.features)


@given(profiles())
def test_every_alteration_is_read_or_listed(profile):
    schema = FeatureSchema(
        (alteration_feature("EGFR", change="p.L858R"), alteration_feature("ERBB2", kind="amplification"))
    )
    read = {"EGFR p.L858R", "ERBB2 amplification"}
    listed = {u.what for u in coverage(schema, profile).unseen}
    for alteration in profile.alterations:
        assert (alteration.name in read) != (alteration.name in listed)


def test_a_tumour_the_model_never_met_is_said():
    schema = FeatureSchema(
        (field_feature("Tumour", "Tumour", "tumour", "categorical", levels=("LUAD", "GIST")),)
    )
    (unseen,) = coverage(schema, PatientProfile("p", tumour="STAD")).unseen
    assert "Stomach adenocarcinoma (STAD)" in unseen.what
    assert "knows only LUAD, GIST" in unseen.reason


def test_required_and_imputed_inputs_are_told_apart():
    schema = FeatureSchema(
        (
            field_feature("Age", "Age", "age_years", missing="refuse"),
            alteration_feature("KRAS", missing="impute", impute_value=0.0),
            alteration_feature("TP53"),
        )
    )
    seen = coverage(schema, PatientProfile("p", alterations=(Alteration("TP53"),)))
    assert [f.name for f in seen.required] == ["Age"]
    assert [f.name for f in seen.imputed] == ["KRAS"]
    assert [f.name for f in seen.known] == ["TP53"]
