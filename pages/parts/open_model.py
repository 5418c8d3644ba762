"""The model that pages about a whole model speak of: whose patients it was made from, and why none is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers import origins
from pages.parts import layout, pickers, session
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from oncology.bundles import ModelBundle

__all__ = ["facts", "open_model", "origin"]


def origin() -> layout.Origin:
    """What `layout.page` shows beside the title: whose patients the open model was made from."""
    choice = session.bundle_choice()
    if choice is None or choice.manifest is None:
        return "none"
    return origins.origin_kind(choice, None)


def facts() -> tuple[str, ...]:
    """What the open model was made from, in words."""
    choice = session.bundle_choice()
    return (origins.model_origin(None if choice is None else choice.manifest),)


def open_model(head: DeltaGenerator) -> ModelBundle:
    """Draw the pickers and return the open model, or end the page with why there is none."""
    pickers.show(head)
    model, problem = session.bundle_or_error()
    if model is None:
        st.error(verbatim(problem))
        st.stop()
    return model
