"""Slow plain twins of the tree engine: every coalition, every set of changes, straight from the definitions.

Nothing here shares code with `explainers.trees` beyond the trees' own arrays of children, thresholds and covers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np


def shapley_of_game(game: dict[frozenset[int], np.ndarray], p: int) -> np.ndarray:
    """Shapley values (p, k) of a game given by the worth (k,) of each of its 2^p coalitions."""
    values = np.zeros((p, len(game[frozenset()])))
    for coalition, worth in game.items():
        for j in range(p):
            if j not in coalition:
                s = len(coalition)
                weight = math.factorial(s) * math.factorial(p - s - 1) / math.factorial(p)
                values[j] += weight * (game[coalition | {j}] - worth)
    return values


def interactions_of_game(game: dict[frozenset[int], np.ndarray], p: int) -> np.ndarray:
    """Shapley interaction index halved to each side, main effects on the diagonal: (p, p, k), sums to the score."""
    out = np.zeros((p, p, len(game[frozenset()])))
    for coalition, worth in game.items():
        for i, j in itertools.combinations([q for q in range(p) if q not in coalition], 2):
            s = len(coalition)
            weight = math.factorial(s) * math.factorial(p - s - 2) / math.factorial(p - 1)
            joint = game[coalition | {i, j}] - game[coalition | {i}] - game[coalition | {j}] + worth
            out[i, j] += weight * joint / 2
            out[j, i] += weight * joint / 2
    main = shapley_of_game(game, p) - out.sum(1)
    out[np.arange(p), np.arange(p)] = main
    return out


def coalitions(p: int) -> list[frozenset[int]]:
    """All 2^p coalitions."""
    return [frozenset(c) for size in range(p + 1) for c in itertools.combinations(range(p), size)]


def interventional_game(
    predict: Callable[[np.ndarray], np.ndarray], row: np.ndarray, background: np.ndarray
) -> dict[frozenset[int], np.ndarray]:
    """Mean output over the background with the coalition's features set to the row's."""
    p = len(row)
    members = coalitions(p)
    mixed = np.repeat(background[None], len(members), 0)
    for i, coalition in enumerate(members):
        mixed[i][:, sorted(coalition)] = row[sorted(coalition)]
    output = predict(mixed.reshape(-1, p)).reshape(len(members), len(background), -1).mean(1)
    return dict(zip(members, output, strict=True))


def path_dependent_game(ensemble, row: np.ndarray) -> dict[frozenset[int], np.ndarray]:
    """Each tree walked from its root; outside the coalition both children are visited, by their training weight."""
    x = ensemble.rows(row)[0]
    nodes, feature_of = (
        ensemble.nodes,
        {j: c.feature for j, c in enumerate(ensemble.coded, ensemble.n_features)},
    )

    def walk(k: int, coalition: frozenset[int]) -> np.ndarray:
        if nodes.column[k] < 0:
            return ensemble.boxes.value[nodes.leaf[k]]
        column = int(nodes.column[k])
        left, right = k + 1, int(nodes.right[k])
        if feature_of.get(column, column) in coalition:
            v = x[column]
            if np.isnan(v):
                goes_left = nodes.missing_left[k] == 1
            elif nodes.set_row[k] >= 0:
                goes_left = nodes.left_sets[nodes.set_row[k], int(v)] == 1
            else:
                goes_left = v <= nodes.threshold[k]
            return walk(left if goes_left else right, coalition)
        share = _share_left(nodes, k)
        return share * walk(left, coalition) + (1 - share) * walk(right, coalition)

    game = {}
    for coalition in coalitions(len(row)):
        worth = np.array(ensemble.base)
        for t, root in enumerate(nodes.start[:-1]):
            value = walk(int(root), coalition)
            worth[nodes.output[t] : nodes.output[t] + len(value)] += value
        game[coalition] = worth
    return game


def _share_left(nodes, k: int) -> float:
    """Share of a node's own training weight that goes left, from the cumulative ratios of its two edges."""
    left, right = nodes.ratio[k + 1], nodes.ratio[nodes.right[k]]
    return left / (left + right) if left + right > 0 else 0.5


def all_change_sets(changes: list[tuple[int, float]], most: int) -> list[tuple[int, ...]]:
    """Positions of all sets of at most `most` changes that alter each feature once."""
    return [
        s
        for size in range(most + 1)
        for s in itertools.combinations(range(len(changes)), size)
        if len({changes[i][0] for i in s}) == size
    ]


def changed(row: np.ndarray, changes: list[tuple[int, float]], chosen: tuple[int, ...]) -> np.ndarray:
    """The row after the chosen changes."""
    out = np.array(row, float)
    for i in chosen:
        out[changes[i][0]] = changes[i][1]
    return out
