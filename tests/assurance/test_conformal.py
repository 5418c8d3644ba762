"""Prediction sets: by hand, against a library, and covering what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from oncology.bundles import load
from oncology.uncertainty import CalibrationError, OutcomeSets
from sample_data.trust_check import redraw

RNG = np.random.default_rng(7)
P = expit(RNG.normal(-0.5, 1.3, 600))
Y = (RNG.random(600) < P).astype(float)
BUNDLE = Path(__file__).parents[2] / "sample_data" / "bundles" / "solid_tumours"


def test_nine_patients_by_hand():
    # Probability against what happened: 0.1 0.2 0.2 0.3 0.3 0.4 0.6 0.7 0.9. At 80 %, an outcome stays while more than
    # 0.2 of ten (the nine and the new one) went at least as far against it: while the probability against it is <= 0.7.
    p = np.array([0.1, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.3, 0.1])
    y = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1])
    sets = OutcomeSets.fit(p, y)
    assert sets.against.tolist() == pytest.approx([0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.6, 0.7, 0.9])
    assert [sets.answer(q, coverage=0.8) for q in (0.05, 0.29, 0.31, 0.69, 0.71)] == [
        "no",
        "no",
        "either",
        "either",
        "yes",
    ]
    assert sets.answer(0.3, coverage=0.8) == "either"  # as far against it as one of the nine: that one counts
    no, yes = sets.p_values(0.35)
    assert (no, yes) == (pytest.approx(0.5), pytest.approx(0.3))


def test_p_values_are_those_of_crepes():
    from crepes import ConformalClassifier

    library = ConformalClassifier().fit(np.where(Y == 1, 1 - P, P))
    new = RNG.random(200)
    theirs = library.predict_p(np.column_stack([new, 1 - new]), smoothing=False)
    np.testing.assert_allclose(np.column_stack(OutcomeSets.fit(P, Y).p_values(new)), theirs, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 0.99), st.floats(0, 0.2))
def test_more_coverage_never_leaves_out_more_and_no_set_is_empty(p, coverage, more):
    sets = OutcomeSets.fit(P, Y)
    less, wider = sets.holds(p, coverage=coverage), sets.holds(p, coverage=min(coverage + more, 0.995))
    assert any(less) and any(wider)
    if not (all(less) and not all(wider)):
        return
    # Both were kept for want of either: only then may a wider promise name one.
    assert max(sets.p_values(p)) <= 1 - coverage + 1e-9


def test_sets_hold_what_happens_as_often_as_they_promise_whatever_the_model_is_worth():
    # A model that knows nothing and one that is upside down keep the promise, by saying less.
    for q in (P, np.full(600, 0.5), 1 - P):
        held = []
        for seed in range(30):
            rows = np.random.default_rng(seed).permutation(600)
            no, yes = OutcomeSets.fit(q[rows[:300]], Y[rows[:300]]).holds(q[rows[300:]])
            held.append(np.where(Y[rows[300:]] == 1, yes, no).mean())
        assert np.mean(held) >= 0.89


def test_the_promise_holds_on_fresh_patients_of_the_sample_model():
    # The short form of tests/validate/test_trust.py.
    found = redraw(load(BUNDLE), 2, 8000)
    assert 0.88 <= found.mean <= 0.93
    assert found.lowest_group(fewest=300)[1] >= 0.85
    assert found.bins_met >= 0.88 * found.bins and found.bins > 150


def test_what_makes_no_sense_is_refused():
    with pytest.raises(CalibrationError, match="strictly between 0 and 1"):
        OutcomeSets.fit(P, Y).answer(0.5, coverage=1.0)
    with pytest.raises(CalibrationError, match=r"lie in \[0, 1\]"):
        OutcomeSets.fit([1.2], [1])
    with pytest.raises(CalibrationError, match="expected one each"):
        OutcomeSets.fit([0.5, 0.5], [1])
