"""Values with their intervals, one a line: a soft bar under a dot, drawn the same way on every chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

__all__ = ["dots_with_intervals"]


def dots_with_intervals(
    made: go.Figure,
    x: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    y: Sequence[float],
    *,
    colour: str,
    customdata: Any,
    hover: str,
    opacity: float = 0.35,
) -> None:
    """Add dots at (x, y) with bars from `low` to `high`.

    Parameters
    ----------
    customdata, hover : what plotly shows under the pointer; the dots alone answer to it.
    """
    middle, left, right = (np.asarray(v, dtype=np.float64).tolist() for v in (x, low, high))
    x_line: list[float | None] = []
    y_line: list[float | None] = []
    for start, end, at in zip(left, right, y, strict=True):
        # One trace for all bars: a gap parts them.
        x_line += [start, end, None]
        y_line += [at, at, None]
    bar = {"color": colour, "width": 6}
    made.add_trace(go.Scatter(x=x_line, y=y_line, mode="lines", line=bar, opacity=opacity, hoverinfo="skip"))
    made.add_trace(
        go.Scatter(
            x=middle, y=list(y), mode="markers", marker={"color": colour, "size": 10}, customdata=customdata,
            hovertemplate=hover,
        )
    )  # fmt: skip
