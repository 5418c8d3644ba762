"""Random small ensembles: thresholds on data values, missing directions, uneven covers, features tested again."""

from __future__ import annotations

import numpy as np

from explainers.trees.ensemble import TreeEnsemble, build
from explainers.trees.forms import Tree


def random_tree(rng: np.random.Generator, p: int, depth: int, width: int, features=None) -> Tree:
    """A tree grown at random; each inner node stops early with probability 0.2."""
    column, threshold, missing, left, right, cover, value = [], [], [], [], [], [], []

    def grow(level: int, weight: float) -> int:
        k = len(column)
        for store, empty in (
            (column, -1), (threshold, 0.0), (missing, False), (left, -1), (right, -1),
            (cover, weight), (value, rng.normal(size=width)),
        ):  # fmt: skip
            store.append(empty)
        if level < depth and (level == 0 or rng.random() > 0.2):
            column[k] = int(rng.choice(features if features is not None else p))
            threshold[k] = float(rng.integers(-1, 2))
            missing[k] = bool(rng.random() < 0.5)
            share = rng.choice([0.0, 0.1, 0.5, 0.8]) if level else 0.4
            left[k] = grow(level + 1, weight * share)
            right[k] = grow(level + 1, weight * (1 - share))
        return k

    grow(0, 100.0)
    return Tree(*map(np.array, (column, threshold, missing, left, right, cover, value)))


def random_ensemble(
    seed: int, p: int = 5, trees: int = 3, depth: int = 4, width: int = 1, features=None
) -> TreeEnsemble:
    """Several random trees with a base."""
    rng = np.random.default_rng(seed)
    grown = [random_tree(rng, p, depth, width, features) for _ in range(trees)]
    names = [f"f{i}" for i in range(p)]
    return build(grown, names, [f"o{i}" for i in range(width)], "value", rng.normal(size=width))


def random_rows(seed: int, n: int, p: int = 5) -> np.ndarray:
    """Small whole numbers, often equal to a threshold, a fifth missing."""
    rng = np.random.default_rng([seed, 1])
    X = rng.integers(-2, 3, (n, p)).astype(float)
    X[rng.random(X.shape) < 0.2] = np.nan
    return X
