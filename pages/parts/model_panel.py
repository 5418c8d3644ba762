"""A model as a whole: what it is, how well it does, what it leans on, and where it was most wrong."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from explainers import importance, model_words, origins
from oncology import edits
from oncology.errors import OncologyError
from pages.parts import layout, pickers, session, tables

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from explainers.importance import Importance, ShapleySample
    from oncology.bundles import ModelBundle

_ALL = "all options"


def origin() -> layout.Origin:
    """What `layout.page` shows beside the title: whose patients the open model was made from."""
    choice = session.bundle_choice()
    if choice is None or choice.manifest is None:
        return "none"
    return origins.origin_kind(choice, None)


def facts() -> tuple[str, ...]:
    """What the open model was made from, in words."""
    choice = session.bundle_choice()
    return (origins.model_origin(None if choice is None else choice.manifest),)


def open_model(head: DeltaGenerator) -> ModelBundle:
    """Draw the pickers and return the open model, or end the page with why there is none."""
    pickers.show(head)
    model, problem = session.bundle_or_error()
    if model is None:
        st.error(problem)
        st.stop()
    return model


def show_facts(bundle: ModelBundle) -> None:
    """Draw what the model is, in words; what its developer left out says so."""
    items = "".join(
        f"<div><dt>{escape(f.label)}</dt><dd{'' if f.known else ' class=unknown'}>{escape(f.words)}</dd></div>"
        for f in model_words.model_facts(bundle)
    )
    with st.container(border=True, key="model-facts"):
        st.html(f'<dl class="gb-facts gb-long">{items}</dl>')
    for note in bundle.manifest.notes:
        st.caption(note)


def show_performance(bundle: ModelBundle) -> None:
    """Draw the cross-validated performance per option, those without signal shown as such."""
    from explainers.charts.discrimination import discrimination, performance_rows

    st.header("How well does it tell patients apart?", anchor=False)
    st.write(model_words.performance_words(bundle.manifest))
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


def show_global(bundle: ModelBundle) -> None:
    """Draw what the model leans on over many patients, for one option or all."""
    st.header("What does it lean on?", anchor=False)
    if bundle.formula is not None:
        _formula(bundle)
        return
    if bundle.training is None:
        st.info(
            "This model came without its training cohort, so there are no patients to measure importance on."
        )
        return
    options = [*([_ALL] if len(bundle.options) > 1 else []), *bundle.options]
    option = st.selectbox(
        "Option", options, format_func=lambda o: "All options together" if o == _ALL else bundle.label(o),
        key=f"model-option-{bundle.sha256[:8]}", width=340,
    )  # fmt: skip
    try:
        _importance(bundle, option)
        if option != _ALL:
            _shuffled(bundle, option)
            _shape(bundle, option)
    except OncologyError as error:
        st.info(str(error))


def _formula(bundle: ModelBundle) -> None:
    st.write(
        "A published formula leans on what its authors wrote down: each variable has one fixed weight for every patient."
    )
    tables.show(importance.formula_weights(bundle), caption="Published weights", name="weights")


@st.cache_resource(max_entries=64, show_spinner="Explaining 500 training patients")
def _sample(sha256: str, option: str, _bundle: ModelBundle) -> ShapleySample:
    return importance.shapley_sample(_bundle, option)


@st.cache_resource(max_entries=64, show_spinner=False)
def _important(sha256: str, option: str, _bundle: ModelBundle) -> Importance:
    if option == _ALL:
        return importance.mean_over_options([_important(sha256, o, _bundle) for o in _bundle.options])
    return importance.shapley_importance(_sample(sha256, option, _bundle))


def overall(bundle: ModelBundle) -> Importance | None:
    """Importance over all options, for the document; None where there are no patients to measure it on."""
    if bundle.formula is not None or bundle.training is None:
        return None
    return _important(bundle.sha256, _ALL if len(bundle.options) > 1 else bundle.options[0], bundle)


def _importance(bundle: ModelBundle, option: str) -> None:
    from explainers.charts import global_importance
    from explainers.swarm import swarm

    found = _important(bundle.sha256, option, bundle)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Average size of each input's share** (mean |Shapley value|)")
        _chart(global_importance.importance(found), "importance")
        tables.beside(found.rows(), caption="Importance of every input", name="importance")
        st.caption(found.method)
    if option == _ALL:
        with right:
            st.markdown("**One option at a time**")
            st.write(
                "Choosing one option above shows every patient's share as a dot, what shuffling an input costs, and how "
                "the share depends on an input's value."
            )
        return
    with right:
        spread = swarm(bundle, _sample(bundle.sha256, option, bundle))
        st.markdown("**Each patient's share as one dot**")
        _chart(global_importance.beeswarm(spread), "beeswarm")
        tables.beside(spread.rows(), caption="Shares by patient and input", name="beeswarm")


@st.fragment
def _shuffled(bundle: ModelBundle, option: str) -> None:
    from explainers.charts import global_importance

    st.markdown("**What does shuffling an input cost?** (permutation importance)")
    st.caption(
        "Each input is shuffled among patients the fold's model has not seen, and the fall in AUC is measured. The model is "
        "fitted again for each fold, which takes a while."
    )
    key = f"shuffled-{bundle.sha256[:12]}-{option}"
    if st.button("Measure", key=f"measure-{option}"):
        st.session_state[key] = True
    if not st.session_state.get(key):
        return
    try:
        found = _permuted(bundle.sha256, option, bundle)
    except OncologyError as error:
        st.info(str(error))
        return
    _chart(global_importance.importance(found), "shuffled")
    tables.beside(found.rows(), caption="Fall in AUC when shuffled", name="shuffled")
    st.caption(found.method)


@st.cache_resource(max_entries=64, show_spinner="Shuffling every input among held-out patients")
def _permuted(sha256: str, option: str, _bundle: ModelBundle) -> Importance:
    from explainers.shuffling import permutation_importance

    return permutation_importance(_bundle, option)


@st.fragment
def _shape(bundle: ModelBundle, option: str) -> None:
    from explainers.charts import shape
    from explainers.dependence import dependence

    st.markdown("**How does the share depend on an input's value?**")
    found = _important(bundle.sha256, option, bundle)
    names = [found.feature_names[j] for j in found.order()]
    labels = dict(zip(found.feature_names, found.feature_labels, strict=True))
    feature = st.selectbox("Input", names, format_func=labels.get, key=f"shape-{option}", width=340)
    seen = dependence(bundle, _sample(bundle.sha256, option, bundle), feature)
    _chart(shape.dependence(seen), "dependence")
    tables.beside(seen.rows(), caption=f"Share of {labels[feature]} by its value", name="dependence")
    st.caption("What goes together in the model is no cause: an input can stand for another one.")


def show_errors(bundle: ModelBundle) -> None:
    """Draw the worst out-of-fold errors; picking one opens that patient on Why."""
    from explainers import worst_errors

    st.header("Where was it most wrong?", anchor=False)
    try:
        found = worst_errors.worst_errors(bundle)
    except OncologyError as error:
        st.info(str(error))
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


def _chart(figure: Any, key: str) -> None:
    st.plotly_chart(figure, key=key, width="stretch", config={"displayModeBar": False})
