"""How the answer changes with one input: the mean over patients, single patients behind it, and accumulated local effects."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

from explainers.charts.palette import Mode, figure, palette, wrapped
from explainers.overall.partial_effects import AccumulatedEffect, PartialDependence
from oncology.counts import SMALLEST_COUNT, count_words

__all__ = ["accumulated_effect", "partial_dependence"]


def partial_dependence(found: PartialDependence, *, mode: Mode = "screen") -> go.Figure:
    """Mean answers over the values, thin lines for single patients; states stand side by side with their counts."""
    colours = palette(mode)
    made = figure(mode, height=340)
    n = len(found.x)
    # All thin lines in one trace, with a gap after each.
    x = np.tile(np.concatenate([found.x, [np.nan]]), len(found.individual))
    y = np.column_stack([found.individual, np.full(len(found.individual), np.nan)]).ravel()
    made.add_trace(
        go.Scatter(
            x=_gaps(x), y=_gaps(y), mode="lines", line={"color": colours.third, "width": 1}, opacity=0.35,
            hoverinfo="skip",
        )
    )  # fmt: skip
    chance = (
        [""] * n
        if found.probability is None
        else [f"<br>{100 * p:.0f} of 100 on average" for p in found.probability]
    )
    made.add_trace(
        go.Scatter(
            x=found.x.tolist(), y=found.mean.tolist(), mode="markers" if found.kind == "states" else "lines+markers",
            line={"color": colours.down, "width": 3},
            marker={"color": colours.down, "size": 12 if found.kind == "states" else 7},
            customdata=[[escape(w), c] for w, c in zip(found.words, chance, strict=True)],
            hovertemplate="%{customdata[0]}: %{y:+.2f}%{customdata[1]}<extra></extra>",
        )
    )  # fmt: skip
    if found.kind == "states":
        ticks = [
            f"{wrapped(escape(w), 14)}<br>{'n &lt; ' + str(SMALLEST_COUNT) if k is None else f'n = {k:,}'}"
            for w, k in zip(found.words, found.n_have, strict=True)
        ]
        made.update_xaxes(tickvals=list(range(n)), ticktext=ticks, range=[-0.4, n - 0.6], showgrid=False)
    else:
        made.update_xaxes(title_text=_axis(found.label, found.feature_unit), nticks=6)
    made.update_yaxes(title_text=wrapped(f"model's answer, {found.unit}", 40), nticks=6)
    return made


def accumulated_effect(found: AccumulatedEffect, *, mode: Mode = "screen") -> go.Figure:
    """Accumulated local effects over the values; 0 is the mean over the patients."""
    colours = palette(mode)
    made = figure(mode, height=340)
    n = ["", *(f"<br>{count_words(k)} patients in the step before" for k in found.n_in_step)]
    made.add_trace(
        go.Scatter(
            x=found.x.tolist(), y=found.effect.tolist(), mode="lines+markers",
            line={"color": colours.up, "width": 3}, marker={"color": colours.up, "size": 7}, customdata=n,
            hovertemplate="%{x:.4g}: %{y:+.3f}%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    made.update_xaxes(title_text=_axis(found.label, found.feature_unit), nticks=6)
    made.update_yaxes(
        title_text=wrapped(f"accumulated effect, {found.unit}", 40), nticks=6, zeroline=True,
        zerolinecolor=colours.quiet,
    )  # fmt: skip
    return made


def _axis(label: str, unit: str) -> str:
    return wrapped(escape(f"{label}, {unit}" if unit else label), 46)


def _gaps(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]
