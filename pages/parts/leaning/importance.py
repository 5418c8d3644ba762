"""How large each input's share is, which are beyond chance, and every patient's share as a dot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from pages.parts import tables
from pages.parts.leaning import results
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["chart", "show", "show_patients"]


def show(bundle: ModelBundle, option: str) -> None:
    """Draw the importance of the inputs, those that may be noise in grey."""
    from explainers.charts import global_importance

    found = results.important(bundle, option)
    if found is None:
        return
    beyond = results.chance(bundle, option)
    measured = not isinstance(beyond, OncologyError)
    st.markdown("**Average size of each input's share** (mean |Shapley value|)")
    chart(global_importance.importance(found, beyond=beyond.discoveries if measured else None), "importance")
    st.caption(
        verbatim(
            f"{beyond.words} Grey: not beyond chance. {found.method}"
            if measured
            else f"{beyond} {found.method}"
        )
    )
    rows = beyond.rows() if measured else []
    by_name = {r["feature"]: r for r in rows}
    both = [r | {k: v for k, v in by_name.get(r["feature"], {}).items() if k not in r} for r in found.rows()]
    tables.beside(both, caption="Importance of every input", name="importance")


def show_patients(bundle: ModelBundle, option: str) -> None:
    """Draw every sampled patient's share of the strongest inputs as one dot."""
    from explainers.charts import global_importance
    from explainers.swarm import swarm

    found = results.sample(bundle, option)
    if found is None:
        return
    spread = swarm(bundle, found)
    st.markdown("**Each patient's share as one dot**")
    chart(global_importance.beeswarm(spread), "beeswarm")
    tables.beside(spread.rows(), caption="Shares by patient and input", name="beeswarm")


def chart(figure: Any, key: str) -> None:
    """Draw one chart of this section."""
    st.plotly_chart(figure, key=f"leaning-{key}", width="stretch", config={"displayModeBar": False})
