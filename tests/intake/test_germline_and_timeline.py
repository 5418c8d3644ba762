"""Germline findings stay hidden until asked for; samples over time tell what changed and what is only not known."""

import pytest

from oncology.intake.germline import REFERRAL, germline_findings
from oncology.intake.germline_hiding import may_show, without_germline
from oncology.intake.timeline import TimelineError, changes_in_words, group_by_patient, timeline
from oncology.patients import Alteration, PatientProfile

BRCA2 = Alteration("BRCA2", protein_change="p.K3326*", vaf=0.5, origin="germline")
EGFR = Alteration("EGFR", protein_change="p.L858R", vaf=0.4)


def test_a_hidden_germline_finding_reads_as_not_assayed_and_never_as_absent():
    genes = frozenset({"BRCA1", "BRCA2", "TP53", "ATM", "STK11", "EGFR"})
    shown = without_germline(PatientProfile("a", alterations=(BRCA2, EGFR), assayed_genes=genes))
    assert shown.alterations == (EGFR,) and shown.assayed_genes == {"EGFR"} and shown.germline_withheld
    assert without_germline(shown) is shown


@pytest.mark.parametrize(
    ("consent", "asked", "expected"),
    [("research", True, True), ("research", False, False), ("none", True, False), (None, True, False)],
)
def test_germline_findings_need_the_question_and_the_consent(consent, asked, expected):
    assert may_show(PatientProfile("a", consent=consent), asked=asked) is expected


def test_certain_and_possible_findings_carry_their_words():
    possible = Alteration("TP53", protein_change="p.R175H", vaf=0.49)
    low = Alteration("TP53", protein_change="p.R273H", vaf=0.1)
    somatic = Alteration("BRCA1", protein_change="p.R1772*", vaf=0.5, origin="somatic")
    found = germline_findings(PatientProfile("a", alterations=(BRCA2, possible, low, somatic, EGFR)))
    assert [(f.alteration.gene, f.certain) for f in found] == [("BRCA2", True), ("TP53", False)]
    assert found[1].referral == REFERRAL and "where the patient agrees" in REFERRAL


def test_what_a_later_assay_did_not_cover_is_never_called_gone():
    before = PatientProfile("a", alterations=(EGFR,), tmb_per_mb=5)
    covered = PatientProfile(
        "a", assayed_genes=frozenset({"EGFR"}), tmb_per_mb=9, prior_treatments=("osimertinib",)
    )
    assert changes_in_words(before, covered) == (
        "EGFR p.L858R is no longer found", "TMB from 5 to 9 per Mb", "treated with osimertinib in between"
    )  # fmt: skip
    assert "not told any more" in changes_in_words(before, PatientProfile("a"))[0]


def test_samples_are_ordered_by_day_and_without_days_refused():
    later = PatientProfile(
        "a-2", sample_day=90, alterations=(Alteration("EGFR", protein_change="p.L858R", vaf=0.1),)
    )
    steps = timeline([later, PatientProfile("a-1", sample_day=0, alterations=(EGFR,))])
    assert [s.profile.patient_id for s in steps] == ["a-1", "a-2"]
    assert steps[1].days == 90 and steps[1].changes == ("EGFR p.L858R: allele fraction from 0.40 to 0.10",)
    with pytest.raises(TimelineError, match="sample_day"):
        timeline([later, PatientProfile("b")])


def test_samples_of_one_patient_are_found_by_their_common_name():
    groups = group_by_patient(
        [
            PatientProfile("a-1", findings={"patient": "a"}),
            PatientProfile("a-2", findings={"patient": "a"}),
            PatientProfile("b"),
        ]
    )
    assert {k: len(v) for k, v in groups.items()} == {"a": 2, "b": 1}
