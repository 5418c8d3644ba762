"""What the recommendation rests on: calls that could be wrong, and the facts that alone keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from pages.parts import conditions, fold, inquiry, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.smallest import AssayRobustness, SufficientReason
    from oncology.bundles import ModelBundle

_CALLS, _FACTS = "assay-robustness", "sufficient-reason"
_SECONDS = {_CALLS: 20.0, _FACTS: 30.0}


def keys(bundle: ModelBundle) -> tuple[str, ...]:
    """The fragments that `show` draws: they run again after an edit, to say that an answer is older than it."""
    if bundle.ranks:
        return _CALLS, _FACTS
    return (_FACTS,) if bundle.formula is not None and bundle.formula.categories else ()


def show(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Draw both questions; a published score has facts but no ranking, any other single answer has neither."""
    if not keys(bundle):
        return
    st.header("How firmly it stands", anchor=False)
    calls, facts = st.columns(2, gap="large") if bundle.ranks else (None, st.container())
    if calls is not None:
        with calls:
            st.markdown("**Calls that could be wrong**")
            inquiry.show(inquiry.Question(_CALLS, _put_calls, _draw_calls), bundle, recorded)
    with facts:
        st.markdown("**Facts that are enough**")
        inquiry.show(inquiry.Question(_FACTS, _put_facts, _draw_facts), bundle, recorded)


def calls_for(bundle: ModelBundle, profile: PatientProfile) -> AssayRobustness | None:
    """What was found about calls, if it was for this model and profile."""
    job = inquiry.answered(_CALLS, bundle, profile)
    return None if job is None else job.answer


def facts_for(bundle: ModelBundle, profile: PatientProfile) -> SufficientReason | None:
    """What was found about facts, if it was for this model and profile."""
    job = inquiry.answered(_FACTS, bundle, profile)
    return None if job is None else job.answer


def _put_calls(bundle: ModelBundle) -> tuple[inquiry.Ask, str] | None:
    st.write(
        "Which single false positive, false negative or gene not assayed would change the top band, and how many "
        "reported calls stand between the option in first place and another?"
    )
    folded = fold.show("How often the assay errs", key="assay-robustness-rates")
    if folded.open:
        with folded, st.container(horizontal=True):
            conditions.rate_fields(_CALLS)
    elif conditions.rates_filled(_CALLS):
        st.caption("Error rates are filled in; the answer says which.")
    if not st.button("Check every call", key="assay-robustness-ask"):
        return None
    try:
        rates = conditions.error_rates(_CALLS)
    except OncologyError as error:
        st.warning(verbatim(str(error)))
        return None

    def ask(model: ModelBundle, profile: PatientProfile, stop: Callable[[], bool]) -> Any:
        from explainers.smallest import assay_robustness

        return assay_robustness(model, profile, error_rates=rates, time_limit_s=_SECONDS[_CALLS], stop=stop)

    return ask, f"Checking every call, {_SECONDS[_CALLS]:.0f} s at most"


def _put_facts(bundle: ModelBundle) -> tuple[inquiry.Ask, str] | None:
    st.write(
        "Which of this patient's facts alone keep the model's answer, whatever all the others were? The fewer, the less "
        "the answer depends on the rest of the record."
    )
    if not st.button("Find the facts that are enough", key="sufficient-reason-ask"):
        return None

    def ask(model: ModelBundle, profile: PatientProfile, stop: Callable[[], bool]) -> Any:
        from explainers.smallest import sufficient_reason

        return sufficient_reason(model, profile, time_limit_s=_SECONDS[_FACTS], stop=stop)

    return ask, f"Searching for the fewest facts, {_SECONDS[_FACTS]:.0f} s at most"


def _draw_calls(job: inquiry.Inquiry, now: PatientProfile) -> None:
    from explainers import firmness

    found: AssayRobustness = job.answer
    st.markdown(f"**{verbatim(firmness.calls_between_words(found))}**")
    if rows := firmness.calls_between_rows(job.bundle, found):
        tables.show(
            rows, caption="The fewest wrong calls that bring another option first", name="calls-between"
        )
    st.write(verbatim(firmness.calls_words(found)))
    chance = firmness.chance_words(found)
    st.write(verbatim(chance or "How often the assay errs was not stated, so it is not part of this."))
    if rows := firmness.call_rows(job.bundle, found):
        tables.show(rows, caption="Single calls that would change the top band", name="single-calls")
    st.caption("What the model would say if a call were otherwise.")


def _draw_facts(job: inquiry.Inquiry, now: PatientProfile) -> None:
    from explainers import firmness

    found: SufficientReason = job.answer
    st.markdown(f"**{verbatim(firmness.reason_words(found))}**")
    for note in found.notes:
        st.caption(verbatim(note))
    tables.show(
        firmness.fact_rows(found), caption="Facts that alone keep the answer", name="sufficient-reason"
    )
    st.caption(
        "A property of the model, not of the disease: with these facts it gives this answer for every value of the others "
        "that it knows. It says nothing of what was never recorded."
    )
