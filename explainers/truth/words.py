"""The truth report in sentences and tables, for the page Model and the terminal."""

from __future__ import annotations

import math
from typing import Any

from explainers.truth.results import Figure, MethodRecovery, TruthReport

__all__ = ["recovery_table", "summary", "trap_table"]

_TRAPS = {
    "site": "The site, which does nothing",
    "prognostic": "The gene that lowers every option alike",
    "pairs": "Alterations that travel together",
    "subtype": "The rare subtype",
}


def summary(report: TruthReport) -> tuple[str, ...]:
    """What the figures say, in a few plain sentences; the model's own error is told apart from the methods'."""
    single = [r for r in report.recovery if r.scope == "patient"]
    own = next((r for r in single if r.method == "ablation"), None)
    if not single or own is None:
        return ("No method could be measured.",)
    others = [r for r in single if r.method not in ("ablation", "exact")]
    nearest = max(others, key=lambda r: r.effects_model[0])
    farthest = min(others, key=lambda r: r.effects_model[0])
    high, low = _ends([r.effects_truth[0] for r in others])
    ceiling = own.effects_truth[0]
    return (
        "Against the model, asked with and without each alteration: the methods that share out a score order the effects with a "
        f"rank correlation of {farthest.effects_model[0]:.2f} ({farthest.label}) to {nearest.effects_model[0]:.2f} "
        f"({nearest.label}); 1 is the same order.",
        f"Against the truth: {low:.2f} to {high:.2f}. Even a perfect reading of this model would reach {ceiling:.2f} only: the "
        "rest of the way to 1 is the model's own error, and no explanation can see it.",
        f"For a single patient, {_of_five(own.patient_truth)} of the five inputs that move the model most are among the five that "
        "truly act most. A named reason is a statement about the model first.",
    )  # fmt: skip


def _ends(values: list[float]) -> tuple[float, float]:
    return max(values), min(values)


def _of_five(figure: Figure) -> str:
    return f"{5 * figure[0]:.1f}"


def recovery_table(report: TruthReport) -> list[dict[str, Any]]:
    """One row a method, with 95 % intervals in brackets."""
    return [
        {
            "method": row.label,
            "order of effects: truth": _words(row.effects_truth),
            "order of effects: model": _words(row.effects_model),
            "top 5 alterations: truth": _words(row.top_truth),
            "a patient's top 5: truth": _words(row.patient_truth),
            "a patient's top 5: model": _words(row.patient_model),
        }
        for row in _ordered(report)
    ]


def _ordered(report: TruthReport) -> list[MethodRecovery]:
    return [
        *(r for r in report.recovery if r.scope == "patient"),
        *(r for r in report.recovery if r.scope == "model"),
    ]


def _words(figure: Figure, digits: int = 2) -> str:
    value, low, high = figure
    if not math.isfinite(value):
        return "–"
    said = f"{value:.{digits}f}"
    if math.isfinite(low) and math.isfinite(high):
        said += f" ({low:.{digits}f} to {high:.{digits}f})"
    return said.replace("-", "\N{MINUS SIGN}")


def trap_table(report: TruthReport) -> list[dict[str, Any]]:
    """One row a reading at a planted trap: what is measured, by which method, and what the truth would be."""
    return [
        {
            "trap": _TRAPS.get(row.trap, row.trap),
            "measured": row.figure,
            "method": row.label,
            "found": _words(row.value, 0 if row.figure.endswith("%") else 2),
            "truth": _words((row.truth, math.nan, math.nan), 0 if row.figure.endswith("%") else 1),
        }
        for row in sorted(
            report.traps, key=lambda r: (list(_TRAPS).index(r.trap) if r.trap in _TRAPS else 9, r.figure)
        )
    ]
