"""HGVS in one letter, codons, coding against protein; tumour codes; markers as people write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncology.vocabulary.biomarkers import read_msi, read_number, read_pdl1
from oncology.vocabulary.consequences import consequence
from oncology.vocabulary.hgvs import (
    coding_change,
    codon_of,
    disagreement,
    protein_change,
    protein_from_coding,
)
from oncology.vocabulary.tumour_codes import _ICD10, _ICDO, _NCIT, tumour_from_code, tumour_from_text
from oncology.vocabulary.tumours import TUMOURS
from tests.intake.given import real

THREE = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV*",
        [
            "Ala",
            "Arg",
            "Asn",
            "Asp",
            "Cys",
            "Gln",
            "Glu",
            "Gly",
            "His",
            "Ile",
            "Leu",
            "Lys",
            "Met",
            "Phe",
            "Pro",
            "Ser",
            "Thr",
            "Trp",
            "Tyr",
            "Val",
            "Ter",
        ],
        strict=True,
    )
)


@given(
    st.sampled_from("ARNDCQEGHILKMFPSTWYV"), st.integers(1, 9999), st.sampled_from("ARNDCQEGHILKMFPSTWYV*")
)
def test_three_letters_brackets_and_prefixes_all_become_one_spelling(before, codon, after):
    plain = f"p.{before}{codon}{after}"
    for written in (
        plain,
        plain[2:],
        f"NP_1.2:p.({THREE[before]}{codon}{THREE[after]})",
        f"p.{THREE[before]}{codon}{THREE[after]}",
    ):
        assert protein_change(written) == plain
    assert codon_of(plain) == codon


@pytest.mark.parametrize(
    ("written", "expected"),
    [("p.Ala155ArgfsTer59", "p.A155Rfs*59"), ("p.L112fs", "p.L112fs"), ("p.E746_A750del", "p.E746_A750del"),
     ("p.Lys550_Val555delinsLeu", "p.K550_V555delinsL"), ("p.Met1?", "p.M1?"), ("p.X963_splice", "p.X963_splice"),
     ("R213X", "p.R213*"), ("p.=", None), ("gibberish", None), ("", None), ("p.Leu76%3D", "p.L76=")],
)  # fmt: skip
def test_other_changes_keep_their_meaning(written, expected):
    assert protein_change(written) == expected


@given(st.integers(1, 30000))
def test_a_codon_holds_three_bases(position):
    assert coding_change(f"c.{position}A>G").codon == -(-position // 3)


@pytest.mark.parametrize(
    ("gene", "coding", "protein"),
    [("NRAS", "c.34G>T", "p.G12C"), ("BRAF", "c.1799T>A", "p.V600E"), ("EGFR", "c.2573T>G", "p.L858R"), ("EGFR", "c.2369C>T", "p.T790M"),
     ("PIK3CA", "c.3140A>G", "p.H1047R"), ("IDH1", "c.395G>A", "p.R132H"), ("IDH2", "c.419G>A", "p.R140Q"), ("JAK2", "c.1849G>T", "p.V617F"),
     ("KIT", "c.2447A>T", "p.D816V"), ("FLT3", "c.2503G>T", "p.D835Y"), ("TP53", "c.524G>A", "p.R175H"), ("KRAS", "c.35G>A", "p.G12D"),
     ("DNMT3A", "c.2645G>A", "p.R882H"), ("ESR1", "c.1613A>G", "p.D538G"), ("AKT1", "c.49G>A", "p.E17K")],
)  # fmt: skip
def test_published_pairs_of_coding_and_protein_change_agree(gene, coding, protein):
    assert protein_from_coding(gene, coding_change(coding)) == protein
    assert disagreement(coding_change(coding), protein) is None


def test_a_base_that_does_not_stand_there_gives_no_protein_change():
    assert protein_from_coding("NRAS", coding_change("c.34A>T")) is None
    assert "codon 12" in disagreement(coding_change("c.34G>T"), "p.G13C")


@pytest.mark.parametrize(("word", "effect"), [("Frame_Shift_Del", "changes the protein"), ("Silent", "does not change the protein"),
                                              ("splice_region_variant&intron_variant", "may change splicing"), ("In-frame ins", "changes the protein")])  # fmt: skip
def test_consequence_words_of_every_tool(word, effect):
    assert consequence(word).effect == effect


def test_an_unknown_consequence_is_none_and_not_harmless():
    assert consequence("something new") is None


def test_tumour_codes_of_ours_are_codes_of_the_oncotree_with_the_same_nci_code():
    tree = json.loads(real("vocabulary/oncotree_2025_10_03.json").read_text())
    nodes, waiting = {}, [next(iter(tree.values()))]
    while waiting:
        node = waiting.pop()
        nodes[node["code"]] = node
        waiting.extend(node["children"].values())
    ours = {c for table in (_NCIT, _ICD10, _ICDO) for codes in table.values() for c in codes}
    # SARCOMA is the one group of ours that the tree has no node for (it parts sarcomas by tissue).
    assert (ours | set(TUMOURS)) - set(nodes) == {"SARCOMA"}
    for code, node in nodes.items():
        for ncit in node["externalReferences"].get("NCI", []):
            if ncit in _NCIT:
                assert code in _NCIT[ncit] or _related(nodes, code, _NCIT[ncit]), (ncit, code, _NCIT[ncit])


def _related(nodes, code, ours):
    while code:
        if code in ours:
            return True
        code = nodes[code]["parent"] if code in nodes else None
    return False


def test_words_and_codes_find_the_tumour():
    assert tumour_from_text("Invasive breast carcinoma").code == "BRCA"
    assert tumour_from_text("Cutaneous Melanoma").code == "SKCM"
    assert tumour_from_code("http://snomed.info/sct", "254626006").code == "LUAD"
    assert tumour_from_code("ICD-O-3", "8070/3", topography="C34.1").code == "LUSC"
    assert tumour_from_code("ICD-O-3", "C50.9").code == "BRCA"
    assert tumour_from_code("unheard of", "1") is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("MSI-H", "high"),
        ("dMMR", "high"),
        ("MSS", "stable"),
        ("pMMR", "stable"),
        ("Stable", "stable"),
        ("maybe", None),
    ],
)
def test_microsatellites_in_usual_spellings(written, value):
    assert read_msi(written).value == value


@pytest.mark.parametrize(("written", "value", "how"), [("1.5", 1.5, "used"), ("3,8", 3.8, "normalised"), ("1,234", None, "dropped"), ("1,234,567", 1234567, "normalised"),
                                                        (">100", 100, "ambiguous"), ("1e400", None, "dropped"), ("12 %", 12, "normalised"), ("--3", None, "dropped")])  # fmt: skip
def test_numbers_as_people_write_them(written, value, how):
    found = read_number(written)
    assert (found.value, found.how) == (value, how)


def test_a_combined_score_is_no_tumour_proportion_score():
    assert read_pdl1("CPS 20").value is None and read_pdl1("TPS 20%").value == 20
