"""Words of a profile: nothing unknown is said as a fact."""

from hypothesis import given

from oncology.patients import Alteration, PatientProfile
from oncology.summaries import assay_words, facts, finding_rows
from tests.oncology.profiles import SCHEMA, profiles


@given(profiles())
def test_a_fact_is_known_exactly_when_it_is_recorded(profile):
    said = {f.label: f for f in facts(profile)}
    assert said["Tumour"].known == (profile.tumour is not None)
    assert said["Age"].known == (profile.age_years is not None)
    assert said["Sex"].known == (profile.sex is not None)
    assert not said["TMB"].known and said["TMB"].words == "not recorded"
    assert ("Albumin" in said) == ("albumin_g_dl" in profile.labs)


@given(profiles())
def test_every_finding_has_a_row_and_says_who_reads_it(profile):
    rows = finding_rows(profile, SCHEMA)
    assert [r["finding"] for r in rows] == [a.name for a in profile.alterations]
    assert all(r["read by the model as"] != "not read" for r in rows), (
        "the schema reads every alteration here"
    )


def test_an_alteration_without_an_input_is_not_read():
    (row,) = finding_rows(PatientProfile("p", alterations=(Alteration("BRCA2"),)), SCHEMA)
    assert row["read by the model as"] == "not read"


def test_genes_outside_the_panel_are_called_unknown_not_negative():
    words = assay_words(PatientProfile("p", assayed_genes=frozenset({"EGFR", "KRAS"})), SCHEMA)
    assert words == (
        "2 genes were assayed. Of the 5 genes the model reads, 2 were. "
        "Not assayed, and so unknown to the model: ALK, ERBB2, TP53."
    )


def test_findings_are_named_as_clinicians_write_them():
    profile = PatientProfile(
        "p", findings={"ipssr_cytogenetics": "good", "HER2-low": "yes", "tp53_loh": "no"}
    )
    said = {f.label: f.words for f in facts(profile)}
    assert said["Cytogenetic group (IPSS-R)"] == "good" and said["HER2-low"] == "yes"
    assert "Loss of heterozygosity at TP53" in said and "Tp53 loh" not in said
