"""Rows as aligned text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["columns"]


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as lines under the heads of the first; numbers stand right.

    Examples
    --------
    >>> print("\\n".join(columns([{"option": "Osimertinib", "n": 5}, {"option": "A", "n": 12}])))
    option        n
    Osimertinib   5
    A            12
    """
    if not rows:
        return []
    heads = list(rows[0])
    cells = [[_words(row.get(h)) for h in heads] for row in rows]
    width = [max(len(h), *(len(line[i]) for line in cells)) for i, h in enumerate(heads)]
    right = [all(_is_figure(line[i]) for line in cells) for i in range(len(heads))]

    def line(texts: Sequence[str]) -> str:
        parts = [t.rjust(w) if r else t.ljust(w) for t, w, r in zip(texts, width, right, strict=True)]
        return "  ".join(parts).rstrip()

    return [line(heads), *(line(texts) for texts in cells)]


def _words(cell: Any) -> str:
    return "–" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _is_figure(text: str) -> bool:
    return text == "–" or text.replace(",", "").lstrip("+-−").replace(".", "", 1).isdigit()
