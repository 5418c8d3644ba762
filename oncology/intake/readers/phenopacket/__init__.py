"""GA4GH Phenopackets v2, as JSON or YAML: single packets, cohorts, and the proband of a family."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from oncology.intake.clinical_columns import unit_factor
from oncology.intake.dates import age_in_years, age_of_duration, day_of
from oncology.intake.draft import PatientDraft, clean_id, pseudonym
from oncology.intake.errors import DuplicatePatientError, NoPatientsError
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.readers.phenopacket.documents import document_of, packets_of
from oncology.intake.report import Fate, Ledger, ReadResult
from oncology.intake.structural import MIN_AMPLIFIED
from oncology.intake.tree import LeafTale, Path, count_leaves, first, many, number, text_of
from oncology.intake.variants import RawVariant, read_fraction, read_variant
from oncology.patients import Alteration, AlterationKind, Origin
from oncology.vocabulary.biomarkers import read_msi
from oncology.vocabulary.tumour_codes import TumourReading, tumour_from_code, tumour_from_text

__all__ = ["read"]

_TODO = "Export it again as a Phenopacket of version 2."
_LABS = {
    "1751-7": "albumin_g_dl", "2532-0": "ldh_u_l", "718-7": "haemoglobin_g_dl", "777-3": "platelets_10e9_l",
    "26499-4": "neutrophils_10e9_l", "6690-2": "wbc_10e9_l", "709-6": "blood_blasts_percent",
}  # fmt: skip


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Patients of Phenopackets.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, NoPatientsError
    """
    ledger = Ledger()
    if isinstance(given, GivenFolder):
        files = [
            GivenFile.of_path(p) for p in given.files() if p.suffix.casefold() in (".json", ".yaml", ".yml")
        ]
        source = given.source("phenopacket", files, named=False)
    else:
        files, source = [given], given.source("phenopacket", named=False)
    drafts: list[PatientDraft] = []
    for file in files:
        document = document_of(file)
        part = f"values of {file.label}"
        ledger.hold(part, count_leaves(document))
        tale = LeafTale(part, _why)
        found = [
            _packet(packet, path, source.sha256, options, tale, ledger)
            for path, packet in packets_of(file.name, document, tale)
        ]
        drafts += found
        tale.tell(document, ledger, found[0].patient_id if len(found) == 1 else "")
    if not drafts:
        raise NoPatientsError(given.name, "it holds no packet with a subject", _TODO)
    repeated = [d.patient_id for d in drafts if sum(o.patient_id == d.patient_id for o in drafts) > 1]
    if repeated:
        raise DuplicatePatientError(given.name, sorted(set(repeated)))
    return ReadResult(tuple(d.finish(source, ledger) for d in drafts), ledger.report(source))


def _packet(
    packet: dict[str, Any], at: Path, salt: str, options: Options, tale: LeafTale, ledger: Ledger
) -> PatientDraft:
    subject = first(packet, "subject")
    identifier = text_of(first(subject, "id")) or text_of(first(packet, "id")) or "patient"
    name = clean_id(identifier) if options.pseudonymise is False else pseudonym(identifier, salt)
    draft = PatientDraft(name or "patient")
    _subject(subject, at, draft, tale, ledger)
    _diseases(packet, at, draft, tale, ledger)
    for i, interpretation in many(packet, "interpretations"):
        for j, genomic in many(first(interpretation, "diagnosis"), "genomicInterpretations"):
            path = (*at, "interpretations", i, "diagnosis", "genomicInterpretations", j)
            _genomic(genomic, path, identifier, draft, options, tale, ledger)
    for i, measurement in many(packet, "measurements"):
        _measurement(measurement, (*at, "measurements", i), draft, tale, ledger)
    for i, action in many(packet, "medicalActions"):
        for keys in (("treatment", "agent"), ("therapeuticRegimen", "ontologyClass")):
            label = text_of(first(action, *keys, "label"))
            if label:
                draft.treatments.append(label.casefold()[:80])
                tale.take((*at, "medicalActions", i, *keys), "normalised", "treatment", "counted among the treatments",
                          found=label, became=label.casefold())  # fmt: skip
    if options.panel is not None:
        draft.assay(options.panel)
        ledger.note(
            f"Assayed genes: the panel you named{f' ({options.panel_name})' if options.panel_name else ''}."
        )
    else:
        ledger.note(
            "Assayed genes: not known; a Phenopacket does not tell them. Name the panel to change this."
        )
    return draft


def _subject(subject: Any, at: Path, draft: PatientDraft, tale: LeafTale, ledger: Ledger) -> None:
    at = (*at, "subject")
    sex = text_of(first(subject, "sex")).casefold()
    if sex in ("male", "female"):
        draft.put("sex", sex)
        tale.take((*at, "sex"), "normalised", "subject.sex", became=sex, found=text_of(first(subject, "sex")))
    elif sex:
        tale.take((*at, "sex"), "dropped", "subject.sex", "neither female nor male; left unknown", found=sex)
    duration = text_of(first(subject, "timeAtLastEncounter", "age", "iso8601duration"))
    path = (*at, "timeAtLastEncounter")
    born, seen = (
        day_of(text_of(first(subject, "dateOfBirth"))),
        day_of(text_of(first(subject, "timeAtLastEncounter", "timestamp"))),
    )
    age = age_of_duration(duration)
    if age is None and born and seen:
        completed = age_in_years(born, seen)
        age = None if completed is None else float(completed)
    if age is not None:
        problem = draft.put("age_years", round(age, 2))
        tale.take(
            path,
            "dropped" if problem else "normalised",
            "age at last encounter",
            problem,
            found=duration,
            became=f"{age:g} years",
        )
    elif first(subject, "timeAtLastEncounter") is not None:
        tale.take(path, "dropped", "age at last encounter", "no age can be told from it", found=duration)


def _tumour(term: Any) -> TumourReading | None:
    identifier, label = text_of(first(term, "id")), text_of(first(term, "label"))
    prefix, _, code = identifier.partition(":")
    found = tumour_from_code(prefix, code) if code else None
    if found is None and label and not re.fullmatch(r"[A-Z0-9]{3,12}", label):
        found = tumour_from_text(label)
        found = TumourReading(found.code, found.others or ("read from words",)) if found else None
    return found


def _diseases(packet: dict[str, Any], at: Path, draft: PatientDraft, tale: LeafTale, ledger: Ledger) -> None:
    places: list[tuple[Path, Any]] = []
    for i, disease in many(packet, "diseases"):
        if first(disease, "excluded") is True:
            tale.take((*at, "diseases", i), "dropped", "diseases", "excluded: the patient does not have it")
            continue
        places.append(((*at, "diseases", i, "term"), first(disease, "term")))
        stage = text_of(first(disease, "diseaseStage", "label"))
        found = re.search(r"\b(?:stage\s*)?(I{1,3}|IV)([A-D]?\d?)\b", stage)
        if found:
            draft.put("stage", found.group(1) + found.group(2))
            tale.take(
                (*at, "diseases", i, "diseaseStage"),
                "normalised",
                "disease stage",
                found=stage,
                became=draft.values["stage"],
            )
        elif stage:
            draft.put("stage", stage[:60])
            tale.take((*at, "diseases", i, "diseaseStage"), "used", "disease stage", became=stage)
    for i, sample in many(packet, "biosamples"):
        places.append(
            ((*at, "biosamples", i, "histologicalDiagnosis"), first(sample, "histologicalDiagnosis"))
        )
    for i, interpretation in many(packet, "interpretations"):
        places.append(
            (
                (*at, "interpretations", i, "diagnosis", "disease"),
                first(interpretation, "diagnosis", "disease"),
            )
        )
    for path, term in places:
        if not isinstance(term, dict):
            continue
        reading, label = _tumour(term), text_of(first(term, "label"))
        known = draft.values.get("tumour")
        if reading is None:
            tale.take(path, "dropped", "disease", "no tumour type that is known", found=label)
        elif known is None or known == reading.code:
            draft.put("tumour", reading.code)
            fate: Fate = "ambiguous" if reading.others else "normalised"
            tale.take(path, fate, "disease", "; ".join(reading.others), found=label, became=reading.code)
        else:
            ledger.contradiction(
                draft.patient_id, f"two tumour types: {known} and {reading.code}", "the first is used"
            )
            tale.take(
                path,
                "dropped",
                "disease",
                "another tumour type was read before it",
                found=label,
                became=reading.code,
            )


def _genomic(
    item: Any,
    path: Path,
    subject_id: str,
    draft: PatientDraft,
    options: Options,
    tale: LeafTale,
    ledger: Ledger,
) -> None:
    status = text_of(first(item, "interpretationStatus")).upper()
    about = text_of(first(item, "subjectOrBiosampleId"))
    descriptor = first(item, "variantInterpretation", "variationDescriptor")
    context = (
        first(descriptor, "geneContext")
        if descriptor
        else (first(item, "gene") or first(item, "geneDescriptor"))
    )
    gene = options.genes.by_hgnc_id(text_of(first(context, "valueId"))) or text_of(first(context, "symbol"))
    origin: Origin = "unknown" if not about else "germline" if about == subject_id else "somatic"
    label = text_of(first(descriptor, "label")) or text_of(first(descriptor, "description"))
    protein, coding = "", ""
    for _, expression in many(descriptor, "expressions"):
        value = text_of(first(expression, "value"))
        if "p." in value:
            protein = protein or value
        elif "c." in value:
            coding = coding or value
    notes: list[str] = []
    in_label = re.search(r"\b(p\.[^)\s]+)", label)
    if not protein and in_label:
        protein = in_label.group(1)
        notes.append("protein change taken from the label")
    in_label = re.search(r"^([A-Z][A-Z0-9-]{1,11})[ :(]", label)
    if not gene and in_label and in_label.group(1) in options.genes:
        gene = in_label.group(1)
        notes.append("gene taken from the label")
    fraction = ""
    for _, extension in many(descriptor, "extensions"):
        if re.sub(r"[^a-z]", "", text_of(first(extension, "name")).casefold()) in (
            "allelefrequency",
            "vaf",
            "variantallelefrequency",
        ):
            fraction = text_of(first(extension, "value"))
    copies = number(first(descriptor, "variation", "copyNumber", "number", "value"))
    found = f"{gene} {protein or coding or label}".strip()
    element = f"variant {found}"

    def tell(fate: Fate, reason: str, became: str = "") -> None:
        tale.take(path, fate, element, "; ".join(filter(None, [*notes, reason])), found=found, became=became)

    if status == "REJECTED":
        tell("dropped", "rejected in the interpretation; neither present nor absent")
    elif not gene:
        tell(
            "dropped",
            "a copy number change of a region without a gene" if copies is not None else "no gene is named",
        )
    elif copies is not None:
        symbol = options.genes.resolve(gene).symbol
        kind: AlterationKind | None = (
            "amplification" if copies >= MIN_AMPLIFIED else "deletion" if copies < 0.5 else None
        )
        if kind is None or copies > 1000:
            tell(
                "dropped",
                f"{copies:g} copies are neither an amplification ({MIN_AMPLIFIED} or more) nor a deep loss",
            )
        else:
            draft.altered(Alteration(symbol, kind, copy_number=copies, origin=origin))
            tell("used", "", f"{symbol} {kind}")
    else:
        reading = read_variant(RawVariant(gene, protein, coding, origin=origin), options.genes)
        if reading.contradiction:
            ledger.contradiction(draft.patient_id, reading.contradiction, reading.choice)
        if reading.alteration is None:
            tell(reading.fate, reading.reason)
            return
        vaf, why = read_fraction(fraction)
        notes += [why] if why else []
        alteration = reading.alteration if vaf is None else replace(reading.alteration, vaf=vaf)
        if not draft.altered(alteration):
            tell("dropped", "repeats a variant of this patient that is told already")
            return
        fate: Fate = "normalised" if notes and reading.fate == "used" else reading.fate
        tell(fate, reading.reason, alteration.name)


def _measurement(item: Any, path: Path, draft: PatientDraft, tale: LeafTale, ledger: Ledger) -> None:
    code = text_of(first(item, "assay", "id")).rpartition(":")[2]
    value = number(first(item, "value", "quantity", "value"))
    unit = text_of(first(item, "value", "quantity", "unit", "id")).rpartition(":")[2]
    words = text_of(first(item, "value", "ontologyClass", "label"))
    if code == "81695-9" and words:
        reading = read_msi(words)
        problem = reading.note if reading.value is None else draft.put("msi", reading.value)
        tale.take(
            path,
            "dropped" if problem else "normalised",
            "MSI (81695-9)",
            problem,
            found=words,
            became=reading.value or "",
        )
        return
    target = "tmb_per_mb" if code == "94076-7" else f"labs.{_LABS[code]}" if code in _LABS else ""
    if not target or value is None:
        return
    factor = 1.0 if target == "tmb_per_mb" else unit_factor(target, unit)
    if factor is None or (target != "tmb_per_mb" and not unit):
        tale.take(path, "dropped", target, f"the unit {unit!r} is not known for it", found=f"{value:g}")
        return
    problem = draft.put(target, round(value * factor, 6))
    if problem:
        ledger.contradiction(
            draft.patient_id, f"{target}: {value:g} {unit} makes no sense", "the value is not used"
        )
    tale.take(
        path,
        "dropped" if problem else "normalised" if factor != 1 else "used",
        target,
        problem,
        found=f"{value:g} {unit}",
    )


def _why(path: Path) -> tuple[str, str]:
    """Why a leaf was not made use of, by its place."""
    words = [str(p) for p in path if not isinstance(p, int)]
    element = ".".join(words[:2])
    last = words[-1] if words else ""
    if ("subject" in words and last in ("id", "alternateIds", "dateOfBirth")) or last in (
        "createdBy",
        "submittedBy",
        "individualId",
    ):
        return element, "identifies a person; removed"
    if any(re.search(r"time|date|created|interval|onset|timestamp", w, re.IGNORECASE) for w in words):
        return element, "a date or time; removed"
    if "files" in words:
        return element, "a file elsewhere; not opened"
    if (words and words[0] in ("metaData", "id")) or "metaData" in words:
        return element, "envelope of the packet"
    if "phenotypicFeatures" in words:
        return element, "a phenotype; a profile holds none"
    return element, "tells nothing that a profile holds"
