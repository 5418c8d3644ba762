"""How firmly a recommendation stands, in words: each state of an answer says what was proven and what was not."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest

from explainers import firmness
from explainers.smallest import ErrorRates, Fact, SufficientReason, assay_robustness


@pytest.fixture(scope="module")
def found(make_bundle):
    from oncology.patients import Alteration, PatientProfile

    person = PatientProfile(
        "P1", age_years=63, sex="female", tumour="LUAD", alterations=(Alteration("EGFR", protein_change="p.L858R"),),
        assayed_genes=frozenset({"EGFR", "KRAS", "TP53"}), synthetic=True,
    )  # fmt: skip
    return assay_robustness(make_bundle("boosting"), person)


def test_single_calls_are_counted_by_kind_and_listed_one_a_row(make_bundle, found):
    rows = firmness.call_rows(make_bundle("boosting"), found)
    assert found.errors and len(rows) == len(found.errors)
    assert f"{len(found.errors)} of {found.n_checked} single calls" in firmness.calls_words(found)
    for row, error in zip(rows, found.errors, strict=True):
        assert row["call"] == error.change.label and error.kind in row["if it were"]
        assert row["joins the top band"] == (", ".join(error.enters) or "none")


def test_no_call_that_matters_is_said_so(found):
    words = firmness.calls_words(replace(found, errors=()))
    assert words.startswith(f"None of {found.n_checked} single calls would change the top band")


def test_calls_between_say_what_is_proven(found):
    def words(**state) -> str:
        return firmness.calls_between_words(replace(found, **state))

    assert words(calls_between=1).startswith("One wrong call is enough")
    assert "proven: no fewer do" in words(calls_between=3, proven=True)
    assert "fewer were not all ruled out" in words(calls_between=3, proven=False)
    assert "still comes first (proven" in words(calls_between=None, proven=True)
    assert "the search ended before" in words(calls_between=None, proven=False)


def test_error_rates_are_said_with_the_calls_they_weigh(make_bundle, found):
    bundle = make_bundle("boosting")
    assert firmness.chance_words(found) == ""
    assert not any("chance, as stated" in row for row in firmness.call_rows(bundle, found))
    assert not any("chance, as stated" in row for row in firmness.calls_between_rows(bundle, found))
    one, *_ = found.of_kind("false positive")
    missed = replace(one, kind="false negative", chance=0.05)
    told = replace(
        found, error_rates=ErrorRates(0.02, 0.05),
        errors=(replace(one, chance=0.02), missed, missed, replace(one, kind="untested", chance=None)),
    )  # fmt: skip
    # 1 - 0.98 * 0.95 * 0.95 = 0.11555
    assert "at least one of these 3 reported calls is wrong is 12 of 100, if errors" in firmness.chance_words(
        told
    )
    assert "of 100 alterations reported 2 are not there" in firmness.chance_words(told)
    chances = [row["chance, as stated"] for row in firmness.call_rows(bundle, told)]
    assert chances == ["2 of 100", "5 of 100", "5 of 100", "–"]
    # Beside what it is a chance of, where a narrow column still shows it.
    assert list(firmness.call_rows(bundle, told)[0])[2] == "chance, as stated"
    single = firmness.chance_words(replace(told, errors=told.errors[:1]))
    assert "that this one call is wrong is 2 of 100" in single
    assert "No single wrong call among those reported" in firmness.chance_words(replace(told, errors=()))
    for row, nearest in zip(firmness.calls_between_rows(bundle, told), told.nearest, strict=True):
        rates = [0.02 if c.before == 1.0 else 0.05 for c in nearest.found[0].changes]
        assert row["chance, as stated"] == f"{100 * prod(rates):.2g} of 100"


def test_a_call_that_was_not_tried_is_not_said_to_be_harmless(found):
    """A rate stated as 0 leaves its calls out: nothing is proven of them."""

    def words(rates, n_checked=5, **state) -> list[str]:
        told = replace(found, error_rates=rates, errors=(), n_checked=n_checked, **state)
        return [
            firmness.calls_words(told),
            firmness.calls_between_words(replace(told, calls_between=None, proven=True)),
            firmness.chance_words(told),
        ]

    single, between, chance = words(ErrorRates(0.02, 0.0))
    assert "nor one missed" not in single and "alterations missed were not tried" in single
    assert (
        "that can be wrong at the stated rates" in between
        and "every set of those calls was ruled out" in between
    )
    assert "that can be wrong at these rates" in chance
    assert "alterations reported wrongly were not tried" in words(ErrorRates(0.0, 0.02))[0]
    for nothing in (words(ErrorRates(0.0, 0.0)), words(ErrorRates(0.02, 0.0), n_checked=0)):
        assert "no reported call can be wrong" in nothing[1] and "may be wrong together" not in nothing[1]
    assert words(ErrorRates(0.02, 0.0), n_checked=0)[0].startswith("No single call was left to try.")
    told = replace(found, error_rates=ErrorRates(0.02, 0.0), calls_between=3, proven=True)
    assert "no fewer of those that can be wrong do" in firmness.calls_between_words(told)
    assert "alterations missed were not tried" in firmness.calls_words(told)
    assert "not tried" not in firmness.calls_words(replace(told, error_rates=ErrorRates(0.02, 0.05)))


def test_a_reason_says_whether_fewer_facts_would_do():
    facts = (Fact("EGFR", "EGFR", 1.0, "EGFR: altered"), Fact("age", "Age", 63.0, "Age: 63 years"))
    reason = SufficientReason("Osimertinib ranked first", facts, 75, True, 2, 9, 0.1)
    assert firmness.reason_words(reason).endswith("No smaller set does (proven).")
    open_ = replace(reason, smallest=False, at_least=1, ended_by="time limit")
    assert "at least 1 are needed" in firmness.reason_words(open_)
    assert "No smaller set" not in firmness.reason_words(open_)
    assert firmness.fact_rows(reason)[1] == {"fact": "Age", "this patient": "63 years"}


def test_the_saved_page_holds_what_was_asked(make_bundle, patient, found):
    from explainers.what_if_report import what_if_report

    facts = (Fact("EGFR", "EGFR", 1.0, "EGFR: altered"),)
    reason = SufficientReason("Osimertinib ranked first", facts, 10, True, 1, 2, 0.1)
    text = what_if_report(
        make_bundle("boosting"), patient, patient, option="osimertinib", calls=found, facts=reason
    )
    assert "Calls that could be wrong" in text and "Facts that are enough" in text
    assert "1 of the 10 facts" in text
    without = what_if_report(make_bundle("boosting"), patient, patient, option="osimertinib")
    assert "Calls that could be wrong" not in without and "Facts that are enough" not in without
