"""The meaning of every column of a cohort table, decided once from its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from oncology.alterations import AlterationPattern
from oncology.intake.alteration_text import pattern_of_header
from oncology.intake.clinical_columns import (
    KNOWN_HEADERS,
    PRIVATE,
    ClinicalColumn,
    column_of,
    header_key,
    unit_factor,
)
from oncology.intake.options import Options
from oncology.vocabulary import LABS
from oncology.vocabulary.genes import one_slip

__all__ = ["TableColumn", "columns_of_table", "id_column"]

Role = Literal["id", "clinical", "finding", "alterations", "assayed", "tested_absent", "not_tested", "sequenced", "itd_ratio", "private",
               "unknown"]  # fmt: skip

_ID_KEYS = (
    "patient_id",
    "patientid",
    "patient",
    "pseudonym",
    "case_id",
    "subject_id",
    "sample_id",
    "sampleid",
    "id",
)
_PATIENT_KEYS = ("patient_id", "patientid", "patient")
_SAMPLE_KEYS = ("sample_id", "sampleid")
_LISTS: dict[str, Role] = {
    "alterations": "alterations", "mutations": "alterations", "findings": "alterations", "variants": "alterations",
    "assayed_genes": "assayed", "genes_assayed": "assayed", "tested_genes": "assayed", "panel_genes": "assayed",
    "tested_absent": "tested_absent", "not_tested": "not_tested", "fusion": "alterations", "fusions": "alterations",
    "sequenced": "sequenced", "is_sequenced": "sequenced", "flt3_itd_allelic_ratio": "itd_ratio",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table: what it is for, with the reader's remark."""

    index: int
    header: str
    role: Role
    clinical: ClinicalColumn | None = None
    pattern: AlterationPattern | None = None
    note: str = ""
    renamed: bool = False


def id_column(header: Sequence[str], options: Options) -> int | None:
    """Index of the column that names the patient; None where there is none."""
    for i, name in enumerate(header):
        if options.columns.get(name) == "patient_id":
            return i
    keys = [header_key(name) for name in header]
    sample = next((k for k in _SAMPLE_KEYS if k in keys), None)
    person = next((k for k in _ID_KEYS if k in keys and k not in _SAMPLE_KEYS), None)
    # Where a table names both, each sample is a profile, and findings.patient joins those of one patient.
    chosen = sample if sample and person in _PATIENT_KEYS else person or sample
    return keys.index(chosen) if chosen else None


def columns_of_table(header: Sequence[str], options: Options) -> list[TableColumn]:
    """The role of each column."""
    identity = id_column(header, options)
    columns = [_column(i, name, identity, options) for i, name in enumerate(header)]
    if any(c.clinical and c.clinical.target == "outcome.option" for c in columns):
        return columns
    return [
        TableColumn(c.index, c.header, "unknown", note="an outcome, but no column names the treatment")
        if c.clinical and c.clinical.target.startswith("outcome.")
        else c
        for c in columns
    ]


def _column(i: int, name: str, identity: int | None, options: Options) -> TableColumn:
    if i == identity:
        return TableColumn(i, name, "id")
    if header_key(name) in _PATIENT_KEYS and name not in options.columns:
        return TableColumn(i, name, "clinical", ClinicalColumn(name, "findings.patient", "", 1))
    if len(name) > 200:
        return TableColumn(i, name[:60], "unknown", note="a column name of more than 200 letters")
    mapped = options.columns.get(name)
    if mapped == "ignore":
        return TableColumn(i, name, "unknown", note="left out by the mapping file")
    if mapped in _LISTS:
        return TableColumn(i, name, _LISTS[mapped])
    if mapped:
        clinical = column_of(mapped) or _dotted(mapped)
        if clinical is not None:
            unit = options.units.get(name, "")
            return TableColumn(
                i,
                name,
                "clinical",
                ClinicalColumn(name, clinical.target, unit, unit_factor(clinical.target, unit)),
            )
        pattern = pattern_of_header(mapped, options.genes)
        if pattern is not None:
            return TableColumn(i, name, "finding", pattern=pattern[0])
        return TableColumn(
            i,
            name,
            "unknown",
            note=f"the mapping file sends it to {mapped!r}, which is no field of a profile",
        )
    key = header_key(name)
    if PRIVATE.search(key):
        return TableColumn(i, name, "private")
    if key in _LISTS:
        return TableColumn(i, name, _LISTS[key], note="fusions" if key.startswith("fusion") else "")
    clinical = column_of(name)
    if clinical is not None:
        return TableColumn(i, name, "clinical", clinical)
    pattern = pattern_of_header(name, options.genes)
    if pattern is not None:
        return TableColumn(i, name, "finding", pattern=pattern[0], renamed=pattern[1].status != "current")
    return TableColumn(i, name, "unknown", note=_why_unknown(name, options))


def _dotted(target: str) -> ClinicalColumn | None:
    known = {
        "age_years", "sex", "ancestry", "tumour", "stage", "line", "ecog", "site", "panel", "sample_day", "consent",
        "tmb_per_mb", "msi", "pdl1", "note", "synthetic", "prior_treatments",
    }  # fmt: skip
    root, _, leaf = target.partition(".")
    good = (
        target in known
        or (root == "labs" and leaf in LABS)
        or (root == "findings" and leaf != "")
        or (root == "outcome" and leaf in ("option", "response", "pfs_months", "progressed"))
    )
    return ClinicalColumn(target, target, "", 1) if good else None


def _near_header(name: str) -> str:
    near = get_close_matches(header_key(name), KNOWN_HEADERS, n=1, cutoff=0.8)
    return f" Did you mean {near[0]}?" if near else ""


def _why_unknown(name: str, options: Options) -> str:
    if re.fullmatch(r"[A-Z][A-Z0-9-]{1,9}( .*)?", name.strip()):
        symbol = name.split()[0]
        near = options.genes.near(symbol, most=1)
        if near and one_slip(near[0], symbol):
            return f"no column that is known, and no gene symbol that is known. Did you mean {near[0]}?"
    return "no column that is known; a mapping file can tell its meaning." + _near_header(name)
