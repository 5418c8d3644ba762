"""May this model's numbers be believed, and for whom: the answer first, then what it rests on, one question at a time."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from explainers.audit import findings
from explainers.audit.option_table import option_rows
from oncology.errors import OncologyError
from pages.parts import (
    audit_cohort,
    audit_depth,
    audit_groups_panel,
    downloads,
    layout,
    long_work,
    open_model,
    tables,
)
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from explainers.audit.overview import Audit
    from oncology.bundles import ModelBundle

ROUNDS = 500


def origin() -> layout.Origin:
    """What `layout.page` shows beside the title: the model's patients, and those of the cohort it is held against."""
    own = open_model.origin()
    cohort = audit_cohort.chosen()
    if cohort is None:
        return own
    synthetic = all(p.synthetic for p in cohort.profiles)
    if own == "synthetic":
        return "synthetic" if synthetic else "mixed"
    return "mixed" if synthetic else "research"


def facts() -> tuple[str, ...]:
    """Where model and cohort come from, in words."""
    cohort = audit_cohort.chosen()
    return open_model.facts() if cohort is None else (*open_model.facts(), f"cohort {cohort.name}")


def show(bundle: ModelBundle) -> None:
    """Draw the page: which patients, the answer, and the questions behind it."""
    data = audit_cohort.show(bundle)
    if data is None:
        return
    found = _audited(bundle, data)
    if found is None:
        return
    _answer(bundle, found, audit_groups_panel.at_hand(data, bundle))
    _look_at_groups(bundle, data)
    if len(found.options) > 1:
        _options(found)
    _depth(bundle, data, found)
    downloads.audit(bundle, found)


def _audited(bundle: ModelBundle, data: AuditData) -> Audit | None:
    """The whole audit: from this session, from disk, or made now with its progress drawn."""

    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Audit:
        from explainers.audit.overview import Audit, audit
        from explainers.kept import kept

        key = (data.fingerprint, ROUNDS, 0, None)
        return kept(
            "audit", key, (Audit,), lambda: audit(data, bundle, rounds=ROUNDS, progress=say, stop=stop)
        )

    words = f"Holding {len(data.options)} option{'' if len(data.options) == 1 else 's'} against {len(data):,} patients"
    made: Audit | None = long_work.result("audit", data.fingerprint, make, words)
    return made


def _look_at_groups(bundle: ModelBundle, data: AuditData) -> None:
    """Have the groups audited once, below the answer; the page is drawn again when they are, and the answer names them."""
    from explainers.audit.group_audit import kept_group_audit, kept_headline

    threshold = bundle.manifest.unlikely_below
    if kept_headline(data, threshold=threshold) is not None:
        return

    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> bool:
        kept_group_audit(data, threshold=threshold, progress=lambda share: say(share, ""), stop=stop)
        return True

    long_work.result("audit-headline", data.fingerprint, make, "Looking at every group of patients")


def _answer(bundle: ModelBundle, found: Audit, groups: tuple[str, ...]) -> None:
    whole = findings.overall(found)
    details = "".join(f"<li>{escape(d)}</li>" for d in (*whole.details, *groups, *found.notes))
    banner = bundle.manifest.words.banner
    said = f'<p class="gb-caution">{escape(banner)}</p>' if banner else ""
    with st.container(border=True, key="audit-answer"):
        st.html(f'<p class="gb-answer"><strong>{escape(whole.answer)}</strong></p>{said}<ul>{details}</ul>')


def _options(found: Audit) -> None:
    if rows := option_rows(found):
        tables.show(rows, caption="Option by option", name="audit-options")
        st.caption(findings.family_words(findings.judged(found)))


@st.fragment
def _depth(bundle: ModelBundle, data: AuditData, found: Audit) -> None:
    st.header("What it rests on", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="audit-questions"):
        question = st.selectbox(
            "Question", list(audit_depth.QUESTIONS), key="audit-question", width=420, persist_state="page"
        )
        known = [o.option for o in found.options if o.n] or [o.option for o in found.options]
        option = known[0]
        if audit_depth.asks_one_option(question) and len(known) > 1:
            option = st.selectbox(
                "Option", known, format_func=data.label, key=f"audit-option-{bundle.sha256[:8]}", width=340,
                persist_state="page",
            )  # fmt: skip
    try:
        audit_depth.QUESTIONS[question](audit_depth.Asked(bundle, data, found, option))
    except OncologyError as error:
        st.info(verbatim(str(error)))
