"""Our own profiles: exact round trip, and every broken file refused with words that help."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncology.intake import BrokenFileError, DuplicatePatientError, read_bytes, write_profile, write_profiles
from oncology.patients import Alteration, Outcome, PatientProfile, Source
from oncology.vocabulary import LABS
from tests.intake.given import reading, told

words = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda t: t.isprintable() and t == t.strip()
)
fraction = st.none() | st.floats(0, 1)
alterations = st.builds(
    Alteration,
    gene=st.sampled_from(["KRAS", "EGFR", "NTRK1", "TP53"]),
    kind=st.sampled_from(["mutation", "amplification", "deletion", "fusion", "other"]),
    protein_change=st.none() | st.sampled_from(["p.G12C", "ITD"]),
    coding_change=st.none() | st.just("c.34G>T"),
    vaf=fraction,
    copy_number=st.none() | st.floats(0, 100),
    origin=st.sampled_from(["somatic", "germline", "unknown"]),
    partner=st.none() | words,
)
profiles = st.builds(
    PatientProfile,
    patient_id=words,
    age_years=st.none() | st.floats(0, 120) | st.integers(0, 120),
    sex=st.sampled_from([None, "female", "male"]),
    tumour=st.sampled_from([None, "LUAD"]),
    line=st.none() | st.integers(1, 20),
    ecog=st.none() | st.integers(0, 5),
    sample_day=st.none() | st.integers(-10, 4000),
    consent=st.sampled_from([None, "research", "none"]),
    alterations=st.lists(alterations, max_size=3).map(tuple),
    assayed_genes=st.none() | st.frozensets(st.sampled_from(["KRAS", "EGFR"])),
    tested_absent=st.frozensets(st.sampled_from(["EGFR p.L858R"])),
    not_tested=st.frozensets(st.sampled_from(["ALK fusion"])),
    tmb_per_mb=st.none() | st.floats(0, 2000),
    msi=st.sampled_from([None, "high", "stable"]),
    labs=st.dictionaries(
        st.sampled_from(sorted(LABS)), st.floats(20, 25).map(lambda x: x / 4), max_size=2
    ).filter(lambda labs: all(LABS[k].low <= v <= LABS[k].high for k, v in labs.items())),
    findings=st.dictionaries(st.sampled_from(["cytogenetics"]), words, max_size=1),
    prior_treatments=st.none() | st.lists(words, max_size=2).map(tuple),
    outcome=st.none() | st.builds(Outcome, words, st.none() | st.booleans(), st.none() | st.floats(0, 99)),
    source=st.none() | st.builds(Source, words, words, words),
    synthetic=st.booleans(),
    note=st.none() | words,
)


@settings(max_examples=60, deadline=None)
@given(profiles)
def test_a_profile_written_is_read_back_equal(profile):
    result = reading(write_profile(profile), "p.json")
    assert result.profiles == (profile,)
    assert result.report.counts()["dropped"] == 0


def test_several_profiles_are_written_and_read_as_a_list():
    both = (PatientProfile("a"), PatientProfile("b", assayed_genes=frozenset()))
    assert reading(write_profiles(both), "p.json").profiles == both


def test_empty_assayed_genes_stay_different_from_not_known():
    nothing = PatientProfile("a", assayed_genes=frozenset())
    assert "assayed_genes" in write_profile(nothing) and "assayed_genes" not in write_profile(
        PatientProfile("a")
    )


def test_impossible_values_are_dropped_and_told_and_the_rest_is_kept():
    written = {"glassboard_profile": 1, "patient_id": "a", "age_years": 200, "tmb_per_mb": -1, "sex": "male",
               "alterations": [{"gene": "KRAS", "vaf": 3}], "labs": {"albumin_g_dl": 38, "nlr": 2}}  # fmt: skip
    result = reading(json.dumps(written), "p.json")
    (profile,) = result.profiles
    assert (profile.age_years, profile.tmb_per_mb, profile.sex) == (None, None, "male")
    assert profile.alterations == (Alteration("KRAS"),) and profile.labs == {"nlr": 2}
    assert told(result, "age_years")[0][0] == "dropped" and "0 to 120" in told(result, "age_years")[0][1]
    assert told(result, "alterations")[0][0] == "ambiguous"


def test_an_unknown_field_names_its_neighbour():
    result = reading('{"glassboard_profile": 1, "patient_id": "a", "age_year": 3}', "p.json")
    assert "Did you mean age_years" in told(result, "age_year")[0][1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"glassboard_profile": 1, "patient_id": "a", "age_', "it breaks at line 1"),
        ('{"glassboard_profile": 1, "age_years": 3}', "no usable patient_id"),
        ('{"glassboard_profile": 1, "patient_id": "  "}', "no usable patient_id"),
        ('{"glassboard_profile": 7, "patient_id": "a"}', "reads version 1"),
        ('{"glassboard_profile": 1, "patient_id": "a", "patient_id": "b"}', "stands twice"),
        ('[{"glassboard_profile": 1, "patient_id": "a"}, 3]', "entry 2 is no object"),
        (
            '{"glassboard_profile": 1, "patient_id": "a", "x": ' + "[" * 20000 + "]" * 20000 + "}",
            "nested too deeply",
        ),
    ],
)
def test_a_broken_profile_is_refused_in_words(text, words):
    with pytest.raises(BrokenFileError, match=words):
        read_bytes("p.json", text.encode())


def test_one_id_for_two_profiles_is_refused():
    with pytest.raises(DuplicatePatientError, match="'a'"):
        read_bytes("p.json", write_profiles([PatientProfile("a"), PatientProfile("a", line=2)]).encode())


def test_numbers_that_are_none_do_not_pass():
    result = reading(
        '{"glassboard_profile": 1, "patient_id": "a", "age_years": NaN, "line": 1e999, "ecog": "1"}', "p.json"
    )
    assert result.report.counts()["dropped"] == 3
