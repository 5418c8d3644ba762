"""Why a file cannot be read: each error says what was found, what was expected, what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from oncology.errors import OncologyError

__all__ = [
    "BrokenFileError",
    "DuplicatePatientError",
    "EmptyFileError",
    "EmptyFolderError",
    "FileTooLargeError",
    "NoPatientsError",
    "UnknownFormatError",
]

# Of many folders inside a folder, as many are named.
_MOST_NAMED = 8


class UnknownFormatError(OncologyError, ValueError):
    """No reader knows this kind of file."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(
            f"{name}: {found}. Readable are: Glassboard profiles (JSON), FHIR R4 (JSON, XML, NDJSON), Phenopackets "
            "(JSON, YAML), VCF with VEP or SnpEff annotation, MAF, cBioPortal study folders, and tables (CSV, TSV, "
            "Excel, Parquet) with one row a patient. Export the patient in one of these."
        )
        self.name = name


class EmptyFileError(OncologyError, ValueError):
    """A file without content."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is empty (no content but blanks). Export it again, or choose another file.")
        self.name = name


class EmptyFolderError(OncologyError, ValueError):
    """A folder that holds no file, perhaps only further folders."""

    def __init__(self, name: str, folders: Sequence[str]) -> None:
        inside = ", ".join(folders[:_MOST_NAMED]) + (" and more" if len(folders) > _MOST_NAMED else "")
        found = f"no file, only folders ({inside})" if folders else "no file"
        todo = "Name one of them" if folders else "Put patient files into it, or choose another"
        super().__init__(
            f"The folder {name} holds {found}. {todo}; folders inside a folder are not searched."
        )
        self.name, self.folders = name, tuple(folders)


class FileTooLargeError(OncologyError, ValueError):
    """A file over the limit, as it is or once unpacked."""

    def __init__(self, name: str, size: int, limit: int, *, unpacked: bool = False) -> None:
        state = "unpacks to more than" if unpacked else f"holds {size / 1e6:,.1f} MB;"
        tail = f"{limit / 1e6:,.0f} MB" if unpacked else f"at most {limit / 1e6:,.0f} MB are read here"
        super().__init__(
            f"{name} {state} {tail}. Split it by patients, or read it from a terminal: "
            ".venv/bin/python -m explainers import FILE."
        )
        self.name, self.size, self.limit = name, size, limit


class BrokenFileError(OncologyError, ValueError):
    """A file of a known kind whose content cannot be read."""

    def __init__(self, name: str, kind: str, found: str, todo: str) -> None:
        super().__init__(f"{name} looks like {kind}, but {found}. {todo}")
        self.name, self.kind = name, kind


class DuplicatePatientError(OncologyError, ValueError):
    """One patient id stands for several rows or profiles."""

    def __init__(self, name: str, patient_ids: list[str]) -> None:
        few = ", ".join(repr(p) for p in patient_ids[:5])
        more = f" and {len(patient_ids) - 5} more" if len(patient_ids) > 5 else ""
        super().__init__(
            f"{name}: {len(patient_ids)} patient ids stand on more than one row ({few}{more}). Expected one row a "
            "patient. Give each row its own id; several samples of one patient need a column sample_day or sample_id."
        )
        self.patient_ids = tuple(patient_ids)


class NoPatientsError(OncologyError, ValueError):
    """A readable file in which no patient was found."""

    def __init__(self, name: str, found: str, todo: str) -> None:
        super().__init__(f"{name}: {found}, and no patient in it. {todo}")
        self.name = name
