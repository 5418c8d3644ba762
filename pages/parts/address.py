"""The address of a page: it names model, sample patient and edits, so that a link shows the same again.

Nothing of a patient who is not a sample ever enters it.
"""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from oncology.features import Value
from pages.parts import session


def link(page: str) -> str | None:
    """Path and query that restore model, patient and edits; None for patients whose id must not travel."""
    chosen_bundle, chosen = session.bundle_choice(), session.patient_choice()
    if chosen_bundle is None or chosen is None or not chosen.in_url:
        return None
    named = [("bundle", chosen_bundle.key), ("patient", chosen.profile.patient_id)]
    return f"/{page}?{urlencode(named + [('set', text) for text in _edit_texts()])}"


def _edit_texts() -> list[str]:
    """The edits as `parse_edit` reads them."""
    words = {1.0: "altered", 0.0: "absent", None: "not-assayed"}
    model, texts = session.bundle(), []
    for edit in session.edits():
        three_states = model is not None and model.schema.feature(edit.feature).is_alteration
        value: Value = "unknown" if edit.value is None else edit.value
        if three_states:
            value = words[None if edit.value is None else float(edit.value)]
        texts.append(f"{edit.feature}={value}")
    return texts


def write_url(*, with_edits: bool = False) -> None:
    """Name the open sample patient and bundle in the URL, on What if with the edits, and nothing else."""
    chosen_bundle, chosen = session.bundle_choice(), session.patient_choice()
    wanted: dict[str, str | list[str]] = {"bundle": chosen_bundle.key} if chosen_bundle is not None else {}
    texts: list[str] = []
    if chosen is not None and chosen.in_url:
        wanted["patient"] = chosen.profile.patient_id
        texts = _edit_texts() if with_edits else []
    named = st.query_params
    if {k: v for k, v in named.to_dict().items() if k != "set"} != wanted or named.get_all("set") != texts:
        named.from_dict({**wanted, "set": texts} if texts else wanted)
