"""The model card: 41 fields for every model, what nobody said as such, and a count that can be checked by hand."""

from __future__ import annotations

import re
from html import escape

import pandas as pd
import pytest

from explainers.card import NOT_SAID, Completeness, Statement, model_card
from explainers.card.document import field_words, to_html
from explainers.card.entries import entries_of, new_said
from explainers.card.patients import shares
from oncology.bundles import load
from oncology.bundles.developer_card import CARD
from oncology.checklist import CardField, CardPart, Checklist, Section, checklist
from sample_data.build_scores import build_loris
from tests.bundles.small import small_bundle
from tests.card.conftest import KINDS

EXTERNAL = '[[studies]]\ndesign = "retrospective"\nexternal = true\nn_patients = 754\ntested_by = "another hospital"\nresult = "AUC 0.71"\n'


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_stands_on_the_card_of_every_model(bundle_of, kind):
    card = model_card(bundle_of(kind))
    assert [e.field.number for e in card.entries] == list(range(1, 42))
    for entry in card.entries:
        shown = {p.part.key for p in entry.parts}
        assert {p.key for p in entry.field.parts if not p.optional} <= shown
        for part in entry.parts:
            assert part.words.strip()
            assert part.statements or part.words.startswith(NOT_SAID)


@pytest.mark.parametrize("kind", KINDS)
def test_no_card_calls_a_score_a_probability_or_claims_conformity(bundle_of, kind):
    bundle = bundle_of(kind)
    card = model_card(bundle)
    words = "\n".join(p.words for e in card.entries for p in e.parts).lower()
    assert not re.search(r"complian|complies with|conforms to|certified", words)
    if bundle.is_score:
        scale = card.words("output_definition", "scale")
        assert "no probability" in scale


def test_fields_are_complete_in_part_or_empty_and_counted_by_hand():
    parts = (
        CardPart("a", "A", "both"),
        CardPart("b", "B", "developer"),
        CardPart("c", "C", "developer", optional=True),
    )
    fields = tuple(CardField(n, f"f{n}", f"F{n}", n != 4, (), parts) for n in range(1, 6))
    listed = Checklist("x", "1", "2026", "", (), (Section("s", "S", 1, 5),), fields, ())
    said = new_said()
    for key in (("f1", "a"), ("f1", "b"), ("f2", "a"), ("f4", "a"), ("f4", "b")):
        said[key].append(Statement("said", "manifest"))
    said["f2", "b"].append(Statement("said", "uncovered"))
    said["f3", "c"].append(Statement("said", "card"))
    entries = entries_of(listed, said, {})
    assert [e.state for e in entries] == ["complete", "in part", "in part", "complete", "empty"]
    assert [e.missing for e in entries] == [(), ("B",), ("A", "B"), (), ("A", "B")]
    # Required: 1, 2, 3, 5. One of them complete, two in part, one empty; field 2 has words outside the hash.
    assert Completeness.of(entries) == Completeness(4, 1, 2, 1, 2, 5, 1)
    assert Completeness.of(entries).words() == (
        "1 of 4 required fields are complete, 2 are filled in part, 1 are empty. 1 field holds words that the bundle's "
        "hash does not cover; they do not count here."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_count_of_a_card_is_that_of_its_fields(bundle_of, kind):
    card = model_card(bundle_of(kind))
    required = [e for e in card.entries if e.field.required]
    empty = [e for e in required if all(NOT_SAID in p.words for p in e.parts if not p.part.optional)]
    done = card.completeness
    assert done.required == 31 == done.complete + done.in_part + done.empty
    assert done.empty == len(empty)
    assert len(card.not_told) == done.in_part + done.empty


def test_a_model_whose_maker_said_nothing_says_so_and_still_tells_what_it_is(bundle_of):
    card = model_card(bundle_of("foreign"))
    for field, part in (
        ("developer", "developer"),
        ("intended_use", "use"),
        ("funding", "funding"),
        ("sources", "harm"),
    ):
        assert card.words(field, part) == NOT_SAID
    assert card.words("regulatory", "reimbursement") == f"{NOT_SAID} (not established)"
    assert "HistGradientBoostingClassifier" in card.words("model", "class")
    assert "EGFR" in card.words("inputs", "list") and "Age (years)" in card.words("inputs", "list")
    assert card.validation == "Not externally validated"
    assert card.words("demographics", "training") == NOT_SAID


def test_exclusive_classes_are_named_as_such(bundle_of):
    card = model_card(bundle_of("classes"))
    assert "Which of 3 classes" in card.words("output_definition", "outcome")
    assert "summing to 1" in card.words("output_type", "type")
    assert "temperature" in card.words("imbalance", "recalibrated")


def test_numbers_of_the_manifest_stand_on_the_card(bundle_of):
    bundle = bundle_of("solid_tumours")
    card = model_card(bundle)
    for option in bundle.options:
        p = bundle.manifest.performance_of(option)
        label = bundle.label(option)
        assert f"{label}: AUC {p.auc:.2f} (95 % interval {p.auc_low:.2f} to {p.auc_high:.2f})." in card.words(
            "internal_performance", "discrimination"
        )
        assert f"{label}: {p.n:,} patients had it, {p.n_events:,} of them responded." in card.words(
            "training_data", "size"
        )
    better = sum(p.brier < p.brier_base_rate for p in bundle.manifest.performance)
    assert f"smaller for {better} of 18 options" in card.words("comparator", "simple")


def test_sensitive_inputs_are_named_and_those_not_read_as_well(bundle_of):
    words = model_card(bundle_of("solid_tumours")).words("sensitive", "variables")
    assert words.startswith("Inputs: sex, age, treating site. Not read: ancestry.")
    assert model_card(bundle_of("ipssm")).words("sensitive", "variables").startswith("None among the inputs.")


def test_who_the_training_patients_were_is_counted_as_in_the_cohort(bundle_of):
    bundle = bundle_of("solid_tumours")
    words = model_card(bundle).words("demographics", "training")
    sex = bundle.training.groups["sex"].value_counts()
    assert f"Sex: female {sex['female']:,}; male {sex['male']:,}." in words
    (column,) = [f.columns[0] for f in bundle.schema.features if f.reads.field == "age_years"]
    age = bundle.training.X[column].quantile([0.25, 0.5, 0.75]).round()
    assert f"median {age[0.5]:.0f} years, half of them between {age[0.25]:.0f} and {age[0.75]:.0f}" in words


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"a": 50, "b": 6}, "a 50; b 6"),
        ({"a": 50, "b": 6, "c": 3}, "a 50; others, each withheld: b, c"),
        ({"a": 50, "b": 6, "c": 3, "d": 2}, "a 50; b 6; others, each withheld: c, d"),
        # One and one: their sum, known from the rest, would tell both.
        ({"a": 50, "b": 6, "c": 1, "d": 1}, "a 50; others, each withheld: b, c, d"),
        ({"a": 50, "c": 3}, "others, each withheld: a, c"),
    ],
)
def test_small_counts_are_withheld_and_cannot_be_worked_out_from_the_rest(counts, words):
    assert shares(pd.Series([k for k, n in counts.items() for _ in range(n)])) == words


def test_the_header_says_not_externally_validated_until_a_covered_card_reports_a_test(tmp_path):
    source = tmp_path / "words.toml"
    source.write_text(EXTERNAL)
    assert model_card(build_loris(tmp_path / "plain", card=None)).validation == "Not externally validated"
    card = model_card(build_loris(tmp_path / "tested", card=source))
    assert card.validation == (
        "Tested on patients of others according to its developer (retrospective, 754 patients); nothing of it was checked here"
    )
    claim = next(c for c in card.claims if c.key == "external")
    assert claim.shown and "754 patients of others, tested by another hospital: AUC 0.71." in claim.words
    assert card.words("external_performance", "tested_by") == "another hospital."


def test_words_beside_the_hash_are_marked_and_count_for_nothing(tmp_path):
    bundle = build_loris(tmp_path / "loris", card=None)
    before = model_card(bundle)
    (bundle.path / CARD).write_text(EXTERNAL + '[funding]\nfunding = "None."\nconflicts = "None."\n')
    after = model_card(load(bundle.path))
    assert after.validation.startswith("Not externally validated")
    assert not next(c for c in after.claims if c.key == "external").shown
    assert after.words("funding", "funding") == "[not covered by the bundle's hash] None."
    assert after.entry("funding").state == "empty"
    assert after.completeness.complete == before.completeness.complete
    assert after.completeness.uncovered == 2  # funding, external performance


def test_a_card_that_cannot_be_read_is_told_and_the_rest_stands(tmp_path):
    bundle = build_loris(tmp_path / "loris", card=None)
    (bundle.path / CARD).write_text("[nothing]\n")
    card = model_card(bundle)
    assert len(card.entries) == 41 and "nothing" in card.problems[0]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("solid_tumours", "Response is not survival"),
        ("loris", "A score is not a probability"),
        ("ipssm", "Risk is not the effect of a therapy"),
        ("classes", "A likely class is not a likely benefit"),
    ],
)
def test_the_strip_says_what_an_outcome_must_not_be_taken_for(bundle_of, kind, words):
    claims = {c.key: c for c in model_card(bundle_of(kind)).claims}
    assert list(claims) == ["retrospective", "external", "prospective", "randomised", "outcome"]
    assert words in claims["outcome"].words
    assert not claims["randomised"].shown and not claims["prospective"].shown


def test_a_laboratory_model_says_that_cells_are_no_patients(tmp_path):
    card = model_card(small_bundle(tmp_path / "lab", setting="laboratory"))
    assert "not response of a patient" in card.claims[-1].words
    assert "were tested with it" in card.words("training_data", "size")


def test_the_rule_of_silence_follows_from_the_model(bundle_of):
    assert "fewer than 20 training patients" in model_card(bundle_of("solid_tumours")).words(
        "abstention", "rule"
    )
    assert (
        model_card(bundle_of("loris")).words("abstention", "rule")
        == "No answer where a required input is not known."
    )
    assert model_card(bundle_of("ipssm")).words("abstention", "rule") == "It answers every patient."


def test_a_statement_keeps_its_order_and_says_who_made_it(bundle_of):
    entry = model_card(bundle_of("loris")).entry("internal_performance")
    assert [s.by for s in entry.part("discrimination").statements] == ["card"]
    assert {s.by for s in model_card(bundle_of("loris")).entry("identity").part("hash").statements} == {
        "computed"
    }
    assert checklist().field("identity").required


def test_the_list_says_where_its_sources_were_looked_up_and_what_has_none(bundle_of):
    found = checklist()
    assert all(s.checked for s in found.sources) and "not checked line by line" in found.note
    assert sum("not sourced: general knowledge" in s.checked for s in found.sources) == 1
    card = model_card(bundle_of("loris"))
    html = to_html(card)
    for source in found.sources:
        assert escape(source.checked) in html
    added = [e for section in found.sections for e in card.section(section) if not e.field.sources]
    assert len(added) == 5
    assert all("asked for by none of the sources, added here" in field_words(card, e) for e in added)
