"""The benchmark of the search ends with a non-zero exit code where an answer differs from a peer's, and says all."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.benchmarks import bench_search, machine
from tests.trees.random_ensembles import random_ensemble


@pytest.fixture
def small(monkeypatch):
    """Two families of small models, six changes, no dice-ml."""
    models = {"first": random_ensemble(0, p=6, width=3), "second": random_ensemble(1, p=6, width=3)}
    data = np.random.default_rng(0).integers(0, 2, (7010, 6)).astype(float)
    monkeypatch.setattr(bench_search, "N_ALTERATIONS", 6)
    monkeypatch.setattr(bench_search, "MAX_SIZE", 3)
    monkeypatch.setattr(bench_search, "cohort", lambda: (data, data[:, 0], data))
    monkeypatch.setattr(bench_search, "families", lambda *_: (models, None))
    monkeypatch.setattr(bench_search, "against_dice", lambda *_: None)
    monkeypatch.setattr(bench_search, "many_intervals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bench_search", "--questions", "6"])


def test_answers_that_agree_end_well_and_stand_beside_the_aim(small, capsys):
    assert bench_search.main() == 0
    said = capsys.readouterr().out
    assert "DISAGREE" not in said
    assert said.count("(target 98 %, aim 99.8 %)") == 2


@pytest.mark.parametrize("peer", ["HiGHS", "every set tried"])
def test_an_answer_that_differs_ends_with_an_error_after_everything_was_printed(
    small, monkeypatch, capsys, peer
):
    if peer == "HiGHS":
        monkeypatch.setattr(bench_search, "smallest_size_by_milp", lambda *_, **__: 5)
    else:
        monkeypatch.setattr(bench_search, "TOLERANCE", np.inf)
    assert bench_search.main() == 1
    said = capsys.readouterr().out
    assert "second: 6 questions" in said and "DISAGREE" in said.splitlines()[-1]


def test_a_library_that_is_not_installed_is_named_as_such():
    assert "no-such-library not installed" in machine.describe("numpy", "no-such-library")
