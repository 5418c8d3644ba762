"""Which lessons are offered: those that ship and those of one's own folder; and the case each of them opens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from oncology.errors import UnknownNameError
from oncology.patients import PatientProfile
from pages.parts import germline_gate, library
from pages.parts.library import BundleChoice

if TYPE_CHECKING:
    from explainers.lessons import Lesson, Question, World
    from oncology.bundles import ModelBundle

_LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True)
class Offered:
    """The lessons of one folder in their order, and why others could not be read."""

    lessons: tuple[Lesson, ...]
    problems: tuple[str, ...]
    own: bool


def offered() -> tuple[Offered, ...]:
    """One's own lessons first, then those that ship."""
    own = _read(library.own_folder("GLASSBOARD_LESSONS", "local/lessons"), True)
    shipped = _read(library.sample_folder() / "lessons", False)
    return tuple(o for o in (own, shipped) if o.lessons or o.problems)


@st.cache_resource(max_entries=8, ttl=_LOOK_AGAIN_SECONDS, show_spinner=False)
def _read(folder: Path, own: bool) -> Offered:
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    stamps = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in files)
    return _lessons(str(folder), stamps, own)


@st.cache_resource(max_entries=8, show_spinner=False)
def _lessons(folder: str, stamps: tuple[tuple[str, int, int], ...], own: bool) -> Offered:
    from explainers.lessons import read_lessons

    lessons, problems = read_lessons(Path(folder))
    return Offered(lessons, problems, own)


def bundle_choice(lesson: Lesson) -> BundleChoice | None:
    """The model a lesson names, by its folder or its own name; None where it is not offered."""
    for choice in library.bundles():
        if lesson.bundle in (choice.key, choice.manifest.name if choice.manifest is not None else ""):
            return choice
    return None


def bundle(lesson: Lesson) -> ModelBundle:
    """The model a lesson asks.

    Raises
    ------
    OncologyError
        If it is not offered, or cannot be opened.
    """
    choice = bundle_choice(lesson)
    if choice is None:
        raise UnknownNameError("Bundle", lesson.bundle, [c.key for c in library.bundles()])
    return library.open_bundle(choice)


def patient(name: str) -> PatientProfile:
    """A patient by id: of the samples or of one's own files; hidden germline findings stay hidden.

    Raises
    ------
    UnknownNameError
        If there is none of that id.
    """
    known = (*library.sample_patients(), *library.own_patients().choices)
    for choice in known:
        if choice.profile.patient_id == name:
            return germline_gate.shown(choice)
    raise UnknownNameError("Patient", name, [c.profile.patient_id for c in known])


def world(lesson: Lesson, question: Question) -> World:
    """What a question's answer is computed of.

    Raises
    ------
    OncologyError
        If the model cannot be opened.
    """
    from explainers.lessons import World

    return World(
        bundle(lesson), patient, question.patient or lesson.patient, question.option or lesson.option,
        lesson.truth, lesson.effects,
    )  # fmt: skip


def case(lesson: Lesson, question: Question) -> tuple[ModelBundle, PatientProfile | None, str | None]:
    """The model, the patient and the option that a question shows; None where it names none.

    Raises
    ------
    OncologyError
    """
    model = bundle(lesson)
    name, option = question.patient or lesson.patient, question.option or lesson.option
    profile = patient(name) if name else None
    return model, profile, model.options[model.option_index(option)] if option else None
