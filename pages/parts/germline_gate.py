"""Germline findings: flagged, and shown only to somebody who asks and where the patient's consent allows it."""

from __future__ import annotations

from hashlib import sha256

import streamlit as st

from oncology.intake.germline import germline_findings
from oncology.intake.germline_hiding import hidden_findings, may_show, without_germline
from oncology.patients import PatientProfile
from pages.parts.library import PatientChoice
from pages.parts.verbatim import verbatim

_ASKED, _TOGGLE = "open-germline", "germline-asked"


def asked(choice: PatientChoice) -> bool:
    """Whether this session asked for the germline findings of this patient."""
    keys: set[str] = st.session_state.setdefault(_ASKED, set())
    return choice.key in keys


def forget(key: str) -> None:
    """Nobody asked for the findings of whoever has this key from now on."""
    st.session_state.setdefault(_ASKED, set()).discard(key)


def shown(choice: PatientChoice) -> PatientProfile:
    """What the session may show of a patient, and what models are asked with: the record, or less."""
    if may_show(choice.profile, asked=asked(choice)):
        return choice.profile
    return without_germline(choice.profile)


def hiding(choice: PatientChoice) -> bool:
    """Whether a finding of this patient is hidden now, or was left out when the file was made."""
    return shown(choice).germline_withheld


def short_words(choice: PatientChoice) -> str:
    """What every page has to say while a finding is hidden; empty where none is."""
    if not hiding(choice):
        return ""
    return (
        "A germline finding of this patient is hidden, here and in what is saved. The model is asked without it and "
        "takes every gene that could hold it as not assayed. The page Patient tells more."
    )


def show(choice: PatientChoice) -> None:
    """Draw how germline and possibly inherited findings are seen.

    Until somebody asks, and consent allows it, the words are the same for every patient but for the count of findings
    that the record calls germline: that the tumour's findings include one that may be inherited is told by nothing.
    """
    certain = hidden_findings(choice.profile)
    st.header("Germline and possible incidental findings", anchor=False)
    said = []
    if certain:
        many = "one finding" if len(certain) == 1 else f"{len(certain)} findings"
        said.append(f"The record calls {many} of this patient germline. {_state(choice)}")
    elif choice.profile.germline_withheld:
        said.append(
            "A germline finding was left out when this file was made; only the record it came from holds it."
        )
    said.append(
        "A tumour test can bring up findings that concern a family. Whether one of these may be inherited is told "
        "on request, where the recorded consent allows it."
    )
    allowed = may_show(choice.profile, asked=True)
    if not allowed:
        said.append(f"It cannot be told here: {_consent(choice.profile)}")
    st.write(verbatim(" ".join(said)))
    if not allowed:
        return
    # No hash of the record: a key stands in the page, and what is hidden could be guessed and checked against it.
    key = f"{_TOGGLE}-{sha256(choice.key.encode()).hexdigest()[:12]}"
    st.session_state[key] = asked(choice)
    st.toggle(
        "Show germline and possible incidental findings", key=key, on_change=_ask, args=(choice.key, key),
        help="They may matter to the patient's family. Show them only where the people at this screen may know.",
    )  # fmt: skip
    if asked(choice):
        _tell(choice.profile)


def _tell(profile: PatientProfile) -> None:
    flagged = germline_findings(profile)
    for f in flagged:
        st.warning(verbatim(f"{f.alteration.name}: {f.reason}. {f.referral}"))
    if not flagged:
        st.write(
            "No finding of this record is called germline or stands out as possibly inherited. That does not exclude one."
        )


def _ask(choice_key: str, key: str) -> None:
    keys: set[str] = st.session_state.setdefault(_ASKED, set())
    if st.session_state[key]:
        keys.add(choice_key)
    else:
        keys.discard(choice_key)


def _state(choice: PatientChoice) -> str:
    if not hiding(choice):
        return "Shown now: the model reads what is recorded, and what is saved holds it."
    return (
        "Hidden now: no page names it, what is saved leaves it out, and the model is asked without it. All genes that "
        "could hold it count as not assayed for the model, never as normal, so that none of them stands out."
    )


def _consent(profile: PatientProfile) -> str:
    if profile.consent is None:
        return (
            "no consent is recorded. Where the patient agreed to research or education, record it under "
            "Correct a field."
        )
    return f'the recorded consent is "{profile.consent}".'
