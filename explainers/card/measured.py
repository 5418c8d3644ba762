"""What an audit of the training patients adds to the card: calibration, net benefit, groups, fidelity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explainers.audit.data import AuditData, of_bundle
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.gaps import gaps
from explainers.audit.overview import Audit, audit
from explainers.audit.resampling import ROUNDS
from explainers.audit.subgroups import POOLED, subgroups
from explainers.audit.tables import ALL, AuditRow
from explainers.card.entries import Metric, Said, Statement, new_said
from explainers.families import Family, family_of
from explainers.kept import kept as kept_result
from explainers.kept import recall
from explainers.local import explain

if TYPE_CHECKING:
    from explainers.audit.resampling import Stop
    from oncology.bundles import ModelBundle

__all__ = ["Groups", "Measured", "from_audit", "groups_of", "kept", "measure"]

Progress = Callable[[float, str], None]
# Rows of the background on which explanations are added up.
_FIDELITY_ROWS = 5
_GAP = "observed minus predicted"
_MOST_ROWS, _MOST_FINDINGS = 80, 5
_CALIBRATION = ("calibration slope", "calibration in the large", "expected calibration error")


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """Statements and numbers of an audit, and in words on whom and how they were measured."""

    said: Said
    metrics: tuple[Metric, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of patients: how many more or fewer responded than was said, and which groups differ from the rest.

    rows : of the metric "observed minus predicted", those that could be told, at most 80
    words : findings of all comparisons under one false alarm rate
    more : rows that were left out here
    """

    rows: tuple[AuditRow, ...]
    words: tuple[str, ...]
    more: int


def groups_of(data: AuditData, threshold: float, *, stop: Stop | None = None) -> Groups:
    """Audit the groups of a cohort; without descriptions of the patients there are none."""
    try:
        table = subgroups(data, metrics=[_GAP], threshold=threshold, stop=stop)
        found = gaps(data, metrics=[_GAP], threshold=threshold, stop=stop)
    except StoppedError:
        raise
    except AuditError as error:
        return Groups((), (str(error),), 0)
    pooled = [r for r in table.where(option=POOLED) if r.is_known]
    rows = [r for r in pooled or list(table) if r.is_known and r.group != ALL]
    words = [g.words() for g in found.findings[:_MOST_FINDINGS]]
    if not words:
        words = [f"None of {len(found)} comparisons of a group with the rest is a finding."]
    return Groups(tuple(rows[:_MOST_ROWS]), (*words, found.words), len(rows[_MOST_ROWS:]))


def measure(bundle: ModelBundle, *, progress: Progress | None = None, stop: Stop | None = None) -> Measured:
    """Audit the training patients of a bundle, or take the audit that was kept.

    Raises
    ------
    NoOutcomesError
        If the bundle ships no training patients.
    StoppedError
    """
    data = of_bundle(bundle)
    say = progress or (lambda share, words: None)
    found = kept_result(
        "card-audit", _key(data), (Audit,),
        lambda: audit(data, bundle, progress=lambda share, words: say(0.5 * share, words), stop=stop),
    )  # fmt: skip
    say(0.5, "Looking at every group of patients")
    groups = kept_result(
        "card-groups", _key(data), (Groups,), lambda: groups_of(data, found.threshold, stop=stop)
    )
    if stop is not None and stop():
        raise StoppedError
    say(0.9, "Adding up explanations")
    return from_audit(bundle, found, groups)


def kept(bundle: ModelBundle) -> Measured | None:
    """What was measured before and kept on this machine; None where nothing was, or nothing can be."""
    if bundle.training is None:
        return None
    key = _key(of_bundle(bundle))
    found, groups = recall("card-audit", key, (Audit,)), recall("card-groups", key, (Groups,))
    return None if found is None or groups is None else from_audit(bundle, found, groups)


def _key(data: AuditData) -> tuple[str | int, ...]:
    return (2, data.fingerprint, ROUNDS)


def from_audit(bundle: ModelBundle, found: Audit, groups: Groups | None = None) -> Measured:
    """The statements of the card that follow from an audit, and from one of groups of patients."""
    said = new_said()
    metrics: list[Metric] = []
    threshold = found.threshold
    for option in found.options:
        for metric in _CALIBRATION:
            row = option.metrics.get(option.option, metric)
            if row is None:
                continue
            said["internal_performance", "calibration"].append(
                Statement(
                    f"{option.label}, after calibration, out of fold: {metric} {row.words()}.", "computed"
                )
            )
            if row.is_known:
                metrics.append(
                    Metric(
                        "safety",
                        f"{metric.capitalize()} after calibration, {option.label}",
                        row.estimate,
                        *_ends(row.ci_low, row.ci_high),
                    )
                )
        curve = option.decision
        if not curve.thresholds:
            if curve.reason:
                said["internal_performance", "net_benefit"].append(
                    Statement(f"{option.label}: none, {curve.reason}.", "computed")
                )
            continue
        i = curve.at(threshold)
        said["internal_performance", "net_benefit"].append(
            Statement(
                f"{option.label}, at {100 * curve.thresholds[i]:.0f} of 100: {curve.model[i]:.3f} ({curve.low[i]:.3f} to "
                f"{curve.high[i]:.3f}); {curve.everybody[i]:.3f} for everybody, 0 for nobody.",
                "computed",
            )
        )
        metrics.append(
            Metric(
                "usefulness", f"Net benefit at {100 * curve.thresholds[i]:.0f} of 100, {option.label}", curve.model[i],
                *_ends(curve.low[i], curve.high[i]),
            )
        )  # fmt: skip
    if groups is not None:
        metrics += _of_groups(bundle, groups, said)
    if tested := fidelity_words(bundle):
        said["explanations", "tests"].append(Statement(tested, "computed"))
    words = f"Measured on {found.name} ({found.from_words.rstrip('.')}), {found.rounds} bootstrap rounds, seed {found.seed}."
    return Measured(said, tuple(metrics), words)


def _of_groups(bundle: ModelBundle, groups: Groups, said: Said) -> list[Metric]:
    responded = bundle.manifest.words.responded
    labels = dict(zip(bundle.options, map(bundle.label, bundle.options), strict=True))
    metrics, lines = [], list(groups.words)
    for row in groups.rows:
        name = row.group if row.option == POOLED else f"{labels.get(row.option, row.option)}, {row.group}"
        observed = 100 * row.n_events / row.n
        gap, low, high = (100 * v for v in (row.estimate, row.ci_low, row.ci_high))
        lines.append(
            f"{name[:1].upper()}{name[1:]}, {row.n:,} patients: {observed:.0f} of 100 {responded}, {observed - gap:.0f} were "
            f"predicted; difference {gap:+.1f} ({low:+.1f} to {high:+.1f})."
        )
        metrics.append(
            Metric(
                "fairness", f"Observed minus predicted, {name}", row.estimate, *_ends(row.ci_low, row.ci_high)
            )
        )
    if groups.more:
        lines.append(f"{groups.more} more groups stand on the page Audit.")
    said["subgroups", "subgroups"] += [Statement(line, "computed") for line in lines]
    return metrics


def _ends(low: float, high: float) -> tuple[float | None, float | None, float | None]:
    return (low, high, 95) if np.isfinite(low) and np.isfinite(high) else (None, None, None)


def fidelity_words(bundle: ModelBundle) -> str:
    """How far exact attributions miss the model's own answer; empty where they are estimates with errors of their own."""
    options = [o for o in bundle.options if bundle.formula is None and family_of(bundle, o) != Family.OTHER]
    if not options or bundle.background.derived:
        return ""
    rows = bundle.background.rows[:_FIDELITY_ROWS]
    largest = max(abs(explain(bundle, row, "shapley", option=o).residual()) for o in options for row in rows)
    return (
        f"Shapley values added up to the model's own answer within {max(largest, 1e-15):.0e} {bundle.unit} on {len(rows)} "
        f"background rows for {len(options)} option{'s' if len(options) > 1 else ''}."
    )
