"""What another map from number to probability would do, judged on patients it was not fitted on; never kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from explainers.audit.calibration import Bin, bins
from explainers.audit.curves import SmoothCurve, smooth_curve
from explainers.audit.data import AuditData
from oncology.counts import shown
from oncology.uncertainty import MethodQuality, compare_calibrations, platt

__all__ = ["Recalibration", "recalibration"]

_CLIP = 1e-6
_FEWEST_OF_EACH = 10
# A gain in the Brier score smaller than this is none, however surely it is known.
_SAME_BRIER = 0.002


@dataclass(frozen=True, slots=True)
class Recalibration:
    """The number as it is, and after each way of recalibrating it, cross-fitted in fifths of the patients.

    Parameters
    ----------
    before_mean, observed : float
        Mean number as it is, and share of responders.
    slope, intercept : float
        Platt's map on all these patients: logit(p) = slope * logit(number) + intercept (of the margin, where the
        number is shown on another scale). Offered to be copied; the model is not changed by it.
    rows : tuple of mappings
        One a method: errors before and after.
    bins, curve : the calibration plot after Platt's map, cross-fitted
    gain, gain_low, gain_high : float
        Fall of the Brier score by Platt's map, with its 95 % interval.
    """

    option: str
    label: str
    n: int
    before_mean: float
    observed: float
    slope: float
    intercept: float
    rows: tuple[dict[str, Any], ...]
    bins: tuple[Bin, ...]
    curve: SmoothCurve
    gain: float
    gain_low: float
    gain_high: float

    @property
    def is_needed(self) -> bool:
        """Whether recalibrating helps: the Brier score falls, surely and by enough to matter."""
        return self.gain_low > 0 and self.gain >= _SAME_BRIER

    @property
    def words(self) -> str:
        """One sentence on what recalibrating would do here."""
        if not self.is_needed:
            return (
                f"{self.label}: recalibrating on these patients would not make its number detectably better."
            )
        before, after = self.rows[0], self.rows[1]
        return (
            f"{self.label}: recalibrated on four fifths of these patients and judged on the last, its expected calibration "
            f"error falls from {100 * before['expected calibration error']:.1f} to {100 * after['expected calibration error']:.1f} "
            f"of 100 and its Brier score from {before['Brier score']:.3f} to {after['Brier score']:.3f}. The ranking stays as "
            "it is. The model itself is not changed."
        )


def recalibration(data: AuditData, option: str, *, seed: int = 0) -> Recalibration | None:
    """The effect of recalibrating one option on these patients; None where there are too few, or no share to map.

    The numbers that are compared are those a reader is shown.
    """
    y, p = data.of(option)
    if option in data.faults or min(y.sum(), len(y) - y.sum()) < _FEWEST_OF_EACH:
        return None
    if ((p < 0) | (p > 1)).any():
        return None
    log_odds = logit(np.clip(p, _CLIP, 1 - _CLIP))
    found = compare_calibrations(log_odds, y, seed=seed, uncalibrated=p)
    before, after = (next(q for q in found if q.method == m) for m in ("none", "platt"))
    (slope,), (intercept,) = platt(log_odds, y)
    return Recalibration(
        option, data.label(option), len(y), float(p.mean()), float(y.mean()), float(slope), float(intercept),
        tuple(_row(q) for q in (before, after, *(q for q in found if q.method not in ("none", "platt")))),
        bins(y, after.probability), smooth_curve(y, after.probability),
        before.brier_more, before.brier_more_low, before.brier_more_high,
    )  # fmt: skip


_LABELS = {"none": "as it is shown", "platt": "Platt (a straight line on the log-odds)"}


def _row(q: MethodQuality) -> dict[str, Any]:
    return {
        "number": _LABELS.get(q.method, q.label), "patients": shown(q.n), "expected calibration error": round(q.ece, 4),
        "calibration in the large": round(q.intercept, 3), "calibration slope": round(q.slope, 3),
        "Brier score": round(q.brier, 4), "logarithmic loss": round(q.log_loss, 4),
    }  # fmt: skip
