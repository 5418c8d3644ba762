"""Results serve everybody until a session brings patients of its own; then they stay in that session."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import kept_results


def sheet() -> None:
    import streamlit as st

    from tests.pages.test_kept_results import answer

    for key in st.session_state["asked"]:
        answer(key, st.session_state["made"])


@kept_results.keep(3)
def answer(key: str, made: list[str]) -> str:
    made.append(key)
    return key.upper()


def session(made: list[str], *asked: str, uploaded: bool = False) -> AppTest:
    app = AppTest.from_function(sheet)
    app.session_state["made"], app.session_state["asked"] = made, asked
    if uploaded:
        app.session_state[kept_results.UPLOADED] = {"session:X": object()}
    app.run()
    assert not app.exception
    return app


def test_what_is_worked_out_of_sample_patients_serves_every_session():
    made: list[str] = []
    session(made, "shared")
    session(made, "shared")
    assert made == ["shared"]


def test_nothing_of_a_session_with_patients_of_its_own_is_kept_for_another():
    made: list[str] = []
    own = session(made, "own", uploaded=True)
    own.run()
    assert made == ["own"], "asked again in the session itself it is kept"
    session(made, "own", uploaded=True)
    session(made, "own")
    assert made == ["own"] * 3, "no other session may find it"


def test_what_no_session_asked_for_is_kept_for_nobody():
    made: list[str] = []
    threads = [threading.Thread(target=answer, args=("nobody", made)) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()
    session(made, "nobody")
    assert made == ["nobody"] * 3


@pytest.mark.parametrize("uploaded", [False, True])
def test_the_result_asked_for_longest_ago_goes_first(uploaded):
    made: list[str] = []
    keys = [f"{k}-{uploaded}" for k in "abcd"]
    a, b, c, d = keys
    session(made, a, b, c, a, d, a, b, uploaded=uploaded)
    assert made == [a, b, c, d, b]


def test_a_session_keeps_no_more_than_its_share(monkeypatch):
    monkeypatch.setattr(kept_results, "MOST_IN_A_SESSION", 1)
    made: list[str] = []
    session(made, "x", "y", "x", uploaded=True)
    assert made == ["x", "y", "x"]


def test_no_page_keeps_what_it_works_out_of_a_patient_for_longer_than_the_session():
    """Streamlit's caches are everybody's for as long as the dashboard runs: no patient goes into one."""
    kept_too_long, cached = [], 0
    for path in sorted(Path(kept_results.__file__).parents[1].rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            if not any("st.cache_" in ast.unparse(d) for d in node.decorator_list):
                continue
            cached += 1
            read = [ast.unparse(a.annotation) for a in node.args.args if a.annotation is not None]
            if any("PatientProfile" in annotation for annotation in read):
                kept_too_long.append(f"{path.name}: {node.name}")
    assert cached > 5, "the pages have caches that this looks at"
    assert kept_too_long == []
