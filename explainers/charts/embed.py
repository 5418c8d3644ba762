"""Charts inside a document of their own: plotly's script once, then one division a figure."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = ["division", "script"]


def script() -> str:
    """Plotly's own JavaScript, to be written into a document once; nothing is fetched."""
    # A closing tag inside a string of the library would end the document's script element early.
    return str(get_plotlyjs()).replace("</script", "<\\/script")


def division(made: go.Figure, name: str) -> str:
    """One figure as HTML that draws itself with `script`; `name` is its id, unique in the document."""
    return str(
        made.to_html(
            full_html=False, include_plotlyjs=False, div_id=name, default_width="100%",
            config={"displayModeBar": False, "responsive": True, "staticPlot": False},
        )
    )  # fmt: skip
