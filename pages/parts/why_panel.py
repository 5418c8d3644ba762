"""Why one option stands where it stands: what is asked, the waterfall, and the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from explainers import stability, three_depths
from explainers.local import GROUPINGS, METHOD_LABELS, Grouping, explain_groups
from explainers.ranking_words import unshown_words
from oncology.errors import OncologyError
from pages.parts import kept_results, ranking_panel, session, tables
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from explainers.background import Background
    from explainers.charts.attribution import Ends
    from explainers.explanation import Explanation
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

__all__ = ["depth", "explained", "pick_option", "sharing", "show_answer"]

_BACKGROUND_WORDS = {
    "default": "the method's usual",
    "tree-paths": "all training patients (tree paths)",
    "training": "a sample of training patients",
    "assayed": "that sample, under this patient's tests",
    "unaltered": "the same patient without alterations",
}
_SHARED_OUT = {"input": "single facts"} | GROUPINGS
# The unit itself, log-odds of most models, is told where the chart is explained.
_AXIS = "the model's own scale; right is higher"
_OPTION, _COMPARED = "why-option", "why-background"


def pick_option(bundle: ModelBundle, profile: PatientProfile) -> str:
    """Draw the picker of the option, and folded away those of comparison and sharing; return the option."""
    ranking = session.ranking(bundle, profile)
    order = [r.option for r in (*ranking.ordered, *ranking.abstained)]
    wanted = st.session_state.get("why-wanted-option")
    with st.container(horizontal=True, key="why-pickers", gap="small", vertical_alignment="bottom"):
        if len(order) > 1:
            kept = wanted if wanted in order else order[0]
            option = st.selectbox(
                "Option", order, index=order.index(kept), format_func=bundle.label, key=f"{_OPTION}-{bundle.sha256[:8]}",
                width=340,
            )  # fmt: skip
        else:
            option = order[0]
        with st.popover("Compared with whom?", key="why-otherwise"):
            _pick_game(bundle)
    st.session_state["why-wanted-option"] = option
    entry = ranking.of(option)
    ranking_panel.show_cautions(bundle, ranking)
    if entry.abstained:
        st.warning(verbatim(unshown_words(entry)))
    elif entry.per_100:
        st.markdown(f"**{verbatim(f'{entry.label}: {entry.per_100}.')}**")
    elif entry.probability is not None:
        st.markdown(
            f"**{verbatim(f'{entry.label}: {entry.probability:.2f}')}**"
            + (f" ({verbatim(entry.group)})" if entry.group else "")
        )
    if session.edits():
        st.caption("This page explains the patient as recorded; the edits of What if are not part of it.")
    return option


def _pick_game(bundle: ModelBundle) -> None:
    """Draw the pickers of whom the patient is compared with, and among what the answer is shared out."""
    if not bundle.is_score:
        st.selectbox(
            "Compared with", list(_BACKGROUND_WORDS), format_func=_BACKGROUND_WORDS.get, key=_COMPARED, width=320,
            help="An explanation always compares this patient with somebody. Another comparison gives other numbers.",
        )  # fmt: skip
    _kept_choice(
        "Shared out over", _SHARED_OUT, "why-shared", "input",
        help="Genes as a whole and kinds of information are players of their own: their shares are not sums of the single ones.",
    )  # fmt: skip


def _kept_choice(label: str, choices: dict[str, str], key: str, first: str, **more: str) -> str:
    """A select box whose choice outlives the page: a widget's own state ends when another page is opened."""
    names = list(choices)
    kept = st.session_state.get(f"{key}-kept", first)
    chosen = st.selectbox(
        label, names, index=names.index(kept), format_func=choices.get, key=key, width=320, **more
    )
    st.session_state[f"{key}-kept"] = chosen
    return chosen


def depth() -> three_depths.Depth:
    """How deep words go on this page, as chosen in this session."""
    return st.session_state.get("why-depth-kept", "plain")


def sharing() -> str:
    """Among what the answer is shared out on this page, as chosen in this session: a key of `GROUPINGS` or "input"."""
    return st.session_state.get("why-shared-kept", "input")


def explained(
    bundle: ModelBundle, profile: PatientProfile, option: str, method: str, *, grouping: str = "input"
) -> Explanation | None:
    """One method's explanation; where it cannot be had, the reason stands in its place."""
    from explainers.background import background_named

    word = "default" if bundle.is_score else st.session_state.get(_COMPARED, "default")
    # Only single Shapley values can be read off the trees' own counts; the others compare with patients.
    if word == "tree-paths" and (method != "shapley" or grouping != "input"):
        word = "default"
    try:
        background = background_named(bundle, word, bundle.schema.encode_row(profile))
        if grouping != "input":
            compared = "" if background is None else background.fingerprint
            return _grouped(
                (bundle.sha256, profile.fingerprint, compared, option, grouping), bundle, profile, background
            )
        return session.explanation(bundle, profile, method, option=option, background=background)
    except OncologyError as error:
        st.info(verbatim(f"{METHOD_LABELS[method]}: {error}"))
        return None


@kept_results.keep(200)
def _grouped(
    key: tuple[str, str, str, str, Grouping],
    bundle: ModelBundle,
    profile: PatientProfile,
    background: Background | None,
) -> Explanation:
    *_, option, grouping = key
    return explain_groups(bundle, profile, grouping, option=option, background=background)


def show_answer(bundle: ModelBundle, profile: PatientProfile, option: str) -> None:
    """Draw the waterfall of Shapley values with what refits say of each, and the same in words."""
    from explainers.charts.attribution import waterfall_rows

    grouping = sharing()
    why = explained(bundle, profile, option, "shapley", grouping=grouping)
    if why is None:
        return
    interval, refits = stability.interval_or_why_not(bundle, bundle.schema.encode_row(profile), why)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header("What the model leaned on", anchor=False)
        lines = (
            "; thin lines span where bars would end in 95 of 100 models trained again on patients drawn anew"
            if interval
            else ""
        )
        st.caption(f"Orange raises the model's answer, blue lowers it{lines}.")
        st.plotly_chart(
            _waterfall(
                (bundle.sha256, profile.fingerprint, grouping, *_seen_in(why, interval)), why, interval
            ),
            key="waterfall",
            width="stretch",
            config={"displayModeBar": False},
        )
        remainder = f"Unexplained remainder: {why.residual():+.6f}."
        if interval is None:
            st.caption(verbatim(refits))
            refits = ""
        with st.expander("How this was worked out"):
            unit = f"The model's own scale: {why.unit}."
            method = f"{METHOD_LABELS[why.method]}, compared with {why.background}."
            st.caption(verbatim(" ".join(t for t in (method, unit, remainder, refits, *why.limits) if t)))
        tables.beside(lambda: waterfall_rows(why, interval), caption="Every input's share", name="shapley")
    with right:
        st.header("The same in words", anchor=False)
        st.fragment(_words, key="why-words")(why, interval)


def _seen_in(why: Explanation, interval: Ends | None) -> tuple[str, ...]:
    """What tells one chart of a patient from another: the option, what it is compared with, and the whiskers."""
    ends = "" if interval is None else repr([end.tolist() for end in interval])
    return why.option, why.method, why.background, repr(why.base_value), ends


@kept_results.keep(100)
def _waterfall(key: tuple[str, ...], why: Explanation, interval: Ends | None) -> Any:
    from explainers.charts.attribution import waterfall

    return waterfall(why, interval=interval, axis=_AXIS)


def _words(why: Explanation, interval: Ends | None) -> None:
    names = list(three_depths.DEPTHS)
    chosen = st.segmented_control(
        "How deep", names, default=depth(), format_func=three_depths.DEPTHS.get, key="why-depth", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    st.session_state["why-depth-kept"] = chosen
    told = three_depths.tell(why, depth(), interval=interval)
    st.markdown("\n\n".join([verbatim(told.start), listed(told.points), verbatim(told.close)]))
