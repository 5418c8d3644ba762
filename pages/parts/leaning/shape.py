"""How the answer, or an input's share of it, changes with the input's value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers import dependence as shares
from oncology.errors import OncologyError
from pages.parts import tables
from pages.parts.leaning import results
from pages.parts.leaning.importance import chart
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["show"]

_MEAN, _STEPS, _SHARE = "Everybody given the value", "Step by step", "Share by patient"


def show(bundle: ModelBundle, option: str) -> None:
    """Draw the shape of one input: partial dependence, accumulated local effects, or Shapley values."""
    found = results.important(bundle, option)
    if found is None:
        return
    names = [found.feature_names[j] for j in found.order()]
    labels = dict(zip(found.feature_names, found.feature_labels, strict=True))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        feature = st.selectbox("Input", names, format_func=labels.get, key=f"shape-{option}", width=340)
        kind = st.segmented_control(
            "Picture",
            [_MEAN, _STEPS, _SHARE],
            default=_MEAN,
            key="shape-kind",
            required=True,
            width="content",
        )
    try:
        {_MEAN: _mean, _STEPS: _steps, _SHARE: _share}[kind or _MEAN](bundle, option, feature)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    st.caption("What goes together in the model is no cause: an input can stand for another one.")


def _mean(bundle: ModelBundle, option: str, feature: str) -> None:
    from explainers.charts import partial_effects as charts
    from explainers.overall.partial_effects import partial_dependence

    found = partial_dependence(bundle, option, feature)
    chart(charts.partial_dependence(found), "partial")
    st.caption(verbatim(found.small_print))
    tables.beside(found.rows(), caption=f"Mean answer by {found.label}", name="partial")


def _steps(bundle: ModelBundle, option: str, feature: str) -> None:
    from explainers.charts import partial_effects as charts
    from explainers.overall.partial_effects import accumulated_effect

    found = accumulated_effect(bundle, option, feature)
    chart(charts.accumulated_effect(found), "accumulated")
    st.caption(verbatim(found.small_print))
    tables.beside(found.rows(), caption=f"Accumulated effect of {found.label}", name="accumulated")


def _share(bundle: ModelBundle, option: str, feature: str) -> None:
    from explainers.charts import shape

    sampled = results.sample(bundle, option)
    if sampled is None:
        return
    partner, said = _partner(bundle, option, feature)
    seen = shares.dependence(bundle, sampled, feature, partner=partner)
    chart(shape.dependence(seen), "dependence")
    st.caption(verbatim(said))
    tables.beside(seen.rows(), caption=f"Share of {seen.label} by its value", name="dependence")


def _partner(bundle: ModelBundle, option: str, feature: str) -> tuple[str | None, str]:
    """With which input the patients are coloured, and why."""
    try:
        found = results.pairs(bundle, option)
    except OncologyError as error:
        return None, str(error)
    if found is None:
        return None, "Not coloured: which inputs act together is not worked out yet."
    partner = found.partner.get(feature)
    if partner is None:
        return None, "This input acts together with no other one in this model."
    return partner, (
        f"Coloured by {bundle.schema.feature(partner).label}, the input it acts together with most in this model."
    )
