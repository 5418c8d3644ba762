"""A first answer without proof: grow sets item by item, keeping the best few."""

from __future__ import annotations

import numpy as np

from explainers.trees.search.forest import FREE, Forest
from explainers.trees.search.restriction import single_effects
from explainers.trees.search.rules import TOLERANCE, Goal, Rules

__all__ = ["first_found"]

WIDTH = 8


def first_found(
    forest: Forest,
    goal: Goal,
    rules: Rules,
    size: int,
    *,
    width: int = WIDTH,
    start: np.ndarray | None = None,
) -> tuple[int, ...] | None:
    """A set of at most `size` items that reaches the goal, or None where the beam meets none.

    Every score is exact; only the choice which sets to grow further is a guess. A single item that reaches the
    goal is never missed.
    """
    beam: list[tuple[tuple[int, ...], np.ndarray]] = [((), rules.start() if start is None else start)]
    for _ in range(size):
        scores, parents, items = [], [], []
        for position, (_, status) in enumerate(beam):
            now, effect = single_effects(forest, status)
            free = np.flatnonzero(status == FREE)
            scores.append(goal.score(now + effect[free]))
            parents.append(np.full(len(free), position))
            items.append(free)
        score, parent, item = np.concatenate(scores), np.concatenate(parents), np.concatenate(items)
        grown: dict[frozenset[int], tuple[tuple[int, ...], np.ndarray]] = {}
        for a in np.argsort(-score, kind="stable"):
            chosen, status = beam[parent[a]]
            grown_set = (*chosen, int(item[a]))
            if score[a] > TOLERANCE and rules.admit(grown_set):
                return tuple(sorted(grown_set))
            if len(grown) == width:
                if score[a] <= TOLERANCE:
                    break
                continue
            key = frozenset(grown_set)
            status = status.copy()
            if key not in grown and rules.choose(status, int(item[a])):
                grown[key] = (grown_set, status)
        beam = list(grown.values())
        if not beam:
            return None
    return None
