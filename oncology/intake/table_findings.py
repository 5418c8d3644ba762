"""Findings of a cohort table: cells of gene columns, and lists of alterations and assayed genes."""

from __future__ import annotations

import re

from oncology.alterations import AlterationPattern
from oncology.intake.alteration_text import read_finding
from oncology.intake.draft import PatientDraft
from oncology.intake.options import Options
from oncology.intake.report import Fate, Ledger
from oncology.intake.table_columns import TableColumn
from oncology.patients import Alteration

__all__ = ["finding_cell", "list_cell", "read_flag"]

_ALTERED = frozenset(
    [
        "1",
        "1.0",
        "true",
        "yes",
        "ja",
        "y",
        "altered",
        "mutated",
        "mut",
        "mutant",
        "positive",
        "pos",
        "present",
        "detected",
        "found",
        "+",
    ]
)
_ABSENT = frozenset(
    [
        "0",
        "0.0",
        "false",
        "no",
        "nein",
        "n",
        "absent",
        "wt",
        "wildtype",
        "wild-type",
        "negative",
        "neg",
        "normal",
        "undetected",
    ]
) | {"wild type", "not altered", "not detected", "not found", "no mutation"}
# A dash and "None" (an empty cell of Python) say that nothing is known, and never that nothing was found.
_NOT_ASSAYED = frozenset(
    [
        "-",
        "none",
        "nan",
        "na",
        "n/a",
        "nd",
        "unknown",
        "unk",
        "untested",
        "?",
        "not_assayed",
        "not-assayed",
        "notassayed",
    ]
) | {"not assayed", "not tested", "not done", "not covered"}


def read_flag(text: str) -> bool | None:
    """Yes or no in the usual words; None for others."""
    word = text.strip().casefold()
    return True if word in _ALTERED else False if word in _ABSENT else None


_LIST_CUT = re.compile(r"[;|]|,(?![^()\[\]]*[)\]])")


def finding_cell(
    draft: PatientDraft, column: TableColumn, text: str, part: str, options: Options, ledger: Ledger
) -> None:
    pattern = column.pattern
    assert pattern is not None
    word = text[:500].casefold()
    reason = f"{column.header} is now {pattern.gene}" if column.renamed else ""
    plain: Fate = "normalised" if reason else "used"
    whole = pattern.change is None and pattern.kind == "any"
    if word in _ALTERED:
        draft.altered(pattern.example())
        if whole:
            draft.assay([pattern.gene])
        ledger.add(part, column.header, plain, reason, found="altered", became=pattern.example().name)
    elif word in _ABSENT:
        if whole:
            draft.assay([pattern.gene])
            draft.absent_genes.add(pattern.gene)
        else:
            draft.tested_absent.add(pattern.name)
        ledger.add(
            part, column.header, plain, reason, found="absent", became=f"{pattern.name} tested, not altered"
        )
    elif word in _NOT_ASSAYED:
        if not whole:
            draft.not_tested.add(pattern.name)
        ledger.add(
            part, column.header, plain, reason, found="not assayed", became=f"{pattern.name} not assayed"
        )
    else:
        _words_cell(draft, pattern, column, text, part, options, ledger)


def _words_cell(
    draft: PatientDraft,
    pattern: AlterationPattern,
    column: TableColumn,
    text: str,
    part: str,
    options: Options,
    ledger: Ledger,
) -> None:
    found: list[Alteration] = []
    for piece in filter(None, (p.strip() for p in _LIST_CUT.split(text))):
        gene = re.match(r"[A-Za-z0-9-]+", piece)
        own = gene is not None and options.genes.resolve(gene.group()).symbol == pattern.gene
        finding = read_finding(piece if own else f"{pattern.gene} {piece}", options.genes)
        if isinstance(finding, str) or not pattern.matches(finding.alteration):
            why = finding if isinstance(finding, str) else f"it is no {pattern.name}"
            ledger.add(
                part, column.header, "dropped", f"neither altered, absent nor not assayed (1, 0 or words), and {why}",
                found=text, patient_id=draft.patient_id,
            )  # fmt: skip
            # A cell that could not be read may be a finding: it must not pass as tested and absent.
            draft.not_tested.add(pattern.name)
            return
        found.append(finding.alteration)
    for alteration in found:
        draft.altered(alteration)
    if pattern.change is None and pattern.kind == "any":
        draft.assay([pattern.gene])
    became = "; ".join(a.name for a in found)
    ledger.add(
        part,
        column.header,
        "normalised",
        "a finding in words",
        found=text,
        became=became,
        patient_id=draft.patient_id,
    )


def list_cell(
    draft: PatientDraft, column: TableColumn, text: str, part: str, options: Options, ledger: Ledger
) -> None:
    # A list is one cell, yet its entries have fates of their own: they are counted as elements of their own part.
    entries = [e.strip() for e in _LIST_CUT.split(text) if e.strip()]
    if column.role == "assayed":
        entries = [e for e in re.split(r"[;|,\s]+", text) if e]
    listed = f"entries of {column.header} in {part.removeprefix('cells of ')}"
    ledger.add(part, column.header, "used", f"a list; see {listed}")
    ledger.hold(listed, len(entries))
    if column.role == "assayed":
        draft.assayed = draft.assayed or set()
    if [e.casefold() for e in entries] in (["none"], ["-"], ["no"], ["0"]):
        ledger.add(listed, "none", "used")
        return
    for entry in entries:
        if column.note == "fusions" and not re.search(r"(?i)fusion|rearr|[ _]re$", entry):
            entry = f"{entry} fusion"
        if column.role == "assayed":
            _assayed_gene(draft, entry, listed, options, ledger)
        else:
            _listed_finding(draft, column, entry, listed, options, ledger)


def _assayed_gene(draft: PatientDraft, entry: str, listed: str, options: Options, ledger: Ledger) -> None:
    gene = options.genes.resolve(entry)
    draft.assay([gene.symbol])
    if gene.status == "current":
        ledger.add(listed, entry, "used")
    elif gene.status == "unknown":
        ledger.add(listed, entry, "used", "not in the table of symbols; kept as written")
    else:
        ledger.add(
            listed, entry, "normalised", f"{entry} is now {gene.symbol}", found=entry, became=gene.symbol
        )


def _listed_finding(
    draft: PatientDraft, column: TableColumn, entry: str, listed: str, options: Options, ledger: Ledger
) -> None:
    finding = read_finding(entry, options.genes)
    if isinstance(finding, str):
        ledger.add(listed, entry, "dropped", finding, found=entry, patient_id=draft.patient_id)
        return
    if column.role in ("tested_absent", "not_tested"):
        names = draft.tested_absent if column.role == "tested_absent" else draft.not_tested
        a = finding.alteration
        name = a.gene if a.kind == "mutation" and not (a.protein_change or a.coding_change) else (
            f"{a.gene} {a.kind}" if a.kind in ("amplification", "deletion", "fusion") else a.name
        )  # fmt: skip
        names.add(name)
        ledger.add(listed, entry, "used" if name == entry else "normalised", found=entry, became=name)
        return
    draft.altered(finding.alteration)
    became = finding.alteration.name
    notes = list(finding.notes)
    if finding.gene.status == "unknown":
        near = options.genes.near(finding.gene.written, most=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        notes.append(f"{finding.gene.written} is not in the table of symbols; kept as written.{hint}")
        ledger.add(
            listed,
            entry,
            "ambiguous",
            "; ".join(notes),
            found=entry,
            became=became,
            patient_id=draft.patient_id,
        )
    elif finding.gene.others or finding.gene.status == "ambiguous":
        notes.append(f"{finding.gene.written} has also named {', '.join(finding.gene.others)}")
        ledger.add(
            listed,
            entry,
            "ambiguous",
            "; ".join(notes),
            found=entry,
            became=became,
            patient_id=draft.patient_id,
        )
    elif became == entry and not notes:
        ledger.add(listed, entry, "used", patient_id=draft.patient_id)
    else:
        ledger.add(
            listed,
            entry,
            "normalised",
            "; ".join(notes),
            found=entry,
            became=became,
            patient_id=draft.patient_id,
        )
