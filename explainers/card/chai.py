"""The card as XML of the CHAI Applied Model Card, schema v0.2: every element of the schema, and none besides.

What the schema has no element for stands in the nearest one under its own title, so that nothing is lost on the way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from explainers.card.entries import NOT_SAID, Metric, ModelCard

__all__ = ["CONTENT", "NAMESPACE", "to_xml"]

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"

# Element to the parts of the checklist it takes, in the schema's order. A tree of (name, children or "field.part ...");
# names that begin with a capital letter and hold no dot are elements.
_METRIC = (
    "MetricGoal",
    "Results",
    "Interpretation",
    "TestType",
    "TestingDataDescription",
    "ValidationProcessAndJustification",
)
CONTENT: dict[str, dict[str, str]] = {
    "BasicInfo": {
        "ModelName": "identity.name",
        "ModelDeveloper": "developer.developer",
        "DeveloperContact": "developer.contact sources.harm",
    },
    "ReleaseInfo": {
        "ReleaseStage": "identity.stage",
        "ReleaseDate": "identity.date",
        "ReleaseVersion": "identity.version identity.hash identity.licence",
        "GlobalAvailability": "identity.availability",
        "EHRCompatibility": "how_to_use.records",
        "RegulatoryApproval": "regulatory.status",
    },
    "ModelSummary": {"Summary": "summary.summary", "Keywords": "summary.keywords"},
    "UsesAndDirections": {
        "IntendedUseAndWorkflow": "intended_use.use intended_use.pathway decision_role.role",
        "PrimaryIntendedUsers": "intended_users.users intended_users.training",
        "HowToUse": "how_to_use.how how_to_use.action human_factors.evidence",
        "TargetedPatientPopulation": "intended_patients.tumours intended_patients.lines intended_patients.assay demographics.target",
        "CautionedOutOfScopeSettings": "out_of_scope.scope",
    },
    "Warnings": {
        "KnownRisksAndLimitations": "risks.risks risks.failures risks.worst",
        "KnownBiasesOrEthicalConsiderations": "fairness.biases sensitive.variables sensitive.reason",
        "ClinicalRiskLevel": "risk_level.level",
    },
    "TrustIngredients/AISystemFacts": {
        "OutcomesAndOutputs": "output_definition.outcome output_definition.definition output_definition.horizon "
        "output_definition.scale",
        "ModelType": "model.class model.logic",
        "FoundationModels": "components.foundation",
        "InputDataSource": "inputs.assays provenance.provenance",
        "OutputAndInputDataTypes": "output_type.type inputs.list inputs.missing missing_data.handling",
        "DevelopmentDataCharacterization": "training_data.source training_data.dates training_data.sites "
        "training_data.selection training_data.size training_data.assignment training_data.transfer "
        "training_data.transfer_performance demographics.training",
        "BiasMitigationApproaches": "fairness.approach fairness.mitigation imbalance.handling imbalance.recalibrated",
        "OngoingMaintenance": "monitoring.plan monitoring.local updates.policy updates.changes",
        "Security": "security.security",
        "Transparency": "explanations.methods explanations.tests explanations.limits uncertainty.method "
        "uncertainty.coverage abstention.rule reproducibility.code reproducibility.data reproducibility.environment",
    },
    "TrustIngredients/TransparencyInformation": {
        "FundingSource": "funding.funding funding.conflicts",
        "ThirdPartyInformation": "components.components",
        "StakeholdersConsulted": "stakeholders.stakeholders",
    },
    "KeyMetrics/UsefulnessUsabilityEfficacy": dict(
        zip(
            _METRIC,
            (
                "How well it tells patients apart, and whether using it helps",
                "usefulness",
                "internal_performance.discrimination internal_performance.overall internal_performance.net_benefit "
                "comparator.simple comparator.guideline outcome_impact.evidence",
                "validation.scheme",
                "training_data.size",
                "validation.tuning validation.leakage validation.seeds",
            ),
            strict=True,
        )
    ),
    "KeyMetrics/FairnessEquity": dict(
        zip(
            _METRIC,
            (
                "Whether it does as well for every group of patients",
                "fairness",
                "subgroups.subgroups",
                "validation.scheme",
                "demographics.training",
                "fairness.approach",
            ),
            strict=True,
        )
    ),
    "KeyMetrics/SafetyReliability": dict(
        zip(
            _METRIC,
            (
                "Whether its numbers hold, and whether it says so when it does not know",
                "safety",
                "internal_performance.calibration uncertainty.coverage abstention.rule",
                "validation.scheme",
                "training_data.size",
                "uncertainty.method imbalance.recalibrated",
            ),
            strict=True,
        )
    ),
    "Resources": {
        "EvaluationReferences": "external_performance.results external_performance.tested_by",
        "ClinicalTrial": "outcome_impact.trial",
        "PeerReviewedPublications": "sources.citations",
        "ReimbursementStatus": "regulatory.reimbursement",
        "PatientConsentOrDisclosure": "provenance.consent provenance.privacy",
    },
}  # fmt: skip


def to_xml(card: ModelCard) -> str:
    """The card as one XML document.

    Notes
    -----
    Elements that the schema asks for and nobody filled hold the words "not provided by the developer"; a metric that
    nobody measured has the value null. A signature is not written.
    """
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}AppliedModelCard")
    for path, children in CONTENT.items():
        parent = root
        for name in path.split("/"):
            found = parent.find(f"{{{NAMESPACE}}}{name}")
            parent = _child(parent, name) if found is None else found
        for name, content in children.items():
            _fill(card, _child(parent, name), name, content)
    _child(root, "Bibliography").text = _text(card, "sources.citations")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _child(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _fill(card: ModelCard, element: ET.Element, name: str, content: str) -> None:
    if name == "Results":
        _results(element, [m for m in card.metrics if m.kind == content])
    elif name in ("Keywords", "EHRCompatibility"):
        # Empty lists in the schema: a placeholder inside would be read as a keyword, or as a record system.
        inner = {"Keywords": "Keyword", "EHRCompatibility": "EHR"}[name]
        for text in _statements(card, content):
            _child(element, inner).text = text
    elif name == "MetricGoal":
        element.text = content
    else:
        element.text = _text(card, content)


def _results(element: ET.Element, metrics: Sequence[Metric]) -> None:
    found: Sequence[Metric | None] = metrics or [None]
    for m in found:
        result = _child(element, "MetricResult")
        _child(result, "Label").text = NOT_SAID if m is None else m.label
        _child(result, "ValueJson").text = json.dumps(_value(m))


def _value(m: Metric | None) -> dict[str, object]:
    if m is None:
        return {"kind": "single", "value": None}
    unit: dict[str, object] = {"unit": m.unit} if m.unit else {}
    if m.low is None or m.high is None:
        return {"kind": "single", "value": round(m.estimate, 4), **unit}
    ends: dict[str, object] = {
        "estimate": round(m.estimate, 4),
        "lower": round(m.low, 4),
        "upper": round(m.high, 4),
    }
    return {"kind": "estimate_ci", **ends, "level": m.level, **unit}


def _statements(card: ModelCard, content: str) -> list[str]:
    field, _, part = content.partition(".")
    found = card.entry(field).part(part)
    return [] if found is None else [s.text for s in found.statements if s.covered]


def _text(card: ModelCard, content: str) -> str:
    """The parts one under the other, each under its title where there are several that say something."""
    found = []
    for name in content.split():
        field, _, part = name.partition(".")
        entry = card.entry(field).part(part)
        if entry is not None:
            found.append(entry)
    if not any(e.statements for e in found):
        return NOT_SAID
    if len(found) == 1:
        return found[0].words
    return "\n".join(f"{e.part.title}: {e.words}" for e in found)
