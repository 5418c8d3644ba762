"""Codes of FHIR resources: LOINC, and what a coded value says. Matching is by code, never by profile address."""

from __future__ import annotations

from typing import Any

from oncology.intake.tree import Path, first, many, text_of

__all__ = ["LABS_BY_LOINC", "code_set", "components", "concept_words", "key_of", "references"]

# LOINC codes of laboratory values by our names.
LABS_BY_LOINC: dict[str, str] = {
    "1751-7": "albumin_g_dl", "61151-7": "albumin_g_dl", "2532-0": "ldh_u_l", "14804-9": "ldh_u_l",
    "718-7": "haemoglobin_g_dl", "777-3": "platelets_10e9_l", "26515-7": "platelets_10e9_l",
    "26499-4": "neutrophils_10e9_l", "751-8": "neutrophils_10e9_l", "753-4": "neutrophils_10e9_l",
    "6690-2": "wbc_10e9_l", "26464-8": "wbc_10e9_l", "709-6": "blood_blasts_percent", "26446-5": "blood_blasts_percent",
}  # fmt: skip


def code_set(concept: Any) -> set[str]:
    """Codes of a CodeableConcept, whatever their system."""
    return {text_of(c.get("code")) for _, c in many(concept, "coding") if isinstance(c, dict)} - {""}


def concept_words(concept: Any) -> str:
    """A CodeableConcept in words: its text, else the first display, else the first code."""
    words = text_of(first(concept, "text"))
    for _, coding in many(concept, "coding"):
        words = words or text_of(first(coding, "display"))
    return words or next(iter(sorted(code_set(concept))), "")


def components(resource: Any) -> list[tuple[Path, set[str], dict[str, Any]]]:
    """Components of an Observation: path, codes, content."""
    found = []
    for i, component in many(resource, "component"):
        if isinstance(component, dict):
            path: Path = ("component",) if i is None else ("component", i)
            found.append((path, code_set(first(component, "code")), component))
    return found


def references(node: Any) -> str:
    """The reference of a link, whichever of the usual places holds it."""
    for place in ("subject", "patient"):
        reference = text_of(first(node, place, "reference"))
        if reference:
            return reference
    return ""


def key_of(reference: str) -> str:
    """A reference without server and version: ``Patient/1``, ``urn:uuid:…`` or the bare id."""
    reference = reference.split("/_history/")[0].strip()
    if reference.startswith(("urn:", "#")) or "/" not in reference:
        return reference
    return "/".join(reference.split("/")[-2:])
