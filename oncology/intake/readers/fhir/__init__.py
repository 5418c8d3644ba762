"""HL7 FHIR R4 (Genomics Reporting, mCODE): matched on LOINC codes, never on profile addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from oncology.intake.dates import age_in_years, day_of, days_between
from oncology.intake.draft import PatientDraft, clean_id, pseudonym
from oncology.intake.errors import NoPatientsError
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.readers.fhir import clinical, genomics
from oncology.intake.readers.fhir.coded import code_set, key_of, references
from oncology.intake.readers.fhir.documents import documents_of
from oncology.intake.readers.fhir.specimens import Specimens, specimens_of
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.tree import LeafTale, Path, count_leaves, first, many, text_of
from oncology.vocabulary.tumour_codes import tumour_from_code

__all__ = ["read"]

_PERSONS = {
    "Practitioner",
    "PractitionerRole",
    "Organization",
    "Location",
    "RelatedPerson",
    "Person",
    "Device",
    "CareTeam",
}
_IDENTIFYING = {
    "identifier", "name", "telecom", "address", "contact", "photo", "birthDate", "deceasedDateTime", "deceasedBoolean",
    "generalPractitioner", "communication", "maritalStatus", "managingOrganization", "multipleBirthInteger", "link",
}  # fmt: skip
_ENVELOPE = {
    "resourceType", "id", "meta", "status", "category", "implicitRules", "language", "fullUrl", "type", "request", "response",
    "clinicalStatus", "verificationStatus", "intent", "code", "search", "total", "timestamp", "linkage", "url", "system",
}  # fmt: skip
_LINKS = {
    "subject", "patient", "encounter", "performer", "specimen", "reporter", "recorder", "asserter", "requester", "focus",
    "derivedFrom", "hasMember", "result", "partOf", "basedOn", "reasonReference", "resultsInterpreter", "collector", "device",
}  # fmt: skip


@dataclass(slots=True)
class _Case:
    """One patient of the bundle, with the dates that become age and days."""

    draft: PatientDraft
    born: date | None = None
    dates: list[date] = field(default_factory=list)
    sampled: date | None = None
    diagnosed: date | None = None
    labs_at: dict[str, date | None] = field(default_factory=dict)
    specimens: Specimens = field(default_factory=lambda: Specimens((), {}, {}))
    samples: dict[str, PatientDraft] = field(default_factory=dict)
    begun: dict[int, date] = field(default_factory=dict)
    sites: list[tuple[LeafTale, Path, str, str]] = field(default_factory=list)

    def draft_of(self, resource: dict[str, Any]) -> PatientDraft:
        """The sample that a resource belongs to, else what holds for the patient."""
        return self.samples.get(self.specimens.of.get(id(resource), ""), self.draft)

    def drafts(self) -> list[PatientDraft]:
        """The samples of this patient, or the patient where there is one profile only."""
        return list(self.samples.values()) or [self.draft]


@dataclass(slots=True)
class _Entry:
    resource: dict[str, Any]
    key: str
    tale: LeafTale
    case: _Case | None = None


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Patients of FHIR resources: a Bundle, single resources, NDJSON, or a folder of these.

    Raises
    ------
    BrokenFileError, NoPatientsError
    """
    ledger = Ledger()
    files = [given] if isinstance(given, GivenFile) else _files(given)
    source = (
        given.source("fhir", named=False)
        if isinstance(given, GivenFile)
        else given.source("fhir", files, named=False)
    )
    entries: list[_Entry] = []
    seen: set[str] = set()
    for file in files:
        part = f"values of {file.label}"
        for document in documents_of(file):
            ledger.hold(part, count_leaves(document))
            _unfold(document, part, entries, seen, ledger)
    cases = _cases(entries, source.sha256, options)
    if not cases:
        raise NoPatientsError(
            given.name, "it is FHIR", "Expected a Patient, or observations that name their subject."
        )
    for owner in {id(c): c for c in cases.values()}.values():
        owner.specimens = specimens_of((e.key, e.resource) for e in entries if e.case is owner)
        for n, key in enumerate(owner.specimens.days, start=1):
            name = owner.draft.patient_id
            owner.samples[key] = PatientDraft(name if n == 1 else f"{name}-{n}")
    for entry in entries:
        _read_entry(entry, options, ledger)
    for case in dict.fromkeys(map(id, cases.values())):
        _finish_case(next(c for c in cases.values() if id(c) == case), options, ledger)
    for entry in entries:
        who = entry.case.draft_of(entry.resource).patient_id if entry.case else ""
        entry.tale.tell(entry.resource, ledger, who)
    unique = {id(c): c for c in cases.values()}
    profiles = tuple(d.finish(source, ledger) for c in unique.values() for d in c.drafts())
    return ReadResult(profiles, ledger.report(source))


def _files(folder: GivenFolder) -> list[GivenFile]:
    good = (".json", ".ndjson", ".xml", ".json.gz", ".ndjson.gz")
    return [f for f in folder.opened() if f.name.casefold().endswith(good)]


def _unfold(
    document: dict[str, Any], part: str, entries: list[_Entry], seen: set[str], ledger: Ledger
) -> None:
    """Resources of a Bundle, each once; the leaves of the envelope and of repeated entries are told here."""
    if document.get("resourceType") != "Bundle":
        key = f"{document['resourceType']}/{text_of(first(document, 'id'))}"
        entries.append(_Entry(document, key, LeafTale(part, _why(document["resourceType"]))))
        return
    told = 0
    for _, entry in many(document, "entry"):
        resource = first(entry, "resource")
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            continue
        url = text_of(first(entry, "fullUrl"))
        identity = url or f"{resource['resourceType']}/{text_of(first(resource, 'id'))}"
        leaves = count_leaves(resource)
        told += leaves
        if identity in seen and identity.rpartition("/")[2]:
            ledger.add(
                part,
                "repeated entry",
                "dropped",
                "repeats a resource of this bundle (same fullUrl)",
                count=leaves,
            )
            continue
        seen.add(identity)
        if resource["resourceType"] == "Bundle":
            # A bundle in a bundle: its leaves were counted above, and are told as its own.
            _unfold(resource, part, entries, seen, ledger)
            continue
        entries.append(_Entry(resource, url, LeafTale(part, _why(resource["resourceType"]))))
    envelope = count_leaves(document) - told
    if envelope:
        ledger.add(
            part, "Bundle", "dropped", "envelope of the bundle: kind, addresses, requests", count=envelope
        )


def _cases(entries: list[_Entry], salt: str, options: Options) -> dict[str, _Case]:
    """Patients by every key that may refer to them; resources are given their patient."""
    cases: dict[str, _Case] = {}

    def new(identifier: str) -> _Case:
        name = clean_id(identifier) if options.pseudonymise is False else pseudonym(identifier, salt)
        return _Case(PatientDraft(name or "patient"))

    for entry in entries:
        if entry.resource["resourceType"] != "Patient":
            continue
        identifier = text_of(first(entry.resource, "id"))
        keys = [
            k
            for k in (
                entry.key,
                key_of(entry.key) if entry.key else "",
                f"Patient/{identifier}" if identifier else "",
            )
            if k
        ]
        case = next((cases[k] for k in keys if k in cases), None) or new(identifier or entry.key or "patient")
        for key in keys or ["patient"]:
            cases[key] = case
        entry.case = case
    for entry in entries:
        if entry.case is None and entry.resource["resourceType"] not in _PERSONS:
            reference = references(entry.resource)
            key = key_of(reference)
            if (
                key
                and key not in cases
                and reference not in cases
                and (key.startswith(("Patient/", "urn:")) or not cases)
            ):
                cases[key] = new(key)
            entry.case = cases.get(key) or cases.get(reference)
    unique = {id(c): c for c in cases.values()}
    only = next(iter(unique.values())) if len(unique) == 1 else None
    if not cases and any(e.resource["resourceType"] in ("Observation", "Condition") for e in entries):
        only = cases["patient"] = new("patient")
    for entry in entries:
        if entry.case is None and entry.resource["resourceType"] not in _PERSONS:
            entry.case = only
    return cases


def _read_entry(entry: _Entry, options: Options, ledger: Ledger) -> None:
    resource, case, tale = entry.resource, entry.case, entry.tale
    kind = resource["resourceType"]
    if case is None or kind in _PERSONS:
        return
    draft = case.draft_of(resource)
    if kind != "Patient" and (day := clinical.date_of(resource)) is not None:
        case.dates.append(day)
    status = text_of(first(resource, "status"))
    if status in ("entered-in-error", "cancelled"):
        for key in resource:
            tale.take((key,), "dropped", f"{kind} with status {status}", "withdrawn by its author")
        return
    if kind == "Patient":
        clinical.read_patient(resource, draft, tale)
        written = text_of(first(resource, "birthDate"))
        case.born = day_of(written)
    elif kind == "Condition":
        if clinical.read_condition(resource, draft, tale, ledger):
            case.diagnosed = case.diagnosed or clinical.date_of(resource)
    elif kind in ("MedicationRequest", "MedicationAdministration", "MedicationStatement"):
        known, begun = len(draft.treatments), clinical.date_of(resource)
        clinical.read_medication(resource, draft, tale)
        if begun is not None:
            case.begun.update(dict.fromkeys(range(known, len(draft.treatments)), begun))
    elif kind == "Specimen":
        _specimen(resource, case, tale)
    elif kind == "Observation":
        codes = code_set(first(resource, "code"))
        if "69548-6" in codes:
            case.sampled = case.sampled or clinical.date_of(resource)
            genomics.read_variant_observation(resource, draft, options, tale, ledger)
        elif codes & {"53041-0", "36908-2"}:
            genomics.read_region(resource, draft, options, tale, ledger)
        else:
            clinical.read_clinical_observation(resource, codes, draft, tale, ledger, case.labs_at)


def _specimen(resource: dict[str, Any], case: _Case, tale: LeafTale) -> None:
    """The organ a specimen was taken from, kept for where no diagnosis tells the tumour type."""
    for i, coding in many(first(resource, "collection", "bodySite"), "coding"):
        system, code = text_of(first(coding, "system")), text_of(first(coding, "code"))
        path = tuple(p for p in ("collection", "bodySite", "coding", i) if p is not None)
        if "icd" in system:
            case.sites.append((tale, path, system, code))


def _finish_case(case: _Case, options: Options, ledger: Ledger) -> None:
    draft = case.draft
    if "tumour" not in draft.values:
        for tale, path, system, code in case.sites:
            found = tumour_from_code(system, code)
            if found:
                draft.put("tumour", found.code)
                others = ", ".join(found.others)
                tale.take(
                    path, "ambiguous", "Specimen body site",
                    "the only hint at the tumour type is the organ" + (f"; may also be {others}" if others else ""),
                    found=code, became=found.code,
                )  # fmt: skip
                break
        else:
            ledger.note("No diagnosis is in the file: the tumour type is not known.")
    if case.samples:
        _finish_samples(case, options, ledger)
        return
    at = case.sampled or (max(case.dates) if case.dates else None)
    if case.born and at:
        age = age_in_years(case.born, at)
        if age is not None:
            draft.put("age_years", float(age))
            ledger.note(
                "Age: completed years from the birth date to the sample, or to the latest date; the dates were removed."
            )
    elif case.born:
        ledger.note("Age: not known, since the file holds a birth date but no date of a finding.")
    if len(case.specimens.named) > 1:
        ledger.contradiction(
            draft.patient_id,
            f"the variants are of {len(case.specimens.named)} specimens",
            f"all are in one profile, because {case.specimens.why_not}; the other reading is one sample for each "
            "specimen. Split the file by specimen to see what changed between them",
        )
    if case.diagnosed and case.sampled:
        draft.put("sample_day", days_between(case.diagnosed, case.sampled))
    _assayed(draft, options, ledger)


def _finish_samples(case: _Case, options: Options, ledger: Ledger) -> None:
    """What holds for the patient is put beside what each sample holds; treatments count from the day they began."""
    base, days = case.draft, case.specimens.days
    since = case.diagnosed or next(iter(days.values()))
    for n, (key, day) in enumerate(days.items()):
        draft = case.samples[key]
        draft.values = {**base.values, **draft.values}
        draft.labs, draft.findings = {**base.labs, **draft.labs}, {**base.findings, **draft.findings}
        draft.treatments = [t for i, t in enumerate(base.treatments) if case.begun.get(i, day) <= day]
        if base.assayed is not None:
            draft.assay(base.assayed)
        if case.born and (age := age_in_years(case.born, day)) is not None:
            draft.put("age_years", float(age))
        draft.put("sample_day", days_between(since, day))
        if n:
            draft.put("findings.patient", base.patient_id)
        _assayed(draft, options, ledger)
    if undated := [t for i, t in enumerate(base.treatments) if i not in case.begun]:
        ledger.note(
            f"The day on which {', '.join(undated)} began is not told: every sample counts as taken after it, which may be wrong."
        )
    counted = "the diagnosis" if case.diagnosed else "the first of them, since no day of a diagnosis is told"
    ledger.note(
        f"{len(days)} specimens became {len(days)} samples of one patient, in the order of their days, which count from "
        f"{counted}. What is recorded of the patient and of no specimen (laboratory values, stage) stands in each."
    )


def _assayed(draft: PatientDraft, options: Options, ledger: Ledger) -> None:
    if draft.assayed is None and options.panel is not None:
        draft.assay(options.panel)
        named = f" ({options.panel_name})" if options.panel_name else ""
        ledger.note(f"Assayed genes: the panel you named{named}.")
    elif draft.assayed is None:
        ledger.note(
            "Assayed genes: not known; the file names no region studied. Name the panel to change this."
        )
    elif (extra := {a.gene for a in draft.alterations} - draft.assayed) and draft.alterations:
        few = ", ".join(sorted(extra)[:5])
        ledger.contradiction(
            draft.patient_id, f"{few} altered, but not among the genes studied", "taken as altered"
        )


def _why(kind: str):  # type: ignore[no-untyped-def]
    """Why a leaf of a resource was not made use of, by its place."""

    def why(path: Path) -> tuple[str, str]:
        top = str(path[0])
        words = [str(p) for p in path if not isinstance(p, int)]
        element = f"{kind}.{top}"
        if kind in _PERSONS or (top in _IDENTIFYING and kind in ("Patient", "RelatedPerson", "Person")):
            return element, "identifies a person or an institution; removed"
        if any(w in ("identifier", "telecom", "address") for w in words):
            return element, "identifies a person or an institution; removed"
        if any(
            re.search(r"date|time|period|issued|authoredon|recorded|lastupdated", w, re.IGNORECASE)
            for w in words
        ):
            return element, "an exact date; removed"
        if top in ("text", "note", "conclusion", "presentedForm", "div"):
            return element, "free text; not read"
        if top in _LINKS or words[-1] == "reference":
            return element, "a link between resources"
        if top in _ENVELOPE:
            return element, "envelope of the resource: kind, state, code"
        if top == "component":
            return element, "a component that fills no field of a profile"
        return element, "tells nothing that a profile holds"

    return why
