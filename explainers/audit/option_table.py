"""The audit on one line an option, as the page, the document and the terminal show it."""

from __future__ import annotations

import math
from typing import Any

from explainers.audit import findings
from explainers.audit.label_rules import NOT_SOURCED
from explainers.audit.overview import Audit, OptionAudit
from oncology.counts import shown

__all__ = ["figure_rows", "option_rows"]

_WORTH = {
    "above": "yes",
    "partly": "at some thresholds",
    "not shown": "not shown",
    "below": "no",
    "unknown": "no label known",
}


def option_rows(audit: Audit) -> list[dict[str, Any]]:
    """One row an option with a known outcome: patients, ranking, said against observed, the finding, the use."""
    said = {f.option: findings.VERDICTS[f.verdict] for f in findings.findings(audit)}
    return [
        {
            "option": o.label, "patients": shown(o.n), "tells apart (AUC)": o.row("AUC").words(),
            "says, of 100": _per_100(o, "mean predicted"), "observed, of 100": _per_100(o, "observed"),
            "finding": said[o.option], "worth more than the label": _worth(o, findings.judged(audit)),
        }
        for o in audit.options
        if o.n
    ]  # fmt: skip


def _worth(option: OptionAudit, n_options: int) -> str:
    """Whether it is worth more than the label; a rule that has no source says so."""
    curve = option.decision
    doubt = ""
    if curve.label and not curve.label_is_known:
        doubt = " (stand-in for a label)"
    elif curve.label and curve.label_source.startswith(NOT_SOURCED):
        doubt = f" (label {NOT_SOURCED})"
    elif curve.label and NOT_SOURCED in curve.label_source:
        doubt = " (label sourced in part)"
    return f"{_WORTH[findings.utility(curve, n_options)]}{doubt}"


def _per_100(option: OptionAudit, metric: str) -> str:
    hidden = shown(option.n) is None or shown(option.n_events, of=option.n) is None
    value = option.row(metric).estimate
    return "–" if hidden or not math.isfinite(value) else f"{100 * value:.0f}"


def figure_rows(option: OptionAudit, metrics: tuple[str, ...]) -> list[dict[str, str]]:
    """One row a figure of one option, with its interval or the reason why there is none."""
    return [
        {"figure": m.metric, "value and 95 % interval": m.words(3)}
        for m in option.metrics
        if m.metric in metrics
    ]
