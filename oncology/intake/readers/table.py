"""Cohort tables: one row a patient, in comma-, tab- or semicolon-separated text."""

from __future__ import annotations

from collections.abc import Iterable

from oncology.intake.errors import BrokenFileError
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.table_rows import profiles_of_rows
from oncology.intake.tabular import read_rows

__all__ = ["read"]


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Profiles of a text table.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, NoPatientsError
    """
    if isinstance(given, GivenFolder):
        raise BrokenFileError(given.name, "a folder", "a table is one file", "Name the file itself.")
    ledger = Ledger()
    table = read_rows(given)
    rows: Iterable[list[str]] = table.rows
    profiles = profiles_of_rows(given.name, table.header, rows, given.source("table"), options, ledger)
    if table.comments:
        ledger.note(f"{len(table.comments)} comment lines (#) above the header were not read.")
    return ReadResult(profiles, ledger.report(given.source("table")))
