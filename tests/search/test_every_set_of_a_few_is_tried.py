"""Laws of closing a node by trying every set: coefficients are exact, bounds lose nothing, winners are all found."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from explainers.trees.ensemble import build
from explainers.trees.forms import Tree
from explainers.trees.search.closing import TooMany, collect, narrowed, values, winning_sets
from explainers.trees.search.coefficients import MOST_LEFT, Tables, count_terms, tables
from explainers.trees.search.first_items import beginnings
from explainers.trees.search.fixing import forest_of
from explainers.trees.search.forest import CHOSEN, FREE
from explainers.trees.search.restriction import restrict
from explainers.trees.search.rules import TOLERANCE, Goal
from tests.search.random_models import random_case
from tests.search.test_bound_is_never_below_the_truth import prepared, random_status, reachable

CLOSE = 1e-9


def value(table: Tables, chosen: tuple[int, ...]) -> np.ndarray:
    """The sum of the coefficients of all parts of a set, looked up one by one, (J,)."""
    total = table.level.copy()
    for i in chosen:
        total += table.single[:, i]
    for i, j in combinations(chosen, 2):
        total += table.pair[:, i, j]
    for i in chosen:
        for a in range(table.start[i], table.start[i + 1]):
            if {int(j) for j in table.others[a] if j >= 0} <= set(chosen):
                total += table.more[:, a]
    return total


def case(seed: int, left: int):
    """A node with its tables, and the true outputs of every set of up to `left` free items (by position in `free`)."""
    rng = np.random.default_rng(seed)
    forest, group, as_items, outputs, goal = prepared(seed)
    status = random_status(rng, group)
    if not (status == FREE).any():
        status[:] = FREE
    free = rng.permutation(np.flatnonzero(status == FREE))
    chosen = set(np.flatnonzero(status == CHOSEN))
    position = {int(i): a for a, i in enumerate(free)}
    truth = {
        tuple(sorted(position[i] for i in as_items[a] - chosen)): outputs[a]
        for a in reachable(status, as_items, left)
    }
    return restrict(forest, status, left)[0], free, group, goal, truth


@pytest.mark.parametrize("left", range(2, MOST_LEFT + 1))
@pytest.mark.parametrize("seed", range(20))
def test_coefficients_add_up_to_what_the_model_says(seed, left):
    forest, free, _, goal, truth = case(seed, left)
    table = tables(forest, free, goal.weights, goal.offset, left)
    for chosen, outputs in truth.items():
        assert value(table, chosen) == pytest.approx(goal.weights @ outputs + goal.offset, abs=CLOSE)
    sets = np.array([[*s, *[-1] * (left - len(s))] for s in truth], np.int32)
    expected = [goal.weights @ outputs + goal.offset for outputs in truth.values()]
    np.testing.assert_allclose(values(table, sets), expected, atol=CLOSE)


@pytest.mark.parametrize("left", range(3, MOST_LEFT + 1))
@pytest.mark.parametrize("seed", range(20))
def test_given_a_first_item_the_coefficients_are_those_of_the_sets_that_begin_with_it(seed, left):
    rng = np.random.default_rng(seed)
    forest, free, _, goal, truth = case(seed, left)
    table = tables(forest, free, goal.weights[:1], goal.offset[:1], left)
    for first in range(len(free) - 1):
        few = np.sort(rng.permutation(np.arange(first + 1, len(free)))[: int(rng.integers(1, 6))])
        rest = narrowed(table, first, few.astype(np.int32), left - 1)
        for chosen in truth:
            if chosen and chosen[0] == first and set(chosen[1:]) <= set(few.tolist()):
                assert value(rest, tuple(few.tolist().index(i) for i in chosen[1:])) == pytest.approx(
                    value(table, chosen), abs=CLOSE
                )


@pytest.mark.parametrize("left", range(3, MOST_LEFT + 1))
@pytest.mark.parametrize("seed", range(60))
def test_no_set_over_the_level_is_passed_over(seed, left):
    rng = np.random.default_rng(seed)
    forest, free, _, goal, truth = case(seed, left)
    w = rng.dirichlet(np.ones(len(goal.offset)))[None]
    one = tables(forest, free, w @ goal.weights, w @ goal.offset, left)
    scores = {s: float((w @ (goal.weights @ v + goal.offset))[0]) for s, v in truth.items()}
    for level in np.quantile(list(scores.values()), [0.5, 0.9, 0.99, 1.0]):
        which, start, later = beginnings(one, left, level - CLOSE)
        may_follow = {int(i): set(later[start[x] : start[x + 1]].tolist()) for x, i in enumerate(which)}
        for chosen, score in scores.items():
            if chosen and score > level:
                assert chosen[0] in may_follow and set(chosen[1:]) <= may_follow[chosen[0]]


def test_first_items_are_passed_over_where_nothing_can_win():
    forest, free, _, goal, truth = case(3, 4)
    one = tables(forest, free, goal.weights[:1], goal.offset[:1], 4)
    best = max(float(goal.weights[0] @ v + goal.offset[0]) for v in truth.values())
    assert len(beginnings(one, 4, best - 1.0)[0]) > 0
    assert len(beginnings(one, 4, best + 1000.0)[0]) == 0


@pytest.mark.parametrize("seed", range(20))
def test_terms_are_counted_before_they_are_multiplied_out(seed):
    forest, *_ = case(seed, 4)
    expected = 0
    for box in range(forest.value.shape[1]):
        of_size, node = [1, 0, 0, 0, 0], int(forest.box_node[box])
        while forest.above[node] != node:
            literal = int(forest.node_literal[node])
            slot, u = forest.literal_slot[literal], int(forest.unchanged[literal])
            here = range(forest.link_start[slot], forest.link_start[slot + 1])
            allowed = set(
                forest.allowed[forest.allowed_start[literal] : forest.allowed_start[literal + 1]].tolist()
            )
            moved = sum(
                forest.item_start[q + 1] - forest.item_start[q] for q in here if (q in allowed) != bool(u)
            )
            of_size = [u * of_size[n] + (int(moved) * of_size[n - 1] if n else 0) for n in range(5)]
            node = int(forest.above[node])
        expected += sum(of_size)
    assert count_terms(forest, 4) == expected


def all_of(features: list[int]) -> Tree:
    """A tree that adds 1 where all of some features are 1."""
    n = len(features)
    inner = np.arange(n)
    column, left, right = np.full(2 * n + 1, -1), np.full(2 * n + 1, -1), np.full(2 * n + 1, -1)
    column[:n], left[:n], right[:n] = features, n + inner, np.append(inner[1:], 2 * n)
    value = np.zeros((2 * n + 1, 1))
    value[-1] = 1.0
    return Tree(
        column, np.full(2 * n + 1, 0.5), np.zeros(2 * n + 1, bool), left, right, np.ones(2 * n + 1), value
    )


@pytest.mark.parametrize(
    "trees", [[[0, 1, 2, 3]], [[0], [1, 2, 3]], [[0, 1], [1, 2, 3]], [[0, 1, 2], [0, 1, 3]]]
)
def test_items_that_do_nothing_alone_are_not_passed_over(trees):
    model = build([all_of(t) for t in trees], list("abcd"), ["y"], "value", [0.0])
    forest, group, _ = forest_of(model, np.zeros(4), [{f: 1.0} for f in range(4)], 4)
    goal = Goal.over(0, 1, len(trees) - 0.01)
    one = tables(forest, np.arange(4), goal.weights, goal.offset, 4)
    assert 0 in beginnings(one, 4, 0.0)[0]
    found = list(winning_sets(forest, np.arange(4), group, goal, np.ones(1), 2, 4, 0.0))
    assert [sorted(s.tolist()) for part in found for s in part] == [[0, 1, 2, 3]]


@pytest.mark.parametrize("smallest", [2, 3])
@pytest.mark.parametrize("left", range(2, MOST_LEFT + 1))
@pytest.mark.parametrize("seed", range(20))
def test_all_sets_that_reach_the_goal_are_found_whatever_the_weights(seed, left, smallest):
    rng = np.random.default_rng(seed)
    forest, free, group, goal, truth = case(seed, left)
    scores = {s: float(goal.score(v)) for s, v in truth.items()}
    level = float(np.quantile(list(scores.values()), rng.choice([0.5, 0.9])))
    goal = Goal(goal.weights, goal.offset - level)
    expected = {
        tuple(sorted(int(free[i]) for i in s))
        for s, v in scores.items()
        if v - level > TOLERANCE and len(s) >= smallest
    }
    w = rng.dirichlet(np.ones(len(goal.offset)))
    found = [
        tuple(sorted(map(int, s)))
        for part in winning_sets(forest, np.sort(free), group, goal, w, smallest, left, TOLERANCE / 2)
        for s in part
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("limit", ["MOST_LOOKS", "MOST_TERMS", "MOST_FAILED", "MOST_FOUND"])
def test_too_many_sets_to_try_are_said_to_be(monkeypatch, limit):
    forest, free, group, goal, _ = case(1, 4)
    goal = Goal(
        goal.weights, goal.offset - 1000.0
    )  # the mean of the expressions is over any level, no set wins
    monkeypatch.setattr(f"explainers.trees.search.closing.{limit}", 0)
    with pytest.raises(TooMany):
        list(winning_sets(forest, free, group, goal, np.full(len(goal.offset), 0.5), 2, 4, -math.inf))


@pytest.mark.parametrize("left", range(2, MOST_LEFT + 1))
@pytest.mark.parametrize("enough", [1, 7, 10_000])
def test_a_look_that_is_cut_short_goes_on_where_it_ended(left, enough):
    rng = np.random.default_rng(left)
    case = random_case(5, kinds="b" * 14, n_outputs=1, n_trees=20)
    forest, group, _ = forest_of(case.ensemble, case.row, case.changes, left)
    one = tables(forest, np.arange(14), np.ones((1, 1)), np.zeros(1), left)
    every = [s for size in range(2, left + 1) for s in combinations(range(14), size)]
    expected = {s: float(value(one, s)[0]) for s in every}
    level = float(np.quantile(list(expected.values()), rng.uniform(0.2, 0.6)))
    found, first, parts = [], 0, 0
    while first < 14:
        sets, first, _ = collect(one, group, left, 2, level, first, enough, 10**6, 10**6)
        found += [tuple(int(i) for i in s if i >= 0) for s in sets]
        parts += 1
    assert len(found) == len(set(found)) and set(found) == {s for s, v in expected.items() if v > level}
    assert left == 2 or (parts == 1) == (enough == 10_000)


def random_tables(rng: np.random.Generator, m: int, left: int) -> Tables:
    """Coefficients of any sets of up to `left` items, positive and negative, as boxes of few features do not give them."""
    few = rng.uniform(0.3, 1.0)
    sets = [s for o in range(3, left + 1) for s in combinations(range(m), o) if rng.random() < few]
    sets.sort(key=lambda s: s[0])
    others = np.full((len(sets), MOST_LEFT - 1), -1, np.int32)
    for row, chosen in zip(others, sets, strict=True):
        row[: len(chosen) - 1] = chosen[1:]
    start = np.searchsorted([s[0] for s in sets], np.arange(m + 1)).astype(np.int64)
    pair = np.triu(rng.normal(size=(m, m)), 1) * rng.choice([0.1, 1.0])
    more = rng.normal(rng.choice([-0.5, 0.0, 0.5]), 1.0, (1, len(sets)))
    single = rng.normal(-0.5, 1.0, (1, m))
    return Tables(np.zeros(1), single, (pair + pair.T)[None], start, others, more)


@pytest.mark.parametrize("left", [3, 4])
@pytest.mark.parametrize("seed", range(200))
def test_no_set_is_passed_over_whatever_the_coefficients(seed, left):
    rng = np.random.default_rng(seed)
    m = int(rng.integers(left, 8))
    one = random_tables(rng, m, left)
    expected = {
        s: float(value(one, s)[0]) for size in range(2, left + 1) for s in combinations(range(m), size)
    }
    ranked = np.sort(list(expected.values()))
    for level in (ranked[-1] - CLOSE, ranked[len(ranked) * 4 // 5] - CLOSE):
        found, *_ = collect(one, np.arange(m), left, 2, level, 0, 10_000, 10**6, 10**6)
        assert {tuple(int(i) for i in s if i >= 0) for s in found} == {
            s for s, v in expected.items() if v > level
        }


def test_a_box_of_many_terms_finds_room():
    """A chain of ten numbers; off it five other intervals each: 146,250 sets of three and four ask for the last box."""
    n, others = 10, 5
    column, threshold = np.full(2 * n + 1, -1), np.zeros(2 * n + 1)
    left, right = np.full(2 * n + 1, -1), np.full(2 * n + 1, -1)
    column[:n], threshold[:n] = np.arange(n), 0.5
    left[:n], right[:n] = np.append(np.arange(1, n), 2 * n), n + np.arange(n)
    worth = np.zeros((2 * n + 1, 1))
    worth[-1] = 1.0
    chain = Tree(column, threshold, np.zeros(2 * n + 1, bool), left, right, np.ones(2 * n + 1), worth)
    model = build([chain], [f"f{i}" for i in range(n)], ["y"], "value", [0.0])
    changes = [{f: float(v)} for f in range(n) for v in range(1, others + 1)]
    forest, _, order = forest_of(model, np.zeros(n), changes, 4)
    table = tables(forest, np.arange(len(changes)), np.ones((1, 1)), np.zeros(1), 4)
    assert len(table.others) >= 146_250
    rng = np.random.default_rng(0)
    for _ in range(200):
        features = np.sort(rng.choice(n, int(rng.integers(0, 5)), replace=False))
        chosen = tuple(int(f * others + rng.integers(others)) for f in features)
        row = np.zeros(n)
        for i in chosen:
            row[list(changes[order[i]])] = list(changes[order[i]].values())
        expected = float(model.predict(row[None])[0, 0])
        assert values(table, np.array([[*chosen, *[-1] * (4 - len(chosen))]], np.int32))[
            0, 0
        ] == pytest.approx(expected)


def test_more_items_than_the_keys_can_tell_apart_are_refused():
    forest, *_ = case(1, 4)
    with pytest.raises(AssertionError, match="too many items"):
        tables(forest, np.arange(1023), np.ones((1, 3)), np.zeros(1), 4)
