"""Smallest covers against trying every subset and against integer programming; limits and refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from explainers.trees.search import covering
from explainers.trees.search.covering import cover_within, least_cover


def covers(items, sets):
    return all(items[s].any() for s in sets)


def random_sets(rng, n, m, longest):
    return [rng.permutation(n)[: int(rng.integers(1, min(n, longest) + 1))] for _ in range(m)]


def fewest_by_trying(sets, n):
    for size in range(n + 1):
        for chosen in itertools.combinations(range(n), size):
            items = np.zeros(n, bool)
            items[list(chosen)] = True
            if covers(items, sets):
                return size
    raise AssertionError("the whole is a cover")


def fewest_by_integer_programming(sets, n):
    table = np.zeros((len(sets), n))
    for row, items in zip(table, sets, strict=True):
        row[items] = 1
    answer = milp(
        np.ones(n),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(table, 1, np.inf),
    )
    return round(answer.fun)


def test_covers_match_trying_every_subset():
    rng = np.random.default_rng(0)
    for _ in range(400):
        n = int(rng.integers(1, 10))
        sets = random_sets(rng, n, int(rng.integers(0, 16)), 5)
        fewest = fewest_by_trying(sets, n)
        assert least_cover(sets, n, n) == fewest
        for most in range(n + 1):
            found = cover_within(sets, n, most)
            assert found.settled and (found.items is not None) == (most >= fewest)
            if found.items is not None:
                assert covers(found.items, sets) and found.items.sum() <= most


@pytest.mark.parametrize("seed", range(6))
def test_covers_of_many_sets_match_integer_programming(seed):
    rng = np.random.default_rng(seed)
    n, m, longest = [(30, 120, 6), (45, 200, 8), (60, 90, 4), (70, 60, 10), (130, 80, 5), (40, 400, 5)][seed]
    sets = random_sets(rng, n, m, longest)
    assert least_cover(sets, n, n) == fewest_by_integer_programming(sets, n)


def test_a_search_ended_early_says_so_and_one_in_pieces_finds_the_same(monkeypatch):
    rng = np.random.default_rng(3)
    sets = [rng.permutation(45)[:5] for _ in range(200)]
    fewest = least_cover(sets, 45, 45)
    whole = cover_within(sets, 45, fewest - 1)
    assert whole.settled and whole.items is None and whole.n_nodes > 50
    looks = iter([False, True])
    monkeypatch.setattr(covering, "NODES_AT_ONCE", 5)
    ended = cover_within(sets, 45, fewest - 1, lambda: next(looks))
    assert ended.items is None and not ended.settled and ended.n_nodes == 5
    in_pieces = cover_within(sets, 45, fewest - 1)
    assert in_pieces.settled and in_pieces.items is None and in_pieces.n_nodes == whole.n_nodes
    looks = iter([False] * fewest + [True] * 1000)
    assert least_cover(sets, 45, 45, lambda: next(looks)) < fewest


def test_sets_that_hold_another_and_repeated_ones_change_nothing():
    sets = [np.array(s) for s in ([0, 1], [1, 0], [0, 1, 2], [2, 3])]
    assert least_cover(sets, 5, 5) == 2
    assert least_cover([], 5, 5) == 0
    nothing = cover_within([], 5, 0)
    assert nothing.settled and nothing.items is not None and not nothing.items.any()


def test_a_set_without_items_is_refused():
    with pytest.raises(ValueError, match="needs one item or more"):
        cover_within([np.array([0]), np.array([], int)], 3, 3)
