"""The search for the smallest change on What if: asked for by a button, run beside, with progress and stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from oncology.edits import Edit
from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from pages.parts import session, tables

if TYPE_CHECKING:
    from explainers.counterfactuals import Goal, SmallestChanges
    from explainers.explanation import Counterfactual
    from oncology.bundles import ModelBundle

Mode = Literal["model", "assay"]
_JOB = "smallest-change-job"
_MODES: dict[Mode, str] = {
    "model": "Any alteration may change",
    "assay": "Only what was not assayed may turn out",
}
# When the search gives up and says how far it came.
_SECONDS = 20.0


@dataclass
class Search:
    """One search in a thread of its own; the page looks in from time to time."""

    bundle: ModelBundle
    profile: PatientProfile
    goal: Goal
    mode: Mode
    found: SmallestChanges | None = None
    error: str = ""
    _halt: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to search."""
        self._thread = threading.Thread(target=self._run, name="smallest change", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the search at the next opportunity; what was found until then stays."""
        self._halt.set()

    @property
    def running(self) -> bool:
        """Whether the search is still on."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        from explainers.counterfactuals import smallest_changes

        try:
            self.found = smallest_changes(
                self.bundle,
                self.profile,
                self.goal,
                mode=self.mode,
                time_limit_s=_SECONDS,
                stop=self._halt.is_set,
            )
        except OncologyError as error:
            self.error = str(error)


def show(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Draw the question, and the search or its answer."""
    running = _job() is not None and _job().running
    st.fragment(_body, run_every=0.4 if running else None, key="smallest")(bundle, recorded)


def answer_for(bundle: ModelBundle, profile: PatientProfile) -> tuple[Goal, SmallestChanges] | None:
    """What the last search found, if it was for this model and profile."""
    job: Search | None = _job()
    if job is None or job.running or job.found is None:
        return None
    if (job.bundle.sha256, job.profile.fingerprint) != (bundle.sha256, profile.fingerprint):
        return None
    return job.goal, job.found


def _job() -> Any:
    return st.session_state.get(_JOB)


def _body(bundle: ModelBundle, recorded: PatientProfile) -> None:
    job: Search | None = _job()
    if job is not None and job.running:
        _progress(job)
        return
    if job is not None and st.session_state.pop("smallest-change-watched", False):
        # The search has ended since the last look: draw the page again without the clock.
        st.rerun()
    asked = _question(bundle, recorded)
    if asked is not None:
        job = Search(bundle, session.edited_patient(bundle.schema, recorded), *asked)
        st.session_state[_JOB] = job
        st.session_state["smallest-change-watched"] = True
        job.start()
        st.rerun()
    if job is not None and job.bundle.sha256 == bundle.sha256:
        _answer(job, recorded)


def _progress(job: Search) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/hourglass_top: {job.goal.words(job.bundle)}: searching, {_SECONDS:.0f} s at most"
        )
        st.button("Stop", on_click=job.stop, key="smallest-change-stop")


def _question(bundle: ModelBundle, recorded: PatientProfile) -> tuple[Goal, Mode] | None:
    """The form; the goal and the mode once the button is pressed."""
    kept: dict[str, Any] = {"persist_state": "page"}
    with (
        st.form("smallest-change", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", key="smallest-question"),
    ):
        goal = _goal(bundle)
        mode: Mode = st.selectbox(
            "What may change", list(_MODES), format_func=_MODES.get, width=300, key="smallest-mode", **kept
        )
        pressed = st.form_submit_button("Search", type="primary")
    if not pressed:
        return None
    try:
        return goal(), mode
    except OncologyError as error:
        st.warning(str(error))
        return None


def _goal(bundle: ModelBundle) -> Callable[[], Goal]:
    """The fields that ask for a goal, and the goal they make once it is wanted."""
    from explainers.counterfactuals import Goal
    from explainers.what_if import group_goal

    kept: dict[str, Any] = {"persist_state": "page"}
    if bundle.ranks:
        option = st.selectbox(
            "Option to bring to the top", bundle.options, format_func=bundle.label, width=320,
            key="smallest-option", **kept,
        )  # fmt: skip
        return lambda: Goal(option)
    if bundle.formula is not None and bundle.formula.categories:
        groups = bundle.formula.categories
        group = st.selectbox("Group to reach", groups, width=220, key="smallest-group", **kept)
        side = st.selectbox("Or", ["lower", "higher"], width=140, key="smallest-side", **kept)
        return lambda: group_goal(bundle, group, or_lower=side == "lower")
    side = st.selectbox("Bring it", ["over", "under"], width=140, key="smallest-over", **kept)
    value = st.number_input("this value", 0.0, 1.0, 0.5, 0.05, width=140, key="smallest-value", **kept)
    return lambda: Goal(bundle.options[0], "threshold", value, side)


def _answer(job: Search, recorded: PatientProfile) -> None:
    if job.error:
        st.warning(job.error)
        return
    found = job.found
    if found is None:
        return
    now = session.edited_patient(job.bundle.schema, recorded)
    if now.fingerprint != job.profile.fingerprint:
        st.caption("Searched for the profile as it stood then; it has been edited since.")
    st.markdown(f"**{found.words()}**")
    for note in found.notes:
        st.write(note)
    from explainers.what_if import counterfactual_rows

    rows = counterfactual_rows(job.bundle, job.goal.option, found.found)
    if found.method:
        st.caption(f"How: {found.method}.")
    if rows:
        tables.show(rows, caption="The smallest changes found", name="smallest-change")
        st.button(
            "Make the first of these changes", on_click=_make, args=(found.found[0],), key="smallest-change-make",
            disabled=now.fingerprint != job.profile.fingerprint,
        )  # fmt: skip


def _make(found: Counterfactual) -> None:
    made = {change.feature: change.after for change in found.changes}
    kept = [e for e in session.edits() if e.feature not in made]
    session.replace_edits(kept + [Edit(name, value) for name, value in made.items()])
    st.rerun()
