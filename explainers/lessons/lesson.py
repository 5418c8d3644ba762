"""What a lesson is: a case, questions with choices, and what each number in it is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Choice", "Fact", "Lesson", "Measure", "Question", "Show"]

Show = Literal["patient", "answer", "explanation"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is computed: its name, and what it is computed of.

    Parameters
    ----------
    name : str
        A key of `explainers.lessons.measures.MEASURES`.
    settings : mapping
        Option, patient, edits, group: whatever the measure takes.
    minus : Measure or None
        Taken away from it.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    minus: Measure | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given.

    Parameters
    ----------
    text : str
    least, below : float or None
        The answer is right where the computed number lies in [least, below); None is open.
    measure : Measure or None
        For a question after the largest: what this choice stands for.
    option : str
        For a question after the option ranked first; empty elsewhere.
    """

    text: str
    least: float | None = None
    below: float | None = None
    measure: Measure | None = None
    option: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A number of the reveal, by the name its words use."""

    name: str
    label: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Question:
    """One question: committed to before anything of the reveal is computed.

    Parameters
    ----------
    kind : {"range", "largest", "first"}
        Right is the choice whose range holds the answer, whose measure is largest in size, or whose option is ranked
        first.
    answer : Measure
    misconception : str
        Named after the reveal only.
    words : str
        The reveal; {name} stands for a fact's number.
    show : tuple of {"patient", "answer", "explanation"}
        What of the case is drawn before the question.
    transfer : bool
        Whether it asks for the same thought in another place.
    """

    key: str
    text: str
    kind: Literal["range", "largest", "first"]
    answer: Measure
    choices: tuple[Choice, ...]
    misconception: str
    words: str
    facts: tuple[Fact, ...]
    story: str = ""
    patient: str = ""
    option: str = ""
    show: tuple[Show, ...] = ()
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Lesson:
    """A guided case.

    Parameters
    ----------
    key : str
        Stem of its file.
    title, story : str
    bundle : str
        Name of the model it asks.
    patient, option : str
    truth, effects : Path or None
        Tables of what is true: per patient, and per input and option.
    """

    key: str
    title: str
    order: float
    minutes: int
    bundle: str
    patient: str
    option: str
    story: str
    questions: tuple[Question, ...]
    path: Path
    truth: Path | None = None
    effects: Path | None = None
