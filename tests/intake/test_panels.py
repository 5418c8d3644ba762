"""Panels: what a file lists, what the patients at hand tell, and what a patient with a germline finding must not."""

import json

import pytest

from explainers.__main__ import main
from oncology.intake import write_profile
from oncology.intake.panels import PanelFileError, named_panels, read_panel
from oncology.patients import Alteration, PatientProfile
from tests.intake.given import real


def test_a_panel_file_of_cbioportal_and_a_plain_list_are_read(tmp_path):
    panel = tmp_path / "data_gene_panel_x.txt"
    panel.write_text("stable_id: OURS5\ndescription: five genes\ngene_list:\tEGFR\tKRAS\tMLL2\tBRAF\tMET\n")
    assert read_panel(panel) == ("OURS5", {"EGFR", "KRAS", "KMT2D", "BRAF", "MET"})
    panel.write_text("# our list\nEGFR, KRAS\nHER2\n")
    assert read_panel(panel) == ("data_gene_panel_x", {"EGFR", "KRAS", "ERBB2"})
    name, genes = read_panel(real("profiles/cbioportal/study_es_0/data_gene_panel_testpanel1.txt"))
    assert name and genes


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


def test_a_patient_with_a_germline_finding_names_no_panel():
    one = PatientProfile("a", panel="P", assayed_genes=frozenset({"EGFR", "BRCA2"}))
    assert named_panels([one]) == {"P": {"EGFR", "BRCA2"}}
    hiding = one.replace(alterations=(Alteration("BRCA2", origin="germline"),))
    assert named_panels([hiding]) == {} and "germline" in write_profile(hiding)
