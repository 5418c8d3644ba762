"""Many people at once: websocket clients that speak the dashboard's protocol and toggle alterations.

A toggle is recorded once in a real browser, with the word that the page sends when the hand has come to rest;
every client then sends toggles of its own making: the same messages with other sets of edits, so that no client
lives off what another has computed.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

SECONDS_BETWEEN_TOGGLES = 2.0
# As long as pages/parts/pause waits in the browser.
SECONDS_OF_REST = 0.15
SECONDS_TO_ANSWER = 30.0


@dataclass
class Tally:
    """What all clients together saw."""

    ranking_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Recording:
    """A toggle and the word of rest after it as the browser sent them, and every edit that was made."""

    toggle: bytes
    rest: bytes
    edits: dict[str, object]

    def edited(self, features: Iterable[str]) -> tuple[bytes, bytes]:
        """Return both recorded messages with the edits of these features and no others."""
        edits = {feature: self.edits[feature] for feature in features}
        return _with_edits(self.toggle, edits), _with_edits(self.rest, edits)


def _with_edits(recorded: bytes, edits: dict[str, object]) -> bytes:
    message = BackMsg.FromString(recorded)
    state = _edits_state(message)
    state.json_value = json.dumps({**json.loads(state.json_value), "edits": edits})
    return message.SerializeToString()


def recording(frames: Sequence[bytes]) -> Recording:
    """Pick the toggles, and what follows them, out of everything a browser sent to the server."""
    messages = [BackMsg.FromString(frame) for frame in frames]
    told = [message for message in messages if _edits_state(message) is not None]
    toggles = [message for message in told if not _is_rest(message)]
    rests = [message for message in told if _is_rest(message)]
    if not toggles or not rests:
        raise RuntimeError("No toggle was recorded with its rest: the browser sent no list of edits.")
    edits: dict[str, object] = {}
    for message in toggles:
        edits |= json.loads(_edits_state(message).json_value)["edits"]
    return Recording(toggles[-1].SerializeToString(), rests[-1].SerializeToString(), edits)


def _is_rest(message: BackMsg) -> bool:
    """Whether a message is the word of rest: it alone carries a trigger."""
    return any(
        s.WhichOneof("value") == "json_trigger_value" for s in message.rerun_script.widget_states.widgets
    )


def _edits_state(message: BackMsg):
    for state in message.rerun_script.widget_states.widgets:
        if state.WhichOneof("value") == "json_value" and '"edits"' in state.json_value:
            return state
    return None


async def people(url: str, page: str, record: Recording, n: int, seconds: float) -> Tally:
    """Let `n` clients open a page and toggle once every two seconds.

    Parameters
    ----------
    url : str
        Where the dashboard is served.
    page : str
        The page they open.
    record : Recording
        The toggle to send.
    n : int
        How many clients.
    seconds : float
        For how long they toggle, after all have opened the page.
    """
    tally = Tally()
    opened = asyncio.Barrier(n)
    await asyncio.gather(*(_person(url, page, record, seed, seconds, opened, tally) for seed in range(n)))
    return tally


async def _person(
    url: str, page: str, record: Recording, seed: int, seconds: float, opened: asyncio.Barrier, tally: Tally
) -> None:
    rng = random.Random(seed)
    where = urlsplit(url)
    async with connect(
        f"ws://{where.netloc}/_stcore/stream", origin=url, subprotocols=["streamlit"], max_size=None
    ) as socket:
        first = BackMsg()
        first.rerun_script.page_name = page
        await socket.send(first.SerializeToString())
        blocks: set[tuple[int, ...]] = set()
        await _answer(socket, blocks, tally)
        await opened.wait()
        features = sorted(record.edits)
        edited = {feature for feature in features if rng.random() < 0.5}
        start = time.perf_counter() + rng.random() * SECONDS_BETWEEN_TOGGLES
        for turn in range(int(seconds / SECONDS_BETWEEN_TOGGLES)):
            await asyncio.sleep(max(0.0, start + turn * SECONDS_BETWEEN_TOGGLES - time.perf_counter()))
            sent = time.perf_counter()
            edited ^= {rng.choice(features)}
            toggle, rest = record.edited(sorted(edited))
            await socket.send(toggle)
            ranking, _ = await _answer(socket, blocks, tally)
            await asyncio.sleep(max(0.0, sent + SECONDS_OF_REST - time.perf_counter()))
            await socket.send(rest)
            _, done = await _answer(socket, blocks, tally)
            if ranking is None:
                tally.errors.append("a toggle was answered without a ranking")
            else:
                tally.ranking_ms.append((ranking - sent) * 1000)
            tally.answer_ms.append((done - sent) * 1000)


async def _answer(
    socket: ClientConnection, blocks: set[tuple[int, ...]], tally: Tally
) -> tuple[float | None, float]:
    """Read until the script has ended; return when the ranking arrived and when the end did."""
    ranking = None
    while True:
        message = ForwardMsg.FromString(await asyncio.wait_for(socket.recv(decode=False), SECONDS_TO_ANSWER))
        path = tuple(message.metadata.delta_path)
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.HasField("add_block"):
            if "ranking" in message.delta.add_block.id.rpartition("-")[2]:
                blocks.add(path)
        elif kind in {"delta", "ref_hash"} and any(path[: len(block)] == block for block in blocks):
            ranking = ranking or time.perf_counter()
        if kind == "delta" and message.delta.new_element.HasField("exception"):
            tally.errors.append(message.delta.new_element.exception.message)
        if kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return ranking, time.perf_counter()
