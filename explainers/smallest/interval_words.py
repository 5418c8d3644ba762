"""The ends of an interval of a number in words that do not promise more than the interval holds."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["ends_in_words"]

_DIGITS = 6


def ends_in_words(low: float | None, high: float | None) -> str:
    """Say an interval (low, high]; empty where both ends are open (None).

    Ends of many digits are rounded inward, so that every value said to be inside is.

    Examples
    --------
    >>> ends_in_words(46.5, None), ends_in_words(1 / 3, 2 / 3)
    (' over 46.5', ' over 0.333334 up to 0.666666')
    """
    over = "" if low is None else f" over {_rounded(low, math.ceil)}"
    return over + ("" if high is None else f" up to {_rounded(high, math.floor)}")


def _rounded(value: float, towards: Callable[[float], int]) -> str:
    said = f"{value:.{_DIGITS}g}"
    if float(said) == value:
        return said
    step = 10.0 ** (math.floor(math.log10(abs(value))) - _DIGITS + 1)
    return f"{towards(value / step) * step:.{_DIGITS}g}"
