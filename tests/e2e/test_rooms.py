"""Patient, Treatment, Why and Model as a person uses them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import barriers, opened, painted
from tests.e2e.dashboard import Dashboard

SAMPLE = "?bundle=solid_tumours&patient=S-01-egfr-l858r"


def upload(page: Page, name: str, content: bytes) -> None:
    page.get_by_text("Open a patient file", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": content}
    )


def test_a_correction_is_recorded_and_used_on_every_page(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        page.get_by_text("Correct a field", exact=True).click()
        age = page.get_by_label("Age (years)")
        age.fill("75")
        age.press("Tab")
        page.get_by_role("button", name="Apply corrections").click()
        expect(page.get_by_role("heading", name="Corrected by hand")).to_be_visible()
        expect(page.locator(".gb-facts")).to_contain_text("75 years")
        page.get_by_role("link", name="Treatment").click()
        expect(page.get_by_role("heading", name="Treatment", exact=True)).to_be_visible()
        painted(page)
        expect(page.get_by_role("combobox", name="Patient")).to_have_value(re.compile("this session"))
        assert not heard.complaints


def test_a_file_is_reported_before_it_is_used(browser: Browser, dashboard: Dashboard):
    table = b"patient_id,age,tumour,KRAS p.G12C,TMB,shoe size\nX1,63,LUAD,altered,7.5,44\nX2,200,LUAD,absent,-3,41\n"
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, _):
        upload(page, "cohort.csv", table)
        expect(page.get_by_text("2 patients found.")).to_be_visible()
        report = page.get_by_role("region", name="Import report")
        expect(report).to_contain_text("shoe size")
        expect(report).to_contain_text("200")
        page.get_by_role("button", name="Use what was read").click()
        expect(page.locator(".gb-facts")).to_contain_text("63 years")
        expect(page.get_by_role("region", name="Findings as recorded")).to_contain_text("KRAS p.G12C")
        assert "X1" not in page.url


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("empty.csv", b"", "empty"),
        ("broken.json", b'{"glassboard_profile": 1, "patient_id": "x', "breaks at line 1"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "The file was not read"),
        ("twice.csv", b"patient_id,age\nA,50\nA,60\n", "A"),
        ("list.json", b"[1, 2, 3]", "The file was not read"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_the_page_stays(
    browser: Browser, dashboard: Dashboard, name: str, content: bytes, expected: str
):
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        upload(page, name, content)
        problem = page.get_by_role("alert").filter(has_text="The file was not read")
        expect(problem).to_contain_text(expected)
        expect(page.locator(".gb-facts")).to_contain_text("Lung adenocarcinoma")
        assert not heard.complaints


def test_a_patient_without_any_alteration_opens_everywhere(browser: Browser, dashboard: Dashboard):
    bare = json.dumps({"glassboard_profile": 1, "patient_id": "bare", "synthetic": True}).encode()
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        upload(page, "bare.json", bare)
        page.get_by_role("button", name="Use what was read").click()
        expect(page.get_by_text("No alteration is recorded.")).to_be_visible()
        for name in ("Treatment", "Why", "What if", "Model"):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
            painted(page)
            assert page.get_by_text("Traceback").count() == 0
        assert not heard.complaints


def test_the_patient_stays_through_page_switches_and_reload(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/patient?bundle=solid_tumours&patient=S-04-alk-fusion") as (
        page,
        _,
    ):
        for name in ("Why", "What if", "Treatment"):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
            painted(page)
            assert "S-04-alk-fusion" in page.url
        page.reload()
        painted(page)
        expect(page.get_by_text("Alectinib", exact=True).first).to_be_visible()
        assert "S-04-alk-fusion" in page.url


def test_a_click_on_a_large_error_opens_that_patient_on_why(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/model{SAMPLE}") as (page, heard):
        page.get_by_role("tab", name="Where it was most wrong").click()
        grid = page.get_by_test_id("stDataFrame")
        expect(grid).to_be_visible()
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 14, box["y"] + 35 + 17)
        expect(page.get_by_role("heading", level=1, name="Why")).to_be_visible(timeout=20_000)
        painted(page)
        expect(page.get_by_text("What the model leaned on")).to_be_visible()
        assert not heard.complaints


def test_what_a_model_leans_on_is_asked_one_view_at_a_time(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/model{SAMPLE}") as (page, heard):
        assert page.locator(".js-plotly-plot").count() == 0
        page.get_by_role("tab", name="What it leans on").click()
        expect(page.get_by_text("beyond chance over all options")).to_be_visible(timeout=120_000)
        page.locator(".st-key-leaning-pickers input").first.click()
        page.get_by_role("option", name="Selpercatinib", exact=True).click()
        for view, words in (
            ("Pairs", "The strongest pairs of inputs"),
            ("Known markers", "Known marker of response"),
            ("In short", "As a list of rules"),
            ("Shape", "was given every value in turn"),
        ):
            page.get_by_test_id("stButtonGroup").get_by_text(view, exact=True).click()
            expect(page.get_by_text(words).first).to_be_visible(timeout=60_000)
            painted(page)
            assert barriers(page) == [], view
        page.get_by_test_id("stButtonGroup").get_by_text("Shuffle or leave out", exact=True).click()
        page.get_by_role("button", name="Measure").click()
        expect(page.get_by_text("before shuffling")).to_be_visible(timeout=180_000)
        assert not heard.complaints and not heard.foreign(dashboard.url)


@pytest.mark.parametrize("name", ["patient", "treatment", "why", "model", "audit"])
def test_a_page_is_saved_as_one_file_that_asks_nobody(
    browser: Browser, dashboard: Dashboard, tmp_path: Path, name: str
):
    with opened(browser, f"{dashboard.url}/{name}{SAMPLE}") as (page, _):
        with page.expect_download(timeout=60_000) as waiting:
            page.get_by_role("button", name="Save this page as one HTML file").click()
        saved = tmp_path / f"{name}.html"
        waiting.value.save_as(saved)
    with opened_file(browser, saved) as (page, asked):
        expect(page.get_by_text("Synthetic").first).to_be_visible()
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]


@contextmanager
def opened_file(browser: Browser, path: Path) -> Iterator[tuple[Page, list[str]]]:
    """Open a saved file and listen to what it asks for."""
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page, asked
    page.close()
