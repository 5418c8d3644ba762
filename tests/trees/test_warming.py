"""Once warm, no question compiles anything, and importing the package loads no compiler."""

from __future__ import annotations

import subprocess
import sys

_IMPORT = "import sys, explainers.trees; print('numba' in sys.modules)"

_QUESTIONS = """
import sys, warnings
from explainers.trees import from_estimator, stack, warm
from explainers.trees.projection import project, states
from numba.core.dispatcher import Dispatcher
from tests.trees.families import NAMES, TAKES_NO_MISSING, fitted, rows

warnings.simplefilter("ignore")

def compiled():
    modules = [m for n, m in sys.modules.items() if n.startswith("explainers.trees.") and "search" not in n]
    kernels = {v for m in modules for v in vars(m).values() if isinstance(v, Dispatcher)}
    return {k.py_func.__qualname__ + k.py_func.__module__: len(k.signatures) for k in kernels}

warm()
before = compiled()
for name in ("random forest", "xgboost with categories", "histogram boosting", "gradient boosting"):
    alone = from_estimator(fitted(name), NAMES)
    X, x = rows(seed=2, n=40, missing=name not in TAKES_NO_MISSING), rows(seed=2, missing=False)[0]
    for ensemble in (alone, stack([alone, alone])):
        ensemble.predict(X)
        for some in (x, X):
            ensemble.shapley(some), ensemble.shapley(some, X)
        ensemble.toggles(x, ["f0"]), ensemble.toggles(x, ["f0"], background=X)
        ensemble.interactions(x)
        for table in (ensemble.flip_table(x, range(6)), ensemble.flip_table(x, changes=states(ensemble, x, [0], (0.0, 1.0)))):
            for size in range(4):
                list(table.blocks(size))
        project(ensemble, x, [(0, 1 - x[0])], 5)
after = compiled()
print({name: n for name, n in after.items() if n != before.get(name)})
"""

_SEARCHES = """
import sys
from explainers.trees.search import Goal, smallest_sets
from explainers.trees.search.solving import warm
from numba.core.dispatcher import Dispatcher
from tests.search.random_models import random_case

def compiled():
    modules = [m for n, m in sys.modules.items() if n.startswith("explainers.trees.search")]
    kernels = {v for m in modules for v in vars(m).values() if isinstance(v, Dispatcher)}
    return {k.py_func.__qualname__: len(k.signatures) for k in kernels}

warm()
before = compiled()
for seed, kinds in enumerate(("b" * 12, "bsnbc", "nncs", "b" * 9)):
    case = random_case(seed, kinds=kinds, n_outputs=3, n_trees=20, dense=seed % 2 == 0)
    now = case.ensemble.predict(case.row[None])[0]
    for target in range(3):
        first, over = Goal.first(target, 3), Goal.over(target, 3, float(now[target]) + 3)
        for goal in (first, over, Goal.under(target, 3, float(now[target]) - 3)):
            smallest_sets(case.ensemble, case.row, case.changes, goal, max_size=6)
after = compiled()
print({name: n for name, n in after.items() if n != before.get(name)})
"""


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_package_loads_no_compiler():
    assert _run(_IMPORT) == "False"


def test_no_question_compiles_anything_after_warming():
    assert _run(_QUESTIONS) == "{}"


def test_no_search_compiles_anything_after_warming():
    assert _run(_SEARCHES) == "{}"
