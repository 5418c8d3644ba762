"""One false alarm rate for everything a finding chose from: how far an interval has to be widened for it."""

from __future__ import annotations

import math

from scipy.stats import norm

__all__ = ["FAMILY_LEVEL", "critical", "errors_from", "widened"]

# Chance that any finding of a family is false where there is nothing to find: the same for options, groups and models.
FAMILY_LEVEL = 0.01
_SINGLE = 1.96


def critical(n: float, level: float = FAMILY_LEVEL) -> float:
    """How many standard errors a difference must exceed, two-sided, where n of them are looked at (Bonferroni).

    Examples
    --------
    >>> round(critical(1), 3), round(critical(14), 3)
    (2.576, 3.384)
    """
    return float(norm.ppf(1 - level / (2 * max(n, 1.0))))


def widened(estimate: float, low: float, high: float, limit: float) -> tuple[float, float]:
    """Ends of a 95 % interval moved out to `limit` standard errors, each side by its own length.

    Examples
    --------
    >>> [round(v, 2) for v in widened(0.6, 0.502, 0.698, 3.0)]
    [0.45, 0.75]
    """
    return estimate - (estimate - low) * limit / _SINGLE, estimate + (high - estimate) * limit / _SINGLE


def errors_from(estimate: float, low: float, high: float, value: float) -> float:
    """Distance from a value in standard errors, read off the 95 % interval; 0 where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return 0.0
    return (estimate - value) / ((high - low) / (2 * _SINGLE))
