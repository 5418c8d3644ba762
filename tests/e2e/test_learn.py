"""Learn as a person uses it: what the browser is sent before and after a commit, and the file taken away."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import NARROW, WIDE, Scheme, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard
from tests.e2e.test_readable_by_everyone import sideways

SLOW = 30_000  # milliseconds; a busy machine takes its time
SECRETS = (b"What the model leans on is a cause", b"the fittest are sent there")


def begin(page: Page) -> None:
    page.get_by_role("button", name="Begin").first.click()
    expect(page.get_by_role("button", name="Commit my answer")).to_be_visible(timeout=SLOW)
    painted(page)


def answer(page: Page, choice: str, sure: str) -> None:
    page.get_by_text(choice, exact=True).click()
    page.get_by_text(sure, exact=True).click()
    page.get_by_role("button", name="Commit my answer").click()


def test_the_reveal_reaches_the_browser_only_after_the_commit(
    browser: Browser, dashboard: Dashboard, tmp_path: Path
):
    with opened(browser, dashboard.url) as (page, heard):
        frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda f: frames.append(_bytes(f))))
        page.goto(f"{dashboard.url}/learn")
        painted(page)
        begin(page)
        assert frames
        assert not [s for s in SECRETS if any(s in frame for frame in frames)]
        answer(page, "It falls by 10 points or more", "85 %")
        expect(page.get_by_text("Not so: the answer")).to_be_visible(timeout=SLOW)
        # The verdict is drawn before what explains it.
        painted(page)
        assert all(any(s in frame for frame in frames) for s in SECRETS)
        page.get_by_role("button", name="The same thought elsewhere").click()
        expect(page.get_by_text("Another option, sotorasib.")).to_be_visible(timeout=SLOW)
        answer(page, "KEAP1 altered", "70 %")
        expect(page.get_by_text("Right: the answer")).to_be_visible(timeout=SLOW)
        page.get_by_role("button", name="All cases").click()
        expect(page.get_by_text("1 of 2 right; on average 78 % sure.")).to_be_visible(timeout=SLOW)
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download my answers (CSV)").click()
        saved = tmp_path / "answers.csv"
        waiting.value.save_as(saved)
        rows = list(csv.DictReader(saved.open(encoding="utf-8", newline="")))
        assert [row["correct"] for row in rows] == ["no", "yes"]
        assert not heard.complaints


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_question_and_reveal_are_readable_by_everyone(browser: Browser, dashboard: Dashboard, scheme: Scheme):
    with opened(browser, f"{dashboard.url}/learn", scheme=scheme) as (page, heard):
        begin(page)
        for step in ("question", "reveal"):
            if step == "reveal":
                page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
                answer(page, "It stays the same, within 2 points", "95 %")
                expect(page.get_by_text("Right: the answer")).to_be_visible(timeout=SLOW)
            for width, height in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": height})
                whole(page)
                assert sideways(page) == [], (step, width)
                assert barriers(page) == [], (step, width)
        assert heard.complaints == []


def test_answers_stay_through_a_switch_of_pages(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/learn") as (page, _):
        begin(page)
        answer(page, "It falls by 2 to 10 points", "40 %")
        expect(page.get_by_text("Not so: the answer")).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Patient", exact=True).click()
        expect(page.get_by_role("heading", level=1, name="Patient")).to_be_visible(timeout=SLOW)
        page.get_by_role("link", name="Learn", exact=True).click()
        expect(page.get_by_text("Not so: the answer")).to_be_visible(timeout=SLOW)
