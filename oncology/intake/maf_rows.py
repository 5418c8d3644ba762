"""Rows of a MAF file (or of a cBioPortal mutation table) as variants of patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from oncology.intake.draft import PatientDraft
from oncology.intake.errors import BrokenFileError
from oncology.intake.opening import GivenFile
from oncology.intake.options import Options
from oncology.intake.report import Ledger
from oncology.intake.tabular import read_rows
from oncology.intake.variants import RawVariant, tell_variant
from oncology.patients import Origin

__all__ = ["MafColumns", "read_maf_rows"]

_NAMES: dict[str, tuple[str, ...]] = {
    "gene": ("hugo_symbol", "gene", "gene_symbol"),
    "sample": ("tumor_sample_barcode", "sample_id", "tumour_sample_barcode"),
    "class": ("variant_classification", "consequence"),
    "protein": ("hgvsp_short", "protein_change", "amino_acid_change", "hgvsp", "aa_change"),
    "coding": ("hgvsc", "cdna_change", "coding_change"),
    "vaf": ("tumor_vaf", "vaf", "t_vaf", "allele_frequency", "tumor_af", "i_tumor_f"),
    "alt": ("t_alt_count",),
    "ref": ("t_ref_count",),
    "depth": ("t_depth",),
    "status": ("mutation_status",),
    "filter": ("filter",),
    "population": ("gnomad_af", "max_af", "exac_af"),
}


@dataclass(slots=True)
class MafColumns:
    """Where a MAF file keeps what is read; case of the names does not matter."""

    at: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, header: list[str]) -> MafColumns:
        """The columns of a header.

        Raises
        ------
        BrokenFileError
            Where gene or sample has no column.
        """
        keys = [h.strip().casefold() for h in header]
        at = {what: [keys.index(n) for n in names if n in keys] for what, names in _NAMES.items()}
        for what, word in (("gene", "Hugo_Symbol"), ("sample", "Tumor_Sample_Barcode")):
            if not at[what]:
                raise BrokenFileError(
                    name, "a MAF file", f"it has no column {word}", "Export it with that column."
                )
        return cls(at)

    def first(self, row: list[str], what: str) -> str:
        """The first filled cell among the columns that may tell something."""
        for i in self.at[what]:
            if row[i] and row[i] not in (".", "NA"):
                return row[i]
        return ""


_ORIGINS: dict[str, Origin] = {"germline": "germline", "somatic": "somatic"}


def read_maf_rows(
    file: GivenFile,
    draft_of: Callable[[str], PatientDraft | None],
    options: Options,
    ledger: Ledger,
    *,
    each: bool,
) -> set[str]:
    """Add the variants of a file to patients.

    Parameters
    ----------
    draft_of : callable
        Patient of a sample barcode; None where the sample belongs to nobody known.
    each : bool
        Whether the report names every variant or counts those alike.

    Returns
    -------
    set of str
        Symbols of all genes that have a row, whatever its consequence.
    """
    table = read_rows(file)
    columns = MafColumns.of(file.name, table.header)
    part = f"variant rows of {file.name}"
    genes: set[str] = set()
    for row in table.rows:
        ledger.hold(part)
        draft = draft_of(columns.first(row, "sample"))
        if draft is None:
            ledger.add(part, "variant", "dropped", "its sample has no patient in the clinical table")
            continue
        symbol = columns.first(row, "gene")
        if symbol:
            genes.add(options.genes.resolve(symbol).symbol)
        if columns.first(row, "filter").casefold() not in ("", "pass", "none"):
            ledger.add(
                part,
                "variant",
                "dropped",
                "did not pass the filter of the caller",
                patient_id=draft.patient_id if each else "",
            )
            continue
        if _common(columns.first(row, "population")):
            ledger.add(
                part,
                "variant",
                "dropped",
                "common in the population (1% or more): a polymorphism, no finding",
            )
            continue
        status = columns.first(row, "status").casefold()
        if status in ("wildtype", "none", "loh"):
            ledger.add(part, "variant", "dropped", f"its Mutation_Status is {status}: no variant was called")
            continue
        raw = RawVariant(
            symbol,
            columns.first(row, "protein"),
            columns.first(row, "coding"),
            columns.first(row, "class"),
            _ORIGINS.get(status, "unknown"),
        )
        tell_variant(
            draft, part, raw, options.genes, ledger,
            fraction=columns.first(row, "vaf"), depth=_depth(columns, row), each=each,
        )  # fmt: skip
    read = {i for places in columns.at.values() for i in places}
    unread = [h for i, h in enumerate(table.header) if i not in read and h]
    if unread:
        few = ", ".join(unread[:12]) + (f" and {len(unread) - 12} more" if len(unread) > 12 else "")
        ledger.note(
            f"{file.name}: {len(unread)} columns tell nothing that a profile holds and were not read ({few})."
        )
    return genes


def _common(share: str) -> bool:
    try:
        return float(share) >= 0.01
    except ValueError:
        return False


def _depth(columns: MafColumns, row: list[str]) -> tuple[float, float] | None:
    try:
        alt = float(columns.first(row, "alt"))
        total = columns.first(row, "depth")
        all_reads = float(total) if total and float(total) > 0 else alt + float(columns.first(row, "ref"))
    except ValueError:
        return None
    return alt, all_reads
