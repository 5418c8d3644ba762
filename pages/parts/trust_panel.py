"""How far the numbers of one patient can be leaned on: a glance that follows every toggle, and the depth on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers.assurance_words import (
    ANSWER_WORDS,
    no_benefit_rows,
    no_benefit_words,
    option_rows,
    range_rows,
    range_words,
    ranges_of,
)
from explainers.charts.assurance_glance import glance_html, glance_style
from pages.parts import kept_results, session, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.assurance import Assurance
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile
    from oncology.recommendations import Ranking


def beside(
    bundle: ModelBundle,
    profile: PatientProfile,
    ranking: Ranking,
    *,
    key: str = "trust",
    with_no_benefit: bool = True,
) -> None:
    """Draw the glance and, folded, everything behind it.

    Parameters
    ----------
    profile : PatientProfile
        As the session shows it (`session.patient`, edited or not): hidden germline findings are not in it.
    ranking : Ranking
        Of this profile, with or without unknowns.
    key : str
        Another one for each place on one page.
    with_no_benefit : bool
        False where the page draws `show_no_benefit` itself.
    """
    glance(bundle, profile, ranking)
    folded = st.expander("What these numbers rest on", key=f"{key}-depth", on_change="rerun")
    if folded.open:
        with folded:
            depth(bundle, profile, ranking, key=key, with_no_benefit=with_no_benefit)


def glance(bundle: ModelBundle, profile: PatientProfile, ranking: Ranking) -> None:
    """Draw the block alone, one element: cheap enough for every toggle."""
    st.html(_glance((bundle.sha256, profile.fingerprint), bundle, profile, ranking))


@kept_results.keep(500)
def _glance(key: tuple[str, str], bundle: ModelBundle, profile: PatientProfile, ranking: Ranking) -> str:
    found = _assured((*key, False), bundle, profile, ranking)
    return f"<style>{glance_style()}</style>{glance_html(bundle, found)}"


@kept_results.keep(500)
def _assured(
    key: tuple[str, str, bool], bundle: ModelBundle, profile: PatientProfile, ranking: Ranking
) -> Assurance:
    from oncology.assurance import assure

    predictions = session.predictions(bundle, profile)
    return assure(bundle, profile, predictions=predictions, ranking=ranking, deep=key[2])


def show_for_option(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw the glance of one option, and everything behind it, in one go: for a part that is drawn on request."""
    ranking = session.ranking(bundle, profile, with_unknowns=False)
    found = _assured((bundle.sha256, profile.fingerprint, False), bundle, profile, ranking)
    st.html(f"<style>{glance_style()}</style>{glance_html(bundle, found, only=option)}")
    depth(bundle, profile, ranking, key="trust-one", only=option)


def show_no_benefit(bundle: ModelBundle, profile: PatientProfile, ranking: Ranking) -> None:
    """Draw who is unlikely to benefit, with the same care as who may: three answers, and the patients behind them."""
    found = _assured((bundle.sha256, profile.fingerprint, False), bundle, profile, ranking)
    if not found.options or not ranking.ordered:
        return
    title = bundle.manifest.words.unlikely
    st.header(f"{title[0].upper()}{title[1:]}, as the model sees it", anchor=False)
    st.write(
        f"{verbatim(no_benefit_words(bundle, found.options))} Unknown is an answer of its own: it is neither for nor against an option."
    )
    answered = [o for o in found.options if o.probability is not None]
    tables.show(
        no_benefit_rows(bundle, answered),
        caption="Each option that the model answers on, with the held-out patients whose number lay as low",
        name="no-benefit",
    )


def depth(
    bundle: ModelBundle,
    profile: PatientProfile,
    ranking: Ranking,
    *,
    key: str = "trust",
    only: str | None = None,
    with_no_benefit: bool = True,
) -> None:
    """Draw what is not known and could move, who is unlikely to benefit, intervals and sets, and what abstaining costs.

    only : the one option that is drawn; all when left out.
    """
    found = _assured((bundle.sha256, profile.fingerprint, True), bundle, profile, ranking)
    ranges = found.ranges if only is None else ranges_of(found.ranges, only)
    st.write(
        f"**What is not known, and how far it could move.** {verbatim(range_words(ranges, is_score=bundle.is_score))}"
    )
    if ranges:
        tables.show(
            range_rows(ranges, is_score=bundle.is_score),
            caption="One unknown input at a time, the others as they are; what the model would say, not what a test would find",
            name=f"{key}-ranges",
        )
    if found.options and only is None and with_no_benefit:
        st.write(
            "**Who is unlikely to benefit.** Unknown is an answer of its own: it is neither for nor against an option."
        )
        tables.show(
            no_benefit_rows(bundle, found.options),
            caption="Each option, with the held-out patients whose number lay as low",
            name=f"{key}-no-benefit",
        )
    options = [o for o in found.options if only in (None, o.option)]
    if only is not None and options:
        st.write(
            f"**Unlikely to benefit?** {ANSWER_WORDS[options[0].no_benefit.answer].capitalize()}. {verbatim(options[0].no_benefit.why)}"
        )
    rows = option_rows(bundle, options)
    if rows:
        st.write(f"**Intervals and sets.** {verbatim(found.interval_meaning)}")
        tables.show(
            rows,
            caption="Counts from 1 to 4 are not told; the same state: of the alterations that move the option most",
            name=f"{key}-options",
        )
    if found.abstention is not None:
        st.write(
            f"**What abstaining costs.** {verbatim(f'{found.abstention.words()} {found.abstention.set_words()}')}"
        )
    if found.without_held_out:
        st.caption(verbatim(found.without_held_out))
