"""Neighbouring intervals of a number that do alike: one set of changes with the joined interval instead of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatVector
from explainers.smallest.candidates import Candidates
from explainers.smallest.number_values import is_whole

__all__ = ["JoinedSet", "joined_sets", "ranked_sets"]

# Candidate changes of one feature: one state or level, or neighbouring intervals of one number from low to high.
Part = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JoinedSet:
    """Sets of changes that are the same but for neighbouring intervals of numbers.

    Parameters
    ----------
    parts : tuple of tuples of candidate changes
        One for each feature that changes. Whichever change is taken from each part, it is one of the sets.
    shown : tuple of candidate changes
        The one set that stands for all of them, one change of each part.
    """

    parts: tuple[Part, ...]
    shown: tuple[int, ...]


def ranked_sets(
    made: Candidates, reached: Mapping[tuple[int, ...], FloatVector], target: int, before: FloatVector
) -> list[tuple[JoinedSet, FloatVector, int | None]]:
    """Joined sets by size, then by training patients who share the changed values, then by how much the target moves.

    Each comes with the answers (k,) after the changes shown, and with the number of those training patients, which
    counts every interval of a joined set; None without training patients.

    Parameters
    ----------
    reached : mapping from a set of changes, in ascending order, to the answers (k,) after it
        All sets that reach the goal.
    target : int
        The option that the goal is about.
    before : array (k,)
    """
    seen = made.seen()
    rows = []
    for s in joined_sets(made, reached, seen):
        p = reached[tuple(sorted(s.shown))]
        count = None
        if seen is not None:
            alike = np.ones(len(seen), dtype=bool)
            for part in s.parts:
                alike &= seen[:, list(part)].any(axis=1)
            count = int(alike.sum())
        chance = 1.0 if made.chance is None else float(np.nanprod(made.chance[list(s.shown)]))
        moved = abs(float(p[target] - before[target]))
        rows.append((len(s.parts), -chance, -(count or 0), -moved, s.parts, s, p, count))
    rows.sort(key=lambda r: r[:5])
    return [(s, p, count) for *_, s, p, count in rows]


def joined_sets(
    made: Candidates, sets: Iterable[Sequence[int]], seen: NDArray[np.bool_] | None
) -> list[JoinedSet]:
    """Sets of changes, joined for as long as two of them are the same but for intervals of a number that touch.

    Each of the given sets is in exactly one of the joined ones, and nothing else is. Of each number that set is shown
    whose value is the nearest to what is recorded, or where nothing is recorded, the value most training patients have.

    Parameters
    ----------
    seen : bool array (n_training, n_changes) or None
        Which training patients have which change's new value.
    """
    chosen = {tuple(_in_order(made, s)) for s in sets}
    numbers = sorted({int(made.feature[i]) for s in chosen for i in s if _is_number(made, i)})
    boxes: list[tuple[Part, ...]] = sorted(tuple((i,) for i in s) for s in chosen)
    values = made.recorded()
    now = {f: None if (value := values[f]) is None else float(value) for f in numbers}
    before = -1
    while before != len(boxes):  # what was joined along one number can be joined along another
        before = len(boxes)
        for feature in numbers:
            boxes = _joined_along(made, boxes, feature, now[feature])
    return [JoinedSet(box, tuple(_nearest(made, part, now, seen) for part in box)) for box in boxes]


def _in_order(made: Candidates, chosen: Sequence[int]) -> list[int]:
    return sorted(map(int, chosen), key=lambda i: (int(made.feature[i]), i))


def _is_number(made: Candidates, i: int) -> bool:
    return not math.isnan(made.interval[i, 0])


def _joined_along(
    made: Candidates, boxes: list[tuple[Part, ...]], feature: int, now: float | None
) -> list[tuple[Part, ...]]:
    """The boxes, those joined that differ in intervals of one number which touch."""
    alike: dict[tuple[Part, ...], list[Part]] = {}
    joined = []
    for box in boxes:
        others = tuple(part for part in box if made.feature[part[0]] != feature)
        if len(others) == len(box):
            joined.append(box)
        else:
            (own,) = (part for part in box if made.feature[part[0]] == feature)
            alike.setdefault(others, []).append(own)
    for others, parts in alike.items():
        runs: list[Part] = []
        for part in sorted(parts, key=lambda p: float(made.interval[p[0], 0])):
            if runs and _touch(made, runs[-1][-1], part[0], now):
                runs[-1] += part
            else:
                runs.append(part)
        joined += [tuple(sorted((*others, run), key=lambda p: int(made.feature[p[0]]))) for run in runs]
    return sorted(joined)


def _touch(made: Candidates, below: int, above: int, now: float | None) -> bool:
    """Whether no value lies between two intervals, neither the recorded one nor another that the number could have."""
    end, start = float(made.interval[below, 1]), float(made.interval[above, 0])
    if end == start:
        return True
    whole = is_whole(made.bundle.schema.features[made.feature[below]])
    return whole and math.floor(end) == math.floor(start) and not (now is not None and end < now <= start)


def _nearest(
    made: Candidates, part: Part, now: dict[int, float | None], seen: NDArray[np.bool_] | None
) -> int:
    if len(part) == 1:
        return part[0]
    here = now[int(made.feature[part[0]])]
    if here is not None:
        return min(part, key=lambda i: abs(float(made.edits[i].value or 0.0) - here))
    return part[0] if seen is None else max(part, key=lambda i: int(seen[:, i].sum()))
