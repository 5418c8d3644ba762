"""A question that may take seconds: asked by a button, answered beside the page, and stopped when somebody says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from pages.parts import session
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Ask", "Inquiry", "Question", "answered", "show"]

# Most answers are there before a person could see a clock.
_SECONDS_AT_ONCE = 0.3

# What is asked of a model and a patient; it ends early once the function it is given says so.
Ask = Callable[["ModelBundle", PatientProfile, Callable[[], bool]], Any]


@dataclass
class Inquiry:
    """One question in a thread of its own; the page looks in from time to time.

    Parameters
    ----------
    profile : PatientProfile
        Of whom it is asked, edits included.
    recorded : PatientProfile, optional
        The same patient without the edits, to whom it belongs; where none is given, the profile itself.
    """

    bundle: ModelBundle
    profile: PatientProfile
    ask: Ask
    words: str
    recorded: PatientProfile | None = None
    answer: Any = None
    error: str = ""
    _halt: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, and wait for as long as nobody would notice."""
        self._thread = threading.Thread(target=self._run, name="inquiry", daemon=True)
        self._thread.start()
        self._thread.join(_SECONDS_AT_ONCE)

    def stop(self) -> None:
        """End at the next opportunity; what was found until then stays."""
        self._halt.set()

    @property
    def running(self) -> bool:
        """Whether the answer is still awaited."""
        return self._thread is not None and self._thread.is_alive()

    def is_for(self, bundle: ModelBundle, profile: PatientProfile) -> bool:
        """Whether it was asked of this model and this profile."""
        return (self.bundle.sha256, self.profile.fingerprint) == (bundle.sha256, profile.fingerprint)

    def belongs_to(self, bundle: ModelBundle, recorded: PatientProfile) -> bool:
        """Whether it was asked of this model and this patient, with whatever edits."""
        asked = self.profile if self.recorded is None else self.recorded
        return (self.bundle.sha256, asked.fingerprint) == (bundle.sha256, recorded.fingerprint)

    def _run(self) -> None:
        try:
            self.answer = self.ask(self.bundle, self.profile, self._halt.is_set)
        except OncologyError as error:
            self.error = str(error)


@dataclass(frozen=True)
class Question:
    """How one kind of question is put and how its answer is drawn.

    Parameters
    ----------
    key : str
        Of the fragment; one question of a kind is asked at a time.
    put : function from the bundle to (what to ask, in which words) once its button is pressed, else None
    draw : function that draws an answer
    """

    key: str
    put: Callable[[ModelBundle], tuple[Ask, str] | None]
    draw: Callable[[Inquiry, PatientProfile], None]


def show(question: Question, bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Draw the question, and its answer once there is one; what runs for another model or patient is stopped."""
    _leave_behind(bundle, recorded)
    job = _job(question)
    running = job is not None and job.running
    st.fragment(_body, run_every=0.4 if running else None, key=question.key)(question, bundle, recorded)


def answered(key: str, bundle: ModelBundle, profile: PatientProfile) -> Inquiry | None:
    """The last answer to a kind of question, if it was asked of this model and profile."""
    job: Inquiry | None = st.session_state.get(f"{key}-job")
    there = job is not None and not job.running and job.answer is not None and job.is_for(bundle, profile)
    return job if there else None


def any_answered() -> bool:
    """Whether anything was asked in this session, so that an answer may stand on the page."""
    return any(isinstance(value, Inquiry) for value in st.session_state.values())


def _leave_behind(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Stop and forget what still runs for another model or patient; its answer would stand beside the wrong one."""
    for key, job in list(st.session_state.items()):
        if isinstance(job, Inquiry) and job.running and not job.belongs_to(bundle, recorded):
            job.stop()
            del st.session_state[key]
            st.session_state.pop(f"{str(key).removesuffix('-job')}-watched", None)


def _job(question: Question) -> Inquiry | None:
    found: Inquiry | None = st.session_state.get(f"{question.key}-job")
    return found


def _body(question: Question, bundle: ModelBundle, recorded: PatientProfile) -> None:
    job = _job(question)
    if job is not None and not job.belongs_to(bundle, recorded):
        # An answer about another model or another patient has no place here.
        job = None
    watched = f"{question.key}-watched"
    if job is not None and job.running:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/hourglass_top: {verbatim(job.words)}")
            st.button("Stop", on_click=job.stop, key=f"{question.key}-stop")
        return
    if job is not None and st.session_state.pop(watched, False):
        # It has ended since the last look: draw the page again without the clock.
        st.rerun()
    put = question.put(bundle)
    if put is not None:
        ask, words = put
        job = Inquiry(bundle, session.edited_patient(bundle.schema, recorded), ask, words, recorded)
        st.session_state[f"{question.key}-job"] = job
        job.start()
        st.session_state[watched] = job.running
        # The whole page: the clock starts, or the file to save takes up the answer.
        st.rerun()
    if job is None:
        return
    now = session.edited_patient(bundle.schema, recorded)
    if not job.is_for(bundle, now):
        st.caption(
            "Asked of another profile than the one that stands here now; the answer below is for that one."
        )
    if job.error:
        st.warning(verbatim(job.error))
    elif job.answer is not None:
        question.draw(job, now)
    else:
        st.error("It ended without a result. The window in which the dashboard runs says why.")
