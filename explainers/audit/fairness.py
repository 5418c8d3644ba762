"""Group fairness measures as fairlearn defines them, with intervals and with what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import AuditError
from explainers.audit.grouping import GROUP_LABELS
from explainers.audit.membership import membership
from explainers.audit.resampling import redrawn
from explainers.audit.subgroups import check_threshold, too_small
from oncology.counts import shown

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = ["Fairness", "GroupRates", "fairness"]

Flags = NDArray[np.bool_]
FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """Shares of one group, by fairlearn's MetricFrame; NaN where too few patients stand behind one."""

    group: str
    n: int
    n_events: int
    selection_rate: float
    true_positive_rate: float
    false_positive_rate: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fairness:
    """Differences between the groups of one description, at one threshold.

    Parameters
    ----------
    demographic_parity : float
        Largest difference between groups in the share at or over the threshold.
    equalised_odds : float
        Larger of the largest differences in true and in false positive rate.
    ..._low, ..._high : float
        95 % bootstrap interval. A largest difference is never negative, so it cannot cover zero: look at `..._chance`.
    ..._chance : float
        What 95 % of random divisions into groups of these sizes stay under.
    """

    option: str
    attribute: str
    threshold: float
    groups: tuple[GroupRates, ...]
    demographic_parity: float
    demographic_parity_low: float
    demographic_parity_high: float
    demographic_parity_chance: float
    equalised_odds: float
    equalised_odds_low: float
    equalised_odds_high: float
    equalised_odds_chance: float

    def words(self) -> tuple[str, ...]:
        """Both differences in sentences."""
        name = GROUP_LABELS.get(self.attribute, self.attribute)
        return (
            f"By {name}, the share at {self.threshold:.0%} or more differs by up to {100 * self.demographic_parity:.0f} of 100 between groups "
            f"({100 * self.demographic_parity_low:.0f} to {100 * self.demographic_parity_high:.0f}); random groups of these sizes would "
            f"differ by up to {100 * self.demographic_parity_chance:.0f}. Where groups differ in how often they respond, they should.",
            f"Equalised odds: hits or false alarms differ by up to {100 * self.equalised_odds:.0f} of 100 "
            f"({100 * self.equalised_odds_low:.0f} to {100 * self.equalised_odds_high:.0f}); random groups: up to "
            f"{100 * self.equalised_odds_chance:.0f}.",
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a group."""
        return [
            {
                "group": g.group, "patients": shown(g.n), "responders": None if shown(g.n) is None else shown(g.n_events, of=g.n),
                "at or over the threshold": _number(g.selection_rate), "of responders": _number(g.true_positive_rate),
                "of non-responders": _number(g.false_positive_rate), "remark": g.reason,
            }
            for g in self.groups
        ]  # fmt: skip


def fairness(
    data: AuditData, option: str, attribute: str, *, threshold: float = 0.15, rounds: int = 500, seed: int = 0
) -> Fairness:
    """Demographic parity and equalised odds of an option between the groups of one description.

    Groups with too few patients, responders or non-responders are listed with the reason and left out of the
    differences, which one tiny group would otherwise decide.

    Raises
    ------
    AuditError
        If fewer than two groups are large enough.

    References
    ----------
    .. [1] Hardt, Price & Srebro (2016), NeurIPS 29; Weerts et al. (2023), Journal of Machine Learning Research 24(257).
    """
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    check_threshold(threshold)
    j = data.index(option)
    known = data.known[:, j]
    y, chosen = data.y[known, j], data.probability[known, j] >= threshold
    groups = membership(data, [attribute])
    if not len(groups):
        raise AuditError(groups.left_out[0] if groups.left_out else f"Nobody is described by {attribute}.")
    inside = groups.inside[known]
    sizes = [(int(m.sum()), int(y[m].sum())) for m in inside.T]
    reasons = [too_small(n, e) for n, e in sizes]
    kept = [g for g, why in enumerate(reasons) if not why]
    if len(kept) < 2:
        raise AuditError(
            f"{data.label(option)} by {GROUP_LABELS.get(attribute, attribute)}: {len(kept)} group is large enough to compare, two are "
            "needed (30 patients, 5 responders and 5 non-responders each)."
        )
    rows = inside[:, kept].any(axis=1)
    names = np.array(groups.names, dtype=object)[np.argmax(inside, axis=1)]
    frame = MetricFrame(
        metrics={"selection": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate},
        y_true=y[rows].astype(int), y_pred=chosen[rows].astype(int), sensitive_features=names[rows],
    )  # fmt: skip
    rates = []
    for g, name in enumerate(groups.names):
        n, events = sizes[g]
        a, b, c = (
            _told(float(frame.by_group.loc[name, m]), of) if g in kept else np.nan
            for m, of in (("selection", n), ("tpr", events), ("fpr", n - events))
        )
        rates.append(GroupRates(name, n, events, a, b, c, reasons[g]))
    largest = frame.difference(method="between_groups")
    member, y, chosen = inside[rows][:, kept], y[rows], chosen[rows]
    rng = np.random.default_rng(seed)
    drawn = _differences(redrawn(len(y), rounds, rng), y, chosen, member)
    shuffled = np.vstack(
        [
            _differences(np.ones((1, len(y))), y, chosen, member[rng.permutation(len(y))])
            for _ in range(rounds)
        ]
    )
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
    chance = np.nanpercentile(shuffled, 95, axis=0)
    parity, odds = float(largest["selection"]), float(max(largest["tpr"], largest["fpr"]))
    return Fairness(
        option, attribute, threshold, tuple(rates), parity, float(low[0]), float(high[0]), float(chance[0]),
        odds, float(low[1]), float(high[1]), float(chance[1]),
    )  # fmt: skip


def _differences(counts: FloatMatrix, y: FloatVector, chosen: Flags, member: Flags) -> FloatMatrix:
    """Demographic parity and equalised odds difference for patients counted (b, n) times: (b, 2)."""

    def spread(rows: Flags) -> FloatVector:
        n = counts @ (member & rows[:, None])
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (counts @ (member & (rows & chosen)[:, None])) / n
        made: FloatVector = np.max(share, axis=1) - np.min(share, axis=1)
        return made

    everybody = np.ones(len(y), dtype=bool)
    return np.column_stack([spread(everybody), np.maximum(spread(y == 1), spread(y == 0))])


def _told(share: float, of: int) -> float:
    """A share of so many patients; NaN where it gives a count of 1 to 4 away."""
    return float("nan") if shown(round(share * of), of=of) is None else share


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
