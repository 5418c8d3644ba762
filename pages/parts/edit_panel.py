"""The panel of What if: which rows it starts with, and the search for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import near_names
from oncology.features import FeatureSpec
from oncology.patients import PatientProfile
from pages.parts import editor, session

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

_ADD, _ADDED, _ROWS = "editor-add", "editor-added", "editor-rows"


def show(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Draw the panel; the fragment that holds it runs again after every change."""
    key = _key(bundle, recorded)
    specs = editor.specs_by_name(bundle.schema.features)
    edits = {edit.feature: edit.value for edit in session.edits()}
    more = tuple(n for n in (*_added(key), *edits) if specs[n].is_alteration)
    shown, groups = _rows(bundle, recorded, key, more)
    _search([s for s in specs.values() if s.is_alteration and s.name not in shown], key, bundle)

    def changed() -> None:
        session.replace_edits(editor.edits_of(key, specs), from_panel=True)

    editor.show(groups, edits, specs, revision=session.revision(), key=key, on_change=changed)


Groups = dict[str, list[dict[str, Any]]]


def _rows(
    bundle: ModelBundle, recorded: PatientProfile, key: str, more: Sequence[str]
) -> tuple[frozenset[str], Groups]:
    """Names of the alterations that have a row, and all rows; made anew only when a row joins."""
    held: tuple[str, frozenset[str], Groups] | None = st.session_state.get(_ROWS)
    if held is None or held[0] != key:
        held = (key, frozenset(), {})
    missing = [n for n in dict.fromkeys(more) if n not in held[1]]
    if held[2] and not missing:
        return held[1:]
    from explainers import what_if

    schema = bundle.schema
    shown = [row["feature"] for row in held[2].get("Alterations", [])]
    if not held[2] and any(s.is_alteration for s in schema.features):
        changes = session.single_changes(bundle, recorded)
        shown = list(what_if.shown_alterations(schema, recorded, changes))
    shown += [n for n in missing if n not in shown]

    def rows(chosen: Sequence[FeatureSpec]) -> list[dict[str, Any]]:
        return [
            editor.row(
                s,
                schema.value(recorded, s.name),
                what_if.number_range(bundle, s) if editor.is_number(s) else None,
            )
            for s in chosen
        ]

    groups = {
        "Alterations": rows([schema.feature(n) for n in shown]),
        "Clinical values": rows(what_if.offered_numbers(schema)),
    }
    st.session_state[_ROWS] = (key, frozenset(shown), groups)
    return frozenset(shown), groups


def _key(bundle: ModelBundle, recorded: PatientProfile) -> str:
    # Hashes, because a key becomes a class name in the page: no id belongs there.
    return f"editor-{bundle.sha256[:8]}-{recorded.fingerprint[:12]}"


def _added(key: str) -> list[str]:
    added: list[str] = st.session_state.setdefault(_ADDED, {}).setdefault(key, [])
    return added


def _search(more: Sequence[FeatureSpec], key: str, bundle: ModelBundle) -> None:
    """The box that finds any other gene or alteration of the model, and says so of one it does not read."""
    if not more:
        return
    names = [s.name for s in more]
    labels = {s.name: s.label for s in more}

    def add() -> None:
        wanted = st.session_state[_ADD]
        st.session_state[_ADD] = None
        if wanted is None:
            return
        found = [n for n in names if wanted.casefold() in (n.casefold(), labels[n].casefold())]
        if found:
            _added(key).append(found[0])
            st.session_state.pop("editor-unknown", None)
            return
        st.session_state["editor-unknown"] = (
            f"The model has no input for {wanted}, so changing it would change nothing here."
            f"{near_names(wanted, bundle.schema.names)}"
        )

    st.selectbox(
        "Add a gene or alteration",
        names,
        index=None,
        format_func=lambda n: labels.get(n, n),
        key=_ADD,
        on_change=add,
        accept_new_options=True,
        placeholder=f"Add a gene or alteration ({len(more)} more)",
        label_visibility="collapsed",
    )
    if words := st.session_state.pop("editor-unknown", None):
        st.caption(words)
