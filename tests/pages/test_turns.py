"""What somebody waits for goes before what is drawn for later, and nobody waits for ever."""

from __future__ import annotations

import threading

import pytest

from pages.parts import turns

PATIENCE = 5.0


def started(work) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_patient_work_runs_one_at_a_time():
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with turns.in_turn():
            with lock:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.01)
            with lock:
                inside -= 1

    for thread in [started(work) for _ in range(5)]:
        thread.join(PATIENCE)
    assert most == 1


def test_patient_work_lets_the_urgent_pass(monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", PATIENCE)
    order: list[str] = []
    waiting = threading.Event()

    def patient() -> None:
        with turns.in_turn():
            waiting.set()
            turns.let_pass()
            order.append("patient")

    with turns.at_once():
        thread = started(patient)
        assert not waiting.wait(0.05), "it must not start while something urgent runs"
        order.append("urgent")
    thread.join(PATIENCE)
    assert order == ["urgent", "patient"]


def test_nobody_waits_longer_than_the_longest_wait(monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.01)
    done = threading.Event()
    with turns.at_once():
        started(lambda: (turns.let_pass(), done.set()))
        assert done.wait(PATIENCE)


def test_a_turn_that_does_not_end_is_not_waited_for_by_everybody(monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_TURN_SECONDS", 0.01, raising=False)
    monkeypatch.setattr(turns, "_turn", threading.Lock())
    began, end, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with turns.in_turn():
            began.set()
            end.wait(4 * PATIENCE)

    def next_one() -> None:
        with turns.in_turn():
            done.set()

    thread = started(slow)
    assert began.wait(PATIENCE)
    other = started(next_one)
    assert done.wait(PATIENCE)
    other.join(PATIENCE)
    assert turns._turn.locked(), "whoever did not wait has no turn to give back"
    end.set()
    thread.join(PATIENCE)
    assert not turns._turn.locked()


@pytest.mark.parametrize("kind", [turns.at_once, turns.in_turn])
def test_work_that_fails_gives_its_turn_back(kind):
    with pytest.raises(ZeroDivisionError), kind():
        raise ZeroDivisionError
    done = threading.Event()

    def work() -> None:
        with turns.in_turn():
            done.set()

    started(work)
    assert done.wait(PATIENCE)
    assert turns._urgent == 0
