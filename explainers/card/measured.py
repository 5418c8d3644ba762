"""What an audit of the training patients adds to the card: calibration, net benefit, groups, fidelity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explainers.audit.cache import cached, key_of, peek
from explainers.audit.data import AuditData, of_bundle
from explainers.audit.overview import Audit, audit
from explainers.audit.resampling import ROUNDS
from explainers.card.entries import Metric, Said, Statement, new_said
from explainers.families import Family, family_of
from explainers.local import explain

if TYPE_CHECKING:
    from explainers.audit.resampling import Stop
    from oncology.bundles import ModelBundle

__all__ = ["Measured", "from_audit", "kept", "measure"]

Progress = Callable[[float, str], None]
# Rows of the background on which explanations are added up.
_FIDELITY_ROWS = 5
_CALIBRATION = ("calibration slope", "calibration in the large", "expected calibration error")


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """Statements and numbers of an audit, and in words on whom and how they were measured."""

    said: Said
    metrics: tuple[Metric, ...]
    words: str


def measure(bundle: ModelBundle, *, progress: Progress | None = None, stop: Stop | None = None) -> Measured:
    """Audit the training patients of a bundle, or take the audit that was kept.

    Raises
    ------
    NoOutcomesError
        If the bundle ships no training patients.
    StoppedError
    """
    data = of_bundle(bundle)
    found = cached(_key(data), Audit, lambda: audit(data, bundle, progress=progress, stop=stop))
    return from_audit(bundle, found)


def kept(bundle: ModelBundle) -> Measured | None:
    """What was measured before and kept on this machine; None where nothing was, or nothing can be."""
    if bundle.training is None:
        return None
    found = peek(_key(of_bundle(bundle)), Audit)
    return None if found is None else from_audit(bundle, found)


def _key(data: AuditData) -> str:
    return key_of("model card", 1, data.fingerprint, ROUNDS)


def from_audit(bundle: ModelBundle, found: Audit) -> Measured:
    """The statements of the card that follow from an audit."""
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
    if tested := fidelity_words(bundle):
        said["explanations", "tests"].append(Statement(tested, "computed"))
    words = f"Measured on {found.name} ({found.from_words.rstrip('.')}), {found.rounds} bootstrap rounds, seed {found.seed}."
    return Measured(said, tuple(metrics), words)


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
