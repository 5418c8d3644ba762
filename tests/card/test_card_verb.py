"""`explainers card`: the same card from a terminal, in four forms."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from explainers.__main__ import main
from oncology.checklist import checklist


def ask(capsys, *arguments: str) -> str:
    assert main(["card", *arguments]) == 0
    return capsys.readouterr().out


def test_the_text_holds_every_field_and_the_header(capsys):
    said = ask(capsys, "ipssm")
    assert all(f"{f.number}. {f.title} (" in said for f in checklist().fields)
    assert "Tested on patients of others according to its developer" in said and "31 required fields" in said


def test_json_and_xml_are_documents(capsys):
    assert len(json.loads(ask(capsys, "loris", "--json"))["fields"]) == 41
    assert ET.fromstring(ask(capsys, "loris", "--xml")).tag.endswith("AppliedModelCard")


def test_a_file_is_written_and_what_stands_in_it_is_said(capsys, tmp_path):
    out = tmp_path / "card.html"
    said = ask(capsys, "solid_tumours", "--no-audit", "--html", "--out", str(out))
    assert "Not externally validated." in said and "required fields are complete" in said
    assert "41. Citations" in out.read_text(encoding="utf-8")


def test_the_training_patients_are_measured_unless_it_is_left_out(capsys, tmp_path, monkeypatch, bundle_of):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path))
    path = str(bundle_of("classes").path)
    measured, plain = ask(capsys, path), ask(capsys, path, "--no-audit")
    assert "500 bootstrap rounds" not in plain and "it can be measured here" in plain
    assert "it can be measured here" not in measured.split("24. External")[0]


def test_a_card_that_cannot_be_read_is_told_on_standard_error(capsys, tmp_path):
    from sample_data.build_scores import build_loris

    bundle = build_loris(tmp_path / "b", card=None)
    (bundle.path / "card.toml").write_text("[nothing]\n")
    assert main(["card", str(bundle.path)]) == 0
    heard = capsys.readouterr()
    assert (
        "nothing" in heard.err
        and "card_template.toml" in heard.err
        and "not provided by the developer" in heard.out
    )


def test_two_forms_at_once_and_an_unknown_bundle_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["card", "loris", "--xml", "--html"])
    assert main(["card", "lorris"]) == 2
    assert "Did you mean loris" in capsys.readouterr().err
