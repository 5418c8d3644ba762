"""Audit as a person uses it: the answer, the questions behind it, a cohort from a file, a patient on Why."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NARROW, WIDE, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard
from tests.e2e.test_readable_by_everyone import NOT_OURS, sideways

SAMPLE = "?bundle=solid_tumours&patient=S-01-egfr-l858r"
# A score that every patient gets high and few live up to.
TABLE = "patient_id,age,tumour,TMB,Albumin,NLR,findings.prior_systemic_therapy,option,response\n" + "".join(
    f"X{i},{50 + i % 30},RCC,{i % 40},4.2,2,no,immunotherapy,{'yes' if i % 40 > 33 else 'no'}\n"
    for i in range(160)
)


def asked(page: Page, question: str) -> None:
    box = page.get_by_role("combobox", name="Question")
    box.click()
    box.fill(question)
    page.get_by_role("option", name=question).click()
    page.wait_for_timeout(500)
    painted(page)


def test_the_questions_behind_the_answer_shut_nobody_out(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/audit{SAMPLE}") as (page, heard):
        expect(page.get_by_text("On average, as far as these patients can tell")).to_be_visible(
            timeout=60_000
        )
        painted(page)
        for question, seen in {
            "Is it worth more than simpler rules?": "one more patient treated in vain costs",
            "Does it tell patients apart?": "Average precision looks at the top of the list",
            "What does a line through its numbers give?": "what a line at 0.15 gives",
        }.items():
            page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
            asked(page, question)
            expect(page.get_by_text(seen).first).to_be_visible()
            for width, height in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": height})
                whole(page)
                assert sideways(page) == [], (question, width)
                assert barriers(page, NOT_OURS) == [], (question, width)
        assert not heard.complaints


def test_a_cohort_from_a_file_is_audited_and_recalibration_is_shown(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/audit?bundle=loris") as (page, heard):
        expect(page.get_by_text("brings no patients to hold its numbers against")).to_be_visible()
        page.locator("input[type=file]").first.set_input_files(
            {"name": "cohort.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
        )
        page.get_by_role("button", name="Read the cohort").click()
        found = page.get_by_text(
            re.compile(r"its number is not a probability: it says \d+, \d+ respond")
        ).first
        expect(found).to_be_visible(timeout=60_000)
        painted(page)
        page.get_by_text("What would recalibrating on these patients do?").click()
        expect(page.get_by_text("The model itself is not changed")).to_be_visible(timeout=30_000)
        assert "X1" not in page.url
        assert not heard.complaints


def test_a_click_on_a_surprise_opens_that_patient_on_why(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/audit{SAMPLE}") as (page, heard):
        expect(page.get_by_text("On average, as far as these patients can tell")).to_be_visible(
            timeout=60_000
        )
        painted(page)
        asked(page, "Where was it most wrong?")
        grid = page.get_by_test_id("stDataFrame")
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 14, box["y"] + 35 + 17)
        expect(page.get_by_role("heading", level=1, name="Why")).to_be_visible(timeout=20_000)
        painted(page)
        assert "SYN-" not in page.url
        assert not heard.complaints
