"""Patient: who is this patient, and what was never tested."""

import streamlit as st

from pages.parts import (
    downloads,
    exports,
    germline_gate,
    glance,
    layout,
    pickers,
    profile_form,
    session,
    timeline_panel,
    upload,
)

with layout.page(
    "Patient",
    lead="Who is this patient, and what was never tested?",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    pickers.show(head)
    choice, profile = session.patient_choice(), session.patient()
    bundle, problem = session.bundle_or_error()
    if problem:
        st.error(problem)
    if choice is None or profile is None:
        st.info("No patient is open yet. A file below opens one.")
    else:
        schema = None if bundle is None else bundle.schema
        glance.show(profile, schema)
        germline_gate.show(choice)
        if schema is not None:
            glance.show_coverage(profile, schema)
        timeline_panel.show(profile, bundle)
        profile_form.show_record(profile)
        # The form is long; it is drawn once it is opened.
        correcting = st.expander("Correct a field", key="correcting", on_change="rerun")
        if correcting.open:
            with correcting:
                profile_form.show(profile)
        st.header("Take this patient along", anchor=False)
        exports.show(profile, bundle)
    if bundle is not None and profile is not None:
        downloads.case(bundle, profile, name="patient")
    with st.expander("Open a patient file", expanded=profile is None):
        upload.show()
