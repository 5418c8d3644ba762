"""A page as one file to save or print: made only when it is asked for, and on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from explainers.audit.overview import Audit
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile


def case(bundle: ModelBundle, profile: PatientProfile, *, name: str, option: str | None = None) -> None:
    """Offer the whole case of one patient: profile, ranking, why, similar patients, limits."""

    if refusal := session.export_refusal():
        st.caption(refusal)
        return

    def make() -> bytes:
        from explainers.patient_report import patient_report

        return patient_report(bundle, profile, option=option, made=_now()).encode()

    _button(make, name)


def model(bundle: ModelBundle) -> None:
    """Offer what the page Model shows, with every option's part; gathering it takes some seconds, once it is asked for."""

    def make() -> bytes:
        from explainers.model_report import model_report
        from explainers.overall.summary import summary
        from pages.parts.leaning import results

        measured = bundle.formula is None and bundle.training is not None
        found = summary(bundle, results.evidence()) if measured else None
        return model_report(bundle, found=found, made=_now()).encode()

    _button(make, "model")


def audit(bundle: ModelBundle, found: Audit) -> None:
    """Offer the audit of all options; no row of a patient is part of it."""

    def make() -> bytes:
        from explainers.audit_report import audit_report

        return audit_report(bundle, found, made=_now()).encode()

    _button(make, f"audit-{bundle.name}")


def _button(make: Callable[[], bytes], name: str) -> None:
    st.download_button(
        "Save this page as one HTML file", make, f"{name}.html", "text/html", key=f"{name}-document",
        on_click="ignore", icon=":material/download:",
        help="For a case, the file holds profile, ranking, explanation and limits together; it opens without a network.",
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
