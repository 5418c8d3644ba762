"""Read lessons from TOML files, strictly: whatever is not understood is named with what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from explainers.lessons.lesson import Choice, Fact, Lesson, Measure, Question, Show
from explainers.lessons.measures import MEASURES
from oncology.errors import OncologyError

__all__ = ["FORMAT", "LessonError", "read_lesson", "read_lessons"]

FORMAT = 1
MOST_BYTES = 200_000
MOST_FILES = 100
_SHOW: tuple[Show, ...] = ("patient", "answer", "explanation")
_LESSON = {
    "glassboard_lesson", "title", "order", "minutes", "bundle", "patient", "option", "story", "truth", "effects", "questions",
}  # fmt: skip
_QUESTION = {
    "key", "text", "kind", "answer", "choices", "misconception", "reveal", "facts", "story", "patient", "option", "show",
    "transfer",
}  # fmt: skip
_CHOICES = {
    "range": {"text", "at_least", "below"},
    "largest": {"text", "measure"},
    "first": {"text", "option"},
}


class LessonError(OncologyError, ValueError):
    """A lesson file that cannot be used: where, what was found, what was expected."""

    def __init__(self, file: str, place: str, found: str, expected: str) -> None:
        super().__init__(
            f"{file}, {place}: {found}; expected {expected}. docs/lessons.md shows a whole lesson."
        )
        self.file, self.place = file, place


def read_lessons(folder: Path) -> tuple[tuple[Lesson, ...], tuple[str, ...]]:
    """The lessons of a folder in their order, and why others could not be read.

    Parameters
    ----------
    folder : Path
        Every `*.toml` in it is a lesson; a folder that is not there holds none.
    """
    lessons: list[Lesson] = []
    problems: list[str] = []
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if len(files) > MOST_FILES:
        problems.append(f"The folder holds {len(files)} lesson files; only the first {MOST_FILES} are read.")
    for file in files[:MOST_FILES]:
        try:
            lessons.append(read_lesson(file))
        except LessonError as error:
            problems.append(str(error))
    return tuple(sorted(lessons, key=lambda le: (le.order, le.key))), tuple(problems)


def read_lesson(path: Path) -> Lesson:
    """One lesson.

    Raises
    ------
    LessonError
        With the place in the file, what was found and what was expected.
    """
    name = path.name
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LessonError(name, "the file", f"{path.stat().st_size:,} bytes", f"at most {MOST_BYTES:,}")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(
            name, "the file", f"it cannot be read ({type(error).__name__})", "a text file in UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise LessonError(name, "the file", f"no TOML ({error})", "a TOML document") from error
    return _Reader(name, path).lesson(content)


class _Reader:
    """Walks through one document and knows its place in it."""

    def __init__(self, file: str, path: Path) -> None:
        self.file, self.path = file, path

    def wrong(self, place: str, found: str, expected: str) -> LessonError:
        return LessonError(self.file, place, found, expected)

    def known(self, table: Mapping[str, Any], allowed: set[str], place: str) -> None:
        for key in table:
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                hint = f" (did you mean {near[0]}?)" if near else ""
                raise self.wrong(
                    place, f"the unknown key {key!r}{hint}", "one of " + ", ".join(sorted(allowed))
                )

    def text(self, table: Mapping[str, Any], key: str, place: str, *, needed: bool = True) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or (needed and not value.strip()):
            raise self.wrong(place, f"{key} = {value!r}" if key in table else f"no {key}", "a text")
        return value.strip()

    def tables(self, table: Mapping[str, Any], key: str, place: str) -> list[Mapping[str, Any]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.wrong(place, f"{key} = {value!r}", "a list of tables")
        return value

    def number(self, table: Mapping[str, Any], key: str, place: str) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(place, f"{key} = {value!r}", "a number")
        return float(value)

    def lesson(self, content: Mapping[str, Any]) -> Lesson:
        place = "the top of the file"
        if content.get("glassboard_lesson") != FORMAT:
            raise self.wrong(
                place,
                f"glassboard_lesson = {content.get('glassboard_lesson')!r}",
                f"glassboard_lesson = {FORMAT}",
            )
        self.known(content, _LESSON, place)
        questions = self.tables(content, "questions", place)
        if not questions:
            raise self.wrong(place, "no [[questions]]", "at least one question")
        read = tuple(self.question(q, i) for i, q in enumerate(questions, 1))
        keys = [q.key for q in read]
        if len(set(keys)) < len(keys):
            raise self.wrong("questions", f"the keys {', '.join(keys)}", "a key of its own for each question")
        minutes = self.number(content, "minutes", place)
        return Lesson(
            key=self.path.stem, title=self.text(content, "title", place), order=self.number(content, "order", place) or 0.0,
            minutes=int(minutes or 5), bundle=self.text(content, "bundle", place),
            patient=self.text(content, "patient", place, needed=False),
            option=self.text(content, "option", place, needed=False), story=self.text(content, "story", place),
            questions=read, path=self.path, truth=self.beside(content, "truth"), effects=self.beside(content, "effects"),
        )  # fmt: skip

    def beside(self, content: Mapping[str, Any], key: str) -> Path | None:
        name = self.text(content, key, "the top of the file", needed=False)
        if not name:
            return None
        path = self.path.parent / name
        if not path.is_file():
            raise self.wrong(
                "the top of the file",
                f"{key} = {name!r}, where there is no file",
                "a path seen from the lesson",
            )
        return path

    def question(self, table: Mapping[str, Any], number: int) -> Question:
        place = f"question {number}"
        self.known(table, _QUESTION, place)
        kind = table.get("kind", "range")
        if kind not in _CHOICES:
            raise self.wrong(place, f"kind = {kind!r}", "range, largest or first")
        answer = (
            self.measure(table.get("answer", {"measure": "none"}), f"{place}, answer")
            if kind == "range"
            else None
        )
        if kind != "range" and "answer" in table and kind == "largest":
            raise self.wrong(
                place, "an answer", "none: the choices of a question after the largest carry measures"
            )
        if kind == "first":
            answer = Measure(
                "model first", self.settings(table.get("answer", {}), {"patient", "edits"}, place)
            )
        choices = self.choices(table, kind, place)
        facts = tuple(
            self.fact(f, f"{place}, fact {i}") for i, f in enumerate(self.tables(table, "facts", place), 1)
        )
        words = self.text(table, "reveal", place)
        named = {f.name for f in facts} | {"answer"}
        for used in re.findall(r"\{([^{}]*)\}", words):
            if used not in named:
                raise self.wrong(
                    f"{place}, reveal", f"{{{used}}}", "a fact's name: " + ", ".join(sorted(named))
                )
        show = table.get("show", [])
        if not isinstance(show, list) or any(s not in _SHOW for s in show):
            raise self.wrong(place, f"show = {show!r}", "a list of patient, answer, explanation")
        return Question(
            key=self.text(table, "key", place), text=self.text(table, "text", place), kind=kind,
            answer=answer or Measure("none"), choices=choices,
            misconception=self.text(table, "misconception", place, needed=False), words=words, facts=facts,
            story=self.text(table, "story", place, needed=False), patient=self.text(table, "patient", place, needed=False),
            option=self.text(table, "option", place, needed=False), show=tuple(show), transfer=table.get("transfer") is True,
        )  # fmt: skip

    def choices(self, table: Mapping[str, Any], kind: str, place: str) -> tuple[Choice, ...]:
        rows = self.tables(table, "choices", place)
        if not 2 <= len(rows) <= 6:
            raise self.wrong(place, f"{len(rows)} choices", "two to six")
        found = []
        for i, row in enumerate(rows, 1):
            where = f"{place}, choice {i}"
            self.known(row, _CHOICES[kind], where)
            text = self.text(row, "text", where)
            least, below = self.number(row, "at_least", where), self.number(row, "below", where)
            if kind == "range" and least is None and below is None:
                raise self.wrong(where, "neither at_least nor below", "a range: at_least, below, or both")
            measure = self.measure(row.get("measure", {}), where) if kind == "largest" else None
            option = self.text(row, "option", where) if kind == "first" else ""
            found.append(Choice(text, least, below, measure, option))
        if kind == "range":
            self.ranges(found, place)
        return tuple(found)

    def ranges(self, choices: Sequence[Choice], place: str) -> None:
        """Every number has one right choice: the ranges meet end to end, from open to open."""
        low, high = float("-inf"), float("inf")
        ends = sorted(
            (low if c.least is None else c.least, high if c.below is None else c.below) for c in choices
        )
        gaps = [
            (a, b)
            for (_, a), (b, _) in zip([(low, low), *ends], [*ends, (high, high)], strict=True)
            if a != b
        ]
        if gaps or any(a >= b for a, b in ends):
            raise self.wrong(
                place,
                "ranges that overlap, leave a gap or are empty",
                "ranges that meet: each begins where another ends",
            )

    def fact(self, table: Mapping[str, Any], place: str) -> Fact:
        name = self.text(table, "name", place)
        if not name.isidentifier():
            raise self.wrong(place, f"name = {name!r}", "letters, digits and underscores")
        label = self.text(table, "label", place)
        return Fact(
            name, label, self.measure({k: v for k, v in table.items() if k not in ("name", "label")}, place)
        )

    def measure(self, table: Any, place: str) -> Measure:
        if not isinstance(table, dict) or "measure" not in table:
            raise self.wrong(place, f"{table!r}", "a table with a measure: " + ", ".join(MEASURES))
        name = table["measure"]
        if name not in MEASURES:
            near = get_close_matches(str(name), MEASURES, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise self.wrong(place, f"measure = {name!r}{hint}", "one of " + ", ".join(MEASURES))
        minus = self.measure(table["minus"], f"{place}, minus") if "minus" in table else None
        rest = {k: v for k, v in table.items() if k not in ("measure", "minus")}
        settings = self.settings(rest, set(MEASURES[name].settings), place)
        absent = [k for k in MEASURES[name].needed if k not in settings]
        if absent:
            raise self.wrong(place, f"{name!r} without {', '.join(absent)}", MEASURES[name].words)
        return Measure(name, settings, minus)

    def settings(self, table: Any, allowed: set[str], place: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self.wrong(place, f"{table!r}", "a table")
        self.known(table, allowed, place)
        for key in ("patient", "option", "input", "method"):
            if key in table:
                self.text(table, key, place)
        for key in ("edits", "where"):
            rows = table.get(key, [])
            if not isinstance(rows, list) or any(not isinstance(r, str) for r in rows):
                raise self.wrong(place, f"{key} = {rows!r}", 'a list of texts such as "site = Site 2"')
        return dict(table)
