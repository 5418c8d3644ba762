"""The search against the slow truth: every set of changes tried on random ensembles."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from explainers.trees.search import TOLERANCE, Goal, Rules, smallest_sets
from explainers.trees.search.branching import Budget, ask
from explainers.trees.search.fixing import additive_forest, forest_of
from explainers.trees.search.solving import solve
from tests.search.random_models import every_set, random_case, smallest_by_trying

NO_LIMIT = {"time_limit_s": 1e9, "node_limit": 10**9, "most_sets": 10**6}
KINDS = ("bbbbbbbbbb", "ssssss", "bbsnc", "nnnf", "cbbsbn", "bbbbbbbbbbb")


def goals_for(rng, outputs):
    """One goal of each kind, at levels from easy to out of reach."""
    k = outputs.shape[1]
    c = int(rng.integers(k))
    share = float(rng.choice([0.5, 0.9, 0.99, 0.999, 1.0]))
    yield Goal.over(c, k, float(np.quantile(outputs[:, c], share)))
    yield Goal.under(c, k, float(np.quantile(outputs[:, c], 1 - share)))
    if k > 1:
        yield Goal.first(c, k)
        yield Goal.first(c, k, slope=rng.uniform(0.5, 2, k), intercept=3 * rng.normal(size=k))


def random_rules(rng, n_changes):
    """Pairs that stay apart, and changes that need another one (some of them can never be made)."""
    apart = [tuple(map(int, rng.choice(n_changes, 2, replace=False))) for _ in range(4)]
    needs = []
    for _ in range(3):
        i, *others = map(int, rng.choice(n_changes, int(rng.integers(1, 4)), replace=False))
        needs.append((i, others))
    return apart, needs


def check(case, goal, sets, scores, max_size, apart=(), needs=()):
    """One question, answered by the search and by trying."""
    size, expected = smallest_by_trying(sets, scores, TOLERANCE, apart, needs)
    result = smallest_sets(
        case.ensemble, case.row, case.changes, goal, max_size=max_size, apart=apart, needs=needs, **NO_LIMIT
    )
    if size is None or size > max_size:
        assert (result.status, result.size, result.sets) == ("none", None, ())
        assert result.ruled_out == max_size
    else:
        assert result.status == ("already so" if size == 0 else "proven")
        assert result.size == size
        assert set(result.sets) == expected and len(result.sets) == len(expected)
        assert result.all_listed
        assert result.ruled_out == size - 1
    return size


@pytest.mark.parametrize("block", range(4))
def test_size_and_list_of_all_smallest_sets_equal_those_found_by_trying(block):
    met = set()
    for seed in range(25 * block, 25 * block + 25):
        rng = np.random.default_rng(10**6 + seed)
        case = random_case(
            seed, kinds=KINDS[seed % 6], n_outputs=(1, 2, 3, 5)[seed % 4], n_trees=int(rng.integers(3, 25)),
            depth=int(rng.integers(2, 6)), dense=seed % 3 == 0,
        )  # fmt: skip
        sets, outputs = every_set(case)
        for goal in goals_for(rng, outputs):
            scores = goal.score(outputs)
            max_size = int(rng.choice([2, 4, 20]))
            met.add(check(case, goal, sets, scores, max_size))
            apart, needs = random_rules(rng, len(case.changes))
            check(case, goal, sets, scores, max_size, apart, needs)
    assert {None, 0, 1, 2, 3} <= met  # the cases are not all easy


@pytest.mark.parametrize("seed", range(12))
def test_sums_of_single_terms_and_a_rule_about_whole_sets(seed):
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(6), (1, 2, 1, 3, 2, 1))
    now, effect = rng.normal(size=3), rng.normal(size=(len(group), 3))
    forest = additive_forest(now, effect, group)
    sets = [
        s
        for n in range(7)
        for s in itertools.combinations(range(len(group)), n)
        if len(set(group[list(s)])) == n
    ]
    outputs = np.array([now + effect[list(s)].sum(0) for s in sets])
    had = rng.random((40, len(group))) < 0.5  # which of 40 patients have each item

    def together(chosen):
        return had[:, list(chosen)].all(1).sum() >= 5

    for goal in (Goal.first(int(now.argmin()), 3), Goal.over(0, 3, float(np.quantile(outputs[:, 0], 0.95)))):
        for rule in (None, together):
            allowed = [a for a, s in enumerate(sets) if rule is None or rule(s)]
            size, expected = smallest_by_trying(
                [sets[a] for a in allowed], goal.score(outputs[allowed]), TOLERANCE
            )
            result = solve(forest, Rules(group, together=rule), goal, max_size=6)
            assert (result.size, set(result.sets)) == (size, expected)


def test_many_trees_and_many_changes_together():
    for seed in range(3):
        case = random_case(seed, kinds="b" * 15, n_outputs=4, n_trees=120, depth=6)
        sets, outputs = every_set(case)
        order = np.argsort(outputs[0])
        for target in (order[0], order[2]):
            goal = Goal.first(int(target), 4)
            check(case, goal, sets, goal.score(outputs), 15)


@pytest.mark.parametrize("seed", range(16))
def test_a_smaller_question_may_start_from_the_bound_of_a_larger_one(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    if seed % 4 == 3:
        monkeypatch.setattr("explainers.trees.search.pairs.MOST_WITH_PAIRS", 0)
    case = random_case(seed, kinds=KINDS[seed % 6], n_outputs=3, n_trees=15, depth=5)
    sets, outputs = every_set(case)
    forest, group, order = forest_of(case.ensemble, case.row, case.changes, 5)
    position = np.argsort(order)
    apart, needs = random_rules(rng, len(case.changes))
    goal = Goal.over(0, 3, float(np.quantile(outputs[:, 0], 0.995)))
    for free in (True, False):
        rules = Rules(group) if free else Rules(
            group,
            [(int(position[a]), int(position[b])) for a, b in apart],
            [(int(position[i]), [int(position[j]) for j in others]) for i, others in needs],
        )  # fmt: skip
        scores = goal.score(outputs)
        size, _ = smallest_by_trying(sets, scores, TOLERANCE, *(() if free else (apart, needs)))
        reach = {
            tuple(sorted(int(position[i]) for i in s))
            for s, v in zip(sets, scores, strict=True)
            if v > TOLERANCE and len(s) == size
        }
        reach = {s for s in reach if rules.admit(s)}
        known = ask(forest, goal, rules, 5, Budget(10**9, math.inf)).root
        for smaller in range(5, 0, -1):
            answer = ask(forest, goal, rules, smaller, Budget(10**9, math.inf), known=known)
            assert answer.settled and bool(answer.sets) == (size is not None and size <= smaller)
            if smaller == size:
                every = ask(
                    forest, goal, rules, smaller, Budget(10**9, math.inf), known=known, most_sets=10**6
                )
                assert set(every.sets) == reach and every.settled
            known = answer.root or known
        answer = ask(
            forest, goal, rules, 5, Budget(10**9, math.inf), known=known
        )  # too small a question to build on
        assert answer.settled and bool(answer.sets) == (size is not None and size <= 5)


def test_a_known_bound_and_a_start_of_ones_own_are_not_mixed():
    case = random_case(0, kinds="bbbbbb", n_outputs=3, n_trees=15, depth=5)
    forest, group, _ = forest_of(case.ensemble, case.row, case.changes, 3)
    rules, goal = Rules(group), Goal.over(0, 3, 1000.0)
    known = ask(forest, goal, rules, 3, Budget(10, math.inf)).root
    with pytest.raises(ValueError, match="not both"):
        ask(forest, goal, rules, 2, Budget(10, math.inf), known=known, start=rules.start())
