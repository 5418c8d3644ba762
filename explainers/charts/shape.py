"""How one input's part changes with its value: three states with counts, or a number with its medians."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from explainers.charts.palette import Mode, Palette, figure, palette, wrapped
from explainers.dependence import Dependence
from explainers.explanation import FloatVector
from oncology.counts import SMALLEST_COUNT, shown

__all__ = ["dependence"]


def dependence(found: Dependence, *, mode: Mode = "screen") -> go.Figure:
    """Shapley values against the feature's value; bars are medians, boxes quartiles, counts under each state."""
    return _states(found, mode) if found.kind == "states" else _number(found, mode)


def _states(found: Dependence, mode: Mode) -> go.Figure:
    colours = palette(mode)
    made = figure(mode, height=340)
    # A fixed spread, so that the same sample gives the same picture.
    spread = np.random.default_rng(0).uniform(-0.28, 0.28, len(found.x))
    _dots(made, found, found.x + spread, np.ones(len(found.x), dtype=bool), colours, hover="")
    shapes = []
    for i, level in enumerate(found.levels):
        if level.median is not None and shown(level.n):
            line = {"color": colours.up, "width": 3}
            shapes.append(
                {
                    "type": "line",
                    "x0": i - 0.34,
                    "x1": i + 0.34,
                    "y0": level.median,
                    "y1": level.median,
                    "line": line,
                }
            )
            box = {"color": colours.quiet, "width": 1}
            shapes.append(
                {
                    "type": "rect",
                    "x0": i - 0.34,
                    "x1": i + 0.34,
                    "y0": level.low,
                    "y1": level.high,
                    "line": box,
                }
            )
    ticks = [f"{wrapped(escape(v.words), 14)}<br>{_n(v.n)}" for v in found.levels]
    made.update_layout(shapes=shapes)
    made.update_xaxes(
        tickvals=list(range(len(ticks))), ticktext=ticks, range=[-0.5, len(ticks) - 0.5], showgrid=False
    )
    _vertical(made, found, colours.quiet)
    return made


def _number(found: Dependence, mode: Mode) -> go.Figure:
    colours = palette(mode)
    known = ~np.isnan(found.x)
    made = figure(mode, height=340)
    x = found.x[known]
    _dots(made, found, found.x, known, colours, hover="%{x:.4g}: %{y:+.3f}<extra></extra>")
    ranges = [v for v in found.levels if v.position is not None and v.median is not None and shown(v.n)]
    made.add_trace(
        go.Scatter(
            x=[v.position for v in ranges], y=[v.median for v in ranges], mode="lines+markers",
            line={"color": colours.text if found.shades is not None else colours.up, "width": 2},
            marker={"size": 8, "color": colours.text if found.shades is not None else colours.up}, showlegend=False,
            customdata=[[v.words, v.n] for v in ranges],
            hovertemplate="%{customdata[0]}: median %{y:+.3f} of n = %{customdata[1]}<extra></extra>",
        )
    )  # fmt: skip
    unit = f", {found.feature_unit}" if found.feature_unit else ""
    made.update_xaxes(title_text=wrapped(escape(f"{found.label}{unit}"), 46), nticks=6)
    if not known.all():
        # The unknown stand in a column of their own, right of every number.
        low, high = (float(x.min()), float(x.max())) if len(x) else (0.0, 1.0)
        width = max(high - low, 1e-9)
        place = high + 0.12 * width
        spread = np.random.default_rng(0).uniform(-0.03, 0.03, int((~known).sum())) * width
        made.add_trace(
            go.Scatter(
                x=place + spread, y=found.values[~known], mode="markers",
                marker={"color": colours.third, "size": 5, "symbol": "circle-open"}, showlegend=False,
                hovertemplate="not known: %{y:+.3f}<extra></extra>",
            )
        )  # fmt: skip
        made.update_xaxes(range=[low - 0.04 * width, place + 0.07 * width])
        made.add_annotation(
            x=place, y=1, yref="paper", yanchor="top", text="not<br>known", showarrow=False,
            font={"size": 11, "color": colours.quiet},
        )  # fmt: skip
    _vertical(made, found, colours.quiet)
    return made


def _n(n: int) -> str:
    return f"n = {n:,}" if shown(n) is not None else f"n &lt; {SMALLEST_COUNT}"


def _dots(
    made: go.Figure,
    found: Dependence,
    x: FloatVector,
    which: NDArray[np.bool_],
    colours: Palette,
    *,
    hover: str,
) -> None:
    """Patients as dots, in two hues by the partner's value where there is one; the legend names it."""
    more = {"hovertemplate": hover} if hover else {"hoverinfo": "skip"}
    if found.shades is None:
        parts = [("", which, colours.down)]
    else:
        high, low = found.shades >= 0.5, found.shades < 0.5
        name = escape(found.partner)
        parts = [
            (f"{name}: low, or not altered", which & low, colours.down),
            (f"{name}: high, or altered", which & high, colours.up),
            (f"{name}: not known, or without order", which & ~low & ~high, colours.third),
        ]
    for name, part, colour in parts:
        if part.any():
            made.add_trace(
                go.Scatter(
                    x=x[part], y=found.values[part], mode="markers", name=name, showlegend=bool(name),
                    marker={"color": colour, "size": 5, "opacity": 0.4}, **more,
                )
            )  # fmt: skip
    if found.shades is not None:
        made.update_layout(showlegend=True, margin={"t": 78}, height=made.layout.height + 70)


def _vertical(made: go.Figure, found: Dependence, quiet: str) -> None:
    made.update_yaxes(
        title_text=wrapped(f"Shapley value, {found.unit}", 40), nticks=6, zeroline=True, zerolinecolor=quiet
    )
