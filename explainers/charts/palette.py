"""Colours and layout that every chart shares: two hues that a colour-blind eye can tell, hairlines, one font."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

import plotly.graph_objects as go

__all__ = [
    "DARK",
    "FONT",
    "LIGHT",
    "SCREEN",
    "Mode",
    "Palette",
    "figure",
    "palette",
    "value_labels",
    "wrapped",
]

Mode = Literal["screen", "light", "dark"]

FONT = "Inter, system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by their part. `up` and `down` are Okabe-Ito vermilion and blue, never red against green."""

    up: str
    down: str
    third: str
    text: str
    quiet: str
    line: str
    ground: str


# Placeholders that the dashboard's browser side replaces by the theme's own colours (st.plotly_chart with
# theme="streamlit"), so that a chart follows light and dark without being sent again. The theme's own quiet grey
# stands 3.7 : 1 on white, too faint to be read by everyone, so quiet words have the colour of all others.
SCREEN = Palette("#000002", "#000001", "#000003", "#000037", "#000037", "#000039", "#000038")
LIGHT = Palette("#D55E00", "#0072B2", "#5A6672", "#16202A", "#4B5661", "#D9DEE4", "#FFFFFF")
DARK = Palette("#F0813A", "#56B4E9", "#9AA7B4", "#E6EBF0", "#B4BFCA", "#36424E", "#10151B")

_PALETTES: dict[Mode, Palette] = {"screen": SCREEN, "light": LIGHT, "dark": DARK}


def palette(mode: Mode) -> Palette:
    """The palette of a mode."""
    return _PALETTES[mode]


def figure(mode: Mode, *, height: int, right: int = 12, **layout: Any) -> go.Figure:
    """An empty figure on a transparent ground, fixed in height, as wide as its place.

    Parameters
    ----------
    right : int
        Margin for labels that stand right of the plot, in pixels.
    """
    colours = palette(mode)
    axis: dict[str, Any] = {
        "gridcolor": colours.line, "zerolinecolor": colours.line, "linecolor": colours.line, "automargin": True,
        "tickfont": {"color": colours.text, "size": 12}, "title": {"font": {"color": colours.quiet, "size": 12}},
        "fixedrange": True, "tickangle": 0, "zeroline": False, "ticks": "",
    }  # fmt: skip
    whole: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": right, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colours.text},
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "showlegend": False,
        "dragmode": False,
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom",
            "font": {"color": colours.text, "size": 12}, "title": {"text": ""},
        },
        "xaxis": axis,
        "yaxis": axis,
    }  # fmt: skip
    # Given whole to the constructor: plotly's updates afterwards cost four times as much.
    return go.Figure(layout=whole | layout)


def foot(made: go.Figure, mode: Mode, text: str, *, width: int = 52) -> None:
    """A line below the whole figure, left of the axis too: the background's name, and whatever must not be missed."""
    lines = wrapped(text, width)
    tall = 16 * (lines.count("<br>") + 1)
    # Anchored at the right edge, since only the browser knows how wide the labels left of the axis are.
    made.add_annotation(
        x=1, xref="paper", xanchor="right", xshift=made.layout.margin.r - 4, y=0, yref="paper", yanchor="top", yshift=-52,
        text=lines, align="left", showarrow=False, font={"family": FONT, "size": 12, "color": palette(mode).quiet},
        name="foot",
    )  # fmt: skip
    made.update_layout(margin={"b": 58 + tall}, height=made.layout.height + tall + 18)


def value_labels(
    made: go.Figure, mode: Mode, at: Sequence[float], texts: Sequence[str], *, size: int = 12
) -> None:
    """Numbers in a column of their own right of the plot, where no mark can run into them."""
    colour = palette(mode).text
    # All at once: plotly checks the whole list each time one is added.
    notes = [
        {
            "x": 1, "xref": "paper", "xanchor": "left", "xshift": 6, "y": y, "yref": "y", "text": text, "showarrow": False,
            "align": "left", "font": {"size": size, "color": colour}, "name": "value",
        }
        for y, text in zip(at, texts, strict=True)
    ]  # fmt: skip
    made.layout.annotations = [*made.layout.annotations, *notes]


def wrapped(text: str, width: int = 22) -> str:
    """Text over several lines, for a label that has to fit a phone.

    Examples
    --------
    >>> wrapped("Trastuzumab deruxtecan", 14)
    'Trastuzumab<br>deruxtecan'
    """
    return "<br>".join(wrap(text, width, break_long_words=False)) or text
