"""Correct any field of the open patient by hand, with every correction on record."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import streamlit as st

from oncology.corrections import Correction, alterations_from_rows, correct, genes_from_names
from oncology.errors import OncologyError
from oncology.intake.germline_hiding import HIDDEN, names_hidden, with_hidden
from oncology.patients import PatientProfile
from oncology.vocabulary import LABS, TUMOURS, tumour_name
from pages.parts import session, tables

_KINDS = ["mutation", "amplification", "deletion", "fusion", "other"]
_ORIGINS = ["somatic", "germline", "unknown"]


def record(profile: PatientProfile) -> list[Correction]:
    """Corrections made to this patient in this session, oldest first."""
    kept: dict[str, list[Correction]] = st.session_state.setdefault(session.CORRECTIONS, {})
    return kept.setdefault(profile.patient_id, [])


def show_record(profile: PatientProfile) -> None:
    """Draw the corrections of this patient, if there are any."""
    if made := record(profile):
        st.header("Corrected by hand", anchor=False)
        recorded = session.recorded_patient()
        hiding = [] if recorded is None or not profile.germline_withheld else [recorded]
        lines = [
            {k: HIDDEN if k != "field" and names_hidden(v, hiding) else v for k, v in asdict(c).items()}
            for c in made
        ]
        tables.show(lines, caption="Corrections of this session, oldest first", name="corrections")


def show(profile: PatientProfile) -> None:
    """Draw the form; a correction that cannot be is refused with the reason and changes nothing."""
    st.caption(
        "An empty field means that the value is not known. The sample day counts from the diagnosis. A correction counts in this session and is listed "
        "below; the file it came from stays as it is."
    )
    with st.form(f"profile-{profile.fingerprint[:12]}", border=False):
        changes = _clinical(profile) | _labs(profile) | _molecular(profile)
        sent = st.form_submit_button("Apply corrections", type="primary")
    if sent:
        _apply(profile, changes)


def _apply(profile: PatientProfile, changes: dict[str, Any]) -> None:
    try:
        rows = changes.pop("rows")
        changes["alterations"] = alterations_from_rows(rows, profile.alterations)
        changes["assayed_genes"] = _genes(changes["assayed_genes"])
        changes["prior_treatments"] = _listed(changes["prior_treatments"])
        corrected, made = correct(profile, changes)
        corrected = with_hidden(corrected, profile, session.recorded_patient() or profile)
    except OncologyError as error:
        st.error(f"Nothing was changed. {error}")
        return
    if not made:
        st.info("Nothing differs from what is recorded.")
        return
    record(profile).extend(made)
    session.add_patients([corrected], corrected=True)
    st.rerun()


def _clinical(p: PatientProfile) -> dict[str, Any]:
    codes = sorted({*TUMOURS, *([p.tumour] if p.tumour else [])}, key=tumour_name)
    with st.container(horizontal=True, key="form-clinical"):
        return {
            "tumour": _choice("Tumour", codes, p.tumour, lambda c: f"{tumour_name(c)} ({c})", width=320),
            "age_years": _number("Age (years)", p.age_years, 0, 120),
            "sex": _choice("Sex", ["female", "male"], p.sex),
            "stage": _text("Stage", p.stage),
            "line": _whole("Line of treatment", p.line, 1, 20),
            "ecog": _choice("ECOG", [0, 1, 2, 3, 4, 5], p.ecog),
            "site": _text("Site", p.site),
            "tmb_per_mb": _number("TMB (per megabase)", p.tmb_per_mb, 0, 2000),
            "msi": _choice("MSI", ["high", "stable"], p.msi),
            "pdl1": _number("PD-L1 (%)", p.pdl1, 0, 100),
            "sample_day": _whole("Sample day", p.sample_day, -36500, 36500),
            "consent": _choice("Consent", ["research", "education", "none"], p.consent),
        }


def _labs(p: PatientProfile) -> dict[str, Any]:
    with st.container(horizontal=True, key="form-labs"):
        labs = {
            name: _number(f"{t.label} ({t.unit})" if t.unit else t.label, p.labs.get(name), t.low, t.high)
            for name, t in LABS.items()
        }
    return {"labs": {name: value for name, value in labs.items() if value is not None}}


def _molecular(p: PatientProfile) -> dict[str, Any]:
    rows = [
        {
            "gene": a.gene,
            "kind": a.kind,
            "change": a.protein_change,
            "allele fraction": a.vaf,
            "origin": a.origin,
        }
        for a in p.alterations
    ] or [{"gene": None, "kind": None, "change": None, "allele fraction": None, "origin": None}]
    st.markdown("**Findings** (one a line; the last line is for a new one)")
    edited = st.data_editor(
        rows, num_rows="dynamic", hide_index=True, key=f"rows-{p.fingerprint[:12]}",
        column_config={
            "gene": st.column_config.TextColumn("gene", help="HGNC symbol, for example EGFR"),
            "kind": st.column_config.SelectboxColumn("kind", options=_KINDS),
            "change": st.column_config.TextColumn("change", help="for example p.L858R or exon 19 deletion"),
            "allele fraction": st.column_config.NumberColumn("allele fraction", min_value=0.0, max_value=1.0),
            "origin": st.column_config.SelectboxColumn("origin", options=_ORIGINS),
        },
    )  # fmt: skip
    genes = "" if p.assayed_genes is None else ", ".join(sorted(p.assayed_genes)) or "none"
    prior = "" if p.prior_treatments is None else ", ".join(p.prior_treatments) or "none"
    return {
        "rows": edited,
        "assayed_genes": st.text_area(
            "Assayed genes", genes, help="Separated by commas. Empty: not known. The word none: no gene was assayed.",
        ),
        "prior_treatments": st.text_input(
            "Earlier treatments", prior, help="Separated by commas. Empty: not known. The word none: no earlier treatment.",
        ),
    }  # fmt: skip


def _listed(text: str) -> tuple[str, ...] | None:
    words = tuple(w.strip() for w in text.split(",") if w.strip())
    return None if not words else () if [w.casefold() for w in words] == ["none"] else words


def _genes(text: str) -> frozenset[str] | None:
    listed = _listed(text)
    return None if listed is None else genes_from_names(listed)


def _choice(label: str, options: list[Any], value: Any, words: Any = str, width: int = 150) -> Any:
    known = options if value is None or value in options else [value, *options]
    return st.selectbox(
        label, known, index=None if value is None else known.index(value), format_func=words,
        placeholder="not known", width=width,
    )  # fmt: skip


def _number(label: str, value: float | None, low: float, high: float) -> float | None:
    return st.number_input(
        label, float(low), float(high), None if value is None else float(value), placeholder="not known", width=150,
    )  # fmt: skip


def _whole(label: str, value: int | None, low: int, high: int) -> int | None:
    return st.number_input(label, low, high, value, placeholder="not known", width=150)


def _text(label: str, value: str | None) -> str | None:
    return st.text_input(label, value or "", placeholder="not known", width=150).strip() or None
