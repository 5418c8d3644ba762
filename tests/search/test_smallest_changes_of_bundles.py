"""Smallest changes of a bundle against every version of the patient, put through the bundle's own model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explainers.plausibility import exclusive_pairs
from explainers.smallest import Constraints, ErrorRates, Goal, GoalError, smallest_changes
from explainers.standings import standings
from oncology.errors import UnknownNameError

STATES = (1.0, 0.0, None)


def versions(bundle, profile, free=None):
    """Every version of the patient that differs in alteration states: (frozenset of (feature, state), row)."""
    schema = bundle.schema
    row = schema.encode_row(profile)
    specs = [f for f in schema.features if f.is_alteration and (free is None or f.name in free)]
    now = {f.name: schema.value(profile, f.name) for f in specs}
    for states in itertools.product(STATES, repeat=len(specs)):
        changed = frozenset((f.name, s) for f, s in zip(specs, states, strict=True) if s != now[f.name])
        edited = row.copy()
        for name, state in changed:
            edited[schema.columns_of(name)] = np.nan if state is None else state
        yield changed, edited


def by_trying(bundle, profile, goal, max_size, allowed=lambda changed: True):
    """Size and sets of the smallest changes, every version tried."""
    sets, rows = zip(*versions(bundle, profile), strict=True)
    holds = goal.reached(bundle, standings(bundle, profile, np.array(rows)))
    winners = [s for s, h in zip(sets, holds, strict=True) if h and len(s) <= max_size and allowed(s)]
    size = min(map(len, winners), default=None)
    return size, {s for s in winners if len(s) == size}


def as_sets(result):
    return {frozenset((c.feature, c.after) for c in found.changes) for found in result.found}


def no_exclusive(bundle, profile):
    """The rule of exclusive drivers: no new alteration beside one that excludes it."""
    schema, pairs = bundle.schema, exclusive_pairs(bundle)
    there = {f.name for f in schema.features if f.is_alteration and schema.value(profile, f.name) == 1.0}

    def allowed(changed):
        new = {f for f, s in changed if s == 1.0}
        then = (there - {f for f, _ in changed}) | new
        return not any(frozenset((a, b)) in pairs for a in new for b in then if a != b)

    return allowed


GOALS = [
    Goal("osimertinib"),
    Goal("chemotherapy"),
    Goal("sotorasib", "band"),
    Goal("osimertinib", "threshold", 0.6),
    Goal("chemotherapy", "threshold", 0.3, "under"),
    Goal("sotorasib", "likely"),
    Goal("osimertinib", "threshold", 0.9999),
]


@pytest.mark.parametrize("kind", ["boosting", "forest", "linear", "network"])
def test_size_and_sets_equal_those_of_every_version_tried(small_bundle, patients, kind):
    bundle = small_bundle(kind)
    sizes = set()
    for profile in patients:
        for goal in GOALS:
            exact = kind != "network" and goal.kind != "band"
            result = smallest_changes(bundle, profile, goal, most=1000)
            size, sets = by_trying(bundle, profile, goal, 6 if exact else 3, no_exclusive(bundle, profile))
            sizes.add(size)
            if size == 0:
                assert result.status == "already so"
            elif size is None:
                assert result.status == ("impossible" if exact else "open") and not result.found
                assert result.ruled_out == (6 if exact else 3)
            else:
                assert result.status == "proven" and result.size == size and result.all_listed
                assert as_sets(result) == sets and result.n_smallest == len(sets)
                assert result.ruled_out == size - 1
    assert {0, 1, 2} <= sizes  # not all easy


def test_every_answer_tells_what_the_model_would_say_and_how_common_it_is(small_bundle, patients):
    bundle = small_bundle("boosting")
    result = smallest_changes(bundle, patients[0], "sotorasib")
    assert result.status == "proven" and "nothing smaller does it (proven)" in result.words()
    target = bundle.option_index("sotorasib")
    counts = [found.training_count for found in result.found]
    assert counts == sorted(counts, reverse=True)
    for found in result.found:
        row = bundle.schema.encode_row(patients[0])
        for change in found.changes:
            row[bundle.schema.columns_of(change.feature)] = np.nan if change.after is None else change.after
        assert found.after == pytest.approx(bundle.probability(bundle.margin(row[None]))[0])
        assert found.after.argmax() == target and found.minimal == "proven" and found.mode == "model"
        X = bundle.training.X
        same = np.ones(len(X), bool)
        for change in found.changes:
            column = X[change.feature].to_numpy()
            same &= np.isnan(column) if change.after is None else column == change.after
        assert found.training_count == same.sum()


def test_a_row_gives_the_answer_of_its_profile(small_bundle, patients):
    bundle = small_bundle("boosting")
    for profile in patients:
        one = smallest_changes(bundle, profile, "sotorasib")
        other = smallest_changes(bundle, bundle.schema.encode_row(profile), "sotorasib")
        assert (one.status, as_sets(one)) == (other.status, as_sets(other))


@pytest.mark.parametrize(
    ("constraints", "allowed"),
    [
        (Constraints(fixed=("EGFR p.L858R",)), lambda s, n: "EGFR p.L858R" not in n),
        (Constraints(only=("EGFR p.L858R", "TP53", "KRAS p.G12C")), lambda s, n: n <= {"EGFR p.L858R", "TP53", "KRAS p.G12C"}),
        (Constraints(become=("altered",)), lambda s, n: all(v == 1.0 for _, v in s)),
        (Constraints(become=("absent",)), lambda s, n: all(v == 0.0 for _, v in s)),
    ],
)  # fmt: skip
def test_constraints_are_kept_and_nothing_smaller_is_missed(small_bundle, patients, constraints, allowed):
    bundle = small_bundle("boosting")
    for profile in patients:
        for goal in (Goal("osimertinib"), Goal("sotorasib"), Goal("sotorasib", "band")):
            exclusive = no_exclusive(bundle, profile)
            result = smallest_changes(bundle, profile, goal, constraints=constraints, most=1000)
            _, sets = by_trying(
                bundle, profile, goal, 6 if goal.kind == "first" else 3,
                lambda s, exclusive=exclusive: allowed(s, {f for f, _ in s}) and exclusive(s),
            )  # fmt: skip
            assert as_sets(result) == {s for s in sets if s}


def test_alterations_that_must_not_meet_do_not_even_with_what_is_there(small_bundle, patients):
    bundle, profile = small_bundle("boosting"), patients[0]
    never = ("EGFR p.L858R", "KRAS p.G12C", "TP53")
    rule = Constraints(never_together=(never,), exclusive_drivers=False)

    def allowed(changed):
        then = {"EGFR p.L858R", "TP53"} - {f for f, _ in changed} | {f for f, s in changed if s == 1.0}
        new = {f for f, s in changed if s == 1.0}
        return not any(a != b for a in new & set(never) for b in then & set(never))

    result = smallest_changes(bundle, profile, "sotorasib", constraints=rule, most=1000)
    free = smallest_changes(
        bundle, profile, "sotorasib", constraints=Constraints(exclusive_drivers=False), most=1000
    )
    size, sets = by_trying(bundle, profile, Goal("sotorasib"), 6, allowed)
    assert as_sets(result) == sets and result.size == size
    assert size > free.size  # the rule costs something here


@pytest.mark.parametrize("least", [1, 20, 150, 10_000])
def test_changed_values_were_seen_together_often_enough(small_bundle, patients, least):
    bundle, profile = small_bundle("boosting"), patients[0]
    X = bundle.training.X

    def allowed(changed):
        same = np.ones(len(X), bool)
        for name, state in changed:
            column = X[name].to_numpy()
            same &= np.isnan(column) if state is None else column == state
        return same.sum() >= least

    rule = Constraints(seen_together=least, exclusive_drivers=False)
    result = smallest_changes(bundle, profile, "sotorasib", constraints=rule, most=1000)
    _, sets = by_trying(bundle, profile, Goal("sotorasib"), 6, allowed)
    assert as_sets(result) == sets
    if least == 10_000:
        assert result.status == "impossible" and "impossible within these conditions" in result.words()


def test_in_the_clinic_only_unknown_genes_turn_out_and_calls_err_at_stated_rates(small_bundle, patients):
    bundle, profile = small_bundle("boosting"), patients[1]
    for option in ("osimertinib", "chemotherapy"):
        plain = smallest_changes(bundle, profile, option, mode="assay")
        for found in plain.found:
            assert found.mode == "assay"
            assert all(c.before is None and c.after in (0.0, 1.0) for c in found.changes)
    rates = Constraints(error_rates=ErrorRates(0.02, 0.05))
    wrong = smallest_changes(bundle, patients[2], "sotorasib", mode="assay", constraints=rates)
    first = wrong.found[0]
    assert [c.before for c in first.changes] == [0.0] * first.size
    assert any("would have to be wrong" in c and "0.05" in c for c in first.cautions)
    nothing = smallest_changes(bundle, patients[2], "sotorasib", mode="assay", constraints=Constraints(only=("EGFR p.L858R",)))  # fmt: skip
    assert nothing.status == "impossible" and "Nothing is left that may change" in nothing.notes[0]


def test_numbers_change_by_the_intervals_that_the_model_tells_apart(small_bundle, patients):
    bundle, profile = small_bundle("boosting"), patients[2]
    rule = Constraints(numbers=True, only=("albumin", "sex", "EGFR p.L858R", "TP53"))
    # every version over a fine grid of albumin, both sexes and all states
    row, schema = bundle.schema.encode_row(profile), bundle.schema
    spec = schema.feature("albumin")
    grid = [None, *np.round(np.arange(spec.low, spec.high + 0.005, 0.01), 2)]
    rows, sizes = [], []
    for albumin, male, egfr, tp53 in itertools.product(grid, (0.0, 1.0), STATES, STATES):
        edited = row.copy()
        edited[schema.columns_of("albumin")] = (
            row[schema.columns_of("albumin")] if albumin is None else albumin
        )
        edited[schema.columns_of("sex")] = male
        for name, state in (("EGFR p.L858R", egfr), ("TP53", tp53)):
            edited[schema.columns_of(name)] = np.nan if state is None else state
        rows.append(edited)
        sizes.append(
            sum(not (a == b or (np.isnan(a) and np.isnan(b))) for a, b in zip(edited, row, strict=True))
        )
    after = standings(bundle, profile, np.array(rows))
    probability = after.probability[:, bundle.option_index("chemotherapy")]
    sizes = np.array(sizes)
    seen = set()
    distinct = np.unique(probability)
    for place in (1, 2, 4, len(distinct) // 2):  # midway between the best values there are
        goal = Goal("chemotherapy", "threshold", float(distinct[-place - 1 :][:2].mean()))
        result = smallest_changes(bundle, profile, goal, constraints=rule, most=1000)
        assert result.size == sizes[probability > goal.value].min()
        assert result.status == ("proven" if result.size else "already so")
        seen.add(result.size)
        for change in (c for found in result.found for c in found.changes if c.feature == "albumin"):
            assert change.after is None or spec.low <= change.after <= spec.high
            assert len(str(change.after)) <= 6  # the roundest number of its interval
    assert len(seen) > 1
    nowhere = Goal("chemotherapy", "threshold", float(probability.max()) + 1e-6)
    assert smallest_changes(bundle, profile, nowhere, constraints=rule).status == "impossible"


def test_numbers_of_other_models_are_only_sampled_and_nothing_is_called_proven(small_bundle, patients):
    rule = Constraints(numbers=True, only=("albumin", "TP53"))
    result = smallest_changes(small_bundle("linear"), patients[0], Goal("chemotherapy", "threshold", 0.97), constraints=rule)  # fmt: skip
    assert result.status == "open" and "some values only" in result.words() and "proven" not in result.words()


def test_wrong_goals_are_refused_with_what_to_do(small_bundle, patients):
    bundle = small_bundle("boosting")
    with pytest.raises(UnknownNameError, match="Did you mean osimertinib"):
        smallest_changes(bundle, patients[0], "osimertinb")
    with pytest.raises(GoalError, match="needs its value"):
        smallest_changes(bundle, patients[0], Goal("osimertinib", "threshold"))
    with pytest.raises(GoalError, match="between 0 and 1"):
        smallest_changes(bundle, patients[0], Goal("osimertinib", "threshold", 60))
    with pytest.raises(UnknownNameError, match="Risk group"):
        smallest_changes(bundle, patients[0], Goal("osimertinib", "group", group="High"))
    with pytest.raises(UnknownNameError):
        smallest_changes(bundle, patients[0], "osimertinib", constraints=Constraints(fixed=("EGRF",)))


def test_a_stop_gives_what_is_known(small_bundle, patients):
    result = smallest_changes(small_bundle("network"), patients[0], Goal("sotorasib"), stop=lambda: True)
    assert (
        result.status == "open" and result.ended_by == "stopped" and "none found (stopped)" in result.words()
    )
