"""Runs the fragment that holds it again once the editing panel has been at rest for a moment."""

from __future__ import annotations

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


def show(name: str) -> None:
    """Place the clock called `name`; the fragment around it runs again after the last of quick edits."""
    with st.container(key=f"pause-{name}"):
        _component()(key=f"clock-{name}", on_rested_change=_rested)


def _rested() -> None:
    """The run that follows is all that is asked for."""
