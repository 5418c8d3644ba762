"""Results on disk: they come back whole, hold no patient's row, stay within bounds, and are made again when damaged."""

from __future__ import annotations

import gzip
import json
import os
import threading
from dataclasses import dataclass

import numpy as np
import pytest

from explainers import kept
from explainers.importance import Importance, shapley_importance, shapley_sample
from explainers.overall.cooccurrence import CoOccurrence
from explainers.overall.pairs import Pair, Pairs, strongest_pairs


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@dataclass(frozen=True)
class Small:
    values: np.ndarray
    names: tuple[str, ...]
    also: dict[str, float]


SMALL = Small(np.array([[1.5, np.nan], [-np.inf, 0.0]]), ("a", "β"), {"x": 2.0})


def made(result, calls):
    def make():
        calls.append(1)
        return result

    return make


def test_a_result_is_made_once_and_comes_back_whole():
    calls = []
    for _ in range(3):
        found = kept.kept("thing", ("abc", 1, 0.5), (Small,), made(SMALL, calls))
    assert len(calls) == 1
    assert np.array_equal(found.values, SMALL.values, equal_nan=True)
    assert (found.names, found.also) == (SMALL.names, SMALL.also)
    kept.kept("thing", ("abc", 2, 0.5), (Small,), made(SMALL, calls))
    kept.kept("other", ("abc", 1, 0.5), (Small,), made(SMALL, calls))
    assert len(calls) == 3


def test_real_results_come_back_equal(small):
    bundle = small()
    important = shapley_importance(shapley_sample(bundle, "osimertinib", n_patients=50))
    kept.remember("importance", ("k",), important)
    assert kept.recall("importance", ("k",), (Importance,)).rows() == important.rows()
    pairs = strongest_pairs(bundle, "osimertinib", n_patients=20)
    kept.remember("pairs", ("k",), pairs)
    again = kept.recall("pairs", ("k",), (Pairs, Pair, CoOccurrence))
    assert again.rows() == pairs.rows() and again.partner == pairs.partner


def test_no_patient_is_in_what_is_kept(small, own_folder):
    bundle = small()
    important = shapley_importance(shapley_sample(bundle, "osimertinib", n_patients=50))
    kept.remember("importance", (bundle.sha256, "osimertinib"), important)
    (file,) = own_folder.glob("*.json.gz")
    text = gzip.decompress(file.read_bytes()).decode()
    assert not any(i in text for i in bundle.training.X.index) and '"rows"' not in text
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [b"", b"not gzip", gzip.compress(b"{"), gzip.compress(b"[]"), gzip.compress(b'{"format": 1}'),
     gzip.compress(json.dumps({"format": 0, "key": "", "result": None}).encode())],
    ids=["empty", "not gzip", "cut off", "a list", "no result", "older format"],
)  # fmt: skip
def test_a_damaged_result_is_made_again(own_folder, damage):
    calls = []
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    (file,) = own_folder.glob("*.json.gz")
    file.write_bytes(damage)
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    assert len(calls) == 2


def test_a_truncated_result_is_made_again(own_folder):
    calls = []
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    (file,) = own_folder.glob("*.json.gz")
    file.write_bytes(file.read_bytes()[:-9])
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    assert len(calls) == 2


def test_only_named_classes_come_back(own_folder):
    kept.remember("thing", ("abc",), SMALL)
    assert kept.recall("thing", ("abc",), (Importance,)) is None


def test_the_folder_is_bounded_and_the_oldest_go(own_folder, monkeypatch):
    kept.remember("thing", (0,), SMALL)
    (first,) = own_folder.glob("*.json.gz")
    monkeypatch.setattr(kept, "MOST_BYTES", 3 * first.stat().st_size + 10)
    for i in range(1, 6):
        for n, file in enumerate(own_folder.glob("*.json.gz")):
            os.utime(file, (1_000_000 + n, 1_000_000 + n))
        kept.remember("thing", (i,), SMALL)
    left = list(own_folder.glob("*.json.gz"))
    assert len(left) == 3
    assert kept.recall("thing", (5,), (Small,)) is not None


def test_nothing_is_written_where_nothing_may_be(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setenv("GLASSBOARD_CACHE", "off")
    monkeypatch.setattr(kept, "_in_memory", {})
    for _ in range(2):
        kept.kept("thing", (1,), (Small,), made(SMALL, calls))
    assert len(calls) == 1 and kept.folder() is None and not list(tmp_path.iterdir())
    for i in range(2, 60):
        kept.remember("thing", (i,), SMALL)
    assert kept.recall("thing", (1,), (Small,)) is None and kept.recall("thing", (59,), (Small,)) is SMALL
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        kept.kept("thing", (1,), (Small,), made(SMALL, calls))
    assert len(calls) == 3


def test_the_folder_follows_the_usual_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("GLASSBOARD_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept.folder() == tmp_path / "glassboard"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert kept.folder().name == "glassboard" and kept.folder().is_absolute()


def test_what_fails_is_passed_on_and_not_kept(own_folder):
    with pytest.raises(ZeroDivisionError):
        kept.kept("thing", (1,), (Small,), lambda: 1 / 0)
    assert not own_folder.exists()


def test_a_result_of_an_older_format_is_made_again(own_folder, monkeypatch):
    calls = []
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    monkeypatch.setattr(kept, "FORMAT", kept.FORMAT + 1)
    kept.kept("thing", ("abc",), (Small,), made(SMALL, calls))
    assert len(calls) == 2


@dataclass(frozen=True)
class Inner:
    name: str
    value: float


@dataclass(frozen=True)
class Outer:
    many: tuple[Inner, ...]
    one: Inner | None
    by: dict[str, Inner]


def test_classes_of_the_fields_come_back_without_being_named():
    whole = Outer((Inner("a", float("inf")),), None, {"x": Inner("b", 1.0)})
    kept.remember("thing", (1,), whole)
    assert kept.recall("thing", (1,), (Outer,)) == whole


def test_two_that_write_the_same_result_at_once_leave_a_whole_one(own_folder):
    """Sessions, and threads of one session: none reads a half-written file, and no half of one stays."""
    large = Small(np.arange(20_000.0), ("a",), {})
    kept.remember("thing", (1,), large)
    broken: list[object] = []

    def work() -> None:
        for _ in range(12):
            kept.remember("thing", (1,), large)
            found = kept.recall("thing", (1,), (Small,))
            if found is None or len(found.values) != 20_000:
                broken.append(found)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert broken == []
    assert [f.suffix for f in own_folder.iterdir()] == [".gz"]


def test_what_a_killed_program_left_half_written_is_removed_once_it_is_old(own_folder):
    kept.remember("thing", (1,), SMALL)
    old, new = own_folder / "a.part", own_folder / "b.part"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1_000_000, 1_000_000))
    kept.remember("thing", (2,), SMALL)
    assert not old.exists() and new.exists()
