"""The right choice of a question and the numbers of its reveal, computed once somebody has committed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explainers.charts.computed_facts import Side
from explainers.lessons.lesson import Lesson, Measure, Question
from explainers.lessons.measures import MEASURES, LessonAnswerError, World, compute, first_option

__all__ = ["Answered", "Computed", "LessonAnswerError", "answer", "number_words"]


@dataclass(frozen=True, slots=True)
class Computed:
    """A number of a reveal.

    share : the number where it is a share of 100 patients, else None.
    side : whose number it is.
    """

    label: str
    words: str
    share: float | None
    side: Side


@dataclass(frozen=True, slots=True)
class Answered:
    """What is right, and the numbers that show it.

    Parameters
    ----------
    right : int
        Position of the right choice.
    value : float
        The computed answer; for a question after the largest, the size of the right choice's measure.
    words : str
        The reveal with its numbers.
    facts : tuple of Computed
    """

    right: int
    value: float
    words: str
    facts: tuple[Computed, ...]


def answer(lesson: Lesson, question: Question, world: World) -> Answered:
    """Compute a question's answer.

    Raises
    ------
    LessonAnswerError
        If no choice is right, or two are.
    OncologyError
        If the model or the truth cannot answer.
    """
    right, value = _right(lesson, question, world)
    numbers = {f.name: compute(f.measure, world) for f in question.facts}
    said = {f.name: number_words(_unit(f.measure), numbers[f.name], world) for f in question.facts}
    said["answer"] = number_words(_unit(question.answer), value, world)
    words = re.sub(r"\{([^{}]*)\}", lambda m: said[m[1]], question.words)
    facts = tuple(
        Computed(
            f.label, said[f.name], numbers[f.name] if _is_share(f.measure, world) else None, MEASURES[f.measure.name].side
        )
        for f in question.facts
    )  # fmt: skip
    return Answered(right, value, words, facts)


def _unit(measure: Measure) -> str:
    """The measure that tells how a number is written: a difference is written as a change."""
    return "model change" if measure.minus is not None else measure.name


def number_words(measure: str, value: float, world: World) -> str:
    """A number as it is written in a reveal.

    Shares and answers are whole points of 100, changes carry their sign, AUC has two places, scores three.
    """
    if measure == "auc":
        return f"{value:.2f}"
    if world.bundle.is_score and measure in ("model answer", "model change"):
        return f"{value:+.3f}" if measure == "model change" else f"{value:.3f}"
    whole = round(value)
    if measure in ("model change", "true effect"):
        return f"{whole:+d}".replace("-", "\N{MINUS SIGN}") if whole else "0"
    return f"{whole:,}".replace("-", "\N{MINUS SIGN}")


def _is_share(measure: Measure, world: World) -> bool:
    """Whether a number is a share of 100 patients, so that a bar can show it."""
    if measure.minus is not None or (measure.name == "model answer" and world.bundle.is_score):
        return False
    return measure.name in ("model answer", "model share", "true share", "observed share")


def _right(lesson: Lesson, question: Question, world: World) -> tuple[int, float]:
    where = f"{lesson.path.name}, question {question.key}"
    if question.kind == "first":
        option = first_option(world, question.answer.settings)
        named = [
            i
            for i, c in enumerate(question.choices)
            if world.bundle.options[world.bundle.option_index(c.option)] == option
        ]
        if len(named) != 1:
            raise LessonAnswerError(
                f"{where}: the model ranks {world.bundle.label(option)} first, which {len(named)} of the choices name; "
                "expected one."
            )
        return named[0], 0.0
    if question.kind == "largest":
        sizes = [abs(compute(c.measure, world)) for c in question.choices if c.measure is not None]
        best = max(sizes)
        if sizes.count(best) != 1:
            raise LessonAnswerError(
                f"{where}: two choices are equally large ({best:.3g}); expected one largest."
            )
        return sizes.index(best), best
    value = compute(question.answer, world)
    for i, c in enumerate(question.choices):
        if (c.least is None or value >= c.least) and (c.below is None or value < c.below):
            return i, value
    raise LessonAnswerError(f"{where}: the answer is {value:.3g}, and no choice holds it.")
