"""What if: how would the model's answer change with another molecular profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import (
    edit_panel,
    firmness_panel,
    layout,
    pickers,
    session,
    smallest_change,
    what_if_results,
)

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

# What runs again after an edit, in the order of what a person looks at first.
FOLLOWS = ("ranking", "explained", "numbers")


@st.fragment(key="ranking")
def ranking(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The answer for the edited profile beside the recorded one."""
    with st.container(key="ranking"):
        what_if_results.ranking(bundle, recorded)


@st.fragment(key="numbers")
def numbers(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The ranking's numbers as a table."""
    what_if_results.numbers(bundle, recorded)


@st.fragment(key="explained")
def explained(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Why, before and after, for one option."""
    what_if_results.explained(bundle, recorded)


@st.fragment(key="singles")
def singles(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Which single change would shift the answer."""
    what_if_results.single_changes(bundle, recorded)


@st.fragment(key="document")
def document(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The page as one file to keep or print."""
    what_if_results.document(bundle, recorded)


with layout.page(
    "What if",
    lead="What would the model say of another molecular profile? Not what biology would do.",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, recorded = pickers.both(head)
    has_alterations = any(feature.is_alteration for feature in bundle.schema.features)
    what_if_results.style()
    with st.container(key="what-if"):
        panel, result = st.columns([5, 8], gap="medium")
        with panel, st.container(key="alterations"):
            # A fragment that is not on the page cannot be asked to run.
            asked = ("singles", smallest_change.KEY, *firmness_panel.keys(bundle)) if has_alterations else ()
            edit_panel.show(bundle, recorded, [*FOLLOWS, *asked, "document"])
        with result:
            ranking(bundle, recorded)
    numbers(bundle, recorded)
    why, change = st.columns(2, gap="large")
    with why:
        st.header("Why, before and after", anchor=False)
        explained(bundle, recorded)
    if has_alterations:
        with change:
            st.header("Which single change would shift it", anchor=False)
            singles(bundle, recorded)
        st.header("The smallest change that reaches a goal", anchor=False)
        smallest_change.show(bundle, recorded)
        firmness_panel.show(bundle, recorded)
    document(bundle, recorded)
