"""Germline findings: flagged, and shown only to somebody who asks and where the patient's consent allows it."""

from __future__ import annotations

import streamlit as st

from oncology.intake.germline import germline_findings, hidden_findings, may_show, without_germline
from oncology.patients import PatientProfile
from pages.parts.library import PatientChoice

_ASKED, _TOGGLE = "open-germline", "germline-asked"


def asked(choice: PatientChoice) -> bool:
    """Whether this session asked for the germline findings of this patient."""
    keys: set[str] = st.session_state.setdefault(_ASKED, set())
    return choice.key in keys


def shown(choice: PatientChoice) -> PatientProfile:
    """What the session may show of a patient, and what models are asked with: the record, or less."""
    if may_show(choice.profile, asked=asked(choice)):
        return choice.profile
    return without_germline(choice.profile)


def hiding(choice: PatientChoice) -> bool:
    """Whether a finding of this patient is hidden now."""
    return bool(hidden_findings(choice.profile)) and not may_show(choice.profile, asked=asked(choice))


def short_words(choice: PatientChoice) -> str:
    """What every page has to say while a finding is hidden; empty where none is."""
    if not hiding(choice):
        return ""
    return (
        "A germline finding of this patient is hidden, here and in what is saved. The model is asked without it "
        "and takes its gene as not assayed. The page Patient tells more."
    )


def show(choice: PatientChoice) -> None:
    """Draw that there are such findings, how to see them, and whom they concern; nothing where there are none."""
    flagged = germline_findings(choice.profile)
    if not flagged:
        return
    certain = [f for f in flagged if f.certain]
    possible = [f for f in flagged if not f.certain]
    st.header("Germline and possible incidental findings", anchor=False)
    if certain:
        st.write(f"The record calls {_count(len(certain))} of this patient germline. {_state(choice)}")
    if possible:
        st.write(
            f"{_count(len(possible)).capitalize()} of the tumour test may be inherited: the gene carries hereditary "
            "disease, and the origin was not told. They stay among the molecular findings and the model reads them, "
            "since the tumour has them either way; which ones they are is named on request."
        )
    if choice.profile.consent not in ("research", "education"):
        st.info(f"They cannot be shown: {_consent(choice.profile)}")
        return
    key = f"{_TOGGLE}-{choice.profile.fingerprint[:12]}"
    st.session_state[key] = asked(choice)
    st.toggle(
        "Show germline and possible incidental findings", key=key, on_change=_ask, args=(choice.key, key),
        help="They may matter to the patient's family. Show them only where the people at this screen may know.",
    )  # fmt: skip
    if asked(choice):
        for f in flagged:
            st.warning(f"{f.alteration.name}: {f.reason}. {f.referral}")


def _ask(choice_key: str, key: str) -> None:
    keys: set[str] = st.session_state.setdefault(_ASKED, set())
    if st.session_state[key]:
        keys.add(choice_key)
    else:
        keys.discard(choice_key)


def _count(n: int) -> str:
    return "one finding" if n == 1 else f"{n} findings"


def _state(choice: PatientChoice) -> str:
    if not hiding(choice):
        return "Shown now: the model reads what is recorded, and what is saved holds it."
    return (
        "Hidden now: no page names it, what is saved leaves it out, and the model is asked without it; "
        "its gene counts as not assayed, never as normal."
    )


def _consent(profile: PatientProfile) -> str:
    if profile.consent is None:
        return (
            "no consent is recorded. Where the patient agreed to research or education, record it under "
            "Correct a field."
        )
    return f'the recorded consent is "{profile.consent}".'
