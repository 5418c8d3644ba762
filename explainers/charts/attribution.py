"""Explanations of one patient as pictures: the waterfall, and several methods side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import shorten
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explainers.charts.palette import Mode, figure, foot, palette, value_labels, wrapped
from explainers.explanation import Explanation, FloatVector

__all__ = ["Ends", "comparison", "comparison_rows", "waterfall", "waterfall_rows"]

_ROW = 34
_NEGLIGIBLE = 1e-9
_WORDS_WIDTH = 28


Ends = tuple[FloatVector, FloatVector]


def waterfall(
    why: Explanation, *, interval: Ends | None = None, most: int = 9, mode: Mode = "screen", axis: str = ""
) -> go.Figure:
    """From the population compared with down to this patient's score, one bar a feature.

    Parameters
    ----------
    interval : pair of arrays (p,), optional
        Low and high ends of each attribution, drawn as whiskers about the end of its bar.
    most : int
        Features that get a bar of their own; the others share one.
    mode : {"screen", "light", "dark"}
    axis : str
        What stands under the chart; the unit where nothing is given.

    Notes
    -----
    Vermilion bars raise the score, blue bars lower it; the sign stands beside each. A residual has its own bar.
    """
    colours = palette(mode)
    parts = _parts(why, most)
    starts, sizes, labels, texts = [], [], [], []
    at = why.base_value
    for label, words, value in parts:
        starts.append(at)
        sizes.append(value)
        labels.append(_label(label, words, colours.quiet))
        texts.append(_signed(value))
        at += value
    names = [wrapped("Starting point"), *labels, "<b>This patient</b>"]
    y = list(range(len(names)))
    # Lines of a label beyond two need room of their own.
    row = _ROW + 12 * max(0, *(name.count("<br>") - 1 for name in names))
    made = figure(mode, height=row * len(names) + 64, right=62)
    made.add_trace(
        go.Bar(
            x=sizes,
            base=starts,
            y=y[1:-1],
            orientation="h",
            width=0.62,
            marker={"color": [colours.up if s >= 0 else colours.down for s in sizes], "line": {"width": 0}},
            customdata=[
                f"{escape(label)}: {escape(words)}" if words else escape(label) for label, words, _ in parts
            ],
            hovertemplate="%{customdata}<br>%{x:+.3f} " + why.unit + "<extra></extra>",
        )
    )
    whiskers = [] if interval is None else _whiskers(why, interval, most, starts)
    if whiskers:
        made.add_trace(_whisker_trace(whiskers, y[1:], colours.text, why.unit))
    made.add_trace(
        go.Scatter(
            x=[why.base_value, why.score],
            y=[y[0], y[-1]],
            mode="markers",
            marker={
                "symbol": ["line-ns-open", "circle"],
                "size": [16, 10],
                "color": colours.text,
                "line": {"width": 2},
            },
            hovertemplate="%{x:.3f} " + why.unit + "<extra></extra>",
        )
    )
    ends = [why.base_value, *np.cumsum([why.base_value, *sizes])[1:].tolist()]
    made.update_layout(shapes=[_connector(x, i, colours.quiet) for i, x in enumerate(ends)])
    _feature_axis(made, y, names)
    reach = [*ends, why.score, *(x for ends_of_one in whiskers for x in ends_of_one)]
    low, high = min(reach), max(reach)
    pad = max(high - low, 1e-6) * 0.06
    made.update_xaxes(range=[low - pad, high + pad], title_text=axis or why.unit, nticks=4)
    foot(made, mode, f"Compared with {escape(why.background)}")
    value_labels(made, mode, y, [_plain(why.base_value), *texts, f"<b>{_plain(why.score)}</b>"])
    return made


def _whiskers(
    why: Explanation, interval: Ends, most: int, starts: Sequence[float]
) -> list[tuple[float, float, float]]:
    """(end of the bar, low, high) of every bar that stands for one feature, on the axis."""
    named = [j for j in why.order().tolist() if abs(why.values[j]) > _NEGLIGIBLE][:most]
    return [
        (start + float(why.values[j]), start + float(interval[0][j]), start + float(interval[1][j]))
        for j, start in zip(named, starts, strict=False)
    ]


def _whisker_trace(
    whiskers: Sequence[tuple[float, float, float]], y: Sequence[int], colour: str, unit: str
) -> go.Scatter:
    return go.Scatter(
        x=[end for end, _, _ in whiskers],
        y=list(y[: len(whiskers)]),
        mode="markers",
        marker={"size": 1, "color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - end for end, _, high in whiskers],
            "arrayminus": [end - low for end, low, _ in whiskers],
            "color": colour,
            "thickness": 1.3,
            "width": 4,
        },
        customdata=[[low - end, high - end] for end, low, high in whiskers],
        hovertemplate="from %{customdata[0]:+.3f} to %{customdata[1]:+.3f} "
        + unit
        + " about it in refits<extra></extra>",
    )


def waterfall_rows(why: Explanation, interval: Ends | None = None) -> list[dict[str, Any]]:
    """Every feature's value, largest first, with base value, residual and score: the chart's table."""
    out: list[dict[str, Any]] = [
        _row("Starting point (average)", why.background, why.base_value, None, why.unit)
    ]
    for j in why.order().tolist():
        error = None if why.std_error is None else float(why.std_error[j])
        row = _row(why.feature_labels[j], why.feature_words[j], float(why.values[j]), error, why.unit)
        if interval is not None:
            row |= {
                "refits from": round(float(interval[0][j]), 6),
                "refits to": round(float(interval[1][j]), 6),
            }
        out.append(row)
    out.append(_row("Not explained (residual)", "", why.residual(), None, why.unit))
    out.append(_row("This patient", "", why.score, None, why.unit))
    if interval is not None:
        out = [{"refits from": None, "refits to": None} | r for r in out]
        out = [{k: r[k] for k in (*_COLUMNS, "refits from", "refits to")} for r in out]
    return out


_COLUMNS = ("feature", "patient", "value", "standard error", "unit")


def comparison(explanations: Sequence[Explanation], *, top: int = 8, mode: Mode = "screen") -> go.Figure:
    """Several methods side by side: for each feature one bar a method, in the same unit.

    The features are the union of each method's largest, at most `top` of them; `agreement.compare` says in words
    where the methods differ.
    """
    colours = palette(mode)
    features = _shared_top(explanations, top)
    first = explanations[0]
    names = [_label(first.feature_labels[j], first.feature_words[j], colours.quiet) for j in features]
    y = list(range(len(features)))
    n = len(explanations)
    made = figure(
        mode, height=(20 + 12 * n) * max(len(features), 1) + 90, showlegend=True, barmode="group", bargap=0.28
    )
    fills = [colours.down, colours.up, colours.third, colours.text]
    for i, why in enumerate(explanations):
        made.add_trace(
            go.Bar(
                x=[float(why.values[j]) for j in features],
                y=y,
                orientation="h",
                name=_METHODS.get(why.method, why.method),
                marker={"color": fills[i % len(fills)], "line": {"width": 0}},
                hovertemplate="%{x:+.3f} " + why.unit + "<extra>%{fullData.name}</extra>",
            )
        )
    _feature_axis(made, y, names)
    made.update_xaxes(
        title_text=f"part of the score, {first.unit}", nticks=4, zeroline=True,
        zerolinecolor=colours.quiet,
    )  # fmt: skip
    return made


def comparison_rows(explanations: Sequence[Explanation]) -> list[dict[str, Any]]:
    """One row a feature with each method's value, ordered by the largest of them."""
    first = explanations[0]
    return [
        {"feature": first.feature_labels[j], "patient": first.feature_words[j]}
        | {_METHODS.get(e.method, e.method): round(float(e.values[j]), 5) for e in explanations}
        | {"unit": first.unit}
        for j in _shared_top(explanations, len(first.feature_names))
    ]


# Short, for a legend that fits a phone; explainers.local.METHOD_LABELS has the full words.
_METHODS = {
    "shapley": "Shapley",
    "lime": "LIME",
    "lime-repeated": "LIME, 20 runs",
    "ablation": "Leave one out",
    "exact": "Every coalition",
}


def _parts(why: Explanation, most: int) -> list[tuple[str, str, float]]:
    """(label, the patient's value in words, value) of each bar, largest first, then the rest and the residual."""
    order = [j for j in why.order().tolist() if abs(why.values[j]) > _NEGLIGIBLE]
    parts = [(why.feature_labels[j], why.feature_words[j], float(why.values[j])) for j in order[:most]]
    rest = order[most:]
    if rest:
        parts.append(
            (
                f"{len(rest)} other input{'' if len(rest) == 1 else 's'}",
                "",
                float(sum(why.values[j] for j in rest)),
            )
        )
    if abs(why.residual()) > 1e-6:
        parts.append(("Not explained", "residual", why.residual()))
    return parts


def _shared_top(explanations: Sequence[Explanation], top: int) -> list[int]:
    # Each method is measured by its own largest value, so that none crowds out the others.
    shares = [np.abs(e.values) / max(float(np.abs(e.values).max(initial=0.0)), 1e-12) for e in explanations]
    largest = np.max(shares, axis=0)
    return [int(j) for j in np.argsort(-largest, kind="stable")[:top] if largest[j] > _NEGLIGIBLE]


def _label(label: str, words: str, quiet: str) -> str:
    name = wrapped(escape(label), 24)
    if not words or words == label:
        return name
    # A group's words can fill a paragraph; all of them stand in the table and under the pointer.
    short = shorten(words, 2 * _WORDS_WIDTH - 4, placeholder=" …")
    small = f'<span style="font-size:11px;color:{quiet}">{wrapped(escape(short), _WORDS_WIDTH)}</span>'
    # Short words fit on the second line of a long name; three lines would run into the neighbours.
    joint = " · " if "<br>" in name and len(name.rsplit("<br>", 1)[1]) + len(words) <= 22 else "<br>"
    return f"{name}{joint}{small}"


def _feature_axis(made: go.Figure, y: list[int], names: list[str]) -> None:
    made.update_yaxes(tickvals=y, ticktext=names, range=[len(y) - 0.5, -0.5], showgrid=False)


def _connector(x: float, row: int, colour: str) -> dict[str, Any]:
    return {
        "type": "line", "x0": x, "x1": x, "y0": row - 0.31, "y1": row + 1.31, "layer": "below",
        "line": {"color": colour, "width": 1, "dash": "dot"},
    }  # fmt: skip


def _plain(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return (
        f"{value:+.2f}".replace("-", "−")
        if abs(value) >= 0.005
        else ("&lt;0.01" if value >= 0 else "−&lt;0.01")
    )


def _row(feature: str, words: str, value: float, error: float | None, unit: str) -> dict[str, Any]:
    return {
        "feature": feature, "patient": words, "value": round(value, 6),
        "standard error": None if error is None else round(error, 6), "unit": unit,
    }  # fmt: skip
