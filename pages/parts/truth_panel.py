"""How far explanations of a model can be trusted: against a known truth, and against models with nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from oncology.errors import OncologyError
from pages.parts import long_work, tables
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from explainers.sanity import OffManifold, SanityCheck
    from explainers.truth import TruthReport
    from oncology.bundles import ModelBundle

_METHODS = {
    "shapley": "Shapley values",
    "lime-repeated": "LIME, mean of 20 runs",
    "ablation": "Leave one out",
}
_NONSENSE, _PROBE = "Models with nothing to say", "Made-up patients"
_ABOUT = {
    _NONSENSE: "The model is trained again on shuffled outcomes, and its own parameters are shuffled. Explanations of such models "
    "have to differ from those of the real one; honest refits show how alike two explanations can be expected to be.",
    _PROBE: "A model can be built to notice the made-up patients that LIME and Shapley values ask about, and to answer them by a "
    "harmless rule. The probe learns the rule it follows on made-up patients and tries it on real ones.",
}


def show(bundle: ModelBundle) -> None:
    """Draw what was measured of this model's explanations, and offer the checks that need no truth."""
    st.header("How far can explanations of this model be trusted?", anchor=False)
    if bundle.formula is not None:
        st.write(
            "A published formula is a sum: its explanations are its own terms, exactly. Whether the formula is right for a patient "
            "is another question."
        )
        return
    _show_truth(bundle)
    if bundle.training is None:
        st.caption("Without its training patients nothing more can be checked here.")
        return
    folded = st.expander("Check it now, without a known truth", key="truth-checks", on_change="rerun")
    if folded.open:
        with folded:
            _show_checks(bundle)


def _show_truth(bundle: ModelBundle) -> None:
    from explainers import truth

    try:
        report = truth.read_truth_report(bundle)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    if report is None:
        st.write(
            "For this model no truth is known to hold its explanations against. What can be asked of any model stands below."
        )
        return
    st.markdown(listed(truth.summary(report)))
    folded = st.expander(
        "The figures, method by method, and where each is misled", key="truth-figures", on_change="rerun"
    )
    if folded.open:
        with folded:
            _show_figures(report)


def _show_figures(report: TruthReport) -> None:
    from explainers import truth

    tables.show(
        truth.recovery_table(report),
        caption="How near each method comes to the truth, and to the model itself",
        name="truth-methods",
    )
    st.caption(
        "Order of effects: rank correlation over the alterations of an option, mean over options. Top 5: share of the five named "
        "that are among the five truly (or for the model) largest. In brackets 95 % intervals over patients; for importance over "
        "options. Leave one out is the model's own change for an alteration that was found, so its agreement with the model is 1. "
        "Every coalition shares out alterations alone."
    )
    tables.show(
        truth.trap_table(report),
        caption="What each method shows where a trap was planted",
        name="truth-traps",
    )
    st.caption(
        f"{report.patients}. {report.seeds}. Measured {report.date}. docs/explanations_against_truth.md tells how."
    )
    for reason in report.left_out:
        st.caption(f"Not measured. {verbatim(reason)}")


def _show_checks(bundle: ModelBundle) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        option = st.selectbox(
            "Option", bundle.options, format_func=bundle.label, key="truth-option", width=300
        )
        what = st.selectbox("Check", list(_ABOUT), key="truth-check", width=300)
        method = "shapley"
        if what == _NONSENSE:
            method = st.selectbox(
                "Method", list(_METHODS), format_func=_METHODS.get, key="truth-method", width=220
            )
    st.caption(_ABOUT[what])
    key = f"{bundle.sha256} {option} {what} {method}"
    if st.session_state.get("truth-asked") != key:
        if not st.button("Check", key="truth-go"):
            return
        st.session_state["truth-asked"] = key
    if what == _PROBE:
        _show_probe(bundle, option, key)
    else:
        _show_nonsense(bundle, option, method, key)


def _show_nonsense(bundle: ModelBundle, option: str, method: str, key: str) -> None:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> tuple[SanityCheck, ...]:
        from explainers.sanity import sanity_checks

        return sanity_checks(
            bundle, option, method=method, progress=lambda s: say(s, ""), stop=_halting(stop)
        )

    found: tuple[SanityCheck, ...] | None = long_work.result(
        "truth", key, make, "Training models with nothing to say"
    )
    for check in found or ():
        (st.info if check.verdict == "differs" else st.warning)(verbatim(check.words()))


def _show_probe(bundle: ModelBundle, option: str, key: str) -> None:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> OffManifold:
        from explainers.sanity import probe

        return probe(bundle, option, progress=lambda s: say(s, ""), stop=_halting(stop))

    found: OffManifold | None = long_work.result("truth", key, make, "Asking about made-up patients")
    if found is not None:
        (st.info if found.verdict == "one rule" else st.warning)(verbatim(found.words()))


def _halting(stop: Callable[[], bool]) -> Callable[[], bool]:
    """Nothing half done is kept: asked to stop, the work ends with an error that the page knows."""
    from explainers.audit.errors import StoppedError

    def halt() -> bool:
        if stop():
            raise StoppedError
        return False

    return halt
