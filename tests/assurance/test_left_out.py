"""What the abstention rule leaves out, by a measure that does not hang on how many respond; patients counted once."""

import numpy as np
import pytest

from oncology.assurance.abstaining import _Pairs, left_out


def pairs(n: int = 4000, seed: int = 0, *, blind: bool = False, times: int = 1) -> _Pairs:
    """Answered: half respond. Left out: one in ten; the model is as good there, or says the option's share (`blind`)."""
    rng = np.random.default_rng(seed)
    answered = np.arange(n) % 5 != 0
    even = np.clip(0.5 + rng.normal(0, 0.25, n), 0.01, 0.99)
    p = np.where(answered, even, np.where(rng.random(n) < 0.2, 0.42, 0.02))
    y = (rng.random(n) < p).astype(float)
    plain = np.where(answered, y[answered].mean(), y[~answered].mean())
    said = np.where(answered | (not blind), p, np.minimum(plain + 0.1, 1.0))
    again = lambda v: np.repeat(v, times)  # noqa: E731
    return _Pairs(again(said), again(plain), again(y), again(np.arange(n)), again(answered))


def test_figures_are_those_of_hand_arithmetic():
    said = np.array([0.8, 0.4, 0.6, 0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.4])
    y = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    answered = np.array([True] * 4 + [False] * 6)
    found = left_out(_Pairs(said, np.full(10, 0.3), y, np.arange(10), answered))
    assert found is not None and (found.n, found.n_patients) == (6, 6)
    # Left out: 0.04 + 0.01 + 0.49 + 0.01 + 0.04 + 0.16 = 0.75 of six; always 0.3: 5 x 0.09 + 0.49 = 0.94.
    assert found.brier == pytest.approx(0.75 / 6) and found.plain == pytest.approx(0.94 / 6)
    assert found.gain == pytest.approx(1 - 0.75 / 0.94)
    # Answered: 0.04 + 0.16 + 0.16 + 0.01 = 0.37 of four; always 0.3: 2 x 0.49 + 2 x 0.09 = 1.16.
    assert found.plain_answered == pytest.approx(0.29) and found.gain_answered == pytest.approx(
        1 - 0.37 / 1.16
    )
    assert found.said == pytest.approx(1.3 / 6) and found.seen is None  # one responder is not told


def test_few_responders_make_the_squared_error_small_and_the_words_say_so():
    found = left_out(pairs(blind=True))
    assert found is not None and found.high < 0  # by squared error those left out look better
    assert found.gain_high < 0  # against always saying the option's share they are worse
    said = found.words("responded")
    assert "where few respond the error is small whatever is said" in said
    assert "what the rule leaves out are the worse answers" in said
    assert f"it said {100 * found.said:.0f} of 100 on average, and {100 * found.seen:.0f} responded" in said
    fair = left_out(pairs())
    assert fair is not None and "the worse answers" not in fair.words("responded").replace(
        "does not pick out the worse", ""
    )


def test_intervals_count_patients_and_not_their_answers():
    once, four = left_out(pairs(1500)), left_out(pairs(1500, times=4))
    assert once is not None and four is not None
    assert (four.n, four.n_patients) == (1200, 300)
    for side in ("", "gain_", "seen_"):
        width = getattr(once, f"{side}high") - getattr(once, f"{side}low")
        assert getattr(four, f"{side}high") - getattr(four, f"{side}low") == pytest.approx(width, rel=0.12)
    assert "1,200 left out of 300 patients" in four.words("responded")
    assert "redrawn patient by patient" in once.words("responded")


def test_the_interval_is_that_of_two_independent_means_where_patients_have_one_answer():
    made = pairs(3000)
    found, out = left_out(made), ~made.answered
    error = (made.said - made.outcome) ** 2
    spread = np.hypot(error[out].std() / np.sqrt(out.sum()), error[~out].std() / np.sqrt((~out).sum()))
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_answers_of_a_handful_of_patients_are_not_told():
    made = pairs(60, times=3)
    few = _Pairs(made.said, made.plain, made.outcome, made.patient, made.patient >= 4)
    assert (~few.answered).sum() == 12 and left_out(few) is None
