"""The ranking of one patient with everything that stands beside its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers.charts.ranking import ranking_html, ranking_style
from explainers.charts.score_scale import score_html, score_style
from explainers.ranking_words import lead_words, ranking_rows, score_span, support_words
from explainers.what_if import ranked_options
from pages.parts import tables
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile
    from oncology.recommendations import Ranking


def show(bundle: ModelBundle, ranking: Ranking) -> None:
    """Draw what the model says: cautions, one sentence, then dots with intervals, or a score on its scale."""
    show_cautions(bundle, ranking)
    st.markdown(f"**{verbatim(lead_words(bundle, ranking))}**")
    with st.container(border=True, key="ranking"):
        if bundle.is_score:
            _score(bundle, ranking)
        else:
            caption = f"Options ranked by the model for patient {ranking.patient_id}"
            st.html(
                f"<style>{ranking_style()}</style>" + ranking_html(ranked_options(ranking), caption=caption)
            )
    tables.beside(
        ranking_rows(bundle, ranking), caption="Every option with its interval and support", name="ranking"
    )


def show_cautions(bundle: ModelBundle, ranking: Ranking) -> None:
    """Draw what has to be known before any number: where the model was made, and where this patient lies outside it."""
    for words in (bundle.manifest.words.banner, *ranking.cautions):
        if words:
            st.warning(verbatim(words))


def _score(bundle: ModelBundle, ranking: Ranking) -> None:
    for entry in ranking.ordered:
        if entry.probability is None:
            continue
        formula = bundle.formula
        caption = f"{entry.label} {entry.probability:z.2f}" + (
            f", group {entry.group}" if entry.group else ""
        )
        st.html(
            f"<style>{score_style()}</style>"
            + score_html(
                entry.probability, caption=caption, low=entry.low, high=entry.high,
                span=score_span(bundle, entry.low, entry.probability, entry.high),
                cut_points=() if formula is None else formula.cut_points,
                categories=() if formula is None else formula.categories,
            )
        )  # fmt: skip
        if entry.low is not None and entry.high is not None and entry.high - entry.low >= 0.005:
            st.caption(
                f"The bar runs from {entry.low:z.2f}, if everything unknown turned out at its best, to "
                f"{entry.high:z.2f}, if everything unknown turned out at its worst."
            )
    for entry in ranking.abstained:
        st.warning(verbatim(f"{entry.label}: no answer. {entry.reason}"))


def show_reading(bundle: ModelBundle, ranking: Ranking) -> None:
    """Draw how to read the ranking: per-100 words, bands, and what the number is."""
    if bundle.is_score or not ranking.ordered:
        return
    st.header("In words, with support", anchor=False)
    lines = [
        f"- **{verbatim(r.label)}**: "
        + verbatim(" ".join([f"{r.per_100}. Training patients: {support_words(r)}.", *r.cautions]))
        for r in ranking.ordered
    ]
    shown = 5
    st.markdown("\n".join(lines[:shown]))
    if len(lines) > shown:
        with st.expander(f"The other {len(lines) - shown} options"):
            st.markdown("\n".join(lines[shown:]))
    if ranking.has_bands:
        st.caption(
            "A band holds options whose difference is within what the intervals allow; their order inside a "
            "band carries no meaning. The interval (95 %) is that of a share among patients with a number like this "
            "one, not the range of the single case."
            if bundle.interval_basis == "observed"
            else "A band holds options whose difference is within what the intervals allow; their order inside a "
            "band carries no meaning. The interval covers the calibration of the model's number (95 %), not "
            "everything that can be wrong with the model."
        )


def show_abstained(ranking: Ranking) -> None:
    """Draw the options the model is silent on; silence is neither for nor against."""
    if not ranking.abstained:
        return
    st.header("No answer", anchor=False)
    reasons = dict.fromkeys(r.reason for r in ranking.abstained)
    rows = [
        {
            "options": ", ".join(r.label for r in ranking.abstained if r.reason == why),
            "why the model abstains": why,
        }
        for why in reasons
    ]
    tables.show(rows, caption="Silence is neither for nor against an option", name="abstained")


def show_unknowns(ranking: Ranking, profile: PatientProfile) -> None:
    """Draw the tests that were not done and would move something, as computed by the model."""
    st.header("What is not known, and would matter", anchor=False)
    if not ranking.unknowns:
        if ranking.n_asked:
            st.write(
                "No unknown input, asked one at a time, would move a band or a list at the values tried."
            )
        st.caption(verbatim(ranking.searched))
        return
    for unknown in ranking.unknowns[:6]:
        st.markdown(listed([unknown.words()]))
    if len(ranking.unknowns) > 6:
        with st.expander(f"{len(ranking.unknowns) - 6} more"):
            st.markdown(listed(u.words() for u in ranking.unknowns[6:]))
    st.caption(
        f"{verbatim(ranking.searched)} It says what the model would say, not what the test would find."
    )


def show_not_modelled(ranking: Ranking) -> None:
    """Draw what the model knows nothing of, and the room to disagree."""
    st.header("What the model knows nothing of", anchor=False)
    st.markdown(listed(ranking.not_modelled))
    st.write(
        "The options above are the ones the model was trained on; there are others, among them trials, "
        "standard care and no tumour treatment. Where your own reading differs from the model's, that is a finding: "
        "the page Why shows what the model leaned on."
    )
