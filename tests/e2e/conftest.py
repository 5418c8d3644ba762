"""One server and one browser for all browser tests of a worker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.browser import Opened, launch
from tests.e2e.dashboard import Dashboard, serve

# On a loaded machine the library's own five seconds are too few, whichever file runs alone.
expect.set_options(timeout=20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Say what the browser showed when a test failed: the page's address, its words, the end of the server's log."""
    report = yield
    if call.when == "call" and report.failed:
        served = getattr(item, "funcargs", {}).get("dashboard")
        log = served.log.read_text(errors="replace")[-2000:] if served is not None else ""
        report.sections.append(("what the browser showed last", Opened.last_words))
        report.sections.append(("the end of the server's log", log))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright, launch(playwright) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard as a stranger starts it: sample data only, an empty home."""
    with serve(tmp_path_factory.mktemp("home")) as served:
        yield served
