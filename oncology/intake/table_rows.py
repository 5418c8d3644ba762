"""Rows of a cohort table as profiles, cell by cell, each cell accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from oncology.intake.clinical_columns import UNKNOWN_WORDS, read_cell
from oncology.intake.draft import PatientDraft, clean_id, pseudonym
from oncology.intake.errors import BrokenFileError, DuplicatePatientError, NoPatientsError
from oncology.intake.options import Options
from oncology.intake.report import Fate, Ledger
from oncology.intake.table_columns import TableColumn, columns_of_table
from oncology.intake.table_findings import finding_cell, list_cell, read_flag
from oncology.patients import PatientProfile, Source
from oncology.vocabulary.biomarkers import read_number
from oncology.vocabulary.genes import one_slip

__all__ = ["drafts_of_rows", "profiles_of_rows"]

MAX_PATIENTS = 200_000


def profiles_of_rows(
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    source: Source,
    options: Options,
    ledger: Ledger,
) -> tuple[PatientProfile, ...]:
    """Profiles of rows that have one patient each.

    Raises
    ------
    BrokenFileError
        Without a column that names the patient, or with two columns of one name.
    DuplicatePatientError, NoPatientsError
    """
    drafts = drafts_of_rows(name, header, rows, source.sha256, options, ledger)
    for draft in drafts.values():
        if draft.assayed is None and options.panel is not None:
            draft.assay(options.panel)
            named = f" ({options.panel_name})" if options.panel_name else ""
            ledger.note(f"Assayed genes: the panel you named{named}, for patients whose row tells none.")
    return tuple(draft.finish(source, ledger) for draft in drafts.values())


def drafts_of_rows(
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    salt: str,
    options: Options,
    ledger: Ledger,
    *,
    useful: bool = True,
) -> dict[str, PatientDraft]:
    """Unfinished patients by id, for readers that add variants from other files. Raises as `profiles_of_rows`.

    A table in which no column is known is refused, unless `useful` is false.
    """
    columns = columns_of_table(header, options)
    identity = _identity(name, header, columns, useful)
    part = f"cells of {name}"
    drafts: dict[str, PatientDraft] = {}
    repeated: dict[str, None] = {}
    for number, row in enumerate(rows, start=2):
        ledger.hold(part, sum(1 for cell in row if cell.strip()))
        extra = sum(1 for cell in row[len(header) :] if cell.strip())
        if extra:
            ledger.add(
                part, f"row {number}", "dropped", "more cells than the header has columns", count=extra
            )
        identifier = clean_id(row[identity.index])
        if not identifier or identifier.casefold() in UNKNOWN_WORDS:
            raise BrokenFileError(
                name,
                "a table",
                f"row {number} has no patient id",
                "Give every row an id, or delete empty rows.",
            )
        if options.pseudonymise or (options.pseudonymise is None and _personal(identifier)):
            identifier = pseudonym(identifier, salt)
            ledger.add(
                part,
                identity.header,
                "normalised",
                "replaced by a pseudonym",
                became=identifier,
                patient_id=identifier,
            )
        else:
            ledger.add(part, identity.header, "used")
        if len(drafts) >= MAX_PATIENTS:
            raise BrokenFileError(
                name, "a table", f"it has more than {MAX_PATIENTS:,} rows", "Split it into smaller tables."
            )
        draft = PatientDraft(identifier)
        for column in columns:
            text = row[column.index].strip()
            if text and column.role != "id":
                _read(draft, column, text, part, options, ledger)
        patient = draft.findings.get("patient", "")
        if patient and (options.pseudonymise or (options.pseudonymise is None and _personal(patient))):
            draft.findings["patient"] = pseudonym(patient, salt)
        if identifier in drafts:
            _next_sample(draft, drafts)
        if draft.patient_id in drafts:
            repeated[identifier] = None
            if len(repeated) >= 100:
                break
        drafts[draft.patient_id] = draft
        _itd_fraction(draft, part, ledger)
        _close_genes(draft, options, ledger)
    if repeated:
        raise DuplicatePatientError(name, list(repeated))
    if not drafts:
        raise NoPatientsError(
            name, "it has column names", "Expected one row a patient below the column names."
        )
    return drafts


def _next_sample(draft: PatientDraft, drafts: dict[str, PatientDraft]) -> None:
    """A further row of a patient is a further sample where its day differs; it is named after patient and day."""
    patient, day = draft.patient_id, draft.values.get("sample_day")
    first = drafts[patient].values.get("sample_day")
    if day is None or first is None or day == first:
        return
    drafts[patient].findings.setdefault("patient", patient)
    draft.findings["patient"] = patient
    draft.patient_id = f"{patient} day {day}"


def _identity(name: str, header: Sequence[str], columns: list[TableColumn], useful: bool) -> TableColumn:
    identity = next((c for c in columns if c.role == "id"), None)
    few = ", ".join(repr(h[:30]) for h in header[:6])
    if identity is None:
        raise BrokenFileError(
            name, "a table", f"no column names the patient (its columns: {few})",
            "Call that column patient_id, or name it in a mapping file; a study number will do, never a name.",
        )  # fmt: skip
    twins = (
        sorted({h for h in header if h and list(header).count(h) > 1})
        if len(set(header)) < len(header)
        else []
    )
    if twins:
        raise BrokenFileError(
            name, "a table", f"the column {twins[0][:40]!r} stands twice", "Keep one of the two."
        )
    if useful and not any(c.role not in ("id", "unknown", "private") for c in columns):
        raise BrokenFileError(
            name, "a table", f"none of its columns is known ({few})", "Rename them, or write a mapping file."
        )
    return identity


def _itd_fraction(draft: PatientDraft, part: str, ledger: Ledger) -> None:
    """The allelic ratio r of FLT3-ITD, mutant to wild type, as the allele fraction r / (1 + r)."""
    ratio = draft.itd_ratio
    if ratio is None:
        return
    element = "FLT3-ITD allelic ratio"
    for i, a in enumerate(draft.alterations):
        if a.gene == "FLT3" and a.protein_change == "ITD":
            draft.alterations[i] = replace(a, vaf=round(ratio / (1 + ratio), 4))
            ledger.add(part, element, "normalised", "allelic ratio r to allele fraction r / (1 + r)",
                       found=f"{ratio:g}", became=f"{ratio / (1 + ratio):.4f}")  # fmt: skip
            return
    if ratio > 0:
        ledger.contradiction(
            draft.patient_id, f"FLT3-ITD allelic ratio {ratio:g}, but FLT3-ITD is not called", "not used"
        )
        ledger.add(
            part,
            element,
            "dropped",
            "a ratio without a called FLT3-ITD",
            found=f"{ratio:g}",
            patient_id=draft.patient_id,
        )
    else:
        ledger.add(part, element, "used", "agrees with no FLT3-ITD")


def _personal(identifier: str) -> bool:
    """Whether an id looks like a name, a contact, a date or a registry number rather than a study id."""
    return bool(
        re.search(r"@|\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{2,4}", identifier)
        or re.fullmatch(r"[A-ZÀ-Þ][a-zà-ÿ'’-]+,?\s+[A-ZÀ-Þ][a-zà-ÿ'’.-]+(\s.*)?", identifier)
        or re.fullmatch(r"[\d\s-]{9,}", identifier)
    )


def _read(
    draft: PatientDraft, column: TableColumn, text: str, part: str, options: Options, ledger: Ledger
) -> None:
    if column.role == "private":
        ledger.add(part, column.header, "dropped", "identifies a person; removed")
    elif column.role == "unknown":
        ledger.add(part, column.header, "dropped", column.note)
    elif column.role == "clinical":
        _clinical(draft, column, text, part, options, ledger)
    elif column.role == "sequenced":
        flag = read_flag(text)
        draft.sequenced = flag
        told: Fate = "used" if flag is not None else "dropped"
        ledger.add(part, column.header, told, "" if flag is not None else "neither yes nor no", found=text)
    elif column.role == "itd_ratio":
        ratio = read_number(text)
        if ratio.value is None or not 0 <= ratio.value <= 1000:
            ledger.add(
                part,
                column.header,
                "dropped",
                "no allelic ratio (0 or more)",
                found=text,
                patient_id=draft.patient_id,
            )
        else:
            draft.itd_ratio = ratio.value
    elif column.role == "finding":
        finding_cell(draft, column, text, part, options, ledger)
    else:
        list_cell(draft, column, text, part, options, ledger)


def _clinical(
    draft: PatientDraft, column: TableColumn, text: str, part: str, options: Options, ledger: Ledger
) -> None:
    clinical = column.clinical
    assert clinical is not None
    coded = options.values.get(clinical.target, options.values.get(column.header, {})).get(text)
    if coded is None and text.casefold() in UNKNOWN_WORDS and clinical.target != "consent":
        ledger.add(part, column.header, "used", "a word for not known", found=text)
        return
    reading = read_cell(clinical, text if coded is None else coded)
    if reading.value is None:
        ledger.add(part, column.header, reading.how, reading.note, found=text, patient_id=draft.patient_id)
        return
    if clinical.target == "prior_treatments":
        draft.treatments.extend(reading.value)
        problem = ""
    else:
        problem = draft.put(clinical.target, reading.value)
    if problem:
        ledger.add(part, column.header, "dropped", problem, found=text, patient_id=draft.patient_id)
    elif coded is not None:
        ledger.add(part, column.header, "normalised", "by the mapping file", found=text, became=reading.value)
    elif reading.how == "used":
        ledger.add(part, column.header, "used")
    else:
        # Lines of one column differ from patient to patient; the note is the same.
        ledger.add(
            part,
            column.header,
            reading.how,
            reading.note,
            found=text,
            became=reading.value,
            patient_id=draft.patient_id,
        )
    if clinical.target == "panel" and not problem:
        genes = options.panels.get(str(reading.value))
        if genes is not None:
            draft.assay(genes)
            ledger.note(f"Assayed genes of panel {reading.value}: the {len(genes)} genes declared for it.")


def _close_genes(draft: PatientDraft, options: Options, ledger: Ledger) -> None:
    """Where a finding's gene is unknown and spelled almost like an assayed one, that one is not called unaltered."""
    if not draft.assayed:
        return
    found = {a.gene for a in draft.alterations}
    for gene in sorted(g for g in found if g not in options.genes and g not in draft.assayed):
        near = [g for g in draft.assayed - found if one_slip(g, gene)]
        for other in near:
            draft.assayed.discard(other)
            ledger.contradiction(
                draft.patient_id,
                f"{gene} is altered and no symbol that is known; {other} is assayed and spelled almost alike",
                f"{other} is taken as not assayed until the spelling is corrected",
            )
