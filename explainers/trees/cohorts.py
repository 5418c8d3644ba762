"""A cohort's Shapley values by tables.

What a leaf adds to a row's Shapley values depends on the row only through the pattern of conditions it satisfies
there, and a cohort shows few distinct patterns. So leaves are taken in small groups (subtrees of up to four leaves,
which share most of their conditions), each pattern of a group that occurs is worked once into a short vector, one
entry per feature and output, and every row adds up the vectors of its patterns. Exact: nothing is approximated,
repeated work is looked up.

Rows go through in chunks, so that memory does not grow with the cohort; a group's vectors stay in the processor's
cache while all rows of the chunk are swept, feature by feature.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.cohort_kernels import Groups
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.interventional import Patterns
    from explainers.trees.shapley import Background

__all__ = ["explain_cohort", "fits_tables"]

ROWS_AT_ONCE = 2048  # bounds the tables: a group cannot show more patterns than there are rows
LEAVES_A_GROUP = 4
DEEPEST = 50  # conditions of a leaf; with those of its group they still fit one 64-bit pattern


def fits_tables(ensemble: TreeEnsemble) -> bool:
    """Whether every leaf is shallow enough for its pattern to fit."""
    return int(np.diff(ensemble.boxes.start).max(initial=0)) <= DEEPEST


@lru_cache(maxsize=32)
def _groups(ensemble: TreeEnsemble) -> Groups:
    from explainers.trees import cohort_kernels as kernels

    first_box = kernels.group_leaves(ensemble.nodes, LEAVES_A_GROUP)
    return kernels.Groups(*kernels.lay_out_groups(first_box, ensemble.boxes, ensemble.n_features))


def explain_cohort(ensemble: TreeEnsemble, rows: Floats, background: Background | None) -> Floats:
    """Shapley values (n, p, k) of checked rows; path-dependent without a background.

    Parameters
    ----------
    ensemble : TreeEnsemble
        One for which `fits_tables`.
    rows : float array of shape (n, columns)
        As `TreeEnsemble.rows` gives them.
    background : Background or None
    """
    from explainers.trees import cohort_kernels as kernels
    from explainers.trees.interventional import shapley_weights
    from explainers.trees.rows import held_by_block
    from explainers.trees.shapley import workings
    from explainers.trees.toggle_kernels import quadratures

    work, groups = workings(ensemble), _groups(ensemble)
    n, p, k = len(rows), ensemble.n_features, ensemble.n_outputs
    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    patterns = background.patterns if background else _no_patterns(ensemble)
    points, weights = quadratures(longest)
    single, width = work.fours.shape[1] == 1, work.value.shape[1]
    blocks = 1 if single else len(work.fours) // ensemble.n_leaves
    out = np.zeros((n, p, k))
    for first in range(0, n, ROWS_AT_ONCE):
        chunk = rows[first : first + ROWS_AT_ONCE]
        m = len(chunk)
        held = np.empty((len(ensemble.conditions.feature), m), np.uint8)
        held_by_block(chunk, 0, ensemble.conditions, held)
        sums = np.zeros((p * k, m) if single else (0, m))
        fours = np.zeros((0 if single else p * blocks * m, 4))
        kernels.add_up(
            *(held, groups, ensemble.boxes, work.fours, k, blocks, background is not None, patterns),
            *(points, weights, shapley_weights(64), sums, fours),
        )
        if single:
            out[first : first + m] = sums.reshape(p, k, m).transpose(2, 0, 1)
        else:
            by_row = fours.reshape(p, blocks, m, 4).transpose(2, 0, 1, 3).reshape(m, p, blocks * 4)
            out[first : first + m, :, :width] = by_row[:, :, :width]
    return work.close(out)


def _no_patterns(ensemble: TreeEnsemble) -> Patterns:
    """An empty background, in the arrays' types that a real one has."""
    from explainers.trees.interventional import Patterns

    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    bits = np.zeros(0, np.uint32 if longest <= 32 else np.uint64)
    arrays = (np.zeros(ensemble.n_leaves + 1, np.int64), bits, np.zeros(0, np.int32))
    for array in arrays:
        array.flags.writeable = False
    return Patterns(*arrays, 0)  # type: ignore[arg-type]  # 32 bits where they suffice
