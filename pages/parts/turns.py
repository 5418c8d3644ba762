"""Who goes first when many people work at once: what a hand waits for, before what it will look at later.

Threads of one process share its processor, so a ranking that somebody waits for is slowed by everything else
that is drawn meanwhile for others. The deeper parts of a page therefore take turns, and between two of them
they let whatever is urgent pass.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Nobody waits longer than this between two parts, however busy the dashboard is.
LONGEST_WAIT_SECONDS = 0.3
# Nor longer than this for the turn of another: one slow model, or one that never ends, does not hold up every patient.
LONGEST_TURN_SECONDS = 5.0

_turn = threading.Lock()
_urgent = 0
_changed = threading.Condition()


@contextmanager
def at_once() -> Iterator[None]:
    """Mark the block as what somebody waits for: patient work lets it pass."""
    global _urgent
    with _changed:
        _urgent += 1
    try:
        yield
    finally:
        with _changed:
            _urgent -= 1
            _changed.notify_all()


@contextmanager
def in_turn() -> Iterator[None]:
    """Run the block when no other patient work runs and nothing urgent does, or after the longest waits for both."""
    mine = _turn.acquire(timeout=LONGEST_TURN_SECONDS)
    try:
        let_pass()
        yield
    finally:
        if mine:
            _turn.release()


def let_pass() -> None:
    """Wait while anything urgent runs, though never longer than `LONGEST_WAIT_SECONDS`."""
    with _changed:
        _changed.wait_for(lambda: _urgent == 0, LONGEST_WAIT_SECONDS)
