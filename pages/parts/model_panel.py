"""A model as a whole: what it is, how well it does, what it leans on, and where it was most wrong."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from explainers import model_words
from oncology import edits
from oncology.errors import OncologyError
from pages.parts import leaning, session, tables, truth_panel
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle


def show(bundle: ModelBundle) -> None:
    """Draw one question of five; the others are worked out and drawn once they are opened."""
    rooms = {
        "What it is": show_facts,
        "What it leans on": leaning.show,
        "How well it does": show_performance,
        "How far to trust explanations": truth_panel.show,
        "Where it was most wrong": show_errors,
    }
    tabs = st.tabs(list(rooms), key="model-tabs", on_change="rerun")
    for tab, draw in zip(tabs, rooms.values(), strict=True):
        if tab.open:
            with tab:
                draw(bundle)


def show_facts(bundle: ModelBundle) -> None:
    """Draw what the model is, in words; what its developer left out says so."""
    st.write(verbatim(model_words.performance_words(bundle.manifest)))
    items = "".join(
        f"<div><dt>{escape(f.label)}</dt><dd{'' if f.known else ' class=unknown'}>{escape(f.words)}</dd></div>"
        for f in model_words.model_facts(bundle)
    )
    with st.container(border=True, key="model-facts"):
        st.html(f'<dl class="gb-facts gb-long">{items}</dl>')
    for note in bundle.manifest.notes:
        st.caption(verbatim(note))


def show_performance(bundle: ModelBundle) -> None:
    """Draw the cross-validated performance per option, those without signal shown as such."""
    from explainers.charts.discrimination import discrimination, performance_rows

    st.header("How well does it tell patients apart?", anchor=False)
    st.write(verbatim(model_words.performance_words(bundle.manifest)))
    if bundle.manifest.performance:
        st.plotly_chart(
            discrimination(bundle.manifest),
            key="discrimination",
            width="stretch",
            config={"displayModeBar": False},
        )
        tables.beside(
            performance_rows(bundle.manifest), caption="Cross-validated performance", name="performance"
        )
        st.caption(
            "Cross-validated on the patients the model was made from; not validated on patients of another hospital."
        )
    if rows := model_words.left_out_rows(bundle):
        tables.show(rows, caption="Options without a model", name="left-out")


def show_errors(bundle: ModelBundle) -> None:
    """Draw the worst out-of-fold errors; picking one opens that patient on Why."""
    from explainers import worst_errors

    st.header("Where was it most wrong?", anchor=False)
    try:
        found = worst_errors.worst_errors(bundle)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    st.write(
        f"The {len(found)} training patients whose outcome surprised the model most, each predicted by a model that had not "
        "seen them. A click on a line opens the patient on Why."
    )
    rows = worst_errors.rows(found)
    picked: Any = st.dataframe(
        rows, on_select="rerun", selection_mode="single-row", hide_index=True, key="worst-errors", height=320
    )
    tables.download(rows, name="worst-errors")
    if lines := picked["selection"]["rows"]:
        error = found[lines[0]]
        _open(bundle, error.patient_id, error.option)


def _open(bundle: ModelBundle, patient_id: str, option: str) -> None:
    assert bundle.training is not None
    row = bundle.training.X.loc[patient_id]
    profile, lost = edits.profile_from_row(
        bundle.schema, row, patient_id, synthetic=bundle.manifest.synthetic
    )
    missing = f" Not given back by the training table: {', '.join(lost)}." if lost else ""
    note = f"A training patient of this model, put together again from the model's inputs.{missing}"
    session.add_patients([profile.replace(note=note)])
    st.session_state["why-wanted-option"] = option
    st.switch_page("pages/why.py")
