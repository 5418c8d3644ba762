"""Two models on the same patients: the difference with an interval from the same patients, or no detectable loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from explainers.audit.calibration import calibration_statistic
from explainers.audit.data import AuditData, of_bundle, of_cohort
from explainers.audit.errors import AuditError
from explainers.audit.family import FAMILY_LEVEL, critical, widened
from explainers.audit.net_benefit import net_benefit_statistic
from explainers.audit.resampling import ROUNDS, FloatVector, Stop, percentiles, resample
from explainers.audit.rival import simple_rival
from explainers.audit.tables import ALL, AuditRow, AuditTable
from oncology.counts import shown

if TYPE_CHECKING:
    from explainers.audit.overview import Progress
    from oncology.bundles import ModelBundle

__all__ = [
    "METRICS",
    "SIMPLE",
    "Comparison",
    "compare",
    "compare_with",
    "delong_difference",
    "same_patients",
]

METRICS = ("AUC", "Brier score", "expected calibration error", "net benefit")
# Of these, less is better.
_LESS_IS_BETTER = ("Brier score", "expected calibration error")
_FEWEST = 10
SIMPLE = "a logistic regression in the same folds"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two models, option by option, on the patients both have answered for.

    Parameters
    ----------
    first, second : str
        The models in words.
    table : AuditTable
        Per option and metric, second minus first, each with its own 95 % interval. Words and verdicts go by `together`.
    first_values, second_values : AuditTable
        The figures themselves on the same patients, without intervals.
    threshold : float
        Of the net benefit.
    notes : tuple of str
    pooled : AuditRow or None
        Mean over options of the difference in AUC, 99 % interval: many small losses, none of them sure by itself, add
        up. None with one option, and where patients have outcomes of several, which would be counted as many.
    """

    first: str
    second: str
    table: AuditTable
    first_values: AuditTable
    second_values: AuditTable
    labels: tuple[tuple[str, str], ...]
    threshold: float
    notes: tuple[str, ...] = ()
    pooled: AuditRow | None = None

    @property
    def pooled_words(self) -> str:
        """One sentence on all options together; empty where there is none to say."""
        row = self.pooled
        if row is None:
            return ""
        side = "better" if row.ci_low > 0 else "worse" if row.ci_high < 0 else ""
        said = f"ranks patients {side}" if side else "shows no detectable difference in ranking"
        n = sum(r.is_known for r in self.table.where(metric="AUC"))
        return (
            f"On average over {n} options {self.second} {said} (AUC {row.estimate:+.3f}, {row.ci_low:+.3f} to "
            f"{row.ci_high:+.3f}, 99 %)."
        )

    @property
    def n_compared(self) -> int:
        """Differences that were looked at: options times figures."""
        return max(1, sum(r.is_known for r in self.table))

    def together(self, row: AuditRow) -> AuditRow:
        """A difference with the interval that holds for all options and figures together."""
        if not row.is_known:
            return row
        low, high = widened(row.estimate, row.ci_low, row.ci_high, critical(self.n_compared))
        return replace(row, ci_low=low, ci_high=high)

    @property
    def family(self) -> str:
        """How false alarms are kept in check, in a sentence."""
        return (
            f"{self.n_compared} differences were looked at; better or worse is said only of what holds for all of them together: the "
            f"chance of any false one is {FAMILY_LEVEL:.0%}, as among groups of patients (each interval widened to "
            f"{critical(self.n_compared):.2f} standard errors)."
        )

    def words(self, option: str) -> str:
        """One sentence: what the second model loses or gains against the first, judged for all options together."""
        label = dict(self.labels)[option]
        auc, brier = (self.table.get(option, m) for m in ("AUC", "Brier score"))
        assert auc is not None and brier is not None
        auc, brier = self.together(auc), self.together(brier)
        if not auc.is_known:
            return f"{label}: {auc.reason}."
        span = f"{auc.estimate:+.3f}, {auc.ci_low:+.3f} to {auc.ci_high:+.3f}"
        if auc.ci_low > 0:
            ranks = f"{self.second} ranks patients better (AUC {span})"
        elif auc.ci_high < 0:
            ranks = f"{self.second} ranks patients worse (AUC {span})"
        else:
            ranks = f"no detectable loss in ranking with {self.second} (AUC {span})"
        if not brier.is_known:
            return f"{label}: {ranks}."
        error = "no detectable loss in its probabilities"
        if brier.ci_low > 0:
            error = f"its probabilities are worse (Brier score {brier.estimate:+.4f})"
        elif brier.ci_high < 0:
            error = f"its probabilities are better (Brier score {brier.estimate:+.4f})"
        return f"{label}: {ranks}; {error}."

    def rows(self) -> list[dict[str, Any]]:
        """One row an option and metric: both figures and the difference with its interval."""
        labels = dict(self.labels)
        made = []
        for row in self.table:
            first = self.first_values.get(row.option, row.metric)
            second = self.second_values.get(row.option, row.metric)
            made.append(
                {
                    "option": labels[row.option], "metric": row.metric, "patients": shown(row.n),
                    self.first: _figure(first), self.second: _figure(second),
                    "difference, 95 %": row.words(3) if row.is_known else "", "in words": _verdict(self.together(row)),
                }
            )  # fmt: skip
        return made

    def loses(self) -> tuple[str, ...]:
        """Options in which the second model's ranking is detectably worse."""
        return tuple(r.option for r in self.table.where(metric="AUC") if self.together(r).ci_high < 0)


def _figure(row: AuditRow | None) -> float | None:
    return None if row is None or not row.is_known else round(row.estimate, 3)


def _verdict(row: AuditRow) -> str:
    if not row.is_known:
        return row.reason
    if not row.excludes(0.0):
        return "no detectable difference"
    better = (row.estimate < 0) == (row.metric in _LESS_IS_BETTER)
    return "better" if better else "worse"


def same_patients(first: AuditData, second: AuditData) -> tuple[AuditData, AuditData]:
    """Both cut to the options and patients they share, in the same order.

    Raises
    ------
    AuditError
        If they share no option or no patient, a patient stands in several rows, or their outcomes differ.
    """
    for data in (first, second):
        if (again := data.X.index.duplicated()).any():
            raise AuditError(
                f"{data.name} has {int(again.sum()):,} rows of patients who stand in it already; two models are compared on one "
                "row a patient. Keep one sample of each, the first for instance."
            )
    options = tuple(o for o in first.options if o in second.options)
    ids = first.X.index.intersection(second.X.index, sort=False)
    if not options or not len(ids):
        what = "option" if not options else "patient"
        raise AuditError(
            f"{first.name} and {second.name} share no {what}; two models can be compared on the same patients and "
            "options only."
        )
    a, b = _cut(first, options, ids), _cut(second, options, ids)
    both = ~np.isnan(a.y) & ~np.isnan(b.y)
    if (a.y[both] != b.y[both]).any():
        raise AuditError(
            f"{first.name} and {second.name} name the same patients with other outcomes; compare them on one cohort."
        )
    return a, b


def _cut(data: AuditData, options: tuple[str, ...], ids: Any) -> AuditData:
    rows, columns = data.X.index.get_indexer(ids), [data.index(o) for o in options]
    return replace(
        data, options=options, labels=tuple(data.labels[j] for j in columns), y=data.y[rows][:, columns],
        margin=data.margin[rows][:, columns], probability=data.probability[rows][:, columns], X=data.X.iloc[rows],
        groups=data.groups.iloc[rows], content_hash="",
    )  # fmt: skip


def compare(
    first: AuditData,
    second: AuditData,
    *,
    names: tuple[str, str] | None = None,
    threshold: float = 0.2,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Comparison:
    """Second minus first, on the patients that both models answer for.

    The AUC's interval is DeLong's for paired curves; the others come from redraws of the patients that serve both
    models alike.

    Raises
    ------
    AuditError
        As `same_patients`.
    """
    a, b = same_patients(first, second)
    differences: list[AuditRow] = []
    values: tuple[list[AuditRow], list[AuditRow]] = ([], [])
    say = progress or (lambda share, words: None)
    for j, option in enumerate(a.options):
        say(j / len(a.options), f"{a.label(option)}: {rounds} redraws of the patients")
        keep = a.known[:, j] & b.known[:, j]
        y, p, q = a.y[keep, j], a.probability[keep, j], b.probability[keep, j]
        found = _option(option, y, p, q, threshold, rounds, seed + j, stop)
        differences += found[0]
        values[0].extend(found[1])
        values[1].extend(found[2])
    say(1.0, "Done")
    return Comparison(
        *(names or (first.name, second.name)), AuditTable.of(differences), AuditTable.of(values[0]),
        AuditTable.of(values[1]), tuple(zip(a.options, a.labels, strict=True)), threshold,
        pooled=_pooled(differences, bool(((a.known & b.known).sum(axis=1) > 1).any())),
    )  # fmt: skip


def _pooled(differences: list[AuditRow], repeats: bool) -> AuditRow | None:
    rows = [r for r in differences if r.metric == "AUC" and r.is_known]
    if len(rows) < 2 or repeats:
        return None
    mean = float(np.mean([r.estimate for r in rows]))
    errors = [(r.ci_high - r.ci_low) / (2 * 1.96) for r in rows]
    half = critical(1) * float(np.sqrt(np.sum(np.square(errors)))) / len(rows)
    n, events = sum(r.n for r in rows), sum(r.n_events for r in rows)
    return AuditRow(
        "all options", ALL, n, events, "AUC", mean, mean - half, mean + half, "", "DeLong, paired, mean"
    )


def compare_with(
    bundle: ModelBundle,
    data: AuditData,
    second: ModelBundle | None = None,
    *,
    threshold: float = 0.2,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Comparison:
    """A bundle against a second one on the patients of an audit; against the simple rival where none is given."""
    if second is None:
        other = simple_rival(bundle, data, progress=progress, stop=stop)
    elif data.origin == "out of fold":
        other = of_bundle(second)
    elif data.profiles:
        outcomes = pd.DataFrame(data.y, index=data.X.index, columns=list(data.options))
        other = of_cohort(second, tuple(data.profiles.values()), data.name, outcomes=outcomes)
    else:
        raise AuditError(
            "A second model can be asked about a cohort's profiles only, not about its encoded table."
        )
    names = ("this model", SIMPLE if second is None else second.manifest.title)
    return compare(
        data, other, names=names, threshold=threshold, rounds=rounds, seed=seed, progress=progress, stop=stop
    )


def _option(
    option: str,
    y: FloatVector,
    p: FloatVector,
    q: FloatVector,
    threshold: float,
    rounds: int,
    seed: int,
    stop: Stop | None,
) -> tuple[list[AuditRow], list[AuditRow], list[AuditRow]]:
    n, events = len(y), int(y.sum())
    if min(events, n - events) < _FEWEST:
        why = f"fewer than {_FEWEST} patients of one outcome: no comparison"
        none = [AuditRow(option, ALL, n, events, m, np.nan, np.nan, np.nan, why) for m in METRICS]
        return none, none, none
    shares = all(((v >= 0) & (v <= 1)).all() for v in (p, q))
    difference, error, auc_p, auc_q = delong_difference(y, p, q)
    rows = [
        AuditRow(option, ALL, n, events, "AUC", difference, difference - 1.96 * error, difference + 1.96 * error, "",
                 "DeLong, paired")
    ]  # fmt: skip
    one = [AuditRow(option, ALL, n, events, "AUC", auc_p, np.nan, np.nan)]
    two = [AuditRow(option, ALL, n, events, "AUC", auc_q, np.nan, np.nan)]
    if not shares:
        why = "one of the numbers is no share between 0 and 1"
        rest = [AuditRow(option, ALL, n, events, m, np.nan, np.nan, np.nan, why) for m in METRICS[1:]]
        return rows + rest, one + rest, two + rest
    at = np.array([threshold])
    statistics = [
        calibration_statistic(y, p), calibration_statistic(y, q),
        net_benefit_statistic(y, p, None, at), net_benefit_statistic(y, q, None, at),
    ]  # fmt: skip
    draws = resample(n, statistics, rounds=rounds, seed=seed, stop=stop)
    whole = [s(np.ones((1, n))) for s in statistics]
    for metric, pick in (("Brier score", 5), ("expected calibration error", 4), ("net benefit", 0)):
        i = 2 if metric == "net benefit" else 0
        left, right = float(whole[i][0, pick]), float(whole[i + 1][0, pick])
        gap = draws[i + 1][:, [pick]] - draws[i][:, [pick]]
        if metric == "expected calibration error":
            # Redraws overstate both errors, the better one more: their differences are put back on the estimate.
            gap = gap - gap.mean() + (right - left)
        (low,), (high,) = percentiles(gap)
        rows.append(
            AuditRow(option, ALL, n, events, metric, right - left, float(low), float(high), "",
                     f"bootstrap, {rounds} rounds, paired")
        )  # fmt: skip
        one.append(AuditRow(option, ALL, n, events, metric, left, np.nan, np.nan))
        two.append(AuditRow(option, ALL, n, events, metric, right, np.nan, np.nan))
    return rows, one, two


def delong_difference(
    y: FloatVector, first: FloatVector, second: FloatVector
) -> tuple[float, float, float, float]:
    """AUC of second minus first with its standard error, and both AUCs, for scores of the same patients.

    References
    ----------
    .. [1] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3).
    """
    above, below = zip(_placements(y, first), _placements(y, second), strict=True)
    m, n = len(above[0]), len(below[0])
    gap_above, gap_below = above[1] - above[0], below[1] - below[0]
    error = float(np.sqrt(gap_above.var(ddof=1) / m + gap_below.var(ddof=1) / n))
    return float(gap_above.mean()), error, float(above[0].mean()), float(above[1].mean())


def _placements(y: FloatVector, score: FloatVector) -> tuple[FloatVector, FloatVector]:
    """Share of the others that each responder beats, and of the responders that beat each other, ties half."""
    ones, zeros = score[y == 1], score[y == 0]
    m, n = len(ones), len(zeros)
    together = rankdata(np.concatenate([ones, zeros]))
    above: FloatVector = (together[:m] - rankdata(ones)) / n
    below: FloatVector = 1.0 - (together[m:] - rankdata(zeros)) / m
    return above, below
