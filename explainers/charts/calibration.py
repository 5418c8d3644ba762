"""Said against observed: bins with Wilson's intervals, a smooth curve with its band, and how many patients carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from explainers.charts.palette import Mode, Palette, figure, palette, wrapped

if TYPE_CHECKING:
    from explainers.audit.calibration import Bin
    from explainers.audit.curves import SmoothCurve

__all__ = ["calibration", "calibration_points"]

_HEIGHT = 400
# The lower strip of the figure, for the counts, and the upper one, for the points.
_COUNTS, _POINTS = (0.0, 0.16), (0.25, 1.0)


def calibration(
    bins: tuple[Bin, ...],
    curve: SmoothCurve,
    *,
    number: str = "probability",
    observed: str = "responded",
    mode: Mode = "screen",
) -> go.Figure:
    """Share observed by mean number; the dotted diagonal is where a probability would lie.

    Parameters
    ----------
    bins : the points, ascending
    curve : drawn where it has points
    number : what the model's number is called
    observed : what happened to those counted, as a verb
    """
    colours = palette(mode)
    made = figure(mode, height=_HEIGHT, right=16)
    top = max([0.1, *(b.ci_high for b in bins), *curve.high])
    side = max([top, *(b.high for b in bins), *curve.predicted])
    end = min(1.0, side * 1.04)
    made.add_traces(_curve(curve, colours))
    made.add_trace(
        go.Scatter(
            x=[0, end], y=[0, end], mode="lines", hoverinfo="skip",
            line={"color": colours.quiet, "width": 1, "dash": "dot"},
        )
    )  # fmt: skip
    made.add_trace(_points(bins, colours, number, observed))
    made.add_trace(
        go.Bar(
            x=[b.predicted for b in bins], y=[b.n for b in bins], yaxis="y2", marker={"color": colours.third},
            width=[0.018 * end] * len(bins),
            hovertemplate="%{y:,} patients<extra></extra>",
        )
    )  # fmt: skip
    base = made.layout.yaxis.to_plotly_json()
    made.update_xaxes(
        range=[0, end],
        tickformat=".0%",
        anchor="y2",
        title_text=wrapped(f"what the model says (mean {number})", 46),
    )
    made.update_layout(
        yaxis={
            "domain": _POINTS,
            "range": [-0.01, end],
            "tickformat": ".0%",
            "title": {"text": f"what was observed (share who {observed})"},
        },
        yaxis2=base | {"domain": _COUNTS, "title": {"text": "patients"}, "nticks": 3, "rangemode": "tozero"},
        bargap=0,
    )
    return made


def _curve(curve: SmoothCurve, colours: Palette) -> list[go.Scatter]:
    if not curve.predicted:
        return []
    there_and_back = [*curve.predicted, *reversed(curve.predicted)]
    return [
        go.Scatter(
            x=there_and_back, y=[*curve.high, *reversed(curve.low)], fill="toself", mode="lines", opacity=0.18,
            line={"width": 0}, fillcolor=colours.down, hoverinfo="skip",
        ),
        go.Scatter(
            x=curve.predicted, y=curve.observed, mode="lines", line={"color": colours.down, "width": 2},
            hovertemplate="said %{x:.0%}, smooth curve %{y:.0%}<extra></extra>",
        ),
    ]  # fmt: skip


def _points(bins: tuple[Bin, ...], colours: Palette, number: str, observed: str) -> go.Scatter:
    facts: list[list[Any]] = [[b.low, b.high, b.n, b.ci_low, b.ci_high] for b in bins]
    return go.Scatter(
        x=[b.predicted for b in bins], y=[b.observed for b in bins], mode="markers", customdata=facts,
        marker={"color": colours.up, "size": 9},
        error_y={
            "type": "data", "symmetric": False, "array": [b.ci_high - b.observed for b in bins],
            "arrayminus": [b.observed - b.ci_low for b in bins], "color": colours.up, "thickness": 1.5, "width": 0,
        },
        hovertemplate=f"{number} %{{customdata[0]:.0%}} to %{{customdata[1]:.0%}}, mean %{{x:.0%}}<br>"
        f"%{{y:.0%}} {observed} (%{{customdata[3]:.0%}} to %{{customdata[4]:.0%}})<br>"
        "%{customdata[2]:,} patients<extra></extra>",
    )  # fmt: skip


def calibration_points(bins: tuple[Bin, ...]) -> list[dict[str, Any]]:
    """One row a bin, for the table beside the chart."""
    return [
        {
            "number from": round(b.low, 3),
            "to": round(b.high, 3),
            "patients": b.n,
            "responders": b.n_events,
            "mean number": round(b.predicted, 3),
            "observed": round(b.observed, 3),
            "observed low": round(b.ci_low, 3),
            "observed high": round(b.ci_high, 3),
        }
        for b in bins
    ]
