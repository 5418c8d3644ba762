"""The audit of a model on one cohort as one HTML document: the answer, every option, and what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.audit import calibration, findings
from explainers.audit.net_benefit import SENSIBLE
from explainers.audit.option_table import figure_rows, option_rows
from explainers.charts.calibration import calibration as calibration_chart
from explainers.charts.calibration import calibration_points
from explainers.charts.decision_curve import decision_curve, decision_points
from explainers.charts.intervals import intervals
from explainers.origins import model_origin
from explainers.report import Block, Chart, Heading, Points, Table, Text, document
from oncology.wording import wording

if TYPE_CHECKING:
    from explainers.audit.overview import Audit, OptionAudit
    from oncology.bundles import ModelBundle

__all__ = ["audit_report"]


def audit_report(bundle: ModelBundle, audit: Audit, *, made: str = "") -> str:
    """What the page Audit shows of all options, without a row of any patient.

    Parameters
    ----------
    made : str
        When, in UTC.
    """
    m, whole = bundle.manifest, findings.overall(audit)
    blocks: list[Block] = [
        Heading("May this model's numbers be believed, and for whom?"),
        Text(whole.answer),
        Points((*whole.details, *audit.notes, *([m.words.banner] if m.words.banner else []))),
        Table(option_rows(audit), "Option by option"),
        Text(findings.family_words(findings.judged(audit)), soft=True),
        Heading("Does it tell patients apart?"),
        *_ranking(audit),
    ]
    if words := [w for o in audit.options if (w := findings.utility_words(o, findings.judged(audit)))]:
        blocks += [
            Heading("Where it is not shown to be worth more than the label alone"),
            Points(tuple(words)),
        ]
    for option in (o for o in audit.options if o.n):
        blocks += [Heading(option.label), *_option(option, audit)]
    if len(audit.by_alterations):
        blocks += [
            Heading("Said and observed by number of alterations"),
            Table(audit.by_alterations.rows(), "All options together, patients redrawn as a whole"),
        ]
    blocks.append(
        Text(
            f"Intervals: {audit.rounds} redraws of the patients (seed {audit.seed}), Wilson's for shares, DeLong's for the AUC; "
            "95 % each, not widened for their number except in the findings. No row of a patient is part of this document.",
            soft=True,
        )
    )
    return document(
        f"Audit of {m.title}", blocks, origin=(model_origin(m), f"held against {audit.from_words}"),
        subtitle=audit.from_words, model=f"{m.title}, version {m.version}", model_sha256=bundle.sha256, made=made,
    )  # fmt: skip


def _ranking(audit: Audit) -> list[Block]:
    known = [o for o in audit.options if o.n and o.row("AUC").is_known]
    if not known:
        return [Text("No option has patients of both outcomes, so nobody can be told apart.")]
    known.sort(key=lambda o: -o.row("AUC").estimate)
    rows = [o.row("AUC") for o in known]
    chart = intervals(rows, [o.label for o in known], against=0.5, axis="AUC; dotted: chance", mode="light")
    labels = {o.option: o.label for o in audit.options}
    table = [r for o in known for r in o.metrics.rows(labels) if r["metric"] in ("AUC", "average precision")]
    return [Chart(chart, "AUC per option with its 95 % interval; grey: reaches chance", table)]


def _option(option: OptionAudit, audit: Audit) -> list[Block]:
    said = wording("laboratory" if audit.setting == "laboratory" else "clinic")
    blocks: list[Block] = [Text(findings.finding(option, audit).words)]
    if option.bins:
        chart = calibration_chart(
            option.bins, option.curve, number=audit.number, observed=said.responded, mode="light"
        )
        blocks.append(
            Chart(chart, "Said and observed, with Wilson's intervals", calibration_points(option.bins))
        )
    blocks.append(
        Table(figure_rows(option, calibration.METRICS), f"Calibration: {option.label}", folded=True)
    )
    if option.decision.reason:
        blocks.append(Text(f"No decision curve: {option.decision.reason}.", soft=True))
        return blocks
    low, high = SENSIBLE
    rule = (
        f" By label: {option.decision.label_words} ({option.decision.label_source})."
        if option.decision.label
        else " No label or driver is known for this option."
    )
    blocks.append(
        Chart(
            decision_curve(option.decision, low=low, high=high, mode="light"),
            f"Net responses per 100 patients over the threshold.{rule}",
            decision_points(option.decision, low=low, high=high),
        )
    )
    return blocks
