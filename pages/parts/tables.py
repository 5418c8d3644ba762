"""Tables that everybody can read and take away: plain HTML for eyes and screen readers, CSV for the rest."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

import streamlit as st

from pages.parts import session

# A table with more lines may be taller than its frame: the caption then says how many there are.
SEEN_AT_ONCE = 8
# A column of cells of few letters is not broken into lines; among several, one with a cell of many letters gets
# the room to be read in some six lines.
SHORT, LONG, UNCROWDED = 22, 48, 3

Cell = str | float | int | bool | None
Row = Mapping[str, Cell]


def show(rows: Sequence[Row], *, caption: str, name: str, most: int = 200) -> None:
    """Draw a table with its caption, and offer all of it as CSV.

    Parameters
    ----------
    rows : sequence of mappings
        One a line; the keys of the first are the column heads.
    caption : str
        What the table shows, in one phrase.
    name : str
        Name of the CSV file, without patient ids, and part of the widget's key.
    most : int
        Lines drawn; the CSV holds all of them, and the caption says where lines are left out.
    """
    if not rows:
        st.caption(f"{caption}: nothing to list.")
        return
    more = ""
    if len(rows) > most:
        more = f" (first {most} of {len(rows)}; the CSV holds all)"
    elif len(rows) > SEEN_AT_ONCE:
        more = f" ({len(rows)} lines)"
    st.html(as_html(rows[:most], caption + more))
    download(rows, name=name)


def beside(rows: Sequence[Row] | Callable[[], Sequence[Row]], *, caption: str, name: str) -> None:
    """The numbers of a chart, folded away under it; they are made and sent once they are asked for."""
    folded = st.expander("The same as a table", key=f"table-{name}", on_change="rerun")
    if folded.open:
        with folded:
            show(rows() if callable(rows) else rows, caption=caption, name=name)


def download(rows: Sequence[Row], *, name: str) -> None:
    """Offer rows as a CSV file; of a patient whose consent is "none" nothing may be saved."""
    if session.export_refusal():
        return
    st.download_button(
        "Download CSV", as_csv(rows), f"{name}.csv", "text/csv", key=f"csv-{name}", on_click="ignore",
        type="tertiary", icon=":material/download:",
    )  # fmt: skip


def as_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV text; cells that a spreadsheet would run as a formula are quoted as text.

    Examples
    --------
    >>> as_csv([{"gene": "KRAS", "note": "=1+1"}])
    "gene,note\\r\\nKRAS,'=1+1\\r\\n"
    """
    heads = list(rows[0]) if rows else []
    out = io.StringIO()
    writer = csv.DictWriter(out, heads, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({h: _csv_cell(row.get(h)) for h in heads})
    return out.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, str) and re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"[+-]?[\d.,]+%?", cell):
        return "'" + cell
    return cell


def as_html(rows: Sequence[Row], caption: str) -> str:
    """Rows as one HTML table; every text is escaped, numbers stand right, sentences have room."""
    heads = list(rows[0])
    numeric = {h for h in heads if all(isinstance(r.get(h), (int, float, type(None))) for r in rows)}
    letters = {h: max(len(_words(r.get(h))) for r in rows) for h in heads}
    kind = {h: _kind(h in numeric, letters[h], crowded=len(heads) > UNCROWDED) for h in heads}
    head = "".join(f'<th scope="col"{kind[h]}>{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f"<td{kind[h]}>{escape(_words(row.get(h)))}</td>" for h in heads) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="gb-table" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _kind(numeric: bool, letters: int, *, crowded: bool) -> str:
    if numeric:
        return ' class="number"'
    if letters <= SHORT:
        return ' class="short"'
    return f' style="min-width:{min(34, letters // 7)}rem"' if crowded and letters > LONG else ""


def _words(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.3g}" if abs(cell) < 1000 else f"{cell:,.0f}"
    return str(cell)
