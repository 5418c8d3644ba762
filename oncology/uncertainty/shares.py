"""Wilson's interval of a share of patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

__all__ = ["wilson"]

FloatArray = NDArray[np.float64]


def wilson(hits: ArrayLike, n: ArrayLike, *, coverage: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Wilson's interval of hits among n, of any shape; 0 to 1 where n is 0.

    Parameters
    ----------
    hits, n : array-like
        Counts; fractions of patients (weights) are allowed.
    coverage : float in (0, 1)

    References
    ----------
    .. [1] Wilson (1927), Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> [round(float(v), 3) for v in wilson(5, 10)]
    [0.237, 0.763]
    """
    hits, n = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    z = float(ndtri(0.5 + coverage / 2))
    some = np.maximum(n, 1e-12)
    p = hits / some
    centre = (p + z * z / (2 * some)) / (1 + z * z / some)
    half = z * np.sqrt(p * (1 - p) / some + z * z / (4 * some * some)) / (1 + z * z / some)
    low = np.where(n > 0, np.clip(centre - half, 0.0, 1.0), 0.0)
    high = np.where(n > 0, np.clip(centre + half, 0.0, 1.0), 1.0)
    return low, high
