"""What a model leans on over many patients: one question at a time, computed when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers import importance as importances
from oncology.errors import OncologyError
from pages.parts import tables
from pages.parts.leaning import importance, logic, markers, pairs, retraining, shape
from pages.parts.leaning.results import ALL
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from collections.abc import Callable

    from oncology.bundles import ModelBundle

__all__ = ["show"]

# What one can ask of one option, and of all together; the first is drawn before anybody asks.
_OF_ONE: dict[str, Callable[[ModelBundle, str], None]] = {
    "Importance": importance.show,
    "Each patient": importance.show_patients,
    "Shape": shape.show,
    "Pairs": pairs.show,
    "Known markers": markers.show_known,
    "In short": logic.show,
    "Shuffle or leave out": retraining.show,
}
_OF_ALL: dict[str, Callable[[ModelBundle, str], None]] = {
    "Importance": importance.show,
    "Strongest marker of each option": markers.show_strongest,
}


def show(bundle: ModelBundle) -> None:
    """Draw the section: for one option or all, one view at a time."""
    st.header("What does it lean on?", anchor=False)
    if bundle.formula is not None:
        st.write(
            "A published formula leans on what its authors wrote down: each variable has one fixed weight for every "
            "patient."
        )
        tables.show(importances.formula_weights(bundle), caption="Published weights", name="weights")
        return
    if bundle.training is None:
        st.info(
            "This model came without its training cohort, so there are no patients to measure importance on."
        )
        return
    _views(bundle)


@st.fragment
def _views(bundle: ModelBundle) -> None:
    options = [*([ALL] if len(bundle.options) > 1 else []), *bundle.options]
    with st.container(horizontal=True, vertical_alignment="bottom", key="leaning-pickers"):
        option = st.selectbox(
            "Option", options, format_func=lambda o: "All options together" if o == ALL else bundle.label(o),
            key=f"model-option-{bundle.sha256[:8]}", width=340,
        )  # fmt: skip
        views = _OF_ALL if option == ALL else _OF_ONE
        view = st.segmented_control(
            "Ask", list(views), default="Importance", key=f"model-view-{'all' if option == ALL else 'one'}",
            required=True, width="content",
        )  # fmt: skip
    try:
        views[view or "Importance"](bundle, option)
    except OncologyError as error:
        st.info(verbatim(str(error)))
