r"""Every single change of one patient with its new prediction and its new explanation, in one pass.

A change of feature i alters only the leaves whose path tests i, and there it turns one bit of the row's pattern.
Path-dependent: with :math:`g_l(t) = z_l (1 - t) + o_l t` and the integral of `path_dependent`, turning o_i moves
every other feature j of that leaf by

.. math:: \Delta\phi_j = \pm\, value \, (o_j - z_j) \int_0^1 t \prod_{l \ne i, j} g_l(t) \, dt ,

and i itself by :math:`\pm\, value \int \prod_{l \ne i} g_l \, dt`. The pair products are symmetric in i and j, so a
leaf's changes cost about as much as its explanation once per feature, and 300 toggles cost a few explanations.
Interventional: the effects of the turned pattern are read off the leaf's background patterns.

A pair product divides the full product by :math:`g_i g_j`; :math:`g_l` is 0 only for o_l = z_l = 0, a leaf that no
training weight reached. Such leaves take the slow way around: products without division.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.forms import Floats
from explainers.trees.projection import Change, read_changes

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.shapley import Background

__all__ = ["Toggles", "toggles"]


@dataclass(frozen=True, eq=False, slots=True)
class Toggles:
    """One patient before and after each single change.

    Attributes
    ----------
    feature : int array of shape (c,)
        Feature that each change alters.
    to : float array of shape (c,)
        Value that it is changed to (NaN: not assayed).
    prediction_before : float array of shape (k,)
    prediction : float array of shape (c, k)
        Outputs after each change.
    values_before : float array of shape (p, k)
        Shapley values of the row as it is.
    values : float array of shape (c, p, k)
        Shapley values after each change.
    base_values : float array of shape (k,)
        The same before and after: a change moves the patient, not the reference.
    """

    feature: NDArray[np.int64]
    to: Floats
    prediction_before: Floats
    prediction: Floats
    values_before: Floats
    values: Floats
    base_values: Floats


def toggles(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    changes: Sequence[Change],
    background: ArrayLike | Background | None = None,
) -> Toggles:
    """Prediction and explanation after each single change of a row; see `TreeEnsemble.toggles`."""
    from explainers.trees import shapley
    from explainers.trees import toggle_kernels as kernels
    from explainers.trees.interventional import LONGEST
    from explainers.trees.rows import held

    x, feature, to, columns = read_changes(ensemble, row, changes)
    raw = x[: ensemble.n_features]
    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    ready = None if background is None else shapley.prepare_background(ensemble, background)
    if longest > LONGEST or (ready is not None and ready.patterns is None):
        # too deep for patterns, or too many of them: every changed row is explained on its own
        return _one_by_one(ensemble, raw, feature, to, background)
    work = shapley.workings(ensemble)
    before = held(x, ensemble.conditions)
    by_feature = np.argsort(feature, kind="stable")
    first = np.searchsorted(feature[by_feature], np.arange(ensemble.n_features + 1))
    turns_start, turns = kernels.turned(
        ensemble.conditions, before, columns, by_feature, first, ensemble.n_features
    )
    values_before, base_values = ensemble.shapley(raw, background)
    k = ensemble.n_outputs
    prediction_before = ensemble.predict(raw)[0]
    values = np.zeros((len(feature), ensemble.n_features, k))
    prediction = np.zeros((len(feature), k))
    values[:], prediction[:] = values_before[0], prediction_before
    if work.closes:
        values[..., -1] = 0.0
        prediction[:] = 0.0
    arguments = (before, ensemble.boxes, work.value, by_feature, first, turns_start, turns)
    if ready is None:
        points, weights = kernels.quadratures(longest)
        kernels.path_dependent(*arguments, points, weights, values, prediction)
    else:
        kernels.interventional(*arguments, ready.patterns, kernels.weights_for(longest), values, prediction)
    if work.closes:
        work.close(values)
        prediction[:, -1] = -prediction[:, :-1].sum(1)
        prediction += prediction_before
    return Toggles(feature, to, prediction_before, prediction, values_before[0], values, base_values)


def _one_by_one(
    ensemble: TreeEnsemble,
    raw: Floats,
    feature: NDArray[np.int64],
    to: Floats,
    background: ArrayLike | Background | None,
) -> Toggles:
    rows = np.repeat(raw[None], len(feature) + 1, 0)
    rows[np.arange(1, len(rows)), feature] = to
    values, base_values = ensemble.shapley(rows, background)
    prediction = ensemble.predict(rows)
    return Toggles(feature, to, prediction[0], prediction[1:], values[0], values[1:], base_values)
