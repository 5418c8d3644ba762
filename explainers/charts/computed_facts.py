"""Computed numbers as a table for people: what, a bar where it is a share of 100, and the number."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

__all__ = ["Side", "facts_html"]

# Whose number it is; said in words too, never by colour alone.
Side = Literal["model", "truth", "outcome", "other"]
_WORDS: dict[Side, str] = {"model": "model", "truth": "truth", "outcome": "observed", "other": ""}


def facts_html(rows: Sequence[tuple[str, str, float | None, Side]], *, caption: str) -> str:
    """Rows as one HTML table.

    Parameters
    ----------
    rows : sequence of (label, number in words, share of 100 or None, whose)
        A share gets a bar of its length.

    Examples
    --------
    >>> "width:49.0%" in facts_html([("The model says", "49", 49.0, "model")], caption="Computed")
    True
    """
    lines = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td class="gb-whose">{_WORDS[side]}</td>'
        f'<td class="gb-bar">{_bar(share, side)}</td><td class="number">{escape(words)}</td></tr>'
        for label, words, share, side in rows
    )
    return (
        f'<div class="gb-table gb-computed" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f'<caption>{escape(caption)}</caption><thead><tr><th scope="col">what</th><th scope="col">whose</th>'
        '<th scope="col">of 100</th><th scope="col" class="number">computed</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _bar(share: float | None, side: Side) -> str:
    if share is None:
        return ""
    return f'<span class="gb-track"><span class="gb-{side}" style="width:{min(max(share, 0.0), 100.0):.1f}%"></span></span>'
