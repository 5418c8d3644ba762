"""What a positive and a negative answer are worth where more, or fewer, patients respond."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.audit.errors import AuditError
from explainers.audit.subgroups import check_threshold, too_small
from oncology.wording import Setting, wording

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = ["PredictiveValues", "at_base_rate", "base_rate_curve", "predictive_values", "shifted"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PredictiveValues:
    """Predictive values of a threshold at one base rate, with 95 % intervals.

    Parameters
    ----------
    base_rate, observed_base_rate : float
        Share of responders supposed, and that of the patients at hand.
    sensitivity, specificity : float
        Of the patients at hand, taken to stay the same.
    ppv, npv : float
        Responders among those at or over the threshold; non-responders among those under it. NaN where nobody is there.
    n, n_events : int
        Patients the sensitivity and specificity come from.
    """

    threshold: float
    base_rate: float
    observed_base_rate: float
    sensitivity: float
    specificity: float
    ppv: float
    ppv_low: float
    ppv_high: float
    npv: float
    npv_low: float
    npv_high: float
    n: int
    n_events: int
    setting: Setting = "clinic"

    def words(self) -> str:
        """What both answers mean for a hundred patients, in natural numbers."""
        responded = wording(self.setting).responded
        over = (
            f"nobody here is at {self.threshold:.0%} or more"
            if math.isnan(self.ppv)
            else f"of 100 at {self.threshold:.0%} or more, {100 * self.ppv:.0f} {responded} "
            f"({100 * self.ppv_low:.0f} to {100 * self.ppv_high:.0f})"
        )
        under = (
            "nobody here is under it"
            if math.isnan(self.npv)
            else f"of 100 under it, {100 * (1 - self.npv):.0f} {responded} all the same "
            f"({100 * (1 - self.npv_high):.0f} to {100 * (1 - self.npv_low):.0f})"
        )
        return f"Where {100 * self.base_rate:.0f} of 100 {responded}: {over}; {under}."

    def row(self) -> dict[str, Any]:
        """The numbers for a table."""
        return {
            "base rate": round(self.base_rate, 3), "positive predictive value": _number(self.ppv), "its low": _number(self.ppv_low),
            "its high": _number(self.ppv_high), "negative predictive value": _number(self.npv), "low": _number(self.npv_low),
            "high": _number(self.npv_high),
        }  # fmt: skip


def predictive_values(sensitivity: float, specificity: float, base_rate: float) -> tuple[float, float]:
    """Positive and negative predictive value by Bayes' rule.

    Raises
    ------
    AuditError
        If one of the three lies outside [0, 1].

    Examples
    --------
    >>> [round(v, 4) for v in predictive_values(0.9, 0.8, 0.1)]  # 9 of 27 positives; 72 of 73 negatives
    [0.3333, 0.9863]
    """
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity), ("base rate", base_rate)):
        if not 0 <= value <= 1:
            raise AuditError(f"The {name} is {value:g}; expected a share between 0 and 1.")
    hits, alarms = sensitivity * base_rate, (1 - specificity) * (1 - base_rate)
    rejections, misses = specificity * (1 - base_rate), (1 - sensitivity) * base_rate
    ppv = hits / (hits + alarms) if hits + alarms > 0 else float("nan")
    npv = rejections / (rejections + misses) if rejections + misses > 0 else float("nan")
    return ppv, npv


def shifted(probability: ArrayLike, old_rate: float, new_rate: float) -> FloatArray:
    """Calibrated probabilities where the base rate is another one and nothing else: odds are multiplied.

    Examples
    --------
    >>> [round(float(v), 3) for v in shifted([0.2, 0.5], 0.2, 0.5)]
    [0.5, 0.8]
    """
    for name, value in (("old", old_rate), ("new", new_rate)):
        if not 0 < value < 1:
            raise AuditError(f"The {name} base rate is {value:g}; expected a share strictly between 0 and 1.")
    p = np.asarray(probability, dtype=np.float64)
    factor = (new_rate / (1 - new_rate)) / (old_rate / (1 - old_rate))
    made: FloatArray = factor * p / (factor * p + 1 - p)
    return made


def at_base_rate(data: AuditData, option: str, *, threshold: float, base_rate: float) -> PredictiveValues:
    """Predictive values of one option's threshold at another base rate.

    Raises
    ------
    AuditError
        If the option has too few patients, responders or non-responders; if the base rate is not inside (0, 1).

    Notes
    -----
    Sensitivity and specificity are taken to stay the same, which holds where responders elsewhere are like those here.
    Intervals by Mercaldo, Lau & Zhou [1]_ on the logit; one half is added to every cell where one is empty.

    References
    ----------
    .. [1] Mercaldo, Lau & Zhou (2007), Statistics in Medicine 26(10).
    """
    check_threshold(threshold)
    if not 0 < base_rate < 1:
        raise AuditError(f"The base rate is {base_rate:g}; expected a share strictly between 0 and 1.")
    y, p = data.of(option)
    why = too_small(len(y), int(y.sum()))
    if why:
        raise AuditError(f"{data.label(option)}: {why}.")
    chosen = p >= threshold
    cells = np.array(
        [
            (chosen & (y == 1)).sum(),
            (~chosen & (y == 1)).sum(),
            (~chosen & (y == 0)).sum(),
            (chosen & (y == 0)).sum(),
        ]
    )
    hits, misses, rejections, alarms = cells.astype(np.float64)
    sensitivity, specificity = hits / (hits + misses), rejections / (rejections + alarms)
    ppv, npv = predictive_values(sensitivity, specificity, base_rate)
    if (cells == 0).any():
        hits, misses, rejections, alarms = cells + 0.5
    se, sp = hits / (hits + misses), rejections / (rejections + alarms)
    odds = base_rate / (1 - base_rate)
    n1, n0 = hits + misses, rejections + alarms
    low_p, high_p = _interval(np.log(odds * se / (1 - sp)), (1 - se) / se / n1 + sp / (1 - sp) / n0)
    low_n, high_n = _interval(np.log(sp / (1 - se) / odds), se / (1 - se) / n1 + (1 - sp) / sp / n0)
    return PredictiveValues(
        threshold, base_rate, float(y.mean()), float(sensitivity), float(specificity), *_ends(ppv, low_p, high_p),
        *_ends(npv, low_n, high_n), len(y), int(y.sum()), data.setting,
    )  # fmt: skip


def _interval(logit: float, variance: float) -> tuple[float, float]:
    half = 1.96 * np.sqrt(variance)
    return float(1 / (1 + np.exp(-(logit - half)))), float(1 / (1 + np.exp(-(logit + half))))


def _ends(value: float, low: float, high: float) -> tuple[float, float, float]:
    """A value with its ends, which hold it; all NaN where nobody is on that side of the threshold."""
    return (value,) * 3 if math.isnan(value) else (value, min(low, value), max(high, value))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def base_rate_curve(
    data: AuditData, option: str, *, threshold: float, steps: int = 19
) -> tuple[PredictiveValues, ...]:
    """Predictive values at base rates from 5 to 95 of 100."""
    return tuple(
        at_base_rate(data, option, threshold=threshold, base_rate=float(rate))
        for rate in np.linspace(0.05, 0.95, steps)
    )
