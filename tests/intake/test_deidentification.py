"""A bundle full of identifiers: none of them is found in profile, report, log or export."""

import json
import logging

import pytest

from oncology.errors import OncologyError
from oncology.intake import read_bytes, write_profile
from oncology.intake.writers import write_fhir, write_phenopacket

SECRETS = [
    "Mustermann", "Erika", "MRN-4711", "99887766554", "Hauptstrasse", "Entenhausen", "04711", "0151 2345678",
    "erika@example.org", "1961-04-03", "2021-06-07", "Dr Holler", "Klinikum Nord", "urn-patient-secret", "A123456789",
    "Erika is a pleasant lady", "hospital.example",
]  # fmt: skip

PATIENT = {
    "resourceType": "Patient",
    "id": "urn-patient-secret",
    "text": {"status": "generated", "div": "<div>Erika Mustermann, MRN-4711, Hauptstrasse 5</div>"},
    "identifier": [{"system": "http://hospital.example/mrn", "value": "MRN-4711"}, {"value": "99887766554"}],
    "name": [{"family": "Mustermann", "given": ["Erika"]}],
    "telecom": [{"value": "0151 2345678"}, {"value": "erika@example.org"}],
    "address": [{"line": ["Hauptstrasse 5"], "city": "Entenhausen", "postalCode": "04711"}],
    "birthDate": "1961-04-03",
    "gender": "female",
    "generalPractitioner": [{"display": "Dr Holler"}],
    "contact": [{"name": {"text": "Erika Mustermann"}, "telecom": [{"value": "0151 2345678"}]}],
    "extension": [{"url": "insurance", "valueString": "A123456789"}],
}
VARIANT = {
    "resourceType": "Observation",
    "identifier": [{"value": "MRN-4711"}],
    "subject": {"reference": "Patient/urn-patient-secret", "display": "Erika Mustermann"},
    "performer": [{"display": "Dr Holler"}],
    "effectiveDateTime": "2021-06-07T10:00:00Z",
    "note": [{"text": "Erika is a pleasant lady"}],
    "code": {"coding": [{"code": "69548-6"}]},
    "valueCodeableConcept": {"coding": [{"code": "LA9633-4"}]},
    "component": [
        {
            "code": {"coding": [{"code": "48018-6"}]},
            "valueCodeableConcept": {"coding": [{"code": "HGNC:6407"}]},
        },
        {
            "code": {"coding": [{"code": "48005-3"}]},
            "valueCodeableConcept": {"coding": [{"code": "p.Gly12Cys"}]},
        },
    ],
}
PRACTITIONER = {"resourceType": "Practitioner", "name": [{"text": "Dr Holler"}]}
ORGANISATION = {"resourceType": "Organization", "name": "Klinikum Nord"}
BUNDLE = {
    "resourceType": "Bundle",
    "entry": [
        {"fullUrl": "https://hospital.example/Patient/urn-patient-secret", "resource": PATIENT},
        *({"resource": r} for r in (VARIANT, PRACTITIONER, ORGANISATION)),
    ],
}


def test_a_bundle_full_of_identifiers_leaves_none_behind(caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        result = read_bytes("Mustermann_Erika.json", json.dumps(BUNDLE).encode())
    (profile,) = result.profiles
    assert profile.age_years == 60 and profile.alterations[0].name == "KRAS p.G12C"
    exports = [write_profile(profile), write_fhir(profile), write_phenopacket(profile)]
    report = [
        repr(result.report.entries),
        repr(result.report.to_rows()),
        repr(result.report.contradictions),
        repr(result.report.notes),
    ]
    streams = capsys.readouterr()
    told = "\n".join([*exports, *report, repr(profile), caplog.text, streams.out, streams.err])
    assert [s for s in SECRETS if s in told] == []
    assert result.report.adds_up


def test_a_refusal_does_not_repeat_what_it_refuses():
    broken = json.dumps(BUNDLE)[:-30]
    with pytest.raises(OncologyError) as refusal:
        read_bytes("b.json", broken.encode())
    assert [s for s in SECRETS if s in str(refusal.value)] == []


def test_the_pseudonym_is_the_same_for_the_same_file_and_follows_the_key(monkeypatch):
    data = json.dumps(BUNDLE).encode()
    first, again = (read_bytes("b.json", data).profiles[0].patient_id for _ in range(2))
    other = read_bytes("b.json", data + b" ").profiles[0].patient_id
    assert first == again != other
    monkeypatch.setenv("GLASSBOARD_PSEUDONYM_KEY", "a secret of this machine")
    assert (
        read_bytes("b.json", data).profiles[0].patient_id
        == read_bytes("b.json", data + b" ").profiles[0].patient_id
    )


def test_a_packet_keeps_neither_birth_date_nor_names():
    packet = {"subject": {"id": "Erika Mustermann", "alternateIds": ["MRN-4711"], "dateOfBirth": "1961-04-03T00:00:00Z",
                          "timeAtLastEncounter": {"timestamp": "2021-06-07T00:00:00Z"}, "sex": "FEMALE"},
              "metaData": {"createdBy": "Dr Holler", "created": "2021-06-07T00:00:00Z"}}  # fmt: skip
    result = read_bytes("p.json", json.dumps(packet).encode())
    assert result.profiles[0].age_years == 60
    assert [s for s in SECRETS if s in repr(result)] == []
