"""Ways to turn a margin into a probability, each judged on patients that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from oncology.uncertainty.calibration import CalibrationError, platt
from oncology.uncertainty.venn_abers import VennAbers

__all__ = ["METHODS", "MethodQuality", "compare_calibrations", "cross_fitted", "parts_of", "quality"]

FloatArray = NDArray[np.float64]
Fitted = Callable[[FloatArray], FloatArray]

_PARTS = 5
_BINS = 10
_FEWEST = 10
# Isotonic regression answers 0 and 1, which one contrary patient makes infinitely wrong.
_CLIP = 1e-3


def _platt(margin: FloatArray, outcome: FloatArray) -> Fitted:
    (slope,), (intercept,) = platt(margin, outcome)
    return lambda m: expit(slope * m + intercept)


def _beta(margin: FloatArray, outcome: FloatArray) -> Fitted:
    """logit(p) = a ln(q) - b ln(1 - q) + c with q = expit(margin); a and b are not negative (Kull et al. 2017)."""
    from sklearn.linear_model import LogisticRegression

    def terms(m: FloatArray) -> FloatArray:
        return np.column_stack([-np.logaddexp(0, -m), np.logaddexp(0, m)])

    columns = [0, 1]
    while True:
        # The penalty is too small to show; it keeps the fit finite where outcomes are separated.
        model = LogisticRegression(C=1e4, max_iter=1000).fit(terms(margin)[:, columns], outcome)
        negative = [c for c, a in zip(columns, model.coef_[0], strict=True) if a < 0]
        if not negative or len(columns) == 1:
            break
        columns = [c for c in columns if c not in negative[:1]]
    if negative:  # neither term rises with the margin: what is left is the base rate
        rate = float(outcome.mean())
        return lambda m: np.full(m.shape, rate)
    kept = list(columns)
    return lambda m: model.predict_proba(terms(m)[:, kept])[:, 1]


def _isotonic(margin: FloatArray, outcome: FloatArray) -> Fitted:
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(margin, outcome).predict


def _venn_abers(margin: FloatArray, outcome: FloatArray) -> Fitted:
    return VennAbers.fit(margin, outcome).probability


def _as_it_is(margin: FloatArray, outcome: FloatArray) -> Fitted:
    return expit


# Key to words and fitting function; "none" takes the margin for log-odds, as the model gives it.
METHODS: Mapping[str, tuple[str, Callable[[FloatArray, FloatArray], Fitted]]] = {
    "none": ("As the model gives it", _as_it_is),
    "platt": ("Platt (used for the numbers shown)", _platt),
    "beta": ("Beta", _beta),
    "isotonic": ("Isotonic", _isotonic),
    "venn-abers": ("Venn-Abers", _venn_abers),
}


@dataclass(frozen=True, eq=False, slots=True)
class MethodQuality:
    """How good the probabilities of one calibration are, each patient calibrated by patients other than themselves.

    Parameters
    ----------
    method, label : str
        Key of `METHODS`, and its words.
    n, n_events : int
    slope, intercept : float
        Of the regression of the outcome on the log-odds of the probability; 1 and 0 where they are right. A slope
        under 1: too extreme. The intercept is that of calibration in the large, with the slope held at 1: over 0
        where the probabilities are too low.
    ece : float
        Expected calibration error: mean distance of observed share and mean probability over ten bins of equal size,
        weighted by the patients in each.
    brier, log_loss : float
        Mean squared error; mean logarithmic loss, with probabilities kept within 0.001 of 0 and 1.
    brier_more, brier_more_low, brier_more_high : float
        Brier score minus that of Platt's map on the same patients, with its 95 % interval (normal approximation of
        the mean of paired differences).
    probability : array (n,)
        The probabilities that were judged, in the order of the patients.
    """

    method: str
    label: str
    n: int
    n_events: int
    slope: float
    intercept: float
    ece: float
    brier: float
    log_loss: float
    brier_more: float
    brier_more_low: float
    brier_more_high: float
    probability: FloatArray = field(repr=False)

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference from Platt's map leaves out zero."""
        return not self.brier_more_low <= 0.0 <= self.brier_more_high

    def row(self) -> dict[str, Any]:
        """One row of a table, without the probabilities."""
        names = [n for n in self.__dataclass_fields__ if n != "probability"]
        return {n: getattr(self, n) for n in names}


def parts_of(outcome: ArrayLike, *, seed: int = 0, n_parts: int = _PARTS) -> NDArray[np.intp]:
    """Part 0 to `n_parts` - 1 of each patient, (n,), with responders and others spread evenly."""
    outcome = np.asarray(outcome, dtype=np.float64)
    rng = np.random.default_rng(seed)
    part = np.empty(len(outcome), dtype=np.intp)
    for value in (0.0, 1.0):
        rows = np.flatnonzero(outcome == value)
        part[rng.permutation(rows)] = np.arange(len(rows)) % n_parts
    return part


def cross_fitted(
    margin: ArrayLike, outcome: ArrayLike, method: str = "platt", *, seed: int = 0
) -> FloatArray:
    """Probabilities (n,) of margins (n,), those of each fifth by a map fitted on the other four.

    Raises
    ------
    CalibrationError
        If lengths differ, a margin is not finite, an outcome is not 0 or 1, there are fewer than ten patients of
        either outcome, or the method is none of `METHODS`.
    """
    margin, outcome = _checked(margin, outcome)
    if method not in METHODS:
        raise CalibrationError(f"The calibration is {method!r}; expected one of {', '.join(METHODS)}.")
    fit = METHODS[method][1]
    part = parts_of(outcome, seed=seed)
    found = np.empty(len(margin))
    for p in range(_PARTS):
        held, kept = part == p, part != p
        found[held] = fit(margin[kept], outcome[kept])(margin[held])
    return found


def compare_calibrations(
    margin: ArrayLike, outcome: ArrayLike, *, seed: int = 0, uncalibrated: ArrayLike | None = None
) -> tuple[MethodQuality, ...]:
    """Every method of `METHODS` on the same margins, judged out of part.

    Parameters
    ----------
    margin : array (n,)
        Log-odds that no model gave for a patient it was trained on.
    outcome : array (n,), values in {0, 1}
    seed : int
        Of the parts; the same parts serve every method.
    uncalibrated : array (n,), in [0, 1], optional
        The probabilities of the method "none", where they are not the margins' own (a score that others read as a
        probability).

    Raises
    ------
    CalibrationError
        As `cross_fitted`; with one outcome alone nothing can be compared.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> margin = rng.normal(0, 1, 2000)
    >>> outcome = rng.random(2000) < expit(margin / 2 - 1)
    >>> {q.method: round(q.slope, 1) for q in compare_calibrations(margin, outcome)}["none"]
    0.5
    """
    margin, outcome = _checked(margin, outcome)
    found = {name: cross_fitted(margin, outcome, name, seed=seed) for name in METHODS}
    if uncalibrated is not None:
        found["none"] = np.asarray(uncalibrated, dtype=np.float64)
    return tuple(quality(name, p, outcome, reference=found["platt"]) for name, p in found.items())


def quality(
    method: str, probability: ArrayLike, outcome: ArrayLike, *, reference: ArrayLike
) -> MethodQuality:
    """How good probabilities (n,) are against outcomes (n,), and against those of a reference (n,)."""
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if p.shape != y.shape or not ((p >= 0) & (p <= 1)).all():
        raise CalibrationError("Expected one probability in [0, 1] for each outcome.")
    clipped = np.clip(p, _CLIP, 1 - _CLIP)
    slope, intercept = _line(logit(clipped), y)
    more = (p - y) ** 2 - (np.asarray(reference, dtype=np.float64) - y) ** 2
    mean, half = float(more.mean()), float(1.96 * more.std(ddof=1) / np.sqrt(len(y)))
    log_loss = -float(np.mean(np.where(y == 1, np.log(clipped), np.log1p(-clipped))))
    return MethodQuality(
        method, METHODS[method][0] if method in METHODS else method, len(y), int(y.sum()), slope, intercept,
        expected_calibration_error(p, y), float(np.mean((p - y) ** 2)), log_loss,
        mean, mean - half, mean + half, p,
    )  # fmt: skip


def expected_calibration_error(probability: FloatArray, outcome: FloatArray, *, bins: int = _BINS) -> float:
    """Mean distance of observed share and mean probability over bins of (nearly) equal size, patients weighted alike.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.2, 0.2, 0.8, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]), bins=2)
    0.2
    """
    order = np.argsort(probability, kind="stable")
    gaps = [
        len(rows) * abs(float(probability[rows].mean()) - float(outcome[rows].mean()))
        for rows in np.array_split(order, bins)
        if len(rows)
    ]
    return float(round(sum(gaps) / len(outcome), 12))


def _line(log_odds: FloatArray, outcome: FloatArray) -> tuple[float, float]:
    """Slope of the outcome on log-odds, and the intercept with the slope held at 1; by Newton's method."""
    a, b, large = 0.0, float(logit(np.clip(outcome.mean(), 1e-6, 1 - 1e-6))), 0.0
    for _ in range(100):
        p = expit(a * log_odds + b)
        error, curve = outcome - p, p * (1 - p)
        h00, h01, h11 = curve.sum() + 1e-12, curve @ log_odds, curve @ log_odds**2 + 1e-12
        g0, g1 = error.sum(), error @ log_odds
        determinant = h00 * h11 - h01 * h01
        if abs(determinant) < 1e-9:  # all patients were given one probability: no slope can be told
            a = float("nan")
            break
        db, da = (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
        shrink = max(1.0, abs(da) / 2, abs(db) / 2)
        a, b = a + da / shrink, b + db / shrink
        if max(abs(da), abs(db)) < 1e-10:
            break
    for _ in range(100):
        p = expit(log_odds + large)
        step = float((outcome - p).sum() / ((p * (1 - p)).sum() + 1e-12))
        large += float(np.clip(step, -2, 2))
        if abs(step) < 1e-12:
            break
    return float(a), large


def _checked(margin: ArrayLike, outcome: ArrayLike) -> tuple[FloatArray, FloatArray]:
    margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if margin.ndim != 1 or margin.shape != outcome.shape:
        raise CalibrationError(
            f"Found {margin.shape} margins for {outcome.shape} outcomes; expected one each."
        )
    if not np.isfinite(margin).all() or not np.isin(outcome, (0.0, 1.0)).all():
        raise CalibrationError("Margins must be finite and outcomes 0 or 1.")
    ones = int(outcome.sum())
    if min(ones, len(outcome) - ones) < _FEWEST:
        raise CalibrationError(
            f"Found {ones} patients with the outcome and {len(outcome) - ones} without; comparing calibrations needs "
            f"{_FEWEST} of each."
        )
    return margin, outcome
