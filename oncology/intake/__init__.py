"""Patients from files: `read_patients` for a path, `read_bytes` for an upload, each with a report of what was read.

A further format is a further function in `READERS`, and a few lines in `oncology.intake.opening.sniff`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Literal

from oncology.intake.errors import (
    BrokenFileError,
    DuplicatePatientError,
    EmptyFileError,
    EmptyFolderError,
    FileTooLargeError,
    NoPatientsError,
    UnknownFormatError,
)
from oncology.intake.mapping import Mapping, parse_mapping, read_mapping
from oncology.intake.opening import MAX_UPLOAD, GivenFile, GivenFolder, GivenUpload, sniff
from oncology.intake.options import Options, Reader
from oncology.intake.panels import with_panel
from oncology.intake.readers import cbioportal, fhir, maf, phenopacket, project_json, spreadsheet, table, vcf
from oncology.intake.readers.project_json import write_profile, write_profiles
from oncology.intake.report import Contradiction, ImportEntry, ImportReport, ReadResult
from oncology.vocabulary.genes import GENES, GeneTable

__all__ = [
    "MAX_UPLOAD",
    "READERS",
    "UPLOAD_TYPES",
    "BrokenFileError",
    "Contradiction",
    "DuplicatePatientError",
    "EmptyFileError",
    "EmptyFolderError",
    "FileTooLargeError",
    "ImportEntry",
    "ImportReport",
    "NoPatientsError",
    "ReadResult",
    "UnknownFormatError",
    "read_bytes",
    "read_patients",
    "read_uploads",
    "upload_options",
    "write_profile",
    "write_profiles",
]

# Extensions an upload may have; the content decides how it is read.
UPLOAD_TYPES = (
    "json",
    "ndjson",
    "xml",
    "yaml",
    "yml",
    "vcf",
    "gz",
    "maf",
    "csv",
    "tsv",
    "txt",
    "xlsx",
    "parquet",
)

READERS: dict[str, Reader] = {
    "project json": project_json.read,
    "table": table.read,
    "maf": maf.read,
    "fhir": fhir.read,
    "fhir xml": fhir.read,
    "fhir ndjson": fhir.read,
    "phenopacket": phenopacket.read,
    "phenopacket yaml": phenopacket.read,
    "vcf": vcf.read,
    "cbioportal": cbioportal.read,
    "excel": spreadsheet.read_excel,
    "parquet": spreadsheet.read_parquet,
}


def read_patients(
    path: str | Path,
    *,
    panel: Collection[str] | None = None,
    panel_name: str | None = None,
    panels: Table[str, Collection[str]] | None = None,
    assayed: Literal["file", "seen", "unknown"] = "file",
    genes: GeneTable = GENES,
    pseudonymise: bool | None = None,
    mapping: str | Path | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> ReadResult:
    """Patients of a file or folder, with a report of everything that was used, changed, doubtful or dropped.

    Parameters
    ----------
    path : path
        A file, or a folder of files that belong together.
    panel : collection of str, optional
        Genes the assay covered, where the file does not tell. Without it they stay unknown, never assumed.
    panel_name : str, optional
        What that panel is called, for the report.
    panels : mapping of str to collection of str, optional
        Genes of panels by name, for files that name one.
    assayed : {"file", "seen", "unknown"}
        "seen" takes every gene with a variant in any patient as assayed in every sequenced one; the report says so.
        "file" does that only where the file says who was sequenced, and at least 20 patients were.
    genes : GeneTable
        Symbols and former symbols; `oncology.vocabulary.genes.load_hgnc` reads the full set.
    pseudonymise : bool, optional
        Replace patient ids; by default where they look personal, and always in FHIR and Phenopackets.
    mapping : path, optional
        A mapping file that tells what columns and codes of a table mean; `oncology.intake.mapping` describes it.
    progress : callable, optional
        Called with a share from 0 to 1 and a sentence.

    Raises
    ------
    OncologyError
        One of its children, with what was found, what was expected and what to do next.
    """
    told = read_mapping(mapping) if mapping is not None else Mapping({}, {}, {})
    options = Options(
        columns=told.columns,
        units=told.units,
        values=told.values,
        panel=None if panel is None else frozenset(genes.resolve(g).symbol for g in panel),
        panel_name=panel_name,
        panels={name: frozenset(members) for name, members in (panels or {}).items()},
        assayed=assayed,
        pseudonymise=pseudonymise,
        genes=genes,
        progress=progress,
    )
    place = Path(path)
    if place.is_dir():
        folder = GivenFolder(place)
        result = READERS[_sniff_folder(folder)](folder, options)
    else:
        file = GivenFile.of_path(place)
        result = READERS[sniff(file)](file, options)
    return with_panel(result, panel, panel_name, genes)


def read_bytes(
    name: str,
    data: bytes,
    *,
    panel: Collection[str] | None = None,
    panel_name: str | None = None,
    assayed: Literal["file", "seen", "unknown"] = "file",
    mapping: tuple[str, bytes] | None = None,
) -> ReadResult:
    """Patients of an upload: at most 25 MB, checked here and not only by the browser; nothing touches the disk.

    Parameters
    ----------
    name : str
        Name of the file; the content decides how it is read.
    data : bytes
    panel, panel_name, assayed
        As for `read_patients`.
    mapping : tuple of str and bytes, optional
        Name and content of a mapping file.

    Raises
    ------
    OncologyError
        One of its children.
    """
    options = upload_options(panel=panel, panel_name=panel_name, assayed=assayed, mapping=mapping)
    return read_uploads([(name, data)], options=options)[0]


def read_uploads(files: Sequence[tuple[str, bytes]], *, options: Options) -> tuple[ReadResult, ...]:
    """Patients of several uploads: what belongs together is read together, the rest one by one.

    A MAF takes the tables beside it (clinical, copy number, fusions), and single FHIR resources or NDJSON form one
    export. Bundles are read one by one, since two of them may use the same local ids for different persons.

    Parameters
    ----------
    files : sequence of (name, content)
    options : Options
        As `upload_options` makes them.

    Raises
    ------
    OncologyError
        One of its children; then nothing of the files is used.
    """
    given = [GivenFile.of_bytes(name, data) for name, data in files]
    kinds = [sniff(file) for file in given]
    together: dict[str, list[GivenFile]] = {}
    alone: list[tuple[str, GivenFile]] = []
    for kind, file in zip(kinds, given, strict=True):
        if "maf" in kinds and kind in ("maf", "table"):
            together.setdefault("maf", []).append(file)
        elif kind.startswith("fhir") and not _is_bundle(file):
            together.setdefault("fhir", []).append(file)
        else:
            alone.append((kind, file))
    results = []
    for kind, members in together.items():
        whole = members[0] if len(members) == 1 else GivenUpload(held=tuple(members))
        results.append(READERS[kind](whole, options))
    results += [READERS[kind](file, options) for kind, file in alone]
    return tuple(with_panel(r, options.panel, options.panel_name, options.genes) for r in results)


def upload_options(
    *,
    panel: Collection[str] | None = None,
    panel_name: str | None = None,
    assayed: Literal["file", "seen", "unknown"] = "file",
    mapping: tuple[str, bytes] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Options:
    """What the user tells of an upload; parameters as for `read_bytes` and `read_patients`.

    Raises
    ------
    MappingError
        Where the mapping file cannot be used.
    """
    told = parse_mapping(*mapping) if mapping is not None else Mapping({}, {}, {})
    return Options(
        columns=told.columns,
        units=told.units,
        values=told.values,
        panel=None if panel is None else frozenset(GENES.resolve(g).symbol for g in panel),
        panel_name=panel_name,
        assayed=assayed,
        progress=progress,
    )


def _is_bundle(file: GivenFile) -> bool:
    return re.search(rb'"resourceType"\s*:\s*"Bundle"|<(\w+:)?Bundle\b', file.head()) is not None


def _sniff_folder(folder: GivenFolder) -> str:
    files = folder.files()
    names = [p.name.casefold() for p in files]
    if not files:
        raise EmptyFolderError(folder.name, folder.folders())
    if "meta_study.txt" in names or "data_clinical_sample.txt" in names:
        return "cbioportal"
    if any(n.removesuffix(".gz").endswith(".maf") for n in names):
        return "maf"
    for path in files:
        if (
            path.name.casefold().endswith((".json", ".ndjson", ".xml", ".yaml", ".yml"))
            and path.stat().st_size
        ):
            found = sniff(GivenFile.of_path(path))
            if found.startswith("fhir"):
                return "fhir"
            if found.startswith("phenopacket") or found == "project json":
                return found
    raise UnknownFormatError(
        folder.name,
        f"the folder holds {len(files)} files, but no MAF, no cBioPortal study, no FHIR, Phenopackets or profiles",
    )
