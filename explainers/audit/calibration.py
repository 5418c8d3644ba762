"""Whether a number is a probability: mean, slope, expected error, Brier score, and the curve behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from explainers.audit.resampling import FloatMatrix, FloatVector, Statistic, percentiles
from explainers.audit.tables import ALL, AuditRow
from oncology.counts import SMALLEST_COUNT, shown
from oncology.uncertainty.shares import wilson

__all__ = [
    "METRICS",
    "N_BINS",
    "Bin",
    "bins",
    "calibration_lines",
    "calibration_rows",
    "calibration_statistic",
    "chance_error",
    "equal_bins",
]

N_BINS = 10
# A bin below this many patients says nothing; fewer bins are made instead.
_FEWEST_IN_BIN = 20
# Fewer of either outcome give no slope, and no interval worth drawing.
FEWEST_OF_EACH = 10
# Probabilities of exactly 0 or 1 have no log-odds; the nearest that are told apart.
_CLIP = 1e-6
_MOST_STEPS = 30
# A slope beyond this has no end, nor has one that still moves by this much: the outcomes are separated.
_RUNAWAY, _AT_REST = 100.0, 1e-3
METRICS = (
    "mean predicted",
    "observed",
    "calibration in the large",
    "calibration slope",
    "expected calibration error",
    "Brier score",
    "index of prediction accuracy",
)


@dataclass(frozen=True, slots=True)
class Bin:
    """Patients with similar numbers: what they were told, and what was observed.

    Parameters
    ----------
    low, high : float
        Smallest and largest number in the bin.
    n, n_events : int
        Neither outcome counts fewer than five: smaller bins were joined with their neighbour.
    predicted : float
        Mean number.
    observed, ci_low, ci_high : float
        Share of responders with Wilson's 95 % interval.
    """

    low: float
    high: float
    n: int
    n_events: int
    predicted: float
    observed: float
    ci_low: float
    ci_high: float


def equal_bins(p: FloatVector, n_bins: int = N_BINS) -> NDArray[np.intp]:
    """Bin of each patient, (n,): nearly equal numbers of patients in the order of their probability."""
    bin_of = np.empty(len(p), dtype=np.intp)
    for b, rows in enumerate(np.array_split(np.argsort(p, kind="stable"), n_bins)):
        bin_of[rows] = b
    return bin_of


def bins(y: FloatVector, p: FloatVector) -> tuple[Bin, ...]:
    """The points of the calibration plot, in ascending order; empty where no bin holds five of each outcome."""
    n_bins = int(np.clip(len(p) // _FEWEST_IN_BIN, 1, N_BINS))
    parts = [rows for rows in np.array_split(np.argsort(p, kind="stable"), n_bins) if len(rows)]
    joined: list[NDArray[np.intp]] = []
    waiting = np.empty(0, dtype=np.intp)
    for rows in parts:
        waiting = np.concatenate([waiting, rows])
        if min(y[waiting].sum(), (1 - y[waiting]).sum()) >= SMALLEST_COUNT:
            joined.append(waiting)
            waiting = np.empty(0, dtype=np.intp)
    if len(waiting) and joined:
        joined[-1] = np.concatenate([joined[-1], waiting])
    made = []
    for rows in joined:
        events = int(y[rows].sum())
        low, high = wilson(events, len(rows))
        made.append(
            Bin(float(p[rows].min()), float(p[rows].max()), len(rows), events, float(p[rows].mean()),
                events / len(rows), float(low), float(high))
        )  # fmt: skip
    return tuple(made)


def calibration_lines(
    log_odds: FloatVector, y: FloatVector, counts: FloatMatrix
) -> tuple[FloatVector, FloatVector]:
    """Slope, and intercept with the slope held at 1, of the outcome on the log-odds of the probability.

    Parameters
    ----------
    log_odds, y : arrays (n,)
    counts : array (b, n)
        How often each patient counts: a row of ones, or bootstrap draws.

    Returns
    -------
    slope, in_the_large : arrays (b,)
        NaN where outcomes are separated, all alike, or every patient has the same probability.

    Notes
    -----
    Newton's method on the log-likelihood, without a penalty. Every draw starts from the fit of all patients, where
    its first step is one matrix product, since all draws share the probabilities there.
    """
    counts = np.atleast_2d(counts)
    total, events = counts.sum(axis=1), counts @ y
    one_outcome = (events == 0) | (events == total)
    first = np.ones((1, len(y)))
    slope, level = _line(log_odds, y, first, np.zeros(1), np.zeros(1))
    large = _level(log_odds, y, first, np.zeros(1))
    if len(counts) > 1:
        start = np.nan_to_num(np.array([slope[0], level[0], large[0]]))
        slope, level = _line(log_odds, y, counts, *_common_step(log_odds, y, counts, start[0], start[1]))
        large = _level(log_odds, y, counts, np.full(len(counts), start[2]))
    elif not np.array_equal(counts, first):
        slope, level = _line(log_odds, y, counts, np.zeros(1), np.zeros(1))
        large = _level(log_odds, y, counts, np.zeros(1))
    # Separated outcomes let the slope run away: there is none to report.
    slope = np.where(one_outcome | (np.abs(slope) > _RUNAWAY), np.nan, slope)
    return slope, np.where(one_outcome, np.nan, large)


def _common_step(
    x: FloatVector, y: FloatVector, counts: FloatMatrix, slope: float, level: float
) -> tuple[FloatVector, FloatVector]:
    """One step of every draw (b,) from the same line."""
    p = _expit(slope * x + level)
    curve = p * (1 - p)
    sums = counts @ np.column_stack([y - p, (y - p) * x, curve, curve * x, curve * x * x])
    da, db = _solved(*sums.T)
    return slope + np.nan_to_num(da), level + np.nan_to_num(db)


def _solved(
    g0: FloatVector, g1: FloatVector, h00: FloatVector, h01: FloatVector, h11: FloatVector
) -> tuple[FloatVector, FloatVector]:
    """Newton's step in slope and level, (b,), kept under two; NaN where the patients do not tell a slope."""
    det = h00 * h11 - h01 * h01
    det = np.where(det < 1e-9 * h00 * h11 + 1e-30, np.nan, det)
    da, db = (h00 * g1 - h01 * g0) / det, (h11 * g0 - h01 * g1) / det
    shrink = np.fmax(1.0, np.fmax(np.abs(da), np.abs(db)) / 2.0)
    return da / shrink, db / shrink


def _line(
    x: FloatVector, y: FloatVector, counts: FloatMatrix, slope: FloatVector, level: FloatVector
) -> tuple[FloatVector, FloatVector]:
    squared, last = x * x, np.zeros(len(counts))
    for _ in range(_MOST_STEPS):
        p = _expit(slope[:, None] * x + level[:, None])
        error = counts * (y - p)
        curve = p
        curve *= 1 - p
        curve *= counts
        da, db = _solved(error.sum(axis=1), error @ x, curve.sum(axis=1), curve @ x, curve @ squared)
        slope, level = slope + da, level + db
        last = np.abs(da) + np.abs(db)
        going = np.nan_to_num(np.abs(da) + np.abs(db)) * (np.abs(slope) < _RUNAWAY)
        # Newton's method squares its error: the step after this one would be a millionth of a millionth.
        if going.max(initial=0.0) < 1e-6:
            break
    return np.where(last > _AT_REST, np.nan, slope), level


def _level(x: FloatVector, y: FloatVector, counts: FloatMatrix, level: FloatVector) -> FloatVector:
    """The intercept alone, the slope held at 1, (b,)."""
    events = counts @ y
    p = _expit(x + level[0])
    for turn in range(_MOST_STEPS):
        if turn == 0 and (level == level[0]).all():
            expected, curve = counts @ p, counts @ (p * (1 - p))
        else:
            q = _expit(x + level[:, None])
            expected = (counts * q).sum(axis=1)
            curve = (counts * (q * (1 - q))).sum(axis=1)
        step = np.clip((events - expected) / (curve + 1e-12), -2.0, 2.0)
        level = level + step
        if np.abs(step).max() < 1e-6:
            break
    return level


def _expit(x: FloatMatrix) -> FloatMatrix:
    # numpy's own exponential is several times as fast as scipy's expit; the clip keeps it from overflowing.
    e = np.clip(x, -700.0, 700.0)
    np.negative(e, out=e)
    np.exp(e, out=e)
    e += 1.0
    return np.reciprocal(e, out=e)


def calibration_statistic(y: FloatVector, p: FloatVector) -> Statistic:
    """The `METRICS` of every bootstrap round, (b, 7). Bins are those of all patients, held fixed."""
    n_bins = int(np.clip(len(p) // _FEWEST_IN_BIN, 1, N_BINS))
    member = np.eye(n_bins)[equal_bins(p, n_bins)]
    gap = member * (p - y)[:, None]
    columns = np.column_stack([p, y, (p - y) ** 2, gap])
    log_odds = logit(np.clip(p, _CLIP, 1 - _CLIP))
    enough = min(y.sum(), (1 - y).sum()) >= FEWEST_OF_EACH

    def statistic(counts: FloatMatrix) -> FloatMatrix:
        n = counts.sum(axis=1)
        sums = counts @ columns / n[:, None]
        rate, brier = sums[:, 1], sums[:, 2]
        error = np.abs(sums[:, 3:]).sum(axis=1)
        spread = rate * (1 - rate)
        gain = 1 - np.divide(brier, spread, out=np.full(len(counts), np.nan), where=spread > 0)
        nothing = np.full(len(counts), np.nan)
        slope, large = calibration_lines(log_odds, y, counts) if enough else (nothing, nothing)
        return np.column_stack([sums[:, 0], rate, large, slope, error, brier, gain])

    return statistic


def calibration_rows(
    option: str, y: FloatVector, p: FloatVector, draws: FloatMatrix, group: str = ALL
) -> tuple[AuditRow, ...]:
    """The `METRICS` with intervals from bootstrap draws (rounds, 7).

    The draws of the expected calibration error lie above its estimate, since an error cannot be negative; they
    are moved down by their mean excess before the ends are read.
    """
    n, events = len(y), int(y.sum())
    fewest = min(events, n - events)
    values = calibration_statistic(y, p)(np.ones((1, n)))[0] if n else np.full(len(METRICS), np.nan)
    low, high = percentiles(draws) if len(draws) else np.full((2, len(METRICS)), np.nan)
    i = METRICS.index("expected calibration error")
    excess = float(np.nanmean(draws[:, i]) - values[i]) if len(draws) and n else 0.0
    low[i], high[i] = max(0.0, low[i] - excess), max(0.0, high[i] - excess)
    rows = []
    for metric, value, a, b in zip(METRICS, values, low, high, strict=True):
        method, reason = f"bootstrap, {len(draws)} rounds", ""
        if metric == "observed" and n:
            (a, b), method = wilson(events, n), "Wilson"
        if metric == "observed" and shown(events, of=n) is None:
            # A share of a known number of patients tells the count.
            value = a = b = np.nan
            reason, method = f"withheld: fewer than {SMALLEST_COUNT} patients of one outcome", ""
        elif not np.isfinite(value):
            reason, method = _reason(metric, events, n - events), ""
        elif fewest < FEWEST_OF_EACH and metric != "observed":
            a = b = np.nan
            reason, method = f"fewer than {FEWEST_OF_EACH} patients of one outcome: no interval", ""
        rows.append(
            AuditRow(option, group, n, events, metric, float(value), float(a), float(b), reason, method)
        )
    return tuple(rows)


def _reason(metric: str, events: int, others: int) -> str:
    if events + others == 0:
        return "no patient with a known outcome"
    if min(events, others) == 0:
        return "nobody responded" if not events else "everybody responded"
    if min(events, others) < FEWEST_OF_EACH:
        return f"fewer than {FEWEST_OF_EACH} patients of one outcome"
    if metric == "calibration slope":
        return "every patient has the same probability, or outcomes are wholly separated: no slope"
    return "cannot be computed on these patients"


def chance_error(p: FloatVector, *, rounds: int = 500, seed: int = 0) -> float:
    """The expected calibration error that a perfectly calibrated model would stay under in 95 of 100 such cohorts.

    Outcomes are drawn with the model's own probabilities: what is left is chance.
    """
    n_bins = int(np.clip(len(p) // _FEWEST_IN_BIN, 1, N_BINS))
    member = np.eye(n_bins)[equal_bins(p, n_bins)]
    rng = np.random.default_rng([seed, len(p)])
    errors = []
    block = max(1, 1_000_000 // max(len(p), 1))
    for start in range(0, rounds, block):
        drawn = rng.random((min(block, rounds - start), len(p))) < p
        errors.append(np.abs((p - drawn) @ member).sum(axis=1) / len(p))
    return float(np.percentile(np.concatenate(errors), 95))
