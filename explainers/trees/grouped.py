r"""Shapley values of groups of features: the game in which a group's features come and go together.

Against one background row a leaf is reached by a coalition S of groups exactly when every group with a condition that
only the patient satisfies is in S (p of them) and every group with one that only the background row satisfies is not (q of
them). A group with both is wanted in and out at once: no coalition reaches the leaf. Otherwise the values are those of
`explainers.trees.interventional`, :math:`v (p-1)! q! / (p+q)!` and :math:`-v p! (q-1)! / (p+q)!`, with groups counted
instead of features; this is exact for any number of groups. Adding up the features' own values is another game, in which
a group may come in half.
"""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble

__all__ = ["grouped_shapley"]

_AT_ONCE = 4_000_000  # cells of the largest table: boxes x conditions x conditions x background rows


def grouped_shapley(
    ensemble: TreeEnsemble, row: ArrayLike, background: ArrayLike, group_of_feature: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Exact interventional Shapley values of groups.

    Parameters
    ----------
    row : array-like (p,)
    background : array-like (b, p)
    group_of_feature : array (p,) of int
        Number of each feature's group, from 0.

    Returns
    -------
    values : array (g, k)
    base_values : array (k,)
        Mean output over the background.
    """
    from explainers.trees.rows import held_by_block

    rows = ensemble.rows(np.array(row, dtype=float, ndmin=2))
    others = ensemble.rows(background)
    mine = np.zeros((len(ensemble.conditions.feature), 1), np.uint8)
    theirs = np.zeros((len(mine), len(others)), np.uint8)
    held_by_block(rows, 0, ensemble.conditions, mine)
    held_by_block(others, 0, ensemble.conditions, theirs)
    boxes = ensemble.boxes
    group_of_feature = np.asarray(group_of_feature, dtype=np.intp)
    values = np.zeros((int(group_of_feature.max()) + 1, ensemble.n_outputs))
    length = np.diff(boxes.start)
    outputs = boxes.output[:, None] + np.arange(boxes.value.shape[1])
    for d in np.unique(length[length > 0]).tolist():
        alike = np.flatnonzero(length == d)
        step = max(1, _AT_ONCE // (d * d * len(others)))
        for first in range(0, len(alike), step):
            chosen = alike[first : first + step]
            at = boxes.start[chosen][:, None] + np.arange(d)
            condition, group = boxes.condition[at], group_of_feature[boxes.feature[at]]
            effect = _effects(mine[condition].astype(bool), theirs[condition].astype(bool), group)
            for j in range(d):
                np.add.at(
                    values, (group[:, j, None], outputs[chosen]), effect[:, j, None] * boxes.value[chosen]
                )
    return values, ensemble.predict(background).mean(axis=0)


def _effects(mine: NDArray[np.bool_], theirs: NDArray[np.bool_], group: NDArray[np.intp]) -> Floats:
    """Mean effect of each condition's group on the leaf's indicator, (L, d); 0 where an earlier condition stands for it.

    `mine` is (L, d, 1), `theirs` (L, d, b), `group` (L, d).
    """
    d = group.shape[1]
    same = group[:, :, None] == group[:, None, :]
    first = ~np.tril(same, k=-1).any(axis=2)[:, :, None]
    reached = (mine | theirs).all(axis=1)
    wants_in = (same[:, :, :, None] & (mine & ~theirs)[:, None]).any(axis=2)
    wants_out = (same[:, :, :, None] & (~mine & theirs)[:, None]).any(axis=2)
    reached &= ~(wants_in & wants_out).any(axis=1)
    p, q = (first & wants_in).sum(axis=1), (first & wants_out).sum(axis=1)
    gain, loss = _weights(d)
    effect = wants_in * gain[p, q][:, None] - wants_out * loss[p, q][:, None]
    return np.asarray((effect * (first & reached[:, None])).mean(axis=2))


def _weights(d: int) -> tuple[Floats, Floats]:
    """(p - 1)! q! / (p + q)! and p! (q - 1)! / (p + q)!, each (d + 1, d + 1)."""
    gain, loss = np.zeros((d + 1, d + 1)), np.zeros((d + 1, d + 1))
    for p in range(d + 1):
        for q in range(d + 1 - p):
            if p:
                gain[p, q] = factorial(p - 1) * factorial(q) / factorial(p + q)
            if q:
                loss[p, q] = factorial(p) * factorial(q - 1) / factorial(p + q)
    return gain, loss
