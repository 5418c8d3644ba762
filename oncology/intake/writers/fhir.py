"""A profile as a FHIR R4 Bundle, with a prediction as a RiskAssessment marked research."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oncology.patients import Alteration, PatientProfile
from oncology.vocabulary import LABS, tumour_name
from oncology.vocabulary.genes import GENES

__all__ = ["PredictedOption", "write_fhir"]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
# LOINC code and UCUM unit of laboratory values; the neutrophil to lymphocyte ratio has no code that is in use.
_LABS = {
    "albumin_g_dl": ("1751-7", "g/dL"), "ldh_u_l": ("2532-0", "U/L"), "haemoglobin_g_dl": ("718-7", "g/dL"),
    "platelets_10e9_l": ("777-3", "10*9/L"), "neutrophils_10e9_l": ("751-8", "10*9/L"), "wbc_10e9_l": ("6690-2", "10*9/L"),
    "blood_blasts_percent": ("709-6", "%"),
}  # fmt: skip
HGNC = "http://www.genenames.org/geneId"
RESEARCH = (
    "Research and teaching only: output of a statistical model, no recommendation of treatment. "
    "Not for clinical decisions; see the interval, and what the model does not know."
)
_REDACTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "REDACTED",
    "display": "redacted",
}
# No such server exists: the address only lets relative references find their resource.
_BASE = "https://glassboard.invalid/fhir"
_NAMESPACE = uuid.UUID("6f2b6f0e-6f6b-5b0e-9a52-2f9d3f6f7a11")


@dataclass(frozen=True, slots=True)
class PredictedOption:
    """One option of a prediction: its name, the probability of response with its interval, or why there is none.

    `words` stands in for a probability where the model gives a score: a score is no probability.
    """

    label: str
    probability: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    words: str = ""


def write_fhir(
    profile: PatientProfile,
    *,
    options: Sequence[PredictedOption] = (),
    model: str = "",
    model_sha256: str = "",
) -> str:
    """JSON text of a Bundle: patient, diagnosis, variants, biomarkers and, where options are given, the prediction.

    The prediction is a RiskAssessment of status *preliminary*, its first note and its meta tag say research, and its
    identifier carries the hash of the model. Absent findings are written as absent; genes that were studied as a
    region; nothing is written of genes that were not assayed.

    Examples
    --------
    >>> text = write_fhir(PatientProfile("P1"), options=[PredictedOption("osimertinib", 0.6)], model_sha256="ab")
    >>> '"resourceType": "RiskAssessment"' in text and "Research and teaching only" in text
    True
    """
    base = profile.fingerprint
    entries: list[dict[str, Any]] = []
    patient: dict[str, Any] = {"resourceType": "Patient"}
    if re.fullmatch(r"[A-Za-z0-9.-]{1,64}", profile.patient_id):
        patient["id"] = profile.patient_id
    if profile.sex:
        patient["gender"] = profile.sex
    subject = {"reference": _add(entries, base, "patient", patient)}
    if profile.tumour:
        condition: dict[str, Any] = {
            "resourceType": "Condition",
            "subject": subject,
            "code": {
                "coding": [
                    {
                        "system": "http://oncotree.mskcc.org",
                        "code": profile.tumour,
                        "display": tumour_name(profile.tumour),
                    }
                ]
            },
        }
        if profile.stage:
            condition["stage"] = [{"summary": {"text": f"Stage {profile.stage}"}}]
        _add(entries, base, "condition", condition)
    for i, a in enumerate(profile.alterations):
        _add(entries, base, f"variant-{i}", _variant(a, subject))
    for name in sorted(profile.tested_absent):
        gene, _, change = name.partition(" ")
        if GENES.resolve(gene).status != "unknown" and (not change or change.startswith("p.")):
            absent = _variant(Alteration(gene, protein_change=change or None), subject)
            absent["valueCodeableConcept"] = _coded(LOINC, "LA9634-2", "Absent")
            _add(entries, base, f"absent-{name}", absent)
    if profile.assayed_genes:
        genes = [_gene_coding(g) for g in sorted(profile.assayed_genes)]
        region = {
            **_observation(subject, "53041-0", "DNA region of interest panel"),
            "component": [
                {
                    "code": _coded(LOINC, "48018-6", "Gene studied [ID]"),
                    "valueCodeableConcept": {"coding": genes},
                }
            ],
        }
        _add(entries, base, "region", region)
    _biomarkers(profile, subject, entries, base)
    for i, drug in enumerate(profile.prior_treatments or ()):
        _add(entries, base, f"drug-{i}", {
            "resourceType": "MedicationStatement", "status": "unknown", "subject": subject,
            "medicationCodeableConcept": {"text": drug},
        })  # fmt: skip
    if options:
        _add(entries, base, f"risk-{model_sha256}", _risk(options, model, model_sha256, subject))
    # HL7's own label for what was taken out before sharing.
    meta = {"meta": {"security": [_REDACTED]}} if profile.germline_withheld else {}
    bundle = {"resourceType": "Bundle", **meta, "type": "collection", "entry": entries}
    return json.dumps(bundle, indent=2, ensure_ascii=False)


def _add(entries: list[dict[str, Any]], base: str, what: str, resource: dict[str, Any]) -> str:
    kind = resource["resourceType"]
    identifier = resource.setdefault("id", str(uuid.uuid5(_NAMESPACE, f"{base}/{what}")))
    entries.append({"fullUrl": f"{_BASE}/{kind}/{identifier}", "resource": resource})
    return f"{kind}/{identifier}"


def _coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _gene_coding(symbol: str) -> dict[str, Any]:
    return {"system": HGNC, **({"code": code} if (code := GENES.hgnc_id(symbol)) else {}), "display": symbol}


def _observation(subject: dict[str, str], code: str, display: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": _coded(LOINC, code, display),
        "subject": subject,
    }


def _variant(a: Alteration, subject: dict[str, str]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []

    def part(code: str, display: str, **value: Any) -> None:
        parts.append({"code": _coded(LOINC, code, display), **value})

    genes = [a.partner, a.gene] if a.kind == "fusion" and a.partner else [a.gene]
    for gene in genes:
        part("48018-6", "Gene studied [ID]", valueCodeableConcept={"coding": [_gene_coding(gene)]})
    if a.protein_change:
        concept = _coded("http://varnomen.hgvs.org", a.protein_change, a.protein_change)
        part(
            "48005-3",
            "Amino acid change (pHGVS)",
            valueCodeableConcept=concept if a.protein_change.startswith("p.") else {"text": a.protein_change},
        )
    if a.coding_change:
        part(
            "48004-6",
            "DNA change (c.HGVS)",
            valueCodeableConcept=_coded("http://varnomen.hgvs.org", a.coding_change, a.coding_change),
        )
    if a.vaf is not None:
        part(
            "81258-6",
            "Sample VAF",
            valueQuantity={"value": a.vaf, "system": UCUM, "code": "1"},
        )
    if a.kind in ("amplification", "deletion"):
        gain = a.kind == "amplification"
        part("48019-4", "DNA change type", valueCodeableConcept=_coded(
            "http://www.sequenceontology.org", "SO:0001742" if gain else "SO:0001743", "copy_number_gain" if gain else "copy_number_loss"
        ))  # fmt: skip
        if a.copy_number is not None:
            part(
                "82155-3",
                "Genomic structural variant copy number",
                valueQuantity={"value": a.copy_number, "code": "1"},
            )
    if a.origin != "unknown":
        germline = a.origin == "germline"
        code = _coded(LOINC, "LA6683-2" if germline else "LA6684-0", "Germline" if germline else "Somatic")
        part("48002-0", "Genomic source class", valueCodeableConcept=code)
    return {
        **_observation(subject, "69548-6", "Genetic variant assessment"),
        "valueCodeableConcept": _coded(LOINC, "LA9633-4", "Present"),
        "component": parts,
    }


def _biomarkers(
    profile: PatientProfile, subject: dict[str, str], entries: list[dict[str, Any]], base: str
) -> None:
    if profile.tmb_per_mb is not None:
        value = {"value": profile.tmb_per_mb, "system": UCUM, "code": "1/1000000"}
        _add(
            entries,
            base,
            "tmb",
            {
                **_observation(subject, "94076-7", "Mutations/Megabase [# Ratio] in Tumor"),
                "valueQuantity": value,
            },
        )
    if profile.msi is not None:
        stable = profile.msi == "stable"
        word = _coded(LOINC, "LA14122-8" if stable else "LA26203-2", "Stable" if stable else "MSI-H")
        _add(
            entries,
            base,
            "msi",
            {**_observation(subject, "81695-9", "Microsatellite instability"), "valueCodeableConcept": word},
        )
    if profile.age_years is not None:
        age = {"value": profile.age_years, "system": UCUM, "code": "a"}
        _add(entries, base, "age", {**_observation(subject, "30525-0", "Age"), "valueQuantity": age})
    if profile.pdl1 is not None:
        # No one code says percent of tumour cells for every antibody, so words do.
        said = {**_observation(subject, "", ""), "code": {"text": "PD-L1, percent of tumour cells"}}
        _add(
            entries,
            base,
            "pdl1",
            {**said, "valueQuantity": {"value": profile.pdl1, "system": UCUM, "code": "%"}},
        )
    for name, amount in profile.labs.items():
        if name in _LABS:
            code, unit = _LABS[name]
            quantity = {"value": amount, "system": UCUM, "code": unit}
            _add(
                entries,
                base,
                name,
                {**_observation(subject, code, LABS[name].label), "valueQuantity": quantity},
            )
    if profile.ecog is not None:
        _add(
            entries,
            base,
            "ecog",
            {
                **_observation(subject, "89247-1", "ECOG Performance Status score"),
                "valueInteger": profile.ecog,
            },
        )


def _risk(
    options: Sequence[PredictedOption], model: str, sha256: str, subject: dict[str, str]
) -> dict[str, Any]:
    predictions = []
    for option in options:
        words: dict[str, Any] = {
            "outcome": {"text": f"Response to {option.label}, as the model estimates it"}
        }
        if option.words:
            # A score is no probability, whatever else is known of the option.
            words = {"outcome": {"text": option.label}, "rationale": option.words}
        elif option.probability is not None:
            words["probabilityDecimal"] = round(option.probability, 4)
            if option.low is not None and option.high is not None:
                words["rationale"] = f"95% interval {option.low:.3f} to {option.high:.3f}"
        else:
            words["rationale"] = f"No estimate: {option.reason or 'the model abstains'}"
        predictions.append(words)
    return {
        "resourceType": "RiskAssessment",
        "meta": {
            "tag": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                    "code": "HRESCH",
                    "display": "healthcare research",
                }
            ]
        },
        "identifier": [{"system": "urn:glassboard:model-sha256", "value": sha256}],
        "status": "preliminary",
        "subject": subject,
        "method": {"text": f"Statistical model {model}".strip()},
        "prediction": predictions,
        "note": [{"text": RESEARCH}],
    }
