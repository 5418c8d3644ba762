"""Rows of a table with named columns, whichever separator, quoting and comment lines the file has."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from oncology.intake.errors import BrokenFileError, EmptyFileError
from oncology.intake.opening import GivenFile

__all__ = ["Rows", "read_rows", "separator_of"]

# A field this long is no clinical value; the csv module refuses it, and so do we.
csv.field_size_limit(1_000_000)
MAX_COLUMNS = 100_000


@dataclass(slots=True)
class Rows:
    """Column names, rows as lists of text (short rows are filled), and comment lines above the header."""

    header: list[str]
    rows: Iterator[list[str]]
    comments: list[str]


def separator_of(line: str) -> str:
    """The separator a header line uses: tab, comma or semicolon, whichever it holds most."""
    return max("\t,;", key=line.count)


def read_rows(file: GivenFile, *, separator: str | None = None, comment: str = "#") -> Rows:
    """The rows of a text table, streamed.

    Raises
    ------
    EmptyFileError, BrokenFileError
        Without a header, or where quoting is broken or a field is huge.
    """
    lines = file.lines()
    comments: list[str] = []
    header_line = ""
    for line in lines:
        if not line.strip():
            continue
        if comment and line.startswith(comment):
            comments.append(line[:500])
            continue
        header_line = line.lstrip("\ufeff")
        break
    if not header_line:
        raise EmptyFileError(file.name)
    cut = separator or separator_of(header_line)
    header = _one(file, header_line, cut)
    if len(header) > MAX_COLUMNS:
        raise BrokenFileError(file.name, "a table", f"it has {len(header):,} columns", "Check the separator.")
    return Rows(header, _rows(file, lines, cut, len(header), comment), comments)


def _one(file: GivenFile, line: str, cut: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=cut))]
    except (csv.Error, StopIteration) as error:
        raise BrokenFileError(
            file.name, "a table", f"its header cannot be read ({error})", "Save it as plain CSV."
        ) from None


def _rows(file: GivenFile, lines: Iterator[str], cut: str, width: int, comment: str) -> Iterator[list[str]]:
    # The lines carry no ends; the csv reader needs them to keep a quoted line break.
    kept = (line.replace("\0", "") + "\n" for line in lines if not (comment and line.startswith(comment)))
    # Tab-separated files of the field (MAF, cBioPortal) do not quote: a stray quotation mark is a character.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if cut == "\t" else csv.QUOTE_MINIMAL
    try:
        for row in csv.reader(kept, delimiter=cut, quoting=quoting):
            if not row or not any(cell.strip() for cell in row):
                continue
            cells = [cell.strip() for cell in row]
            if len(cells) < width:
                cells += [""] * (width - len(cells))
            yield cells
    except csv.Error as error:
        raise BrokenFileError(
            file.name, "a table", f"a row cannot be read ({error})", "Save it as plain CSV."
        ) from None
