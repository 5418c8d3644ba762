"""The same question as a mixed-integer program over the leaves, solved by HiGHS."""

from __future__ import annotations

import pytest

from explainers.trees.projection import project
from explainers.trees.search import Goal, smallest_sets
from tests.search.milp_twin import smallest_size_by_milp
from tests.search.random_models import random_case


@pytest.mark.parametrize("seed", range(5))
def test_size_equals_that_of_the_integer_program(seed):
    kinds = ("b" * 40, "bbbbbbbbbbssssssnn")[seed % 2]
    case = random_case(seed, kinds=kinds, n_outputs=3, n_trees=30, depth=5, dense=seed % 3 == 0)
    now = case.ensemble.predict(case.row[None])[0]
    goals = [Goal.first(int(now.argmin()), 3), Goal.over(int(now.argmin()), 3, float(now.min() + 6))]
    boxes = project(
        case.ensemble, case.row, [(f, v) for change in case.changes for f, v in change.items()], 8
    )
    for goal in goals:
        result = smallest_sets(case.ensemble, case.row, case.changes, goal, max_size=8, list_all=False)
        assert result.status in ("proven", "none", "already so")
        assert result.size == smallest_size_by_milp(boxes, goal, 8)
