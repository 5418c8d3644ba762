"""Laws of the bound: whatever weights and multipliers it is given, no set of changes scores above it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.trees.search import Goal
from explainers.trees.search.bound import bound, largest, prepare
from explainers.trees.search.descent import tighten
from explainers.trees.search.fixing import forest_of
from explainers.trees.search.forest import CHOSEN, EXCLUDED, FREE
from explainers.trees.search.restriction import restrict, single_effects
from explainers.trees.search.rules import Rules
from tests.search.random_models import every_set, random_case

ROUNDING = 1e-9
KINDS = ("bbbbbbb", "ssss", "bsnb", "ncb")


def prepared(seed, max_size=9):
    """A forest, its groups, every set of items with its outputs, and a goal."""
    case = random_case(seed, kinds=KINDS[seed % 4], n_outputs=3, n_trees=8, dense=seed % 3 == 0)
    forest, group, order = forest_of(case.ensemble, case.row, case.changes, max_size)
    item_of = np.argsort(order)
    sets, outputs = every_set(case)
    as_items = [frozenset(int(item_of[i]) for i in s) for s in sets]
    return forest, group, as_items, outputs, Goal.first(seed % 3, 3)


def random_status(rng, group):
    """Some items chosen, some excluded, the rest free."""
    rules, status = Rules(group), np.zeros(len(group), np.int8)
    for i in rng.permutation(len(group))[: int(rng.integers(0, 3))]:
        if status[i] == FREE:
            rules.choose(status, int(i))
    free = np.flatnonzero(status == FREE)
    status[rng.permutation(free)[: int(rng.integers(0, 3))]] = EXCLUDED
    return status


def reachable(status, as_items, r):
    """Positions of the sets that contain the chosen items, none of the excluded, and at most r others."""
    chosen, excluded = set(np.flatnonzero(status == CHOSEN)), set(np.flatnonzero(status == EXCLUDED))
    return [
        a for a, s in enumerate(as_items) if chosen <= s and not s & excluded and len(s) <= len(chosen) + r
    ]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), r=st.integers(1, 5), size=st.sampled_from([0.0, 0.1, 1.0, 10.0]))
def test_no_set_scores_above_the_bound_for_any_weights_and_multipliers(seed, r, size):
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, goal = prepared(seed)
    status = random_status(rng, group)
    smaller, _ = restrict(forest, status, r)
    w = rng.dirichlet(np.full(len(goal.offset), 0.5))
    if rng.random() < 0.3:
        w = np.eye(len(w))[int(rng.integers(len(w)))]
    multipliers = size * rng.normal(size=smaller.n_links)
    total, taken, prefix = np.empty(len(group)), np.zeros(len(group), np.int8), np.zeros(r + 1)
    choice, at_choice = np.empty(len(smaller.output), np.int32), np.empty(len(w))
    rest = bound(
        smaller, prepare(smaller), goal.weights, goal.offset, w, multipliers, total, choice, at_choice
    )
    largest(total, status, group, r, taken, prefix)
    truth = goal.score(outputs[reachable(status, as_items, r)]).max()
    assert truth <= rest + prefix[r] + ROUNDING


@pytest.mark.parametrize("seed", range(60))
def test_bound_after_its_search_is_above_the_truth_and_excluded_items_never_win(seed):
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, goal = prepared(seed)
    r = int(rng.integers(2, 5))
    status = random_status(rng, group)
    here = reachable(status, as_items, r)
    scores = goal.score(outputs[here])
    # a goal just in reach, at a level that few sets pass
    level = float(np.quantile(scores, rng.choice([0.9, 0.99])))
    smaller, _ = restrict(forest, status, r)
    w = np.full(len(goal.offset), 1 / len(goal.offset))
    before = status.copy()
    outcome, *_, share, _, by_size, _ = tighten(
        smaller,
        goal.weights,
        goal.offset - level,
        status,
        group,
        r,
        w,
        np.zeros(smaller.n_links),
        -0.1,
        0.0,
        80,
        20,
    )
    assert (share >= 0).all() and share.sum() <= r + ROUNDING  # top_r takes at most r items a step
    assert not share[before != FREE].any()
    dropped = set(np.flatnonzero((status == EXCLUDED) & (before != EXCLUDED)))
    winners = [as_items[a] for a, v in zip(here, scores - level, strict=True) if v > ROUNDING]
    if outcome == 1:
        assert not winners
    assert not any(s & dropped for s in winners)
    n_chosen = int((before == CHOSEN).sum())
    for size, value in enumerate(by_size):
        if value <= 0:
            assert not any(len(s) <= n_chosen + size for s in winners)


@pytest.mark.parametrize("seed", range(40))
def test_single_effects_are_exact_under_any_choices(seed):
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, _ = prepared(seed)
    status = random_status(rng, group)
    truth = {s: outputs[a] for a, s in enumerate(as_items)}
    chosen = frozenset(np.flatnonzero(status == CHOSEN).tolist())
    for form in (forest, restrict(forest, status, 3)[0]):
        now, effect = single_effects(form, status)
        assert now == pytest.approx(truth[chosen], abs=1e-12)
        for i in np.flatnonzero(status == FREE):
            assert now + effect[i] == pytest.approx(truth[chosen | {int(i)}], abs=1e-12)


def test_largest_takes_one_of_a_group_and_only_positive_totals():
    total = np.array([5.0, 4.0, 3.0, -1.0, 2.0])
    group = np.array([0, 0, 1, 2, 3])
    taken, prefix = np.zeros(5, np.int8), np.zeros(4)
    last = largest(total, np.zeros(5, np.int8), group, 3, taken, prefix)
    assert taken.tolist() == [1, 0, 1, 0, 1]
    assert prefix.tolist() == [0, 5, 8, 10] and last == 2
    assert largest(total, np.zeros(5, np.int8), group, 3 + 1, taken, np.zeros(5)) == 0  # fewer than asked for
