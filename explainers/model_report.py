"""The report of one model: what it is, how well it does, what it leans on, where it was most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers import importance, worst_errors
from explainers.charts import discrimination, global_importance
from explainers.model_words import left_out_rows, model_facts, performance_words
from explainers.origins import model_origin
from explainers.players import CannotExplainError
from explainers.report import Block, Chart, Facts, Heading, Table, Text, document

if TYPE_CHECKING:
    from explainers.importance import Importance
    from oncology.bundles import ModelBundle

__all__ = ["model_report"]


def model_report(bundle: ModelBundle, *, important: Importance | None = None, made: str = "") -> str:
    """What the page Model shows, as one HTML document.

    Parameters
    ----------
    bundle : ModelBundle
    important : Importance, optional
        Importance measured before; without it the document says how to get it.
    made : str
        When, in UTC.
    """
    m = bundle.manifest
    blocks: list[Block] = [
        Heading("What it is"),
        Facts(tuple((f.label, f.words) for f in model_facts(bundle))),
        *(Text(note, soft=True) for note in m.notes),
        Heading("How well it tells patients apart"),
        Text(performance_words(m)),
    ]
    if m.performance:
        caption = "Cross-validated AUC per option with its 95 % interval; grey: no signal"
        blocks.append(
            Chart(discrimination.discrimination(m, mode="light"), caption, discrimination.performance_rows(m))
        )
    if rows := left_out_rows(bundle):
        blocks.append(Table(rows, "Options without a model"))
    blocks += [Heading("What it leans on"), *_leaning(bundle, important)]
    blocks += [Heading("Where it was most wrong"), *_errors(bundle)]
    return document(
        m.title, blocks, origin=(model_origin(m),), subtitle=m.intended_use,
        model=f"{m.title}, version {m.version}", model_sha256=bundle.sha256, made=made,
    )  # fmt: skip


def _leaning(bundle: ModelBundle, important: Importance | None) -> list[Block]:
    if bundle.formula is not None:
        return [Table(importance.formula_weights(bundle), "Published weights")]
    if important is None:
        return [Text("Importance was not measured: the model came without its training cohort.")]
    chart = global_importance.importance(important, mode="light")
    return [Chart(chart, f"{important.measure}. {important.method}", important.rows())]


def _errors(bundle: ModelBundle) -> list[Block]:
    try:
        found = worst_errors.worst_errors(bundle)
    except CannotExplainError as error:
        return [Text(str(error))]
    caption = "Training patients whose outcome surprised the model most, each predicted by a model that had not seen them"
    return [Table(worst_errors.rows(found), caption)]
