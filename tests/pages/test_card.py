"""The page Card, on the sample data and without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explainers.audit.errors import StoppedError
from explainers.card import model_card
from oncology.bundles import load
from oncology.checklist import checklist
from tests.pages.test_rooms import html, opened, words

SHIPPED = Path(__file__).resolve().parents[2] / "sample_data" / "bundles"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("bundle", ["solid_tumours", "loris", "ipssm"])
def test_the_page_shows_every_field_and_answers_its_question_first(bundle):
    app = opened("card", bundle)
    seen = words(app)
    for field in checklist().fields:
        assert f"{field.number}. " in seen
    card = model_card(load(SHIPPED / bundle))
    first = next(h for h in html(app) if "gb-card-top" in h)
    for expected in ("What it is for", "Who stands behind it", "What was not told", "Claims beside evidence"):
        assert expected in first
    assert card.validation in first and card.completeness.words() in first.replace("&#x27;", "'")
    assert len(app.get("html")) < 20


def test_the_page_says_what_no_developer_said():
    seen = words(opened("card", "loris"))
    assert "not provided by the developer" in seen and "not established" in seen


@pytest.mark.parametrize("disk", ["kept", "nothing can be written"])
def test_measuring_fills_the_card_and_is_offered_once(disk, tmp_path, monkeypatch):
    if disk != "kept":
        (tmp_path / "in the way").write_text("", encoding="utf-8")
        monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "in the way"))
        from pages.parts import card_panel

        card_panel._kept.clear()

    # On a page of its own: under the dashboard a test run forgets which button was pressed.
    def page():
        from pages.parts import card_panel, session

        bundle = session.bundle()
        card_panel.show_measuring(bundle)
        card_panel.show_fields(card_panel.card_of(bundle))

    app = AppTest.from_function(page, default_timeout=170)
    app.query_params["bundle"] = "solid_tumours"
    app.run()
    assert "it can be measured here" in words(app)
    app.button(key="card-measure").click().run()
    settled(app, lambda: "500 bootstrap rounds" in words(app))
    assert not app.exception
    after = words(app)
    assert "of 100: 0." in after.split("Net benefit")[1]
    assert not [b for b in app.button if b.key == "card-measure"]


def settled(app: AppTest, done: Callable[[], bool]) -> None:
    """Draw the page again until work beside it has come to what is awaited."""
    for _ in range(600):
        if done():
            return
        time.sleep(0.2)
        app.run()
    raise AssertionError("still not there")


def test_measuring_can_be_stopped_and_started_again(monkeypatch):
    """The work beside the page waits until it is told to stop: nothing is kept, and the card stays as it was."""
    import explainers.card.measured as module

    real = module.audit

    def patient(data, bundle, *, progress, stop):
        progress(0.5, "waiting")
        while not stop():
            time.sleep(0.02)
        raise StoppedError

    def page():
        from pages.parts import card_panel, session

        bundle = session.bundle()
        card_panel.show_measuring(bundle)
        card_panel.show_fields(card_panel.card_of(bundle))

    monkeypatch.setattr(module, "audit", patient)
    app = AppTest.from_function(page, default_timeout=170)
    app.query_params["bundle"] = "solid_tumours"
    app.run()
    app.button(key="card-measure").click().run()
    (stop,) = [b for b in app.button if b.label == "Stop"]
    stop.click().run()
    settled(app, lambda: any("stopped, nothing was kept" in c.value for c in app.caption))
    assert "it can be measured here" in words(app)
    monkeypatch.setattr(module, "audit", real)
    (again,) = [b for b in app.button if b.label == "Start again"]
    again.click().run()
    settled(app, lambda: "500 bootstrap rounds" in words(app))


def test_a_formula_offers_nothing_to_measure():
    app = opened("card", "loris")
    assert not [b for b in app.button if b.key == "card-measure"]


def test_the_page_makes_no_promise_of_conformity():
    seen = words(opened("card", "ipssm")).lower()
    assert "complian" not in seen and "no statement of conformity" in seen


def test_hostile_words_of_a_bundle_are_shown_and_do_not_run():
    def page():
        from dataclasses import replace

        from explainers.card import model_card
        from oncology.bundles import load
        from pages.parts import card_panel

        bundle = load("sample_data/bundles/loris")
        said = replace(
            bundle.manifest,
            intended_use="<script>alert(1)</script>",
            limits=("<img src=x onerror=alert(2)>" * 30,),
        )
        card = model_card(replace(bundle, manifest=said))
        card_panel.show_first(card)
        card_panel.show_fields(card)

    app = AppTest.from_function(page).run()
    assert not app.exception
    drawn = "".join(html(app))
    assert "<script>alert" not in drawn and "<img" not in drawn
    assert "&lt;script&gt;alert(1)" in drawn and "&lt;img src=x" in drawn
