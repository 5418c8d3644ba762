"""How near an explanation comes to known effects: rank correlation and precision of the largest few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from explainers.explanation import FloatVector

__all__ = ["bootstrap_mean", "rank_correlation", "top_precision"]

FEWEST = 4  # a rank correlation of three pairs has six possible values


def rank_correlation(found: ArrayLike, true: ArrayLike) -> float:
    """Spearman's rank correlation, ties at their middle rank; NaN below four pairs or where one side is constant.

    Parameters
    ----------
    found, true : array-like (m,)
        Pairs with a NaN are left out.

    Examples
    --------
    >>> rank_correlation([0.1, 0.2, 0.9, 0.4], [1.0, 2.0, 4.0, 3.0])
    1.0
    """
    x, y = np.asarray(found, dtype=np.float64), np.asarray(true, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    a, b = _ranks(x), _ranks(y)
    a, b = a - a.mean(), b - b.mean()
    return float(np.round((a @ b) / np.sqrt((a @ a) * (b @ b)), 12))


def _ranks(values: FloatVector) -> FloatVector:
    # Effects are computed by adding and taking away the same numbers: 0 may come out as 1e-16, and is a tie.
    _, place, count = np.unique(np.round(values, 9), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place], dtype=np.float64)


def top_precision(found: ArrayLike, true: ArrayLike, *, top: int = 5, least: float = 0.02) -> float:
    """Share of an explanation's largest inputs that are among the truly largest, by absolute size.

    Parameters
    ----------
    found, true : array-like (m,)
        Pairs with a NaN are left out.
    top : int
        Length of both lists; shorter where fewer inputs truly have an effect.
    least : float
        A true effect of this size or less (log-odds) counts as none.

    Returns
    -------
    float in [0, 1], or NaN where no input has an effect.

    Examples
    --------
    >>> top_precision([3.0, 0.1, -2.0, 0.0], [2.0, 1.0, -0.5, 0.0], top=2)
    0.5
    """
    x, y = np.abs(np.asarray(found, dtype=np.float64)), np.abs(np.asarray(true, dtype=np.float64))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    length = min(top, int((y > least).sum()))
    if length == 0:
        return float("nan")
    largest = np.argsort(-y, kind="stable")[:length]
    named = [j for j in np.argsort(-x, kind="stable")[:length] if x[j] > 0]
    return len(set(named) & set(largest.tolist())) / length


def bootstrap_mean(
    draw: Callable[[np.random.Generator | None], list[float]], *, n_draws: int = 200, seed: int = 0
) -> tuple[float, float, float]:
    """A mean with its 95 % bootstrap interval.

    Parameters
    ----------
    draw : function
        With None, the figures of the sample itself; with a generator, those of a sample drawn again from it. NaN are
        left out of the mean.

    Returns
    -------
    (mean, low, high); NaN where there is no figure.
    """
    rng = np.random.default_rng(seed)
    own = _mean(draw(None))
    means = np.array([_mean(draw(rng)) for _ in range(n_draws)])
    means = means[np.isfinite(means)]
    if not len(means):
        return own, float("nan"), float("nan")
    low, high = np.percentile(means, [2.5, 97.5])
    return own, float(low), float(high)


def _mean(figures: list[float]) -> float:
    known = [f for f in figures if np.isfinite(f)]
    return float(np.mean(known)) if known else float("nan")
