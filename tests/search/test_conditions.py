"""Conditions of a search: kept, never the way to a smaller answer, said in words, refused where they contradict."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explainers.smallest import (
    ConstraintError,
    Constraints,
    ErrorRates,
    Goal,
    assay_robustness,
    conditions_from,
    error_rates_from,
    numbers_of,
    smallest_changes,
)
from explainers.smallest.candidates import candidates_of
from oncology.errors import UnknownNameError
from oncology.wording import wording

GENES = ("EGFR p.L858R", "EGFR", "KRAS p.G12C", "KRAS", "ALK fusion", "TP53")
GOALS = (
    Goal("osimertinib"),
    Goal("sotorasib"),
    Goal("chemotherapy"),
    Goal("osimertinib", "threshold", 0.7),
    Goal("chemotherapy", "threshold", 0.4),  # out of reach unless albumin moves
)
SOME = st.lists(st.sampled_from(GENES), max_size=3, unique=True)


@st.composite
def stated(draw):
    """Conditions as a person might fill them in; numbers and error rates, which allow more, are left out."""
    added = draw(SOME)
    removed = [g for g in draw(SOME) if g not in added]
    together = draw(st.lists(st.sampled_from(GENES), min_size=2, max_size=4, unique=True))
    return {
        "fixed": draw(SOME),
        "only": draw(st.none() | st.lists(st.sampled_from(GENES), min_size=2, unique=True)),
        "towards": draw(st.sampled_from(["any", "known", "altered", "absent"])),
        "only_altered": added,
        "only_absent": removed,
        "never_together": draw(st.sampled_from([(), (together,)])),
        "exclusive_drivers": draw(st.booleans()),
        "seen_together": draw(st.sampled_from([0, 1, 5, 40, 300])),
    }


def reached(answer):
    """Size of the answer: 0 where it is so already, None where no set of changes does it."""
    assert answer.status in ("already so", "proven", "none within", "impossible")
    return 0 if answer.status == "already so" else answer.size


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filled=stated(), who=st.integers(0, 2), goal=st.sampled_from(GOALS), numbers=st.booleans())
def test_a_condition_never_gives_a_smaller_answer_than_without_it(
    small_bundle, patients, filled, who, goal, numbers
):
    bundle, profile = small_bundle("boosting"), patients[who]
    free = Constraints(exclusive_drivers=False, numbers=numbers)
    least = reached(smallest_changes(bundle, profile, goal, constraints=free))
    rules = conditions_from(bundle, numbers=numbers, **filled)
    bound = reached(smallest_changes(bundle, profile, goal, constraints=rules))
    assert bound is None or (least is not None and bound >= least)
    # One more condition on top of the others is no way to a smaller answer either.
    tighter = reached(smallest_changes(bundle, profile, goal, constraints=replace(rules, become=("absent",))))
    if "absent" in rules.become:
        assert tighter is None or (bound is not None and tighter >= bound)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: f"{goal.option} {goal.kind}")
def test_what_is_let_go_never_gives_a_larger_answer(small_bundle, patients, goal):
    bundle = small_bundle("boosting")

    def size(profile, mode, **more):
        rules = Constraints(exclusive_drivers=False, **more)
        found = reached(smallest_changes(bundle, profile, goal, mode=mode, constraints=rules))
        return 99 if found is None else found

    for profile in patients:
        turning_out = size(profile, "assay")
        erring = size(profile, "assay", error_rates=ErrorRates(0.02, 0.0))
        both = size(profile, "assay", error_rates=ErrorRates(0.02, 0.05))
        free = size(profile, "model", become=("altered", "absent"))
        assert (
            turning_out >= erring >= both == free
        )  # calls that may all be wrong are alterations that may change
        some, every = size(profile, "model", numbers=("albumin",)), size(profile, "model", numbers=True)
        assert free >= size(profile, "model") >= some >= every


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filled=stated(), who=st.integers(0, 2), goal=st.sampled_from(GOALS))
def test_every_answer_keeps_every_condition(small_bundle, patients, filled, who, goal):
    bundle, profile = small_bundle("boosting"), patients[who]
    rules = conditions_from(bundle, numbers=["albumin"], **filled)
    answer = smallest_changes(bundle, profile, goal, constraints=rules, most=200)
    states = {
        "any": {1.0, 0.0, None}, "known": {1.0, 0.0}, "altered": {1.0}, "absent": {0.0},
    }  # fmt: skip
    there = {g for g in GENES if bundle.schema.value(profile, g) == 1.0}
    for found in answer.found:
        names = [c.feature for c in found.changes]
        assert len(set(names)) == len(names)  # one number of a feature shuts out its others
        assert set(names) <= {*GENES, "albumin"} - set(filled["fixed"])
        if filled["only"] is not None:  # the number that may move is one of them
            assert set(names) <= {*filled["only"], "albumin"}
        for change in found.changes:
            if change.feature == "albumin":
                continue
            assert change.after in states[filled["towards"]]
            assert change.feature not in filled["only_altered"] or change.after == 1.0
            assert change.feature not in filled["only_absent"] or change.after == 0.0
        new = {c.feature for c in found.changes if c.after == 1.0}
        then = (there - set(names)) | new
        for never in filled["never_together"]:
            assert not any(a != b for a in new & set(never) for b in then & set(never))
        assert found.training_count >= filled["seen_together"]


def test_a_direction_for_one_narrows_the_direction_for_all(small_bundle, patients):
    bundle = small_bundle("boosting")

    def becoming(**filled):
        made = candidates_of(bundle, patients[1], mode="model", constraints=conditions_from(bundle, **filled))
        return {gene: {e.value for e in made.edits if e.feature == gene} for gene in GENES}

    # The panel held KRAS only: p.G12C is there, any other alteration of it is not, and TP53 is unknown.
    assert becoming()["KRAS p.G12C"] == {0.0, None} and becoming()["TP53"] == {1.0, 0.0}
    one = becoming(only_altered=["tp53"], only_absent=["KRAS"])
    assert one["TP53"] == {1.0} and one["KRAS"] == set() and one["KRAS p.G12C"] == {0.0, None}
    both = becoming(towards="absent", only_altered=["TP53"])
    assert both["TP53"] == set() and both["KRAS p.G12C"] == {0.0} and both["EGFR"] == {0.0}


def test_a_number_moves_within_its_interval_and_says_which_values_do_as_well(small_bundle, patients):
    bundle, profile = small_bundle("boosting"), patients[2]
    row, column = bundle.schema.encode_row(profile), bundle.schema.columns_of("albumin").start
    k = bundle.option_index("chemotherapy")

    def chance(values):
        rows = np.repeat(row[None], len(values), axis=0)
        rows[:, column] = values
        return bundle.probability(bundle.margin(rows))[:, k]

    spec = bundle.schema.feature("albumin")
    reachable = np.unique(chance(np.arange(spec.low, spec.high, 0.01)))
    assert chance([3.1])[0] < reachable[-3]
    goal = Goal("chemotherapy", "threshold", float(reachable[-4:-2].mean()))
    without = smallest_changes(bundle, profile, goal, constraints=Constraints(only=("albumin",)))
    assert without.status == "impossible"
    rules = conditions_from(bundle, only=[], numbers=["Albumin"])
    answer = smallest_changes(bundle, profile, goal, constraints=rules, most=1000)
    assert answer.status == "proven" and answer.size == 1
    for found in answer.found:
        (change,) = found.changes
        told = re.search(
            r"\(any value(?: over ([\d.]+))?(?: up to ([\d.]+))? (is the same to the model|reaches the goal)",
            change.words,
        )
        ends = zip(told.groups()[:2], (spec.low, spec.high), strict=True)
        low, high = (float(end) if end else limit for end, limit in ends)
        within = chance(np.linspace(low, high, 200)[1:])
        assert low < change.after <= high and within.min() > goal.value
        assert (np.ptp(within) == 0) == (told[3] == "is the same to the model")
        beyond = chance(
            np.array([low, min(high + 0.02, spec.high)])
        )  # one that is no better, and none beyond the end
        assert low == spec.low or beyond[0] <= goal.value
        assert high == spec.high or beyond[1] <= goal.value


def test_numbers_named_one_by_one_leave_the_others_alone(small_bundle, patients):
    bundle = small_bundle("boosting")
    assert [f.name for f in numbers_of(bundle)] == ["albumin", "tumour", "sex"]  # age is not actionable
    made = candidates_of(
        bundle, patients[0], mode="model", constraints=conditions_from(bundle, numbers=["albumin", "sex"])
    )
    assert {e.feature for e in made.edits} - set(GENES) == {"albumin", "sex"}
    nothing = candidates_of(
        bundle,
        patients[0],
        mode="assay",
        constraints=Constraints(numbers=True, error_rates=ErrorRates(0.1, 0.1)),
    )
    assert {e.feature for e in nothing.edits} <= set(GENES)


def test_an_error_that_is_stated_never_to_happen_is_left_out(small_bundle, patients):
    bundle = small_bundle("boosting")
    for rates, kept in ((ErrorRates(0.0, 0.1), {0.0}), (ErrorRates(0.1, 0.0), {1.0}), (ErrorRates(0.1, 0.1), {0.0, 1.0})):  # fmt: skip
        made = candidates_of(bundle, patients[0], mode="assay", constraints=Constraints(error_rates=rates))
        assert {bundle.schema.value(patients[0], e.feature) for e in made.edits} - {None} == kept


def test_stated_error_rates_weigh_the_calls(small_bundle, patients):
    bundle = small_bundle("boosting")
    plain = assay_robustness(bundle, patients[0])
    assert plain.chance_of_any is None and all(e.chance is None for e in plain.errors)
    told = assay_robustness(bundle, patients[0], error_rates=ErrorRates(0.02, 0.05))
    assert [e.change for e in told.errors] == [e.change for e in plain.errors] and plain.errors
    chances = {"false positive": 0.02, "false negative": 0.05, "untested": None}
    assert [e.chance for e in told.errors] == [chances[e.kind] for e in told.errors]
    positive, negative = len(told.of_kind("false positive")), len(told.of_kind("false negative"))
    assert positive + negative > 0
    assert told.chance_of_any == pytest.approx(1 - 0.98**positive * 0.95**negative)
    none = assay_robustness(bundle, patients[0], error_rates=ErrorRates(0.0, 0.0))
    assert not none.of_kind("false positive") and not none.of_kind("false negative")


def test_the_conditions_in_force_are_said_in_words(small_bundle, patients):
    bundle, profile = small_bundle("boosting"), patients[0]

    def words(**filled):
        mode = filled.get("mode", "model")
        rules = conditions_from(bundle, **filled)
        return smallest_changes(
            bundle, profile, "sotorasib", mode=mode, max_size=1, constraints=rules
        ).conditions_words()

    assert words() == (
        "Conditions of this search: at most 1 change at once; alterations may become altered, not altered or not "
        "assayed; numbers and levels stay as recorded; no change brings drivers together that exclude each other in "
        "training."
    )
    said = words(
        fixed=["TP53"], towards="known", only_altered=["KRAS"], only_absent=["egfr"], numbers=["albumin"],
        never_together=[("ALK fusion", "EGFR")], exclusive_drivers=False, seen_together=20,
    )  # fmt: skip
    for phrase in (
        "alterations may become altered or not altered;",
        "may only become altered: KRAS",
        "may only become not altered: EGFR",
        "numbers and levels that may move: Albumin;",
        "kept as recorded: TP53;",
        "no change makes more than one of these altered: ALK fusion, EGFR",
        "drivers that exclude each other in training may come together;",
        "seen together in at least 20 training patients, each interval of a number counted by itself.",
    ):
        assert phrase in said
    assert "alterations may only become altered;" in words(towards="altered")
    assert "; nothing may change; " in words(only=[])
    assert "nothing may change but TP53;" in words(only=["TP53"])
    assert "nothing may change but TP53, Albumin, Tumour, Sex;" in words(only=["TP53"], numbers=True)
    assert "all" not in words(numbers=True).split("numbers and levels")[1].split(";")[0]
    assert "every call that was made counts as right" in words(mode="assay")
    assert (
        "of 100 alterations reported 2 are not there, of 100 reported absent 5 are there (as stated)"
        in words(mode="assay", false_positive=0.02, false_negative=0.05)
    )


def test_a_model_of_cells_speaks_of_samples(small_bundle, monkeypatch):
    bundle = small_bundle("boosting")
    monkeypatch.setattr(type(bundle.manifest), "words", wording("laboratory"))
    rules = conditions_from(bundle, seen_together=20)
    answer = smallest_changes(
        bundle, np.nan * bundle.training.X.to_numpy()[0], "sotorasib", constraints=rules
    )
    assert "at least 20 training samples" in answer.conditions_words()


REFUSED = {
    "one rate": ({"mode": "assay", "false_positive": 0.02}, "false negative rate is not stated"),
    "no share": ({"mode": "assay", "false_positive": 2.0, "false_negative": 0.1}, "false positive rate is 2"),
    "rates where any may change": ({"false_positive": 0.02, "false_negative": 0.02}, "no part"),
    "numbers that turn out": ({"mode": "assay", "numbers": ["albumin"]}, "Numbers stay as recorded"),
    "both directions": ({"only_altered": ["tp53"], "only_absent": ["TP53"]}, "TP53 may only be added and only"),
    "few patients": ({"seen_together": 3}, "take 1 (seen at all), or 5 and more"),
    "fewer than none": ({"seen_together": -1}, "expected 0 or more"),
    "alone": ({"never_together": [("TP53", "tp53")]}, "name two or more"),
    "a number altered": ({"only_altered": ["albumin"]}, "albumin is no alteration"),
    "a number apart": ({"never_together": [("albumin", "TP53")]}, "albumin is no alteration"),
    "a fixed number": ({"numbers": ["age_years"]}, "age_years cannot be moved as a number. What can: albumin"),
    "an alteration as number": ({"numbers": ["TP53"]}, "TP53 cannot be moved"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_conditions_that_contradict_are_refused_in_words(small_bundle, case):
    filled, expected = REFUSED[case]
    with pytest.raises(ConstraintError, match=re.escape(expected)):
        conditions_from(small_bundle("boosting"), **filled)


@pytest.mark.parametrize("field", ["only_altered", "only_absent", "numbers"])
def test_a_misspelled_feature_is_refused(small_bundle, field):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        conditions_from(small_bundle("boosting"), **{field: ["TP35"]})


def test_who_was_seen_is_not_asked_of_a_published_score():
    from pathlib import Path

    from oncology.bundles import load
    from oncology.intake import read_patients

    sample = Path(__file__).resolve().parents[2] / "sample_data"
    score = load(sample / "bundles" / "ipssm")
    with pytest.raises(ConstraintError, match="comes without training patients"):
        conditions_from(score, seen_together=5)
    profile = read_patients(sample / "patients" / "S-40-mds-sf3b1.json").profiles[0]
    goal = Goal(score.options[0], "threshold", 0.5)
    with pytest.raises(ConstraintError, match="comes without training patients"):
        smallest_changes(score, profile, goal, constraints=Constraints(seen_together=1))
    # Its numbers are tried at some values only, and it has no drivers that exclude each other.
    answer = smallest_changes(
        score, profile, goal, max_size=1, constraints=Constraints(numbers=("Platelets",))
    )
    assert "numbers and levels that may move: Platelets" in answer.conditions_words()
    assert "drivers" not in answer.conditions_words()


def test_both_rates_or_neither():
    assert error_rates_from(None, None) is None
    assert error_rates_from(0.0, 0.5) == ErrorRates(0.0, 0.5)
    for rates in ((0.1, None), (None, 0.1)):
        with pytest.raises(ConstraintError, match="Give both rates"):
            error_rates_from(*rates)
