"""The document of a case: whole, labelled, escaped, and silent towards other hosts."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from explainers.patient_report import patient_report
from explainers.report import Chart, Facts, Heading, Markup, Points, Table, Text, document, file_name
from explainers.what_if_report import what_if_report
from oncology.edits import Edit, apply
from oncology.patients import Alteration
from oncology.recommendations import rank

BAD = "<script>alert(1)</script>"


class Outline(HTMLParser):
    """Tags in order, links to elsewhere, and what is not closed."""

    VOID = frozenset({"meta", "br", "img", "i"})

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "action") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


def outline(html):
    found = Outline()
    found.feed(html)
    assert not found.open
    return found


def test_every_text_is_escaped():
    html = document(
        BAD,
        [Heading(BAD), Text(BAD), Points((BAD,)), Facts(((BAD, BAD),)), Table([{BAD: BAD}], BAD), Table([{BAD: BAD}], BAD, folded=True)],
        origin=("patient: synthetic",), subtitle=BAD, model=BAD, model_sha256=BAD, made=BAD,
    )  # fmt: skip
    assert "<script" not in html and "alert(1)" in html


def test_a_document_without_charts_carries_no_script():
    html = document("Plain", [Text("words")], origin=("patient: synthetic",))
    assert "<script" not in html and len(html) < 120_000
    assert "Patient: synthetic" in html and "no medical device" in html


def test_tables_put_numbers_right_and_say_what_is_missing():
    html = document(
        "T",
        [Table([{"gene": "KRAS", "n": 5, "p": None}, {"gene": "x", "n": 1200, "p": 0.5}], "c")],
        origin=("patient: synthetic",),
    )
    assert '<th scope="col" class="number">n</th>' in html and '<td class="number">–</td>' in html
    assert "<caption>c</caption>" in html
    assert "nothing to list" in document("T", [Table([], "c")], origin=("patient: synthetic",))


@pytest.fixture(scope="module")
def html(make_bundle):
    from oncology.patients import PatientProfile

    person = PatientProfile(
        "P<1>", age_years=63, tumour="LUAD", alterations=(Alteration("EGFR", protein_change="p.L858R"),),
        assayed_genes=frozenset({"EGFR", "KRAS", "TP53"}), synthetic=True,
    )  # fmt: skip
    return patient_report(make_bundle(), person, made="2026-01-02 03:04")


def test_a_case_is_one_wellformed_document_that_asks_no_host(html):
    found = outline(html)
    assert found.links == []
    assert found.tags.count("h1") == 1 and found.tags.count("html") == 1
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert "default-src 'none'" in policy and "http" not in policy
    assert html.count("plotly.js v") == 1 or html.count("Plotly.newPlot") >= 3


def test_a_case_holds_what_has_to_stand_beside_a_number(make_bundle, html):
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.S)
    for words in (
        "Patient P&lt;1&gt;", "Patient: synthetic; model made from: synthetic patients.", "ECOG", "not recorded", "What the model says", "Why the model says so of Osimertinib",
        "Where the methods agree", "Similar patients", "Not modelled: side effects", "ALK",
        make_bundle().sha256, "2026-01-02 03:04 (UTC)", "not what would happen",
    ):  # fmt: skip
        assert words in text, words
    assert "<1>" not in text


def test_an_edited_case_says_what_was_changed(make_bundle, patient):
    bundle = make_bundle()
    edited = apply(bundle.schema, patient, [Edit("KRAS p.G12C", 1.0)])
    html = patient_report(bundle, edited, option="sotorasib", recorded=patient, methods=("ablation",))
    changed = html.split("Changed from the record")[1].split("</ul>")[0]
    assert "KRAS p.G12C" in changed and "EGFR" not in changed
    assert "hardly ever occur together" in html
    assert "Why the model says so of Sotorasib" in html


def test_both_reports_tell_a_real_patient_from_the_synthetic_model(make_bundle, patient):
    own = patient.replace(synthetic=False)
    facts = "Patient: real or of unknown origin; model made from: synthetic patients."
    assert facts in patient_report(make_bundle(), own, methods=("ablation",))
    assert facts in what_if_report(make_bundle(), own, own, option="osimertinib")


def test_both_reports_hold_every_caution(make_bundle, patient, monkeypatch):
    from explainers import patient_report as one
    from explainers import what_if_report as other

    def cautious(*args, **more):
        found = rank(*args, **more)
        first = dataclasses.replace(found.ordered[0], cautions=("No signal: one.",))
        return dataclasses.replace(found, ordered=(first, *found.ordered[1:]), cautions=("Outside: all.",))

    monkeypatch.setattr(one, "rank", cautious)
    monkeypatch.setattr(other, "rank", cautious)
    for html in (
        patient_report(make_bundle(), patient, methods=("ablation",)),
        what_if_report(make_bundle(), patient, patient, option="osimertinib"),
    ):
        assert "It is not the range of the single case" in html
        assert "Osimertinib: No signal: one." in html and "<li>Outside: all.</li>" in html


def test_markup_and_charts_bring_their_style_and_script_once(make_bundle, patient):
    from explainers.charts.attribution import waterfall
    from explainers.local import explain

    figure = waterfall(explain(make_bundle(), patient, "ablation", option="osimertinib"), mode="light")
    html = document(
        "Two", [Markup("<b>x</b>", ".x{}", "cap"), Markup("<b>y</b>", ".x{}"), Chart(figure, "one"), Chart(figure, "two")],
        origin=("patient: synthetic",),
    )  # fmt: skip
    assert html.count(".x{}") == 1 and 'id="chart-2"' in html and 'id="chart-3"' in html
    assert html.count("beforeprint") == 1


def test_a_file_name_holds_no_patient():
    assert re.fullmatch(r"why-osimertinib-[0-9a-f]{8}\.html", file_name("Why: osimertinib", "x"))


def test_a_case_tells_which_facts_act_together_and_how_steady_its_shares_are():
    from oncology.bundles import load
    from oncology.intake import read_patients
    from tests.explainers.test_shipped import SAMPLE

    bundle = load(SAMPLE / "bundles" / "solid_tumours")
    person = read_patients(SAMPLE / "patients" / "S-01-egfr-l858r.json").profiles[0]
    html = patient_report(bundle, person, methods=("shapley",))
    assert (
        "Which facts act together" in html and "two do apart" in html and "Shapley interaction values" in html
    )
    assert "20 refits" in html and "refits from" in html
    assert "counts" in html and "towards a higher answer" in html
    # An option without an answer leads with that.
    silent = patient_report(bundle, person, methods=("shapley",), option="imatinib")
    why = silent[silent.index("Why the model says so of Imatinib") :]
    assert why.index("the model gives no answer") < why.index("On the scale of the model")
    loris = load(SAMPLE / "bundles" / "loris")
    assert "published sum" in patient_report(loris, person, methods=("shapley",))
