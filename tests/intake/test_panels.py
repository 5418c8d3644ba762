"""Panels: what a file lists, what the patients at hand tell, and what a patient with a germline finding must not."""

import json

import pytest

from explainers.__main__ import main
from oncology.intake import read_patients, read_uploads, upload_options, write_profile
from oncology.intake.panels import PanelFileError, named_panels, read_panel
from oncology.patients import Alteration, PatientProfile
from tests.intake.given import real


def test_a_panel_file_of_cbioportal_and_a_plain_list_are_read(tmp_path):
    panel = tmp_path / "data_gene_panel_x.txt"
    panel.write_text("stable_id: OURS5\ndescription: five genes\ngene_list:\tEGFR\tKRAS\tMLL2\tBRAF\tMET\n")
    found = read_panel(panel)
    assert (found.name, found.genes) == ("OURS5", {"EGFR", "KRAS", "KMT2D", "BRAF", "MET"})
    assert found.written == ("EGFR", "KRAS", "MLL2", "BRAF", "MET")
    panel.write_text("# our list\nEGFR, KRAS\nHER2\n")
    found = read_panel(panel)
    assert (found.name, found.genes) == ("data_gene_panel_x", {"EGFR", "KRAS", "ERBB2"})
    found = read_panel(real("profiles/cbioportal/study_es_0/data_gene_panel_testpanel1.txt"))
    assert found.name and found.genes


@pytest.mark.parametrize("content", [b"", b"these words are no genes", b"\xff\xfe\x00", b"# nothing\n"])
def test_what_lists_no_genes_is_refused_in_words(tmp_path, content):
    path = tmp_path / "panel.txt"
    path.write_bytes(content)
    with pytest.raises(PanelFileError, match="Expected"):
        read_panel(path)


def test_the_terminal_takes_a_panel_from_a_file(tmp_path, capsys):
    panel, maf = tmp_path / "ours.txt", tmp_path / "a.maf"
    panel.write_text("EGFR KRAS TP53")
    maf.write_text("Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nKRAS\tMissense_Mutation\ts\n")
    assert main(["import", str(maf), "--panel", str(panel), "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert sorted(read["profiles"][0]["assayed_genes"]) == ["EGFR", "KRAS", "TP53"]
    assert any("ours" in note for note in read["report"]["notes"])


MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nKRAS\tMissense_Mutation\ts\n"


def test_unknown_genes_of_a_panel_are_listed_with_their_reason(tmp_path, capsys):
    panel, maf = tmp_path / "ours.txt", tmp_path / "a.maf"
    panel.write_text("EGFR KRAS TP53 EGRF HER2 NOGENE9")
    maf.write_text(MAF)
    assert main(["import", str(maf), "--panel", str(panel), "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    lines = {e["element"]: e for e in read["report"]["entries"] if e["part"] == "genes of the panel ours"}
    assert {k: (e["fate"], e["count"]) for k, e in lines.items()} == {
        "gene": ("used", 3), "EGRF": ("ambiguous", 1), "NOGENE9": ("ambiguous", 1), "HER2": ("normalised", 1),
    }  # fmt: skip
    assert "no symbol of the gene table; kept as written" in lines["EGRF"]["reason"]
    assert lines["HER2"]["became"] == "ERBB2"
    assert read["report"]["adds_up"]
    assert any("2 are no known symbols" in n and "EGRF, NOGENE9" in n for n in read["report"]["notes"])
    assert sorted(read["profiles"][0]["assayed_genes"]) == [
        "EGFR",
        "EGRF",
        "ERBB2",
        "KRAS",
        "NOGENE9",
        "TP53",
    ]
    assert main(["import", str(maf), "--panel", "EGFR,EGRF"]) == 0
    assert "no symbol of the gene table" in capsys.readouterr().out


def test_genes_named_on_the_page_are_told_as_those_of_the_terminal():
    (read,) = read_uploads([("a.maf", MAF.encode())], options=upload_options(panel=["EGFR", "NOGENE9"]))
    (line,) = [e for e in read.report.entries if e.element == "NOGENE9"]
    assert line.fate == "ambiguous" and line.part == "genes named as assayed" and read.report.adds_up


def test_a_panel_that_the_file_makes_needless_is_told_as_such(tmp_path):
    own = tmp_path / "p.json"
    own.write_text(write_profile(PatientProfile("a", assayed_genes=frozenset({"KRAS"}))))
    read = read_patients(own, panel=["EGFR", "NOGENE9"])
    lines = [e for e in read.report.entries if e.part == "genes named as assayed"]
    assert [(e.fate, e.count) for e in lines] == [("dropped", 2)] and "for itself" in lines[0].reason
    assert read.report.adds_up and read.profiles[0].assayed_genes == {"KRAS"}


def test_a_name_with_several_readings_is_listed_with_them():
    options = upload_options(panel=["EGFR", "RAS"])
    (read,) = read_uploads([("a.maf", MAF.encode())], options=options)
    (line,) = [e for e in read.report.entries if e.element == "RAS"]
    assert line.fate == "ambiguous" and "may mean HRAS or KRAS or NRAS" in line.reason
    assert "KRAS" not in read.profiles[0].assayed_genes


def test_a_patient_with_a_germline_finding_names_no_panel():
    one = PatientProfile("a", panel="P", assayed_genes=frozenset({"EGFR", "BRCA2"}))
    assert named_panels([one]) == {"P": {"EGFR", "BRCA2"}}
    hiding = one.replace(alterations=(Alteration("BRCA2", origin="germline"),))
    assert named_panels([hiding]) == {} and "germline" in write_profile(hiding)
