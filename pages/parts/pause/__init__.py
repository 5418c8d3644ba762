"""Runs the fragment that holds it again once the editing panel has been at rest for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st


@cache
def _component() -> Any:
    return st.components.v2.component(
        "glassboard.pause",
        html="<i hidden></i>",
        js=(Path(__file__).parent / "pause.js").read_text(encoding="utf-8"),
    )


def show(name: str, *, also: Sequence[str] = ()) -> None:
    """Place the clock in the fragment called `name`, which runs again after the last of quick edits.

    Parameters
    ----------
    also : sequence of str
        Other fragments of the page that run again with it. One clock for all: of two that speak in the same
        moment Streamlit hears one.
    """

    def rested() -> None:
        if also:
            st.rerun([name, *also])

    with st.container(key=f"pause-{name}"):
        _component()(key=f"clock-{name}", on_rested_change=rested)
