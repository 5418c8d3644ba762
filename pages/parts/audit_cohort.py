"""Which patients a model is held against: those it was made from, or a cohort brought by the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from oncology.intake import MAX_UPLOAD, UPLOAD_TYPES
from pages.parts import library, session
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from explainers.audit.external import OutsideCohort
    from oncology.bundles import ModelBundle

_COHORTS, _CHOICE, _ERROR, _ROUND = (
    "audit-cohorts",
    "audit-cohort-choice",
    "audit-cohort-error",
    "audit-cohort-round",
)
_PICKER = "audit-cohort"
_OWN = "the patients it was made from"


def chosen() -> OutsideCohort | None:
    """The cohort from outside that is open; None while the model's own patients are."""
    held, wanted = _cohorts(), st.session_state.get(_CHOICE, "")
    if held and wanted not in held:
        # A model without patients of its own is held against the first cohort, which the page's head has to know.
        model = session.bundle()
        if model is not None and model.training is None:
            return next(iter(held.values()))
    return held.get(wanted)


def _cohorts() -> dict[str, OutsideCohort]:
    held: dict[str, OutsideCohort] = st.session_state.setdefault(_COHORTS, {})
    return held


def show(bundle: ModelBundle) -> AuditData | None:
    """Draw the choice of patients and the way to bring others; return what the audit works on."""
    own = bundle.training is not None
    offered = ([_OWN] if own else []) + list(_cohorts())
    if offered:
        st.session_state.setdefault(_CHOICE, offered[0])
        if st.session_state[_CHOICE] not in offered:
            st.session_state[_CHOICE] = offered[0]
    if len(offered) > 1:
        # The widget is told before it is drawn: it would go on naming the cohort that was open before the last reading.
        st.session_state[_PICKER] = st.session_state[_CHOICE]
        st.selectbox("Held against", offered, key=_PICKER, width=420, on_change=_choose)
    if not offered:
        why = "is a published formula" if bundle.formula is not None else "came without its training cohort"
        st.info(
            f"{bundle.manifest.title} {why}, so it brings no patients to hold its numbers against. Whether its numbers may "
            "be believed cannot be said here until a cohort with known outcomes is loaded."
        )
    _bring(expanded=not offered)
    if not offered:
        return None
    return _data(bundle)


def _choose() -> None:
    st.session_state[_CHOICE] = st.session_state[_PICKER]


def _data(bundle: ModelBundle) -> AuditData | None:
    cohort = chosen()
    if cohort is None:
        return _own_data(bundle.sha256, bundle)
    # Rows of the user's patients stay in this session; nothing of them outlives it.
    key = ("audit-data", bundle.sha256, cohort.fingerprint)
    if key not in st.session_state:
        from explainers.audit.external import against

        try:
            st.session_state[key] = against(bundle, cohort)
        except OncologyError as error:
            st.info(verbatim(str(error)))
            return None
    found: AuditData = st.session_state[key]
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _own_data(sha256: str, _bundle: ModelBundle) -> AuditData:
    from explainers.audit.data import of_bundle

    return of_bundle(_bundle)


def _bring(*, expanded: bool) -> None:
    folded = st.expander(
        "Load a cohort whose outcomes are known", expanded=expanded, key="audit-load", on_change="rerun"
    )
    if not (folded.open or expanded):
        return
    with folded:
        st.caption(
            "A table, a project JSON, or the tables of a study with its study file. A table needs a column option (what was "
            "given) and a column response (yes or no) beside the model's inputs. Files are read on this machine, lie in a "
            f"private temporary folder while they are read, and are gone with this session; up to {MAX_UPLOAD // 10**6} MB a "
            "file, larger ones by `.venv/bin/python -m explainers audit BUNDLE --data PATH`."
        )
        _own_patients()
        count: int = st.session_state.setdefault(_ROUND, 0)
        given = st.file_uploader(
            "Patients and outcomes",
            type=list(UPLOAD_TYPES),
            accept_multiple_files=True,
            key=f"audit-files-{count}",
        )
        told = st.file_uploader(
            "Study or mapping file (TOML), where the tables do not speak for themselves", type=["toml"],
            key=f"audit-told-{count}",
        )  # fmt: skip
        if given and st.button("Read the cohort", key="audit-read", type="primary"):
            _read(given, told)
            st.session_state[_ROUND] = count + 1
            st.rerun()
        if problem := st.session_state.get(_ERROR):
            st.error(f"The cohort was not read. {verbatim(problem)}")


def _own_patients() -> None:
    """Patients of the user's own folder and of this session, where at least one has an outcome."""
    profiles = [c.profile for c in session.offered_patients() if c.where != "sample"]
    if not any(p.outcome is not None and p.outcome.response is not None for p in profiles):
        return
    if st.button("Use the patients that are already open here", key="audit-own-patients"):
        from explainers.audit.external import of_profiles

        _keep(lambda: of_profiles(profiles, library.own_patients().path.name))
        st.rerun()


def _read(given: list[Any], told: Any) -> None:
    from explainers.audit.external import read_uploaded

    files = [(f.name, f.getvalue()) for f in given]
    large = [name for name, data in files if len(data) > MAX_UPLOAD]
    if large:
        st.session_state[_ERROR] = f"{large[0]} is larger than {MAX_UPLOAD // 10**6} MB."
        return
    _keep(lambda: read_uploaded(files, told=None if told is None else (told.name, told.getvalue())))


def _keep(read: Any) -> None:
    st.session_state.pop(_ERROR, None)
    try:
        cohort: OutsideCohort = read()
    except OncologyError as error:
        st.session_state[_ERROR] = str(error)
        return
    _cohorts()[cohort.name] = cohort
    st.session_state[_CHOICE] = cohort.name
