"""The smallest set of changes as a mixed-integer program over leaf boxes, solved by HiGHS: an independent twin."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from explainers.trees.projection import ProjectedBoxes
from explainers.trees.search import Goal

ENOUGH = 1e-6  # HiGHS works to 1e-7: a program that has to win asks for this much


def smallest_size_by_milp(
    boxes: ProjectedBoxes, goal: Goal, max_size: int, *, time_limit_s: float = 600.0
) -> int | str | None:
    """Fewest items with every expression at least ENOUGH, None, or "time limit": one variable an item, one a leaf."""
    n, c = boxes.n_boxes, boxes.n_changes
    rows, cols, data, low, high = [], [], [], [], []

    def add(columns, values, least, most):
        rows.extend([len(low)] * len(columns))
        cols.extend(columns)
        data.extend(values)
        low.append(least)
        high.append(most)

    for t in range(len(boxes.tree_start) - 1):
        here = range(boxes.tree_start[t], boxes.tree_start[t + 1])
        add([c + b for b in here], [1.0] * len(here), 1, 1)
    for b in range(n):
        for i in boxes.must_items[boxes.must_start[b] : boxes.must_start[b + 1]]:
            add([c + b, i], [1.0, -1.0], -np.inf, 0)
        for i in boxes.keep_items[boxes.keep_start[b] : boxes.keep_start[b + 1]]:
            add([c + b, i], [1.0, 1.0], -np.inf, 1)
    for f in np.unique(boxes.feature):
        mates = np.flatnonzero(boxes.feature == f)
        add(mates.tolist(), [1.0] * len(mates), 0, 1)
    for weights, offset in zip(goal.weights, goal.offset, strict=True):
        gain = boxes.value @ weights
        used = np.flatnonzero(gain)
        add((c + used).tolist(), gain[used].tolist(), ENOUGH - offset - weights @ boxes.base, np.inf)
    add(list(range(c)), [1.0] * c, 0, max_size)
    matrix = coo_array((data, (rows, cols)), shape=(len(low), c + n)).tocsr()
    answer = milp(
        np.r_[np.ones(c), np.zeros(n)],
        integrality=np.r_[np.ones(c), np.zeros(n)],
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, low, high),
        options={"time_limit": time_limit_s},
    )
    if answer.status == 1:
        return "time limit"
    if answer.status not in (0, 2):
        raise RuntimeError(answer.message)
    return round(answer.fun) if answer.status == 0 else None
