"""FHIR, Phenopackets, VCF, workbooks: dialects, choices made, refusals, and round trips through our own writers."""

import gzip
import json

import pytest
from hypothesis import given, settings

from oncology.intake import BrokenFileError, UnknownFormatError, read_bytes, read_patients
from oncology.intake.writers import PredictedOption, write_fhir, write_phenopacket
from oncology.patients import Alteration, PatientProfile
from tests.intake.given import reading, told
from tests.intake.seeds import CSQ_VCF, FHIR, PATIENT, SEEDS
from tests.intake.test_project_json import profiles


def one(name, data):
    result = read_bytes(name, data)
    assert result.report.unaccounted() == {}
    return result.profiles[0]


def findings(profile):
    return {
        (a.gene, a.kind, a.protein_change, a.coding_change, a.vaf, a.origin, a.partner)
        for a in profile.alterations
    }


def test_what_is_written_as_fhir_is_read_back_with_every_finding():
    back = one("b.json", FHIR.encode())
    assert findings(back) == findings(PATIENT)
    for name in (
        "sex",
        "tumour",
        "stage",
        "ecog",
        "tmb_per_mb",
        "msi",
        "assayed_genes",
        "tested_absent",
        "prior_treatments",
    ):
        assert getattr(back, name) == getattr(PATIENT, name), name


def test_what_is_written_as_a_phenopacket_is_read_back_with_every_finding_it_has_a_place_for():
    back = one("p.json", write_phenopacket(PATIENT).encode())
    expected = {f for f in findings(PATIENT) if f[1] != "fusion"}
    assert expected <= findings(back)
    assert (back.age_years, back.sex, back.tumour, back.tmb_per_mb, back.msi) == (
        61.5,
        "female",
        "LUAD",
        7.5,
        "stable",
    )


@settings(max_examples=40, deadline=None)
@given(profiles)
def test_any_profile_can_be_written_and_its_files_add_up(profile):
    for name, text in (("b.json", write_fhir(profile)), ("p.json", write_phenopacket(profile))):
        result = read_bytes(name, text.encode("utf-8", errors="replace"))
        assert result.report.unaccounted() == {}
        assert result.profiles[0].sex == profile.sex


def test_a_prediction_is_written_as_research_with_the_hash_of_its_model():
    options = [
        PredictedOption("osimertinib", 0.61, 0.5, 0.7),
        PredictedOption("x", None, reason="too few patients"),
    ]
    bundle = json.loads(write_fhir(PATIENT, options=options, model="m", model_sha256="abc123"))
    risk = bundle["entry"][-1]["resource"]
    assert risk["resourceType"] == "RiskAssessment" and risk["status"] == "preliminary"
    assert (
        risk["meta"]["tag"][0]["code"] == "HRESCH" and "Research and teaching only" in risk["note"][0]["text"]
    )
    assert risk["identifier"][0]["value"] == "abc123"
    assert (
        risk["prediction"][0]["probabilityDecimal"] == 0.61
        and "0.500 to 0.700" in risk["prediction"][0]["rationale"]
    )
    assert "probabilityDecimal" not in risk["prediction"][1]


def test_fhir_as_xml_and_as_lines_reads_like_json():
    profile = one("b.xml", SEEDS["bundle.xml"])
    assert [(a.name, a.vaf) for a in profile.alterations] == [("BRAF p.V600E", 0.25)]
    assert (profile.sex, profile.age_years) == ("male", 60)
    assert findings(one("e.ndjson", SEEDS["export.ndjson"])) == findings(PATIENT)


def test_a_folder_of_single_resources_is_one_patient(tmp_path):
    for i, entry in enumerate(json.loads(FHIR)["entry"]):
        (tmp_path / f"{i}.json").write_text(json.dumps(entry["resource"]))
    result = read_patients(tmp_path)
    assert result.report.unaccounted() == {}
    # Links by urn have lost their address here: every resource names the same subject.
    assert any(p.alterations for p in result.profiles)


@pytest.mark.parametrize("absent", ["LA9634-2", "LA18198-4"])
def test_an_absent_variant_is_tested_and_a_missing_call_is_not(absent):
    entry = [e for e in json.loads(FHIR)["entry"] if "variant" not in e["fullUrl"]]
    variant = next(
        e["resource"]
        for e in entry
        if e["resource"].get("code", {}).get("coding", [{}])[0].get("code") == "69548-6"
    )
    variant["valueCodeableConcept"]["coding"][0] = {"code": absent}
    result = read_bytes("v.json", json.dumps(variant).encode())
    (profile,) = result.profiles
    assert profile.alterations == ()
    assert (profile.tested_absent, profile.not_tested) == (
        (frozenset({"EGFR p.L858R"}), frozenset())
        if absent == "LA9634-2"
        else (frozenset(), frozenset({"EGFR"}))
    )


def test_xml_that_declares_entities_is_refused_unexpanded():
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<Bundle xmlns="http://hl7.org/fhir"><type value="&b;"/></Bundle>'
    )
    with pytest.raises(BrokenFileError, match="entities, which are not expanded"):
        read_bytes("b.xml", bomb.encode())


def test_yaml_aliases_are_refused():
    with pytest.raises(BrokenFileError, match="aliases"):
        read_bytes("p.yaml", b"subject: &a {id: x}\nother: [*a, *a]\n")


def test_yaml_with_the_keys_of_the_protocol_is_read():
    profile = one("p.yaml", SEEDS["packet.yaml"])
    assert [a.name for a in profile.alterations] == ["KRAS p.G12C"]
    assert (profile.age_years, profile.tumour, profile.alterations[0].origin) == (50, "LUAD", "somatic")


def test_a_family_gives_its_proband_and_a_cohort_its_members():
    packet = json.loads(write_phenopacket(PATIENT))
    family = reading(json.dumps({"id": "f", "proband": packet, "relatives": [packet]}), "f.json")
    assert len(family.profiles) == 1 and told(family, "relatives")[0][0] == "dropped"
    other = json.loads(write_phenopacket(PatientProfile("z", sex="male")))
    assert len(reading(json.dumps({"id": "c", "members": [packet, other]}), "c.json").profiles) == 2


def test_a_vcf_takes_the_picked_transcript_the_tumour_column_and_only_what_passed():
    result = reading(CSQ_VCF, "v.vcf")
    (profile,) = result.profiles
    assert [(a.name, a.vaf, a.origin) for a in profile.alterations] == [
        ("EGFR p.L858R", 0.4, "somatic"),
        ("KRAS p.G12C", 0.2, "somatic"),
    ]
    reasons = [e.reason for e in result.report.entries if e.fate == "dropped"]
    assert "did not pass the caller's filter (low)" in reasons and "not in the tumour sample" in reasons
    assert result.report.held == {"alternative alleles of file.vcf": 5}
    assert profile.assayed_genes is None


def test_a_bgzip_of_many_blocks_reads_like_one():
    lines = CSQ_VCF.encode().splitlines(keepends=True)
    assert findings(one("v.vcf.gz", b"".join(gzip.compress(line) for line in lines))) == findings(
        one("v.vcf", CSQ_VCF.encode())
    )


def test_without_annotation_a_vcf_is_refused_with_the_way_out():
    with pytest.raises(BrokenFileError, match="Annotate it with VEP or SnpEff"):
        read_bytes(
            "v.vcf",
            b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t1\t.\tA\tC\t.\t.\t.\n",
        )


def test_two_columns_that_tell_nothing_leave_the_origin_unknown():
    result = reading(CSQ_VCF.replace("p1_normal\tp1_tumour", "A1\tA2"), "v.vcf")
    assert {a.origin for a in result.profiles[0].alterations} == {"unknown"}
    assert any("do not tell which is the tumour" in n for n in result.report.notes)


def test_workbooks_and_parquet_read_like_text_tables():
    excel, parquet = one("t.xlsx", SEEDS["table.xlsx"]), one("t.parquet", SEEDS["table.parquet"])
    text = one("t.csv", SEEDS["table.csv"])
    assert (excel.age_years, excel.labs, excel.sex) == (text.age_years, text.labs, text.sex)
    assert parquet.assayed_genes == {"KRAS"} and parquet.msi == "stable"


def test_a_mapping_file_tells_columns_units_and_codes(tmp_path):
    (tmp_path / "t.csv").write_text("SAMPLE,AGE_DX,SEX,ALB,BATCH\n7,61,0,38,x\n")
    (tmp_path / "m.toml").write_text(
        '[columns]\npatient_id = "SAMPLE"\nage_years = "AGE_DX"\nignore = ["BATCH"]\n'
        '"labs.albumin_g_dl" = { column = "ALB", unit = "g/L" }\n[values.sex]\n0 = "female"\n1 = "male"\n'
    )
    result = read_patients(tmp_path / "t.csv", mapping=tmp_path / "m.toml")
    (profile,) = result.profiles
    assert (profile.patient_id, profile.age_years, profile.sex, profile.labs) == (
        "7",
        61,
        "female",
        {"albumin_g_dl": 3.8},
    )
    assert told(result, "BATCH") == [("dropped", "left out by the mapping file")]
    assert told(read_patients(tmp_path / "t.csv", mapping=tmp_path / "m.toml"), "SEX")[0][0] == "normalised"


@pytest.mark.parametrize("text", ["[colums]\n", "[columns]\nage = 3\n", "= 3", "[values]\nsex = 1\n"])
def test_a_broken_mapping_file_says_so(tmp_path, text):
    from oncology.intake.mapping import MappingError, read_mapping

    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(MappingError, match=r"The mapping file m\.toml"):
        read_mapping(tmp_path / "m.toml")


def test_a_folder_that_holds_nothing_readable_says_what_was_looked_for(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UnknownFormatError, match="no MAF, no cBioPortal study"):
        read_patients(tmp_path)


def test_a_study_with_wide_copy_number_panels_and_two_samples_of_a_patient(tmp_path):
    (tmp_path / "meta_study.txt").write_text("cancer_study_identifier: s\n")
    (tmp_path / "data_clinical_sample.txt").write_text(
        "#Patient\tSample\tCode\n#x\ty\tz\nPATIENT_ID\tSAMPLE_ID\tONCOTREE_CODE\tTMB_NONSYNONYMOUS\nA\tA-1\tLUAD\t3\nA\tA-2\tLUAD\t4\nB\tB-1\tSKCM\t\n"
    )
    (tmp_path / "data_clinical_patient.txt").write_text("PATIENT_ID\tAGE\tSEX\nA\t60\tFemale\nB\t50\tMale\n")
    (tmp_path / "data_cna.txt").write_text("Hugo_Symbol\tA-1\tA-2\tB-1\nERBB2\t2\t0\tNA\nCDKN2A\t-2\t-1\t9\n")
    (tmp_path / "data_mutations.txt").write_text(
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\nKRAS\tMissense_Mutation\tA-1\tp.G12C\n"
    )
    (tmp_path / "data_gene_panel_matrix.txt").write_text("SAMPLE_ID\tmutations\nA-1\tP1\nA-2\tP2\nB-1\tNA\n")
    (tmp_path / "data_gene_panel_p1.txt").write_text("stable_id: P1\ngene_list: KRAS\tMLL2\n")
    result = read_patients(tmp_path)
    assert result.report.unaccounted() == {}
    first, second, other = result.profiles
    assert [a.name for a in first.alterations] == ["KRAS p.G12C", "ERBB2 amplification", "CDKN2A deletion"]
    assert (
        first.assayed_genes == {"KRAS", "KMT2D"}
        and second.assayed_genes is None
        and other.assayed_genes is None
    )
    assert (first.age_years, first.findings["patient"], second.findings["patient"]) == (60, "A", "A")
    assert other.alterations == () and Alteration("KRAS") not in other.alterations


def test_half_a_character_is_refused_in_a_profile_and_replaced_elsewhere():
    with pytest.raises(BrokenFileError, match="half of a character"):
        read_bytes("p.json", b'{"glassboard_profile": 1, "patient_id": "a", "note": "\\ud800"}')
    packet = (
        '{"subject": {"id": "a"}, "medicalActions": [{"treatment": {"agent": {"label": "drug\\ud800"}}}]}'
    )
    assert reading(packet, "p.json").profiles[0].prior_treatments == ("drug?",)
