"""Bring a patient file: what was read and what was not, before anything is used."""

from __future__ import annotations

import streamlit as st

from oncology.errors import OncologyError
from oncology.intake import UPLOAD_TYPES, ReadResult, read_bytes
from pages.parts import session, tables


def show() -> None:
    """Draw the uploader, and for a file its import report with the patients found."""
    st.caption(
        "The file is read on this machine, in memory, and is gone with this browser session. Names, contacts "
        "and dates are not kept. Up to 25 MB; larger files are read by `python -m explainers import FILE`."
    )
    given = st.file_uploader("Patient file", type=list(UPLOAD_TYPES), key="upload")
    if given is None:
        return
    try:
        result = read_bytes(given.name, given.getvalue())
    except OncologyError as error:
        st.error(f"The file was not read. {error}")
        return
    show_report(result)
    _use(result)


def show_report(result: ReadResult) -> None:
    """Draw what became of every element of a file."""
    report = result.report
    st.write(
        f"{len(result.profiles)} patient{'s' if len(result.profiles) != 1 else ''} found. {report.summary()}"
    )
    for note in report.notes:
        st.caption(note)
    for c in report.contradictions:
        st.warning(f"The file contradicts itself: {c.what} {c.choice}")
    with st.expander(
        "Every element of the file, and what became of it", expanded=report.counts()["dropped"] > 0
    ):
        tables.show(report.to_rows(), caption="Import report", name="import-report")


def _use(result: ReadResult) -> None:
    profiles = {p.patient_id: p for p in result.profiles}
    if not profiles:
        return
    chosen = st.selectbox(
        "Patient to open", list(profiles), key="upload-choice", help="All patients of the file join the list; this one is opened.",
    )  # fmt: skip
    if st.button("Use what was read", type="primary", key="upload-use"):
        keys = session.add_patients(result.profiles, open_first=False)
        session.open_patient(keys[list(profiles).index(chosen)])
        st.rerun()
