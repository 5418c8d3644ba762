"""How well out-of-fold margins tell responders from the others: area under the curve, Brier score, slope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.errors import OncologyError
from oncology.uncertainty import parts_of, platt

__all__ = [
    "OptionPerformance",
    "PerformanceError",
    "auc_with_interval",
    "calibrated_without_self",
    "performance",
]

FloatArray = NDArray[np.float64]


class PerformanceError(OncologyError, ValueError):
    """Outcomes that no performance can be computed from."""


@dataclass(frozen=True, slots=True)
class OptionPerformance:
    """Cross-validated performance of one option's model.

    Parameters
    ----------
    n, n_events : int
        Patients with a known outcome, and responders among them.
    auc, auc_low, auc_high : float
        Area under the receiver operating characteristic with its 95 % interval (DeLong).
    brier : float
        Mean squared error of the calibrated probability, each patient calibrated without themselves.
    brier_base_rate : float
        The same for somebody who gives every patient the base rate: n_events / n.
    calibration_slope, calibration_intercept : float
        Of the uncalibrated margin on the log-odds scale: a slope under 1 means margins too extreme.
    """

    option: str
    n: int
    n_events: int
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    brier_base_rate: float
    calibration_slope: float
    calibration_intercept: float

    @property
    def has_signal(self) -> bool:
        """Whether the interval of the AUC lies above one half: the model tells patients apart at all."""
        return self.auc_low > 0.5

    @property
    def base_rate(self) -> float:
        """Share of responders among the patients with a known outcome."""
        return self.n_events / self.n

    def words(self) -> str:
        """One sentence for a reader without statistics."""
        pair = f"In {self.auc:.0%} of pairs of a responder and a non-responder it scores the responder higher"
        span = f"({self.auc_low:.0%} to {self.auc_high:.0%}; chance is 50 %)"
        if self.has_signal:
            return f"{pair} {span}."
        return f"No signal: {pair[0].lower()}{pair[1:]} {span}, which does not exclude chance."

    def to_json(self) -> dict[str, Any]:
        """Plain data for a manifest, with the flag for options without signal."""
        return asdict(self) | {"has_signal": self.has_signal}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OptionPerformance:
        """The record behind `to_json`; PerformanceError where it cannot be read."""
        try:
            kinds = {"option": str, "n": int, "n_events": int}
            return cls(**{n: kinds.get(n, float)(data[n]) for n in cls.__dataclass_fields__})
        except (KeyError, TypeError, ValueError) as error:
            raise PerformanceError(f"A performance record cannot be read: {error}.") from error


def auc_with_interval(y_true: ArrayLike, score: ArrayLike) -> tuple[float, float, float]:
    """Area under the curve with its 95 % interval by DeLong's variance.

    Parameters
    ----------
    y_true : array (n,), values in {0, 1}
    score : array (n,)

    Returns
    -------
    auc, low, high : float, in [0, 1]

    Raises
    ------
    PerformanceError
        If there are fewer than two patients of either outcome.

    References
    ----------
    .. [1] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3).

    Examples
    --------
    >>> [round(v, 3) for v in auc_with_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])]
    [0.75, 0.057, 1.0]
    """
    from scipy.stats import rankdata

    y_true, score = np.asarray(y_true, dtype=np.float64), np.asarray(score, dtype=np.float64)
    ones, zeros = score[y_true == 1], score[y_true == 0]
    m, n = len(ones), len(zeros)
    if min(m, n) < 2:
        raise PerformanceError(
            f"Found {m} responders and {n} others; an AUC with interval needs two of each."
        )
    together = rankdata(np.concatenate([ones, zeros]))
    above = (together[:m] - rankdata(ones)) / n
    below = 1.0 - (together[m:] - rankdata(zeros)) / m
    auc = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return auc, max(0.0, auc - 1.96 * error), min(1.0, auc + 1.96 * error)


def performance(option: str, margin: ArrayLike, y_true: ArrayLike, *, seed: int = 0) -> OptionPerformance:
    """Performance of out-of-fold margins (n,) against outcomes (n,).

    The Brier score belongs to probabilities calibrated in five parts, each with a map fitted on the other four,
    so that no patient's own outcome calibrates them.
    """
    margin, y_true = np.asarray(margin, dtype=np.float64), np.asarray(y_true, dtype=np.float64)
    auc, low, high = auc_with_interval(y_true, margin)
    probability = calibrated_without_self(margin, y_true, seed=seed)
    (slope,), (intercept,) = platt(margin, y_true)
    rate = float(y_true.mean())
    return OptionPerformance(
        option, len(y_true), int(y_true.sum()), auc, low, high,
        float(np.mean((probability - y_true) ** 2)), rate * (1 - rate), float(slope), float(intercept),
    )  # fmt: skip


def calibrated_without_self(margin: FloatArray, y_true: FloatArray, *, seed: int = 0) -> FloatArray:
    """Probabilities (n,) by Platt maps, each patient calibrated by a map fitted on the four fifths without them."""
    part = parts_of(y_true, seed=seed)
    probability = np.empty(len(y_true))
    for p in range(5):
        held, kept = part == p, part != p
        if held.any():
            (slope,), (intercept,) = platt(margin[kept], y_true[kept])
            probability[held] = 1 / (1 + np.exp(-(slope * margin[held] + intercept)))
    return probability
