"""What is measured in every group: each metric of one option's predictions with its 95 % interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import AuditError
from explainers.audit.logistic import logistic
from oncology.counts import SMALLEST_COUNT, shown
from oncology.performance import auc_with_interval
from oncology.uncertainty import wilson

__all__ = ["METRICS", "MIN_EVENTS", "MIN_EVENTS_TO_RANK", "MIN_PATIENTS", "Metric", "log_odds"]

FloatVector = NDArray[np.float64]
Interval = tuple[float, float, float]

MIN_PATIENTS = 30
MIN_EVENTS = 5  # responders, and non-responders: fewer are withheld
MIN_EVENTS_TO_RANK = 10  # of each, where patients are ranked or a slope is fitted

_EDGE = 1e-6


def log_odds(probability: FloatVector) -> FloatVector:
    """Log-odds of probabilities, those of 0 and 1 taken as a millionth from the edge."""
    p = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.log(p / (1 - p))


@dataclass(frozen=True, slots=True)
class Metric:
    """One way of judging predictions in a group.

    Parameters
    ----------
    key : str
        In words, as it stands in tables.
    means : str
        One sentence for a reader without statistics.
    best : {"0", "1", "high", "low"}
        Which value is best.
    needs : int
        Responders, and non-responders, without which it is not computed.
    needs_probability : bool
        Not defined for a number outside 0 to 1.
    method : str
        How the interval is made.
    measure : function of outcomes, probabilities and threshold to (estimate, low, high)
    """

    key: str
    means: str
    best: str
    needs: int
    needs_probability: bool
    method: str
    measure: Callable[[FloatVector, FloatVector, float], Interval]


def _calibration(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    low, high = wilson(y.sum(), len(y))
    predicted = float(p.mean())
    return float(y.mean()) - predicted, float(low) - predicted, float(high) - predicted


def _auc(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    return auc_with_interval(y, p)


def _slope(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    x = log_odds(p)
    if np.ptp(x) < 1e-9:
        raise AuditError("every patient of the group has the same number")
    fit = logistic(np.column_stack([np.ones(len(y)), x]), y, start=(0.0, 1.0))
    slope, error = float(fit.coefficients[1]), fit.error(1)
    return slope, slope - 1.96 * error, slope + 1.96 * error


def _mean_of(values: FloatVector) -> Interval:
    mean, error = float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
    return mean, mean - 1.96 * error, mean + 1.96 * error


def _brier(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    return _mean_of((y - p) ** 2)


def _sensitivity(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    found = float(((p >= threshold) & (y == 1)).sum())
    if shown(int(found), of=int(y.sum())) is None:
        raise AuditError(f"withheld: fewer than {SMALLEST_COUNT} responders on one side of the threshold")
    low, high = wilson(found, y.sum())
    return found / float(y.sum()), float(low), float(high)


def _false_negative_rate(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    found, low, high = _sensitivity(y, p, threshold)
    return 1 - found, 1 - high, 1 - low


def _net_benefit(y: FloatVector, p: FloatVector, threshold: float) -> Interval:
    chosen, price = p >= threshold, threshold / (1 - threshold)
    return _mean_of(np.where(chosen, np.where(y == 1, 1.0, -price), 0.0))


METRICS: dict[str, Metric] = {
    m.key: m
    for m in (
        Metric(
            "observed minus predicted",
            "How many more of 100 responded than the number said; 0 is best, over 0 the number is too low.",
            "0", MIN_EVENTS, True, "Wilson", _calibration,
        ),
        Metric(
            "AUC",
            "Share of pairs of a responder and a non-responder in which the responder has the higher number; 0.5 is chance.",
            "high", MIN_EVENTS_TO_RANK, False, "DeLong", _auc,
        ),
        Metric(
            "calibration slope",
            "1 is best; under 1 the numbers are too extreme, under 0 they point the wrong way.",
            "1", MIN_EVENTS_TO_RANK, True, "Wald, Firth's logistic regression", _slope,
        ),
        Metric(
            "Brier score",
            "Mean squared distance of number and outcome; it depends on how many respond, so groups differ by nature.",
            "low", MIN_EVENTS, True, "normal approximation", _brier,
        ),
        Metric(
            "sensitivity",
            "Of those who responded, the share whose number reached the threshold.",
            "high", MIN_EVENTS_TO_RANK, False, "Wilson", _sensitivity,
        ),
        Metric(
            "false negative rate",
            "Of those who responded, the share whose number stayed under the threshold.",
            "low", MIN_EVENTS_TO_RANK, False, "Wilson", _false_negative_rate,
        ),
        Metric(
            "net benefit",
            "True positives per patient at the threshold, after paying for the false ones; treating nobody scores 0.",
            "high", MIN_EVENTS, True, "normal approximation", _net_benefit,
        ),
    )
}  # fmt: skip
