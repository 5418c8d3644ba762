"""The page What if as one document: the edit, the answer before and after, why, and what would move it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers import firmness
from explainers.charts import attribution_change, ranking
from explainers.counterfactuals import (
    AssayRobustness,
    Goal,
    SmallestChanges,
    SufficientReason,
    single_changes,
)
from explainers.local import explain
from explainers.origins import origin_words
from explainers.plausibility import plausibility
from explainers.players import CannotExplainError
from explainers.ranking_words import caution_words, unshown_words
from explainers.report import Block, Heading, Markup, Points, Table, Text, document
from explainers.what_if import (
    change_words,
    comparison_rows,
    counterfactual_rows,
    headline,
    ranked_options,
)
from oncology.patients import PatientProfile
from oncology.prediction import predict
from oncology.recommendations import NOT_MODELLED, rank

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["what_if_report"]


def what_if_report(
    bundle: ModelBundle,
    recorded: PatientProfile,
    edited: PatientProfile,
    *,
    option: str,
    searched: tuple[Goal, SmallestChanges] | None = None,
    calls: AssayRobustness | None = None,
    facts: SufficientReason | None = None,
    made: str = "",
) -> str:
    """An edit of one patient and what the model says of it, as one self-contained HTML document.

    Parameters
    ----------
    recorded, edited : PatientProfile
    option : str
        The option whose attributions are shown.
    searched : (Goal, SmallestChanges), optional
        The smallest changes that were searched for the edited profile.
    calls, facts : optional
        What was asked of the edited profile about wrong calls, and about facts that are enough.
    made : str
        When, in UTC.
    """
    before, after = (rank(bundle, predict(bundle, p), p, with_unknowns=False) for p in (recorded, edited))
    said, moved = headline(bundle, before, after)
    changes = change_words(bundle.schema, recorded, edited)
    blocks: list[Block] = [
        Heading("What was changed"),
        Points(tuple(changes)) if changes else Text("Nothing: this is the patient as recorded."),
        Heading("What the model says"),
        Text(said),
    ]
    if moved:
        blocks.append(Text(moved))
    blocks.append(Text(predict(bundle, edited).interval_meaning, soft=True))
    if cautions := (*after.cautions, *plausibility(bundle, edited), *caution_words(after)):
        blocks.append(Points(cautions))
    rows = comparison_rows(bundle, before, after)
    if not bundle.is_score:
        table = ranking.ranking_html(
            ranked_options(after, before),
            caption="Options as edited and as recorded",
            outcome=bundle.manifest.outcome,
            compared=True,
        )
        blocks.append(Markup(table, ranking.ranking_style()))
    blocks.append(Table(rows, "Every option, as edited and as recorded", folded=not bundle.is_score))
    blocks += _why(bundle, recorded, edited, option, unshown_words(after.of(option)))
    found = single_changes(bundle, edited)
    if found.changes:
        blocks += [
            Heading("Every single change, the largest shifts first"),
            Table(found.rows(), "One alteration changed at a time, from the profile as edited", folded=True),
        ]
    if searched is not None:
        goal, answer = searched
        blocks += [
            Heading("The smallest change"),
            Text(answer.conditions_words(), soft=True),
            Text(answer.words()),
            *(Text(note) for note in answer.notes),
        ]
        if answer.method:
            blocks.append(Text(f"How: {answer.method}.", soft=True))
        if answer.found:
            reached = counterfactual_rows(bundle, goal.option, answer.found)
            blocks.append(Table(reached, "Smallest sets of changes"))
    if calls is not None:
        blocks += [
            Heading("Calls that could be wrong"),
            Text(firmness.calls_between_words(calls)),
            Text(firmness.calls_words(calls)),
            *([Text(said)] if (said := firmness.chance_words(calls)) else []),
        ]
        if rows := firmness.call_rows(bundle, calls):
            blocks.append(Table(rows, "Single calls that would change the top band"))
    if facts is not None:
        blocks += [
            Heading("Facts that are enough"),
            Text(firmness.reason_words(facts)),
            Table(firmness.fact_rows(facts), "Facts that alone keep the answer"),
        ]
    blocks += [Heading("What the model does not weigh"), Points(NOT_MODELLED)]
    return document(
        f"What if: patient {recorded.patient_id}",
        blocks,
        origin=origin_words(bundle, recorded),
        subtitle=bundle.manifest.title,
        model=f"{bundle.manifest.title}, version {bundle.manifest.version}",
        model_sha256=bundle.sha256,
        made=made,
    )


def _why(
    bundle: ModelBundle, recorded: PatientProfile, edited: PatientProfile, option: str, silent: str
) -> list[Block]:
    heading = Heading(f"Why, before and after: {bundle.label(option)}")
    try:
        before, after = (explain(bundle, p, "shapley", option=option) for p in (recorded, edited))
    except CannotExplainError as error:
        return [heading, Text(str(error))]
    table = attribution_change.attribution_change_html(
        before, after, caption=f"Attributions for {bundle.label(option)}"
    )
    rows = attribution_change.attribution_change_rows(before, after)
    return [
        heading,
        *([Text(silent)] if silent else []),
        Markup(table, attribution_change.attribution_change_style()),
        Table(rows, f"Every attribution, in {after.unit}", folded=True),
        *(Text(limit, soft=True) for limit in after.limits),
    ]
