"""A probability as a hundred people: ten by ten dots, with its interval, readable aloud and without a script.

Plain boxes with a dotted background and no SVG, which Streamlit strips from a page's HTML.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html import escape

__all__ = ["icon_array_html", "icon_array_style"]


def icon_array_style() -> str:
    """The CSS rules of the picture, without a ``<style>`` tag."""
    return """
.gbi { --now: light-dark(#0072b2, #56b4e9); --pale: light-dark(#8fc3e3, #2f6d8f); --rest: light-dark(#d3d9df, #3b4753);
  position: relative; width: 10em; height: 10em; font-size: 8.5px; flex: none; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
.gbi i { position: absolute; background-size: 1em 1em;
  background-image: radial-gradient(circle, var(--dot) 0.34em, transparent 0.38em); }
.gbi .yes { --dot: var(--now); }
.gbi .open { --dot: var(--pale); }
.gbi .no { --dot: var(--rest); }
.gbi .open, .gbi .more { background-image: radial-gradient(circle, var(--dot, transparent) 0.22em, var(--now) 0.26em,
  var(--now) 0.34em, transparent 0.38em); }
@media (forced-colors: active) { .gbi { forced-color-adjust: none; } }
"""


@cache
def icon_array_html(people: int, low: int | None, high: int | None, *, words: str) -> str:
    """A hundred dots: as many filled as people, the interval in paler ringed dots and in rings.

    Parameters
    ----------
    people : int, 0 to 100
        The rounded probability.
    low, high : int, 0 to 100, or None
        Ends of the interval: from `low` on the filled dots are paler, up to `high` the others are ringed.
    words : str
        The same for everybody who cannot see it.

    Examples
    --------
    >>> icon_array_html(30, 30, 40, words="30 of 100").count("<i ")
    3
    """
    least = people if low is None else min(low, people)
    most = people if high is None else max(high, people)
    parts = (("yes", 0, least), ("open", least, people), ("more", people, most), ("no", most, 100))
    boxes = "".join(_box(name, *box) for name, a, b in parts for box in boxes_of(a, b))
    return f'<div class="gbi" role="img" aria-label="{escape(words)}">{boxes}</div>'


def boxes_of(first: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Boxes (column, row, width, height) that hold the places from `first` up to `end`, counted row by row.

    Examples
    --------
    >>> list(boxes_of(8, 25))
    [(8, 0, 2, 1), (0, 1, 10, 1), (0, 2, 5, 1)]
    """
    if first >= end:
        return
    row, column = divmod(first, 10)
    if column:
        stop = min(end, 10 * (row + 1))
        yield column, row, stop - first, 1
        yield from boxes_of(stop, end)
        return
    full, rest = divmod(end - first, 10)
    if full:
        yield 0, row, 10, full
    if rest:
        yield 0, row + full, rest, 1


def _box(name: str, column: int, row: int, width: int, height: int) -> str:
    return f'<i class="{name}" style="left:{column}em;top:{row}em;width:{width}em;height:{height}em"></i>'
