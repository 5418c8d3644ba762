"""Numbers in a smallest change: neighbouring intervals stand as one set, which holds what it says and nothing else."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.smallest import Constraints, Goal, changes, every_set, smallest_changes
from explainers.smallest.candidates import candidates_of
from explainers.smallest.interval_words import ends_in_words
from explainers.smallest.joining import joined_sets
from explainers.standings import standings
from oncology.bundles import load
from oncology.intake import read_patients
from tests.search.number_twin import GRID, SCHEMA, WAYS, by_trying, goals, number_patients, stated


def inside(change, value):
    """Whether a value is one that the change allows."""
    if change.interval is None:
        return value == change.after
    low, high = change.interval
    return (low is None or value > low) and (high is None or value <= high)


def reachable(change, here, way):
    """All values of the grid that the change allows."""
    if change.interval is None:
        return [change.after]
    found = [v for v in GRID[change.feature] if inside(change, v) and v != here]
    assert not way or all(v > here if way == "rise" else v < here for v in found)
    return found


@pytest.mark.parametrize("ways", WAYS, ids=lambda ways: " ".join(f"{n} {w}" for n, w in ways.items()) or "either way")  # fmt: skip
def test_the_sets_shown_hold_every_version_that_reaches_the_goal_once_and_nothing_else(number_bundle, ways):
    met, joined = set(), 0
    for profile in number_patients():
        values = dict(zip(SCHEMA.names, SCHEMA.values(profile), strict=True))
        for goal in goals(number_bundle, profile):
            answer = smallest_changes(
                number_bundle, profile, goal, constraints=stated(number_bundle, ways), most=10_000
            )
            size, winners = by_trying(number_bundle, profile, goal, ways)
            met.add(size)
            if size is None:
                assert answer.size is None or answer.size > 3
                continue
            assert answer.status == ("proven" if size else "already so") and (answer.size or 0) == size
            assert answer.n_smallest == len(answer.found) and (answer.all_listed or not size)
            held = []
            for found in answer.found:
                each = [
                    [(c.feature, v) for v in reachable(c, values[c.feature], ways.get(c.feature))]
                    for c in found.changes
                ]
                held += [frozenset(chosen) for chosen in itertools.product(*each)]
            assert len(held) == len(set(held)) and set(held) == winners
            joined += len(answer.found) < answer.found[0].n_evaluations if answer.found else 0
    assert {0, 1, 2} <= met and joined  # not all easy, and something was joined


def test_no_two_sets_shown_are_the_same_but_for_intervals_that_touch(number_bundle):
    looked = 0
    for profile in number_patients():
        for goal in goals(number_bundle, profile):
            answer = smallest_changes(
                number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=10_000
            )
            told = [{c.feature: c.interval or c.after for c in f.changes} for f in answer.found]
            for one, other in itertools.combinations(told, 2):
                differing = [
                    n for n in one.keys() | other.keys() if one.get(n, "stays") != other.get(n, "stays")
                ]
                if one.keys() != other.keys() or len(differing) > 1 or differing[0] not in GRID:
                    continue
                (low, high), (start, end) = one[differing[0]], other[differing[0]]
                assert high != start and end != low
                looked += 1
    assert looked  # some rise and some fall


def test_the_value_shown_reaches_the_goal_and_is_the_nearest_to_what_is_recorded(number_bundle):
    tested = set()
    for profile in number_patients():
        row = SCHEMA.encode_row(profile)
        for goal in goals(number_bundle, profile):
            answer = smallest_changes(
                number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=10_000
            )
            for found in answer.found:
                edited = row.copy()
                for c in found.changes:
                    edited[SCHEMA.columns_of(c.feature)] = SCHEMA.feature(c.feature).encode(c.after)
                assert goal.reached(number_bundle, standings(number_bundle, profile, edited[None]))[0]
                assert found.after == pytest.approx(
                    number_bundle.probability(number_bundle.margin(edited[None]))[0]
                )
                for c in found.changes:
                    if c.feature not in GRID:
                        continue
                    assert inside(c, c.after)
                    if c.before is None:
                        continue
                    nearest = min(reachable(c, c.before, None), key=lambda v: abs(v - c.before))
                    closer = edited.copy()
                    closer[SCHEMA.columns_of(c.feature)] = nearest
                    # The same to the model: it lies in the interval next to what is recorded.
                    assert number_bundle.margin(closer[None]) == pytest.approx(
                        number_bundle.margin(edited[None])
                    )
                    tested.add((c.feature, c.after > c.before))
    assert len(tested) >= 5  # each number, rising and falling


def test_a_joined_set_counts_the_training_patients_of_all_its_intervals_and_is_ranked_by_them(number_bundle):
    X = number_bundle.training.X
    several = 0
    for profile in number_patients():
        for goal in goals(number_bundle, profile):
            answer = smallest_changes(
                number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=10_000
            )
            counts = []
            for found in answer.found:
                same = np.ones(len(X), bool)
                for c in found.changes:
                    if c.feature == "sex":
                        same &= X["sex=male"].to_numpy() == (c.after == "male")
                        continue
                    column = X[c.feature].to_numpy(dtype=float)
                    same &= np.isnan(column) if c.after is None else [inside(c, v) for v in column]
                assert found.training_count == same.sum()
                counts.append(found.training_count)
            assert counts == sorted(counts, reverse=True)
            several += len(set(counts)) > 1
    assert several > 3


def test_a_shorter_list_has_the_same_sets_in_front_and_counts_all_of_them(number_bundle):
    profile = number_patients()[0]
    for goal in goals(number_bundle, profile):
        every = smallest_changes(
            number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=10_000
        )
        if len(every.found) > 2:  # enough to cut
            short = smallest_changes(
                number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=2
            )
            assert [f.changes for f in short.found] == [f.changes for f in every.found[:2]]
            assert short.n_smallest == every.n_smallest == len(every.found)
            return
    raise AssertionError("no goal with three sets")


@settings(max_examples=60, deadline=None)
@given(
    cells=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from([None, 0, 1])), min_size=1)
)
def test_joining_loses_nothing_adds_nothing_and_leaves_nothing_to_join(number_bundle, cells):
    made = candidates_of(
        number_bundle, number_patients()[0], mode="model", constraints=stated(number_bundle, {})
    )
    of = {name: [i for i, e in enumerate(made.edits) if e.feature == name] for name in SCHEMA.names}
    sets = {
        tuple(sorted([of["albumin"][a], of["NLR"][b], *([] if s is None else [of["TP53"][s]])]))
        for a, b, s in cells
    }
    boxes = joined_sets(made, sets, made.seen())
    held = [tuple(sorted(chosen)) for box in boxes for chosen in itertools.product(*box.parts)]
    assert len(held) == len(set(held)) and set(held) == sets
    for box in boxes:
        assert tuple(sorted(box.shown)) in sets
        for part in box.parts:
            for below, above in itertools.pairwise(part):
                assert made.interval[below, 1] == made.interval[above, 0]  # never across what is recorded
    for one, other in itertools.combinations(boxes, 2):
        differing = set(one.parts) ^ set(other.parts)
        if len(one.parts) == len(other.parts) and len(differing) == 2:
            p, q = sorted(differing, key=lambda part: made.interval[part[0], 0])
            if made.feature[p[0]] == made.feature[q[0]] and not np.isnan(made.interval[p[0], 0]):
                assert made.interval[p[-1], 1] < made.interval[q[0], 0]


def test_states_levels_and_the_two_sides_of_what_is_recorded_are_never_joined(number_bundle):
    profile = number_patients()[0]
    made = candidates_of(number_bundle, profile, mode="model", constraints=stated(number_bundle, {}))
    boxes = joined_sets(made, [(i,) for i in range(len(made))], made.seen())
    told = {}
    for box in boxes:
        (part,) = box.parts
        told.setdefault(made.edits[part[0]].feature, []).append(len(part))
    assert told["EGFR"] == [1, 1] and told["TP53"] == [1, 1] and told["sex"] == [1]
    for name in ("albumin", "NLR", "ECOG"):
        assert len(told[name]) == 2  # one below and one above
        assert sum(told[name]) == sum(e.feature == name for e in made.edits)


def test_whole_numbers_touch_where_none_lies_between_and_others_do_not(number_bundle):
    profile = number_patients()[0]  # ECOG 1, NLR 5.5
    made = candidates_of(number_bundle, profile, mode="model", constraints=stated(number_bundle, {}))

    def joined(name, ends, recorded=None):
        here = [i for i, e in enumerate(made.edits) if e.feature == name][: len(ends)]
        interval = made.interval.copy()
        interval[here] = ends
        row = made.row.copy()
        if recorded is not None:
            row[SCHEMA.columns_of(name)] = recorded
        other = replace(made, interval=interval, row=row, patient=None)
        return len(joined_sets(other, [(i,) for i in here], other.seen()))

    assert joined("ECOG", [(1.5, 2.2), (2.7, 3.5)]) == 1
    assert joined("ECOG", [(1.5, 2.2), (3.2, 3.5)]) == 2  # 3 lies between
    assert joined("ECOG", [(1.5, 2.2), (2.7, 3.5)], recorded=2.4) == 2
    assert joined("NLR", [(1.5, 2.2), (2.7, 3.5)]) == 2
    assert joined("NLR", [(1.5, 2.2), (2.2, 3.5)]) == 1


def test_of_a_number_that_is_not_recorded_the_commonest_interval_is_shown(number_bundle):
    profile = number_patients()[2]
    made = candidates_of(number_bundle, profile, mode="model", constraints=stated(number_bundle, {}))
    seen = made.seen()
    here = [i for i, e in enumerate(made.edits) if e.feature == "albumin"]
    (box,) = joined_sets(made, [(i,) for i in here], seen)
    assert set(box.parts[0]) == set(here)
    counts = {i: int(seen[:, i].sum()) for i in here}
    assert counts[box.shown[0]] == max(counts.values()) and box.shown[0] != here[0]
    (alone,) = joined_sets(made, [(i,) for i in here], None)
    assert alone.shown[0] in here


def test_a_joined_interval_says_that_its_values_reach_the_goal_and_a_note_whose_answer_is_shown(
    number_bundle,
):
    profile = number_patients()[0]
    said = []
    note = (
        "Where other values of a number reach the goal too, the answer beside them is that of the value named, and "
        "training patients are counted over all."
    )
    for goal in goals(number_bundle, profile):
        answer = smallest_changes(
            number_bundle, profile, goal, constraints=stated(number_bundle, {}), most=10_000
        )
        several = [c for found in answer.found for c in found.changes if "reaches the goal too" in c.words]
        assert answer.notes.count(note) == bool(several)
        for change in (c for found in answer.found for c in found.changes if c.feature in GRID):
            low, high = change.interval
            ends = f"{'' if low is None else f' over {low:g}'}{'' if high is None else f' up to {high:g}'}"
            one = f"(any value{ends} is the same to the model)"
            many = f"(any value{ends} reaches the goal too)"
            assert change.words.endswith((one, many))
            rows = np.repeat(SCHEMA.encode_row(profile)[None], 2, axis=0)
            rows[:, SCHEMA.columns_of(change.feature).start] = [
                low + 1e-6 if low is not None else 0.5, high if high is not None else 200.0,
            ]  # fmt: skip
            margins = number_bundle.margin(rows)
            if np.ptp(margins[:, number_bundle.option_index(goal.option)]) > 1e-9:
                assert change.words.endswith(many)  # the ends are not the same to the model
            said.append(change.words.endswith(many))
    assert any(said) and not all(said)


def test_of_numbers_tried_at_some_values_only_no_interval_is_claimed():
    sample = Path(__file__).resolve().parents[2] / "sample_data"
    score = load(sample / "bundles" / "loris")
    profile = read_patients(sample / "patients" / "S-36-loris-favourable.json").profiles[0]
    goal = Goal(score.options[0], "threshold", 0.7, "under")
    answer = smallest_changes(score, profile, goal, constraints=Constraints(numbers=True), most=1000)
    changes = [c for found in answer.found for c in found.changes]
    assert changes and all(c.interval is None and "any value" not in c.words for c in changes)
    many = [re.search(r"all (\d+) values tried from .+ to .+ reach the goal", c.words) for c in changes]
    assert any(m and int(m[1]) > 1 for m in many)
    assert not answer.all_listed


def test_hundreds_of_intervals_are_all_listed_before_they_are_joined():
    sample = Path(__file__).resolve().parents[2] / "sample_data"
    bundle = load(sample / "bundles" / "solid_tumours")
    profile = read_patients(sample / "patients" / "S-06-nothing-altered.json").profiles[0]
    kept = [f.name for f in bundle.schema.features if f.is_alteration]
    answer = smallest_changes(
        bundle, profile, Goal("pembrolizumab", "threshold", 0.6), most=100,
        constraints=Constraints(numbers=("TMB", "PD-L1", "NLR"), fixed=kept),
    )  # fmt: skip
    (evaluated,) = {found.n_evaluations for found in answer.found}
    assert evaluated > 200 and answer.all_listed and answer.n_smallest == len(answer.found) < 20
    counts = [found.training_count for found in answer.found]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("kind", ["threshold", "band"])
def test_a_list_that_was_cut_short_says_so_and_claims_nothing_that_was_not_found(
    number_bundle, monkeypatch, kind
):
    profile = number_patients()[0]
    rules = stated(number_bundle, {}, fixed=["EGFR", "TP53"])
    for goal in goals(number_bundle, profile):
        whole = smallest_changes(number_bundle, profile, goal, constraints=rules, most=10_000)
        if goal.kind == kind and whole.found and whole.found[0].n_evaluations > 4:
            break
    assert whole.all_listed and goal.kind == kind
    of_alterations = {changes: (4, 10_000), every_set: (4, 10_000)}
    for module, (few, many) in of_alterations.items():
        monkeypatch.setattr(module, "_MOST_LISTED", few)
        monkeypatch.setattr(module, "MOST_OF_NUMBERS", many)
    again = smallest_changes(number_bundle, profile, goal, constraints=rules, most=10_000)
    assert [f.changes for f in again.found] == [f.changes for f in whole.found] and again.all_listed
    for module in of_alterations:
        monkeypatch.setattr(module, "MOST_OF_NUMBERS", 4)
    cut = smallest_changes(number_bundle, profile, goal, constraints=rules, most=10_000)
    assert cut.status == "proven" and not cut.all_listed and cut.found[0].n_evaluations == 4
    _, winners = by_trying(number_bundle, profile, goal, {})
    assert winners
    values = dict(zip(SCHEMA.names, SCHEMA.values(profile), strict=True))
    for found in cut.found:
        each = [[(c.feature, v) for v in reachable(c, values[c.feature], None)] for c in found.changes]
        assert {frozenset(chosen) for chosen in itertools.product(*each)} <= winners


@given(
    value=st.floats(-1e9, 1e9, allow_nan=False).filter(lambda v: v == 0 or abs(v) > 1e-6),
)
def test_ends_are_rounded_into_the_interval(value):
    low = float(ends_in_words(value, None).removeprefix(" over "))
    high = float(ends_in_words(None, value).removeprefix(" up to "))
    assert high <= value <= low and low - high <= 2e-5 * abs(value)
