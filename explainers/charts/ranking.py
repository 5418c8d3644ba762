"""The ranking of options as an HTML table that draws itself: dots with intervals, bands, and what changed.

Plain HTML, not a plotly figure: a screen reader reads every number in its place, it fits a phone, and it is
repainted within a few milliseconds of a toggle. `STYLE` holds its rules, once per page or document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

__all__ = ["RankedOption", "ranking_html", "ranking_style"]

# A change smaller than half a point prints as no change.
_VISIBLE = 0.005


@dataclass(frozen=True, slots=True)
class RankedOption:
    """One line of the ranking.

    Parameters
    ----------
    label : str
    band : int or None
        1 for the best; options of one band cannot be told apart. None where the model abstains.
    probability, low, high : float in [0, 1], or None
        Calibrated probability with its interval; None where the model abstains.
    recorded : float or None
        The probability of the patient as recorded, drawn as a tick; None where there is nothing to compare.
    recorded_band : int or None
    note : str
        Why the model abstains, or a caution in a few words.
    """

    label: str
    band: int | None
    probability: float | None
    low: float | None
    high: float | None
    recorded: float | None = None
    recorded_band: int | None = None
    note: str = ""

    @property
    def change(self) -> float | None:
        """Difference from the recorded profile, or None where either is missing."""
        if self.probability is None or self.recorded is None:
            return None
        return self.probability - self.recorded

    @property
    def moved(self) -> bool:
        """Whether the change is large enough to print."""
        return self.change is not None and abs(self.change) >= _VISIBLE


@cache
def ranking_style() -> str:
    """The CSS rules of the ranking, without a ``<style>`` tag."""
    return (Path(__file__).parent / "ranking.css").read_text(encoding="utf-8")


def ranking_html(
    options: Sequence[RankedOption], *, caption: str, outcome: str = "respond", compared: bool = False
) -> str:
    """The ranking as one HTML table.

    Parameters
    ----------
    options : sequence of RankedOption
        Best first, as the model ranks them; abstained options (band None) are set apart at the end.
    caption : str
        What the table shows, for everybody who cannot see it.
    outcome : str
        What the probability is of, as a verb phrase.
    compared : bool
        Whether a tick and a column for the change from the recorded profile are drawn.

    Examples
    --------
    >>> line = RankedOption("Osimertinib", 1, 0.62, 0.48, 0.75, recorded=0.41)
    >>> "+21" in ranking_html([line], caption="Ranking", compared=True)
    True
    """
    ranked = [o for o in options if o.probability is not None]
    apart = [o for o in options if o.probability is None]
    bands = [list(lines) for _, lines in groupby(ranked, key=lambda o: o.band)]
    body = "".join(_band(lines, i % 2 == 1, compared) for i, lines in enumerate(bands))
    columns = 5 if compared else 4
    if ranked:
        body += _scale(columns)
    if apart:
        body += _abstained(apart, columns)
    heads = [
        '<th scope="col" class="gbr-band"><span class="gbr-wide">Band</span></th>',
        '<th scope="col" class="gbr-option">Option</th>',
        f'<th scope="col" class="gbr-plot">{_legend(compared)}</th>',
        f'<th scope="col" class="gbr-number"><abbr title="of 100 such patients expected to {escape(outcome)}">'
        "per 100</abbr></th>",
    ]
    if compared:
        heads.append(
            '<th scope="col" class="gbr-number"><abbr title="change from the record">change</abbr></th>'
        )
    return (
        f'<table class="gbr"><caption>{escape(caption)}</caption><thead><tr>{"".join(heads)}</tr></thead>'
        f"{body}</table>"
    )


def _scale(columns: int) -> str:
    ticks = "".join(f'<span style="--at:{at / 100}">{at}</span>' for at in (0, 25, 50, 75, 100))
    return (
        '<tbody class="gbr-scale" aria-hidden="true"><tr><td></td><td></td><td class="gbr-plot">'
        f'<div class="gbr-axis">{ticks}</div></td>{"<td></td>" * (columns - 3)}</tr></tbody>'
    )


def _legend(compared: bool) -> str:
    tick = '<i class="gbr-key-tick"></i>as recorded' if compared else ""
    return (
        '<span class="gbr-legend" aria-hidden="true"><i class="gbr-key-dot"></i>expected'
        f'<i class="gbr-key-bar"></i>95 % interval{tick}</span><span class="gbr-hidden">95 % interval</span>'
    )


def _band(lines: list[RankedOption], odd: bool, compared: bool) -> str:
    first = lines[0].band
    title = (
        "alone in the top band"
        if len(lines) == 1 and first == 1
        else ("these cannot be told apart" if len(lines) > 1 else "")
    )
    head = (
        f'<th scope="rowgroup" class="gbr-band" rowspan="{len(lines)}"><span title="{title}">'
        f'<span class="gbr-hidden">Band </span>{first}</span></th>'
        if first is not None
        else f'<td class="gbr-apart" rowspan="{len(lines)}"></td>'
    )
    rows = "".join(_line(o, head if i == 0 else "", compared) for i, o in enumerate(lines))
    return f'<tbody class="{"gbr-odd" if odd else "gbr-even"}">{rows}</tbody>'


def _line(o: RankedOption, head: str, compared: bool) -> str:
    assert o.probability is not None
    low = o.probability if o.low is None else o.low
    high = o.probability if o.high is None else o.high
    place = f"--low:{low:.4f};--high:{high:.4f};--at:{o.probability:.4f}"
    if compared and o.recorded is not None:
        place += f";--was:{o.recorded:.4f};--from:{min(o.recorded, o.probability):.4f}"
        place += f";--to:{max(o.recorded, o.probability):.4f}"
    marks = '<i class="gbr-interval"></i>'
    if compared and o.moved:
        marks += '<i class="gbr-move"></i>'
    if compared and o.recorded is not None:
        marks += '<i class="gbr-tick"></i>'
    marks += '<i class="gbr-dot"></i>'
    interval = f"{100 * low:.0f} to {100 * high:.0f}"
    note = f'<span class="gbr-note">{escape(o.note)}</span>' if o.note else ""
    cells = (
        f'<th scope="row" class="gbr-option">{escape(o.label)}{note}</th>'
        f'<td class="gbr-plot"><div class="gbr-track" style="{place}" title="{interval} per 100">{marks}'
        f'<span class="gbr-hidden">{interval}</span></div></td>'
        f'<td class="gbr-number gbr-value">{100 * o.probability:.0f}</td>'
    )
    if compared:
        cells += f'<td class="gbr-number gbr-change">{_change(o)}</td>'
    return f'<tr class="{"gbr-moved" if compared and o.moved else ""}">{head}{cells}</tr>'


def _change(o: RankedOption) -> str:
    if o.change is None:
        return '<abbr title="the model abstained on the record">new</abbr>'
    if not o.moved:
        return '<span class="gbr-still" title="no change"><span class="gbr-hidden">no change</span></span>'
    # Both ends are rounded first, so that the change is the difference of the numbers that people see.
    points = round(100 * (o.probability or 0)) - round(100 * (o.recorded or 0))
    return f"{points:+d}".replace("-", "−") if points else "&lt; 1"


def _abstained(options: Sequence[RankedOption], columns: int) -> str:
    by_reason: dict[str, list[str]] = {}
    for o in options:
        by_reason.setdefault(o.note, []).append(o.label)
    rows = "".join(
        f'<tr><th scope="row" class="gbr-silent" colspan="{columns - 1}">{escape(", ".join(labels))}'
        f'<span class="gbr-note">{escape(reason)}</span></th></tr>'
        for reason, labels in by_reason.items()
    )
    head = (
        f'<tr><td class="gbr-apart" rowspan="{len(by_reason) + 1}"></td>'
        f'<th scope="rowgroup" class="gbr-apart" colspan="{columns - 1}">No answer: the model abstains</th></tr>'
    )
    return f'<tbody class="gbr-abstained">{head}{rows}</tbody>'
