"""What a model is worth to a decision: net benefit over a range of thresholds, against simpler rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from explainers.audit.errors import AuditError
from explainers.audit.resampling import FloatMatrix, FloatVector, Statistic, percentiles
from oncology.counts import SMALLEST_COUNT, shown

if TYPE_CHECKING:
    from explainers.audit.label_rules import LabelRule

__all__ = [
    "SENSIBLE",
    "THRESHOLDS",
    "DecisionCurve",
    "ThresholdError",
    "decision_curve",
    "net_benefit",
    "net_benefit_statistic",
    "price_words",
]

THRESHOLDS: tuple[float, ...] = tuple(round(0.02 + 0.01 * i, 2) for i in range(79))
# From "treating twenty is worth one response" to "treating two is": where oncologists place themselves.
SENSIBLE = (0.05, 0.50)


class ThresholdError(AuditError):
    """A threshold that is no probability strictly between 0 and 1."""

    def __init__(self, threshold: float) -> None:
        super().__init__(
            f"The threshold is {threshold!r}; expected a number strictly between 0 and 1, such as 0.2 for "
            "'worth it from 20 of 100 on'."
        )
        self.threshold = threshold


def net_benefit(y_true: ArrayLike, probability: ArrayLike, *, threshold: float) -> float:
    """Net benefit of treating every patient whose probability reaches the threshold.

    Parameters
    ----------
    y_true : array-like of shape (n,), values in {0, 1}
        1 where the patient responded.
    probability : array-like of shape (n,), in [0, 1]
    threshold : float in (0, 1)
        Probability at which treating is just worth it; its odds price a false positive.

    Returns
    -------
    float
        True positives per patient after paying for the false ones; treating nobody scores 0.

    Raises
    ------
    ThresholdError
        If `threshold` is not strictly between 0 and 1.

    References
    ----------
    .. [1] Vickers & Elkin (2006), Medical Decision Making 26(6).

    Examples
    --------
    >>> round(net_benefit([1, 0, 1, 0], [0.9, 0.4, 0.6, 0.2], threshold=0.3), 3)
    0.393
    """
    if not 0 < threshold < 1:
        raise ThresholdError(threshold)
    y_true = np.asarray(y_true, dtype=np.float64)
    treated = np.asarray(probability, dtype=np.float64) >= threshold
    gain: float = np.mean(_worth(y_true, treated[:, None], np.array([threshold])), axis=0)[0]
    return float(gain)


def _worth(y: FloatVector, treated: NDArray[np.bool_], thresholds: FloatVector) -> FloatMatrix:
    """What each patient adds to the net benefit at each threshold, (n, t): 1 for a hit, minus the odds for a false alarm."""
    odds = thresholds / (1 - thresholds)
    return np.where(treated, np.where(y[:, None] == 1, 1.0, -odds), 0.0)


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit per patient over thresholds; treating nobody is 0 everywhere.

    Parameters
    ----------
    thresholds, model, low, high, everybody : tuples (t,)
        Net benefit of the model with its 95 % bootstrap interval, and of treating everybody.
    treated : tuple (t,)
        Share of patients whose number reaches the threshold.
    label : tuple (t,)
        Net benefit of the rule "by label only"; empty where no rule is known.
    over_label, over_label_low, over_label_high : tuples (t,)
        Model minus label, with its interval from the same bootstrap draws.
    over_default, over_default_low, over_default_high : tuples (t,)
        Model minus the better of treating everybody and nobody.
    label_words, label_source : str
    label_treated : float
        Share of patients who meet the rule.
    reason : str
        Why there is no curve.
    n_apart : float
        As how many separate looks at model minus label the sensible thresholds count: neighbours tell the same.
    """

    option: str
    n: int
    n_events: int
    thresholds: tuple[float, ...] = ()
    model: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    everybody: tuple[float, ...] = ()
    treated: tuple[float, ...] = ()
    over_default: tuple[float, ...] = ()
    over_default_low: tuple[float, ...] = ()
    over_default_high: tuple[float, ...] = ()
    label: tuple[float, ...] = ()
    over_label: tuple[float, ...] = ()
    over_label_low: tuple[float, ...] = ()
    over_label_high: tuple[float, ...] = ()
    label_words: str = ""
    label_source: str = ""
    label_is_known: bool = False
    label_treated: float = float("nan")
    reason: str = ""
    n_apart: float = 1.0

    def at(self, threshold: float) -> int:
        """Position of the nearest threshold."""
        return int(np.argmin(np.abs(np.asarray(self.thresholds) - threshold)))

    def within(self, low: float, high: float) -> list[int]:
        """Positions of the thresholds from `low` to `high`."""
        return [i for i, t in enumerate(self.thresholds) if low - 1e-9 <= t <= high + 1e-9]


def net_benefit_statistic(
    y: FloatVector, p: FloatVector, met: NDArray[np.bool_] | None, thresholds: FloatVector
) -> Statistic:
    """Net benefit of model, of everybody and of the label in every bootstrap round: (b, 3 t), label 0 without one."""
    worth = [
        _worth(y, p[:, None] >= thresholds, thresholds),
        _worth(y, np.ones((len(y), 1), dtype=bool), thresholds),
        _worth(y, np.zeros((len(y), 1), dtype=bool) if met is None else met[:, None], thresholds),
    ]
    columns = np.concatenate(worth, axis=1)

    def statistic(counts: FloatMatrix) -> FloatMatrix:
        result: FloatMatrix = counts @ columns / counts.sum(axis=1)[:, None]
        return result

    return statistic


def decision_curve(
    option: str,
    y: FloatVector,
    p: FloatVector,
    draws: FloatMatrix,
    *,
    met: NDArray[np.bool_] | None = None,
    rule: LabelRule | None = None,
    thresholds: tuple[float, ...] = THRESHOLDS,
) -> DecisionCurve:
    """The decision curve of an option with intervals from bootstrap draws (rounds, 3 t) of `net_benefit_statistic`.

    met : who of these patients meets the label, (n,), and `rule` what it is called.
    """
    n, events = len(y), int(y.sum())
    t = np.asarray(thresholds)
    if not n or min(events, n - events) == 0:
        why = "nobody responded" if n and not events else "everybody responded" if n else "no known outcome"
        return DecisionCurve(option, n, events, reason=why)
    if shown(events, of=n) is None:
        # The curve of treating everybody tells how many responded.
        why = f"fewer than {SMALLEST_COUNT} patients of one outcome"
        return DecisionCurve(option, n, events, reason=why)
    centre = net_benefit_statistic(y, p, met, t)(np.ones((1, n)))
    model, everybody, label = np.split(centre[0], 3)
    drawn_model, drawn_all, drawn_label = np.split(draws, 3, axis=1)
    low, high = percentiles(drawn_model)
    default, drawn_default = np.maximum(everybody, 0.0), np.maximum(drawn_all, 0.0)
    more_low, more_high = percentiles(drawn_model - drawn_default)
    found = DecisionCurve(
        option, n, events, tuple(thresholds), _tuple(model), _tuple(low), _tuple(high), _tuple(everybody),
        _tuple((p[:, None] >= t).mean(axis=0)), _tuple(model - default), _tuple(more_low), _tuple(more_high),
    )  # fmt: skip
    if met is None:
        return found
    beyond_low, beyond_high = percentiles(drawn_model - drawn_label)
    found = replace(
        found, label=_tuple(label), over_label=_tuple(model - label), over_label_low=_tuple(beyond_low),
        over_label_high=_tuple(beyond_high), label_treated=float(met.mean()),
        n_apart=_looks((drawn_model - drawn_label)[:, found.within(*SENSIBLE)]),
    )  # fmt: skip
    if rule is None:
        return found
    return replace(found, label_words=rule.words, label_source=rule.source, label_is_known=rule.is_label)


def _looks(draws: FloatMatrix) -> float:
    """How many independent columns would have as large a largest deviation as these (rounds, t) have in 95 of 100 rounds."""
    spread = draws.std(axis=0)
    told = spread > 0
    if len(draws) < 2 or not told.any():
        return 1.0
    largest = np.abs((draws[:, told] - draws[:, told].mean(axis=0)) / spread[told]).max(axis=1)
    beyond = 2 * float(norm.sf(np.percentile(largest, 95)))
    return float(np.clip(0.05 / beyond, 1.0, told.sum())) if beyond > 0 else float(told.sum())


def _tuple(values: FloatVector) -> tuple[float, ...]:
    return tuple(map(float, values))


def price_words(threshold: float, responds: str = "response") -> str:
    """The price of one more false positive at a threshold, in words.

    Examples
    --------
    >>> price_words(0.2)
    'At 20 of 100, one more patient treated in vain costs 0.25 of a response: four in vain weigh as much as one response missed.'
    """
    if not 0 < threshold < 1:
        raise ThresholdError(threshold)
    odds = threshold / (1 - threshold)
    many = 1 / odds
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
    figure = words.get(round(many), f"{many:.0f}") if abs(many - round(many)) < 0.05 else f"{many:.1f}"
    weigh = (
        f"{figure} in vain weigh as much as one {responds} missed"
        if many > 1.05
        else f"one in vain weighs as much as one {responds} missed"
        if many > 0.95
        else f"one in vain weighs as much as {odds:.1f} {responds}s missed"
    )
    return f"At {100 * threshold:.0f} of 100, one more patient treated in vain costs {odds:.2f} of a {responds}: {weigh}."
