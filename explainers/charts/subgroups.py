"""One figure of a model in every group of patients: dot, interval, and the groups that nobody can judge."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from explainers.charts.interval_marks import dots_with_intervals
from explainers.charts.palette import Mode, figure, palette, value_labels, wrapped
from oncology.counts import SMALLEST_COUNT, shown

if TYPE_CHECKING:
    from explainers.audit.prevalence import PredictiveValues
    from explainers.audit.tables import AuditRow

__all__ = ["base_rates", "forest"]

_ROW = 30


def forest(
    rows: Sequence[AuditRow],
    everybody: AuditRow | None,
    *,
    findings: Collection[str] = (),
    best: float | None = None,
    axis: str,
    mode: Mode = "screen",
) -> go.Figure:
    """A line a group with its 95 % interval; groups that differ from the rest beyond chance stand out.

    Parameters
    ----------
    rows : sequence of AuditRow
        One metric of one option, one row a group; those too small to be judged keep an empty line.
    everybody : AuditRow or None
        The same in all patients: the dotted line.
    findings : collection of str
        Groups whose difference from the rest survived the correction for all that was compared.
    best : float, optional
        A value that would be ideal, drawn solid: 0 for observed minus predicted.
    axis : str
        What is measured, in words.
    """
    colours = palette(mode)
    made = figure(mode, height=_ROW * max(len(rows), 1) + 76, right=64)
    if best is not None:
        made.add_vline(x=best, line={"color": colours.line, "width": 2})
    if everybody is not None and everybody.is_known:
        made.add_vline(x=everybody.estimate, line={"color": colours.quiet, "width": 1, "dash": "dot"})
    for found, colour in ((False, colours.down), (True, colours.up)):
        lines = [(i, r) for i, r in enumerate(rows) if r.is_known and (r.group in findings) is found]
        dots_with_intervals(
            made, [r.estimate for _, r in lines], [r.ci_low for _, r in lines], [r.ci_high for _, r in lines],
            [float(i) for i, _ in lines], colour=colour,
            customdata=[[escape(r.group), r.words(3), _n(r)] for _, r in lines],
            hover="%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        )  # fmt: skip
    made.update_xaxes(title_text=wrapped(axis, 60), nticks=6)
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[wrapped(escape(r.group), 24) for r in rows],
        range=[len(rows) - 0.5, -0.5], showgrid=False,
    )  # fmt: skip
    # Adding zero takes the minus off a rounded nothing.
    texts = [
        f"{round(r.estimate, 2) + 0.0:.2f}<br>n {r.n:,}" if r.is_known else f"too few<br>{_n(r)}"
        for r in rows
    ]
    value_labels(made, mode, list(range(len(rows))), texts, size=10)
    return made


def _n(row: AuditRow) -> str:
    return f"n {row.n:,}" if shown(row.n) is not None else f"n &lt; {SMALLEST_COUNT}"


def base_rates(
    curve: Sequence[PredictiveValues], chosen: PredictiveValues, *, mode: Mode = "screen"
) -> go.Figure:
    """Predictive values over the base rate, with their intervals; dots at the base rate chosen."""
    colours = palette(mode)
    made = figure(mode, height=300, right=24, showlegend=True)
    x = [v.base_rate for v in curve]
    for name, colour, low, middle, high, dot in (
        (
            "responders among those at or over the threshold", colours.down, [v.ppv_low for v in curve],
            [v.ppv for v in curve], [v.ppv_high for v in curve], chosen.ppv,
        ),
        (
            "responders among those under it", colours.up, [1 - v.npv_high for v in curve],
            [1 - v.npv for v in curve], [1 - v.npv_low for v in curve], 1 - chosen.npv,
        ),
    ):  # fmt: skip
        band = {
            "mode": "lines",
            "line": {"width": 0, "color": colour},
            "hoverinfo": "skip",
            "showlegend": False,
        }
        made.add_trace(go.Scatter(x=x, y=high, **band))
        made.add_trace(go.Scatter(x=x, y=low, fill="tonexty", opacity=0.25, **band))
        made.add_trace(
            go.Scatter(
                x=x, y=middle, mode="lines", line={"color": colour, "width": 2}, name=wrapped(name, 60),
                hovertemplate="%{x:.0%} respond: %{y:.0%}<extra></extra>",
            )
        )  # fmt: skip
        if math.isfinite(dot):
            made.add_trace(
                go.Scatter(
                    x=[chosen.base_rate], y=[dot], mode="markers", marker={"color": colour, "size": 11}, showlegend=False,
                    hoverinfo="skip",
                )
            )  # fmt: skip
    made.add_vline(x=chosen.observed_base_rate, line={"color": colours.quiet, "width": 1, "dash": "dot"})
    made.update_xaxes(range=[0, 1], tickformat=".0%", title_text="base rate (dotted: these patients)")
    made.update_yaxes(range=[0, 1.02], tickformat=".0%")
    return made
