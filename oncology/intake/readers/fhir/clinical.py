"""Clinical resources of FHIR: person, diagnosis, stage, laboratory values, treatments."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from oncology.intake.clinical_columns import unit_factor
from oncology.intake.dates import day_of
from oncology.intake.draft import PatientDraft
from oncology.intake.readers.fhir.coded import LABS_BY_LOINC, code_set, concept_words
from oncology.intake.report import Fate, Ledger
from oncology.intake.tree import LeafTale, first, many, number, text_of
from oncology.vocabulary.biomarkers import read_msi
from oncology.vocabulary.tumour_codes import TumourReading, tumour_from_code, tumour_from_text

__all__ = [
    "date_of",
    "read_clinical_observation",
    "read_condition",
    "read_medication",
    "read_patient",
    "stage_words",
]

_ECOG = {"LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5}
_RECEPTORS = {
    "85337-4": "er", "16112-5": "er", "85339-0": "pr", "16113-3": "pr", "48676-1": "her2", "85319-2": "her2", "72383-3": "her2"
}  # fmt: skip
_STAGE_GROUPS = {"21908-9": "clinical", "21902-2": "pathological", "21914-7": "clinical"}
_NOT_GIVEN = {
    "cancelled",
    "entered-in-error",
    "not-done",
    "stopped-before-start",
    "draft",
    "proposed",
    "rejected",
}
_DATES = (
    "effectiveDateTime",
    "issued",
    "collectedDateTime",
    "onsetDateTime",
    "recordedDate",
    "authoredOn",
    "performedDateTime",
)


def date_of(resource: dict[str, Any]) -> date | None:
    """The day a resource speaks of."""
    for key in _DATES:
        written = text_of(first(resource, key))
        if written and (day := day_of(written)) is not None:
            return day
    for period in ("effectivePeriod", "performedPeriod", "onsetPeriod"):
        if (day := day_of(text_of(first(resource, period, "start")))) is not None:
            return day
    return day_of(text_of(first(resource, "collection", "collectedDateTime")))


def read_patient(resource: dict[str, Any], draft: PatientDraft, tale: LeafTale) -> None:
    """Sex and ancestry; the birth date becomes an age elsewhere, everything else of the person is removed."""
    gender = text_of(first(resource, "gender")).casefold()
    if gender in ("male", "female"):
        draft.put("sex", gender)
        tale.take(("gender",), "used", "Patient.gender", became=gender)
    elif gender:
        tale.take(
            ("gender",), "dropped", "Patient.gender", "neither female nor male; left unknown", found=gender
        )
    for i, extension in many(resource, "extension"):
        url = text_of(first(extension, "url"))
        if url.casefold().endswith(("us-core-race", "uscorerace")):
            for _, part in many(extension, "extension"):
                if text_of(first(part, "url")) == "text" and text_of(first(part, "valueString")):
                    draft.put("ancestry", text_of(first(part, "valueString"))[:60])
                    tale.take(("extension", i), "used", "Patient race", became=draft.values["ancestry"])


def read_condition(resource: dict[str, Any], draft: PatientDraft, tale: LeafTale, ledger: Ledger) -> bool:
    """A diagnosis; True where a tumour type came of it."""
    reading = _tumour(first(resource, "code")) if "code" in resource else None
    histology = None
    for i, extension in many(resource, "extension"):
        if "histology" in text_of(first(extension, "url")):
            histology = _tumour(first(extension, "valueCodeableConcept"))
            path = ("extension", i)
            if histology:
                tale.take(path, "normalised", "histology", became=histology.code)
            else:
                words = concept_words(first(extension, "valueCodeableConcept"))
                tale.take(path, "dropped", "histology", "no OncoTree code is known for it", found=words)
    best = _narrower(reading, histology)
    words = concept_words(first(resource, "code"))
    if best is None:
        tale.take(
            ("code",),
            "dropped",
            "Condition.code",
            "no tumour type that is known; another diagnosis?",
            found=words,
        )
    elif "tumour" in draft.values and draft.values["tumour"] != best.code:
        ledger.contradiction(
            draft.patient_id,
            f"two tumour types: {draft.values['tumour']} and {best.code}",
            "the first is used",
        )
        tale.take(
            ("code",),
            "dropped",
            "Condition.code",
            "another tumour type was read before it",
            found=words,
            became=best.code,
        )
    else:
        draft.put("tumour", best.code)
        fate: Fate = "ambiguous" if best.others else "normalised"
        others = f"may also be {', '.join(best.others)}" if best.others else ""
        tale.take(("code",), fate, "Condition.code", others, found=words, became=best.code)
    for i, stage in many(resource, "stage"):
        written = stage_words(first(stage, "summary"))
        if written:
            _stage(draft, written, "the diagnosis", ledger)
            tale.take(("stage",) if i is None else ("stage", i), "used", "Condition.stage", became=written)
    return best is not None


def _narrower(a: TumourReading | None, b: TumourReading | None) -> TumourReading | None:
    if a and b and b.code in a.others:
        return TumourReading(b.code)
    return a or b


def _tumour(concept: Any) -> TumourReading | None:
    for _, coding in many(concept, "coding"):
        found = tumour_from_code(text_of(first(coding, "system")), text_of(first(coding, "code")))
        if found:
            return found
    words = [text_of(first(c, "display")) for _, c in many(concept, "coding")] + [
        text_of(first(concept, "text"))
    ]
    for text in words:
        found = tumour_from_text(text) if text and not re.fullmatch(r"[A-Z0-9]{3,12}", text) else None
        if found:
            return TumourReading(found.code, found.others or ("read from words",))
    return None


def stage_words(concept: Any) -> str:
    """A stage as I to IV with its letter.

    Examples
    --------
    >>> stage_words({"coding": [{"code": "3C"}]}), stage_words({"text": "Stage IIIC (finding)"})
    ('IIIC', 'IIIC')
    """
    for _, coding in many(concept, "coding"):
        found = re.fullmatch(r"c?p?([0-4])([A-D]?\d?)", text_of(first(coding, "code")))
        if found:
            return ("0", "I", "II", "III", "IV")[int(found.group(1))] + found.group(2)
    found = re.search(r"\b(?:stage\s*)?(I{1,3}|IV|0)([A-D]?\d?)\b", concept_words(concept), re.IGNORECASE)
    return (found.group(1) + found.group(2)).upper() if found else ""


def _stage(draft: PatientDraft, written: str, whence: str, ledger: Ledger) -> None:
    known = draft.values.get("stage")
    if known and known != written:
        ledger.contradiction(
            draft.patient_id,
            f"stage {known} in one place and stage {written} in {whence}",
            f"stage {written if whence != 'the diagnosis' else known} is used, which the TNM stage group gives",
        )
        if whence == "the diagnosis":
            return
    draft.put("stage", written)


def read_clinical_observation(
    resource: dict[str, Any],
    codes: set[str],
    draft: PatientDraft,
    tale: LeafTale,
    ledger: Ledger,
    taken: dict[str, date | None],
) -> bool:
    """A clinical observation that fills a field; False where no field takes it."""
    value = first(resource, "valueCodeableConcept")
    words = concept_words(value)
    label = concept_words(first(resource, "code"))
    path = next(((key,) for key in resource if key.startswith("value")), ("valueCodeableConcept",))
    for code in codes & set(_STAGE_GROUPS):
        stage = stage_words(value)
        if stage:
            _stage(draft, stage, f"the {_STAGE_GROUPS[code]} stage group", ledger)
            tale.take(path, "used", "stage group", became=stage)
        return bool(stage)
    if "94076-7" in codes:
        _number(resource, "tmb_per_mb", 1.0, draft, tale, "TMB (94076-7)")
        return True
    if "30525-0" in codes:
        unit = text_of(first(resource, "valueQuantity", "code"))
        if unit not in ("a", ""):
            tale.take(path, "dropped", "age (30525-0)", "its unit is not years", found=unit)
        else:
            _number(resource, "age_years", 1.0, draft, tale, "age (30525-0)")
        return True
    if "81695-9" in codes:
        reading = next((r for c in sorted(code_set(value)) if (r := read_msi(c)).value), read_msi(words))
        fate: Fate = "dropped" if reading.value is None or draft.put("msi", reading.value) else "normalised"
        tale.take(path, fate, "MSI (81695-9)", reading.note, found=words, became=reading.value or "")
        return True
    if codes & {"89247-1", "89262-0"}:
        grade = number(first(resource, "valueInteger"))
        if grade is None:
            grade = next(
                (float(_ECOG[c]) for c in code_set(value) if c in _ECOG),
                number(first(resource, "valueQuantity", "value")),
            )
        if "89262-0" in codes or grade is None or grade != int(grade) or draft.put("ecog", int(grade)):
            tale.take(
                path, "dropped", "performance status", "not an ECOG grade from 0 to 5", found=words or grade
            )
        else:
            tale.take(path, "used", "ECOG (89247-1)", became=int(grade))
        return True
    for code in codes & set(_RECEPTORS):
        name = _RECEPTORS[code]
        if words:
            draft.put(f"findings.{name}", words.casefold()[:60])
            tale.take(path, "used", f"{name.upper()} ({code})", became=words.casefold())
        return bool(words)
    if re.search(r"\bpd-?l1\b", label, re.IGNORECASE) and first(resource, "valueQuantity") is not None:
        if text_of(first(resource, "valueQuantity", "code")) == "%":
            _number(resource, "pdl1", 1.0, draft, tale, "PD-L1", "recognised by its words", "ambiguous")
            return True
        tale.take(path, "dropped", "PD-L1", "its unit is not percent of tumour cells")
        return True
    for code in sorted(codes & set(LABS_BY_LOINC)):
        return _laboratory(resource, LABS_BY_LOINC[code], draft, tale, ledger, taken)
    return False


def _number(
    resource: dict[str, Any],
    target: str,
    factor: float,
    draft: PatientDraft,
    tale: LeafTale,
    element: str,
    note: str = "",
    fate: Fate = "used",
) -> None:
    value = number(first(resource, "valueQuantity", "value"))
    problem = "its value is no number" if value is None else draft.put(target, round(value * factor, 6))
    if problem:
        tale.take(("valueQuantity",), "dropped", element, problem, found=value)
    else:
        tale.take(("valueQuantity",), fate, element, note, found=value, became=draft.values.get(target, ""))


def _laboratory(
    resource: dict[str, Any],
    name: str,
    draft: PatientDraft,
    tale: LeafTale,
    ledger: Ledger,
    taken: dict[str, date | None],
) -> bool:
    target, path = f"labs.{name}", ("valueQuantity",)
    value = number(first(resource, "valueQuantity", "value"))
    unit = text_of(first(resource, "valueQuantity", "code")) or text_of(
        first(resource, "valueQuantity", "unit")
    )
    factor = unit_factor(target, unit)
    day = date_of(resource)
    if value is None or not unit or factor is None:
        tale.take(path, "dropped", name, "no number with a unit that is known", found=f"{value} {unit}")
        return True
    if name in taken and (day is None or (taken[name] or date.min) >= day):
        tale.take(path, "dropped", name, "an earlier value than the one used", found=f"{value:g} {unit}")
        return True
    problem = draft.put(target, round(value * factor, 6))
    if problem:
        ledger.contradiction(
            draft.patient_id, f"{name}: {value:g} {unit} makes no sense", "the value is not used"
        )
        tale.take(path, "dropped", name, f"{value:g} {unit} {problem}", found=f"{value:g} {unit}")
        return True
    taken[name] = day
    fate: Fate = "used" if factor == 1 else "normalised"
    tale.take(
        path,
        fate,
        name,
        "" if factor == 1 else f"from {unit}",
        found=f"{value:g} {unit}",
        became=draft.labs[name],
    )
    return True


def read_medication(resource: dict[str, Any], draft: PatientDraft, tale: LeafTale) -> None:
    """A drug that was ordered or given."""
    key = next(
        (k for k in ("medicationCodeableConcept", "medication", "vaccineCode") if k in resource),
        "medicationCodeableConcept",
    )
    name = concept_words(first(resource, key)) if isinstance(first(resource, key), dict) else ""
    status = text_of(first(resource, "status"))
    if not name or name.casefold().startswith(("medication/", "urn:")):
        tale.take((key,), "dropped", "drug", "no drug is named")
    elif status in _NOT_GIVEN:
        tale.take((key,), "dropped", "drug", f"its status is {status}: not given", found=name)
    else:
        draft.treatments.append(name.casefold()[:80])
        tale.take(
            (key,), "normalised", "drug", "counted among the treatments", found=name, became=name.casefold()
        )
