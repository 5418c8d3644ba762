"""Said against observed in groups of patients, all options together, patients redrawn as a whole."""

from __future__ import annotations

import numpy as np

from explainers.audit.data import GROUP_LABELS, AuditData
from explainers.audit.resampling import ROUNDS, FloatMatrix, Stop, percentiles, resample
from explainers.audit.tables import AuditRow, AuditTable
from oncology.counts import shown

__all__ = ["METRICS", "POOLED", "by_number_of_alterations", "reliability"]

METRICS = ("mean predicted", "observed", "observed minus predicted")
POOLED = "all options"


def by_number_of_alterations(
    data: AuditData, *, rounds: int = ROUNDS, seed: int = 0, stop: Stop | None = None
) -> AuditTable:
    """Reliability by how many alterations the model sees; empty where it reads none, or the number is no share."""
    if "n_alterations" not in data.groups:
        return AuditTable()
    return reliability(data, "n_alterations", rounds=rounds, seed=seed, stop=stop)


def reliability(
    data: AuditData, column: str, *, rounds: int = ROUNDS, seed: int = 0, stop: Stop | None = None
) -> AuditTable:
    """Mean predicted, observed, and their difference in every group of a column of `data.groups`.

    One answer is one patient and one option. A patient with several options is redrawn with all of them, so that
    their answers are not taken for independent. Options whose output is no probability are left out.

    Examples
    --------
    >>> from explainers.audit.data import of_arrays
    >>> import pandas as pd
    >>> y = [1.0] * 10 + [0.0] * 30
    >>> groups = pd.DataFrame({"sex": ["female"] * 20 + ["male"] * 20})
    >>> data = of_arrays(y, [0.5] * 20 + [0.25] * 20, options=["a"], name="cohort", groups=groups)
    >>> [round(r.estimate, 2) for r in reliability(data, "sex").where(group="sex: female")]
    [0.5, 0.5, 0.0]
    """
    usable = np.array([o not in data.faults for o in data.options])
    p = np.where(data.known, data.probability, np.nan)
    inside = np.nanmin(p, initial=0.5) >= 0 and np.nanmax(p, initial=0.5) <= 1
    known = data.known & usable
    if not inside or not known.any():
        return AuditTable()
    answers = known.sum(axis=1)
    said, seen = np.where(known, data.probability, 0.0).sum(axis=1), np.where(known, data.y, 0.0).sum(axis=1)
    names = data.groups[column].to_numpy()
    groups = sorted(set(names[answers > 0]))
    columns = np.column_stack([np.where(names == g, v, 0.0) for g in groups for v in (answers, said, seen)])

    def statistic(counts: FloatMatrix) -> FloatMatrix:
        sums = (counts @ columns).reshape(len(counts), len(groups), 3)
        size = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
        predicted, observed = sums[..., 1] / size, sums[..., 2] / size
        return np.stack([predicted, observed, observed - predicted], axis=-1).reshape(len(counts), -1)

    (draws,) = resample(len(data), (statistic,), rounds=rounds, seed=seed, stop=stop)
    values = statistic(np.ones((1, len(data))))[0].reshape(len(groups), 3)
    low, high = (v.reshape(len(groups), 3) for v in percentiles(draws))
    rows = []
    for g, group in enumerate(groups):
        n, events = int(columns[:, 3 * g].sum()), int(columns[:, 3 * g + 2].sum())
        name = f"{GROUP_LABELS.get(column, column)}: {group}"
        hidden = shown(n) is None or shown(events) is None or shown(n - events) is None
        for m, metric in enumerate(METRICS):
            if hidden:
                why = "fewer than 5 of one outcome: not shown"
                rows.append(AuditRow(POOLED, name, n, events, metric, np.nan, np.nan, np.nan, why))
                continue
            rows.append(
                AuditRow(POOLED, name, n, events, metric, float(values[g, m]), float(low[g, m]), float(high[g, m]),
                         "", f"bootstrap of patients, {rounds} rounds")
            )  # fmt: skip
    return AuditTable(tuple(rows))
