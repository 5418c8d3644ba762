"""Patient files in a real browser: what comes in, what is hidden, what goes out."""

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import opened, painted
from tests.e2e.dashboard import Dashboard
from tests.e2e.test_rooms import SAMPLE
from tests.intake.test_deidentification import BUNDLE, SECRETS

REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "profiles"
MAF = (
    "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
    "KRAS\tMissense_Mutation\tX1\tp.G12C\n"
)


def give(page: Page, *files: tuple[str, bytes]) -> None:
    page.get_by_text("Open a patient file", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files]
    )
    # Reading waits for whatever the page is busy with.
    expect(page.get_by_role("button", name="Use what was read")).to_be_visible(timeout=30_000)


def use(page: Page) -> None:
    painted(page)
    page.get_by_role("button", name="Use what was read").click()


def saved(page: Page, button: str) -> str:
    """What a button of the page as it stands now saves."""
    painted(page)
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_two_files_dragged_at_once_become_one_patient(browser: Browser, dashboard: Dashboard):
    clinical = b"SAMPLE_ID\tAGE\tONCOTREE_CODE\nX1\t67\tLUAD\n"
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        give(page, ("a.maf", MAF.encode()), ("beside.txt", clinical))
        use(page)
        expect(page.locator(".gb-facts")).to_contain_text("67 years")
        expect(page.get_by_role("region", name="Findings as recorded")).to_contain_text("KRAS p.G12C")
        assert not heard.complaints


def test_names_reach_neither_page_nor_exports_nor_log_and_the_prediction_is_marked_research(
    browser: Browser, dashboard: Dashboard
):
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        give(page, ("Erika Mustermann.json", json.dumps(BUNDLE).encode()))
        said = [page.content()]
        use(page)
        expect(page.get_by_role("region", name="Findings as recorded")).to_contain_text("KRAS")
        fhir = saved(page, "FHIR R4")
        said += [page.content(), page.url, fhir]
        said += [saved(page, name) for name in ("Glassboard profile", "Phenopacket v2", "Save this page")]
        said.append(dashboard.log.read_text(encoding="utf-8"))
        assert [(i, s) for i, text in enumerate(said) for s in SECRETS if s in text] == []
        risk = next(
            e["resource"]
            for e in json.loads(fhir)["entry"]
            if e["resource"]["resourceType"] == "RiskAssessment"
        )
        manifest = Path(__file__).resolve().parents[2] / "sample_data/bundles/solid_tumours/manifest.json"
        assert risk["identifier"][0]["value"] == hashlib.sha256(manifest.read_bytes()).hexdigest()
        assert (
            risk["meta"]["tag"][0]["code"] == "HRESCH"
            and "Research and teaching only" in risk["note"][0]["text"]
        )
        assert not heard.complaints


def test_a_germline_finding_leaves_only_after_it_was_asked_for(browser: Browser, dashboard: Dashboard):
    brca = {"gene": "BRCA2", "protein_change": "p.S1982fs", "vaf": 0.49, "origin": "germline"}
    one = {
        "glassboard_profile": 1,
        "patient_id": "G",
        "tumour": "LUAD",
        "consent": "research",
        "alterations": [brca],
    }
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        give(page, ("one.json", json.dumps(one).encode()))
        use(page)
        expect(page.get_by_role("heading", name="Germline and possible incidental findings")).to_be_visible()
        assert "S1982" not in page.content()
        for button in ("FHIR R4", "Glassboard profile", "Phenopacket v2", "Save this page"):
            assert "S1982" not in saved(page, button)
        page.get_by_text("Show germline and possible incidental findings").click()
        expect(page.get_by_role("region", name="Findings as recorded")).to_contain_text("BRCA2 p.S1982fs")
        assert "S1982" in saved(page, "FHIR R4")
        assert not heard.complaints


def test_the_mcode_bundle_opens_and_the_page_says_what_it_lacks(browser: Browser, dashboard: Dashboard):
    path = REAL / "fhir" / "mcode_full_bundle.json"
    if not path.is_file():
        pytest.skip("the mCODE bundle is not beside this checkout")
    with opened(browser, f"{dashboard.url}/patient{SAMPLE}") as (page, heard):
        give(page, (path.name, path.read_bytes()))
        use(page)
        expect(page.get_by_role("region", name="Findings as recorded")).to_contain_text("PALB2 p.Y1183*")
        expect(page.get_by_text("inputs that are unknown for this patient")).to_be_visible()
        page.get_by_role("link", name="Treatment").click()
        expect(page.get_by_text("Options ranked by the model for patient").first).to_be_attached()
        assert not heard.complaints
