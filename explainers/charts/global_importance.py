"""What a model leans on over many patients: importance with intervals, and the beeswarm."""

from __future__ import annotations

from collections.abc import Collection
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from explainers.charts.interval_marks import dots_with_intervals
from explainers.charts.palette import Mode, figure, foot, palette, value_labels, wrapped
from explainers.importance import Importance
from explainers.swarm import Swarm

__all__ = ["beeswarm", "importance"]

_ROW = 30
_MOST_DOTS = 2500


def importance(
    found: Importance, *, top: int = 12, beyond: Collection[int] | None = None, mode: Mode = "screen"
) -> go.Figure:
    """Dots with 95 % intervals, most important feature first; the numbers stand right of the plot.

    Parameters
    ----------
    beyond : collection of int, optional
        Positions of the features beyond chance; the others are drawn grey.
    """
    colours = palette(mode)
    order = found.order()[:top]
    y = list(range(len(order)))
    made = figure(mode, height=_ROW * max(len(order), 1) + 70, right=62)
    values, low, high = found.values[order], found.low[order], found.high[order]
    for is_beyond, colour in ((True, colours.down), (False, colours.third)):
        at = [i for i, j in enumerate(order) if (beyond is None or j in beyond) is is_beyond]
        if not at:
            continue
        said = "" if beyond is None else "<br>beyond chance" if is_beyond else "<br>may be noise"
        dots_with_intervals(
            made, values[at], low[at], high[at], at, colour=colour,
            customdata=[
                [escape(found.feature_labels[order[i]]) + said, float(low[i]), float(high[i])] for i in at
            ],
            hover="%{customdata[0]}<br>%{x:.3g} (%{customdata[1]:.3g} to %{customdata[2]:.3g})<extra></extra>",
        )  # fmt: skip
    _names(made, y, [found.feature_labels[j] for j in order])
    lowest = min(0.0, float(low.min(initial=0.0)))
    highest = max(float(high.max(initial=0.0)), 1e-9)
    made.update_xaxes(
        range=[lowest - 0.02 * (highest - lowest), highest * 1.04],
        title_text=wrapped(f"{found.measure}, {found.unit}", 34),
        nticks=4,
        zeroline=True,
        zerolinecolor=colours.quiet,
    )
    value_labels(made, mode, y, [f"{v:.3f}".replace("-", "−") for v in values])
    return made


def beeswarm(found: Swarm, *, mode: Mode = "screen") -> go.Figure:
    """One dot a patient and feature, at its Shapley value; blue for low or not altered, vermilion for high or altered.

    Grey rings are values that are not known, or categories without an order.
    """
    colours = palette(mode)
    keep = _drawn(*found.values.shape)
    values, shades, ids = found.values[keep], found.shades[keep], [found.ids[i] for i in keep]
    n, f = values.shape
    made = figure(mode, height=38 * max(f, 1) + 96, showlegend=True)
    lift = np.column_stack([_lift(values[:, j]) for j in range(f)]) if f else np.empty((n, 0))
    y = np.arange(f) - lift
    text = np.array(
        [[f"{escape(label)}<br>{escape(i)}" for label in found.labels] for i in ids], dtype=object
    )
    known = ~np.isnan(shades)
    hover = "%{customdata}<br>%{x:+.3f} " + found.unit + "<extra></extra>"
    if (~known).any():
        made.add_trace(
            go.Scatter(
                x=values[~known], y=y[~known], mode="markers", name="not known, or without order",
                marker={"color": colours.third, "size": 4, "symbol": "circle-open"}, customdata=text[~known],
                hovertemplate=hover,
            )
        )  # fmt: skip
    for name, part, colour in (
        ("low, or not altered", known & (shades < 0.5), colours.down),
        ("high, or altered", known & (shades >= 0.5), colours.up),
    ):
        # Far from the middle of its range a value is drawn firmly, near it faintly.
        firm = 0.25 + 1.3 * np.abs(shades[part] - 0.5)
        made.add_trace(
            go.Scatter(
                x=values[part], y=y[part], mode="markers", name=name,
                marker={"color": colour, "size": 5, "opacity": np.clip(firm, 0, 0.9).tolist(), "line": {"width": 0}},
                customdata=text[part], hovertemplate=hover,
            )
        )  # fmt: skip
    _names(made, list(range(f)), list(found.labels))
    made.update_xaxes(
        title_text=f"Shapley value, {found.unit}",
        nticks=5,
        zeroline=True,
        zerolinecolor=colours.quiet,
    )
    drawn = "" if n == len(found.ids) else f"{n} of {len(found.ids)} patients are drawn. "
    foot(made, mode, f"{drawn}Compared with {escape(found.background)}")
    return made


def _names(made: go.Figure, y: list[int], labels: list[str]) -> None:
    names = [wrapped(escape(label), 22) for label in labels]
    made.update_yaxes(tickvals=y, ticktext=names, range=[len(y) - 0.5, -0.5], showgrid=False)


def _drawn(n: int, f: int) -> NDArray[np.intp]:
    """Patients that are drawn: all, or evenly chosen ones, since a browser paints thousands of dots slowly.

    The graphics card would paint them faster, but many machines in hospitals lend it to no browser.
    """
    most = max(_MOST_DOTS // max(f, 1), 1)
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def _lift(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertical places, -0.4 to 0.4, that spread dots of like value: the first in the middle, then outwards."""
    span = max(float(np.ptp(values)), 1e-12)
    cell = np.floor((values - values.min()) / span * 60).astype(int)
    lift = np.zeros(len(values))
    for c in np.unique(cell):
        here = np.flatnonzero(cell == c)
        turn = np.arange(len(here))
        lift[here] = np.where(turn % 2 == 1, 1, -1) * ((turn + 1) // 2)
    most = max(float(np.abs(lift).max(initial=0.0)), 6.0)
    return lift / most * 0.4
