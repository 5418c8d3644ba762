"""Calibration of exclusive classes: one scale for all margins, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.uncertainty.calibration import CalibrationError

__all__ = ["TemperatureMap", "fit_temperature"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TemperatureMap:
    """Calibration of exclusive classes: ``softmax(scale * margin)``, with bootstrapped scales for the interval.

    References
    ----------
    .. [1] Guo et al. (2017), On calibration of modern neural networks, ICML.
    """

    scale: float
    scales: tuple[float, ...]

    def probability(self, margin: ArrayLike) -> FloatArray:
        """Class probabilities (n, k) that sum to 1, from margins (n, k)."""
        return _softmax(self.scale * np.asarray(margin, dtype=np.float64))

    def interval(self, margin: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Ends of the 95 % interval, each (n, k)."""
        margin = np.asarray(margin, dtype=np.float64)
        centre = self.probability(margin)
        draws = np.stack([_softmax(s * margin) for s in self.scales])
        low, high = np.percentile(draws, [2.5, 97.5], axis=0)
        return np.minimum(low, centre), np.maximum(high, centre)

    def to_json(self) -> dict[str, Any]:
        """The map as plain data, for a manifest."""
        return {"scale": self.scale, "scales": list(self.scales)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TemperatureMap:
        """The map behind `to_json`; CalibrationError where it cannot be read."""
        try:
            return cls(float(data["scale"]), tuple(float(s) for s in data["scales"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(f"A calibration map cannot be read: {error}.") from error


def _softmax(margin: FloatArray) -> FloatArray:
    powers = np.exp(margin - margin.max(axis=-1, keepdims=True))
    result: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return result


def fit_temperature(
    margin: ArrayLike, outcome: Sequence[int] | NDArray[np.intp], *, n_bootstraps: int = 50, seed: int = 0
) -> TemperatureMap:
    """The scale that makes out-of-fold class margins (n, k) most likely given the classes (n,), bootstrapped."""
    from scipy.optimize import minimize_scalar

    margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.intp)
    rows = np.arange(len(margin))

    def best(chosen: NDArray[np.intp]) -> float:
        m, c = margin[chosen], outcome[chosen]

        def loss(log_scale: float) -> float:
            p = _softmax(np.exp(log_scale) * m)[np.arange(len(c)), c]
            return float(-np.log(np.clip(p, 1e-12, 1)).mean())

        return float(np.exp(minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded").x))

    rng = np.random.default_rng(seed)
    draws = tuple(best(rng.integers(0, len(rows), len(rows))) for _ in range(n_bootstraps))
    return TemperatureMap(best(rows), draws)
