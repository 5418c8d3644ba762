"""Several specimens of one patient in one FHIR bundle: samples where the file tells them apart, else one profile."""

import json
from typing import Any

import pytest

from oncology.intake import ReadResult, read_bytes
from oncology.intake.timeline import samples_of, timeline

LOINC = "http://loinc.org"


def coded(code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": LOINC, "code": code, "display": display}]}


def variant(change: str, specimen: str = "", **more: Any) -> dict[str, Any]:
    parts = [
        {"code": coded("48018-6"), "valueCodeableConcept": {"coding": [{"display": "EGFR"}]}},
        {"code": coded("48005-3"), "valueCodeableConcept": {"coding": [{"code": change}]}},
    ]
    link = {"specimen": {"reference": specimen}} if specimen else {}
    return {
        "resourceType": "Observation", "status": "final", "code": coded("69548-6"),
        "subject": {"reference": "Patient/a"}, "valueCodeableConcept": coded("LA9633-4", "Present"), "component": parts,
        **link, **more,
    }  # fmt: skip


def specimen(name: str, day: str = "") -> dict[str, Any]:
    collected = {"collection": {"collectedDateTime": day}} if day else {}
    return {"resourceType": "Specimen", "id": name, "subject": {"reference": "Patient/a"}, **collected}


def reading(*resources: dict[str, Any]) -> ReadResult:
    whole = [
        {"resourceType": "Patient", "id": "a", "gender": "female", "birthDate": "1960-05-01"},
        *resources,
    ]
    entries = [
        {"fullUrl": f"https://h.example/{r['resourceType']}/{r.get('id', n)}", "resource": r}
        for n, r in enumerate(whole)
    ]
    result = read_bytes(
        "b.json", json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    )
    assert result.report.adds_up
    return result


def region(specimen: str, *genes: str) -> dict[str, Any]:
    studied = {"coding": [{"display": g} for g in genes]}
    return {
        "resourceType": "Observation", "code": coded("53041-0"), "subject": {"reference": "Patient/a"},
        "specimen": {"reference": specimen}, "component": [{"code": coded("48018-6"), "valueCodeableConcept": studied}],
    }  # fmt: skip


def drug(name: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration", "status": "completed", "subject": {"reference": "Patient/a"},
        "medicationCodeableConcept": {"text": name}, "effectiveDateTime": day,
    }  # fmt: skip


def test_two_specimens_with_days_become_two_samples_of_one_patient():
    tmb = {
        "resourceType": "Observation", "code": coded("94076-7"), "subject": {"reference": "Patient/a"},
        "specimen": {"reference": "Specimen/late"}, "valueQuantity": {"value": 7, "code": "1/1000000"},
    }  # fmt: skip
    result = reading(
        specimen("late", "2021-03-02"), specimen("early", "2020-01-01"), drug("Osimertinib", "2020-02-01"),
        variant("p.L858R", "Specimen/early"), variant("p.L858R", "https://h.example/Specimen/late"),
        variant("p.T790M", "Specimen/late"), region("Specimen/early", "EGFR", "KRAS"), tmb,
    )  # fmt: skip
    first, later = result.profiles
    assert [a.protein_change for a in first.alterations] == ["p.L858R"]
    assert [a.protein_change for a in later.alterations] == ["p.L858R", "p.T790M"]
    assert (first.sample_day, later.sample_day) == (0, 426) and (first.age_years, later.age_years) == (59, 60)
    assert first.assayed_genes == {"EGFR", "KRAS"} and later.assayed_genes is None
    assert (first.prior_treatments, later.prior_treatments) == (None, ("osimertinib",))
    assert (first.tmb_per_mb, later.tmb_per_mb) == (None, 7) and first.sex == later.sex == "female"
    assert samples_of(first, result.profiles) == result.profiles and first.patient_id != later.patient_id
    assert "EGFR p.T790M is new" in timeline(result.profiles)[1].changes
    assert any("2 specimens became 2 samples" in n for n in result.report.notes)
    assert not result.report.contradictions
    by_patient = {e.patient_id for e in result.report.entries if "variant" in e.element}
    assert by_patient == {first.patient_id, later.patient_id}


def test_a_report_tells_the_specimen_and_the_findings_their_day():
    def found(n: int, change: str, day: str) -> dict[str, Any]:
        return variant(change, id=f"v{n}", effectiveDateTime=day)

    reports = [
        {"resourceType": "DiagnosticReport", "id": f"r{n}", "subject": {"reference": "Patient/a"},
         "specimen": [{"reference": f"Specimen/s{n}"}], "result": [{"reference": f"Observation/v{n}"}]}
        for n in (1, 2)
    ]  # fmt: skip
    result = reading(
        specimen("s1"),
        specimen("s2"),
        found(1, "p.T790M", "2021-05-05"),
        found(2, "p.L858R", "2021-01-05"),
        *reports,
    )
    assert [p.alterations[0].protein_change for p in result.profiles] == ["p.L858R", "p.T790M"]
    assert [p.sample_day for p in result.profiles] == [0, 120]


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ([specimen("x", "2020-01-01"), specimen("y")], "not every one has a day"),
        ([specimen("x", "2020-01-01"), specimen("y", "2020-01-01")], "some are of the same day"),
        (
            [specimen("x", "2020-01-01"), specimen("y", "2021-01-01"), variant("p.C797S")],
            "a variant names none of them",
        ),
    ],
)
def test_specimens_that_cannot_be_told_apart_stay_one_profile_and_the_other_reading_is_told(resources, why):
    result = reading(variant("p.L858R", "Specimen/x"), variant("p.T790M", "Specimen/y"), *resources)
    (profile,) = result.profiles
    assert len(profile.alterations) >= 2
    (told,) = result.report.contradictions
    assert (
        told.what == "the variants are of 2 specimens"
        and why in told.choice
        and "the other reading" in told.choice
    )


def test_a_treatment_without_a_day_is_said_to_stand_in_every_sample():
    undated = drug("Osimertinib", "2020-02-01")
    del undated["effectiveDateTime"]
    given = [
        specimen("late", "2021-03-02"), specimen("early", "2020-01-01"), variant("p.L858R", "Specimen/early"),
        variant("p.T790M", "Specimen/late"),
    ]  # fmt: skip
    result = reading(*given, undated)
    assert [p.prior_treatments for p in result.profiles] == [("osimertinib",)] * 2
    assert any("The day on which osimertinib began is not told" in n for n in result.report.notes)
    dated = reading(*given, drug("Osimertinib", "2020-02-01"))
    assert not any("is not told: every sample" in n for n in dated.report.notes)
