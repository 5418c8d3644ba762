"""A smooth calibration curve: the outcome as a smooth function of the number, with its band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from explainers.audit.resampling import FloatMatrix, FloatVector

__all__ = ["SmoothCurve", "restricted_cubic", "smooth_curve"]

_CLIP = 1e-6
_POINTS = 41
# Knots at these quantiles of the log-odds (Harrell, Regression Modeling Strategies, 2nd ed., table 2.3).
_THREE, _FOUR = (0.10, 0.50, 0.90), (0.05, 0.35, 0.65, 0.95)
_FEWEST_FOR_FOUR = 200
_FEWEST_OF_EACH = 10


@dataclass(frozen=True, eq=False, slots=True)
class SmoothCurve:
    """Observed probability by predicted number.

    Parameters
    ----------
    predicted, observed, low, high : arrays (m,)
        The band is a pointwise 95 % interval.
    reason : str
        Why there is no curve; the arrays are then empty.
    """

    predicted: tuple[float, ...] = ()
    observed: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    reason: str = ""


def restricted_cubic(x: FloatVector, knots: FloatVector) -> FloatMatrix:
    """Columns of a restricted cubic spline: 1, x, and one cubic column per inner knot; straight beyond the ends.

    Parameters
    ----------
    x : array (n,)
    knots : array (q,), ascending

    Returns
    -------
    array (n, q)
    """
    last, before = knots[-1], knots[-2]

    def cube(v: FloatVector) -> FloatVector:
        return np.maximum(v, 0.0) ** 3

    scale = (last - knots[0]) ** 2
    columns = [np.ones_like(x), x]
    for k in knots[:-2]:
        upper = cube(x - before) * (last - k) / (last - before)
        columns.append((cube(x - k) - upper + cube(x - last) * (before - k) / (last - before)) / scale)
    return np.column_stack(columns)


def smooth_curve(y: FloatVector, p: FloatVector) -> SmoothCurve:
    """The outcome regressed on a restricted cubic spline of the number's log-odds.

    Drawn between the 1st and the 99th percentile of the numbers, where there are patients to carry it.
    """
    if min(y.sum(), (1 - y).sum()) < _FEWEST_OF_EACH:
        return SmoothCurve(reason=f"fewer than {_FEWEST_OF_EACH} patients of one outcome: no smooth curve")
    x = logit(np.clip(p, _CLIP, 1 - _CLIP))
    knots = np.quantile(x, _FOUR if len(x) >= _FEWEST_FOR_FOUR else _THREE)
    if len(np.unique(np.round(knots, 9))) < len(knots):
        return SmoothCurve(reason="too few different numbers for a smooth curve")
    columns = restricted_cubic(x, knots)
    fit = _logistic(columns, y)
    if fit is None:
        return SmoothCurve(reason="outcomes are wholly separated: no smooth curve")
    weights, covariance = fit
    first, last = np.quantile(p, [0.01, 0.99])
    grid = np.linspace(float(first), float(last), _POINTS)
    at = restricted_cubic(logit(np.clip(grid, _CLIP, 1 - _CLIP)), knots)
    centre = at @ weights
    half = 1.96 * np.sqrt(np.einsum("ij,jk,ik->i", at, covariance, at))
    return SmoothCurve(
        _tuple(grid), _tuple(expit(centre)), _tuple(expit(centre - half)), _tuple(expit(centre + half))
    )


def _tuple(values: FloatVector) -> tuple[float, ...]:
    return tuple(map(float, values))


def _logistic(columns: FloatMatrix, y: FloatVector) -> tuple[FloatVector, FloatMatrix] | None:
    """Weights (q,) and their covariance (q, q) by Newton's method; None where it does not settle."""
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        p = expit(columns @ weights)
        information = columns.T @ (columns * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(information, columns.T @ (y - p))
        except np.linalg.LinAlgError:
            return None
        weights = weights + step / max(1.0, float(np.abs(step).max()) / 5.0)
        if np.abs(step).max() < 1e-8:
            return weights, np.linalg.inv(information)
    return None
