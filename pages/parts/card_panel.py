"""The model card on the screen: the answer first, then the strip of claims, then all fields under their headings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explainers.card import NOT_SAID, ModelCard, card_stamp, model_card
from explainers.card.chai import to_xml
from explainers.card.document import field_words, one_line, sources_words, to_html, to_json, words_of
from pages.parts import long_work, tables

if TYPE_CHECKING:
    from explainers.card.entries import Entry, PartEntry
    from explainers.card.measured import Measured
    from oncology.bundles import ModelBundle

# Longer texts fold under their beginning.
_LONG = 420
_MEASURED, _WANTED = "card-measured-", "card-measure-wanted"


def card_of(bundle: ModelBundle) -> ModelCard:
    """The card of the open model, with what was measured on this machine before, or in this session."""
    measured = _measured(bundle)
    return _card((card_stamp(bundle), measured is not None), bundle, measured)


def _measured(bundle: ModelBundle) -> Measured | None:
    # Where nothing can be written to disk, what was measured serves this session.
    held: Measured | None = st.session_state.get(f"{_MEASURED}{bundle.sha256}")
    return held or _kept(bundle.sha256, bundle)


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(sha256: str, _bundle: ModelBundle) -> Measured | None:
    if _bundle.training is None:
        return None
    from explainers.card.measured import kept

    return kept(_bundle)


@st.cache_resource(max_entries=16, show_spinner=False)
def _card(key: tuple[str, bool], _bundle: ModelBundle, _measured: Measured | None) -> ModelCard:
    return model_card(_bundle, measured=_measured)


def show_first(card: ModelCard) -> None:
    """Draw the answer to the page's question, and the strip of claims beside evidence."""
    for problem in card.problems:
        st.warning(problem)
    if card.uncovered_card:
        st.warning(
            "A card.toml lies beside this model that its hash does not cover: anybody could have written it. Its words are "
            "marked below and count for nothing."
        )
    purpose = _pairs(card, ("intended_use", "use"), ("decision_role", "role"), ("out_of_scope", "scope"))
    behind = _pairs(card, ("developer", "developer"), ("developer", "contact"), ("funding", "funding"))
    untold = "".join(f"<li>{escape(e.field.title)}{_lacking(e)}</li>" for e in card.not_told)
    strip = "".join(
        f'<div class="{"gb-shown" if c.shown else "gb-not-shown"}"><dt>{escape(c.title)}</dt><dd>{escape(c.words)}</dd></div>'
        for c in card.claims
    )
    st.html(
        f"<style>{_style()}</style>"
        f'<p class="gb-verdict"><strong>{escape(card.validation)}.</strong> {escape(card.completeness.words())}</p>'
        '<div class="gb-card-top">'
        f'<section><h2>What it is for</h2><dl class="gb-card">{purpose}</dl></section>'
        f'<section><h2>Who stands behind it</h2><dl class="gb-card">{behind}</dl></section>'
        f'<section><h2>What was not told</h2><div class="gb-untold" tabindex="0" role="region" '
        'aria-label="Required fields that are not complete"><ul>'
        f"{untold or '<li>Every required field is filled.</li>'}</ul></div></section></div>"
        f'<h2>Claims beside evidence</h2><dl class="gb-strip">{strip}</dl>'
    )


def show_exports(card: ModelCard) -> None:
    """Offer the card as files; each is made when it is asked for."""
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    with st.container(horizontal=True, key="card-exports"):
        for label, name, kind, make in (
            ("HTML, one file", "card.html", "text/html", lambda: to_html(card, made=made)),
            ("JSON", "card.json", "application/json", lambda: to_json(card)),
            ("XML, CHAI v0.2", "card.xml", "application/xml", lambda: to_xml(card)),
        ):
            st.download_button(
                label, make, f"{card.name}-{name}", kind, key=f"card-{name}", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip


def show_measuring(bundle: ModelBundle) -> None:
    """Offer to measure on the training patients what the card can hold, with progress and a stop; say so where it was done."""
    if bundle.training is None:
        return
    done = _measured(bundle)
    if done is not None:
        st.caption(done.words)
        return
    if st.session_state.get(_WANTED) != bundle.sha256:
        st.button(
            "Measure on the training patients", key="card-measure", on_click=_want, args=(bundle.sha256,),
            help="Calibration, net benefit and the additivity of explanations, each with its interval. Takes some seconds and "
            "is kept.",
        )  # fmt: skip
        return

    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Measured:
        from explainers.card.measured import measure

        return measure(bundle, progress=say, stop=stop)

    found: Measured | None = long_work.result(
        "card-measure", bundle.sha256, make, "Measuring on the training patients"
    )
    if found is not None:
        st.session_state[f"{_MEASURED}{bundle.sha256}"] = found
        st.session_state.pop(_WANTED, None)
        _kept.clear()  # every other session finds it on disk
        # The card above was drawn without it.
        st.rerun()


def _want(sha256: str) -> None:
    st.session_state[_WANTED] = sha256


def show_fields(card: ModelCard) -> None:
    """Draw all fields, one block a heading."""
    for section in card.checklist.sections:
        fields = "".join(_field(card, entry) for entry in card.section(section))
        st.html(f"<h2>{escape(section.title)}</h2>{fields}")


def show_sources(card: ModelCard) -> None:
    """Draw where the list of fields comes from."""
    rows = [
        {"source": s.title, "reference": s.reference, "date": s.date, "looked up in": s.checked}
        for s in card.checklist.sources
    ]
    st.html(
        f"<h2>Where the list of fields comes from</h2><p>{escape(sources_words(card))}</p>"
        + tables.as_html(rows, "Sources of the list of fields")
    )


def _field(card: ModelCard, entry: Entry) -> str:
    mark = {"complete": "complete", "in part": "part", "empty": "empty"}[entry.state]
    parts = "".join(f"<div><dt>{escape(p.part.title)}</dt>{_said(p)}</div>" for p in entry.parts)
    return (
        f'<h3 class="gb-field gb-{mark}">{entry.field.number}. {escape(entry.field.title)}</h3>'
        f'<p class="gb-asked">{escape(field_words(card, entry))}</p><dl class="gb-card">{parts}</dl>'
    )


def _said(part: PartEntry) -> str:
    words = one_line(part)
    if not part.statements:
        return f'<dd class="unknown">{escape(words)}</dd>'
    mark = "" if all(s.covered for s in part.statements) else ' class="gb-uncovered"'
    if len(words) <= _LONG:
        return f"<dd{mark}>{escape(words)}</dd>"
    lines = words_of(part)
    if len(lines) > 1:
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines[1:])
        more = f"{len(lines) - 1} more"
        return f"<dd{mark}><details><summary>{escape(lines[0])} <span>{more}</span></summary><ul>{listed}</ul></details></dd>"
    cut = words.rfind(" ", 0, _LONG - 80)
    return f"<dd{mark}><details><summary>{escape(words[:cut])} …</summary>{escape(words[cut:].strip())}</details></dd>"


def _pairs(card: ModelCard, *names: tuple[str, str]) -> str:
    found = []
    for field, part in names:
        entry = card.entry(field).part(part)
        if entry is not None:
            found.append(f"<div><dt>{escape(entry.part.title)}</dt>{_said(entry)}</div>")
    return "".join(found)


def _lacking(entry: Entry) -> str:
    if entry.state == "empty":
        return f": <em>{NOT_SAID}</em>" if len(entry.missing) == 1 else ": <em>nothing provided</em>"
    return f": <em>without {escape(', '.join(m[:1].lower() + m[1:] for m in entry.missing))}</em>"


@st.cache_resource
def _style() -> str:
    return (Path(__file__).parent / "style" / "card.css").read_text(encoding="utf-8")
