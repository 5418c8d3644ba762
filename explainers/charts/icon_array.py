"""A probability as a hundred people: ten by ten dots, with its interval, readable aloud and without a script."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape

__all__ = ["icon_array_html", "icon_array_style"]

_STEP, _RADIUS = 10.0, 3.6


def icon_array_style() -> str:
    """The CSS rules of the picture, without a ``<style>`` tag."""
    return """
.gbi { --now: light-dark(#0072b2, #56b4e9); --rest: light-dark(#c9d0d7, #45525f); margin: 0; width: 7.5rem; }
.gbi svg { display: block; width: 100%; height: auto; }
.gbi-yes { fill: var(--now); }
.gbi-open { fill: var(--now); fill-opacity: 0.45; stroke: var(--now); stroke-width: 0.9; }
.gbi-more { fill: none; stroke: var(--now); stroke-width: 0.9; }
.gbi-no { fill: var(--rest); }
"""


@cache
def icon_array_html(people: int, low: int | None, high: int | None, *, words: str) -> str:
    """A hundred dots: as many filled as people, the interval in paler dots and rings.

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
    >>> icon_array_html(37, 31, 43, words="37 of 100").count("<path")
    4
    """
    least = people if low is None else min(low, people)
    most = people if high is None else max(high, people)
    parts = (("yes", 0, least), ("open", least, people), ("more", people, most), ("no", most, 100))
    paths = "".join(f'<path class="gbi-{name}" d="{_dots(range(a, b))}"/>' for name, a, b in parts if b > a)
    return f'<figure class="gbi"><svg viewBox="0 0 100 100" role="img" aria-label="{escape(words)}">{paths}</svg></figure>'


def _dots(places: Iterable[int]) -> str:
    """Circles of one path, row by row from the top left."""
    d = 2 * _RADIUS
    return "".join(
        f"M{_STEP * (i % 10) + _STEP / 2 - _RADIUS:g} {_STEP * (i // 10) + _STEP / 2:g}"
        f"a{_RADIUS} {_RADIUS} 0 1 0 {d:g} 0a{_RADIUS} {_RADIUS} 0 1 0 -{d:g} 0"
        for i in places
    )
