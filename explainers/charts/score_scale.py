"""A published score on its scale, with its risk groups: HTML that reads aloud, fits a phone and needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

__all__ = ["score_html", "score_style"]


def score_style() -> str:
    """The CSS rules of the scale, without a ``<style>`` tag."""
    return """
.gbs { --now: light-dark(#0072b2, #56b4e9); --line: light-dark(#c9d0d7, #45525f); --soft: light-dark(#52606d, #a9b5c0);
  position: relative; margin: 2.2rem 0.75rem 2.4rem; height: 14px; font-size: 12.5px; font-variant-numeric: tabular-nums; }
.gbs-band { position: absolute; top: 0; bottom: 0; border-right: 2px solid light-dark(#fff, #10151b); }
.gbs-band:last-of-type { border-right: 0; }
.gbs-name { position: absolute; top: 18px; left: 0; right: 0; text-align: center; color: var(--soft); line-height: 1.15;
  overflow-wrap: anywhere; }
.gbs-range { position: absolute; top: 3px; height: 8px; border-radius: 4px; background: var(--now); opacity: 0.45; }
.gbs-dot { position: absolute; top: 0; width: 14px; height: 14px; margin-left: -7px; border-radius: 50%; background: var(--now);
  box-shadow: 0 0 0 2px light-dark(#fff, #10151b); }
.gbs-tick { position: absolute; top: -5px; width: 2px; height: 24px; margin-left: -1px; background: var(--soft); }
.gbs-value { position: absolute; top: -24px; transform: translateX(-50%); font-weight: 650; font-size: 14px; white-space: nowrap; }
.gbs-end { position: absolute; top: 18px; color: var(--soft); }
@media (max-width: 640px) { .gbs-name { font-size: 10.5px; } .gbs-narrow .gbs-name { display: none; } }
"""


def score_html(
    value: float,
    *,
    caption: str,
    span: tuple[float, float],
    low: float | None = None,
    high: float | None = None,
    cut_points: Sequence[float] = (),
    categories: Sequence[str] = (),
    recorded: float | None = None,
) -> str:
    """The score as a dot on its scale.

    Parameters
    ----------
    value : float
    caption : str
        The same in words, for everybody who cannot see it.
    span : (float, float)
        Ends of the scale; a value beyond them is drawn at the end, and its number says so.
    low, high : float, optional
        Best and worst score over what is not known, drawn as a bar.
    cut_points, categories : sequences
        Risk groups, one more than cut points.
    recorded : float, optional
        The score of the patient as recorded, drawn as a tick.

    Examples
    --------
    >>> "left:50.00%" in score_html(0.5, caption="Score 0.50", span=(0, 1))
    True
    """
    edges = [span[0], *(c for c in cut_points if span[0] < c < span[1]), span[1]]
    names = list(categories) or [""] * (len(edges) - 1)
    body = ""
    for i, (a, b) in enumerate(pairwise(edges)):
        # One hue in steps: groups are an order, not a verdict.
        shade = 10 + 32 * i / max(len(edges) - 2, 1)
        body += (
            f'<span class="gbs-band{" gbs-narrow" if (b - a) / (span[1] - span[0]) < 0.13 else ""}" style="left:{_at(a, span)};width:{_width(a, b, span)};'
            f'background:color-mix(in srgb, var(--line) {shade + 40:.0f}%, transparent)">'
            f'<span class="gbs-name">{escape(names[i])}</span></span>'
        )
    if not categories:
        body += f'<span class="gbs-end" style="left:0">{span[0]:g}</span><span class="gbs-end" style="right:0">{span[1]:g}</span>'
    if low is not None and high is not None and high > low:
        body += (
            f'<span class="gbs-range" style="left:{_at(low, span)};width:{_width(low, high, span)}"></span>'
        )
    if recorded is not None:
        body += f'<span class="gbs-tick" style="left:{_at(recorded, span)}"></span>'
    at = _at(value, span)
    body += f'<span class="gbs-dot" style="left:{at}"></span><span class="gbs-value" style="left:{at}">{value:z.2f}</span>'
    return f'<div class="gbs" role="img" aria-label="{escape(caption)}">{body}</div>'


def _at(value: float, span: tuple[float, float]) -> str:
    share = (value - span[0]) / (span[1] - span[0])
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def _width(a: float, b: float, span: tuple[float, float]) -> str:
    left, right = (min(max(v, span[0]), span[1]) for v in (a, b))
    return f"{100 * (right - left) / (span[1] - span[0]):.2f}%"
