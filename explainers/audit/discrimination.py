"""How well a model tells responders from the others: AUC, average precision, and what a threshold does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.audit.resampling import FloatMatrix, FloatVector, Statistic, percentiles
from explainers.audit.tables import ALL, AuditRow
from oncology.counts import SMALLEST_COUNT, shown
from oncology.performance import auc_with_interval
from oncology.uncertainty.shares import wilson

__all__ = [
    "AT_THRESHOLD",
    "at_threshold",
    "auc_row",
    "average_precision",
    "average_precision_row",
    "average_precision_statistic",
]

# What a threshold gives, in the order of the rows.
AT_THRESHOLD = ("sensitivity", "specificity", "positive predictive value", "negative predictive value")


def auc_row(option: str, y: FloatVector, score: FloatVector, group: str = ALL) -> AuditRow:
    """Area under the curve with DeLong's 95 % interval; NaN with the reason where one outcome is missing."""
    n, events = len(y), int(y.sum())
    others = n - events
    if min(events, others) < 2:
        return AuditRow(option, group, n, events, "AUC", np.nan, np.nan, np.nan, _too_few(events, others))
    auc, low, high = auc_with_interval(y, score)
    method = "DeLong"
    if low == high:
        # Where every pair agrees DeLong's variance is 0, which is no certainty: the rarer outcome counts as so many
        # trials that all went one way.
        rare = min(events, others)
        ends = wilson(auc * rare, rare)
        low, high, method = float(ends[0]), float(ends[1]), "Wilson, on the rarer outcome"
    return AuditRow(option, group, n, events, "AUC", auc, low, high, "", method)


def _too_few(events: int, others: int) -> str:
    if events + others == 0:
        return "no patient with a known outcome"
    if not events:
        return "nobody responded, so nobody can be told apart"
    if not others:
        return "everybody responded, so nobody can be told apart"
    return "too few of one outcome: two of each are needed"


def average_precision(y: ArrayLike, score: ArrayLike) -> float:
    """Average precision: precision at each score, weighted by the responders it adds; ties count together.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 3)
    0.833
    """
    y, score = np.asarray(y, dtype=np.float64), np.asarray(score, dtype=np.float64)
    return float(average_precision_statistic(y, score)(np.ones((1, len(y))))[0, 0])


def average_precision_statistic(y: FloatVector, score: FloatVector) -> Statistic:
    """Average precision of every bootstrap round, (b, 1); NaN in rounds without a responder."""
    order = np.argsort(-score, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) < 0]))
    sorted_y = y[order]
    is_sorted = bool((order == np.arange(len(order))).all())

    def statistic(counts: FloatMatrix) -> FloatMatrix:
        drawn = counts if is_sorted else counts[:, order]
        hits = np.add.reduceat(drawn * sorted_y, first, axis=1)
        size = np.add.reduceat(drawn, first, axis=1)
        seen = np.cumsum(size, axis=1)
        precision = np.divide(np.cumsum(hits, axis=1), seen, out=np.zeros_like(seen), where=seen > 0)
        total = hits.sum(axis=1)
        sums = (precision * hits).sum(axis=1)
        return np.divide(sums, total, out=np.full(len(counts), np.nan), where=total > 0)[:, None]

    return statistic


def average_precision_row(
    option: str, y: FloatVector, score: FloatVector, draws: FloatMatrix, group: str = ALL
) -> AuditRow:
    """Average precision with the percentiles of its bootstrap draws (rounds, 1)."""
    n, events = len(y), int(y.sum())
    if not events:
        why = _too_few(events, n - events)
        return AuditRow(option, group, n, events, "average precision", np.nan, np.nan, np.nan, why)
    (low,), (high,) = percentiles(draws)
    # The share of responders would give a count of 1 to 4 away.
    guessed = "" if shown(events, of=n) is None else f"somebody who guesses would reach {events / n:.2f}"
    return AuditRow(
        option, group, n, events, "average precision", average_precision(y, score), float(low), float(high),
        guessed, f"bootstrap, {len(draws)} rounds",
    )  # fmt: skip


def at_threshold(
    option: str, y: FloatVector, score: FloatVector, threshold: float, group: str = ALL
) -> tuple[AuditRow, ...]:
    """Sensitivity, specificity and both predictive values where a score at or over the threshold is a yes.

    Each is a share of counted patients, with Wilson's 95 % interval; withheld where 1 to 4 patients stand on one side.
    """
    n, events = len(y), int(y.sum())
    said_yes, had = score >= threshold, y == 1
    shares: Sequence[tuple[str, NDArray[np.bool_], NDArray[np.bool_], str]] = (
        (AT_THRESHOLD[0], said_yes & had, had, "nobody responded"),
        (AT_THRESHOLD[1], ~said_yes & ~had, ~had, "everybody responded"),
        (AT_THRESHOLD[2], said_yes & had, said_yes, f"nobody reaches {threshold:g}"),
        (AT_THRESHOLD[3], ~said_yes & ~had, ~said_yes, f"everybody reaches {threshold:g}"),
    )
    rows = []
    for metric, hits, of, none in shares:
        total = int(of.sum())
        if not total:
            rows.append(AuditRow(option, group, n, events, metric, np.nan, np.nan, np.nan, none))
            continue
        if shown(int(hits.sum()), of=total) is None:
            why = f"withheld: fewer than {SMALLEST_COUNT} patients on one side of the line"
            rows.append(AuditRow(option, group, n, events, metric, np.nan, np.nan, np.nan, why))
            continue
        low, high = wilson(int(hits.sum()), total)
        rows.append(
            AuditRow(option, group, n, events, metric, float(hits.sum() / total), float(low), float(high), "", "Wilson")
        )  # fmt: skip
    return tuple(rows)
