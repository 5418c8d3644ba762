"""Bootstrap over patients: the same redrawn patients serve every statistic, so that differences are paired."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import StoppedError

__all__ = ["ROUNDS", "Statistic", "Stop", "percentiles", "redrawn", "resample"]

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]
# From counts (b, n), how often each patient was drawn, to m values a round (b, m).
Statistic = Callable[[FloatMatrix], FloatMatrix]
Stop = Callable[[], bool]

ROUNDS = 500
# Rounds are worked off in blocks of this many cells, which stay in the processor's cache.
_CELLS = 1_000_000
# A statistic that cannot be computed in more than this share of the rounds has no interval.
_MOST_FAILED = 0.05


def redrawn(n: int, rounds: int, rng: np.random.Generator) -> FloatMatrix:
    """How often each of n patients is drawn in each round, (rounds, n); every row adds up to n."""
    places = rng.integers(0, n, (rounds, n)) + n * np.arange(rounds)[:, None]
    return np.bincount(places.ravel(), minlength=rounds * n).reshape(rounds, n).astype(np.float64)


def resample(
    n: int,
    statistics: Sequence[Statistic],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
    stop: Stop | None = None,
) -> list[FloatMatrix]:
    """Every statistic in every bootstrap round: one array (rounds, m) each, rows paired across statistics.

    Parameters
    ----------
    n : number of patients
    statistics : functions from counts (b, n) to values (b, m); NaN where a draw does not allow one
    stop : asked between blocks

    Raises
    ------
    StoppedError
        If `stop` says so.
    """
    rng = np.random.default_rng([seed, n])
    parts: list[list[FloatMatrix]] = [[] for _ in statistics]
    block = max(1, _CELLS // max(n, 1))
    for start in range(0, rounds, block):
        if stop is not None and stop():
            raise StoppedError
        counts = redrawn(n, min(block, rounds - start), rng)
        for found, statistic in zip(parts, statistics, strict=True):
            found.append(statistic(counts))
    return [np.concatenate(found) for found in parts]


def percentiles(values: FloatMatrix) -> tuple[FloatVector, FloatVector]:
    """2.5th and 97.5th percentile of each column (m,); NaN where more than one draw in twenty gave no value.

    Examples
    --------
    >>> low, high = percentiles(np.linspace(0, 1, 201)[:, None])
    >>> float(low[0]), float(high[0])
    (0.025, 0.975)
    """
    failed = np.isnan(values).mean(axis=0) > _MOST_FAILED
    low, high = np.full((2, values.shape[1]), np.nan)
    good = ~failed
    if good.any():
        low[good], high[good] = np.nanpercentile(values[:, good], [2.5, 97.5], axis=0)
    return low, high
