"""What if in a real browser: the panel by mouse and keyboard, the ranking beside it, links, phone, search."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from tests.e2e.browser import NARROW, barriers, opened, painted
from tests.e2e.dashboard import Dashboard

PATIENT = "S-01-egfr-l858r"


@pytest.fixture
def what_if(browser: Browser, dashboard: Dashboard) -> Iterator[Page]:
    with opened(browser, f"{dashboard.url}/what_if?patient={PATIENT}") as (page, heard):
        page.get_by_role("radiogroup").first.wait_for()
        yield page
        assert heard.complaints == []
        assert heard.foreign(dashboard.url) == []


def group(page: Page, name: str) -> Locator:
    return page.get_by_role("radiogroup", name=name, exact=True)


def state(page: Page, name: str, words: str) -> Locator:
    return group(page, name).get_by_role("radio", name=words, exact=True)


def line(page: Page, option: str) -> Locator:
    return page.locator(".st-key-ranking tbody tr").filter(
        has=page.get_by_role("rowheader", name=option, exact=True)
    )


def choose(page: Page, label: str, words: str) -> None:
    """Pick from a list with a search box, again where a redraw closed the list, until the pick is held."""
    box = page.get_by_role("combobox", name=label)
    box.scroll_into_view_if_needed()
    for _ in range(6):
        # Typed key by key: a box that is handed the same text twice does not open its list again.
        box.fill("")
        box.press_sequentially(words, delay=15)
        try:
            page.get_by_role("option", name=words, exact=True).click(timeout=3_000)
        except TimeoutError:
            continue
        box.blur()
        painted(page)
        if box.input_value() == words:
            return
    raise AssertionError(f"{words!r} could not be picked from {label!r}")


def said(page: Page) -> Locator:
    return page.locator(".gb-said")


def test_a_click_moves_the_ranking_and_a_second_one_moves_it_back(what_if: Page):
    expect(said(what_if)).to_contain_text("Osimertinib")
    recorded = line(what_if, "Osimertinib").locator(".gbr-value").inner_text()
    state(what_if, "EGFR p.L858R", "not altered").check()
    expect(line(what_if, "Osimertinib").locator(".gbr-change")).to_contain_text("−")
    now = line(what_if, "Osimertinib").locator(".gbr-value").inner_text()
    assert int(now) < int(recorded)
    expect(what_if.get_by_text("1 change from the record")).to_be_visible()
    state(what_if, "EGFR p.L858R", "altered").check()
    expect(said(what_if)).to_contain_text("Osimertinib")
    expect(what_if.get_by_text("As recorded", exact=True)).to_be_visible()


def test_the_panel_is_worked_by_keyboard_alone(what_if: Page):
    state(what_if, "EGFR p.L858R", "altered").focus()
    what_if.keyboard.press("ArrowRight")
    expect(state(what_if, "EGFR p.L858R", "not altered")).to_be_checked()
    expect(line(what_if, "Osimertinib").locator(".gbr-change")).to_contain_text("−")
    what_if.keyboard.press("ArrowRight")
    expect(what_if.locator(".gb-changes")).to_contain_text("EGFR p.L858R: altered → not assayed")
    # The focus stays where the hand is, though the page was drawn anew.
    expect(state(what_if, "EGFR p.L858R", "not assayed")).to_be_focused()


def test_an_edit_in_the_moment_in_which_the_hand_is_taken_to_rest_is_ranked(what_if: Page):
    """Streamlit sends both in one message, which names one part of the page only."""
    what_if.evaluate(
        """() => {
            const later = window.setTimeout;
            window.setTimeout = (word, wait, ...rest) => later(wait !== 150 ? word : () => {
                window.setTimeout = later;
                word();
                document.querySelector('[aria-labelledby="' + window.second + '"] input[value="not-assayed"]').click();
            }, wait, ...rest);
        }"""
    )
    second = group(what_if, "EGFR p.L858R").get_attribute("aria-labelledby")
    what_if.evaluate("second => { window.second = second }", second)
    # Not by check(), which looks after the click whether the state is still the one it set.
    state(what_if, "EGFR p.L858R", "not altered").evaluate("radio => radio.click()")
    expect(what_if.locator(".gb-changes")).to_contain_text("EGFR p.L858R: altered → not assayed")


def test_quick_clicks_lose_nothing(what_if: Page):
    expect(what_if.get_by_role("radiogroup")).not_to_have_count(0)
    names = [g.get_attribute("aria-labelledby") for g in what_if.get_by_role("radiogroup").all()][:6]
    what_if.evaluate(
        """ids => ids.forEach(id => document.querySelector(`[aria-labelledby="${id}"] input:not(:checked)`).click())""",
        names,
    )
    expect(what_if.locator(".gb-changes li")).to_have_count(6)
    expect(what_if.get_by_text("6 changes from the record")).to_be_visible()


def test_back_to_the_record_takes_everything_back(what_if: Page):
    state(what_if, "EGFR p.L858R", "not assayed").check()
    age = what_if.get_by_role("spinbutton", name="Age")
    recorded = age.input_value()
    age.fill("80")
    age.press("Enter")
    expect(what_if.locator(".gb-changes li")).to_have_count(2)
    what_if.get_by_role("button", name="Back to the record").click()
    expect(what_if.locator(".gb-changes")).to_have_count(0)
    assert age.input_value() == recorded
    expect(state(what_if, "EGFR p.L858R", "altered")).to_be_checked()


def test_a_number_moves_by_its_slider_and_becomes_unknown_by_its_empty_box(what_if: Page):
    slider = what_if.get_by_role("slider", name="Albumin, slider")
    slider.focus()
    for _ in range(5):
        what_if.keyboard.press("ArrowLeft")
    expect(what_if.locator(".gb-changes")).to_contain_text("Albumin: 4 g/dL →")
    box = what_if.get_by_role("spinbutton", name="Albumin")
    box.fill("")
    box.press("Tab")
    expect(what_if.locator(".gb-changes")).to_contain_text("Albumin: 4 g/dL → not known")


def test_an_impossible_number_is_refused_where_it_is_typed(what_if: Page):
    box = what_if.get_by_role("spinbutton", name="Albumin")
    box.fill("39")
    box.press("Enter")
    assert not box.evaluate("box => box.validity.valid")
    what_if.wait_for_timeout(300)
    expect(what_if.locator(".gb-changes")).to_have_count(0)


def test_any_other_alteration_is_found_by_search(what_if: Page):
    search = what_if.get_by_role("combobox", name="Add a gene or alteration")
    search.fill("PTEN")
    what_if.get_by_role("option", name="PTEN", exact=True).click()
    state(what_if, "PTEN", "altered").check()
    expect(what_if.locator(".gb-changes")).to_contain_text("PTEN")


def test_a_gene_the_model_does_not_read_is_said_so(what_if: Page):
    search = what_if.get_by_role("combobox", name="Add a gene or alteration")
    search.fill("MUC16")
    search.press("Enter")
    expect(what_if.get_by_text("The model has no input for MUC16")).to_be_visible()


def test_a_link_to_the_edit_restores_it(what_if: Page):
    state(what_if, "EGFR p.L858R", "not altered").check()
    link = what_if.get_by_role("link", name="Link to this edit")
    expect(link).to_be_visible()
    link.click()
    what_if.wait_for_url("**/what_if?*")
    painted(what_if)
    expect(state(what_if, "EGFR p.L858R", "not altered")).to_be_checked()
    expect(what_if.locator(".gb-changes")).to_contain_text("EGFR p.L858R: altered → tested, not altered")


def test_a_reload_brings_the_edits_of_a_sample_patient_back(what_if: Page):
    state(what_if, "EGFR p.L858R", "not altered").check()
    what_if.wait_for_url("**set=EGFR+p.L858R%3Dabsent*")
    what_if.reload()
    painted(what_if)
    expect(state(what_if, "EGFR p.L858R", "not altered")).to_be_checked()
    expect(what_if.locator(".gb-changes")).to_contain_text("EGFR p.L858R: altered → tested, not altered")
    # Another page shows the patient as recorded, and its address says no more.
    what_if.get_by_role("link", name="Treatment").click()
    what_if.wait_for_url("**/treatment*")
    painted(what_if)
    assert "set=" not in what_if.url


def test_edits_are_there_after_another_page(what_if: Page):
    state(what_if, "EGFR p.L858R", "not altered").check()
    expect(what_if.locator(".gb-changes")).to_be_visible()
    what_if.get_by_role("link", name="Treatment").click()
    what_if.wait_for_url("**/treatment*")
    painted(what_if)
    what_if.get_by_role("link", name="What if").click()
    what_if.wait_for_url("**/what_if*")
    expect(state(what_if, "EGFR p.L858R", "not altered")).to_be_checked()


def test_a_single_change_of_the_list_is_made_by_its_button(what_if: Page):
    make = what_if.get_by_role("button", name=re.compile("^See the profile with this change: "))
    named = make.first.get_attribute("aria-label")
    make.first.click()
    expect(what_if.locator(".gb-changes li")).to_have_count(1)
    label = named.removeprefix("See the profile with this change: ").rpartition(", ")[0]
    expect(what_if.locator(".gb-changes li")).to_contain_text(f"{label}: ")
    # The row in the panel stands as if it had been clicked there.
    expect(group(what_if, label)).to_be_attached()


def test_what_takes_longer_follows_the_last_of_quick_edits(what_if: Page):
    why = what_if.get_by_role("table").filter(has_text="was altered")
    state(what_if, "EGFR p.L858R", "not altered").check()
    state(what_if, "EGFR p.L858R", "not assayed").check()
    expect(why.first).to_contain_text("not assayed, was altered")


def test_panel_and_ranking_fit_the_window_together(what_if: Page):
    for place in (state(what_if, "EGFR p.L858R", "altered"), said(what_if), line(what_if, "Osimertinib")):
        box = place.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 800
    last = what_if.locator(".st-key-ranking .gbr-scale").bounding_box()
    assert last is not None and last["y"] <= 800


def test_on_a_phone_the_answer_scrolls_by_keyboard_too(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/what_if?patient={PATIENT}", size=NARROW) as (page, _):
        answer = page.get_by_role("region", name="What the model says")
        answer.wait_for()
        assert answer.evaluate("box => box.scrollHeight > box.clientHeight")
        assert barriers(page) == []
        answer.press("End")
        page.wait_for_function("() => document.querySelector('.gb-answer').scrollTop > 0")


def test_the_smallest_change_is_found_and_made(what_if: Page):
    choose(what_if, "Option to move", "Alectinib")
    what_if.get_by_role("button", name="Search").click()
    make = what_if.get_by_role("button", name="See the profile with the first of these changes")
    expect(make).to_be_enabled(timeout=60_000)
    make.click()
    expect(said(what_if)).to_contain_text("Alectinib")
    expect(state(what_if, "ALK fusion", "altered")).to_be_checked()


def test_the_page_is_saved_as_one_file_that_asks_nobody(what_if: Page, tmp_path):
    state(what_if, "EGFR p.L858R", "not altered").check()
    # The file is made of what stands on the page once the hand has come to rest.
    what_if.wait_for_url("**set=EGFR+p.L858R%3Dabsent*")
    painted(what_if)
    with what_if.expect_download(timeout=60_000) as download:
        what_if.get_by_role("button", name="Save this page").click()
    file = tmp_path / "what-if.html"
    download.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert "EGFR p.L858R: altered → tested, not altered" in text
    assert "synthetic" in text.casefold() and "default-src 'none'" in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_edited_page_is_readable_by_everyone(browser: Browser, dashboard: Dashboard, scheme):
    address = f"{dashboard.url}/what_if?patient={PATIENT}&set=EGFR+p.L858R=absent&set=KRAS+p.G12C=altered"
    with opened(browser, address, scheme=scheme) as (page, _):
        expect(page.locator(".gb-changes")).to_be_visible()
        assert barriers(page) == []


def test_on_a_phone_the_result_stays_in_view_while_toggling(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/what_if?patient={PATIENT}", size=NARROW) as (page, heard):
        rows = page.get_by_role("radiogroup")
        rows.nth(rows.count() - 1).scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        said_at = said(page).bounding_box()
        assert said_at is not None and 0 <= said_at["y"] < 400
        radio = rows.nth(rows.count() - 1).get_by_role("radio", checked=False).first
        radio.check()
        expect(page.locator(".gb-moved, .gb-words p").nth(1)).not_to_contain_text(
            "This is the patient as recorded"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert heard.complaints == []


def test_a_score_is_edited_on_its_raw_inputs(browser: Browser, dashboard: Dashboard):
    address = f"{dashboard.url}/what_if?bundle=loris&patient=S-36-loris-favourable"
    with opened(browser, address) as (page, heard):
        before = said(page).inner_text()
        box = page.get_by_role("spinbutton", name="Albumin")
        box.fill("2.5")
        box.press("Enter")
        expect(said(page)).not_to_have_text(before)
        expect(page.locator(".gb-words")).to_contain_text("As recorded it is")
        assert heard.complaints == []
