"""A real browser: open a page of the dashboard, wait for its paint, hear what it complains about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright

Scheme = Literal["light", "dark"]

PAGES = ("patient", "treatment", "why", "what_if", "model", "learn", "audit", "card")
WIDE, NARROW = (1280, 800), (390, 844)
# Without the last flags Chromium looks up hosts of its maker at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Heard:
    """What a page asked for and complained about while it was open."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, line: ConsoleMessage) -> None:
        """Keep what the browser's console calls an error.

        On a deep link Streamlit first looks for its server under the page's own address and finds it at the
        root; the browser reports the two misses, which are not ours.
        """
        probed = urlsplit(line.location.get("url", "")).path.removeprefix("/").partition("/")[2]
        if line.type == "error" and probed not in {"_stcore/health", "_stcore/host-config"}:
            self.complaints.append(line.text)

    def foreign(self, home: str) -> list[str]:
        """Return the requests that went to another host than the dashboard's own."""
        own = urlsplit(home).netloc
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != own
        ]


class Opened:
    """What the page that was opened last showed when something failed on it; a test's report prints it."""

    last_words = ""


def chromium() -> str:
    """Return the path of the browser: $CHROMIUM, or the first that is installed."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else ["chromium", "chromium-browser", "google-chrome", "chrome"]:
        if path := shutil.which(name):
            return path
    raise RuntimeError(
        f"No browser found ({named or 'chromium'}). Install chromium, or name its program in $CHROMIUM."
    )


def launch(playwright: Playwright) -> Browser:
    """Start the browser, headless, with an empty profile."""
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)


@contextmanager
def opened(
    browser: Browser, url: str, *, size: tuple[int, int] = WIDE, scheme: Scheme = "light", **context: Any
) -> Iterator[tuple[Page, Heard]]:
    """Open an address in a fresh profile and wait until the page is painted."""
    profile = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, locale="en-GB", **context
    )
    page, heard = profile.new_page(), Heard()
    try:
        page.on("request", lambda request: heard.requests.append(request.url))
        page.on("websocket", lambda socket: heard.requests.append(socket.url))
        page.on("console", heard.note)
        page.on("pageerror", lambda error: heard.complaints.append(str(error)))
        page.goto(url)
        painted(page)
        yield page, heard
    except BaseException:
        Opened.last_words = _seen(page)
        raise
    finally:
        profile.close()


def _seen(page: Page) -> str:
    try:
        state = page.locator('[data-testid="stApp"]').get_attribute("data-test-script-state", timeout=1000)
        return f"{page.url} ({state})\n{page.inner_text('body', timeout=1000)[:3000]}"
    except Error as problem:
        return f"{page.url}: {problem}"


def painted(page: Page, timeout_seconds: float = 90) -> None:
    """Wait until the page has its title, its script and the work beside it have ended, and its charts are drawn."""
    page.wait_for_selector("h1", timeout=timeout_seconds * 1000)
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid="stApp"]');
            const charts = [...document.querySelectorAll('[data-testid="stPlotlyChart"]')];
            return app && app.dataset.testScriptState === 'notRunning'
                && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
                && !document.querySelector('[class*="st-key-long-work"][class*="-stop"]')
                && charts.every(chart => chart.querySelector('.main-svg'));
        }""",
        timeout=timeout_seconds * 1000,
    )


def whole(page: Page) -> Page:
    """Make the window as high as the page, so that nothing is out of sight; return the page."""
    height = page.evaluate(
        """() => Math.ceil(document.querySelector('[data-testid="stMain"]').scrollHeight)"""
    )
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    page.wait_for_timeout(300)
    painted(page)
    return page


def barriers(page: Page, excused: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA, one line each.

    Parameters
    ----------
    excused : dict of str to tuple of str, optional
        Rule -> CSS selectors of elements that are not ours to mend.
    """
    result = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}, "resultTypes": ["violations"]}
    )
    found = []
    for violation in result.response["violations"]:
        for node in violation["nodes"]:
            selectors = (excused or {}).get(violation["id"], ())
            element = str(node["target"][-1])
            if any(
                page.evaluate("([e, s]) => !!document.querySelector(e)?.closest(s)", [element, s])
                for s in selectors
            ):
                continue
            found.append(f"{violation['id']}: {element} {node.get('failureSummary', '')[:300]}")
    return found


def photograph(page: Page, path: Path) -> None:
    """Save the whole page as a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole(page).screenshot(path=path)
