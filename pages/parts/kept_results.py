"""Results that are asked for again, kept for as long as they may be: for everybody, or for one session alone.

What a model says of a sample patient, or of one from the folder that the dashboard was started with, serves every
session. Once somebody has brought patients of their own, everything worked out for that session stays in it and
is gone with it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

# Patients that were brought into this session, by their key (`session.add_patients`).
UPLOADED = "open-uploaded"
_OWN = "open-results"
MOST_IN_A_SESSION = 60

Key = TypeVar("Key", bound=Hashable)
Rest = ParamSpec("Rest")
Result = TypeVar("Result")


class _Store:
    """The last results of one function, the least lately asked for going first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> tuple[Any, ...]:
        """The result in a tuple of one; an empty tuple where there is none."""
        with self._lock:
            if key not in self._kept:
                return ()
            self._kept.move_to_end(key)
            return (self._kept[key],)

    def put(self, key: Hashable, result: Any) -> None:
        with self._lock:
            self._kept[key] = result
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def keep(
    most: int,
) -> Callable[[Callable[Concatenate[Key, Rest], Result]], Callable[Concatenate[Key, Rest], Result]]:
    """Keep the last results of a function, told apart by its first argument alone.

    The key has to name everything the result hangs on (content hashes of model and patient, the choices made); the
    other arguments are the objects behind it. Results are handed out as they are, so nobody may change them. Where no
    session asks, as in a thread of one's own, nobody knows whose patient it is: nothing is kept.

    Parameters
    ----------
    most : int
        How many are kept for everybody; a session of its own keeps at most `MOST_IN_A_SESSION`.
    """

    def around(
        function: Callable[Concatenate[Key, Rest], Result],
    ) -> Callable[Concatenate[Key, Rest], Result]:
        everybody = _Store(most)
        name = f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def asked(key: Key, *rest: Rest.args, **named: Rest.kwargs) -> Result:
            if get_script_run_ctx(suppress_warning=True) is None:
                return function(key, *rest, **named)
            store = everybody
            if st.session_state.get(UPLOADED):
                own: dict[str, _Store] = st.session_state.setdefault(_OWN, {})
                store = own.setdefault(name, _Store(min(most, MOST_IN_A_SESSION)))
            found = store.get(key)
            if not found:
                found = (function(key, *rest, **named),)
                store.put(key, found[0])
            return found[0]

        return asked

    return around
