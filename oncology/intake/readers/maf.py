"""MAF files with what lies beside them: a clinical table, indels, copy number, fusions."""

from __future__ import annotations

from oncology.intake.draft import PatientDraft, clean_id
from oncology.intake.errors import NoPatientsError
from oncology.intake.maf_rows import read_maf_rows
from oncology.intake.opening import GivenFile, GivenFolder, GivenUpload
from oncology.intake.options import Options
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.side_tables import is_copy_number, is_fusions, read_copy_number, read_fusions
from oncology.intake.table_columns import columns_of_table
from oncology.intake.table_rows import drafts_of_rows
from oncology.intake.tabular import read_rows

__all__ = ["read"]

# Below this many sequenced patients, "a gene in which nobody has a variant was not assayed" says too little.
MIN_SEEN = 20


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Patients of a MAF file and the tables beside it.

    A folder is read whole. Of a MAF path only the MAF and, in the same folder, a file whose name begins with
    ``clinical`` are read.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, NoPatientsError
    """
    files = _files(given)
    # Who uploads a table beside a MAF means it; in a folder on disk its name has to say so.
    chosen = isinstance(given, GivenUpload)
    kinds = {f.name: _kind(f, chosen=chosen) for f in files}
    mafs = [f for f in files if kinds[f.name] == "maf"]
    ledger = Ledger()
    drafts: dict[str, PatientDraft] = {}
    used: list[GivenFile] = list(mafs)
    clinical = False
    for file in files:
        if kinds[file.name] == "clinical" and not clinical:
            table = read_rows(file)
            drafts = drafts_of_rows(file.name, table.header, table.rows, file.sha256, options, ledger)
            used.append(file)
            clinical = True
    each = len(drafts) <= 20

    def draft_of(sample: str) -> PatientDraft | None:
        name = clean_id(sample)
        if clinical:
            return drafts.get(name) or drafts.get(name[:12])
        if not name:
            return None
        return drafts.setdefault(name, PatientDraft(name))

    seen: set[str] = set()
    for i, file in enumerate(mafs):
        seen |= read_maf_rows(file, draft_of, options, ledger, each=each)
        if options.progress:
            options.progress((i + 1) / len(mafs), f"{file.name} read")
    for file in files:
        kind = kinds[file.name]
        if kind in ("copy number", "fusions") and len(drafts) == 1:
            reader = read_copy_number if kind == "copy number" else read_fusions
            reader(file, next(iter(drafts.values())), options, ledger)
            used.append(file)
        elif file not in used:
            ledger.note(f"{file.name} was not read: {_why_not(kind)}.")
    if not drafts:
        raise NoPatientsError(given.name, "no row names a sample", "Fill the column Tumor_Sample_Barcode.")
    _assayed(drafts, seen, clinical, options, ledger)
    source = given.source("maf", used) if isinstance(given, GivenFolder) else _source(given, used)
    return ReadResult(tuple(d.finish(source, ledger) for d in drafts.values()), ledger.report(source))


def _files(given: GivenFile | GivenFolder) -> list[GivenFile]:
    if isinstance(given, GivenFolder):
        return [f for f in given.opened() if _text_table(f.name)]
    beside: list[GivenFile] = []
    if given.path is not None:
        beside = [
            GivenFile.of_path(p)
            for p in sorted(given.path.parent.iterdir())
            if p.is_file()
            and p.name.casefold().startswith("clinical")
            and _text_table(p.name)
            and p.stat().st_size
        ]
    return [given, *beside]


def _text_table(name: str) -> bool:
    return name.casefold().removesuffix(".gz").endswith((".maf", ".tsv", ".txt", ".csv"))


def _source(given: GivenFile, used: list[GivenFile]):  # type: ignore[no-untyped-def]
    if len(used) == 1 or given.path is None:
        return given.source("maf")
    return GivenFolder(given.path.parent).source("maf", used)


def _kind(file: GivenFile, *, chosen: bool = False) -> str:
    header = [
        h.casefold() for h in read_rows(file, comment="##" if _starts_with_fusion(file) else "#").header
    ]
    if "hugo_symbol" in header and "tumor_sample_barcode" in header:
        return "maf"
    if is_fusions(header):
        return "fusions"
    if is_copy_number(header):
        return "copy number"
    roles = {c.role for c in columns_of_table(header, Options())}
    name = file.name.casefold()
    if (
        "id" in roles
        and roles & {"clinical", "finding"}
        and (chosen or "clinical" in name or "patient" in name or "sample" in name)
    ):
        return "clinical"
    return "other"


def _starts_with_fusion(file: GivenFile) -> bool:
    return file.head()[:11].lower() == b"#fusionname"


def _why_not(kind: str) -> str:
    if kind in ("copy number", "fusions"):
        return "it names no sample, and the variants are of several patients"
    if kind == "clinical":
        return "another clinical table was read before it"
    return "its columns are neither those of a MAF file, a clinical table, copy number nor fusions"


def _assayed(
    drafts: dict[str, PatientDraft], seen: set[str], clinical: bool, options: Options, ledger: Ledger
) -> None:
    """Decide which genes were assayed, and say on what ground."""
    sequenced = [d for d in drafts.values() if d.sequenced is not False]
    flagged = any(d.sequenced is not None for d in drafts.values())
    left_out = len(drafts) - len(sequenced)
    tail = (
        f" {left_out} patients are marked as not sequenced: no gene assayed by sequencing."
        if left_out
        else ""
    )
    if options.panel is not None:
        named = f" ({options.panel_name})" if options.panel_name else ""
        for draft in sequenced:
            draft.assay(options.panel)
        ledger.note(f"Assayed genes: the panel you named{named}, {len(options.panel)} genes.{tail}")
    elif options.assayed == "seen" or (
        options.assayed == "file" and flagged and sum(d.sequenced is True for d in sequenced) >= MIN_SEEN
    ):
        for draft in sequenced:
            draft.assay(seen)
        ledger.note(
            f"Assayed genes: assumed, since the file names no panel: the {len(seen):,} genes in which anybody has a "
            f"variant count as assayed in the {len(sequenced):,} sequenced patients. Name the panel to replace this.{tail}"
        )
    else:
        ledger.note(
            "Assayed genes: not known, since the file names no panel; a gene without a variant is not assayed. "
            f"Name the panel to change this.{tail}"
        )
        if clinical and not flagged:
            ledger.note(
                "The clinical table does not tell who was sequenced (a column SEQUENCED with True or False)."
            )
