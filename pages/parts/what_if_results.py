"""What stands on What if beside the editing panel: the answer, why, and which single change would move it."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from pages.parts import address, firmness_panel, session, smallest_change, tables, trust_panel
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.recommendations import Ranking

_OPTION = "what-if-option"


def style() -> None:
    """Put the rules of this page and of its charts on it, once, so that a toggle does not send them again."""
    from explainers.charts.attribution_change import attribution_change_style
    from explainers.charts.ranking import ranking_style
    from explainers.charts.score_scale import score_style

    own = (Path(__file__).parent / "style" / "what_if.css").read_text(encoding="utf-8")
    st.html(f"<style>{own}{ranking_style()}{score_style()}{attribution_change_style()}</style>")


def ranking(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The answer in words, cautions, and the ranking (or the score) with ticks for the record."""
    from explainers import what_if
    from explainers.plausibility import plausibility

    edited = session.edited_patient(bundle.schema, recorded)
    before = session.ranking(bundle, recorded, with_unknowns=False)
    after = session.ranking(bundle, edited, with_unknowns=False)
    said, moved = what_if.headline(bundle, before, after)
    changes = what_if.change_words(bundle.schema, recorded, edited)
    if changes or not after.ordered:
        still = "The score stays where it was." if bundle.is_score else "Nothing moves by half a point."
        second = f"<p>{escape(moved or still)}</p>"
    else:
        second = '<p class="gb-quiet">This is the patient as recorded; the panel changes it.</p>'
    banner = (bundle.manifest.words.banner,) if bundle.manifest.words.banner else ()
    implausible = plausibility(bundle, edited) if changes else ()
    cautions = list(dict.fromkeys([*session.problems(), *banner, *after.cautions, *implausible]))
    st.html(
        # On a phone it scrolls in a frame of its own, which has to be reached without a mouse.
        '<div class="gb-answer" tabindex="0" role="region" aria-label="What the model says">'
        f'<div class="gb-words"><p class="gb-said">{escape(said)}</p>{second}</div>'
        + _cautions(cautions)
        + (_scores(bundle, before, after) if bundle.is_score else _bands(bundle, before, after))
        + _edit(changes)
        + "</div>"
    )


def _cautions(cautions: list[str]) -> str:
    """One box: the first caution, the others folded behind it, so that the ranking keeps its place."""
    if not cautions:
        return ""
    first, *rest = (escape(c) for c in cautions)
    if not rest:
        return f'<p class="gb-caution">{first}</p>'
    listed = "".join(f"<li>{c}</li>" for c in rest)
    return (
        f'<details class="gb-caution"><summary>{first} <span>{len(rest)} more</span></summary>'
        f"<ul>{listed}</ul></details>"
    )


def _bands(bundle: ModelBundle, before: Ranking, after: Ranking) -> str:
    from explainers import what_if
    from explainers.charts.ranking import ranking_html

    return ranking_html(
        what_if.ranked_options(after, before),
        caption="What the model expects of every option, for the profile as edited and as recorded",
        outcome=bundle.manifest.outcome,
        compared=True,
    )


def _scores(bundle: ModelBundle, before: Ranking, after: Ranking) -> str:
    from explainers.charts.score_scale import score_html
    from explainers.ranking_words import score_span

    drawn = ""
    for entry in after.ordered:
        was = before.of(entry.option).probability
        if entry.probability is None:
            continue
        formula = bundle.formula
        drawn += score_html(
            entry.probability,
            caption=f"{entry.label} {entry.probability:z.2f}"
            + (f", group {entry.group}" if entry.group else "")
            + (f"; as recorded {was:z.2f}" if was is not None else ""),
            span=score_span(bundle, entry.probability, was),
            low=entry.low,
            high=entry.high,
            cut_points=() if formula is None else formula.cut_points,
            categories=() if formula is None else formula.categories,
            recorded=was,
        )
    key = "Dot: now. Tick: as recorded. Bar: from best to worst over what is not known."
    return f'{drawn}<p class="gb-quiet gb-small">{key} A score is no share of patients.</p>' if drawn else ""


def _edit(changes: list[str]) -> str:
    """What was edited, and the link that makes the same edit again."""
    if not changes:
        return ""
    listed = "".join(f"<li>{escape(c)}</li>" for c in changes)
    link = address.link("what_if")
    words = (
        "This patient's id stays on this machine, so there is no link to this edit."
        if link is None
        else f'<a href="{escape(link)}">Link to this edit</a>'
    )
    return f'<ul class="gb-changes">{listed}</ul><p class="gb-quiet gb-small">{words}</p>'


def trust(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """How far the numbers of the profile as it stands can be leaned on."""
    edited = session.edited_patient(bundle.schema, recorded)
    trust_panel.beside(
        bundle, edited, session.ranking(bundle, edited, with_unknowns=False), key="what-if-trust"
    )


def numbers(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Every number of the ranking before and after, as a table and as CSV."""

    def rows() -> list[dict[str, Any]]:
        from explainers import what_if

        before, after = (
            session.ranking(bundle, p, with_unknowns=False)
            for p in (recorded, session.edited_patient(bundle.schema, recorded))
        )
        return what_if.comparison_rows(bundle, before, after)

    tables.beside(rows, caption="Every option as recorded and as edited", name="what-if-ranking")


def explained(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The attributions of one option for the recorded and the edited patient."""
    from explainers.charts import attribution_change as chart
    from explainers.ranking_words import unshown_words

    edited = session.edited_patient(bundle.schema, recorded)
    option = chosen_option(bundle, edited)
    if len(bundle.options) > 1:
        st.session_state[_OPTION] = option
        option = st.selectbox(
            "Option",
            sorted(bundle.options, key=bundle.label),
            format_func=bundle.label,
            key=_OPTION,
            width=360,
        )
    try:
        why = [session.explanation(bundle, p, "shapley", option=option) for p in (recorded, edited)]
    except OncologyError as error:
        st.info(str(error))
        return
    if silent := unshown_words(session.ranking(bundle, edited, with_unknowns=False).of(option)):
        st.caption(verbatim(silent))
    label = bundle.label(option)
    st.html(
        chart.attribution_change_html(
            *why, caption=f"What moves the model's answer on {label}, as recorded and as edited"
        )
    )
    for limit in why[1].limits:
        st.caption(limit)
    tables.beside(
        lambda: chart.attribution_change_rows(*why),
        caption=f"Attributions for {label}, in {why[1].unit}",
        name="what-if-why",
    )


def chosen_option(bundle: ModelBundle, edited: PatientProfile) -> str:
    """The option that is explained: the picked one, else the one ranked first."""
    picked: str | None = st.session_state.get(_OPTION)
    if picked in bundle.options:
        return picked
    ranked = session.ranking(bundle, edited, with_unknowns=False)
    return ranked.ordered[0].option if ranked.ordered else bundle.options[0]


def single_changes(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Which single change of the profile, as it stands now, would move the answer; all of them in the table."""
    from explainers import what_if

    edited = session.edited_patient(bundle.schema, recorded)
    found = session.single_changes(bundle, edited)
    st.html(what_if.single_changes_html(bundle, found))
    tables.beside(
        found.rows, caption="Every single change of the profile as it stands", name="what-if-single"
    )


def document(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The page as one HTML file, made when it is asked for."""
    edited = session.edited_patient(bundle.schema, recorded)
    option = chosen_option(bundle, edited)
    searched = smallest_change.answer_for(bundle, edited)
    calls, facts = firmness_panel.calls_for(bundle, edited), firmness_panel.facts_for(bundle, edited)

    # Called by the server once somebody clicks, outside this session: it must find everything here.
    def make() -> str:
        from explainers.what_if_report import what_if_report

        made = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        return what_if_report(
            bundle, recorded, edited, option=option, searched=searched, calls=calls, facts=facts, made=made
        )

    if refusal := session.export_refusal():
        st.caption(refusal)
        return
    st.download_button(
        "Save this page as one HTML file", make, "what-if.html", "text/html", key="what-if-document",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip
