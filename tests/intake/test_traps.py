"""The fifteen traps that official examples hold, each where a file of it stands beside the checkout, else rebuilt."""

import json
import re

import pytest

from oncology.alterations import AlterationPattern, EvidenceIndex
from oncology.intake import read_patients
from tests.intake.given import reading as read_text
from tests.intake.given import real, told

LOINC = "http://loinc.org"


def bundle(*components, value="LA9633-4", **more):
    """A bundle of one patient and one variant with these components: (LOINC code, coding code, display)."""
    parts = [
        {
            "code": {"coding": [{"code": c}]},
            "valueCodeableConcept": {"coding": [{"code": code, "display": display}]},
        }
        for c, code, display in components
    ]
    variant = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": LOINC, "code": "69548-6"}]},
        "valueCodeableConcept": {"coding": [{"code": value}]},
        "component": parts,
        **more,
    }
    return json.dumps(
        {
            "resourceType": "Bundle",
            "entry": [{"resource": {"resourceType": "Patient", "id": "1"}}, {"resource": variant}],
        }
    )


def fhir(relative):
    result = read_patients(real(f"profiles/fhir/{relative}"))
    assert result.report.unaccounted() == {}
    (profile,) = result.profiles
    return profile, result.report


def what(report):
    return [c.what for c in report.contradictions]


def test_1_a_coding_change_in_the_place_of_the_genomic_one_is_read_and_told():
    result = read_text(
        bundle(("48018-6", "HGNC:11389", "STK11"), ("81290-9", "NM_000455.4:c.109C>T", None)), "b.json"
    )
    (found,) = result.profiles[0].alterations
    assert (found.gene, found.coding_change) == ("STK11", "c.109C>T")
    assert "a coding change stood in the place of the genomic one" in result.report.to_rows().__repr__()


def test_1b_two_genes_are_a_fusion():
    result = read_text(bundle(("48018-6", "HGNC:1014", "BCR"), ("48018-6", "HGNC:76", "ABL1")), "b.json")
    assert result.profiles[0].alterations[0].name == "ABL1 fusion (BCR)"


def test_a_gene_whose_code_and_words_differ_is_doubtful():
    result = read_text(bundle(("48018-6", "HGNC:6407", "NRAS"), ("48005-3", "p.Gly12Cys", None)), "b.json")
    assert result.profiles[0].alterations[0].gene == "KRAS"
    assert ("ambiguous", "the code says KRAS, the words say NRAS; the code is used") in [
        (e.fate, e.reason) for e in result.report.entries
    ]


def test_2_a_variant_without_protein_change_keeps_its_codon():
    profile, report = fhir("fhir_gr_bundle-oncology-report-example.json")
    names = [a.name for a in profile.alterations]
    assert len(names) == 12 and all(a.vaf is not None for a in profile.alterations)
    assert "NRAS p.G12C" in names and "KMT2D c.7900_7901delCA" in names
    assert any("lies in codon 2634" in e.reason for e in report.entries)
    assert (
        sum(a.protein_change is not None for a in profile.alterations) == 7
    )  # six in the file, one worked out


def test_3_a_coding_change_that_cannot_give_its_protein_change_is_a_contradiction():
    _, report = fhir("fhir_gr_bundle-oncology-report-example.json")
    assert what(report) == [
        "RYR1: no codon of arginine (R) turns into one of leucine (L) by G>A at its base 2"
    ]


def test_4_a_jak2_v617f_marked_germline_and_coded_by_its_symbol():
    profile, report = fhir("fhir_gr_bundle-oncologyexamples-r4.json")
    jak2 = next(a for a in profile.alterations if a.gene == "JAK2")
    assert (jak2.protein_change, jak2.origin) == ("p.V617F", "unknown")
    assert what(report) == ["JAK2 p.V617F is marked germline, where it arises in tumours only"]
    assert any("instead of HGNC:number" in e.reason for e in report.entries)
    assert (profile.tmb_per_mb, profile.msi) == (25, "stable")


def test_5_a_patient_without_sex_and_birth_date():
    profile, _ = fhir("fhir_gr_bundle-oncology-report-example.json")
    assert profile.sex is None and profile.age_years is None


def test_6_without_a_diagnosis_the_organ_is_a_doubtful_hint_or_nothing_is_said():
    profile, report = fhir("fhir_gr_bundle-oncology-report-example.json")
    assert profile.tumour == "STAD"
    assert any(e.fate == "ambiguous" and "may also be GIST" in e.reason for e in report.entries)
    other, report = fhir("fhir_gr_bundle-oncology-diagnostic.json")
    assert other.tumour is None and any("tumour type is not known" in n for n in report.notes)
    assert [a.name for a in other.alterations] == ["BRAF p.V600E"] and other.tmb_per_mb == 25


def test_7_repeated_resources_are_read_once_and_counted():
    profile, report = fhir("fhir_mcode_bundle_jenny-m.json")
    raw = json.loads(real("profiles/fhir/fhir_mcode_bundle_jenny-m.json").read_text())
    assert len(raw["entry"]) == 63 and len({e["fullUrl"] for e in raw["entry"]}) == 40
    assert [a.name for a in profile.alterations] == ["PALB2 p.Y1183*"]
    assert any("same fullUrl" in e.reason for e in report.entries)


def test_8_region_codes_without_their_prefix_and_all_genes_in_one_component():
    profile, _ = fhir("fhir_mcode_bundle_jenny-m.json")
    assert profile.assayed_genes == {"BRCA1", "BRCA2", "CDH1", "PALB2", "PTEN", "STK11", "TP53"}
    assert EvidenceIndex.of(profile).state(AlterationPattern("TP53")) == 0.0
    assert EvidenceIndex.of(profile).state(AlterationPattern("ESR1")) is None


def test_9_the_protein_change_stands_in_the_clinvar_name_only():
    profile, report = fhir("mcode_full_bundle.json")
    assert profile.alterations[0].protein_change == "p.Y1183*"
    assert any("ClinVar name" in e.reason for e in report.entries)
    assert (profile.tumour, profile.ecog, profile.sex) == ("BRCA", 0, "female")
    receptors = {"er": "positive", "pr": "negative", "her2": "negative"}
    assert profile.findings == receptors | {"hormone receptors": "positive"}
    assert any("Hormone receptors of breast cancer: positive where" in note for note in report.notes)
    assert len(profile.prior_treatments) == 4


def test_10_the_stage_of_the_diagnosis_against_the_stage_group():
    profile, report = fhir("mcode_full_bundle.json")
    assert profile.stage == "IIB"
    assert "stage IIIC in one place and stage IIB in the clinical stage group" in what(report)
    assert any("makes no sense" in w for w in what(report))  # neutrophils of 3000 thousand


def test_11_references_by_urn_and_by_relative_path_find_their_patient():
    by_urn, _ = fhir("fhir_gr_bundle-oncology-diagnostic.json")
    by_path, _ = fhir("mcode_full_bundle.json")
    assert by_urn.alterations and by_path.alterations


def test_12_a_promoter_without_protein_change_and_a_change_without_its_p():
    text = (
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tProtein_Change\n"
        "TERT\t5'Flank\ts\t\nPIK3CA\tMissense_Mutation\ts\tM232T\n"
    )
    profile = read_text(text, "m.maf").profiles[0]
    assert [a.name for a in profile.alterations] == ["TERT promoter", "PIK3CA p.M232T"]


def test_13_a_statement_on_therapy_in_a_file_is_never_taken_over():
    profile, report = fhir("fhir_gr_bundle-oncologyexamples-r4.json")
    assert "uxolitinib" not in repr(profile)
    assert any(e.fate == "dropped" and "component" in e.element for e in report.entries)


def test_14_a_gzip_that_is_no_bgzip():
    result = read_patients(real("profiles/vcf/vep_annotated_VAtools.vcf.gz"))
    assert result.report.unaccounted() == {}
    names = [a.name for a in result.profiles[0].alterations]
    assert names[:2] == ["TP53 p.R175H", "BRCA1 p.R1772*"]
    assert result.profiles[0].alterations[0].vaf == pytest.approx(1.0)
    assert any("polymorphism" in e.reason for e in result.report.entries)


def test_15_structural_variants_whose_class_is_na():
    result = read_patients(real("profiles/cbioportal/study_es_0"))
    assert result.report.unaccounted() == {}
    by_id = {p.patient_id: p for p in result.profiles}
    names = [a.name for a in by_id["TCGA-A2-A04P-01"].alterations]
    assert "ALK fusion (EML4)" in names and "RET fusion (NCOA4)" in names
    assert told(result, "EML4-ALK")[0][0] == "used"


@pytest.mark.parametrize(
    "relative",
    ["phenopacket/phenopacket_comprehensive_v2.json", "phenopacket/phenopacket_retinoblastoma.json",
     "vcf/cancer_pedigree.ann.vcf", "maf", "cbioportal/study_es_0"],
)  # fmt: skip
def test_every_other_real_profile_is_read_with_counts_that_add_up(relative):
    result = read_patients(real(f"profiles/{relative}"))
    assert result.profiles and result.report.unaccounted() == {}
    assert not re.search(r"\d{4}-\d\d-\d\d", repr(result.report.to_rows()))


def test_the_retinoblastoma_packet_tells_variant_fraction_and_origin():
    result = read_patients(real("profiles/phenopacket/phenopacket_retinoblastoma.json"))
    (profile,) = result.profiles
    (rb1,) = profile.alterations
    assert (rb1.name, rb1.coding_change, rb1.vaf, rb1.origin) == ("RB1 p.R320*", "c.958C>T", 0.25, "somatic")
    assert (profile.age_years, profile.sex, profile.tumour) == (0.5, "female", "RBL")
    assert any("region without a gene" in e.reason for e in result.report.entries)


def test_the_pedigree_line_tells_tumour_from_normal():
    result = read_patients(real("profiles/vcf/cancer_pedigree.ann.vcf"))
    origins = {a.name: a.origin for a in result.profiles[0].alterations}
    assert origins["OR4F5 p.W253*"] == "germline" and origins["OR4F5 p.W253C"] == "somatic"
