"""The audit of groups is asked for by the answer and by its own question: it is made once."""

import threading

import pytest

from explainers.audit import group_audit as module
from explainers.audit.errors import StoppedError
from explainers.audit.group_audit import kept_group_audit
from tests.audit.test_group_answers import cohort


@pytest.fixture
def slow(monkeypatch, tmp_path):
    """The audit with a gate: begun as often as listed, and done once the gate is opened."""
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path))
    begun, gate = [], threading.Event()
    real = module.group_audit

    def waiting(data, **more):
        begun.append(1)
        assert gate.wait(60)
        return real(data, threshold=more["threshold"], n_draws=99)

    monkeypatch.setattr(module, "group_audit", waiting)
    return begun, gate


def test_two_who_ask_for_the_same_groups_are_given_one_audit(slow):
    begun, gate = slow
    data, *_ = cohort(300, 1)
    found: list[module.GroupAudit] = []
    asked = [
        threading.Thread(target=lambda: found.append(kept_group_audit(data, threshold=0.15)), daemon=True)
        for _ in range(2)
    ]
    for thread in asked:
        thread.start()
    asked[0].join(0.5)
    gate.set()
    for thread in asked:
        thread.join(60)
    assert len(begun) == 1
    assert len(found) == 2 and found[0].labels == found[1].labels


def test_who_waits_for_another_can_be_stopped(slow):
    begun, gate = slow
    data, *_ = cohort(300, 1)
    first = threading.Thread(target=lambda: kept_group_audit(data, threshold=0.15), daemon=True)
    first.start()
    while not begun:
        first.join(0.01)
        assert first.is_alive()
    with pytest.raises(StoppedError):
        kept_group_audit(data, threshold=0.15, stop=lambda: True)
    gate.set()
    first.join(60)
    assert len(begun) == 1
