"""A part of a page that is folded away, drawn only while it is open, and left as the user left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

__all__ = ["show"]


def show(label: str, *, key: str) -> ExpanderContainer:
    """An expander, closed at first, whose `open` says whether its content is to be drawn.

    Streamlit forgets an expander that one run does not draw, and a question is not drawn while its answer is awaited:
    whether it was open is therefore kept beside it.
    """
    kept = f"{key}-left-open"
    if key not in st.session_state and st.session_state.get(kept):
        st.session_state[key] = True
    folded = st.expander(label, key=key, on_change="rerun")
    st.session_state[kept] = folded.open
    return folded
