"""The profile at a glance, and what the open model makes of it."""

from __future__ import annotations

from html import escape

import streamlit as st

from oncology.coverage import coverage
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile
from oncology.summaries import assay_words, facts, finding_rows
from pages.parts import tables
from pages.parts.verbatim import verbatim


def show(profile: PatientProfile, schema: FeatureSchema | None) -> None:
    """Draw facts, findings and what was assayed; while a germline finding is hidden, no list gives its gene away."""
    if profile.note:
        st.info(verbatim(profile.note))
    with st.container(border=True, key="glance"):
        st.html(facts_html(profile))
    st.header("Molecular findings", anchor=False)
    if profile.alterations:
        tables.show(
            finding_rows(profile, schema), caption="Findings as recorded, and what the model reads them as",
            name="findings",
        )  # fmt: skip
    else:
        withheld = profile.germline_withheld
        none = "No further alteration is recorded." if withheld else "No alteration is recorded."
        st.write(f"{none} That says nothing of genes that were not assayed.")
    st.caption(verbatim(assay_words(profile, schema)))


def facts_html(profile: PatientProfile) -> str:
    """The facts as a list of terms; what is not recorded says so."""
    items = "".join(
        f"<div><dt>{escape(f.label)}</dt><dd{'' if f.known else ' class=unknown'}>{escape(f.words)}</dd></div>"
        for f in facts(profile)
    )
    return f'<dl class="gb-facts">{items}</dl>'


def show_coverage(profile: PatientProfile, schema: FeatureSchema) -> None:
    """Draw what the model lacks of this patient, and what of this patient it will not see."""
    seen = coverage(schema, profile)
    st.header("What the model will not see", anchor=False)
    total = len(schema.features)
    st.write(
        f"The model has {total} inputs. For this patient {len(seen.known)} are known, "
        f"{len(seen.not_assayed)} were not assayed and {len(seen.not_known)} are not recorded."
    )
    if seen.required:
        st.warning(
            "Without "
            + verbatim(", ".join(f.label for f in seen.required))
            + " the model does not answer: it needs them."
        )
    if seen.imputed:
        filled = ", ".join(f"{f.label} ({f.words(f.impute_value)})" for f in seen.imputed)
        st.warning(
            f"The model cannot take these as unknown and puts a fixed value in their place: {verbatim(filled)}."
        )
    rows = [{"recorded": u.what, "why the model does not see it": u.reason} for u in seen.unseen]
    if rows:
        tables.show(rows, caption="Recorded, but not seen by the model", name="not-seen")
    else:
        st.write("Everything that is recorded reaches an input of the model.")
    lacking = [
        {"input": f.label, "family": f.group, "state": f.words(None)}
        for f in (*seen.not_known, *seen.not_assayed)
    ]
    if lacking and profile.germline_withheld:
        st.caption("The list of unknown inputs is left out while a germline finding is hidden.")
    elif lacking:
        with st.expander(f"{len(lacking)} inputs that are unknown for this patient"):
            tables.show(
                lacking,
                caption="Unknown inputs; none of them counts as normal or negative",
                name="unknown-inputs",
            )
