"""How well a model does in each group of patients: every metric with n, events and interval.

A group too small stays in the table with its reason. Differences between groups, corrected for how many are looked at,
stand in `gaps`; a table of single intervals shows dozens of "different" groups by chance alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import AuditError, NoOutcomesError, StoppedError
from explainers.audit.group_metrics import METRICS, MIN_EVENTS, MIN_PATIENTS, Metric
from explainers.audit.membership import Membership, membership
from explainers.audit.tables import ALL, AuditRow, AuditTable
from oncology.counts import SMALLEST_COUNT, shown
from oncology.performance import PerformanceError

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = ["POOLED", "audited_options", "check_threshold", "group_row", "subgroups", "too_small"]

FloatVector = NDArray[np.float64]

# Key of the row that joins every option, where each patient has one outcome.
POOLED = "all options together"


def check_threshold(threshold: float) -> float:
    """A threshold strictly between 0 and 1; refused otherwise."""
    if not 0 < threshold < 1:
        raise AuditError(
            f"The threshold is {threshold:g}; expected a probability between 0 and 1, such as 0.15."
        )
    return float(threshold)


def audited_options(data: AuditData) -> tuple[str, ...]:
    """Options with at least one known outcome and prediction.

    Raises
    ------
    NoOutcomesError
        If there is none.
    """
    found = tuple(o for j, o in enumerate(data.options) if data.known[:, j].any())
    if not found:
        raise NoOutcomesError(
            f"{data.name}: no patient has both a prediction and an outcome, so no group can be judged. "
            "Load a cohort with outcomes (1 responded, 0 did not)."
        )
    return found


def subgroups(
    data: AuditData,
    *,
    metrics: Sequence[str] | None = None,
    attributes: Sequence[str] | None = None,
    threshold: float = 0.15,
    pooled: bool = True,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> AuditTable:
    """Every metric of every option in every group, and in all patients.

    Parameters
    ----------
    metrics : sequence of str, optional
        Keys of `METRICS`; default: all.
    attributes : sequence of str, optional
        Columns of ``data.groups``; default: all.
    threshold : float in (0, 1)
        At or over which a patient counts as "likely to respond": sensitivity, false negative rate, net benefit.
    pooled : bool
        Also the rows `POOLED`: observed minus predicted over all options.

    Returns
    -------
    AuditTable
        Rows by option, then group, then metric. NaN with the reason where a group has fewer than `MIN_PATIENTS`
        patients or too few responders or non-responders.

    Raises
    ------
    NoOutcomesError, StoppedError
    AuditError
        For an unknown metric or description, or a threshold outside (0, 1).
    """
    chosen = _chosen(metrics)
    check_threshold(threshold)
    groups = membership(data, attributes)
    options = audited_options(data)
    entries: list[AuditRow] = []
    for i, option in enumerate(options):
        if stop is not None and stop():
            raise StoppedError
        entries += _of_option(data, option, groups, chosen, threshold)
        if progress is not None:
            progress((i + 1) / len(options))
    if pooled and len(options) > 1 and not data.faults and METRICS["observed minus predicted"] in chosen:
        entries += _pooled(data, groups)
    return AuditTable.of(entries)


def _chosen(metrics: Sequence[str] | None) -> list[Metric]:
    if metrics is None:
        return list(METRICS.values())
    unknown = [m for m in metrics if m not in METRICS]
    if unknown:
        raise AuditError(f"{unknown[0]!r} is no metric of this audit; expected one of {', '.join(METRICS)}.")
    return [METRICS[m] for m in metrics]


def _of_option(
    data: AuditData, option: str, groups: Membership, metrics: list[Metric], threshold: float
) -> list[AuditRow]:
    j = data.index(option)
    known = data.known[:, j]
    y, p = data.y[known, j], data.probability[known, j]
    fault = data.faults.get(option, "")
    made = [group_row(option, ALL, y, p, m, threshold, fault) for m in metrics]
    for g, name in enumerate(groups.names):
        mine = groups.inside[known, g]
        made += [group_row(option, name, y[mine], p[mine], m, threshold, fault) for m in metrics]
    return made


def _pooled(data: AuditData, groups: Membership) -> list[AuditRow]:
    """Rows over all options; one row with the reason where patients have outcomes of several."""
    metric = METRICS["observed minus predicted"]
    several = int((data.known.sum(axis=1) > 1).sum())
    if several:
        y, p = data.y[data.known], data.probability[data.known]
        why = f"{several:,} patients have outcomes of several options, which are not independent: look at one option at a time"
        return [group_row(POOLED, ALL, y, p, metric, 0.5, why)]
    everybody = np.ones(len(data), dtype=bool)
    made = []
    for name, mine in [(ALL, everybody), *zip(groups.names, groups.inside.T, strict=True)]:
        known = data.known & mine[:, None]
        made.append(group_row(POOLED, name, data.y[known], data.probability[known], metric, 0.5))
    return made


def group_row(
    option: str, group: str, y: FloatVector, p: FloatVector, metric: Metric, threshold: float, fault: str = ""
) -> AuditRow:
    """One metric of outcomes y (n,) and probabilities p (n,); NaN with the reason where it cannot be told."""
    n, events = len(y), int(y.sum())
    why = too_small(n, events, metric.needs)
    if fault and (metric.needs_probability or option == POOLED):
        why = why or fault
    estimate = low = high = float("nan")
    if not why:
        try:
            estimate, low, high = metric.measure(y, p, threshold)
        except (AuditError, PerformanceError) as error:
            why = str(error)
    return AuditRow(
        option, group, n, events, metric.key, estimate, low, high, why, "" if why else metric.method
    )


def too_small(n: int, events: int, needs: int = MIN_EVENTS) -> str:
    """Why a group is too small to be judged; empty where it is not. Counts of 1 to 4 are not named.

    Examples
    --------
    >>> too_small(12, 6), too_small(3, 1), too_small(80, 2), too_small(80, 40)
    ('too few: 12 patients, 30 needed', 'too few: fewer than 5 patients', 'too few responders: fewer than 5, 5 needed', '')
    """
    if n == 0:
        return "too few: no patient with a known outcome"
    if n < MIN_PATIENTS:
        return (
            f"too few: {n} patients, {MIN_PATIENTS} needed"
            if shown(n)
            else f"too few: fewer than {SMALLEST_COUNT} patients"
        )
    for count, who in ((events, "responders"), (n - events, "non-responders")):
        if count < needs:
            said = str(count) if shown(count) is not None else f"fewer than {SMALLEST_COUNT}"
            return f"too few {who}: {said}, {needs} needed"
    return ""
