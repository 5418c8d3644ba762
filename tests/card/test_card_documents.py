"""The card as JSON, HTML and XML: whole, escaped, and valid against the schema it names."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from explainers.card import NOT_SAID, model_card
from explainers.card.chai import CONTENT, NAMESPACE, to_xml
from explainers.card.document import one_line, to_html, to_json
from explainers.card.entries import PartEntry, Statement
from oncology.checklist import CardPart, checklist
from tests.bundles.small import small_bundle
from tests.card.conftest import KINDS

SCHEMA = Path(__file__).parents[3] / "shared" / "real" / "chai" / "schema_v0.2.xsd"
HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">]]>&\x00\x1b\u202e\ud800'


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A bundle whose every text would run, or end a document, if it were not escaped."""
    said = dict.fromkeys(
        ("title", "version", "developer", "licence", "intended_use", "intended_users", "out_of_scope", "outcome"), HOSTILE.replace("\ud800", "")
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "card.toml").write_text(
        '[funding]\nfunding = "<script>alert(3)</script> ]]> \\u0000"\n', encoding="utf-8"
    )
    labels = {"osimertinib": "<b onmouseover=alert(4)>x"}
    return small_bundle(
        folder / "b", **said, limits=(HOSTILE.replace("\ud800", ""),), option_labels=labels, card=folder / "card.toml",
        training={"source": "<iframe src=javascript:alert(5)>"},
    )  # fmt: skip


class _Tags(HTMLParser):
    """Every element and attribute of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.handlers += [k for k, v in attrs if k.startswith("on") or "javascript" in (v or "")]

    def handle_data(self, data):
        self.text.append(data)


def test_hostile_text_does_not_run_in_the_html(hostile):
    found = _Tags()
    found.feed(to_html(model_card(hostile)))
    assert not {"script", "img", "iframe", "b"} & set(found.tags)
    assert not found.handlers
    assert "<script>alert(3)</script>" in "".join(found.text)


def test_hostile_text_stays_text_in_the_xml_and_the_json(hostile):
    card = model_card(hostile)
    root = ET.fromstring(to_xml(card))
    assert "<script>alert(3)</script> ]]>" in root.find(f".//{_tag('FundingSource')}").text
    assert to_xml(card).encode("utf-8")
    assert "<script>" in json.dumps(json.loads(to_json(card).encode("utf-8")))


def test_a_lone_surrogate_of_a_manifest_cannot_break_a_document():
    from explainers.card.entries import Statement, fit

    assert Statement(HOSTILE, "manifest").text.encode("utf-8")
    assert fit("a\ud800b\u202ec\x00") == "a\ufffdb\ufffdc\ufffd"


@pytest.mark.parametrize("kind", KINDS)
def test_the_json_holds_every_field_with_who_said_what(bundle_of, kind):
    card = model_card(bundle_of(kind))
    content = json.loads(to_json(card))
    assert [f["number"] for f in content["fields"]] == list(range(1, 42))
    assert content["model"]["sha256"] == bundle_of(kind).sha256
    assert content["checklist"]["version"] == checklist().version
    assert {s["by"] for f in content["fields"] for p in f["parts"] for s in p["statements"]} <= {
        "manifest", "card", "computed",
    }  # fmt: skip
    assert content["completeness"]["complete"] == card.completeness.complete


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_is_one_file_with_every_field_and_no_address_to_fetch(bundle_of, kind):
    card = model_card(bundle_of(kind))
    html = to_html(card, made="2026-11-22 08:00")
    found = _Tags()
    found.feed(html)
    text = "".join(found.text)
    for field in checklist().fields:
        assert f"{field.number}. {field.title}" in text
    assert card.validation in text and NOT_SAID in text and bundle_of(kind).sha256 in text
    assert "src=" not in html and "<link" not in html
    assert all(s.reference in text for s in checklist().sources)


@pytest.mark.parametrize("kind", KINDS)
def test_the_xml_holds_every_element_in_order_and_no_other(bundle_of, kind):
    root = ET.fromstring(to_xml(model_card(bundle_of(kind))))
    top = list(dict.fromkeys(path.split("/")[0] for path in CONTENT))
    assert [e.tag for e in root] == [_tag(n) for n in [*top, "Bibliography"]]
    for path, children in CONTENT.items():
        parent = root.find("/".join(_tag(n) for n in path.split("/")))
        assert [e.tag for e in parent] == [_tag(n) for n in children]


def test_every_part_of_the_card_has_a_place_in_the_xml():
    placed = {
        name for children in CONTENT.values() for content in children.values() for name in content.split()
    }
    for field in checklist().fields:
        for part in field.parts:
            assert f"{field.key}.{part.key}" in placed


def test_metrics_carry_their_intervals_and_absent_ones_are_null(bundle_of):
    bundle = bundle_of("solid_tumours")
    root = ET.fromstring(to_xml(model_card(bundle)))
    results = {
        r.find(_tag("Label")).text: json.loads(r.find(_tag("ValueJson")).text)
        for r in root.iterfind(f".//{_tag('UsefulnessUsabilityEfficacy')}//{_tag('MetricResult')}")
    }
    p = bundle.manifest.performance_of("osimertinib")
    assert results["AUC, Osimertinib"] == {
        "kind": "estimate_ci", "estimate": round(p.auc, 4), "lower": round(p.auc_low, 4), "upper": round(p.auc_high, 4),
        "level": 95,
    }  # fmt: skip
    bare = ET.fromstring(to_xml(model_card(bundle_of("loris without a card"))))
    values = [json.loads(v.text) for v in bare.iterfind(f".//{_tag('ValueJson')}")]
    assert values == [{"kind": "single", "value": None}] * 3
    assert [label.text for label in bare.iterfind(f".//{_tag('Label')}")] == [NOT_SAID] * 3


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (("one",), "one"),
        (("one", "two"), "one; two"),
        (("One.", "Two"), "One. Two."),
        ((), NOT_SAID),
    ],
)
def test_statements_of_a_part_read_as_one_line(texts, line):
    part = PartEntry(CardPart("a", "A", "both"), tuple(Statement(t, "card") for t in texts))
    assert one_line(part) == line


def test_keywords_are_elements_of_their_own_and_an_absent_one_is_none(bundle_of):
    root = ET.fromstring(to_xml(model_card(bundle_of("loris"))))
    assert "logistic regression" in [k.text for k in root.iterfind(f".//{_tag('Keyword')}")]
    bare = ET.fromstring(to_xml(model_card(bundle_of("foreign"))))
    assert not list(bare.iterfind(f".//{_tag('Keyword')}")) and not list(bare.iterfind(f".//{_tag('EHR')}"))


@pytest.fixture(scope="module")
def schema():
    """The schema of CHAI; the signature it refers to on the web is stood in for, since none is written."""
    if not SCHEMA.exists():
        pytest.skip("the CHAI schema is not beside this checkout (../shared/real/chai/schema_v0.2.xsd)")
    from lxml import etree

    class Signature(etree.Resolver):
        def resolve(self, url, public_id, context):
            if "xmldsig" not in str(url):
                return None
            stand_in = (
                '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/2000/09/xmldsig#">'
                '<xs:element name="Signature"/></xs:schema>'
            )
            return self.resolve_string(stand_in, context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Signature())
    return etree.XMLSchema(etree.parse(str(SCHEMA), parser))


@pytest.mark.parametrize("kind", KINDS)
def test_the_xml_is_valid_against_the_schema_of_chai(bundle_of, schema, kind):
    from lxml import etree

    document = etree.fromstring(to_xml(model_card(bundle_of(kind))).encode("utf-8"))
    assert schema.validate(document), schema.error_log


def test_the_xml_of_a_hostile_manifest_is_valid_too(hostile, schema):
    from lxml import etree

    assert schema.validate(etree.fromstring(to_xml(model_card(hostile)).encode("utf-8"))), schema.error_log


def test_the_mapping_names_every_element_of_the_schema_and_none_besides(schema):
    from lxml import etree

    tree = etree.parse(str(SCHEMA), etree.XMLParser(no_network=True))
    named = {e.get("name") for e in tree.iter("{http://www.w3.org/2001/XMLSchema}element")} - {None}
    written = {"AppliedModelCard", "Bibliography", "Keyword", "EHR", "MetricResult", "Label", "ValueJson"}
    written |= {n for path, children in CONTENT.items() for n in (*path.split("/"), *children)}
    assert written == named


def test_a_missing_element_is_found_by_the_schema(bundle_of, schema):
    from lxml import etree

    document = etree.fromstring(to_xml(model_card(bundle_of("loris"))).encode("utf-8"))
    document.remove(document[0])
    assert not schema.validate(document)
