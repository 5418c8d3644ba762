"""Two explanations of one option, before and after an edit, as an HTML table that draws itself.

Bars stand on the scale of the explanation (log-odds, probability or score), from zero to each attribution; a tick
shows where the attribution was for the patient as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from explainers.explanation import Explanation

__all__ = ["attribution_change_html", "attribution_change_rows", "attribution_change_style"]


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    words: str
    before: float
    after: float

    @property
    def size(self) -> float:
        return max(abs(self.before), abs(self.after))


@cache
def attribution_change_style() -> str:
    """The CSS rules of this table, without a ``<style>`` tag."""
    return (Path(__file__).parent / "attribution_change.css").read_text(encoding="utf-8")


def _lines(before: Explanation, after: Explanation) -> list[_Line]:
    words = [
        a if a == b else f"{a}, was {b}"
        for a, b in zip(after.feature_words, before.feature_words, strict=True)
    ]
    return [
        _Line(label, w, float(b), float(a))
        for label, w, b, a in zip(after.feature_labels, words, before.values, after.values, strict=True)
    ]


def _largest(before: Explanation, after: Explanation, most: int) -> tuple[list[_Line], _Line | None]:
    """Edited features first, then the largest; the rest added up in one line."""
    lines = _lines(before, after)
    edited = [a != b for a, b in zip(after.feature_words, before.feature_words, strict=True)]
    order = sorted(range(len(lines)), key=lambda i: (not edited[i], -lines[i].size))
    shown = [lines[i] for i in order[: max(most, sum(edited))] if edited[i] or lines[i].size > 0]
    rest = [lines[i] for i in order[max(most, sum(edited)) :]]
    other = None
    if any(line.size > 0 for line in rest):
        other = _Line(
            f"{len(rest)} other inputs",
            "",
            sum(line.before for line in rest),
            sum(line.after for line in rest),
        )
    return shown, other


def attribution_change_html(
    before: Explanation, after: Explanation, *, caption: str, most: int = 8, compared: bool = True
) -> str:
    """The table: one line a feature, edited features first, then the largest attributions.

    Parameters
    ----------
    before, after : Explanation
        Of the same option, method and background; for the patient as recorded and as edited.
    caption : str
    most : int
        Lines of their own; the other features share one.
    compared : bool
        Whether ticks and the column "was" are drawn.
    """
    shown, other = _largest(before, after, most)
    lines = shown + ([other] if other is not None else [])
    reach = max((line.size for line in lines), default=0.0) or 1.0
    low = min(0.0, min((min(line.before, line.after) for line in lines), default=0.0)) / reach
    high = max(0.0, max((max(line.before, line.after) for line in lines), default=0.0)) / reach
    width = (high - low) or 1.0

    def at(value: float) -> float:
        return (value / reach - low) / width

    body = "".join(_row(line, at, compared) for line in lines)
    was = '<th scope="col" class="gbc-number">was</th>' if compared else ""
    totals = _totals(before, after, compared)
    unit = escape(after.unit)
    return (
        f'<table class="gbc"><caption>{escape(caption)}</caption><thead><tr><th scope="col">Input</th>'
        f'<th scope="col" class="gbc-plot">lowers · raises ({unit})</th>{was}'
        f'<th scope="col" class="gbc-number">now</th></tr></thead><tbody>{body}</tbody><tfoot>{totals}</tfoot></table>'
    )


def _row(line: _Line, at: Any, compared: bool) -> str:
    zero, now = at(0.0), at(line.after)
    place = f"--zero:{zero:.4f};--from:{min(zero, now):.4f};--to:{max(zero, now):.4f}"
    marks = f'<i class="gbc-bar gbc-{"up" if line.after >= 0 else "down"}"></i><i class="gbc-zero"></i>'
    if compared:
        place += f";--was:{at(line.before):.4f}"
        marks += '<i class="gbc-tick"></i>'
    was = f'<td class="gbc-number gbc-was">{_signed(line.before)}</td>' if compared else ""
    words = f'<span class="gbc-words">{escape(line.words)}</span>' if line.words else ""
    return (
        f'<tr><th scope="row">{escape(line.label)}{words}</th><td class="gbc-plot"><div class="gbc-track" '
        f'style="{place}">{marks}</div></td>{was}<td class="gbc-number">{_signed(line.after)}</td></tr>'
    )


def _totals(before: Explanation, after: Explanation, compared: bool) -> str:
    def line(name: str, b: float, a: float) -> str:
        was = f'<td class="gbc-number gbc-was">{b:.2f}</td>' if compared else ""
        return f'<tr><th scope="row" colspan="2">{escape(name)}</th>{was}<td class="gbc-number">{a:.2f}</td></tr>'

    text = line(f"Compared with {after.background}", before.base_value, after.base_value)
    if max(abs(before.residual()), abs(after.residual())) >= 0.005:
        text += line("Left unexplained", before.residual(), after.residual())
    return (text + line("This patient", before.score, after.score)).replace(">-", ">−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0"


def attribution_change_rows(before: Explanation, after: Explanation) -> list[dict[str, Any]]:
    """Every attribution before and after, one row a feature, largest first."""
    lines = sorted(_lines(before, after), key=lambda line: -line.size)
    unit = after.unit
    return [
        {
            "input": line.label,
            "value": line.words,
            f"before ({unit})": round(line.before, 4),
            f"after ({unit})": round(line.after, 4),
            f"change ({unit})": round(line.after - line.before, 4),
        }
        for line in lines
    ]
