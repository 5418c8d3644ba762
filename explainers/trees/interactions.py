r"""Pairwise Shapley interaction values, path-dependent, exact.

The Shapley interaction index of a pair averages how much more two features do together than apart over the
coalitions of the others. For a leaf's product game it is an integral like that of `path_dependent`,

.. math:: I_{ij} = value \, (o_i - z_i)(o_j - z_j) \int_0^1 \prod_{l \ne i, j} \big(z_l (1 - t) + o_l t\big) \, dt .

As in TreeSHAP [1]_ each side of a pair is given half of it, and the diagonal holds what is left of the feature's own
Shapley value, so that rows add up to the Shapley values and the whole matrix to the prediction minus the base value.

References
----------
.. [1] Lundberg et al. (2020), Nature Machine Intelligence 2, equations 3 to 6;
   Fujimoto, Kojadinovic & Marichal (2006), Games and Economic Behavior 55 (the index).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble

__all__ = ["interactions", "mean_absolute_interactions"]


def interactions(ensemble: TreeEnsemble, X: ArrayLike) -> Floats:
    """Interaction values (n, p, p, k); see `TreeEnsemble.interactions`."""
    rows = ensemble.rows(X)
    out = np.empty((len(rows), ensemble.n_features, ensemble.n_features, ensemble.n_outputs))
    for i in range(len(rows)):
        out[i] = _of_row(ensemble, rows[i])
    return out


def mean_absolute_interactions(ensemble: TreeEnsemble, X: ArrayLike) -> Floats:
    """Mean over rows of the absolute interaction values (p, p, k), one row in memory at a time."""
    rows = ensemble.rows(X)
    total = np.zeros((ensemble.n_features, ensemble.n_features, ensemble.n_outputs))
    for row in rows:
        total += np.abs(_of_row(ensemble, row))
    return total / max(1, len(rows))


def _of_row(ensemble: TreeEnsemble, x: Floats) -> Floats:
    from explainers.trees import interaction_kernels as kernels
    from explainers.trees import shapley
    from explainers.trees.path_dependent import quadrature
    from explainers.trees.rows import held

    work = shapley.workings(ensemble)
    p = ensemble.n_features
    values = ensemble.shapley(x[:p])[0][0]
    out = np.zeros((p, p, ensemble.n_outputs))
    satisfied = held(x, ensemble.conditions)
    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    for size in range(
        1, longest // 2 + 1
    ):  # d conditions need d // 2 points: the integrand's degree is d - 2
        points, weights = quadrature(size)
        kernels.pairs_of_row(satisfied, ensemble.boxes, work.value, size, points[0], weights[0], out)
    out += out.transpose(1, 0, 2)
    work.close(out)
    out[np.arange(p), np.arange(p)] = values - out.sum(1)
    return out
