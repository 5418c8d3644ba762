"""Every page in both themes and both widths: WCAG 2.2 AA by axe-core, no sideways scrolling, a heading order."""

from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import NARROW, PAGES, WIDE, Scheme, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard

# Rule -> elements that Streamlit draws and gives us no way to mend.
NOT_OURS: dict[str, tuple[str, ...]] = {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_shut_out(browser: Browser, dashboard: Dashboard, name: str, scheme: Scheme):
    with opened(browser, f"{dashboard.url}/{name}", scheme=scheme) as (page, heard):
        levels = page.evaluate(
            "[...document.querySelectorAll('main :is(h1,h2,h3,h4)')].map(h => +h.tagName[1])"
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
        names = [tab.inner_text() for tab in page.get_by_role("tab").all()]
        for tab in names or [None]:
            if tab is not None:
                page.get_by_role("tab", name=tab, exact=True).click()
                painted(page)
            for width, height in (WIDE, NARROW):
                page.set_viewport_size({"width": width, "height": height})
                whole(page)
                assert sideways(page) == [], (tab, width)
                assert barriers(page, NOT_OURS) == [], (tab, width)
        assert heard.complaints == []


def test_a_page_that_is_too_wide_is_noticed(browser: Browser, dashboard: Dashboard):
    with opened(browser, f"{dashboard.url}/treatment", size=NARROW) as (page, _):
        assert sideways(page) == []
        page.evaluate(
            """() => {
                const wide = document.createElement('div');
                wide.style.cssText = 'width: 900px; height: 1px';
                document.querySelector('[data-testid="stMainBlockContainer"]').append(wide);
            }"""
        )
        assert sideways(page) != []


def sideways(page: Page) -> list[str]:
    """Return the containers of the page itself that are wider than what they show."""
    return page.evaluate(
        """() => [document.documentElement, document.querySelector('main')]
            .filter(box => box.scrollWidth > box.clientWidth)
            .map(box => `${box.tagName} ${box.scrollWidth} > ${box.clientWidth}`)"""
    )
