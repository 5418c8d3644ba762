"""Every option of a model held against its outcomes in one pass: figures, curves and decision curves with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explainers.audit import calibration, curves, discrimination, net_benefit
from explainers.audit.calibration import Bin
from explainers.audit.curves import SmoothCurve
from explainers.audit.data import AuditData
from explainers.audit.label_rules import label_rule
from explainers.audit.net_benefit import DecisionCurve
from explainers.audit.reliability import by_number_of_alterations
from explainers.audit.resampling import ROUNDS, Stop, resample
from explainers.audit.tables import ALL, AuditRow, AuditTable

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Audit", "OptionAudit", "Progress", "audit", "default_threshold"]

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class OptionAudit:
    """One option on one cohort.

    Parameters
    ----------
    n, n_events : int
        Patients with a known outcome and a prediction, and responders among them.
    metrics : AuditTable
        Discrimination, calibration, and what the threshold does.
    bins, curve : points and smooth line of the calibration plot
    chance_error : float
        The expected calibration error that chance alone stays under in 95 of 100 cohorts of this size.
    decision : DecisionCurve
    fault : str
        Why its number cannot be a probability at all; calibration and net benefit then have no figures.
    """

    option: str
    label: str
    n: int
    n_events: int
    metrics: AuditTable
    bins: tuple[Bin, ...]
    curve: SmoothCurve
    chance_error: float
    decision: DecisionCurve
    fault: str = ""

    def row(self, metric: str) -> AuditRow:
        """The row of a metric.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        found = self.metrics.get(self.option, metric)
        if found is None:
            raise KeyError(metric)
        return found


@dataclass(frozen=True, slots=True)
class Audit:
    """A model on a cohort; tables only, no row of any patient, so that it may be kept.

    Parameters
    ----------
    origin, name, from_words : str
        Where the predictions come from.
    number : {"probability", "score"}
    n_patients : int
    threshold : float
        For sensitivity, specificity and predictive values.
    rounds, seed : int
        Of the bootstrap.
    by_alterations : AuditTable
        Reliability by number of alterations, all options together; empty where the model reads none.
    notes : tuple of str
        What could not be used of the cohort.
    warning : str
        Why the whole audit flatters the model.
    """

    origin: str
    name: str
    from_words: str
    number: str
    synthetic: bool
    setting: str
    n_patients: int
    options: tuple[OptionAudit, ...]
    by_alterations: AuditTable
    threshold: float
    rounds: int
    seed: int
    notes: tuple[str, ...]
    warning: str
    fingerprint: str

    def of(self, option: str) -> OptionAudit:
        """The audit of one option by its key."""
        return next(o for o in self.options if o.option == option)

    @property
    def is_external(self) -> bool:
        """Whether the model was held against patients that its training never saw."""
        return self.origin == "external cohort"

    def table(self) -> AuditTable:
        """All rows of all options."""
        return AuditTable.of(r for o in self.options for r in o.metrics)


def default_threshold(bundle: ModelBundle) -> float:
    """The threshold a reader meets elsewhere: where an option is listed as unlikely to help; 0.5 for a score."""
    return 0.5 if bundle.is_score else bundle.manifest.unlikely_below


def audit(
    data: AuditData,
    bundle: ModelBundle,
    *,
    threshold: float | None = None,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Audit:
    """Hold every option of a model against the outcomes of a cohort.

    Parameters
    ----------
    threshold : float in (0, 1), optional
        `default_threshold` when left out.
    progress : called with a share from 0 to 1 and a sentence
    stop : asked between blocks of bootstrap rounds

    Raises
    ------
    ThresholdError, StoppedError
    """
    threshold = default_threshold(bundle) if threshold is None else float(threshold)
    if not 0 < threshold < 1:
        raise net_benefit.ThresholdError(threshold)
    say = progress or (lambda share, words: None)
    found = []
    for j, option in enumerate(data.options):
        say(j / (len(data.options) + 1), f"{data.label(option)}: {rounds} redraws of the patients")
        found.append(_option(data, bundle, option, threshold, rounds, seed, stop))
    say(len(data.options) / (len(data.options) + 1), "Reliability by number of alterations")
    by_alterations = by_number_of_alterations(data, rounds=rounds, seed=seed, stop=stop)
    say(1.0, "Done")
    return Audit(
        data.origin, data.name, data.from_words, data.number, data.synthetic, data.setting, len(data), tuple(found),
        by_alterations, threshold, rounds, seed, data.notes, data.warning, data.fingerprint,
    )  # fmt: skip


def _option(
    data: AuditData,
    bundle: ModelBundle,
    option: str,
    threshold: float,
    rounds: int,
    seed: int,
    stop: Stop | None,
) -> OptionAudit:
    j, label = data.index(option), data.label(option)
    keep = data.known[:, j]
    # Best numbers first: what has to be sorted in every redraw is sorted once.
    order = np.flatnonzero(keep)[np.argsort(-data.probability[keep, j], kind="stable")]
    y, p = data.y[order, j], data.probability[order, j]
    rule = label_rule(data, bundle, option)
    met = None if rule is None else rule.met[order]
    n, events = len(y), int(y.sum())
    fault = data.faults.get(option, "") or _no_share(p)
    if fault or not n:
        return _without_probability(data, option, y, p, threshold, fault, rounds, seed, stop)
    thresholds = np.asarray(net_benefit.THRESHOLDS)
    ap, calibrated, benefit = resample(
        n,
        (
            discrimination.average_precision_statistic(y, p),
            calibration.calibration_statistic(y, p),
            net_benefit.net_benefit_statistic(y, p, met, thresholds),
        ),
        rounds=rounds, seed=seed + j, stop=stop,
    )  # fmt: skip
    rows = (
        discrimination.auc_row(option, y, p),
        discrimination.average_precision_row(option, y, p, ap),
        *calibration.calibration_rows(option, y, p, calibrated),
        *discrimination.at_threshold(option, y, p, threshold),
    )
    return OptionAudit(
        option, label, n, events, AuditTable(rows), calibration.bins(y, p), curves.smooth_curve(y, p),
        calibration.chance_error(p, seed=seed),
        net_benefit.decision_curve(option, y, p, benefit, met=met, rule=rule),
    )  # fmt: skip


def _no_share(p: np.ndarray) -> str:
    outside = (p < 0) | (p > 1)
    if not outside.any():
        return ""
    return f"the number runs from {p.min():.3g} to {p.max():.3g}: it is no share between 0 and 1"


def _without_probability(
    data: AuditData,
    option: str,
    y: np.ndarray,
    p: np.ndarray,
    threshold: float,
    fault: str,
    rounds: int,
    seed: int,
    stop: Stop | None,
) -> OptionAudit:
    """What can still be said where there is no outcome, or the number is no share: how well it ranks."""
    n, events = len(y), int(y.sum())
    reason = fault or "no patient with a known outcome"
    rows: list[AuditRow] = [discrimination.auc_row(option, y, p)]
    if n:
        (ap,) = resample(
            n, (discrimination.average_precision_statistic(y, p),), rounds=rounds, seed=seed, stop=stop
        )
        rows.append(discrimination.average_precision_row(option, y, p, ap))
        rows += discrimination.at_threshold(option, y, p, threshold)
    else:
        metrics = ("average precision", *discrimination.AT_THRESHOLD)
        rows += [_unknown(option, m, n, events, reason) for m in metrics]
    rows += [_unknown(option, m, n, events, reason) for m in calibration.METRICS]
    return OptionAudit(
        option, data.label(option), n, events, AuditTable(tuple(rows)), (), SmoothCurve(reason=reason), float("nan"),
        DecisionCurve(option, n, events, reason=reason), fault,
    )  # fmt: skip


def _unknown(option: str, metric: str, n: int, events: int, reason: str) -> AuditRow:
    return AuditRow(option, ALL, n, events, metric, np.nan, np.nan, np.nan, reason)
