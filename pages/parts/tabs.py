"""Parts of a page of which one is open at a time: what nobody looks at is neither computed nor drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def show(parts: Mapping[str, Callable[[], None]], *, key: str) -> None:
    """Draw parts as tabs, the first one open; another is made when it is opened, and nothing else runs again.

    Parameters
    ----------
    parts : mapping of title to the function that draws it
        A part that draws no heading of its own: the tab's title is what names it.
    key : str
        Unique on the page.
    """
    st.fragment(_body, key=f"{key}-parts")(parts, key)


def _body(parts: Mapping[str, Callable[[], None]], key: str) -> None:
    for tab, draw in zip(st.tabs(list(parts), key=key, on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()
