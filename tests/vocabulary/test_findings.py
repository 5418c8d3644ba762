"""What two receptors say together: one that is positive decides, one that is negative alone does not."""

from __future__ import annotations

import pytest

from oncology.intake.draft import PatientDraft
from oncology.intake.report import Ledger
from oncology.vocabulary import finding_name
from oncology.vocabulary.findings import HORMONE_RECEPTORS, hormone_receptors


@pytest.mark.parametrize(
    ("er", "pr", "together"),
    [
        ("positive", "positive", "positive"),
        ("positive", "negative", "positive"),
        ("negative", "positive (qualifier value)", "positive"),
        ("positive", None, "positive"),
        ("negative", "negative", "negative"),
        ("negative", None, None),
        ("negative", "equivocal", None),
        ("not positive", "negative", None),
        ("", "", None),
        (None, None, None),
    ],
)
def test_either_receptor_makes_it_positive_and_only_both_make_it_negative(er, pr, together):
    findings = {name: value for name, value in (("er", er), ("pr", pr)) if value is not None}
    assert hormone_receptors(findings) == together
    ledger, draft = Ledger(), PatientDraft("A", values={"tumour": "BRCA"}, findings=dict(findings))
    assert draft.finish(None, ledger).findings.get(HORMONE_RECEPTORS) == together
    assert bool(ledger._notes) == (together is not None)


def test_what_is_recorded_of_both_together_is_not_overruled():
    recorded = {"er": "positive", HORMONE_RECEPTORS: "negative"}
    draft = PatientDraft("A", values={"tumour": "BRCA"}, findings=recorded)
    assert draft.finish(None, Ledger()).findings[HORMONE_RECEPTORS] == "negative"


@pytest.mark.parametrize("tumour", ["HGSOC", None])
def test_receptors_of_other_tumours_are_not_put_together(tumour):
    values = {} if tumour is None else {"tumour": tumour}
    draft = PatientDraft("A", values=values, findings={"er": "positive"})
    assert draft.finish(None, Ledger()).findings == {"er": "positive"}


def test_receptors_are_called_by_their_names():
    assert [finding_name(n) for n in ("er", "pr", "her2")] == [
        "Oestrogen receptor",
        "Progesterone receptor",
        "HER2",
    ]
