"""How well a model tells responders from others, option by option: AUC with its interval against chance."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from explainers.charts.interval_marks import dots_with_intervals
from explainers.charts.palette import Mode, figure, palette, value_labels, wrapped

if TYPE_CHECKING:
    from oncology.bundles import Manifest
    from oncology.performance import OptionPerformance

__all__ = ["discrimination", "performance_rows"]

_ROW = 30


def discrimination(manifest: Manifest, *, mode: Mode = "screen") -> go.Figure:
    """Cross-validated AUC per option with its 95 % interval, best first; options without signal are grey."""
    colours = palette(mode)
    found = _ordered(manifest)
    made = figure(mode, height=_ROW * len(found) + 70, right=40)
    made.add_vline(x=0.5, line={"color": colours.quiet, "width": 1, "dash": "dot"})
    for signal, colour in ((True, colours.down), (False, colours.third)):
        lines = [(i, p) for i, p in enumerate(found) if p.has_signal is signal]
        dots_with_intervals(
            made, [p.auc for _, p in lines], [p.auc_low for _, p in lines], [p.auc_high for _, p in lines],
            [i for i, _ in lines], colour=colour, opacity=0.4,
            customdata=[
                [escape(manifest.label(p.option)), p.auc_low, p.auc_high, p.n, p.n_events] for _, p in lines
            ],
            hover="%{customdata[0]}<br>AUC %{x:.2f} (%{customdata[1]:.2f} to %{customdata[2]:.2f})<br>"
            "%{customdata[4]} responders among %{customdata[3]}<extra></extra>",
        )  # fmt: skip
    lowest = min([0.45, *(p.auc_low for p in found)])
    made.update_xaxes(
        range=[lowest - 0.02, 1.0],
        nticks=6,
        title_text=wrapped("cross-validated AUC; 95 % interval; dotted: chance", 46),
    )
    made.update_yaxes(
        tickvals=list(range(len(found))), ticktext=[wrapped(manifest.label(p.option)) for p in found],
        range=[len(found) - 0.5, -0.5], showgrid=False,
    )  # fmt: skip
    value_labels(made, mode, list(range(len(found))), [f"{p.auc:.2f}" for p in found])
    return made


def performance_rows(manifest: Manifest) -> list[dict[str, Any]]:
    """One row an option, best first: discrimination, calibration and what a guess of the base rate would score."""
    return [
        {
            "option": manifest.label(p.option),
            "patients": p.n,
            "responders": p.n_events,
            "AUC": round(p.auc, 3),
            "AUC low": round(p.auc_low, 3),
            "AUC high": round(p.auc_high, 3),
            "signal": "yes" if p.has_signal else "no signal",
            "Brier score": round(p.brier, 3),
            "Brier score of the base rate": round(p.brier_base_rate, 3),
            "calibration slope": round(p.calibration_slope, 2),
            "calibration intercept": round(p.calibration_intercept, 2),
        }
        for p in _ordered(manifest)
    ]


def _ordered(manifest: Manifest) -> Sequence[OptionPerformance]:
    return sorted(manifest.performance, key=lambda p: -p.auc)
