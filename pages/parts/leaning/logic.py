"""The general logic in short: a tree and a list of rules, behind a warning where they are not faithful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.overall.general_logic import Fidelity, GeneralLogic
    from oncology.bundles import ModelBundle

__all__ = ["show"]


def show(bundle: ModelBundle, option: str) -> None:
    """Draw a short form of the model with how well it imitates it."""
    depth = st.segmented_control(
        "Questions in a row", [2, 3, 4], default=3, key="logic-depth", required=True, width="content"
    )
    found = _logic(bundle.sha256, option, depth or 3, bundle)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**As a tree**")
        _behind(found.tree_fidelity, "tree", lambda: _tree(found))
    with right:
        st.markdown("**As a list of rules**")
        _behind(found.rules_fidelity, "rules", lambda: _rules(found))
    st.caption(verbatim(found.small_print))


@st.cache_resource(max_entries=32, show_spinner="Imitating the model")
def _logic(sha256: str, option: str, depth: int, _bundle: ModelBundle) -> GeneralLogic:
    from explainers.overall.general_logic import general_logic

    return general_logic(_bundle, option, depth=depth, n_rules=2 * depth)


def _behind(fidelity: Fidelity, name: str, draw) -> None:  # type: ignore[no-untyped-def]
    if fidelity.is_faithful:
        st.caption(verbatim(fidelity.words))
        draw()
        return
    st.warning(verbatim(fidelity.words))
    if st.toggle("Show it all the same", key=f"logic-{name}-anyway"):
        draw()


def _tree(found: GeneralLogic) -> None:
    from explainers.charts.surrogate_tree import tree_html, tree_style

    caption = f"Tree that imitates the model on {found.label}"
    st.html(f"<style>{tree_style()}</style>{tree_html(found.tree, caption=caption)}")


def _rules(found: GeneralLogic) -> None:
    tables.show(found.rule_rows(), caption="The first rule that fits gives the answer", name="rules")
