"""Cohort tables in Excel workbooks and Parquet files: one row a patient."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from oncology.intake.errors import BrokenFileError, EmptyFileError, FileTooLargeError
from oncology.intake.opening import MAX_DOCUMENT, GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.table_rows import profiles_of_rows

__all__ = ["read_excel", "read_parquet"]


def _text(value: Any) -> str:
    """A cell as text; whole numbers without their decimals, as people wrote them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return (
            ""
            if value != value
            else str(int(value))
            if value.is_integer() and abs(value) < 1e15
            else repr(value)
        )
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return "; ".join(_text(v) for v in value)
    return str(value).strip()


def read_excel(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Profiles of the first filled sheet of a workbook (.xlsx); formulas count by their stored value.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, FileTooLargeError, NoPatientsError
    """
    file = _one(given)
    content = file.content()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BrokenFileError(
            file.name, "an Excel workbook", f"it cannot be opened ({error})", "Save it again."
        ) from None
    if unpacked > MAX_DOCUMENT:
        raise FileTooLargeError(file.name, unpacked, MAX_DOCUMENT, unpacked=True)
    from openpyxl import load_workbook

    ledger = Ledger()
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheets = [
            (sheet.title, [[_text(c) for c in row] for row in sheet.iter_rows(values_only=True)])
            for sheet in book.worksheets
        ]
    except Exception as error:  # noqa: BLE001  (the library raises whatever its parsers meet)
        words = f"it cannot be parsed ({type(error).__name__})"
        raise BrokenFileError(
            file.name, "an Excel workbook", words, "Save it again, or export it as CSV."
        ) from None
    filled = [(title, [row for row in rows if any(row)]) for title, rows in sheets]
    filled = [(title, rows) for title, rows in filled if rows]
    if not filled:
        raise EmptyFileError(file.name)
    rows = filled[0][1]
    if len(filled) > 1:
        ledger.note(f"The first sheet was read; {len(filled) - 1} other sheets were not.")
    width = max((i + 1 for i, cell in enumerate(rows[0]) if cell), default=0)
    header, body = rows[0][:width], (row + [""] * (width - len(row)) for row in rows[1:])
    source = file.source("excel")
    return ReadResult(
        profiles_of_rows(file.name, header, body, source, options, ledger), ledger.report(source)
    )


def read_parquet(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Profiles of a Parquet file.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, NoPatientsError
    """
    file = _one(given)
    import pyarrow
    import pyarrow.parquet

    ledger = Ledger()
    try:
        table = pyarrow.parquet.ParquetFile(io.BytesIO(file.content()))
        if table.metadata.num_rows > 1_000_000:
            raise BrokenFileError(
                file.name, "a Parquet file", f"it has {table.metadata.num_rows:,} rows", "Split it."
            )
        header = list(table.schema_arrow.names)
        rows = list(_parquet_rows(table))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, BrokenFileError):
            raise
        words = f"it cannot be parsed ({' '.join(str(error).split())[:80]})"
        raise BrokenFileError(file.name, "a Parquet file", words, "Write it again.") from None
    source = file.source("parquet")
    return ReadResult(
        profiles_of_rows(file.name, header, rows, source, options, ledger), ledger.report(source)
    )


def _parquet_rows(table: Any) -> Iterator[list[str]]:
    for batch in table.iter_batches(batch_size=5000):
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield [_text(v) for v in values]


def _one(given: GivenFile | GivenFolder) -> GivenFile:
    if isinstance(given, GivenFolder):
        raise BrokenFileError(given.name, "a folder", "a table is one file", "Name the file itself.")
    return given
