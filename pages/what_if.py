"""What if: how would the model's answer change with another molecular profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import (
    address,
    edit_panel,
    firmness_panel,
    inquiry,
    layout,
    pause,
    pickers,
    session,
    smallest_change,
    turns,
    what_if_results,
)

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

# What the ranking on the screen was drawn of.
_DRAWN = "ranking-drawn-of"


def _open_now() -> tuple[object, ...]:
    """The model, the patient and the edits that the session holds, by what they are and not by where they lie."""
    model, patient = session.bundle(), session.patient()
    return model and model.sha256, patient and patient.fingerprint, session.edits()


@st.fragment(key="workbench")
def workbench(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The panel and the answer beside it: all that runs at once after an edit."""
    st.session_state[_DRAWN] = _open_now()
    with turns.at_once():
        panel, result = st.columns([5, 8], gap="medium")
        # What a person looks at first is made first.
        with result, st.container(key="ranking"):
            what_if_results.ranking(bundle, recorded)
        with panel, st.container(key="alterations"):
            edit_panel.show(bundle, recorded)


@st.fragment(key="depth")
def depth(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Everything else about the profile as it stands; runs once the hand at the panel has come to rest."""
    if st.session_state[_DRAWN] != _open_now():
        # An edit, or another patient, and the clock that spoke in the same moment: Streamlit ran this part alone.
        st.rerun()
    with turns.in_turn():
        # An answer that was searched for says when the profile is no longer the one it was asked of.
        pause.show("depth", also=["questions"] if inquiry.any_answered() else [])
        address.write_url(with_edits=True)
        what_if_results.numbers(bundle, recorded)
        turns.let_pass()
        what_if_results.trust(bundle, recorded)
        has_alterations = any(feature.is_alteration for feature in bundle.schema.features)
        turns.let_pass()
        why, change = st.columns(2, gap="large")
        with why:
            st.header("Why, before and after", anchor=False)
            what_if_results.explained(bundle, recorded)
        turns.let_pass()
        if has_alterations:
            with change:
                st.header("Which single change would shift it", anchor=False)
                what_if_results.single_changes(bundle, recorded)
        turns.let_pass()
        what_if_results.document(bundle, recorded)


@st.fragment(key="questions")
def questions(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """What is searched for on request."""
    st.header("The smallest change that reaches a goal", anchor=False)
    smallest_change.show(bundle, recorded)
    if any(feature.is_alteration for feature in bundle.schema.features):
        firmness_panel.show(bundle, recorded)


with layout.page(
    "What if",
    lead="What would the model say of another molecular profile? Not what biology would do.",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, recorded = pickers.both(head, with_edits=True)
    what_if_results.style()
    with st.container(key="what-if"):
        workbench(bundle, recorded)
    depth(bundle, recorded)
    questions(bundle, recorded)
