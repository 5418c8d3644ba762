"""The patient as a file for another system: Glassboard's own JSON, a Phenopacket, FHIR with the prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from oncology.intake import write_profile
from oncology.intake.writers import PredictedOption, write_fhir, write_phenopacket
from oncology.patients import PatientProfile
from pages.parts import session

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.recommendations import Ranking


def show(profile: PatientProfile, bundle: ModelBundle | None) -> None:
    """Draw the buttons, or why there are none; files are made when they are asked for and never touch this disk.

    Parameters
    ----------
    profile : PatientProfile
        What may be shown of the patient; a file holds no more.
    bundle : ModelBundle or None
        Its prediction goes into the FHIR file.
    """
    if refusal := session.export_refusal():
        st.info(refusal)
        return
    said = ["The files hold what this page shows: no names and no dates."]
    if profile.consent is None:
        said.append("No consent is recorded for this patient: ask before a file leaves this machine.")
    if profile.germline_withheld:
        said.append("The hidden germline finding is left out of them.")
    st.caption(" ".join(said))

    # Called by the server once somebody clicks, outside this session: what the model says is found here.
    options = (
        [] if bundle is None else predicted(bundle, session.ranking(bundle, profile, with_unknowns=False))
    )

    def fhir() -> str:
        if bundle is None:
            return write_fhir(profile)
        return write_fhir(
            profile, options=options, model_sha256=bundle.sha256,
            model=f"{bundle.manifest.title}, version {bundle.manifest.version}",
        )  # fmt: skip

    with st.container(horizontal=True, key="exports"):
        _button(
            "Glassboard profile (JSON)",
            lambda: write_profile(profile),
            "patient.json",
            "It is read back the same.",
        )
        _button(
            "Phenopacket v2 (JSON)",
            lambda: write_phenopacket(profile),
            "patient-phenopacket.json",
            "Findings, tumour and treatments; assayed genes have no place in it.",
        )
        _button("FHIR R4 (JSON)", fhir, "patient-fhir.json", "Variants, and what the model says as a RiskAssessment that is marked research and names the model by its hash.")  # fmt: skip


def _button(label: str, make, name: str, explained: str) -> None:  # type: ignore[no-untyped-def]
    st.download_button(
        label, make, name, "application/json", key=f"export-{name}", on_click="ignore", help=explained,
        icon=":material/download:",
    )  # fmt: skip


def predicted(bundle: ModelBundle, ranking: Ranking) -> list[PredictedOption]:
    """What a file may say of each option: a probability with its interval, a score in words, or why there is none."""
    listed = (*ranking.ordered, *ranking.abstained)
    if bundle.is_score:
        return [
            PredictedOption(r.label, None, reason=r.reason)
            if r.probability is None
            else PredictedOption(
                r.label, None,
                words=f"score {r.probability:.3f}" + (f", group {r.group}" if r.group else "") + "; a score is no probability",
            )
            for r in listed
        ]  # fmt: skip
    return [PredictedOption(r.label, r.probability, r.low, r.high, r.reason) for r in listed]
