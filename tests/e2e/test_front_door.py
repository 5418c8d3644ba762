"""Every page has its address, also for the first visitor after a start; the server answers to this machine only."""

import re
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import PAGES, opened
from tests.e2e.dashboard import Dashboard, serve

TITLES = {
    "patient": "Patient",
    "treatment": "Treatment",
    "why": "Why",
    "what_if": "What if",
    "model": "Model",
    "audit": "Audit",
    "card": "Card",
    "learn": "Learn",
}


def address(name: str) -> re.Pattern[str]:
    """The address of a page, with or without what is open in it."""
    return re.compile(rf"/{name}(\?|$)")


def test_a_deep_link_opens_its_page_on_a_fresh_server(browser: Browser, tmp_path: Path):
    with serve(tmp_path) as fresh:
        for name in reversed(PAGES):
            with opened(browser, f"{fresh.url}/{name}") as (page, heard):
                assert page.title() == f"{TITLES[name]} · Glassboard"
                assert page.get_by_role("navigation", name="App pages").get_by_role("link").count() == len(
                    PAGES
                )
                assert page.get_by_text("Page not found").count() == 0
                assert heard.complaints == []


def test_the_bare_address_leads_to_the_first_page(browser: Browser, dashboard: Dashboard):
    with opened(browser, dashboard.url) as (page, heard):
        page.wait_for_url(address("patient"))
        assert page.locator("h1").inner_text() == "Patient"
        assert heard.complaints == []


def test_the_way_through_the_pages_by_their_links(browser: Browser, dashboard: Dashboard):
    with opened(browser, dashboard.url) as (page, heard):
        for name, title in TITLES.items():
            page.get_by_role("navigation", name="App pages").get_by_role(
                "link", name=title, exact=False
            ).click()
            page.wait_for_url(address(name))
            page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
        assert heard.complaints == []


def test_a_tab_leads_past_the_navigation(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/treatment") as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").startswith("Skip to")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("name", PAGES)
def test_no_request_leaves_this_machine(browser: Browser, dashboard: Dashboard, name: str):
    with opened(browser, f"{dashboard.url}/{name}") as (page, heard):
        page.wait_for_timeout(500)
        assert len(heard.requests) > 10
        assert heard.foreign(dashboard.url) == []
        fonts = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
        assert any("Inter" in family for family in fonts)


def test_the_browser_itself_is_told_to_ask_no_other_host(browser: Browser, dashboard: Dashboard):
    with opened(browser, dashboard.url) as (page, heard):
        page.evaluate("fetch('http://127.0.0.2:9/').catch(() => null)")
        assert any("Content Security Policy" in line for line in heard.complaints)


def headers(dashboard: Dashboard, path: str, host: str | None = None) -> tuple[int, dict[str, str]]:
    where = urlsplit(dashboard.url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=5)
    connection.request("GET", path, headers={"Host": host or where.netloc})
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.mark.parametrize("path", ["/", "/what_if", "/static/nothing.js", "/app/static/inter-latin.woff2"])
def test_every_answer_carries_the_security_headers(dashboard: Dashboard, path: str):
    _, sent = headers(dashboard, path)
    assert sent["x-content-type-options"] == "nosniff"
    assert sent["x-frame-options"] == "DENY"
    assert sent["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in sent["content-security-policy"]
    assert "unsafe-eval" not in sent["content-security-policy"]


def test_a_request_under_another_name_is_refused(dashboard: Dashboard):
    assert headers(dashboard, "/", host="dashboard.example")[0] == 400
    assert headers(dashboard, "/")[0] == 200
