"""Numbers of a smallest change that may only rise or only fall: kept, said in words, refused where they cannot be kept."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from explainers.smallest import ConstraintError, Constraints, Goal, conditions_from, smallest_changes
from explainers.smallest.candidates import candidates_of
from oncology.errors import UnknownNameError
from tests.search.number_twin import GRID, NUMBERS, SCHEMA, WAYS, goals, number_patients, stated


def test_a_number_moves_only_the_way_it_may(number_bundle):
    profile = number_patients()[0]
    values = dict(zip(SCHEMA.names, SCHEMA.values(profile), strict=True))

    def moves(ways):
        made = candidates_of(number_bundle, profile, mode="model", constraints=stated(number_bundle, ways))
        return {n: {float(e.value) > values[n] for e in made.edits if e.feature == n} for n in GRID}

    assert moves({}) == {n: {True, False} for n in GRID}
    assert moves({"Albumin": "rise", "nlr": "fall"}) == {
        "albumin": {True},
        "NLR": {False},
        "ECOG": {True, False},
    }
    rules = Constraints(numbers=("Albumin",), move_each={"ALBUMIN": "rise"})
    made = candidates_of(number_bundle, profile, mode="model", constraints=rules)
    assert {float(e.value) > 3.6 for e in made.edits if e.feature == "albumin"} == {True}
    free = candidates_of(number_bundle, profile, mode="model", constraints=stated(number_bundle, {}))
    up, down = (
        candidates_of(
            number_bundle, profile, mode="model", constraints=stated(number_bundle, {"albumin": way})
        )
        for way in ("rise", "fall")
    )
    assert {*up.edits, *down.edits} == set(free.edits)  # either way is both ways


def test_a_direction_never_gives_a_smaller_answer(number_bundle):
    dearer = 0
    for profile in number_patients():
        for goal in goals(number_bundle, profile):
            least = smallest_changes(number_bundle, profile, goal, constraints=stated(number_bundle, {}))
            for ways in WAYS[1:]:
                bound = smallest_changes(
                    number_bundle, profile, goal, constraints=stated(number_bundle, ways)
                )
                assert bound.size is None or (least.size or 0) <= bound.size
                dearer += (bound.size or 99) > (least.size or 99)
    assert dearer


def test_a_number_that_is_not_recorded_has_no_higher_value_and_the_answer_says_so(number_bundle):
    profile, goal = number_patients()[2], Goal("chemotherapy", "threshold", 0.95)
    answer = smallest_changes(number_bundle, profile, goal, constraints=stated(number_bundle, {"albumin": "rise", "ECOG": "fall"}))  # fmt: skip
    assert (
        "No value is recorded for Albumin, so none is known to be higher: it stays as it is." in answer.notes
    )
    assert "No value is recorded for ECOG, so none is known to be lower: it stays as it is." in answer.notes
    free = smallest_changes(number_bundle, profile, goal, constraints=stated(number_bundle, {}))
    assert not any("No value" in note for note in free.notes)


def test_a_number_at_its_end_is_said_to_have_no_other_value_that_way(number_bundle):
    profile = replace(number_patients()[0], labs={"albumin_g_dl": 3.6, "nlr": 150.0})
    goal = Goal("chemotherapy", "threshold", 0.95)
    answer = smallest_changes(
        number_bundle, profile, goal, constraints=stated(number_bundle, {"NLR": "rise"})
    )
    assert any(note.startswith("No higher value was tried for NLR:") for note in answer.notes)
    all_move = Constraints(numbers=True, move_each={"NLR": "rise"})
    assert any("No higher value was tried for NLR:" in n for n in smallest_changes(number_bundle, profile, goal, constraints=all_move).notes)  # fmt: skip
    fixed = smallest_changes(
        number_bundle, profile, goal, constraints=stated(number_bundle, {"NLR": "rise"}, fixed=["NLR"])
    )
    assert not any("NLR" in note for note in fixed.notes)


def test_directions_of_numbers_are_said_with_the_other_conditions(number_bundle):
    profile = number_patients()[0]

    def said(ways):
        answer = smallest_changes(
            number_bundle, profile, "osimertinib", constraints=stated(number_bundle, ways)
        )
        return answer.conditions

    ways = {"nlr": "fall", "ECOG": "fall", "albumin": "rise"}
    assert said(ways)[2:5] == (
        "all 4 numbers and levels may move", "may only rise: Albumin", "may only fall: NLR, ECOG",
    )  # fmt: skip
    assert not any("may only" in words for words in said({}))


REFUSED = {
    "both ways": ({"numbers": NUMBERS, "only_rising": ["NLR"], "only_falling": ["nlr"]}, "NLR may only rise and only fall: name it once"),
    "not to move": ({"numbers": ["NLR"], "only_rising": ["albumin"]}, "albumin may only rise, yet it stays as recorded: name it among"),
    "nothing to move": ({"only_falling": ["NLR"]}, "NLR may only fall, yet it stays as recorded"),
    "an alteration": ({"numbers": True, "only_rising": ["TP53"]}, "TP53 is no number that a search could move, so it may neither only rise nor only fall. What can: ECOG, NLR, albumin."),
    "a level": ({"numbers": True, "only_falling": ["sex"]}, "sex is no number"),
    "never moved": ({"numbers": True, "only_rising": ["age"]}, "age is no number that a search could move"),
    "turning out": ({"mode": "assay", "only_rising": ["NLR"]}, "Numbers stay as recorded"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_directions_that_cannot_be_kept_are_refused_in_words(number_bundle, case):
    filled, expected = REFUSED[case]
    with pytest.raises(ConstraintError, match=re.escape(expected)):
        conditions_from(number_bundle, **filled)


def test_a_direction_that_is_none_or_of_a_number_that_is_not_there_is_refused(number_bundle):
    with pytest.raises(UnknownNameError, match="Did you mean albumin"):
        conditions_from(number_bundle, numbers=True, only_rising=["albumen"])
    rules = Constraints(numbers=True, move_each={"NLR": "sideways"})
    with pytest.raises(UnknownNameError, match="Movement"):
        smallest_changes(number_bundle, number_patients()[0], "osimertinib", constraints=rules)


def test_how_often_intervals_were_seen_is_asked_of_each_by_itself_and_said(number_bundle):
    profile, goal = number_patients()[0], Goal("osimertinib", "threshold", 0.25)
    rules = stated(number_bundle, {"albumin": "rise"}, only=[])
    made = candidates_of(number_bundle, profile, mode="model", constraints=rules)
    answers = number_bundle.probability(number_bundle.margin(made.rows))[:, 0]
    column = number_bundle.training.X["albumin"].to_numpy(dtype=float)
    reach = [i for i, e in enumerate(made.edits) if e.feature == "albumin" and answers[i] > goal.value]
    alike = [int(((made.interval[i, 0] < column) & (column <= made.interval[i, 1])).sum()) for i in reach]
    together, most = sum(alike), max(alike)
    assert 5 < most < together

    def asked(least):
        rules = conditions_from(number_bundle, numbers=["albumin"], only=[], seen_together=least)
        return smallest_changes(number_bundle, profile, goal, constraints=rules)

    assert [f.training_count for f in asked(0).found] == [together]
    some, none = asked(most), asked(most + 1)
    assert some.status == "proven" and some.found[0].training_count == most
    assert none.status == "impossible"
    assert "training patients, each interval of a number counted by itself." in none.conditions_words()
    rules = conditions_from(number_bundle, seen_together=20)
    still = smallest_changes(number_bundle, profile, goal, constraints=rules)
    assert "each interval" not in still.conditions_words()
