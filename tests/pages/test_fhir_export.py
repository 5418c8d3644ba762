"""What leaves as FHIR: a profile that comes back the same, and a prediction that nobody can take for more than it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from oncology.bundles import load
from oncology.intake import read_bytes, read_patients
from oncology.intake.writers import PredictedOption, write_fhir
from oncology.patients import PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from pages.parts.exports import predicted
from sample_data.sample_patients import blood_patients, sample_patients, score_patients

BUNDLES = Path(__file__).resolve().parents[2] / "sample_data" / "bundles"
# Dates, consent and the course of treatment have no place in this file; the ratio of two counts has no code.
UNTOLD = (
    "patient_id",
    "source",
    "note",
    "synthetic",
    "ancestry",
    "line",
    "site",
    "panel",
    "consent",
    "sample_day",
    "findings",
    "not_tested",
)


def kept(profile: PatientProfile) -> dict[str, Any]:
    fields = {
        name: getattr(profile, name) for name in PatientProfile.__dataclass_fields__ if name not in UNTOLD
    }
    fields["labs"] = {k: v for k, v in profile.labs.items() if k not in ("nlr", "marrow_blasts_percent")}
    # Nothing assayed, or no treatment given, cannot be said apart from not known.
    # Drugs are read in small letters, so that spellings meet.
    fields["prior_treatments"] = tuple(t.casefold() for t in profile.prior_treatments or ())
    return fields | {n: fields[n] or None for n in ("assayed_genes", "prior_treatments")}


@pytest.mark.parametrize("profile", sample_patients(), ids=lambda p: p.patient_id)
def test_a_profile_comes_back_the_same_from_fhir_and_so_does_its_second_copy(profile):
    first = read_bytes("a.json", write_fhir(profile).encode())
    assert first.report.adds_up
    assert kept(first.profiles[0]) == kept(profile)
    again = read_bytes("b.json", write_fhir(first.profiles[0]).encode()).profiles[0]
    assert kept(again) == kept(profile)


def risk_of(bundle_name: str, profile: PatientProfile) -> tuple[dict[str, Any], Any]:
    bundle = load(BUNDLES / bundle_name)
    ranking = rank(bundle, predict(bundle, profile), profile, with_unknowns=False)
    text = write_fhir(
        profile, options=predicted(bundle, ranking), model=bundle.manifest.title, model_sha256=bundle.sha256
    )
    resources = [e["resource"] for e in json.loads(text)["entry"]]
    (risk,) = [r for r in resources if r["resourceType"] == "RiskAssessment"]
    assert risk["identifier"][0]["value"] == bundle.sha256 and risk["meta"]["tag"][0]["code"] == "HRESCH"
    assert risk["status"] == "preliminary" and "Research and teaching only" in risk["note"][0]["text"]
    return risk, ranking


@pytest.mark.parametrize(
    ("name", "profile"), [("loris", score_patients()[0]), ("ipssm", blood_patients()[0])]
)
def test_a_score_is_exported_in_words_and_never_as_a_probability(name, profile):
    risk, ranking = risk_of(name, profile)
    (said,) = risk["prediction"]
    assert set(said) == {"outcome", "rationale"}
    value = ranking.ordered[0].probability
    assert (
        said["rationale"].startswith(f"score {value:.3f}")
        and "a score is no probability" in said["rationale"]
    )
    assert "Response to" not in said["outcome"]["text"]
    if name == "ipssm":
        assert f"group {ranking.ordered[0].group}" in said["rationale"]


def test_a_score_that_abstains_says_why_and_gives_no_number():
    risk, _ = risk_of("loris", next(p for p in score_patients() if "albumin-unknown" in p.patient_id))
    (said,) = risk["prediction"]
    assert "probabilityDecimal" not in said and said["rationale"].startswith("No estimate: ")


def test_words_of_a_score_win_over_a_number_that_was_given_beside_them():
    text = write_fhir(PatientProfile("a"), options=[PredictedOption("LORIS", 0.4, words="score 0.400")])
    assert "probabilityDecimal" not in text and "score 0.400" in text


def test_a_probability_keeps_its_interval():
    risk, ranking = risk_of("solid_tumours", sample_patients()[0])
    first = ranking.ordered[0]
    said = next(p for p in risk["prediction"] if first.label in p["outcome"]["text"])
    assert said["probabilityDecimal"] == round(first.probability, 4)
    assert said["rationale"] == f"95% interval {first.low:.3f} to {first.high:.3f}"


@pytest.mark.parametrize("name", ["fhir_gr_bundle-oncology-report-example.json", "mcode_full_bundle.json"])
def test_real_bundles_survive_import_export_import(name):
    path = Path(__file__).resolve().parents[3] / "shared" / "real" / "profiles" / "fhir" / name
    if not path.is_file():
        pytest.skip("the FHIR examples are not beside this checkout")
    for profile in read_patients(path).profiles:
        again = read_bytes("b.json", write_fhir(profile).encode()).profiles[0]
        assert kept(again) == kept(profile)


def test_a_file_without_its_germline_findings_is_labelled_as_redacted():
    bundle = json.loads(write_fhir(PatientProfile("a", germline_withheld=True)))
    assert bundle["meta"]["security"][0]["code"] == "REDACTED"
    assert "meta" not in json.loads(write_fhir(PatientProfile("a")))
