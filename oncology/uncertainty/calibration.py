"""From a margin to a calibrated probability, and the interval around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from oncology.errors import OncologyError

__all__ = [
    "CalibrationError",
    "CalibrationMap",
    "fit_calibration",
    "platt",
]

FloatArray = NDArray[np.float64]

# A map that runs downhill, or flat, would say that the model ranks patients backwards. Where the data cannot
# exclude that, the map keeps this much slope: order is kept, and the probability stays near the base rate.
MIN_SLOPE = 0.01
_N_GRID = 61
_FEWEST_OF_EACH = 2


class CalibrationError(OncologyError, ValueError):
    """Margins and outcomes that no calibration can be fitted to."""


@dataclass(frozen=True, eq=False)
class CalibrationMap:
    """Platt's map, ``logit(p) = slope * margin + intercept``, with a table of its bootstrap interval.

    Parameters
    ----------
    slope, intercept : float
        The slope is positive: the map keeps the order of the margins.
    grid : array (g,)
        Margins at which the interval is tabulated, ascending.
    low_logit, high_logit : arrays (g,)
        Ends of the 95 % interval there, on the log-odds scale.
    n_bootstraps, seed : int
    """

    slope: float
    intercept: float
    grid: FloatArray
    low_logit: FloatArray
    high_logit: FloatArray
    n_bootstraps: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("grid", "low_logit", "high_logit"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        sizes = {len(self.grid), len(self.low_logit), len(self.high_logit)}
        finite = all(np.isfinite(getattr(self, n)).all() for n in ("grid", "low_logit", "high_logit"))
        if len(sizes) != 1 or len(self.grid) < 2 or not finite or not (np.diff(self.grid) > 0).all():
            raise CalibrationError(
                "The interval table needs an ascending grid and two ends for each of its margins."
            )
        if not self.slope > 0:
            raise CalibrationError(f"The calibration slope is {self.slope:g}; expected a positive number.")

    def probability(self, margin: ArrayLike) -> FloatArray:
        """Calibrated probability of each margin, same shape."""
        values: FloatArray = expit(self.slope * np.asarray(margin, dtype=np.float64) + self.intercept)
        return values

    def margin(self, probability: float) -> float:
        """The margin at which the calibrated probability takes a value in (0, 1)."""
        if not 0 < probability < 1:
            raise CalibrationError(f"Probability {probability!r} is not strictly between 0 and 1.")
        return float((logit(probability) - self.intercept) / self.slope)

    def interval(self, margin: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Low and high end of the 95 % interval at each margin, same shapes; it holds the probability itself.

        Beyond the tabulated margins the ends run on in a straight line on the log-odds scale.
        """
        margin = np.asarray(margin, dtype=np.float64)
        centre = self.slope * margin + self.intercept
        low = np.minimum(_along(margin, self.grid, self.low_logit), centre)
        high = np.maximum(_along(margin, self.grid, self.high_logit), centre)
        return expit(low), expit(high)

    def to_json(self) -> dict[str, Any]:
        """The map as plain data, for a manifest."""
        arrays = {n: getattr(self, n).tolist() for n in ("grid", "low_logit", "high_logit")}
        return {"slope": self.slope, "intercept": self.intercept, **arrays,
                "n_bootstraps": self.n_bootstraps, "seed": self.seed}  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CalibrationMap:
        """The map behind `to_json`.

        Raises
        ------
        CalibrationError
            If an entry is missing or of the wrong kind.
        """
        try:
            return cls(
                float(data["slope"]), float(data["intercept"]), np.asarray(data["grid"], dtype=float),
                np.asarray(data["low_logit"], dtype=float), np.asarray(data["high_logit"], dtype=float),
                int(data["n_bootstraps"]), int(data["seed"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(f"A calibration map cannot be read: {error}.") from error


def _along(x: FloatArray, grid: FloatArray, values: FloatArray) -> FloatArray:
    # np.interp holds its last value beyond the grid; the two added terms let the end pieces run on.
    inner = np.interp(x, grid, values)
    first = (values[1] - values[0]) / (grid[1] - grid[0])
    last = (values[-1] - values[-2]) / (grid[-1] - grid[-2])
    outer = np.minimum(x - grid[0], 0.0) * first + np.maximum(x - grid[-1], 0.0) * last
    result: FloatArray = inner + outer
    return result


def platt(
    margin: ArrayLike, outcome: ArrayLike, weights: ArrayLike | None = None
) -> tuple[FloatArray, FloatArray]:
    """Slopes and intercepts of Platt's map, one per row of weights.

    Parameters
    ----------
    margin : array (n,)
    outcome : array (n,), values in {0, 1}
    weights : array (b, n), optional
        Bootstrap counts; one row of ones when left out.

    Returns
    -------
    slope, intercept : arrays (b,)
        No slope is below `MIN_SLOPE`; where the best one would be, the intercept meets the base rate there.

    Notes
    -----
    Newton's method on the log-loss with Platt's smoothed targets, (n₁ + 1)/(n₁ + 2) and 1/(n₀ + 2), which keep
    the slope finite where outcomes are separated.

    References
    ----------
    .. [1] Platt (1999), Advances in Large Margin Classifiers; Lin, Lin & Weng (2007), Machine Learning 68(3).
    """
    margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if weights is None:
        weights = np.ones((1, len(margin)))
    counts = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    centre, spread = float(margin.mean()), float(margin.std()) or 1.0
    z = (margin - centre) / spread
    ones, zeros = counts @ outcome, counts @ (1 - outcome)
    high, low = (ones + 1) / (ones + 2), 1 / (zeros + 2)
    target = np.where(outcome > 0.5, high[:, None], low[:, None])
    slope, intercept = np.zeros(len(counts)), logit(np.clip((ones + 1) / (ones + zeros + 2), 1e-6, 1 - 1e-6))
    slope, intercept = _newton(z, target, counts, slope, intercept, free_slope=True)
    floor = MIN_SLOPE * spread
    flat = slope < floor
    if flat.any():
        fixed = np.full(int(flat.sum()), floor)
        slope[flat], intercept[flat] = _newton(
            z, target[flat], counts[flat], fixed, intercept[flat], free_slope=False
        )
    return slope / spread, intercept - slope / spread * centre


def _newton(
    z: FloatArray, target: FloatArray, counts: FloatArray, a: FloatArray, b: FloatArray, *, free_slope: bool
) -> tuple[FloatArray, FloatArray]:
    a, b = a.copy(), b.copy()
    for _ in range(60):
        p = expit(a[:, None] * z + b[:, None])
        error, curve = counts * (p - target), counts * p * (1 - p)
        gb, hbb = error.sum(axis=1), curve.sum(axis=1) + 1e-9
        if free_slope:
            ga, haa, hab = error @ z, curve @ (z * z) + 1e-9, curve @ z
            det = haa * hbb - hab * hab
            da, db = (hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det
        else:
            da, db = np.zeros_like(gb), gb / hbb
        # A step of at most two keeps Newton's method from overshooting on nearly separated draws.
        shrink = np.maximum(1.0, np.maximum(np.abs(da), np.abs(db)) / 2.0)
        a, b = a - da / shrink, b - db / shrink
        if max(np.abs(da).max(), np.abs(db).max()) < 1e-10:
            break
    return a, b


def fit_calibration(
    margin: ArrayLike, outcome: ArrayLike, *, n_bootstraps: int = 200, seed: int = 0
) -> CalibrationMap:
    """Platt's map on out-of-fold margins, with the 95 % interval of `n_bootstraps` resamples of the patients.

    Parameters
    ----------
    margin : array (n,)
        Margins that no model gave for a patient it was trained on.
    outcome : array (n,), values in {0, 1}

    Raises
    ------
    CalibrationError
        If lengths differ, a margin is not finite, or there are fewer than two patients of either outcome.

    Notes
    -----
    The interval says how uncertain the *map* is given these margins. It does not hold the uncertainty of the
    trees themselves, of an unmeasured confounder, or of a patient unlike those in training.
    """
    margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if margin.shape != outcome.shape or margin.ndim != 1:
        raise CalibrationError(
            f"Found {margin.shape} margins for {outcome.shape} outcomes; expected one each."
        )
    if not np.isfinite(margin).all() or not np.isin(outcome, (0.0, 1.0)).all():
        raise CalibrationError("Margins must be finite and outcomes 0 or 1.")
    fewest = int(min(outcome.sum(), (1 - outcome).sum()))
    if fewest < _FEWEST_OF_EACH:
        raise CalibrationError(
            f"Only {fewest} patient(s) of one outcome among {len(outcome)}; calibration needs "
            f"{_FEWEST_OF_EACH} of each or more."
        )
    (slope,), (intercept,) = platt(margin, outcome)
    rng = np.random.default_rng(seed)
    n = len(margin)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_bootstraps).astype(np.float64)
    slopes, intercepts = platt(margin, outcome, counts)
    reach = max(float(np.ptp(margin)), 1.0)
    grid = np.linspace(margin.min() - reach / 4, margin.max() + reach / 4, _N_GRID)
    lines = slopes[:, None] * grid + intercepts[:, None]
    low, high = np.percentile(lines, [2.5, 97.5], axis=0)
    return CalibrationMap(float(slope), float(intercept), grid, low, high, n_bootstraps, seed)
