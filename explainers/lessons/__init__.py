"""Guided cases on the limits of models: written as data files, answered by the model and the truth, never by hand."""

from explainers.lessons.answering import Answered, LessonAnswerError, answer
from explainers.lessons.lesson import Choice, Lesson, Measure, Question
from explainers.lessons.measures import MEASURES, World
from explainers.lessons.progress import Commit, Progress, brier
from explainers.lessons.reading import LessonError, read_lesson, read_lessons

__all__ = [
    "MEASURES",
    "Answered",
    "Choice",
    "Commit",
    "Lesson",
    "LessonAnswerError",
    "LessonError",
    "Measure",
    "Progress",
    "Question",
    "World",
    "answer",
    "brier",
    "read_lesson",
    "read_lessons",
]
