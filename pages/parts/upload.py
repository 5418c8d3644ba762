"""Bring patient files: what was read and what was not, before anything is used."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from oncology.corrections import genes_from_names
from oncology.errors import OncologyError
from oncology.intake import UPLOAD_TYPES, ReadResult, read_uploads, upload_options
from oncology.intake.germline_hiding import covered_report
from oncology.intake.panels import named_panels
from oncology.intake.timeline import as_sample_of, further_samples
from oncology.patients import PatientProfile
from pages.parts import session, tables
from pages.parts.library import PatientChoice
from pages.parts.verbatim import verbatim

_READ, _ERROR, _ROUND = "upload-read", "upload-error", "upload-round"
_CHOICE, _SAME = "upload-choice", "upload-same"
_FILE, _NAMED, _UNKNOWN = "As the file tells", "Genes I name", "Not known"


def show() -> None:
    """Draw the uploader, and for files that were read their import reports with the patients found."""
    st.caption(
        "Files are read on this machine, in memory, and dropped as soon as they are read; what was read is gone with "
        "this browser session. Names, contacts and dates are not kept. Up to 25 MB a file; larger ones are read by "
        "`.venv/bin/python -m explainers import FILE`. Files that belong together (a MAF and its clinical table, the resources "
        "of a FHIR export) are given at once."
    )
    count: int = st.session_state.setdefault(_ROUND, 0)
    place = st.container(key="upload-place")
    told = _told()
    # A new key after each reading: the raw file, names and all, must not stay in the session.
    given = place.file_uploader(
        "Patient file", type=list(UPLOAD_TYPES), accept_multiple_files=True,
        key="upload" if count == 0 else f"upload-{count}",
    )  # fmt: skip
    if given and told is not None:
        _read(given, told, place)
        st.session_state[_ROUND] = count + 1
        st.rerun()
    if problem := st.session_state.get(_ERROR):
        st.error(f"The file was not read. {verbatim(problem)}")
    results: tuple[ReadResult, ...] = st.session_state.get(_READ, ())
    for number, result in enumerate(results, start=1):
        if len(results) > 1:
            st.markdown(f"**{number} of {len(results)}: {result.report.source.format}**")
        show_report(result, name="import-report" if number == 1 else f"import-report-{number}")
    if results:
        _use(results)


def _told() -> dict[str, Any] | None:
    """What the user knows and the file may not tell; None where it cannot be used as it stands."""
    panels = named_panels(c.profile for c in session.offered_patients())
    with st.expander("What the file may not tell: assayed genes, the meaning of columns"):
        which = st.selectbox(
            "Genes that were assayed", [_FILE, *panels, _NAMED, _UNKNOWN], key="upload-panel",
            format_func=lambda w: f"Panel {w} ({len(panels[w])} genes)" if w in panels else w,
            help="A named panel counts where the file itself does not tell. Not known: nothing is assumed, not even "
            "for genes in which other patients of the file have a variant.",
        )  # fmt: skip
        typed = ""
        if which == _NAMED:
            typed = st.text_area(
                "Assayed genes of the file", key="upload-genes", help="Separated by commas or blanks"
            )
        meaning = st.file_uploader(
            "Mapping file for a table (TOML)", type=["toml"], key="upload-mapping",
            help="Which column holds which field, units, and what codes mean; docs/patient_files.md has an example.",
        )  # fmt: skip
        st.caption("These count for files given afterwards; give a file again to read it in another way.")
        told: dict[str, Any] = {"assayed": "unknown" if which == _UNKNOWN else "file"}
        if which in panels:
            told |= {"panel": panels[which], "panel_name": which}
        if which == _NAMED:
            names = typed.replace(",", " ").replace(";", " ").split()
            if not names:
                st.info("Name the assayed genes first; then give the file.")
                return None
            try:
                told["panel"] = genes_from_names(names)
            except OncologyError as error:
                st.error(verbatim(str(error)))
                return None
        if meaning is not None:
            told["mapping"] = (meaning.name, meaning.getvalue())
    return told


def _read(given: list[Any], told: dict[str, Any], place: DeltaGenerator) -> None:
    st.session_state.pop(_READ, None)
    st.session_state.pop(_ERROR, None)
    files = [(file.name, file.getvalue()) for file in given]
    # Never the name of a file: it may be that of a person.
    many = "one file" if len(files) == 1 else f"{len(files)} files"
    reading = f"Reading {many} of {sum(len(content) for _, content in files) / 1e6:.1f} MB on this machine"
    bar = place.progress(0.0, text=f"{reading} …")

    def progress(share: float, words: str) -> None:
        bar.progress(min(max(share, 0.0), 1.0), text=f"{reading}: {words}")

    try:
        st.session_state[_READ] = read_uploads(files, options=upload_options(**told, progress=progress))
    except OncologyError as error:
        st.session_state[_ERROR] = str(error)
    context = get_script_run_ctx()
    if context is not None:
        for file in given:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def show_report(result: ReadResult, *, name: str = "import-report") -> None:
    """Draw what became of every element of a file; what could tell a germline finding is covered up."""
    report = covered_report(result.report, result.profiles)
    st.write(
        f"{len(result.profiles)} patient{'s' if len(result.profiles) != 1 else ''} found. {report.summary()}"
    )
    for note in report.notes:
        st.caption(verbatim(note))
    for c in report.contradictions:
        st.warning(verbatim(f"The file contradicts itself: {c.what} {c.choice}"))
    with st.expander(
        "Every element of the file, and what became of it", expanded=report.counts()["dropped"] > 0
    ):
        tables.show(report.to_rows(), caption="Import report", name=name)


def _use(results: tuple[ReadResult, ...]) -> None:
    profiles = _profiles(results)
    if not profiles:
        return
    labels = {i: PatientChoice("", "session", p).label for i, p in enumerate(profiles)}
    st.selectbox(
        "Patient to open", list(labels), format_func=labels.get, key=_CHOICE,
        help="All patients of the file join the list; this one is opened.",
    )  # fmt: skip
    others = {c.key: c.label for c in session.offered_patients() if c.where != "sample"}
    if others:
        st.selectbox(
            "A further sample of", list(others), format_func=others.get, index=None, key=_SAME,
            placeholder="another patient", help="Files of one patient carry different pseudonyms. Name the patient "
            "here where you know that they belong together; both then stand on one timeline.",
        )  # fmt: skip
    # As a callback: it runs before the page is drawn again, so that nothing above can end the run and lose the click.
    st.button("Use what was read", type="primary", key="upload-use", on_click=_take)


def _profiles(results: tuple[ReadResult, ...]) -> tuple[PatientProfile, ...]:
    held = [c.profile for c in session.offered_patients()]
    return further_samples((p for r in results for p in r.profiles), held)


def _take() -> None:
    """Let what was read join the patients, and open the chosen one."""
    state = st.session_state
    profiles = _profiles(state.pop(_READ, ()))
    if not profiles:
        return
    chosen, same = state.get(_CHOICE) or 0, state.get(_SAME)
    first = next((c.profile for c in session.offered_patients() if same is not None and c.key == same), None)
    if first is not None:
        profiles = tuple(as_sample_of(p, first) if i == chosen else p for i, p in enumerate(profiles))
    keys = session.add_patients(profiles, open_first=False)
    session.open_patient(keys[chosen])
