"""Rank bands: options that cannot be told apart share one; and a probability as people out of a hundred."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.bundles.manifest import IntervalBasis

__all__ = ["band_numbers", "per_100"]


def band_numbers(probability: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
    """Band of each option, 1 the highest; 0 where the probability is not known.

    Parameters
    ----------
    probability, low, high : arrays (k,)
        Probabilities and ends of their 95 % intervals; NaN marks options outside the bands.

    Returns
    -------
    array (k,) of int

    Notes
    -----
    Options are taken from the most probable down. A band opens with its best option L; option i joins while
    p_L - p_i <= 1.96 sqrt(se_L² + se_i²), with se = (high - low) / 3.92; the first that fails opens the next.

    Examples
    --------
    >>> band_numbers([0.2, 0.6, 0.55], [0.15, 0.5, 0.45], [0.25, 0.7, 0.65]).tolist()
    [2, 1, 1]
    """
    p = np.asarray(probability, dtype=np.float64)
    se = (np.asarray(high, dtype=np.float64) - np.asarray(low, dtype=np.float64)) / 3.92
    bands = np.zeros(len(p), dtype=np.int64)
    band, leader = 0, -1
    for i in np.argsort(-p, kind="stable"):
        if np.isnan(p[i]):
            continue
        if leader < 0 or p[leader] - p[i] > 1.96 * np.hypot(se[leader], se[i]):
            band, leader = band + 1, i
        bands[i] = band
    return bands


def _people(probability: float) -> str:
    people = round(100 * probability)
    return {0: "fewer than 1", 100: "more than 99"}.get(people, str(people))


def per_100(
    probability: float,
    low: float,
    high: float,
    outcome: str = "respond",
    alike: str = "patients like this",
    *,
    basis: IntervalBasis = "observed",
) -> str:
    """A calibrated probability as people out of a hundred, with what its interval covers; never for scores.

    Examples
    --------
    >>> per_100(0.37, 0.31, 0.43)
    'about 37 of 100 patients like this respond, between 31 and 43 in groups of such patients'
    """
    about = _people(probability)
    about = about if about[0] in "fm" else f"about {about}"
    covers = "by the calibration alone"
    if basis == "observed":
        covers = f"in groups of such {alike.partition(' ')[0]}"
    ends = f"between {_people(low)} and {_people(high)} {covers}"
    return f"{about} of 100 {alike} {outcome}, {ends}"
