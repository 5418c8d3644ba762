"""The list of what a model card holds: whole, numbered, with sources that are named and dated."""

import json
import re

import pytest

from oncology.checklist import FILE, checklist
from oncology.errors import UnknownNameError


def test_the_fields_are_numbered_from_1_to_41_without_a_gap():
    assert [f.number for f in checklist().fields] == list(range(1, 42))
    assert len({f.key for f in checklist().fields}) == 41


def test_the_required_fields_are_those_of_the_merged_list():
    optional = {4, 9, 12, 32, 33, 34, 36, 37, 38, 40}
    assert {f.number for f in checklist().fields if not f.required} == optional


def test_seventeen_things_stand_beside_a_prediction_from_a_to_q():
    assert "".join(b.letter for b in checklist().beside) == "abcdefghijklmnopq"


def test_every_source_is_named_dated_and_used():
    keys = {s.key for s in checklist().sources}
    assert keys == set("HCTDEFM")
    assert {k for f in checklist().fields for k in f.sources} == keys
    for source in checklist().sources:
        assert re.fullmatch(r"20\d\d(-\d\d-\d\d)?", source.date), source
        assert source.title and source.reference


def test_every_field_stands_under_one_heading():
    found = [f.number for s in checklist().sections for f in checklist().section(s.key)]
    assert found == list(range(1, 42))


def test_a_field_has_a_part_that_counts_and_parts_have_names_of_their_own():
    for field in checklist().fields:
        assert any(not p.optional for p in field.parts)
        assert len({p.key for p in field.parts}) == len(field.parts)


def test_the_list_claims_no_conformity():
    words = json.dumps(json.loads(FILE.read_text(encoding="utf-8"))).lower()
    assert "no legal advice" in words and "no statement of conformity" in words
    assert "complian" not in words and "certified" not in words


def test_a_misspelt_field_names_its_neighbour():
    with pytest.raises(UnknownNameError, match="Did you mean funding"):
        checklist().field("fundng")
