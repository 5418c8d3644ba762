"""Net benefit over thresholds: the model, everybody, nobody, and the label alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from explainers.charts.palette import Mode, figure, palette, wrapped

if TYPE_CHECKING:
    from explainers.audit.net_benefit import DecisionCurve

__all__ = ["decision_curve", "decision_points"]

_HEIGHT = 360


def decision_curve(
    curve: DecisionCurve, *, low: float = 0.05, high: float = 0.5, mode: Mode = "screen"
) -> go.Figure:
    """Responses gained per 100 patients after paying for those treated in vain, from threshold `low` to `high`."""
    colours = palette(mode)
    made = figure(mode, height=_HEIGHT, right=16)
    made.update_layout(showlegend=True)
    at = curve.within(low, high)
    x = [100 * curve.thresholds[i] for i in at]

    def line(
        values: tuple[float, ...], name: str, colour: str, dash: str = "solid", width: int = 2
    ) -> go.Scatter:
        return go.Scatter(
            x=x, y=[100 * values[i] for i in at], mode="lines", name=name,
            line={"color": colour, "width": width, "dash": dash},
            hovertemplate=f"{name}: %{{y:.1f}} per 100 at %{{x:.0f}}<extra></extra>",
        )  # fmt: skip

    made.add_trace(
        go.Scatter(
            x=[*x, *reversed(x)], mode="lines", fill="toself", fillcolor=colours.down, opacity=0.18, line={"width": 0},
            y=[*(100 * curve.high[i] for i in at), *(100 * curve.low[i] for i in reversed(at))], hoverinfo="skip",
            showlegend=False,
        )
    )  # fmt: skip
    made.add_trace(line(curve.everybody, "everybody", colours.quiet, "dash", 1))
    made.add_trace(line(tuple(0.0 for _ in curve.thresholds), "nobody", colours.quiet, "dot", 1))
    if curve.label:
        made.add_trace(
            line(curve.label, "label alone" if curve.label_is_known else "stand-in alone", colours.up)
        )
    made.add_trace(line(curve.model, "by the model", colours.down))
    tops = [100 * max(curve.high[i], curve.label[i] if curve.label else 0.0) for i in at]
    ceiling = max([1.0, *tops])
    made.update_xaxes(
        range=[100 * low, 100 * high], title_text=wrapped("threshold: worth it from this many of 100 on", 46)
    )
    # Treating everybody falls far below zero at high thresholds; the part that matters is above.
    made.update_yaxes(
        range=[-0.25 * ceiling, 1.08 * ceiling], title_text="net responses per 100 patients", zeroline=False
    )
    return made


def decision_points(curve: DecisionCurve, *, low: float = 0.05, high: float = 0.5) -> list[dict[str, Any]]:
    """One row a threshold, per 100 patients, for the table beside the chart."""
    rows = []
    for i in curve.within(low, high):
        row: dict[str, Any] = {
            "threshold": curve.thresholds[i],
            "treated by the model": _per_100(curve.treated[i]),
            "model": _per_100(curve.model[i]),
            "model low": _per_100(curve.low[i]),
            "model high": _per_100(curve.high[i]),
            "everybody": _per_100(curve.everybody[i]),
        }
        if curve.label:
            row |= {
                "label alone": _per_100(curve.label[i]),
                "model over label": _per_100(curve.over_label[i]),
                "over label low": _per_100(curve.over_label_low[i]),
                "over label high": _per_100(curve.over_label_high[i]),
            }
        rows.append(row)
    return rows


def _per_100(value: float) -> float:
    return round(100 * value, 2)
