"""What stands on What if beside the editing panel: the answer, why, and which changes would move it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from oncology.patients import PatientProfile
from pages.parts import session, tables

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle


def style() -> None:
    """Put the rules of this page and of its charts on it, once, so that a toggle does not send them again."""
    from explainers.charts.attribution_change import attribution_change_style
    from explainers.charts.ranking import ranking_style
    from explainers.charts.score_scale import score_style

    own = (Path(__file__).parent / "style" / "what_if.css").read_text(encoding="utf-8")
    st.html(f"<style>{own}{ranking_style()}{score_style()}{attribution_change_style()}</style>")


def ranking(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The answer in words, what was edited, cautions, and the ranking with ticks for the record."""
    from explainers import what_if
    from explainers.charts import ranking as chart
    from explainers.plausibility import plausibility

    edited = session.edited_patient(bundle.schema, recorded)
    compared = edited is not recorded
    before = session.ranking(bundle, recorded, with_unknowns=False)
    after = session.ranking(bundle, edited, with_unknowns=False)
    said, moved = what_if.headline(bundle, before, after)
    changes = what_if.change_words(bundle.schema, recorded, edited)
    cautions = plausibility(bundle, edited) if compared else ()
    words = f'<p class="gb-said">{escape(said)}</p>'
    if changes:
        words += f'<p class="gb-moved">{escape(moved or "Nothing moves by a whole point.")}</p>'
        words += '<ul class="gb-changes">' + "".join(f"<li>{escape(c)}</li>" for c in changes) + "</ul>"
    else:
        words += '<p class="gb-moved">The patient as recorded. Change a state on the left.</p>'
    words += "".join(f'<p class="gb-caution">{escape(c)}</p>' for c in cautions)
    table = chart.ranking_html(
        what_if.ranked_options(after, before if compared else None),
        caption="What the model expects of every option",
        outcome=bundle.manifest.outcome,
        compared=compared,
    )
    st.html(words + table)


def explained(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """The attributions of one option for the recorded and the edited patient."""
    from explainers.charts import attribution_change as chart

    edited = session.edited_patient(bundle.schema, recorded)
    option = st.selectbox("Option", bundle.options, format_func=bundle.label, key="what-if-option")
    why = [session.explanation(bundle, p, "shapley", option=option) for p in (recorded, edited)]
    st.html(chart.attribution_change_html(*why, caption="Attributions", compared=edited is not recorded))
    tables.beside(chart.attribution_change_rows(*why), caption="Attributions", name="what-if-why")


def single_changes(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Every single change of the profile as it stands now."""
    edited = session.edited_patient(bundle.schema, recorded)
    found = session.single_changes(bundle, edited)
    tables.show(found.rows(), caption="Single changes", name="single-changes")
