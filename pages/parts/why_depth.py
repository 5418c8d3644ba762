"""What stands behind an explanation: the model asked again, other methods, what is not known, and who is alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers import agreement, in_points, three_depths
from explainers.local import METHOD_LABELS, not_tested
from oncology.errors import OncologyError
from pages.parts import kept_results, long_work, session, tables
from pages.parts.verbatim import listed, verbatim
from pages.parts.why_panel import depth, explained, sharing

if TYPE_CHECKING:
    from collections.abc import Callable

    from explainers.explanation import Explanation
    from explainers.faithfulness import Faithfulness
    from explainers.local import NotTested
    from explainers.near_identical import NearIdentical
    from explainers.neighbours import Neighbours
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

__all__ = [
    "show_interactions",
    "show_methods",
    "show_neighbours",
    "show_points",
    "show_steadiness",
    "show_unknowns",
]

_METHODS = ("lime-repeated", "ablation")
_PLAIN_CHART = {"displayModeBar": False}


def show_points(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw what the model would say with single facts otherwise, for the largest attributions."""
    if session.ranking(bundle, profile).of(option).abstained:
        st.write("The model gives no number for this option, so there is none to compare.")
        return
    why = explained(bundle, profile, option, "shapley")
    if why is None:
        return
    known = set(bundle.schema.names)
    if bundle.formula is not None:
        variables = {v.name: v.features for v in bundle.formula.variables}
        # A variable can follow from fifteen genes: its first two stand for it.
        asked = [
            f for j in why.order()[:8] for f in variables.get(why.feature_names[j], ())[:2] if f in known
        ]
    else:
        asked = [why.feature_names[j] for j in why.order()[:8]]
    names = tuple(dict.fromkeys(asked))[:10]
    effects = _in_points((bundle.sha256, profile.fingerprint, option, names), bundle, profile)
    if not effects:
        st.write("None of the largest inputs can be asked on its own.")
        return
    st.markdown(listed(e.words for e in effects[:7]))
    st.caption(
        "One fact changed at a time, all others as recorded. This is what the model would say, not what biology would "
        "do; such changes do not add up."
    )
    tables.beside(
        in_points.rows(effects), caption="The model asked again, one fact at a time", name="asked-again"
    )


@kept_results.keep(200)
def _in_points(
    key: tuple[str, str, str, tuple[str, ...]], bundle: ModelBundle, profile: PatientProfile
) -> tuple[in_points.PointEffect, ...]:
    return in_points.effects_in_points(bundle, profile, *key[2:])


def show_interactions(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw the pairs of facts that move the answer more together than apart, or why there are none."""
    from explainers.interactions import patient_interactions

    st.header("Which facts act together", anchor=False)
    try:
        found = patient_interactions(bundle, bundle.schema.encode_row(profile), option)
    except OncologyError as error:
        st.write(verbatim(str(error)))
        return
    st.write(verbatim(found.words))
    st.markdown(listed(pair.words for pair in found.strongest()))
    st.caption(verbatim(found.small_print))
    tables.beside(found.rows(), caption="Every pair of facts, the strongest first", name="interactions")


def show_methods(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw LIME and leave-one-out beside Shapley values, with where they agree and where not."""
    from explainers.charts.attribution import comparison, comparison_rows

    st.header("Do other methods say the same?", anchor=False)
    with st.spinner("Asking LIME until its largest inputs repeat"):
        every = [explained(bundle, profile, option, m) for m in ("shapley", *_METHODS)]
    found = [e for e in every if e is not None]
    if len(found) < 2:
        st.write("Only one method can explain this model, so there is nothing to compare it with.")
        return
    agreed = agreement.compare(found)
    st.write(verbatim(" ".join(three_depths.tell_agreement(agreed, depth()))))
    st.plotly_chart(comparison(found), key="comparison", width="stretch", config=_PLAIN_CHART)
    tables.beside(lambda: comparison_rows(found), caption="Every method's values", name="methods")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**All methods say so**")
        st.markdown(listed(c.words for c in agreed.agreed) or "Nothing among the largest inputs.")
    with right:
        st.markdown("**Disputed**")
        st.markdown(listed(c.words for c in agreed.disputed) or "Nothing among the largest inputs.")
    tables.beside(agreed.pair_rows, caption="How far each two methods agree", name="method-pairs")
    for e in found:
        st.caption(verbatim(f"{METHOD_LABELS[e.method]}: {_small_print(e)}"))
    _show_faithfulness(bundle, option)


def _small_print(e: Explanation) -> str:
    words = f"compared with {e.background}." if e.background else ""
    if e.fit_quality is not None:
        words += f" Its simple model follows the real one around this patient with R² {e.fit_quality:.2f}."
    return " ".join([words, *(e.limits if e.method != "shapley" else ())])


def _show_faithfulness(bundle: ModelBundle, option: str) -> None:
    from explainers.charts.curves import curves

    folded = st.expander("Does the model bear these methods out?", key="why-faithful", on_change="rerun")
    if not folded.open:
        return
    with folded:
        found: Faithfulness | None = long_work.result(
            "why-faithful",
            f"{bundle.sha256} {option}",
            _measure(bundle, option),
            "Taking inputs away and giving them back",
        )
        if found is None:
            return
        st.write(verbatim(found.words))
        left, right = st.columns(2, gap="large")
        if found.methods:
            with left:
                st.plotly_chart(
                    curves(found, "deletion"), key="deletion", width="stretch", config=_PLAIN_CHART
                )
            with right:
                st.plotly_chart(
                    curves(found, "insertion"), key="insertion", width="stretch", config=_PLAIN_CHART
                )
        for words in (*found.refused, found.small_print):
            st.caption(verbatim(words))
        tables.show(
            found.rows(), caption="Area between each method's curve and random order", name="faithfulness"
        )


def _measure(bundle: ModelBundle, option: str) -> long_work.Make:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Faithfulness:
        from explainers.faithfulness import faithfulness

        return faithfulness(bundle, option, progress=lambda share: say(share, ""), stop=stop)

    return make


def show_unknowns(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw what not testing costs: how far the answer could move if everything were known."""
    st.header("What is not known of this patient", anchor=False)
    if session.ranking(bundle, profile).of(option).abstained:
        st.write("The model gives no number for this option, so there is none that a test could move.")
        return
    try:
        found = _not_tested((bundle.sha256, profile.fingerprint, option), bundle, profile)
    except OncologyError as error:
        st.write(verbatim(str(error)))
        return
    st.write(verbatim(found.words))
    if found.names:
        st.caption(verbatim(found.small_print))
        tables.show(
            found.rows(), caption="What each unknown input could do to the answer", name="not-known", most=12
        )


def show_steadiness(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw whether the explanation holds still for copies that differ by next to nothing, and for refitted models."""
    from explainers import stability

    st.header("Does the explanation hold still?", anchor=False)
    try:
        found = _near_identical((bundle.sha256, profile.fingerprint, option), bundle, profile)
        st.write(verbatim(found.words))
        if found.changes:
            tables.beside(
                found.rows, caption="Copies with one number changed by a small step", name="near-identical"
            )
    except OncologyError as error:
        st.write(verbatim(str(error)))
    try:
        steady = stability.read(bundle)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    if bundle.formula is not None:
        st.write("A published formula is not trained again here: its weights are as printed.")
    elif steady is None:
        st.write(
            "How far a newly trained model would explain otherwise was not measured for this bundle. "
            "`python -m explainers stabilise` measures it and keeps the result beside the bundle."
        )
    elif steady.has(option):
        single = sharing() == "input"
        where = "The whiskers of the chart above:" if single else "Whiskers, if shared out over single facts:"
        st.write(verbatim(steady.words(option).replace("Whiskers:", where)))
    else:
        st.write(
            verbatim(f"{bundle.label(option)} was not trained again: {steady.left_out.get(option, '')}.")
        )


@kept_results.keep(100)
def _not_tested(key: tuple[str, str, str], bundle: ModelBundle, profile: PatientProfile) -> NotTested:
    return not_tested(bundle, profile, option=key[2])


@kept_results.keep(100)
def _near_identical(key: tuple[str, str, str], bundle: ModelBundle, profile: PatientProfile) -> NearIdentical:
    from explainers.near_identical import near_identical

    return near_identical(bundle, bundle.schema.encode_row(profile), key[2])


def show_neighbours(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw what was observed among training patients alike by profile or in the model's view; small counts stay hidden."""
    from explainers.charts.outcomes import observed_outcomes

    st.header("What happened to similar patients", anchor=False)
    by_model = False
    if bundle.training is not None:
        ways = {"profile": "by profile", "model": "by the model's own view"}
        chosen = st.segmented_control(
            "Similar", list(ways), default="profile", format_func=ways.get, key="why-alike", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
        by_model = chosen == "model"
    try:
        alike = _alike(bundle, profile, option, by_model)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    st.write(verbatim(alike.words))
    st.markdown(f"**{verbatim(alike.of(option).words)}**")
    st.plotly_chart(
        observed_outcomes(alike, options=alike.leading(option)),
        key="neighbours",
        width="stretch",
        config=_PLAIN_CHART,
    )
    tables.beside(alike.rows(), caption="Observed responses among similar training patients", name="similar")
    st.caption(
        "Observed, not randomised: who received an option was somebody's choice, and that choice is in these numbers."
    )


def _alike(bundle: ModelBundle, profile: PatientProfile, option: str, by_model: bool) -> Neighbours:
    from explainers.alike_to_the_model import patients_alike_to_the_model
    from explainers.neighbours import similar_patients

    if by_model:
        return patients_alike_to_the_model(bundle, profile, option, exclude=profile.patient_id)
    return similar_patients(bundle, profile, exclude=profile.patient_id)
