"""Every page stands in the same frame."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import layout

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "patient": "Patient",
    "treatment": "Treatment",
    "why": "Why",
    "what_if": "What if",
    "model": "Model",
    "audit": "Audit",
    "card": "Card",
}


@pytest.mark.parametrize("name", TITLES)
def test_a_page_opens_with_its_title_and_closes_with_what_it_is_not(name: str):
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    assert [title.value for title in app.title] == [TITLES[name]]
    assert app.caption[-1].value == layout.NOTICE


def test_the_list_of_pages_in_the_server_is_the_list_of_page_files():
    from pages.parts import server

    assert set(server.PAGES) == {path.stem for path in (ROOT / "pages").glob("[a-z]*.py")}


def test_the_notice_stands_also_below_a_page_that_stops_half_way():
    def half_a_page():
        import streamlit as st

        from pages.parts import layout

        with layout.page("Half", origin="none"):
            st.stop()

    app = AppTest.from_function(half_a_page).run()
    assert not app.exception
    assert [caption.value for caption in app.caption] == [layout.NOTICE]


@pytest.mark.parametrize("origin", layout.ORIGINS)
def test_a_page_says_where_its_patient_comes_from(origin: layout.Origin):
    def labelled(origin: str):
        from pages.parts import layout

        with layout.page("Labelled", origin=origin):
            pass

    app = AppTest.from_function(labelled, kwargs={"origin": origin}).run()
    assert layout.ORIGINS[origin][0] in " ".join(text.value for text in app.markdown)
