"""What a learner committed to, how well it went, and the table they take away; nothing names the learner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["CONFIDENCES", "Commit", "Progress", "brier"]

# How sure a learner can say they are, in percent.
CONFIDENCES = (25, 40, 55, 70, 85, 95)


def brier(confidence: float, correct: bool) -> float:
    """Squared distance between how sure one was and what came true: 0 is best, 1 is worst.

    Parameters
    ----------
    confidence : float in [0, 1]
        Probability given to the own answer being right.

    References
    ----------
    .. [1] Brier (1950), Monthly Weather Review 78(1).

    Examples
    --------
    >>> brier(0.9, True), brier(0.9, False), brier(0.5, True)
    (0.01, 0.81, 0.25)
    """
    return round((confidence - float(correct)) ** 2, 6)


@dataclass(frozen=True, slots=True)
class Commit:
    """One answer given before the reveal.

    Parameters
    ----------
    confidence : int, percent
    seconds : int
        From the question's first drawing to the commit, whole.
    """

    lesson: str
    question: str
    transfer: bool
    chosen: int
    chosen_text: str
    right: int
    right_text: str
    confidence: int
    value: float
    seconds: int
    model_sha256: str

    @property
    def correct(self) -> bool:
        """Whether the choice was the right one."""
        return self.chosen == self.right

    @property
    def brier(self) -> float:
        """Brier score of the confidence."""
        return brier(self.confidence / 100, self.correct)


@dataclass(frozen=True, slots=True)
class Progress:
    """All answers of one learner, in the order they were given."""

    commits: tuple[Commit, ...] = ()

    def of(self, lesson: str, question: str) -> Commit | None:
        """The answer to one question; None until it was given."""
        return next((c for c in self.commits if (c.lesson, c.question) == (lesson, question)), None)

    def with_commit(self, commit: Commit) -> Progress:
        """One answer more; a question that was answered stays as it was answered first."""
        if self.of(commit.lesson, commit.question) is not None:
            return self
        return Progress((*self.commits, commit))

    @property
    def n_correct(self) -> int:
        """Answers that were right."""
        return sum(c.correct for c in self.commits)

    @property
    def mean_brier(self) -> float | None:
        """Mean Brier score; None before the first answer."""
        return sum(c.brier for c in self.commits) / len(self.commits) if self.commits else None

    def words(self) -> str:
        """How it went so far, in plain sentences."""
        n = len(self.commits)
        if not n or self.mean_brier is None:
            return "No answer yet."
        sure, right = sum(c.confidence for c in self.commits) / n, 100 * self.n_correct / n
        said = f"{self.n_correct} of {n} right; on average {sure:.0f} % sure. Brier score {self.mean_brier:.2f} (0 is best, 1 worst)."
        if n < 4:
            return said
        if sure > right + 15:
            return f"{said} Surer than right."
        return f"{said} Less sure than right." if sure < right - 15 else f"{said} About as sure as right."

    def rows(self) -> list[dict[str, Any]]:
        """One row an answer, for the CSV."""
        return [
            {
                "lesson": c.lesson,
                "question": c.question,
                "transfer": "yes" if c.transfer else "no",
                "chosen": c.chosen_text,
                "right": c.right_text,
                "correct": "yes" if c.correct else "no",
                "confidence_percent": c.confidence,
                "brier": c.brier,
                "computed_answer": round(c.value, 3),
                "seconds": c.seconds,
                "model_sha256": c.model_sha256,
            }
            for c in self.commits
        ]
