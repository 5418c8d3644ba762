"""Work that may take seconds: done beside the page, with its progress, and stopped when somebody says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from explainers.audit.errors import StoppedError
from oncology.errors import OncologyError
from pages.parts.verbatim import verbatim

__all__ = ["Make", "Work", "result"]

# Most results are there before a person could see a clock.
_SECONDS_AT_ONCE = 0.25

# What makes a result, given where to report progress (share from 0 to 1, words) and whom to ask whether to stop.
Make = Callable[[Callable[[float, str], None], Callable[[], bool]], Any]


@dataclass
class Work:
    """One piece of work in a thread of its own; the page looks in from time to time."""

    key: str
    make: Make
    share: float = 0.0
    words: str = ""
    result: Any = None
    error: str = ""
    stopped: bool = False
    watched: bool = False
    _halt: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> Work:
        """Begin, and wait for as long as nobody would notice."""
        self._thread = threading.Thread(target=self._run, name="long-work", daemon=True)
        self._thread.start()
        self._thread.join(_SECONDS_AT_ONCE)
        return self

    def stop(self) -> None:
        """End at the next opportunity; nothing of it stays."""
        self.stopped = True
        self._halt.set()

    @property
    def running(self) -> bool:
        """Whether the result is still awaited."""
        return self._thread is not None and self._thread.is_alive()

    def _say(self, share: float, words: str) -> None:
        self.share, self.words = share, words

    def _run(self) -> None:
        try:
            self.result = self.make(self._say, self._halt.is_set)
        except StoppedError:
            self.stopped = True
        except OncologyError as error:
            self.error = str(error)


def result(place: str, key: str, make: Make, words: str) -> Any:
    """What `make` made, or None while it works, after it failed and after it was stopped; the page then says so.

    Parameters
    ----------
    place : str
        One piece of work at a time stands here; another key starts another one and stops the last.
    key : str
        Everything the result hangs on; the same key gives the same result for the rest of the session.
    words : str
        What is being done, for the line of progress.
    """
    state = f"long-work-{place}"
    work: Work | None = st.session_state.get(state)
    if work is None or work.key != key:
        if work is not None:
            work.stop()
        work = st.session_state[state] = Work(key, make).start()
    # Asked in this order, so that work that ends between the two lines is not lost.
    running = work.running
    if work.result is not None:
        return work.result
    work.watched = running
    st.fragment(_progress, run_every=0.4 if running else None, key=f"{state}-progress")(state, words)
    return None


def _progress(state: str, words: str) -> None:
    work: Work | None = st.session_state.get(state)
    if work is None:
        return
    if work.running:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(work.share, verbatim(f"{words}: {work.words}" if work.words else words))
            st.button("Stop", on_click=work.stop, key=f"{state}-stop")
        return
    if work.watched:
        # It has ended since the page was drawn: draw it again, with what was made and without the clock.
        work.watched = False
        st.rerun()
    if work.error:
        st.info(verbatim(work.error))
    elif work.stopped:
        st.caption(f"{words}: stopped, nothing was kept.")
        if st.button("Start again", key=f"{state}-again"):
            st.session_state.pop(state)
            st.rerun()
    else:
        st.error(f"{words}: it ended without a result. The window in which the dashboard runs says why.")
