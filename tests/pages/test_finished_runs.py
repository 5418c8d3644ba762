"""What a run said before it ended reaches the browser, whenever the next request comes."""

from __future__ import annotations

import asyncio
import threading

import pytest
from streamlit import config
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from pages.parts import finished_runs

RANKING = ForwardMsg(delta={"new_element": {"html": {"body": "the ranking"}}})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def heard_out(monkeypatch):
    """Sessions as the dashboard's server has them, and Streamlit's own once the test is over."""
    monkeypatch.setattr(AppSession, "request_rerun", finished_runs._request)
    monkeypatch.setattr(AppSession, "_handle_scriptrunner_event_on_event_loop", finished_runs._hear)
    finished_runs.hear_out()


class Session(AppSession):
    """A session of which a test holds the runners: the next one is made but never started."""

    def __init__(self, runner: ScriptRunner) -> None:
        self._state = AppSessionState.APP_IS_RUNNING
        self._browser_queue = ForwardMsgQueue()
        self._scriptrunner = runner
        self._local_sources_watcher = None
        self._client_state = ClientState()
        self._message_enqueued_callback = None
        self._debug_last_backmsg_id = None
        self._run_on_save = False

    def __del__(self) -> None:
        """Nothing was opened that had to be closed."""

    def has_fragment(self, fragment_id: str) -> bool:
        return True

    def _create_scriptrunner(self, initial_rerun_data) -> None:
        self._scriptrunner = ended_runner()

    def hear(self, sender: ScriptRunner, event: ScriptRunnerEvent, **told) -> None:
        async def in_the_loop() -> None:
            self._event_loop = asyncio.get_running_loop()
            self._handle_scriptrunner_event_on_event_loop(sender, event, **told)

        asyncio.run(in_the_loop())

    def sent(self) -> list[str]:
        return [m.delta.new_element.html.body for m in self._browser_queue.flush() if m.HasField("delta")]


def ended_runner() -> ScriptRunner:
    runner = ScriptRunner.__new__(ScriptRunner)
    runner._requests = ScriptRequests()
    runner._requests.request_stop()
    runner._execing = False
    runner._join_wake_lock = threading.Lock()
    runner._join_wake_coordinator = None
    return runner


def test_what_lay_in_the_queue_when_a_part_was_asked_for_is_sent():
    before = ended_runner()
    session = Session(before)
    session.request_rerun(ClientState(fragment_id="part"))
    following = session._scriptrunner
    assert following is not before
    session.hear(before, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=RANKING)
    assert session.sent() == ["the ranking"]
    assert session._scriptrunner is following
    # The end of the thread that ran it does not end the run that goes on.
    session.hear(before, ScriptRunnerEvent.SHUTDOWN, client_state=ClientState(query_string="old"))
    assert session._scriptrunner is following
    assert session._client_state.query_string == ""


def test_also_of_two_runs_that_ended_one_after_the_other():
    first = ended_runner()
    session = Session(first)
    session.request_rerun(ClientState(fragment_id="one"))
    second = session._scriptrunner
    session.request_rerun(ClientState(fragment_id="two"))
    for runner in (first, second):
        session.hear(runner, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=RANKING)
        assert session.sent() == ["the ranking"]


def test_the_end_of_a_run_is_told_before_the_next_one_begins():
    before = ended_runner()
    session = Session(before)
    session.request_rerun(ClientState(fragment_id="part"))
    session.hear(before, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=RANKING)
    session.hear(before, ScriptRunnerEvent.FRAGMENT_STOPPED_WITH_SUCCESS)
    kinds = [m.WhichOneof("type") for m in session._browser_queue.flush()]
    assert kinds == ["delta", "script_finished", "session_status_changed"]
    assert session._state is AppSessionState.APP_NOT_RUNNING


def test_a_run_that_was_told_to_stop_does_not_speak_beside_the_next():
    before = ended_runner()
    before._execing = True
    session = Session(before)
    session.request_rerun(ClientState(fragment_id="part"))
    session.hear(before, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=RANKING)
    assert session.sent() == []


def test_what_a_whole_new_page_replaces_is_not_sent():
    before = ended_runner()
    session = Session(before)
    session.request_rerun(ClientState())
    session.hear(before, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=RANKING)
    assert session.sent() == []


def test_a_large_message_is_sent_whole_and_never_by_a_hash_the_browser_may_have_forgotten():
    large = ForwardMsg(delta={"new_element": {"html": {"body": "x" * 1_000_000}}})  # type: ignore[arg-type]
    populate_hash_if_needed(large)
    assert not large.metadata.cacheable
    assert config.get_option("global.minCachedMessageSize") > 1e9
