"""What a finished run still has to say is heard, also when the next request comes first.

A run speaks through the queue of the server's event loop. When a person asks for one part of a page in the
moment in which another part has been drawn but its last messages still lie in that queue, Streamlit 1.67 starts
a new runner and drops whatever comes from the old one. If the whole page is drawn next, nothing is lost; if only
a part is, the other part would go on showing the answer for an earlier profile, with nothing to say so.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent

_request = AppSession.request_rerun
_hear = AppSession._handle_scriptrunner_event_on_event_loop
# Runners that had ended of themselves when a part of a page was asked for.
_ended: WeakSet[ScriptRunner] = WeakSet()


def hear_out() -> None:
    """From now on no session drops the messages of a run that came to its end; to be called before any begins."""
    AppSession.request_rerun = _ask  # type: ignore[method-assign]
    AppSession._handle_scriptrunner_event_on_event_loop = _listen  # type: ignore[method-assign]


def _ask(session: AppSession, client_state: ClientState | None) -> None:
    before = session._scriptrunner
    _request(session, client_state)
    part = client_state is not None and bool(client_state.fragment_id)
    # One that was told to stop and still runs shall not speak beside the next; one that ended has nothing to add
    # to what already lies in the queue.
    if part and before is not None and session._scriptrunner is not before and not before._execing:
        _ended.add(before)


def _listen(
    session: AppSession, sender: ScriptRunner | None, event: ScriptRunnerEvent, *told: Any, **named: Any
) -> None:
    current = session._scriptrunner
    # The end of the old runner's thread is no end of the session's new one.
    if sender not in _ended or event is ScriptRunnerEvent.SHUTDOWN:
        _hear(session, sender, event, *told, **named)
        return
    session._scriptrunner = sender
    try:
        _hear(session, sender, event, *told, **named)
    finally:
        session._scriptrunner = current
