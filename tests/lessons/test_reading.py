"""Lessons are read strictly, and every refusal says where, what was found and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from explainers.lessons import LessonError, read_lesson, read_lessons
from explainers.lessons.reading import MOST_BYTES

SHIPPED = Path(__file__).resolve().parents[2] / "sample_data" / "lessons"

GOOD = """
glassboard_lesson = 1
title = "A case"
bundle = "small"
patient = "P1"
option = "osimertinib"
story = "A story."

[[questions]]
key = "one"
text = "What then?"
answer = { measure = "model change", edits = ["EGFR p.L858R = absent"] }
choices = [ { text = "less", below = 0 }, { text = "as much or more", at_least = 0 } ]
misconception = "None."
reveal = "It is {answer}, from {from}."

[[questions.facts]]
name = "from"
label = "As recorded"
measure = "model answer"
"""


def written(folder: Path, text: str, name: str = "case.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_lessons_are_read_without_a_problem():
    lessons, problems = read_lessons(SHIPPED)
    assert problems == ()
    assert len(lessons) == 4
    assert [lesson.order for lesson in lessons] == sorted(lesson.order for lesson in lessons)
    for lesson in lessons:
        assert any(q.transfer for q in lesson.questions)
        assert all(q.misconception for q in lesson.questions)


def test_a_whole_lesson_is_read_as_it_is_written(tmp_path):
    lesson = read_lesson(written(tmp_path, GOOD))
    assert (lesson.key, lesson.title, lesson.minutes) == ("case", "A case", 5)
    question = lesson.questions[0]
    assert question.answer.settings["edits"] == ["EGFR p.L858R = absent"]
    assert [(c.least, c.below) for c in question.choices] == [(None, 0.0), (0.0, None)]
    assert question.facts[0].name == "from"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("glassboard_lesson = 1", "glassboard_lesson = 2", "glassboard_lesson = 2; expected glassboard_lesson = 1"),
        ("glassboard_lesson = 1", "", "glassboard_lesson = None"),
        ('title = "A case"', "", "no title; expected a text"),
        ('title = "A case"', "title = 3", "title = 3; expected a text"),
        ("story =", "stroy =", "the unknown key 'stroy' (did you mean story?)"),
        ("below = 0 }", "below = -1 }", "ranges that overlap, leave a gap or are empty"),
        ("below = 0 }", "below = 1 }", "ranges that overlap, leave a gap or are empty"),
        ("below = 0 }", 'below = "0" }', "below = '0'; expected a number"),
        ('"less", below = 0', '"less"', "neither at_least nor below"),
        ('"model change"', '"modle change"', "measure = 'modle change' (did you mean model change?)"),
        (', edits = ["EGFR p.L858R = absent"] }', " }", "'model change' without edits"),
        ('["EGFR p.L858R = absent"]', '"EGFR p.L858R = absent"', "expected a list of texts"),
        ("from {from}", "from {form}", "{form}; expected a fact's name: answer, from"),
        ('name = "from"', 'name = "from here"', "expected letters, digits and underscores"),
        ('key = "one"', 'key = "one"\nkind = "guess"', "kind = 'guess'; expected range, largest or first"),
        ('key = "one"', 'key = "one"\nshow = ["answers"]', "expected a list of patient, answer, explanation"),
        ("[[questions]]", "[[question]]", "the unknown key 'question' (did you mean questions?)"),
        ('story = "A story."', 'story = "A story."\ntruth = "nowhere.csv"', "truth = 'nowhere.csv', where there is no file"),
        (', { text = "as much or more", at_least = 0 }', "", "1 choices; expected two to six"),
        ("[[questions]]", "[[questions", "no TOML"),
    ],
)  # fmt: skip
def test_a_lesson_that_cannot_be_used_says_what_was_found_and_expected(tmp_path, old, new, expected):
    assert old in GOOD
    with pytest.raises(LessonError) as refused:
        read_lesson(written(tmp_path, GOOD.replace(old, new, 1)))
    assert expected in str(refused.value)
    assert str(refused.value).startswith("case.toml, ")
    assert "docs/lessons.md" in str(refused.value)


def test_two_questions_of_one_name_are_refused(tmp_path):
    twice = GOOD + GOOD[GOOD.index("[[questions]]") :]
    with pytest.raises(LessonError, match="a key of its own for each question"):
        read_lesson(written(tmp_path, twice))


def test_a_file_that_is_no_text_or_far_too_large_is_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LessonError, match="a text file in UTF-8"):
        read_lesson(tmp_path / "bytes.toml")
    with pytest.raises(LessonError, match=r"at most 200,000"):
        read_lesson(written(tmp_path, "#" * (MOST_BYTES + 1)))


def test_one_broken_lesson_does_not_hide_the_others(tmp_path):
    written(tmp_path, GOOD, "a.toml")
    written(tmp_path, "title = ", "b.toml")
    lessons, problems = read_lessons(tmp_path)
    assert [lesson.key for lesson in lessons] == ["a"]
    assert len(problems) == 1 and problems[0].startswith("b.toml")
    assert read_lessons(tmp_path / "nowhere") == ((), ())
