"""The warm-up loads what it can, says what it could not, and takes the load off the garbage collector."""

import gc
import logging
import subprocess
import sys
import threading

import pytest

from pages.parts import startup


@pytest.fixture(autouse=True)
def _thaw():
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(startup, "SECONDS_FOR_THE_FIRST_PAINT", 0)
    monkeypatch.setattr(startup, "SECONDS_FOR_THE_FIRST_VIEWS", 0)


def test_a_library_that_is_missing_is_named_and_the_next_is_still_loaded(monkeypatch, caplog):
    monkeypatch.setattr(startup, "HEAVY", ("no_such_library", "wave"))
    monkeypatch.setattr(startup, "SELDOM", ())
    monkeypatch.setattr(startup, "ready_the_engine", lambda: None)
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with caplog.at_level(logging.WARNING):
        startup.warm_up()
    assert "no_such_library" in caplog.text
    assert "wave" in sys.modules
    assert gc.get_freeze_count() > 10_000


def test_the_models_of_an_opened_bundle_are_converted_after_the_warm_up(monkeypatch):
    from oncology.bundles import load
    from pages.parts import library

    bundle = load(library.sample_folder() / "bundles" / "solid_tumours")
    monkeypatch.setattr(startup, "warmed", threading.Event())
    monkeypatch.setattr(library, "_SECONDS_TO_WARM_UP", 0.01)
    monkeypatch.setattr(library, "_margins", {})
    library._ready(bundle)
    assert library.fast_margin(bundle) is None
    startup.warmed.set()
    library._ready(bundle)
    margin = library.fast_margin(bundle)
    rows = bundle.background.rows[:50]
    assert abs(margin(rows) - bundle.margin(rows)).max() < 1e-10


def test_the_warm_up_starts_once_for_all_visitors(monkeypatch):
    calls = []
    monkeypatch.setattr(startup, "_started", False)
    monkeypatch.setattr(startup, "warm_up", lambda: calls.append(threading.current_thread().name))
    for _ in range(5):
        startup.warm_up_after_first_page()
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    assert calls == ["warm-up"]


def test_the_warm_up_readies_the_tree_engine_between_what_all_need_and_what_few_do(monkeypatch):
    order = []
    monkeypatch.setattr(startup, "warmed", threading.Event())
    monkeypatch.setattr(startup, "load", lambda names: order.append((*names, startup.warmed.is_set())))
    monkeypatch.setattr("explainers.trees.warming.warm_everything", lambda: order.append("engine") or 0.1)
    startup.warm_up()
    assert order == [(*startup.HEAVY, False), "engine", (*startup.SELDOM, True)]
    assert "shap" in startup.SELDOM, "it takes seconds, and the first views do without"


def test_the_first_views_need_nothing_of_what_is_loaded_last():
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\nfor m in {(*startup.NEEDED, *startup.HEAVY)}: __import__(m)\nprint(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {name.partition(".")[0] for name in told} & {"shap", "lime", "matplotlib"}


def test_an_engine_that_cannot_be_made_ready_is_told_in_the_log_alone(monkeypatch, caplog):
    def fails():
        raise OSError("no room to keep the kernels")

    monkeypatch.setattr("explainers.trees.warming.warm_everything", fails)
    with caplog.at_level(logging.WARNING):
        startup.ready_the_engine()
    assert "no room to keep the kernels" in caplog.text
