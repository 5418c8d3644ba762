"""The report of one model: what it is, how well it does, what it leans on, where it was most wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers import importance, worst_errors
from explainers.charts import discrimination, global_importance, surrogate_tree
from explainers.model_words import left_out_rows, model_facts, performance_words
from explainers.origins import model_origin
from explainers.players import CannotExplainError
from explainers.report import Block, Chart, Facts, Heading, Markup, Table, Text, document

if TYPE_CHECKING:
    from explainers.overall.summary import OptionSummary, Summary
    from oncology.bundles import ModelBundle

__all__ = ["model_report"]


def model_report(bundle: ModelBundle, *, found: Summary | None = None, made: str = "") -> str:
    """What the page Model shows, as one HTML document.

    Parameters
    ----------
    bundle : ModelBundle
    found : Summary, optional
        What was gathered of the model as a whole; without it the document says how to get it.
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
    blocks += [Heading("What it leans on"), *_leaning(bundle, found)]
    blocks += [Heading("Where it was most wrong"), *_errors(bundle)]
    return document(
        m.title, blocks, origin=(model_origin(m),), subtitle=m.intended_use,
        model=f"{m.title}, version {m.version}", model_sha256=bundle.sha256, made=made,
    )  # fmt: skip


def _leaning(bundle: ModelBundle, found: Summary | None) -> list[Block]:
    if bundle.formula is not None:
        return [Table(importance.formula_weights(bundle), "Published weights")]
    if found is None:
        return [Text("Importance was not measured for this document.")]
    if isinstance(found.importance, str):
        return [Text(found.importance)]
    beyond = None if isinstance(found.chance, str) else found.chance.discoveries
    chart = global_importance.importance(found.importance, beyond=beyond, mode="light")
    blocks: list[Block] = [
        Chart(chart, f"{found.importance.measure}. {found.importance.method}", found.importance.rows()),
        Text(found.chance if isinstance(found.chance, str) else found.chance.words),
    ]
    if not isinstance(found.markers, str):
        blocks.append(
            Table(found.markers.rows(), "Strongest marker of each option", folded=len(bundle.options) > 8)
        )
        blocks.append(Text(found.markers.small_print, soft=True))
    for each in found.options:
        blocks += [Heading(f"What it leans on: {each.label}", 3), *_of_option(each)]
    return blocks


def _of_option(each: OptionSummary) -> list[Block]:
    blocks: list[Block] = [Text(each.chance if isinstance(each.chance, str) else each.chance.words)]
    if isinstance(each.biology, str):
        blocks.append(Text(each.biology))
    else:
        blocks += [
            Text(each.biology.words),
            Table(each.biology.rows(), "Beside what is published", folded=True),
        ]
    if isinstance(each.pairs, str):
        blocks.append(Text(each.pairs, soft=True))
    else:
        blocks += [
            Text(each.pairs.words),
            Table(each.pairs.rows(), "The strongest pairs of inputs", folded=True),
        ]
    if isinstance(each.logic, str):
        return [*blocks, Text(each.logic, soft=True)]
    logic = each.logic
    blocks.append(Text(f"As a tree. {logic.tree_fidelity.words}"))
    if logic.tree_fidelity.is_faithful:
        html = surrogate_tree.tree_html(logic.tree, caption=f"Tree that imitates the model on {each.label}")
        blocks.append(Markup(html, surrogate_tree.tree_style(), "The tree"))
    blocks.append(Text(f"As a list of rules. {logic.rules_fidelity.words}"))
    if logic.rules_fidelity.is_faithful:
        blocks.append(Table(logic.rule_rows(), "The first rule that fits gives the answer"))
    return blocks


def _errors(bundle: ModelBundle) -> list[Block]:
    try:
        found = worst_errors.worst_errors(bundle)
    except CannotExplainError as error:
        return [Text(str(error))]
    caption = "Training patients whose outcome surprised the model most, each predicted by a model that had not seen them"
    return [Table(worst_errors.rows(found), caption)]
