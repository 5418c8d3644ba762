"""Every set of up to three changes, put through the model: for goals and models that no bound can decide."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix
from explainers.smallest.candidates import Candidates
from explainers.smallest.exact_engine import ExactEngine
from explainers.smallest.goals import Goal, standings_of_margins
from explainers.standings import Standings

__all__ = ["MOST_OF_NUMBERS", "Tried", "try_every_set"]

_BATCH = 4096
# Sets that a model without an exact form is asked about at most; larger sizes are left untried, and said so.
_MOST_ROWS = 300_000
_MOST_CHANGES = 3
# Nearer to a threshold than this, the model itself is asked: some sum their trees in single precision.
_CLOSE = 1e-6
# Winning sets that are kept; more where numbers move, since neighbouring intervals will be joined.
_MOST_LISTED, MOST_OF_NUMBERS = 2000, 10_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What trying found: the sets of the smallest size that reach the goal, and how far it got."""

    status: Literal["proven", "best found", "none within", "impossible", "open"]
    sets: tuple[tuple[int, ...], ...]
    ruled_out: int
    all_listed: bool
    n_tried: int
    ended_by: str | None


def try_every_set(
    made: Candidates,
    goal: Goal,
    engine: ExactEngine | None,
    abstained: NDArray[np.bool_],
    max_size: int,
    together: Callable[[tuple[int, ...]], bool] | None,
    time_limit_s: float,
    stop: Callable[[], bool] | None,
) -> Tried:
    """Sets of one change, then two, then three, until some of one size reach the goal.

    With tree engine the outputs come from its flip table, exact and fast; else rows go through the bundle's model.
    Sets of changes that move common columns are edited one after the other, and nothing is called proven then.
    """
    deadline = time.perf_counter() + time_limit_s
    n_features = len(np.unique(made.feature))
    most = min(max_size, _MOST_CHANGES, n_features)
    table = _flip_table(made, engine, most)
    if table is None:
        most = _affordable(len(made), most)
    # A formula's range follows from its inputs, an interval from the tumour type: else one row stands for all.
    tumour = made.bundle.tumour_columns
    by_row = made.bundle.formula is not None or (tumour is not None and bool(made.moved[:, tumour].any()))
    found: list[tuple[int, ...]] = []
    n_tried, ruled_out, ended = 0, 0, None
    for size in range(1, most + 1):
        for sets, margins in _blocks(made, engine, table, size):
            if time.perf_counter() > deadline or (stop is not None and stop()):
                ended = "time limit" if time.perf_counter() > deadline else "stopped"
                break
            rows = made.combined(sets) if by_row else made.row[None]
            after = standings_of_margins(made.bundle, margins, rows, abstained)
            if table is not None and (close := _at_the_threshold(made, goal, after)).any():
                # Here the last digit decides, and it is the model's own that counts.
                margins = margins.copy()
                margins[close] = made.bundle.margin(made.combined(sets[close]))
                after = standings_of_margins(made.bundle, margins, rows, abstained)
            n_tried += len(sets)
            winners = sets[np.flatnonzero(goal.reached(made.bundle, after))]
            kept = (tuple(map(int, s)) for s in winners)
            found += [s for s in kept if _allowed(made, s, together)]
        if found or ended:
            break
        ruled_out = size
    if not made.disjoint:
        ruled_out = 0
    listed = MOST_OF_NUMBERS if made.moves_numbers else _MOST_LISTED
    complete = ended is None and len(found) <= listed
    if found:
        proven = made.disjoint and ruled_out == len(found[0]) - 1
        return Tried(
            "proven" if proven else "best found",
            tuple(found[:listed]),
            ruled_out,
            complete,
            n_tried,
            ended,
        )
    if made.disjoint and ended is None and ruled_out >= n_features:
        return Tried("impossible", (), ruled_out, True, n_tried, None)  # there is no larger set
    if ended is None and ruled_out < max_size:
        ended = f"sets of more than {most} changes were not tried"
    return Tried("none within" if ended is None else "open", (), ruled_out, False, n_tried, ended)


def _at_the_threshold(made: Candidates, goal: Goal, after: Standings) -> NDArray[np.bool_]:
    """Which rows come so near to a threshold that the arithmetic of single precision could tell on either side, (n,)."""
    if goal.kind != "threshold" or goal.value is None:
        return np.zeros(len(after.probability), bool)
    found = after.probability[:, made.bundle.option_index(goal.option)]
    return np.abs(found - goal.value) < _CLOSE


def _affordable(n: int, most: int) -> int:
    """The largest size up to which not too many sets of n changes have to be put through the model; 1 at the least."""
    sizes = [s for s in range(1, most + 1) if sum(comb(n, t) for t in range(1, s + 1)) <= _MOST_ROWS]
    return max(sizes, default=min(1, most))


def _flip_table(made: Candidates, engine: ExactEngine | None, max_size: int):  # type: ignore[no-untyped-def]
    if engine is None or engine.ensemble is None or not len(made) or max_size < 1:
        return None
    if (made.moved.sum(axis=1) != 1).any():
        return None
    from explainers.trees.flip_table import fits, flip_table

    if not fits(len(made), engine.ensemble.n_outputs, max_size):
        return None
    columns = made.moved.argmax(axis=1)
    changes = [(int(c), float(made.rows[i, c])) for i, c in enumerate(columns)]
    try:
        return flip_table(engine.ensemble, made.row, changes=changes, max_size=max_size)
    except MemoryError:  # thousands of values of one number in each leaf
        return None


def _blocks(made: Candidates, engine: ExactEngine | None, table, size: int) -> Iterator[tuple[NDArray[np.intp], FloatMatrix]]:  # type: ignore[no-untyped-def]  # fmt: skip
    """Sets of one size with their margins, block by block."""
    if table is not None:
        assert engine is not None
        for sets, outputs in table.blocks(size):
            yield np.asarray(sets, np.intp), engine.margins(outputs)
        return
    every = (
        s for s in combinations(range(len(made)), size) if len({int(made.feature[i]) for i in s}) == size
    )
    while batch := list(islice(every, _BATCH)):
        sets = np.array(batch, np.intp)
        rows = made.combined(sets) if made.disjoint else made.edited(batch)
        yield sets, np.asarray(made.bundle.margin(rows), dtype=np.float64)


def _allowed(
    made: Candidates, chosen: tuple[int, ...], together: Callable[[tuple[int, ...]], bool] | None
) -> bool:
    inside = set(chosen)
    if any(a in inside and b in inside for a, b in made.apart):
        return False
    if any(i in inside and not inside.intersection(others) for i, others in made.needs):
        return False
    return together is None or together(chosen)
