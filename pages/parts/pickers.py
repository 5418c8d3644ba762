"""The pickers of model and patient that stand on every page, and what they have to say first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from oncology.patients import PatientProfile
from pages.parts import address, germline_gate, library, session

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

_BUNDLE, _PATIENT = "picker-bundle", "picker-patient"


def show(place: DeltaGenerator | None = None, *, alone: bool = True, with_edits: bool = False) -> None:
    """Draw both pickers (at `place`, beside the title), then what must be said of the pair before all else.

    `alone` is False where the page itself says in what the patient lies outside the model; `with_edits` is True
    where the page shows the edited patient, so that a reload brings the edits back.
    """
    bundles, patients = session.offered_bundles(), session.offered_patients()
    chosen_bundle, chosen = session.bundle_choice(), session.patient_choice()
    with place or st.container(horizontal=True, key="pickers"):
        if chosen_bundle is not None:
            # The state is ours and survives page switches; the widget is told of it before it is drawn.
            st.session_state[_BUNDLE] = chosen_bundle.key
            names = {c.key: c.label for c in bundles}
            st.selectbox(
                "Model", list(names), format_func=names.get, key=_BUNDLE, on_change=_pick_bundle, width=316
            )
        if chosen is not None:
            st.session_state[_PATIENT] = chosen.key
            labels = {c.key: c.label for c in patients}
            st.selectbox(
                "Patient", list(labels), format_func=labels.get, key=_PATIENT, on_change=_pick_patient,
                width=390,
            )  # fmt: skip
    address.write_url(with_edits=with_edits)
    if alone and (words := session.mismatch()):
        st.warning(words)
    _say(chosen)


def both(
    place: DeltaGenerator | None = None, *, with_edits: bool = False
) -> tuple[ModelBundle, PatientProfile]:
    """Draw the pickers and return the open pair; where one is missing, say why and end the page there."""
    show(place, alone=False, with_edits=with_edits)
    model, problem = session.bundle_or_error()
    if model is None:
        st.error(problem)
        st.stop()
    profile = session.patient()
    if profile is None:
        st.info("No patient is open. Add one on the page Patient, or put files into local/patients.")
        st.stop()
    return model, profile


def _pick_bundle() -> None:
    session.open_bundle(st.session_state[_BUNDLE])


def _pick_patient() -> None:
    session.open_patient(st.session_state[_PATIENT])


def _say(chosen: library.PatientChoice | None) -> None:
    if chosen is not None and not chosen.in_url:
        st.caption(
            "Not one of the sample patients: the address of this page does not name them, and a reload goes "
            "back to a sample patient."
        )
    if chosen is not None and (words := germline_gate.short_words(chosen)):
        st.caption(words)
    own = library.own_patients()
    if own.error:
        st.warning(f"The files in {own.path.name} could not be read. {own.error}")
    for problem in session.problems():
        st.warning(problem)
