r"""The linear model of LIME, by one pass over the copies for each chosen feature.

LIME fits a weighted ridge regression to indicators. With at most six features it first chooses them by forward
selection: in every round the feature that most improves the weighted R². Fitting every candidate anew costs a regression
per candidate and round. The same choice follows from a Cholesky factorisation that grows by one column a round. Write
:math:`\langle a, b\rangle = \sum_i w_i (a_i - \bar a)(b_i - \bar b)`. After some features are chosen, let

- :math:`d_j` be the squared length of indicator j that is left once the chosen ones are taken out of it,
- :math:`c_j` its product with what they leave of the scores.

Adding j lowers the weighted sum of squares by exactly :math:`c_j^2 / d_j`, so the best candidate is the largest of these.
With k chosen and :math:`l_j = (\langle z_j, z_k\rangle - \sum_s l^s_j l^s_k) / \sqrt{d_k}` over the earlier rounds s,
the next round has :math:`d_j - l_j^2` and :math:`c_j - l_j c_k / \sqrt{d_k}`. A round costs one product of a vector with
the indicators. (Golub, Van Loan, Matrix Computations, 4th edition, 4.2.8 and 5.3; Chen, Billings, Luo 1989, orthogonal
least squares.)

The ridge penalties (1 for the model, 0.01 where features are chosen by their weights, none in forward selection), the
kernel and its width are those of the lime package, so that the same copies and scores give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.explanation import FloatMatrix, FloatVector

__all__ = ["LinearFit", "Selection", "fit", "proximity"]

Selection = Literal["auto", "none", "forward_selection", "highest_weights"]

_PENALTY, _PENALTY_TO_CHOOSE = 1.0, 0.01
_FORWARD_UP_TO = 6
# Less than this share is rounding: of all weights, a feature that never varies; of the feature's own length, one that is
# a combination of those already chosen.
_NOTHING_LEFT = 1e-12
# Gains closer than this are a tie, which the first feature wins.
_TIE = 1e-12


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A linear model of the indicators.

    Parameters
    ----------
    features : array (q,) of int
        In the order in which they were chosen.
    coefficients : array (q,)
    intercept : float
    quality : float
        Weighted R² over the copies.
    """

    features: NDArray[np.intp]
    coefficients: FloatVector
    intercept: float
    quality: float

    def weights(self, f: int) -> FloatVector:
        """Coefficients of all f features, 0 for those not chosen."""
        every = np.zeros(f)
        every[self.features] = self.coefficients
        return every


def proximity(indicators: NDArray[np.bool_], width: float | None = None) -> FloatVector:
    """Weight of each copy: an exponential kernel of its distance from the patient.

    Parameters
    ----------
    indicators : array (n, f) of bool
    width : float, optional
        Default: 0.75 times the square root of f.

    Returns
    -------
    array (n,)
        1 for the patient.

    Examples
    --------
    >>> proximity(np.array([[True, True], [True, False]]), width=1.0).round(4).tolist()
    [1.0, 0.6065]
    """
    f = indicators.shape[1]
    width = 0.75 * np.sqrt(f) if width is None else width
    apart = f - np.count_nonzero(indicators, axis=1)  # the squared distance
    return np.asarray(np.exp(-apart / width**2 / 2), dtype=np.float64)


def fit(
    indicators: ArrayLike,
    scores: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    most: int | None = None,
    selection: Selection = "auto",
) -> LinearFit:
    """Choose features and fit the ridge regression of LIME.

    Parameters
    ----------
    indicators : array-like (n, f) of bool
    scores : array-like (n,)
        What the model says of each copy.
    weights : array-like (n,), optional
        Default: `proximity(indicators)`.
    most : int, optional
        Most features in the model; default: all.
    selection : {"auto", "none", "forward_selection", "highest_weights"}
        "auto": forward selection up to six features, otherwise the largest weights of a first model. "none": all
        features, whatever `most` says.

    Notes
    -----
    Where several features serve equally well but for rounding (copies of each other, or a model that is already met to
    the last digit), the first is taken; the package then takes one by its rounding errors.

    Examples
    --------
    >>> copies = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)
    >>> found = fit(copies, [4.0, 4.0, 0.0, 0.0], np.ones(4), most=1)
    >>> found.features.tolist(), found.coefficients.tolist()
    ([0], [2.0])
    """
    indicators = np.asarray(indicators, dtype=bool)
    scores = np.asarray(scores, dtype=np.float64)
    weights = proximity(indicators) if weights is None else np.asarray(weights, dtype=np.float64)
    f = indicators.shape[1]
    most = f if most is None else min(most, f)
    if most < 1 or selection not in ("auto", "none", "forward_selection", "highest_weights"):
        raise ValueError(f"at least one feature and a known selection, not {most} by {selection!r}")
    if selection == "auto":
        selection = "forward_selection" if most <= _FORWARD_UP_TO else "highest_weights"
    if selection == "none":
        chosen = np.arange(f)
    elif selection == "forward_selection":
        chosen = _forward(indicators, scores, weights, most)
    else:
        first, _, _ = _ridge(indicators, scores, weights, _PENALTY_TO_CHOOSE)
        chosen = np.argsort(-np.abs(first), kind="stable")[:most]
    return LinearFit(chosen, *_ridge(indicators[:, chosen], scores, weights, _PENALTY))


def _forward(
    indicators: NDArray[np.bool_], scores: FloatVector, weights: FloatVector, most: int
) -> NDArray[np.intp]:
    """The features of forward selection, in order; the quantities are those of the module's docstring."""
    z = indicators.astype(np.float64)
    total = weights.sum()
    means = weights @ z / total
    # An indicator is its own square, so its weighted variance follows from its mean.
    own_length = total * means * (1 - means)
    left = own_length.copy()
    product = (weights * (scores - weights @ scores / total)) @ z
    factors: FloatMatrix = np.zeros((most, z.shape[1]))
    chosen: list[int] = []
    open_ = np.ones(z.shape[1], dtype=bool)
    for step in range(most):
        usable = open_ & (left > _NOTHING_LEFT * own_length) & (own_length > _NOTHING_LEFT * total)
        gain = np.where(usable, product**2 / np.where(usable, left, 1.0), np.where(open_, 0.0, -1.0))
        k = int(np.argmax(gain >= gain.max() * (1 - _TIE)))
        chosen.append(k)
        open_[k] = False
        if usable[k]:
            length = np.sqrt(left[k])
            with_k = (weights * (z[:, k] - means[k])) @ z
            factor = (with_k - factors[:step, k] @ factors[:step]) / length
            product = product - factor * (product[k] / length)
            left = left - factor**2
            factors[step] = factor
    return np.array(chosen, dtype=np.intp)


def _ridge(
    indicators: NDArray[np.bool_], scores: FloatVector, weights: FloatVector, penalty: float
) -> tuple[FloatVector, float, float]:
    """Coefficients, intercept and weighted R² of a ridge regression with a free intercept."""
    total = weights.sum()
    root = np.sqrt(weights)
    means, mean = weights @ indicators / total, float(weights @ scores / total)
    z, y = (indicators - means) * root[:, None], (scores - mean) * root
    coefficients = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ y)
    missed, spread = float(((y - z @ coefficients) ** 2).sum()), float((y**2).sum())
    quality = 1 - missed / spread if spread > 0 else 1.0
    return coefficients, mean - float(means @ coefficients), quality
