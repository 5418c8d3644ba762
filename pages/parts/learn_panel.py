"""Guided cases: one question a screen, an answer and a confidence first, model and truth after.

Nothing of a reveal is computed or sent to the browser before the answer to its question is kept; an answer that is kept
cannot be changed.
"""

from __future__ import annotations

import time
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from explainers import origins
from oncology.errors import OncologyError
from pages.parts import layout, lesson_library, session, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.lessons import Commit, Lesson, Progress, Question
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

_OPEN, _PROGRESS, _SINCE, _PROBLEM = "learn-open", "learn-progress", "learn-since", "learn-problem"


def origin() -> layout.Origin:
    """What `layout.page` shows beside the title: whose data the lessons show, a patient of one's own files included."""
    shown = _patient_shown()
    found = {origins.origin_kind(choice, shown) for choice in _choices()}
    if not found:
        return "none"
    return found.pop() if len(found) == 1 else "mixed"


def facts() -> tuple[str, ...]:
    """Where the models of the lessons come from, in words."""
    shown = _patient_shown()
    patients = [] if shown is None else [origins.patient_origin(shown)]
    return (*patients, *dict.fromkeys(origins.model_origin(choice.manifest) for choice in _choices()))


def _patient_shown() -> PatientProfile | None:
    opened = _opened()
    if opened is None:
        return None
    lesson, at = opened
    name = lesson.questions[at].patient or lesson.patient
    try:
        return lesson_library.patient(name) if name else None
    except OncologyError:
        # The case cannot be opened, and the page says why.
        return None


def _choices() -> list[lesson_library.BundleChoice]:
    opened = _opened()
    lessons = [opened[0]] if opened is not None else _lessons()
    found = (lesson_library.bundle_choice(lesson) for lesson in lessons)
    return [choice for choice in found if choice is not None and choice.manifest is not None]


def _lessons() -> list[Lesson]:
    return [lesson for group in lesson_library.offered() for lesson in group.lessons]


def _name(lesson: Lesson) -> str:
    """What a lesson is called in the session: two folders may hold files of the same name."""
    return str(lesson.path)


def _opened() -> tuple[Lesson, int] | None:
    """The lesson on the screen and its question; None on the list of cases."""
    name, at = st.session_state.get(_OPEN, ("", 0))
    for lesson in _lessons():
        if _name(lesson) == name and 0 <= at < len(lesson.questions):
            return lesson, at
    return None


def progress() -> Progress:
    """What this session has answered."""
    from explainers.lessons import Progress

    found: Progress = st.session_state.setdefault(_PROGRESS, Progress())
    return found


def show() -> None:
    """Draw the list of cases, or the question that is open."""
    st.html(Path(__file__).parent / "style" / "learn.css")
    opened = _opened()
    if opened is None:
        _show_list()
        return
    lesson, at = opened
    question = lesson.questions[at]
    given = progress().of(_key(lesson), question.key)
    if given is None:
        _show_question(lesson, at)
    else:
        _show_reveal(lesson, at, given)


# --- the list of cases --------------------------------------------------------------------------------------


def _show_list() -> None:
    st.write(
        "Short cases on what models can and cannot tell. Each asks first and shows model and truth after: say what you think and "
        "how sure you are. The truth is known because the patients are invented. Nothing is sent anywhere, and nothing names you."
    )
    for group in lesson_library.offered():
        for problem in group.problems:
            st.warning(f"A lesson was left out. {verbatim(problem)}")
    lessons = _lessons()
    if not lessons:
        st.info("There is no lesson. docs/lessons.md tells how to write one.")
        return
    done = progress()
    open_ones = [le for le in lessons if any(done.of(_key(le), q.key) is None for q in le.questions)]
    with st.container(key="learn-cases", gap="small"):
        for lesson in lessons:
            _show_entry(lesson, done, is_next=lesson in open_ones[:1])
    if done.commits:
        _show_score(done)


def _show_entry(lesson: Lesson, done: Progress, *, is_next: bool) -> None:
    given = [done.of(_key(lesson), q.key) for q in lesson.questions]
    n, right = sum(g is not None for g in given), sum(g is not None and g.correct for g in given)
    state = f"{len(given)} questions, about {lesson.minutes} minutes"
    button = "Begin"
    if n == len(given):
        state, button = f"Done: {right} of {n} right", "Look again"
    elif n:
        state, button = f"{n} of {len(given)} answered", "Go on"
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.html(
            f'<div class="gb-case"><strong>{escape(lesson.title)}</strong><span>{escape(state)}</span></div>'
        )
        first_open = next((i for i, g in enumerate(given) if g is None), 0)
        st.button(
            button, key=f"learn-{_key(lesson)}", on_click=_go, args=(lesson, first_open), help=f"{button}: {lesson.title}",
            type="primary" if is_next else "secondary",
        )  # fmt: skip


def _show_score(done: Progress) -> None:
    st.header("So far", anchor=False)
    st.write(done.words())
    with st.container(horizontal=True):
        st.download_button(
            "Download my answers (CSV)", tables.as_csv(done.rows()), "learn-answers.csv", "text/csv", key="learn-csv",
            on_click="ignore", icon=":material/download:",
        )  # fmt: skip
        st.button("Forget my answers", key="learn-forget", on_click=_forget, type="tertiary")
    st.caption("Kept for this session only: a reload of the page forgets them. The file holds no name.")


# --- a question ---------------------------------------------------------------------------------------------


def _show_question(lesson: Lesson, at: int) -> None:
    question = lesson.questions[at]
    st.session_state.setdefault(_SINCE, {}).setdefault((_name(lesson), question.key), time.monotonic())
    _heading(lesson, at)
    try:
        model, profile, option = lesson_library.case(lesson, question)
    except OncologyError as error:
        st.error(f"This case cannot be opened. {verbatim(str(error))}")
        _back()
        return
    if model.manifest.words.banner:
        st.warning(model.manifest.words.banner)
    left, right = st.columns([6, 5], gap="large") if question.show else (None, st.container())
    # The question first, so that it is there while the picture of the case is still being made.
    with right:
        if not question.show and question.story:
            st.write(question.story)
        _show_form(lesson, at)
        _back()
    if left is not None:
        with left:
            st.write(question.story or lesson.story)
            _show_case(model, profile, option, question)


def _show_form(lesson: Lesson, at: int) -> None:
    from explainers.lessons.progress import CONFIDENCES

    question = lesson.questions[at]
    form = f"learn-form-{_key(lesson)}-{question.key}"
    with st.form(form, border=True):
        st.markdown(question.text)
        st.radio(
            "Your answer", range(len(question.choices)), index=None, key=f"{form}-answer",
            format_func=lambda i: question.choices[i].text,
        )  # fmt: skip
        st.radio(
            "How sure are you?", CONFIDENCES, index=None, format_func=lambda c: f"{c} %", horizontal=True,
            key=f"{form}-sure",
            help="How often you would be right if you answered many questions with this feeling. "
            f"{CONFIDENCES[0]} % is hardly better than guessing.",
        )  # fmt: skip
        st.form_submit_button("Commit my answer", type="primary", on_click=_commit, args=(lesson, at, form))
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.warning(problem)


def _show_case(
    model: ModelBundle, profile: PatientProfile | None, option: str | None, question: Question
) -> None:
    if profile is None:
        return
    if "patient" in question.show:
        st.html(f'<dl class="gb-facts gb-lesson">{_facts_html(model, profile)}</dl>')
    if option is None:
        return
    try:
        if "answer" in question.show:
            entry = session.ranking(model, profile, with_unknowns=False).of(option)
            said = entry.per_100 or (
                f"{entry.probability:.2f}" if entry.probability is not None else entry.reason
            )
            st.markdown(f"**{verbatim(f'The model on {entry.label}: {said}.')}**")
        if "explanation" in question.show:
            from explainers.charts.attribution import waterfall, waterfall_rows

            why = session.explanation(model, profile, "shapley", option=option)
            st.plotly_chart(
                waterfall(why, most=6),
                key="learn-waterfall",
                width="stretch",
                config={"displayModeBar": False},
            )
            st.caption(
                f"What the model leaned on: Shapley values in {why.unit}, compared with {why.background}."
            )
            tables.beside(waterfall_rows(why), caption="Every input's share", name="learn-shares")
    except OncologyError as error:
        st.info(verbatim(str(error)))


def _facts_html(model: ModelBundle, profile: PatientProfile) -> str:
    """The model's inputs of a patient in few lines: what was found, what was not tested, and the known values."""
    found, untested, n_absent, rest = [], [], 0, []
    for feature, value in zip(model.schema.features, model.schema.values(profile), strict=True):
        if not feature.is_alteration:
            if value is not None:
                rest.append((feature.label, feature.words(value)))
        elif value is None:
            untested.append(feature.label)
        elif value:
            found.append(feature.label)
        else:
            n_absent += 1
    lines = [
        ("Altered", ", ".join(found) or "none found"),
        ("Tested, not altered", f"{n_absent} of {len(found) + n_absent + len(untested)} alterations"),
        (
            "Not assayed",
            ", ".join(untested[:8]) + (f" and {len(untested) - 8} more" if len(untested) > 8 else ""),
        ),
        *rest,
    ]
    return "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in lines if v)


def _commit(lesson: Lesson, at: int, form: str) -> None:
    """Keep the answer and what is right; an answer that cannot be computed is not kept."""
    from explainers.lessons import Commit, answer

    question, state = lesson.questions[at], st.session_state
    chosen, sure = state.get(f"{form}-answer"), state.get(f"{form}-sure")
    if chosen is None or sure is None:
        state[_PROBLEM] = "Choose an answer and say how sure you are; then both are kept."
        return
    try:
        world = lesson_library.world(lesson, question)
        found = answer(lesson, question, world)
    except OncologyError as error:
        state[_PROBLEM] = f"The answer to this question cannot be computed, so yours was not kept. {error}"
        return
    state[_PROGRESS] = progress().with_commit(
        Commit(
            lesson=_key(lesson), question=question.key, transfer=question.transfer, chosen=chosen,
            chosen_text=question.choices[chosen].text, right=found.right, right_text=question.choices[found.right].text,
            confidence=sure, value=found.value,
            seconds=round(time.monotonic() - state[_SINCE][(_name(lesson), question.key)]),
            model_sha256=world.bundle.sha256,
        )
    )  # fmt: skip


# --- the reveal ---------------------------------------------------------------------------------------------


def _show_reveal(lesson: Lesson, at: int, given: Commit) -> None:
    from explainers.lessons import answer

    question = lesson.questions[at]
    _heading(lesson, at)
    try:
        found = answer(lesson, question, lesson_library.world(lesson, question))
    except OncologyError as error:
        st.error(f"The answer to this question cannot be computed any more. {verbatim(str(error))}")
        _back()
        return
    verdict = "Right" if given.correct else "Not so"
    right_class = " gb-right" if given.correct else ""
    st.html(
        f'<dl class="gb-facts gb-verdict{right_class}"><div><dt>You said, {given.confidence} % sure</dt>'
        f"<dd>{escape(given.chosen_text)}</dd></div><div><dt>{verdict}: the answer</dt><dd>{escape(given.right_text)}</dd></div>"
        f"<div><dt>Brier score (0 best, 1 worst)</dt><dd>{given.brier:.2f}</dd></div></dl>"
    )
    st.markdown(question.text)
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.write(found.words)
        if question.misconception:
            st.info(f"The misconception: **{question.misconception}**")
    with right:
        if found.facts:
            from explainers.charts.computed_facts import facts_html

            rows = [(f.label, f.words, f.share, f.side) for f in found.facts]
            st.html(facts_html(rows, caption="Computed just now from the model and from the known truth"))
    if at + 1 < len(lesson.questions):
        after = lesson.questions[at + 1]
        st.button(
            "The same thought elsewhere" if after.transfer else "Next question", key="learn-next", type="primary",
            on_click=_go, args=(lesson, at + 1),
        )  # fmt: skip
    _back()


def _heading(lesson: Lesson, at: int) -> None:
    with st.container(gap=None):
        st.header(lesson.title, anchor=False)
        st.caption(f"Question {at + 1} of {len(lesson.questions)}")


def _back() -> None:
    st.button("All cases", key="learn-back", on_click=_leave, type="tertiary", icon=":material/arrow_back:")


def _key(lesson: Lesson) -> str:
    """The lesson's name in the learner's table; those of one's own folder may carry the name of a shipped one."""
    shipped = [o for o in lesson_library.offered() if not o.own and lesson in o.lessons]
    return lesson.key if shipped else f"own:{lesson.key}"


def _go(lesson: Lesson, at: int) -> None:
    st.session_state[_OPEN] = (_name(lesson), at)


def _leave() -> None:
    st.session_state.pop(_OPEN, None)


def _forget() -> None:
    st.session_state.pop(_PROGRESS, None)
    st.session_state.pop(_SINCE, None)
