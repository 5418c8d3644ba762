"""A profile as a GA4GH Phenopacket of version 2."""

from __future__ import annotations

import json
from typing import Any

from oncology.patients import Alteration, PatientProfile
from oncology.vocabulary import tumour_name
from oncology.vocabulary.genes import GENES
from oncology.vocabulary.tumour_codes import ncit_of

__all__ = ["write_phenopacket"]

_SAMPLE = "tumour"


def write_phenopacket(profile: PatientProfile) -> str:
    """JSON text of a Phenopacket with the patient's tumour, findings and treatments.

    Germline findings refer to the subject, others to the tumour sample; a finding of unknown origin refers to neither.
    What a Phenopacket has no place for (assayed genes, panel, line) stands in the metadata of the sample as text.

    Examples
    --------
    >>> '"symbol": "EGFR"' in write_phenopacket(PatientProfile("P1", alterations=(Alteration("EGFR"),)))
    True
    """
    subject: dict[str, Any] = {"id": profile.patient_id}
    if profile.sex:
        subject["sex"] = profile.sex.upper()
    if profile.age_years is not None:
        years = int(profile.age_years)
        months = round((profile.age_years - years) * 12)
        subject["timeAtLastEncounter"] = {
            "age": {"iso8601duration": f"P{years}Y{months}M" if months else f"P{years}Y"}
        }
    sample: dict[str, Any] = {"id": _SAMPLE, "individualId": profile.patient_id}
    packet: dict[str, Any] = {
        "id": f"glassboard-{profile.fingerprint[:12]}",
        "subject": subject,
        "biosamples": [sample],
    }
    disease = None
    if profile.tumour:
        code = ncit_of(profile.tumour)
        disease = {
            "id": f"NCIT:{code}" if code else f"ONCOTREE:{profile.tumour}",
            "label": tumour_name(profile.tumour),
        }
        packet["diseases"] = [{"term": disease}]
        if profile.stage:
            packet["diseases"][0]["diseaseStage"] = [{"id": "OTHER:stage", "label": f"Stage {profile.stage}"}]
    if profile.alterations:
        packet["interpretations"] = [
            {
                "id": "findings",
                "progressStatus": "COMPLETED",
                "diagnosis": {
                    **({"disease": disease} if disease else {}),
                    "genomicInterpretations": [_finding(a, profile.patient_id) for a in profile.alterations],
                },
            }
        ]
    measurements = []
    if profile.tmb_per_mb is not None:
        measurements.append(
            _measured("LOINC:94076-7", "Mutations/Megabase in Tumor", profile.tmb_per_mb, "1/1000000")
        )
    if profile.msi is not None:
        value = {"ontologyClass": {"id": "LOINC:LA14122-8" if profile.msi == "stable" else "LOINC:LA26203-2",
                                   "label": "Stable" if profile.msi == "stable" else "MSI-H"}}  # fmt: skip
        measurements.append(
            {"assay": {"id": "LOINC:81695-9", "label": "Microsatellite instability"}, "value": value}
        )
    if measurements:
        packet["measurements"] = measurements
    if profile.prior_treatments:
        packet["medicalActions"] = [
            {"treatment": {"agent": {"id": "OTHER:drug", "label": t}}} for t in profile.prior_treatments
        ]
    packet["metaData"] = {
        "created": "1970-01-01T00:00:00Z",
        "createdBy": "Glassboard",
        "phenopacketSchemaVersion": "2.0",
        "resources": [],
    }
    return json.dumps(packet, indent=2, ensure_ascii=False)


def _measured(code: str, label: str, value: float, unit: str) -> dict[str, Any]:
    quantity = {"unit": {"id": f"UCUM:{unit}", "label": unit}, "value": value}
    return {"assay": {"id": code, "label": label}, "value": {"quantity": quantity}}


def _finding(a: Alteration, subject: str) -> dict[str, Any]:
    gene = {"symbol": a.gene, **({"valueId": GENES.hgnc_id(a.gene)} if GENES.hgnc_id(a.gene) else {})}
    descriptor: dict[str, Any] = {"id": a.name.replace(" ", "-"), "label": a.name, "geneContext": gene}
    expressions = []
    if a.protein_change and a.protein_change.startswith("p."):
        expressions.append({"syntax": "hgvs.p", "value": a.protein_change})
    if a.coding_change:
        expressions.append({"syntax": "hgvs.c", "value": a.coding_change})
    if expressions:
        descriptor["expressions"] = expressions
    if a.kind in ("amplification", "deletion"):
        copies = a.copy_number if a.copy_number is not None else 0 if a.kind == "deletion" else 6
        descriptor["variation"] = {"copyNumber": {"number": {"value": f"{copies:g}"}}}
    if a.vaf is not None:
        descriptor["extensions"] = [{"name": "allele-frequency", "value": f"{a.vaf:g}"}]
    about = {"germline": subject, "somatic": _SAMPLE}.get(a.origin)
    return {
        **({"subjectOrBiosampleId": about} if about else {}),
        "interpretationStatus": "UNKNOWN_STATUS",
        "variantInterpretation": {"variationDescriptor": descriptor},
    }
