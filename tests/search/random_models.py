"""Random tree ensembles with every kind of feature that a search can change, and the slow truth about them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from explainers.trees.ensemble import TreeEnsemble, build
from explainers.trees.forms import Tree


@dataclass
class Case:
    """A model, a patient, the changes that may be made, and per changeable thing its positions in `changes`."""

    ensemble: TreeEnsemble
    row: np.ndarray
    changes: list[dict[int, float]]
    groups: list[list[int]]


def random_tree(rng, thresholds: list[np.ndarray], n_outputs: int, depth: int, width: int) -> Tree:
    """One random tree; a feature may be tested again on a path."""
    column, threshold, missing, left, right, value = [], [], [], [], [], []

    def grow(level: int) -> int:
        k = len(column)
        for array in (column, threshold, missing, left, right, value):
            array.append(0)
        value[k] = np.zeros(width)
        if level == depth or (level > 0 and rng.random() < 0.15):
            column[k], left[k], right[k] = -1, -1, -1
            value[k] = rng.normal(size=width)
        else:
            f = int(rng.integers(len(thresholds)))
            column[k], threshold[k], missing[k] = f, float(rng.choice(thresholds[f])), bool(rng.integers(2))
            left[k], right[k] = grow(level + 1), grow(level + 1)
        return k

    grow(0)
    output = 0 if width == n_outputs else int(rng.integers(n_outputs))
    return Tree(
        np.array(column), np.array(threshold, float), np.array(missing, bool), np.array(left), np.array(right),
        np.ones(len(column)), np.array(value, float), output,
    )  # fmt: skip


def random_case(
    seed: int,
    *,
    kinds: str = "bbbbbbbb",
    n_outputs: int = 3,
    n_trees: int = 12,
    depth: int = 4,
    dense: bool = False,
) -> Case:
    """A case with one feature for each letter of `kinds`.

    b: 0 or 1; s: 0, 1 or missing; n: a number with four thresholds; c: three columns of which one is 1 (a category);
    f: a number that must not change.
    """
    rng = np.random.default_rng(seed)
    thresholds: list[np.ndarray] = []
    row: list[float] = []
    changes: list[dict[int, float]] = []
    groups: list[list[int]] = []
    for kind in kinds:
        f = len(row)
        alternatives: list[dict[int, float]] = []
        if kind == "b":
            row.append(float(rng.integers(2)))
            thresholds.append(np.array([0.5]))
            alternatives = [{f: 1 - row[f]}]
        elif kind == "s":
            row.append(float(rng.choice([0.0, 1.0, np.nan])))
            thresholds.append(np.array([0.5]))
            alternatives = [
                {f: v} for v in (0.0, 1.0, np.nan) if not (v == row[f] or (v != v and row[f] != row[f]))
            ]
        elif kind in "nf":
            cuts = np.sort(rng.normal(size=4))
            row.append(float(rng.normal()))
            thresholds.append(cuts)
            if kind == "n":
                values = [cuts[0] - 1, *(cuts[:-1] + np.diff(cuts) / 2), cuts[-1] + 1]
                same = int(np.searchsorted(cuts, row[f]))
                alternatives = [{f: float(v)} for a, v in enumerate(values) if a != same]
        else:
            level = int(rng.integers(3))
            row += [float(a == level) for a in range(3)]
            thresholds += [np.array([0.5])] * 3
            alternatives = [{f + a: float(a == b) for a in range(3)} for b in range(3) if b != level]
        if alternatives:
            groups.append(list(range(len(changes), len(changes) + len(alternatives))))
            changes += alternatives
    width = n_outputs if dense else 1
    trees = [random_tree(rng, thresholds, n_outputs, depth, width) for _ in range(n_trees)]
    names = [f"x{a}" for a in range(len(row))]
    ensemble = build(
        trees, names, [f"y{c}" for c in range(n_outputs)], "log-odds", rng.normal(size=n_outputs)
    )
    return Case(ensemble, np.array(row), changes, groups)


def every_set(case: Case) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """All sets of changes with at most one of a group, and the model's outputs after each."""
    options = [[None, *group] for group in case.groups]
    sets = [tuple(sorted(i for i in choice if i is not None)) for choice in itertools.product(*options)]
    rows = np.repeat(case.row[None], len(sets), axis=0)
    for a, chosen in enumerate(sets):
        for i in chosen:
            for f, v in case.changes[i].items():
                rows[a, f] = v
    return sets, case.ensemble.predict(rows)


def keeps(chosen: tuple[int, ...], apart, needs) -> bool:
    """The rules, read off plainly."""
    inside = set(chosen)
    if any(a in inside and b in inside for a, b in apart):
        return False
    return all(i not in inside or inside & set(others) for i, others in needs)


def smallest_by_trying(
    sets, scores, tolerance: float, apart=(), needs=()
) -> tuple[int | None, set[tuple[int, ...]]]:
    """Size and list of the smallest sets that win."""
    winners = [s for s, v in zip(sets, scores, strict=True) if v > tolerance and keeps(s, apart, needs)]
    if not winners:
        return None, set()
    size = min(map(len, winners))
    return size, {s for s in winners if len(s) == size}
