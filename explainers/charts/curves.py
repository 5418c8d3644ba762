"""Deletion and insertion curves: how soon the answer moves, and how soon it is home again."""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go

from explainers.charts.palette import Mode, figure, palette
from explainers.explanation import FloatVector
from explainers.faithfulness import Faithfulness

__all__ = ["curves"]


def curves(
    found: Faithfulness, which: Literal["deletion", "insertion"], *, mode: Mode = "screen"
) -> go.Figure:
    """One line a method, and a dashed one for random order; higher is better in both.

    Deletion: how far the answer has moved when the largest inputs are taken away. Insertion: how much of the way it has come
    back when they are given back.
    """
    colours = palette(mode)
    made = figure(mode, height=300, showlegend=True)
    taken = which == "deletion"

    def height(curve: FloatVector) -> FloatVector:
        return 100 * (curve if taken else 1 - curve)

    chance = found.random_deletion if taken else found.random_insertion
    lines = [("Random order", chance, {"color": colours.quiet, "width": 2, "dash": "dash"})]
    fills = [colours.down, colours.up, colours.third, colours.text]
    for i, m in enumerate(found.methods):
        line = {"color": fills[i % len(fills)], "width": 2}
        lines.append((m.label, m.deletion if taken else m.insertion, line))
    for name, curve, line in lines:
        made.add_trace(
            go.Scatter(
                x=list(range(len(curve))),
                y=height(curve),
                mode="lines",
                name=name,
                line=line,
                hovertemplate="%{x} inputs: %{y:.0f} %<extra>%{fullData.name}</extra>",
            )
        )
    made.update_xaxes(
        title_text="inputs taken away, largest first" if taken else "inputs given back, largest first"
    )
    made.update_yaxes(title_text="of the way, %", rangemode="tozero")
    made.update_layout(margin={"t": 36})
    return made
