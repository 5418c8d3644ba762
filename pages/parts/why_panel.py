"""Why one option stands where it stands: several methods, where they agree, and patients like this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers import agreement, in_points
from explainers.local import METHOD_LABELS
from oncology.errors import OncologyError
from pages.parts import ranking_panel, session, tables

if TYPE_CHECKING:
    from explainers.explanation import Explanation
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

_BACKGROUND_WORDS = {
    "default": "the method's usual",
    "tree-paths": "all training patients (tree paths)",
    "training": "a sample of training patients",
    "unaltered": "the same patient without alterations",
}
_OPTION, _COMPARED = "why-option", "why-background"


def pick_option(bundle: ModelBundle, profile: PatientProfile) -> str:
    """Draw the pickers of option and background; return the option."""
    ranking = session.ranking(bundle, profile)
    order = [r.option for r in (*ranking.ordered, *ranking.abstained)]
    wanted = st.session_state.get("why-wanted-option")
    with st.container(horizontal=True, key="why-pickers", gap="small"):
        if len(order) > 1:
            kept = wanted if wanted in order else order[0]
            option = st.selectbox(
                "Option", order, index=order.index(kept), format_func=bundle.label, key=f"{_OPTION}-{bundle.sha256[:8]}",
                width=340,
            )  # fmt: skip
        else:
            option = order[0]
        if not bundle.is_score:
            st.selectbox(
                "Compared with", list(_BACKGROUND_WORDS), format_func=_BACKGROUND_WORDS.get, key=_COMPARED, width=340,
                help="An explanation always compares this patient with somebody. Another comparison gives other numbers.",
            )  # fmt: skip
    st.session_state["why-wanted-option"] = option
    entry = ranking.of(option)
    ranking_panel.show_cautions(bundle, ranking)
    if entry.abstained:
        st.warning(
            f"On {entry.label} the model gives no answer: {entry.reason} What follows explains a number that is not shown "
            "because too little stands behind it."
        )
    elif entry.per_100:
        st.markdown(f"**{entry.label}: {entry.per_100}.**")
    elif entry.probability is not None:
        st.markdown(
            f"**{entry.label}: {entry.probability:.2f}**" + (f" ({entry.group})" if entry.group else "")
        )
    if session.edits():
        st.caption("This page explains the patient as recorded; the edits of What if are not part of it.")
    return option


def _explained(bundle: ModelBundle, profile: PatientProfile, option: str, method: str) -> Explanation | None:
    """One method's explanation; where it cannot be had, the reason stands in its place."""
    from explainers.background import background_named

    word = "default" if bundle.is_score else st.session_state.get(_COMPARED, "default")
    # Only Shapley values can be read off the trees' own counts; the others compare with patients.
    if method != "shapley" and word == "tree-paths":
        word = "default"
    try:
        background = background_named(bundle, word, bundle.schema.encode_row(profile))
        return session.explanation(bundle, profile, method, option=option, background=background)
    except OncologyError as error:
        st.info(f"{METHOD_LABELS[method]}: {error}")
        return None


def show_waterfall(bundle: ModelBundle, profile: PatientProfile, option: str) -> Explanation | None:
    """Draw the Shapley waterfall with its background and residual, and what the largest facts are worth."""
    from explainers.charts.attribution import waterfall, waterfall_rows

    why = _explained(bundle, profile, option, "shapley")
    if why is None:
        return None
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("What the model leaned on", anchor=False)
        st.plotly_chart(waterfall(why), key="waterfall", width="stretch", config={"displayModeBar": False})
        st.caption(
            f"Shapley values, in {why.unit}, compared with {why.background}. "
            f"Unexplained remainder: {why.residual():+.6f}. " + " ".join(why.limits)
        )
        tables.beside(waterfall_rows(why), caption="Every input's share", name="shapley")
    with right:
        st.header("The same, asked of the model", anchor=False)
        show_points(bundle, profile, option, why)
    return why


def show_points(bundle: ModelBundle, profile: PatientProfile, option: str, why: Explanation) -> None:
    """Draw what the model would say with single facts otherwise, for the largest attributions."""
    known = set(bundle.schema.names)
    if bundle.formula is not None:
        variables = {v.name: v.features for v in bundle.formula.variables}
        # A variable can follow from fifteen genes: its first two stand for it.
        asked = [
            f for j in why.order()[:8] for f in variables.get(why.feature_names[j], ())[:2] if f in known
        ]
    else:
        asked = [why.feature_names[j] for j in why.order()[:8]]
    if session.ranking(bundle, profile).of(option).abstained:
        st.write("The model gives no number for this option, so there is none to compare.")
        return
    effects = in_points.effects_in_points(bundle, profile, option, list(dict.fromkeys(asked))[:10])
    if not effects:
        st.write("None of the largest inputs can be asked on its own.")
        return
    st.markdown("\n".join(f"- {e.words}" for e in effects[:7]))
    st.caption(
        "One fact changed at a time, all others as recorded. This is what the model would say, not what biology would "
        "do; such changes do not add up."
    )
    tables.beside(
        in_points.rows(effects), caption="The model asked again, one fact at a time", name="asked-again"
    )


def show_interactions(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw the pairs of facts that move the answer more together than apart, or why there are none."""
    from explainers.interactions import patient_interactions

    st.header("Which facts act together", anchor=False)
    try:
        found = patient_interactions(bundle, bundle.schema.encode_row(profile), option)
    except OncologyError as error:
        st.write(str(error))
        return
    st.write(found.words)
    st.markdown("\n".join(f"- {pair.words}" for pair in found.strongest()))
    st.caption(found.small_print)
    tables.beside(found.rows(), caption="Every pair of facts, the strongest first", name="interactions")


def show_methods(bundle: ModelBundle, profile: PatientProfile, option: str, why: Explanation | None) -> None:
    """Draw LIME and leave-one-out beside Shapley values, with where they agree and where not."""
    from explainers.charts.attribution import comparison, comparison_rows

    st.header("Do other methods say the same?", anchor=False)
    others = [_explained(bundle, profile, option, m) for m in ("lime", "ablation")]
    found = [e for e in (why, *others) if e is not None]
    if len(found) < 2:
        st.write("Only one method can explain this model, so there is nothing to compare it with.")
        return
    agreed = agreement.compare(found)
    st.write(agreed.words)
    st.plotly_chart(comparison(found), key="comparison", width="stretch", config={"displayModeBar": False})
    tables.beside(comparison_rows(found), caption="Every method's values", name="methods")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**All methods say so**")
        st.markdown("\n".join(f"- {c.words}" for c in agreed.agreed) or "Nothing among the largest inputs.")
    with right:
        st.markdown("**Disputed**")
        st.markdown("\n".join(f"- {c.words}" for c in agreed.disputed) or "Nothing among the largest inputs.")
    for e in found:
        st.caption(f"{METHOD_LABELS[e.method]}: {_small_print(e)}")


def _small_print(e: Explanation) -> str:
    words = f"compared with {e.background}." if e.background else ""
    if e.fit_quality is not None:
        words += f" Its simple model follows the real one around this patient with R² {e.fit_quality:.2f}."
    if e.seed is not None and e.method == "lime":
        words += f" Drawn with seed {e.seed}; the same seed gives the same values."
    return " ".join([words, *(e.limits if e.method != "shapley" else ())])


def show_neighbours(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw what was observed among similar training patients; small counts stay hidden."""
    from explainers.charts.outcomes import observed_outcomes
    from explainers.neighbours import similar_patients

    st.header("What happened to similar patients", anchor=False)
    try:
        alike = similar_patients(bundle, profile, exclude=profile.patient_id)
    except OncologyError as error:
        st.info(str(error))
        return
    st.write(alike.words)
    st.markdown(f"**{alike.of(option).words}**")
    st.plotly_chart(
        observed_outcomes(alike, options=alike.leading(option)),
        key="neighbours",
        width="stretch",
        config={"displayModeBar": False},
    )
    tables.beside(alike.rows(), caption="Observed responses among similar training patients", name="similar")
    st.caption(
        "Observed, not randomised: who received an option was somebody's choice, and that choice is in these numbers."
    )
