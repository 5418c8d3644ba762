"""Which inputs act together, and how often the two stand in one tumour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import tables
from pages.parts.leaning import results
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["show"]


def show(bundle: ModelBundle, option: str) -> None:
    """Draw the strongest pairs with their intervals and what is known of their company."""
    found = results.pairs(bundle, option)
    if found is None:
        return
    st.write(verbatim(found.words))
    tables.show(found.rows(), caption="The strongest pairs of inputs", name="pairs")
    st.caption(verbatim(found.small_print))
