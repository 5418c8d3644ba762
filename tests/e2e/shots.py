"""Screenshots of every page, wide and narrow, light and dark: `python -m tests.e2e.shots [FOLDER]`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import NARROW, PAGES, WIDE, launch, opened, painted, photograph
from tests.e2e.dashboard import ROOT, serve


def main() -> None:
    """Photograph every page into the folder named on the command line, by default shots/."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "shots"
    with (
        tempfile.TemporaryDirectory() as state,
        serve(Path(state)) as dashboard,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        for name in PAGES:
            for size in (WIDE, NARROW):
                for scheme in ("light", "dark"):
                    with opened(browser, f"{dashboard.url}/{name}", size=size, scheme=scheme) as (page, _):
                        path = folder / f"{name}_{scheme}_{size[0]}.png"
                        photograph(page, path)
                        print(path)
        with opened(browser, f"{dashboard.url}/what_if") as (page, _):
            switched(page).screenshot(path=folder / "screenshot.png")
            print(folder / "screenshot.png", "(the picture of the README)")


def switched(page: Page) -> Page:
    """Switch the third alteration of What if, so that the picture shows what the page is for."""
    alterations = page.locator('.st-key-alterations [role="radiogroup"]')
    alterations.nth(2).locator("label", has_text="altered").first.click()
    page.get_by_text("1 change from the record").wait_for()
    page.locator(".st-key-ranking .gbr-moved").first.wait_for()
    painted(page)
    return page


if __name__ == "__main__":
    main()
