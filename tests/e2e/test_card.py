"""The page Card in a real browser: what it answers first, hostile words, its files, and the fold on Treatment."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sample_data.build_scores import build_loris
from tests.e2e.browser import NARROW, WIDE, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard, serve
from tests.e2e.test_readable_by_everyone import sideways

SAMPLE = "?bundle=solid_tumours&patient=S-01-egfr-l858r"
HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory):
    """The dashboard with a bundle whose card, laid beside it afterwards, holds markup in every text."""
    folder = tmp_path_factory.mktemp("hostile")
    bundle = build_loris(folder / "bundles" / "hostile", card=None)
    manifest = bundle.path / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content |= {
        "name": "hostile",
        "title": HOSTILE,
        "intended_use": HOSTILE,
        "developer": HOSTILE,
        "limits": [HOSTILE * 10],
    }
    manifest.write_text(json.dumps(content), encoding="utf-8")
    (bundle.path / "card.toml").write_text(f"[funding]\nfunding = '{HOSTILE}'\n", encoding="utf-8")
    with serve(tmp_path_factory.mktemp("home"), {"GLASSBOARD_BUNDLES": str(folder / "bundles")}) as dashboard:
        yield dashboard
    shutil.rmtree(folder)


def test_the_first_screen_says_what_it_is_for_who_stands_behind_it_and_what_was_not_told(
    browser: Browser, dashboard: Dashboard
):
    with opened(browser, f"{dashboard.url}/card{SAMPLE}", size=WIDE) as (page, heard):
        for name in ("What it is for", "Who stands behind it", "What was not told", "Claims beside evidence"):
            heading = page.get_by_role("heading", name=name, exact=True)
            expect(heading).to_be_visible()
            box = heading.bounding_box()
            assert box is not None and box["y"] < WIDE[1], name
        expect(page.get_by_text("Not externally validated.").first).to_be_visible()
        assert page.locator("h3.gb-field").count() == 41
        assert heard.complaints == [] and heard.foreign(dashboard.url) == []


def test_markup_in_a_bundle_or_its_card_is_shown_and_does_not_run(browser: Browser, hostile: Dashboard):
    for size in (WIDE, NARROW):
        with opened(browser, f"{hostile.url}/card?bundle=hostile", size=size) as (page, heard):
            expect(page.get_by_text("that its hash does not cover")).to_be_visible()
            expect(page.locator("dd.gb-uncovered").first).to_contain_text("<script>window.ran=1</script>")
            assert page.evaluate("window.ran") is None
            assert page.locator("main img[src='x']").count() == 0
            whole(page)
            assert sideways(page) == [] and barriers(page) == []
            assert heard.complaints == []


def test_the_card_is_saved_as_html_json_and_xml(browser: Browser, dashboard: Dashboard, tmp_path: Path):
    with opened(browser, f"{dashboard.url}/card{SAMPLE}", accept_downloads=True) as (page, _):
        saved = {}
        for label in ("HTML, one file", "JSON", "XML, CHAI v0.2"):
            with page.expect_download() as download:
                page.get_by_role("button", name=label).click()
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)
            saved[path.name] = path.read_text(encoding="utf-8")
    assert set(saved) == {f"solid_tumours-card.{kind}" for kind in ("html", "json", "xml")}
    assert len(json.loads(saved["solid_tumours-card.json"])["fields"]) == 41
    assert ET.fromstring(saved["solid_tumours-card.xml"]).tag.endswith("AppliedModelCard")
    assert "41. Citations" in saved["solid_tumours-card.html"]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_what_belongs_beside_a_number_unfolds_on_treatment(
    browser: Browser, dashboard: Dashboard, size: tuple[int, int]
):
    with opened(browser, f"{dashboard.url}/treatment{SAMPLE}", size=size) as (page, heard):
        page.get_by_text("Everything that belongs beside this number", exact=True).click()
        table = page.get_by_role("region", name="Osimertinib: what is not recorded here says so")
        expect(table.locator("tbody tr")).to_have_count(17)
        expect(table).to_contain_text("Not recorded here.")
        painted(page)
        whole(page)
        assert sideways(page) == [] and barriers(page) == []
        assert heard.complaints == []
