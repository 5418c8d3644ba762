"""Figures with their intervals, one a line, against a value that would mean nothing was found."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from explainers.charts.palette import Mode, figure, palette, value_labels, wrapped

if TYPE_CHECKING:
    from explainers.audit.tables import AuditRow

__all__ = ["intervals"]

_ROW = 30


def intervals(
    rows: Sequence[AuditRow],
    names: Sequence[str],
    *,
    against: float,
    axis: str,
    digits: int = 2,
    span: tuple[float, float] | None = None,
    mode: Mode = "screen",
) -> go.Figure:
    """A dot and an interval a line; grey where the interval reaches the dotted line, empty where there is none.

    Parameters
    ----------
    rows, names : estimates, and what each line is called
    against : the value of the dotted line: 0.5 for an AUC, 0 for a difference
    axis : what is measured, in words
    span : ends of the axis, where they are the same for all
    """
    colours = palette(mode)
    made = figure(mode, height=_ROW * len(rows) + 84, right=48)
    made.add_vline(x=against, line={"color": colours.quiet, "width": 1, "dash": "dot"})
    for surely, colour in ((True, colours.down), (False, colours.third)):
        lines = [(i, r) for i, r in enumerate(rows) if r.is_known and r.excludes(against) is surely]
        x: list[float | None] = []
        y: list[int | None] = []
        for i, r in lines:
            x += [r.ci_low, r.ci_high, None]
            y += [i, i, None]
        made.add_trace(
            go.Scatter(
                x=x, y=y, mode="lines", line={"color": colour, "width": 6}, opacity=0.4, hoverinfo="skip"
            )
        )
        made.add_trace(
            go.Scatter(
                x=[r.estimate for _, r in lines], y=[i for i, _ in lines], mode="markers",
                marker={"color": colour, "size": 10},
                customdata=[[escape(names[i]), r.words(digits)] for i, r in lines],
                hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
            )
        )  # fmt: skip
    if span is not None:
        made.update_xaxes(range=list(span))
    made.update_xaxes(nticks=6, title_text=wrapped(axis, 46))
    made.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[wrapped(n) for n in names], range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )  # fmt: skip
    value_labels(
        made, mode, list(range(len(rows))), [f"{r.estimate:.{digits}f}" if r.is_known else "–" for r in rows]
    )
    return made
