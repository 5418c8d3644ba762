"""Compile ahead, so that nobody's first click waits.

The kernels are compiled to machine code once per machine and kept on disk beside the package (or in the folder named
by NUMBA_CACHE_DIR); afterwards a start only loads them. `warm` runs every public answer once on tiny ensembles that
show the kernels each kind of array they will meet.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from explainers.trees.ensemble import TreeEnsemble, build
from explainers.trees.forms import Tree

__all__ = ["warm", "warm_everything"]


def warm(say: Callable[[str], None] | None = None) -> float:
    """Load or compile every kernel, and return the seconds it took.

    Parameters
    ----------
    say : callable, optional
        Told in a few words what is being prepared, for a start page.

    Examples
    --------
    >>> warm() > 0
    True
    """
    begun = perf_counter()
    tell = say or (lambda words: None)
    for n_outputs in (1, 3):
        tell(f"Preparing predictions and explanations ({n_outputs} output{'s' if n_outputs > 1 else ''})")
        _exercise(_chain(3, n_outputs))
    for depth, words in ((10, "deeper"), (20, "deep"), (36, "very deep")):
        tell(f"Preparing explanations of {words} trees")
        ensemble = _chain(depth, 1)
        rows = np.zeros((20, depth))
        ensemble.shapley(rows[0])
        ensemble.shapley(rows[0], rows[:2])
        ensemble.shapley(rows, rows[:2])
        ensemble.toggles(rows[0], [0], background=rows[:2])
    return perf_counter() - begun


def warm_everything(say: Callable[[str], None] | None = None) -> float:
    """Load or compile the kernels of explanations and those of the search for smallest changes; the seconds it took.

    Examples
    --------
    >>> warm_everything() > 0
    True
    """
    from explainers.trees.search.solving import warm as warm_search

    begun = perf_counter()
    warm(say)
    if say is not None:
        say("Preparing the search for the smallest changes")
    warm_search()
    return perf_counter() - begun


def _exercise(ensemble: TreeEnsemble) -> None:
    rows = np.zeros((20, ensemble.n_features))
    rows[0, 1] = 1.0
    ensemble.shapley(rows[0])
    ensemble.shapley(rows)
    ensemble.shapley(rows[0], rows[:2])
    ensemble.shapley(rows, rows[:2])
    ensemble.toggles(rows[0], [0, 1])
    ensemble.toggles(rows[0], [0, 1], background=rows[:2])
    ensemble.interactions(rows[0])
    table = ensemble.flip_table(rows[0], [0, 1, 2])
    for size in range(4):
        for _ in table.blocks(size):
            pass


def _chain(depth: int, n_outputs: int) -> TreeEnsemble:
    """One tree whose longest path tests `depth` features."""
    inner = np.arange(depth)
    n = 2 * depth + 1
    column, left, right = np.full(n, -1), np.full(n, -1), np.full(n, -1)
    column[:depth], left[:depth], right[:depth] = inner, np.append(inner[1:], 2 * depth), depth + inner
    value = np.zeros((n, n_outputs))
    value[depth:] = np.arange(1.0, depth + 2)[:, None] + np.arange(n_outputs)
    tree = Tree(
        column=column,
        threshold=np.full(n, 0.5),
        missing_left=np.ones(n, bool),
        left=left,
        right=right,
        cover=np.r_[2.0**-inner, 2.0 ** -(inner + 1), 2.0**-depth],
        value=value,
    )
    return build(
        [tree, tree],
        [f"feature {i}" for i in range(depth)],
        [f"output {i}" for i in range(n_outputs)],
        "value",
        np.zeros(n_outputs),
    )
