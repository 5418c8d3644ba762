"""What a learner committed to is scored by hand arithmetic, kept once, and taken away without a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.lessons import Commit, Progress, brier


def commit(question: str, *, chosen: int = 0, right: int = 0, confidence: int = 70) -> Commit:
    return Commit(
        "case",
        question,
        False,
        chosen,
        f"choice {chosen}",
        right,
        f"choice {right}",
        confidence,
        1.5,
        12,
        "abc",
    )


def test_brier_by_hand():
    assert brier(0.7, True) == pytest.approx(0.09)
    assert brier(0.7, False) == pytest.approx(0.49)


@given(st.floats(0, 1), st.booleans())
def test_a_brier_score_lies_between_nought_and_one_and_honesty_is_never_punished(said, correct):
    assert 0 <= brier(said, correct) <= 1
    assert brier(said, True) + brier(said, False) >= 0.5 - 1e-6


def test_an_answer_stays_as_it_was_given_first():
    first, second = commit("one", chosen=1), commit("one", chosen=0)
    assert Progress().with_commit(first).with_commit(second).commits == (first,)


def test_the_score_of_three_answers_by_hand():
    done = Progress()
    for c in (commit("a", confidence=95), commit("b", chosen=1, confidence=85), commit("c", confidence=55)):
        done = done.with_commit(c)
    assert done.n_correct == 2
    assert done.mean_brier == pytest.approx((0.05**2 + 0.85**2 + 0.45**2) / 3)
    assert done.words() == "2 of 3 right; on average 78 % sure. Brier score 0.31 (0 is best, 1 worst)."


def test_four_answers_say_whether_one_was_surer_than_right():
    done = Progress(tuple(commit(str(i), chosen=i % 2, confidence=95) for i in range(4)))
    assert done.words().endswith("Surer than right.")
    modest = Progress(tuple(commit(str(i), confidence=40) for i in range(4)))
    assert modest.words().endswith("Less sure than right.")


def test_the_table_holds_the_answers_and_no_name():
    rows = Progress((commit("one", chosen=1, right=2, confidence=85),)).rows()
    assert rows[0] == {
        "lesson": "case", "question": "one", "transfer": "no", "chosen": "choice 1", "right": "choice 2", "correct": "no",
        "confidence_percent": 85, "brier": 0.7225, "computed_answer": 1.5, "seconds": 12, "model_sha256": "abc",
    }  # fmt: skip
