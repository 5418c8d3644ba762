"""Laws of the bound: whatever weights and multipliers it is given, no set of changes scores above it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.trees.ensemble import build
from explainers.trees.forms import Tree
from explainers.trees.search import Goal
from explainers.trees.search.bound import bound, largest, prepare
from explainers.trees.search.branching import PRUNE
from explainers.trees.search.descent import UNDECIDED, subgradient, tighten
from explainers.trees.search.fixing import forest_of
from explainers.trees.search.forest import CHOSEN, EXCLUDED, FREE
from explainers.trees.search.pairs import couple_totals, inherit, with_pairs, worth
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
@given(
    seed=st.integers(0, 10**6),
    r=st.integers(1, 5),
    size=st.sampled_from([0.0, 0.1, 1.0, 10.0]),
    price=st.sampled_from([0.0, 0.3, 1.0, 10.0]),
)
def test_no_set_scores_above_the_bound_for_any_weights_and_multipliers(seed, r, size, price):
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, goal = prepared(seed)
    status = random_status(rng, group)
    smaller, *_ = restrict(with_pairs(forest, len(group)), status, r)
    w = rng.dirichlet(np.full(len(goal.offset), 0.5))
    if rng.random() < 0.3:
        w = np.eye(len(w))[int(rng.integers(len(w)))]
    multipliers = size * rng.normal(size=smaller.n_links)
    prices = (
        price * rng.exponential(size=len(smaller.pair_couple)) * rng.integers(0, 2, len(smaller.pair_couple))
    )
    tilt = price * rng.normal(size=len(smaller.couple)) * rng.integers(0, 2, len(smaller.couple))
    rest, v = whole_bound(smaller, goal, w, multipliers, prices, tilt, status, r)
    taken, prefix = np.zeros(len(group), np.int8), np.zeros(r + 1)
    largest(v, status, group, r, taken, prefix)
    here = reachable(status, as_items, r)
    scores, chosen = goal.score(outputs[here]), set(np.flatnonzero(status == CHOSEN))
    assert scores.max() <= rest + prefix[r] + ROUNDING
    for a, score in zip(
        here, scores, strict=True
    ):  # what excludes items: their own part in the place of the smallest
        for i in as_items[a] - chosen:
            others = np.sort(np.maximum(np.delete(v, i)[np.delete(status, i) == FREE], 0.0))[::-1][: r - 1]
            assert score <= rest + others.sum() + v[i] + ROUNDING


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), r=st.integers(1, 4), size=st.sampled_from([1.0, 1e4, 1e7, 1e9, 1e11]))
def test_steps_that_run_away_prove_nothing(seed, r, size):
    """Rounding grows with the multipliers: a set that wins by little must survive any of them."""
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, goal = prepared(seed)
    status = random_status(rng, group)
    smaller, *_ = restrict(with_pairs(forest, len(group)), status, r)
    here = reachable(status, as_items, r)
    scores = goal.score(outputs[here])
    goal = Goal(goal.weights, goal.offset - (scores.max() - 1e-8))
    winners = [as_items[a] for a, score in zip(here, scores, strict=True) if score > scores.max() - 5e-9]
    n_prices = len(smaller.pair_couple)
    x = size * rng.normal(size=smaller.n_links + n_prices + len(smaller.couple))
    x[smaller.n_links :][:n_prices] = np.abs(x[smaller.n_links :][:n_prices])
    left = status.copy()
    w = rng.dirichlet(np.ones(len(goal.offset)))
    outcome, *_ = tighten(
        smaller, goal.weights, goal.offset, left, group, r, w, x.astype(np.float32), 0.0, PRUNE, 12, 12
    )
    assert outcome == UNDECIDED
    for winner in winners:
        assert not (left[list(winner)] == EXCLUDED).any()


def whole_bound(forest, goal, w, multipliers, prices, tilt, status, r):
    """The bound without its last term, and what each item may add to that."""
    n = len(status)
    total, v = np.empty(n), np.empty(n)
    choice, at_choice = np.empty(len(forest.output), np.int32), np.empty(len(w))
    rest = bound(
        forest, prepare(forest), goal.weights, goal.offset, w, multipliers, prices, total, choice, at_choice
    )
    together = np.empty(len(tilt))
    couple_totals(forest, prices, together)
    worth(
        forest,
        total,
        together,
        tilt,
        status,
        r,
        v,
        np.zeros(n, np.int64),
        np.empty((n, r), np.int32),
        np.empty((n, r)),
    )
    return rest, v


def both(a, b):
    """A tree worth 1 where two features are 1."""
    return Tree(
        np.array([a, b, -1, -1, -1]), np.full(5, 0.5), np.zeros(5, bool), np.array([2, 3, -1, -1, -1]),
        np.array([1, 4, -1, -1, -1]), np.ones(5), np.array([[0.0], [0.0], [0.0], [0.0], [1.0]]),
    )  # fmt: skip


def test_two_items_that_only_help_together_are_bounded_by_the_price_of_their_pair():
    # Three trees, each worth 1 for another two of three items. A set of two items gets one of them; but where each
    # tree splits its 1 between single items, any two items seem to be worth two.
    model = build([both(0, 1), both(0, 2), both(1, 2)], list("abc"), ["y"], "value", [0.0])
    plain, group, _ = forest_of(model, np.zeros(3), [{f: 1.0} for f in range(3)], 2)
    forest = with_pairs(plain, 3)
    assert forest.couple.tolist() == [[0, 1], [0, 2], [1, 2]] and forest.pair_couple.tolist() == [0, 1, 2]
    goal, w = Goal.over(0, 1, 0.0), np.ones(1)

    def value(multipliers, prices):
        rest, v = whole_bound(forest, goal, w, multipliers, prices, np.zeros(3), np.zeros(3, np.int8), 2)
        taken, prefix = np.zeros(3, np.int8), np.zeros(3)
        largest(v, np.zeros(3, np.int8), group, 2, taken, prefix)
        return rest + prefix[2]

    assert value(np.full(6, 0.5), np.zeros(3)) == pytest.approx(2.0)
    assert value(np.zeros(6), np.ones(3)) == pytest.approx(1.0)  # what two items can reach

    def after_steps(form):
        started = np.concatenate([np.full(6, 0.5), np.zeros(len(form.pair_couple) + len(form.couple))])
        *_, by_size, _ = tighten(
            form, goal.weights, goal.offset, np.zeros(3, np.int8), group, 2, w, started.astype(np.float32), 0.9,
            0.0, 200, 200,
        )  # fmt: skip
        return float(by_size[2])

    # Two of three items halve no tree's 1: without pairs nothing under 2 can be had, with them 1 is near.
    assert after_steps(plain) >= 2.0 - ROUNDING
    with_prices = after_steps(forest)
    assert with_prices >= 1.0 - ROUNDING
    assert with_prices < 1.5


def test_with_one_item_chosen_the_price_of_a_pair_is_the_others():
    model = build([both(0, 1), both(0, 2)], list("abc"), ["y"], "value", [0.0])
    forest, *_ = forest_of(model, np.zeros(3), [{f: 1.0} for f in range(3)], 2)
    forest = with_pairs(forest, 3)
    owner = [
        (int(forest.item[q]), q >= forest.link_start[forest.slot_start[1]]) for q in range(forest.n_links)
    ]
    x = np.concatenate([np.arange(1.0, 5.0), [10.0, 20.0], [0.3, 0.4]]).astype(np.float32)
    status = np.array([CHOSEN, FREE, FREE], np.int8)
    smaller, origin, pair_origin = restrict(forest, status, 1)
    passed_on = inherit(forest, status, origin, pair_origin, x)
    expected = [x[q] + (20.0 if owner[q][1] else 10.0) for q in range(4) if owner[q][0] > 0]
    assert passed_on.tolist() == pytest.approx([*expected, 0.3, 0.4]) and len(smaller.pair_couple) == 0


def needed_and_charged(form):
    """Of every box the pairs of items that it needs together, by its value, and those that it is charged for."""
    for box in range(form.value.shape[1]):
        items, charged, node = [], [], int(form.box_node[box])
        while form.above[node] != node:
            literal = int(form.node_literal[node])
            links = form.allowed[form.allowed_start[literal] : form.allowed_start[literal + 1]]
            allowed = [int(i) for q in links for i in form.item[form.item_start[q] : form.item_start[q + 1]]]
            if form.unchanged[literal] == 0 and len(allowed) == 1:
                items += allowed
            charged += form.pair[form.pair_start[node] : form.pair_start[node + 1]].tolist()
            node = int(form.above[node])
        pairs = [frozenset(form.couple[form.pair_couple[p]].tolist()) for p in charged]
        assert pairs == [frozenset(form.item[form.item_start[form.pair_link[p]]].tolist()) for p in charged]
        assert len(set(pairs)) == len(pairs)
        yield tuple(form.value[:, box]), {frozenset(two) for two in combinations(items, 2)}, set(pairs)


def test_pairs_are_those_that_boxes_need_together_and_a_restriction_keeps_those_of_free_items():
    kept = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        forest, group, *_ = prepared(seed)
        status = random_status(rng, group)
        whole = with_pairs(forest, len(group))
        of_box = {}
        for value, together, charged in needed_and_charged(whole):
            assert charged == together
            of_box[value] = charged
        for value, _, charged in needed_and_charged(restrict(whole, status, 3)[0]):
            assert charged == {p for p in of_box[value] if all(status[i] == FREE for i in p)}
            kept += len(charged)
    assert kept > 100


@pytest.mark.parametrize("seed", range(20))
def test_the_short_way_to_the_subgradient_is_that_of_many_links(seed):
    rng = np.random.default_rng(seed)
    forest, group, *_ = prepared(4 * seed)  # of binary alterations: one link a slot
    ready = prepare(forest)
    assert ready.is_single
    L = rng.normal(size=forest.n_links).round() * rng.integers(0, 2, forest.n_links)  # ties at 0 too
    taken = rng.integers(0, 2, len(group)).astype(np.int8)
    choice = np.array(
        [rng.integers(-1, forest.box_start[t + 1] - forest.box_start[t]) for t in range(len(forest.output))],
        np.int32,
    )
    choice[choice >= 0] += forest.box_start[:-1][choice >= 0]
    scratch, short, long = (np.empty(forest.n_links, kind) for kind in (np.int32, np.float64, np.float64))
    subgradient(forest, ready, L, choice, taken, scratch, short)
    subgradient(forest, ready._replace(is_single=False), L, choice, taken, scratch, long)
    assert short.tolist() == long.tolist() and len(set(short.tolist())) > 1


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
    smaller, *_ = restrict(with_pairs(forest, len(group)), status, r)
    w = np.full(len(goal.offset), 1 / len(goal.offset))
    before = status.copy()
    outcome, found, _, x, *_, share, _, by_size, _ = tighten(
        smaller,
        goal.weights,
        goal.offset - level,
        status,
        group,
        r,
        w,
        np.zeros(smaller.n_links + len(smaller.pair_couple) + len(smaller.couple), np.float32),
        -0.1,
        0.0,
        80,
        20,
    )
    assert (share >= 0).all() and share.sum() <= r + ROUNDING  # top_r takes at most r items a step
    assert not share[before != FREE].any()
    assert (x[found.n_links :][: len(found.pair_couple)] >= 0).all()  # the bound is none for prices below 0
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
