"""The glance beside a number: dots that count what the words say, readable aloud, on the page and in the document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from explainers import assurance_words
from explainers.charts.assurance_glance import glance_html
from explainers.charts.icon_array import boxes_of, icon_array_html
from explainers.patient_report import patient_report
from oncology.assurance import assure, people
from oncology.bundles import load
from oncology.intake import read_patients
from oncology.intake.germline_hiding import without_germline
from oncology.patients import PatientProfile
from tests.bundles.small import small_bundle

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data"


@pytest.fixture(scope="module")
def bundle():
    return load(SAMPLE / "bundles" / "solid_tumours")


def sample(name):
    return read_patients(next((SAMPLE / "patients").glob(f"{name}*.json"))).profiles[0]


def places(html, name):
    """The places covered by the boxes of one kind, each counted once."""
    found = []
    box = rf'<i class="{name}" style="left:(\d+)em;top:(\d+)em;width:(\d+)em;height:(\d+)em">'
    for left, top, width, height in (map(int, m) for m in re.findall(box, html)):
        found += [10 * (top + r) + left + c for r in range(height) for c in range(width)]
    assert len(found) == len(set(found))
    return sorted(found)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_the_dots_are_a_hundred_and_as_many_are_filled_as_the_number_says(a, b, c):
    low, n, high = sorted((a, b, c))
    html = icon_array_html(n, low, high, words="x")
    assert places(html, "yes") == list(range(low)) and places(html, "open") == list(range(low, n))
    assert places(html, "more") == list(range(n, high)) and places(html, "no") == list(range(high, 100))


@given(st.integers(0, 100), st.integers(0, 100))
def test_boxes_hold_each_place_once(first, end):
    found = [10 * (y + r) + x + c for x, y, w, h in boxes_of(first, end) for r in range(h) for c in range(w)]
    assert found == list(range(first, end))


def test_the_words_say_what_the_dots_show(bundle):
    found = assure(bundle, sample("S-01"))
    html = glance_html(bundle, found)
    first = found.options[0]
    n = people(first.probability)
    assert f'aria-label="Osimertinib: {n} of 100 patients like this respond' in html
    picture = html[html.index('<div class="gbi"') : html.index("</li>")]
    assert len(places(picture, "yes")) + len(places(picture, "open")) == n == round(100 * first.probability)
    assert html.count('role="img"') == 3 and "of 100" in assurance_words.share_sentence(bundle, first)


def test_a_patient_outside_the_domain_is_told_so_before_anything_else(bundle):
    html = glance_html(bundle, assure(bundle, sample("S-32")))
    assert "class=gbt-out>Outside.</span>" in html and 'role="img"' not in html


def test_a_score_is_never_drawn_as_people(bundle):
    loris = load(SAMPLE / "bundles" / "loris")
    html = glance_html(loris, assure(loris, sample("S-01")))
    assert "of 100" not in html and 'role="img"' not in html and "published formula" in html


def test_markup_in_a_bundles_words_is_escaped(tmp_path):
    odd = small_bundle(tmp_path / "odd", outcome="<u>respond</u>", option_labels={"osimertinib": "<i>x</i>"})
    profile = PatientProfile(
        "P", tumour="LUAD", age_years=60, assayed_genes=frozenset({"EGFR", "KRAS", "BRAF", "TP53"})
    )
    html = glance_html(odd, assure(odd, profile))
    assert "<u>" not in html and "<i>x" not in html and "&lt;u&gt;respond" in html and "&lt;i&gt;x" in html


def test_markup_in_names_is_escaped(bundle):
    assert "<b>" not in icon_array_html(1, 1, 2, words='<b>"x"</b>')


def test_a_hidden_gene_is_named_nowhere_beside_the_numbers(bundle):
    hidden = without_germline(sample("S-26"))
    found = assure(bundle, hidden)
    said = glance_html(bundle, found) + str(assurance_words.range_rows(found.ranges))
    said += str(assurance_words.no_benefit_rows(bundle, found.options)) + " ".join(
        assurance_words.assurance_words(bundle, found)
    )
    assert "BRCA" not in said


def test_the_saved_document_carries_the_same(bundle):
    profile = sample("S-21")
    html = patient_report(bundle, profile, methods=("ablation",))
    found = assure(bundle, profile)
    assert "How far these numbers can be leaned on" in html and glance_html(bundle, found) in html
    assert "Insufficient evidence: NRAS; KRAS, other alteration" in html
    assert found.abstention.set_words() in html


@pytest.mark.parametrize(
    ("name", "patient"), [("solid_tumours", "S-21-colorectal-kras-unknown"), ("loris", "S-01-egfr-l858r")]
)
def test_treatment_shows_the_glance_and_opens_its_depth(name, patient):
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params["bundle"], app.query_params["patient"] = name, patient
    app.run()
    app.session_state["trust-depth"] = True
    app.switch_page("pages/treatment.py").run()
    assert not app.exception
    bodies = "\n".join(e.proto.body for e in app.get("html"))
    assert 'class="gbt"' in bodies
    if name == "solid_tumours":
        assert "Insufficient evidence" in bodies and "Cetuximab + chemotherapy" in bodies
        assert any("What is not known, and how far it could move" in str(m.value) for m in app.markdown)
