"""The product on real patients: train on BeatAML, open one, switch FLT3-ITD, see the kinase inhibitors move."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from oncology.intake import read_patients
from tests.e2e.browser import opened, painted
from tests.e2e.dashboard import ROOT, Dashboard, serve

DATA = ROOT.parent / "shared" / "real" / "beataml"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/real/beataml is not beside the checkout")

# Two inhibitors of FLT3, and one without signal: training forty takes minutes.
KEPT = ("Sorafenib", "Quizartinib", "Ruxolitinib")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle trained from the terminal on the real patients, for three inhibitors."""
    folder = tmp_path_factory.mktemp("beataml")
    text = (ROOT / "sample_data" / "studies" / "beataml.toml").read_text(encoding="utf-8")
    head, options, rest = re.split(r"(?ms)^\[outcomes\.options\]\n(.*?)(?=^\[|\Z)", text)
    kept = "".join(line for line in options.splitlines(keepends=True) if line.split(" =")[0] in KEPT)
    study = folder / "study.toml"
    shutil.copy(ROOT / "sample_data" / "studies" / "beataml_card.toml", folder)
    study.write_text(f"{head}[outcomes.options]\n{kept}\n{rest}", encoding="utf-8")
    (folder / "bundles").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "explainers", "train", str(study), "--data", str(DATA),
         "--out", str(folder / "bundles" / "beataml")],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def served(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard with the trained bundle and the real patients in its pickers."""
    settings = {"GLASSBOARD_BUNDLES": str(trained / "bundles"), "GLASSBOARD_PATIENTS": str(DATA)}
    with serve(tmp_path_factory.mktemp("home"), settings) as dashboard:
        yield dashboard


def a_patient(itd: bool) -> str:
    """A sequenced patient with or without an internal tandem duplication of FLT3."""
    for p in read_patients(DATA).profiles:
        found = any(a.gene == "FLT3" and a.protein_change == "ITD" for a in p.alterations)
        if p.assayed_genes and "FLT3" in p.assayed_genes and found == itd:
            return p.patient_id
    raise AssertionError("no such patient")


def pick_patient(page: Page, patient_id: str) -> None:
    box = page.get_by_role("combobox", name="Patient")
    box.click()
    box.fill(patient_id)
    page.get_by_role("option", name=re.compile(rf"^{patient_id}\b")).first.click()
    painted(page)


def of_100(page: Page, option: str) -> int:
    row = page.locator(".st-key-ranking tr").filter(has=page.get_by_role("rowheader", name=option))
    return int(row.first.locator(".gbr-value").inner_text())


def switch(page: Page, feature: str, state: str) -> None:
    page.get_by_role("radiogroup", name=feature, exact=True).get_by_role(
        "radio", name=state, exact=True
    ).check()


def test_switching_flt3_itd_moves_the_flt3_inhibitors_as_the_data_say(browser: Browser, served: Dashboard):
    with opened(browser, f"{served.url}/what_if?bundle=beataml") as (page, heard):
        patient = a_patient(itd=False)
        pick_patient(page, patient)
        before = {o: of_100(page, o) for o in ("Sorafenib", "Quizartinib")}
        switch(page, "FLT3 ITD", "altered")
        expect(page.locator(".st-key-ranking .gbr-moved").first).to_be_visible()
        page.wait_for_timeout(500)
        after = {o: of_100(page, o) for o in before}
        assert after["Sorafenib"] >= before["Sorafenib"] + 10
        assert after["Quizartinib"] >= before["Quizartinib"] + 5
        assert patient not in page.url
        assert not heard.foreign(served.url)
        assert not heard.complaints


def test_taking_flt3_itd_away_lowers_them(browser: Browser, served: Dashboard):
    with opened(browser, f"{served.url}/what_if?bundle=beataml") as (page, _):
        pick_patient(page, a_patient(itd=True))
        # The page of the patient before must be gone, or its numbers are taken for this one's.
        group = page.get_by_role("radiogroup", name="FLT3 ITD", exact=True)
        expect(group.get_by_role("radio", name="altered", exact=True)).to_be_checked(timeout=20_000)
        page.wait_for_timeout(1500)
        painted(page)
        before = {o: of_100(page, o) for o in ("Sorafenib", "Quizartinib")}
        switch(page, "FLT3 ITD", "not altered")
        expect(page.locator(".st-key-ranking .gbr-moved").first).to_be_visible()
        page.wait_for_timeout(1500)
        after = {o: of_100(page, o) for o in before}
        assert all(after[o] < before[o] for o in before), (before, after)


def test_an_inhibitor_without_signal_says_so_and_real_patients_are_marked_for_research(
    browser: Browser, served: Dashboard
):
    with opened(browser, f"{served.url}/treatment?bundle=beataml") as (page, _):
        row = page.locator(".st-key-ranking tr").filter(has=page.get_by_role("rowheader", name="Ruxolitinib"))
        expect(row.first).to_contain_text("no signal")
        expect(page.get_by_text("Research use only").first).to_be_visible()
        expect(page.get_by_text("Synthetic data")).to_have_count(0)


def test_no_patient_of_the_study_reaches_the_log(served: Dashboard):
    said = served.log.read_text()
    assert not any(p.patient_id in re.findall(r"\d{4,}", said) for p in read_patients(DATA).profiles)
