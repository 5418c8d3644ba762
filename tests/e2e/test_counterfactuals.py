"""Proven answers in a real browser: the smallest change with constraints, wrong calls, pairs of facts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NARROW, WIDE, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard
from tests.e2e.test_readable_by_everyone import NOT_OURS, sideways
from tests.e2e.test_what_if import choose, line, state

PATIENT = "bundle=solid_tumours&patient=S-01-egfr-l858r"


@pytest.fixture
def what_if(browser: Browser, dashboard: Dashboard) -> Iterator[Page]:
    with opened(browser, f"{dashboard.url}/what_if?{PATIENT}") as (page, heard):
        page.get_by_role("button", name="Check every call").wait_for()
        yield page
        assert heard.complaints == []
        assert heard.foreign(dashboard.url) == []


def test_a_goal_within_limits_is_answered_with_its_proof(what_if: Page):
    choose(what_if, "Option to move", "Alectinib")
    choose(what_if, "Goal: it", "is in the top band")
    what_if.get_by_role("button", name="Search", exact=True).click()
    expect(what_if.get_by_text("Alectinib in band 1:")).to_contain_text("(proven)", timeout=60_000)
    expect(what_if.get_by_role("table").filter(has_text="The smallest changes")).to_be_visible()


def test_wrong_calls_are_told_and_an_edit_says_that_the_answer_is_older(what_if: Page):
    what_if.get_by_role("button", name="Check every call").click()
    expect(what_if.get_by_text("One wrong call is enough to bring another option")).to_be_visible(
        timeout=60_000
    )
    state(what_if, "EGFR p.L858R", "not altered").check()
    expect(line(what_if, "Osimertinib").locator(".gbr-change")).to_contain_text("−")
    expect(what_if.get_by_text("Asked of another profile")).to_be_visible()


def test_the_ranking_follows_a_toggle_while_a_long_search_runs(what_if: Page):
    what_if.get_by_role("button", name="Find the facts that are enough").click()
    expect(what_if.get_by_text("Searching for the fewest facts")).to_be_visible()
    state(what_if, "EGFR p.L858R", "not altered").check()
    expect(line(what_if, "Osimertinib").locator(".gbr-change")).to_contain_text("−")
    what_if.get_by_role("button", name="Stop").click()
    expect(what_if.get_by_text("facts that the model reads")).to_be_visible(timeout=60_000)


def test_a_question_that_runs_does_not_follow_to_the_next_patient(what_if: Page):
    what_if.get_by_role("button", name="Find the facts that are enough").click()
    expect(what_if.get_by_text("Searching for the fewest facts")).to_be_visible()
    choose(what_if, "Patient", "S-06-nothing-altered · Lung adenocarcinoma · no alteration recorded")
    expect(what_if.get_by_role("button", name="Find the facts that are enough")).to_be_visible()
    expect(what_if.get_by_text("Searching for the fewest facts")).to_have_count(0)
    expect(what_if.get_by_role("button", name="Stop")).to_have_count(0)
    expect(what_if.get_by_text("facts that the model reads")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_conditions_are_folded_away_kept_and_said_above_the_answer(
    browser: Browser, dashboard: Dashboard, scheme
):
    with opened(browser, f"{dashboard.url}/what_if?{PATIENT}", scheme=scheme) as (page, heard):
        page.get_by_role("button", name="Check every call").wait_for()
        painted(page)
        fields = page.get_by_role("combobox", name="Alterations may")
        expect(fields).to_have_count(0)
        page.get_by_text("Conditions", exact=True).click()
        expect(fields).to_be_visible()
        choose(page, "Option to move", "Alectinib")
        choose(page, "Alterations may", "only become not altered")
        # Another list of words under the other mode, and the first again after it.
        choose(page, "What may change", "Only what was not assayed may turn out")
        expect(fields).to_have_value("turn out altered or not")
        choose(page, "What may change", "Any alteration may change")
        expect(fields).to_have_value("only become not altered")
        # What was picked can be read and taken out again.
        numbers = page.get_by_role("combobox", name="Numbers and levels that may move")
        numbers.press_sequentially("Haemo", delay=15)
        page.get_by_role("option", name="Haemoglobin").click()
        expect(page.locator("[data-tag]").filter(has_text="Haemoglobin").last).to_be_visible()
        numbers.press("Escape")
        painted(page)
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            whole(page)
            assert sideways(page) == [], width
            assert barriers(page, NOT_OURS) == [], width
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.get_by_text("Conditions", exact=True).click()
        expect(fields).to_have_count(0)
        expect(page.get_by_text("2 conditions set; the answer names all that are in force.")).to_be_visible()
        page.get_by_role("button", name="Search", exact=True).click()
        said = page.get_by_text("Conditions of this search")
        expect(said).to_contain_text("alterations may only become not altered", timeout=60_000)
        expect(said).to_contain_text("numbers and levels that may move: Haemoglobin")
        answer = page.get_by_text("Alectinib ranked first: impossible within these conditions")
        expect(answer).to_be_visible()
        above, below = said.bounding_box(), answer.bounding_box()
        assert above is not None and below is not None and above["y"] < below["y"]
        assert heard.complaints == []
        assert heard.foreign(dashboard.url) == []


def test_pairs_of_facts_stand_on_why(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/why?{PATIENT}") as (page, heard):
        painted(page)
        page.get_by_role("tab", name="Facts that act together").click()
        expect(page.get_by_role("heading", name="Which facts act together")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("together put the model's answer").first).to_be_visible()
        assert heard.complaints == []
