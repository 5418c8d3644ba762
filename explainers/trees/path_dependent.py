r"""Path-dependent Shapley values: a feature outside the coalition follows the training weights down the tree.

For one leaf the game is a product over the distinct features of its path,

.. math:: v(S) = value \prod_{j \in S} o_j \prod_{j \notin S} z_j,

with :math:`o_j` = 1 when the row satisfies the leaf's condition on j and :math:`z_j` the share of the training weight
that the tests of j let through (this is the game of TreeSHAP [1]_). A Shapley value averages marginal contributions
over coalition sizes, and that average is an integral: if every other player joins independently with probability t,
t uniform on [0, 1], each size is equally likely. Hence for a product game

.. math:: \phi_j = value \, (o_j - z_j) \int_0^1 \prod_{i \ne j} \big(z_i (1 - t) + o_i t\big) \, dt .

The integrand is a polynomial of degree below d, so Gauss-Legendre quadrature [2]_ with Q >= d / 2 points gives it
exactly. All leaves of a tree share the factors :math:`g_j(t) = z_j (1 - t) + o_j t` along their common path: one walk
down multiplies them, one walk up adds the leaves. The two edges of a split have o and z that add up to 1, so their
factors are g and 1 - g and their effects o - z are opposite: with L and R the sums over the leaves on either side
(factors below included) the split credits its feature with

.. math:: (o - z) \int \Big(\prod_{above} g_i\Big) (L - R) \, dt, \quad\text{and passes } R + g (L - R) \text{ upwards.}

Cost: splits x Q, whatever the depth of the leaves (what linear TreeSHAP [3]_ does, by other means).

A feature tested again lower down carries the cumulative pair (o, z) in place of the pair (o', z') of the edge above
that tested it last, and the two edges add up to (o', z'). So the product is divided by g' once, the step upwards is
g / g', and the upper edge's credit for these leaves is taken back: (o - z) - (o' - z') g / g' replaces o - z. Where g'
is 0 (o' = z' = 0) nothing below can contribute.

References
----------
.. [1] Lundberg et al. (2020), From local explanations to global understanding with explainable AI for trees,
   Nature Machine Intelligence 2.
.. [2] Golub & Welsch (1969), Calculation of Gauss quadrature rules, Mathematics of Computation 23.
.. [3] Yu et al. (2022), Linear TreeShap, NeurIPS 35; Bifet, Read & Xu (2022), Linear tree Shap, NeurIPS 35.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from explainers.trees.assembly import locked
from explainers.trees.errors import TreeEngineError
from explainers.trees.forms import Nodes
from explainers.trees.lanes import load, splat, store, total

__all__ = ["Splits", "base_values", "explain_row", "quadrature", "splits_of"]

LANES = (4, 8, 16, 32, 64, 128, 256, 512, 1024)  # quadrature sizes; each is compiled when first needed


@lru_cache(maxsize=16)
def quadrature(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights on [0, 1]; exact for polynomials of degree 2 size - 1."""
    points, weights = np.polynomial.legendre.leggauss(size)
    return (points[None] + 1) / 2, weights[None] / 2


@njit(cache=True)
def base_values(boxes, base):
    """Mean output over the training weights, (k,): every leaf weighted by the product of its ratios."""
    out = base.copy()
    for box in range(len(boxes.tree)):
        share = 1.0
        for j in range(boxes.start[box], boxes.start[box + 1]):
            share *= boxes.ratio[j]
        for c in range(boxes.value.shape[1]):
            out[boxes.output[box] + c] += share * boxes.value[box, c]
    return out


class Splits(NamedTuple):
    """The inner nodes of all trees, each tree's in preorder; what an explanation needs of each in one place.

    Children are numbered within their tree: first its m splits, then its m + 1 leaves in the order of the boxes.
    """

    start: NDArray[np.int64]  # (trees + 1,)
    output: NDArray[np.int32]  # (trees,)
    lanes: NDArray[np.int64]  # (trees,) quadrature points that the tree needs; 0 for a single leaf
    first_box: NDArray[np.int64]  # (trees,)
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    condition: NDArray[np.int32]  # cumulative condition on the feature behind the left edge
    ratio: NDArray[np.float64]  # and its cumulative ratio
    above_condition: NDArray[np.int32]  # the same of the edge above that tested this feature last, or -1
    above_ratio: NDArray[np.float64]


def splits_of(nodes: Nodes) -> Splits:
    """Inner nodes in the order and form that `explain_row` walks.

    Raises
    ------
    TreeEngineError
        If a path tests more distinct features than the largest quadrature is exact for.
    """
    deepest, most = int(nodes.depth.max(initial=0)), 2 * LANES[-1]
    if deepest > most:
        raise TreeEngineError(
            f"A path of this model tests {deepest:,} features; path-dependent explanations reach up to {most:,}. "
            "Compare with a background instead (shapley(X, background)), or train shallower trees."
        )
    inner = np.flatnonzero(nodes.column >= 0)
    rank = np.cumsum(nodes.column >= 0) - 1
    tree_of = np.repeat(np.arange(len(nodes.output)), np.diff(nodes.start))
    start = np.concatenate([[0], np.cumsum(np.bincount(tree_of[inner], minlength=len(nodes.output)))])
    size = np.diff(start)
    first_box = np.concatenate([[0], np.cumsum(size + 1)])[:-1]
    leaf_number = size[tree_of] + nodes.leaf - first_box[tree_of]
    number = np.where(nodes.leaf < 0, rank - start[tree_of], leaf_number).astype(np.int32)
    left, right = inner + 1, nodes.right[inner]
    previous = nodes.previous[left]
    lanes = np.array(LANES)[np.searchsorted(LANES, (nodes.depth + 1) // 2)]
    return locked(
        Splits(
            start=start.astype(np.int64),
            output=nodes.output,
            lanes=np.where(nodes.depth == 0, 0, lanes),
            first_box=first_box.astype(np.int64),
            left=number[left],
            right=number[right],
            feature=nodes.feature[left].astype(np.int32),
            condition=nodes.condition[left].astype(np.int32),
            ratio=nodes.ratio[left],
            above_condition=np.where(previous < 0, -1, nodes.condition[previous]).astype(np.int32),
            above_ratio=np.where(previous < 0, 1.0, nodes.ratio[previous]),
        )
    )


@njit(cache=True, error_model="numpy")
def explain_row(satisfied, splits, value, trees, shape, points, weights, out):
    """Add the path-dependent Shapley values of one row to `out` (p, k), for the trees listed.

    `satisfied` is the row's byte per condition; `points` and `weights` are (1, Q), `shape` a tuple of Q entries (see
    `lanes` for why).
    """
    width, (p, k) = value.shape[1], out.shape
    largest = 1
    for t in trees:
        largest = max(largest, splits.start[t + 1] - splits.start[t])
    product = np.empty(
        (2 * largest + 1, len(shape))
    )  # all factors down to a split (or leaf, not needed there)
    step = np.empty((largest, len(shape)))  # the left edge's factor, divided by the one it replaces
    charge = np.empty(
        (largest, len(shape))
    )  # what the split credits its feature with, per difference of its sides
    below = np.empty(
        ((2 * largest + 1) * width, len(shape))
    )  # sum of the leaves below, with the factors beneath
    credit = np.zeros((p * k, len(shape)))
    t_points, nothing = load(points, 0, shape), splat(0.0, shape)
    for t in trees:
        first, size, output = splits.start[t], splits.start[t + 1] - splits.start[t], splits.output[t]
        store(product, 0, splat(1.0, shape))
        for i in range(size):
            s = first + i
            effect = satisfied[splits.condition[s]] - splits.ratio[s]
            factor = splits.ratio[s] + effect * t_points
            here = load(product, i, shape)
            if splits.above_condition[s] < 0:
                store(step, i, factor)
                store(charge, i, effect * here)
                left, right = here * factor, here * (1.0 - factor)
            else:
                before = splits.above_ratio[s]
                held_before = satisfied[splits.above_condition[s]] - before
                if before == 0.0 and held_before == 0.0:
                    store(step, i, nothing)
                    store(charge, i, nothing)
                    left, right = nothing, nothing
                else:
                    replaced = before + held_before * t_points
                    rest = here / replaced
                    now = factor / replaced
                    store(step, i, now)
                    store(charge, i, (effect - held_before * now) * rest)
                    left, right = rest * factor, rest * (replaced - factor)
            store(product, splits.left[s], left)
            store(product, splits.right[s], right)
        for leaf in range(size + 1):
            for c in range(width):
                store(below, (size + leaf) * width + c, splat(value[splits.first_box[t] + leaf, c], shape))
        for i in range(size - 1, -1, -1):  # preorder backwards: a split after all that lie below it
            s = first + i
            now, mine = load(step, i, shape), load(charge, i, shape)
            at = splits.feature[s] * k + output
            a, b = splits.left[s], splits.right[s]
            for c in range(width):
                left, right = load(below, a * width + c, shape), load(below, b * width + c, shape)
                difference = left - right
                store(credit, at + c, load(credit, at + c, shape) + mine * difference)
                store(below, i * width + c, right + now * difference)
    for f in range(p):
        for c in range(k):
            out[f, c] += total(load(credit, f * k + c, shape) * load(weights, 0, shape))
