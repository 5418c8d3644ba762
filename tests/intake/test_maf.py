"""MAF with a clinical table: who was sequenced, what was assayed, and FLT3-ITD."""

import pytest

from oncology.alterations import AlterationPattern, EvidenceIndex
from oncology.intake import read_patients
from tests.intake.given import real, told

MAF = """#version 2.4
hugo_symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tHGVSc\tt_alt_count\tt_ref_count
KRAS\tMissense_Mutation\ta\tp.Gly12Asp\tc.35G>A\t30\t70
MLL2\tNonsense_Mutation\ta\tp.R10*\t\t\t
TP53\tSilent\ta\tp.P36P\t\t1\t1
TERT\t5'Flank\ta\t\tc.-124C>T\t5\t5
NRAS\tMissense_Mutation\tb\t\tc.34G>T\t\t
KRAS\tMissense_Mutation\tzz\tp.G12D\t\t1\t1
"""
CLINICAL = "PATIENT_ID\tAGE\tSEQUENCED\tFLT3_ITD\tFLT3_ITD_ALLELIC_RATIO\na\t60\tTrue\tTrue\t1.0\nb\t61\tTrue\tFalse\t0\nc\t62\tFalse\tFalse\t\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mutations.maf").write_text(MAF)
    (tmp_path / "clinical.tsv").write_text(CLINICAL)
    return tmp_path


def test_variants_come_with_symbol_letters_and_fraction(folder):
    result = read_patients(folder)
    assert result.report.adds_up
    a, b, c = result.profiles
    assert [x.name for x in a.alterations] == ["FLT3 ITD", "KRAS p.G12D", "KMT2D p.R10*", "TERT promoter"]
    assert a.alterations[1].vaf == pytest.approx(0.3) and a.alterations[0].vaf == 0.5
    assert b.alterations[0].name == "NRAS p.G12C" and c.alterations == ()
    assert b.tested_absent == {"FLT3 ITD"}


def test_without_a_panel_no_gene_is_assayed_and_the_report_says_so(folder):
    result = read_patients(folder)
    assert all(p.assayed_genes is None for p in result.profiles)
    assert any("Assayed genes: not known" in n for n in result.report.notes)


def test_genes_seen_count_as_assayed_only_when_asked_and_only_where_sequenced(folder):
    result = read_patients(folder, assayed="seen")
    a, _, c = result.profiles
    assert a.assayed_genes == {"KRAS", "KMT2D", "TP53", "TERT", "NRAS"} and c.assayed_genes is None
    assert any("assumed" in n for n in result.report.notes)


def test_the_declared_panel_counts_for_the_sequenced(folder):
    result = read_patients(folder / "mutations.maf", panel=["EGFR"], panel_name="P50")
    assert [p.assayed_genes for p in result.profiles] == [{"EGFR"}, {"EGFR"}, None]
    assert any("P50" in n for n in result.report.notes)


def test_what_is_dropped_has_its_reason(folder):
    result = read_patients(folder)
    assert told(result, "TP53 p.P36P") == [("dropped", "synonymous_variant does not change the protein")]
    assert told(result, "variant") == [("dropped", "its sample has no patient in the clinical table")]


def test_the_beataml_patients_are_read_as_they_are():
    result = read_patients(real("beataml"))
    assert len(result.profiles) == 553 and result.report.adds_up
    assert result.report.held["variant rows of mutations.maf"] == 7989
    by_id = {p.patient_id: p for p in result.profiles}
    itd = AlterationPattern("FLT3", change="ITD")
    states = [EvidenceIndex.of(p).state(itd) for p in by_id.values()]
    assert (states.count(1.0), states.count(0.0)) == (118, 435)
    # NPM1 is told by its own column also where nothing was sequenced.
    not_sequenced = [p for p in by_id.values() if p.assayed_genes is None or p.assayed_genes <= {"NPM1"}]
    assert len(not_sequenced) == 33
    assert any("520 sequenced patients" in n for n in result.report.notes)


def test_the_example_patient_has_all_its_variants_copy_number_and_fusions():
    result = read_patients(real("profiles/maf"))
    assert result.report.adds_up
    (profile,) = result.profiles
    names = {a.name for a in profile.alterations}
    assert {
        "BRAF amplification",
        "CDKN2A deletion",
        "ALK fusion (EML4)",
        "TWNK p.L112fs",
    } <= names
    assert all(a.vaf is not None for a in profile.alterations if a.kind == "mutation")
    assert any("break points lie in CD2AP and C11orf80" in c.what for c in result.report.contradictions)


def test_a_finding_told_twice_is_one_finding_with_its_details(tmp_path):
    (tmp_path / "mutations.maf").write_text(
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
        "FLT3\tIn_Frame_Ins\ta\tp.Y599_D600insGG\nNPM1\tFrame_Shift_Ins\ta\tp.W288Cfs*12\nNPM1\tFrame_Shift_Ins\tb\tp.W288Cfs*12\n"
    )
    (tmp_path / "clinical.tsv").write_text(
        "PATIENT_ID\tAGE\tFLT3_ITD\tNPM1_CONSENSUS\na\t60\tTrue\tTrue\nb\t61\tFalse\tFalse\n"
    )
    result = read_patients(tmp_path)
    a, b = result.profiles
    assert [x.name for x in a.alterations] == ["FLT3 p.Y599_D600insGG", "NPM1 p.W288Cfs*12"]
    assert [x.name for x in b.alterations] == ["NPM1 p.W288Cfs*12"]
    assert [c.what for c in result.report.contradictions] == [
        "NPM1 is called absent in one place and altered in another"
    ]
