"""The smallest changes after which the model says something else: the goal, what must stay, and the proven answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from oncology.edits import Edit
from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from pages.parts import conditions, inquiry, session, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.counterfactuals import Goal, SmallestChanges
    from explainers.explanation import Counterfactual
    from oncology.bundles import ModelBundle

Mode = Literal["model", "assay"]
Kind = Literal["first", "band", "likely", "over", "under"]
_MODES: dict[Mode, str] = {
    "model": "Any alteration may change",
    "assay": "Only what was not assayed may turn out",
}
_KINDS: dict[Kind, str] = {
    "first": "comes first",
    "band": "is in the top band",
    "likely": "is no longer unlikely to help",
    "over": "has a probability over",
    "under": "has a probability under",
}
# When the search gives up and says how far it came.
_SECONDS = 20.0
_OPTION, _PICKED = "smallest-option", "smallest-option-picked"


def show(bundle: ModelBundle, recorded: PatientProfile) -> None:
    """Draw the question, and the search or its answer."""
    inquiry.show(inquiry.Question(conditions.KEY, partial(_put, recorded), _draw), bundle, recorded)


def answer_for(bundle: ModelBundle, profile: PatientProfile) -> tuple[Goal, SmallestChanges] | None:
    """What the last search found, if it was for this model and profile."""
    job = inquiry.answered(conditions.KEY, bundle, profile)
    return None if job is None else job.answer


def _put(recorded: PatientProfile, bundle: ModelBundle) -> tuple[inquiry.Ask, str] | None:
    """The fields; what to search once the button is pressed."""
    mode: Mode = "model"
    with st.container(horizontal=True, vertical_alignment="bottom", key="smallest-question"):
        goal = _goal(bundle, recorded)
        if any(f.is_alteration for f in bundle.schema.features):
            mode = st.selectbox(
                "What may change",
                list(_MODES),
                format_func=_MODES.__getitem__,
                width=300,
                key="smallest-mode",
                persist_state="page",
            )
    within = conditions.show(bundle, mode)
    pressed = st.button("Search", type="primary", key="smallest-search")
    if not pressed:
        return None
    try:
        wanted, constraints = goal(), within.constraints()
    except OncologyError as error:
        st.warning(verbatim(str(error)))
        return None

    def ask(model: ModelBundle, profile: PatientProfile, stop: Callable[[], bool]) -> Any:
        from explainers.counterfactuals import smallest_changes

        return wanted, smallest_changes(
            model, profile, wanted, mode=mode, max_size=within.most, constraints=constraints,
            time_limit_s=_SECONDS, stop=stop,
        )  # fmt: skip

    return ask, f"{wanted.words(bundle)}: searching, {_SECONDS:.0f} s at most"


def _goal(bundle: ModelBundle, recorded: PatientProfile) -> Callable[[], Goal]:
    """The fields that ask for a goal, and the goal they make once it is wanted."""
    from explainers.counterfactuals import Goal
    from explainers.what_if import group_goal

    if bundle.formula is not None and bundle.formula.categories:
        groups = bundle.formula.categories
        group = st.selectbox("Group to reach", groups, width=220, key="smallest-group", persist_state="page")
        side = st.selectbox("Or", ["lower", "higher"], width=140, key="smallest-side", persist_state="page")
        return lambda: group_goal(bundle, group, or_lower=side == "lower")
    option, kinds = bundle.options[0], list(_KINDS)[2:]
    if bundle.ranks:
        kinds = list(_KINDS)
        st.session_state[_OPTION] = _option(bundle, recorded)
        option = st.selectbox(
            "Option to move",
            sorted(bundle.options, key=bundle.label),
            format_func=bundle.label,
            width=320,
            key=_OPTION,
            on_change=_pick,
        )
    elif bundle.is_score:
        kinds = kinds[1:]
    words = _KINDS
    if bundle.is_score:
        words = {kind: text.replace("probability", "score") for kind, text in _KINDS.items()}
    kind: Kind = st.selectbox(
        "Goal: it", kinds, format_func=words.__getitem__, width=240, key="smallest-kind", persist_state="page"
    )  # fmt: skip
    if kind != "over" and kind != "under":
        ranked = kind
        return lambda: Goal(option, ranked)
    side_of: Literal["over", "under"] = kind
    lowest, highest = (None, None) if bundle.is_score else (0.0, 1.0)
    value = st.number_input(
        "this value", lowest, highest, 0.5, 0.05, width=140, key="smallest-value", persist_state="page"
    )
    return lambda: Goal(option, "threshold", value, side_of)


def _option(bundle: ModelBundle, recorded: PatientProfile) -> str:
    """The option that is asked about: the picked one, else the one ranked second, the nearest that is not first."""
    picked: str | None = st.session_state.get(_PICKED)
    if picked in bundle.options:
        return picked
    ordered = session.ranking(bundle, recorded, with_unknowns=False).ordered
    return (ordered[1] if len(ordered) > 1 else ordered[0]).option if ordered else bundle.options[0]


def _pick() -> None:
    st.session_state[_PICKED] = st.session_state[_OPTION]


def _draw(job: inquiry.Inquiry, now: PatientProfile) -> None:
    from explainers.what_if import counterfactual_rows

    goal, found = job.answer
    st.write(verbatim(found.conditions_words()))
    st.markdown(f"**{verbatim(found.words())}**")
    for note in found.notes:
        st.write(verbatim(note))
    rows = counterfactual_rows(job.bundle, goal.option, found.found)
    if found.method:
        st.caption(f"How: {found.method}, among {found.n_candidates} single changes that were allowed.")
    if not rows:
        return
    sets = "1 set" if found.n_smallest == 1 else f"{found.n_smallest:,} sets"
    shown = f", the first {len(rows)} shown" if len(rows) < found.n_smallest else ""
    more = "all there are" if found.all_listed else "there may be others"
    tables.show(rows, caption=f"The smallest changes: {sets} ({more}{shown})", name="smallest-change")
    st.button(
        "See the profile with the first of these changes", on_click=_make, args=(found.found[0],), key="smallest-change-make",
        disabled=not job.is_for(job.bundle, now),
    )  # fmt: skip


def _make(found: Counterfactual) -> None:
    made = {change.feature: change.after for change in found.changes}
    kept = [e for e in session.edits() if e.feature not in made]
    session.replace_edits(kept + [Edit(name, value) for name, value in made.items()])
    st.rerun()
