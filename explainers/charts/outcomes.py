"""What was observed among similar patients: shares with their intervals, small counts withheld."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

from explainers.charts.interval_marks import dots_with_intervals
from explainers.charts.palette import Mode, figure, foot, palette, value_labels, wrapped
from explainers.neighbours import Neighbours
from oncology.counts import SMALLEST_COUNT
from oncology.wording import wording

__all__ = ["observed_outcomes"]


def observed_outcomes(
    found: Neighbours, *, options: tuple[str, ...] = (), mode: Mode = "screen"
) -> go.Figure:
    """Responders among similar patients, one line an option, with Wilson's 95 % interval.

    Parameters
    ----------
    options : tuple of str
        Which options, in this order; default: those with a count that may be shown, most treated first.
    """
    colours, said = palette(mode), wording(found.setting)
    treated = sorted(
        (o for o in found.observed if o.n_treated is not None), key=lambda o: -(o.n_treated or 0)
    )
    chosen = [found.of(o) for o in options] or treated
    y = list(range(len(chosen)))
    made = figure(mode, height=30 * max(len(chosen), 1) + 60, right=92)
    shown = [(i, o) for i, o in enumerate(chosen) if o.share is not None]
    share, low, high = (
        np.array([getattr(o, name) for _, o in shown], dtype=np.float64) for name in ("share", "low", "high")
    )
    dots_with_intervals(
        made, share, low, high, [i for i, _ in shown], colour=colours.down,
        customdata=[escape(o.words) for _, o in shown], hover="%{customdata}<extra></extra>",
    )  # fmt: skip
    names = [wrapped(escape(o.label), 22) for o in chosen]
    made.update_yaxes(tickvals=y, ticktext=names, range=[len(y) - 0.5, -0.5], showgrid=False)
    made.update_xaxes(
        range=[-0.02, 1.02],
        tickformat=".0%",
        nticks=4,
        title_text=f"{said.responded}, of those {said.treated}",
    )
    texts = []
    for o in chosen:
        if o.n_treated is None:
            texts.append(f"n &lt; {SMALLEST_COUNT}")
        elif o.n_responded is None:
            texts.append(f"n = {o.n_treated}, withheld")
        else:
            texts.append(f"{o.n_responded} of {o.n_treated}")
    value_labels(made, mode, y, texts, size=11)
    rest = len(found.observed) - len(chosen)
    if rest and not options:
        others = "The other option" if rest == 1 else f"Each of the other {rest} options"
        foot(made, mode, f"{others}: fewer than {SMALLEST_COUNT} of these patients {said.had_it}.")
    return made
