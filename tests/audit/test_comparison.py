"""Two models on the same patients: paired intervals, against slow twins and against models known to be equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, roc_auc_score

from explainers.audit.comparison import (
    compare,
    compare_with,
    delong_difference,
    same_patients,
)
from explainers.audit.data import of_arrays, of_bundle, of_cohort
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.reliability import reliability
from explainers.audit.rival import _out_of_fold, simple_rival
from explainers.audit.worst import rows, worst
from oncology.performance import auc_with_interval
from tests.audit.test_audit_data import patients
from tests.explainers.small_cohort import build_small


def slow_delong(y, a, b):
    """The same by every pair of patients, one at a time."""
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)

    def won(s, i, j):
        return 1.0 if s[i] > s[j] else 0.5 if s[i] == s[j] else 0.0

    v10 = [[np.mean([won(s, i, j) for j in zeros]) for i in ones] for s in (a, b)]
    v01 = [[np.mean([won(s, i, j) for i in ones]) for j in zeros] for s in (a, b)]
    s10, s01 = np.cov(v10), np.cov(v01)
    s = s10 / len(ones) + s01 / len(zeros)
    return np.mean(v10[1]) - np.mean(v10[0]), np.sqrt(s[0, 0] + s[1, 1] - 2 * s[0, 1])


def test_delongs_paired_difference_is_that_of_every_pair(drawn):
    y, p = drawn(60)
    q = np.round(p + np.random.default_rng(1).normal(0, 0.2, 60), 1)
    difference, error, auc_p, auc_q = delong_difference(y, p, q)
    slow, slow_error = slow_delong(y, p, q)
    assert (difference, error) == pytest.approx((slow, slow_error), abs=1e-12)
    assert (auc_p, auc_q) == pytest.approx((roc_auc_score(y, p), roc_auc_score(y, q)), abs=1e-12)


def test_paired_intervals_are_tighter_than_two_apart(drawn):
    y, p = drawn(300)
    q = p + np.random.default_rng(1).normal(0, 0.02, 300)
    _, error, *_ = delong_difference(y, p, q)
    _, low, high = auc_with_interval(y, p)
    assert error < (high - low) / 3.92 / 3


def pair(drawn, bend, n=600):
    y, p = drawn(n)
    make = lambda v, name: of_arrays(y, v, options=["drug"], name=name)  # noqa: E731
    return make(p, "one"), make(bend(p), "two")


def test_a_model_against_itself_shows_no_detectable_loss(drawn):
    found = compare(*pair(drawn, lambda p: p), rounds=60)
    assert "no detectable loss in ranking with two" in found.words("drug")
    assert "no detectable loss in its probabilities" in found.words("drug")
    assert found.loses() == ()
    assert all(r.estimate == 0 for r in found.table)


def test_noise_costs_ranking_and_probabilities(drawn):
    rng = np.random.default_rng(2)
    found = compare(*pair(drawn, lambda p: expit(logit(p) + rng.normal(0, 2, len(p)))), rounds=100)
    assert "two ranks patients worse" in found.words("drug")
    assert "its probabilities are worse" in found.words("drug")
    assert found.loses() == ("drug",)


def test_bending_costs_no_ranking_but_probabilities(drawn):
    found = compare(*pair(drawn, lambda p: expit(2.5 * logit(p) + 1)), rounds=100)
    assert found.table.get("drug", "AUC").estimate == 0
    assert "its probabilities are worse" in found.words("drug")


def test_the_figures_beside_the_difference_are_scikit_learns(drawn):
    one, two = pair(drawn, lambda p: expit(2 * logit(p)))
    y, p = one.of("drug")
    _, q = two.of("drug")
    rows_ = {r["metric"]: r for r in compare(one, two, rounds=40).rows()}
    assert rows_["Brier score"]["one"] == pytest.approx(brier_score_loss(y, p), abs=5e-4)
    assert rows_["Brier score"]["two"] == pytest.approx(brier_score_loss(y, q), abs=5e-4)
    assert rows_["AUC"]["in words"] == "no detectable difference"


def test_too_few_patients_are_not_compared(drawn):
    one = of_arrays([1.0] * 6 + [0.0] * 30, np.linspace(0.1, 0.9, 36), options=["drug"], name="one")
    found = compare(one, one, rounds=20)
    assert "fewer than 10 patients" in found.words("drug")


def test_only_shared_patients_and_options_are_compared():
    index = pd.Index(["a", "b", "c"])
    groups = pd.DataFrame({"sex": ["f", "m", "f"]}, index=index)
    one = of_arrays(
        [[1, 0], [0, 1], [1, 1]], np.full((3, 2), 0.5), options=["x", "y"], name="one", groups=groups
    )
    two = of_arrays([[0.0], [1.0]], [[0.1], [0.2]], options=["y"], name="two", groups=groups.loc[["a", "c"]])
    a, b = same_patients(one, two)
    assert a.options == b.options == ("y",)
    assert list(a.X.index) == list(b.X.index) == ["a", "c"]
    assert a.y[:, 0].tolist() == b.y[:, 0].tolist() == [0.0, 1.0]


def test_strangers_and_contradictions_are_refused():
    one = of_arrays([1.0, 0.0], [0.5, 0.5], options=["x"], name="one")
    with pytest.raises(AuditError, match="share no option"):
        same_patients(one, of_arrays([1.0, 0.0], [0.5, 0.5], options=["z"], name="two"))
    with pytest.raises(AuditError, match="with other outcomes"):
        same_patients(one, of_arrays([0.0, 0.0], [0.5, 0.5], options=["x"], name="two"))


def test_the_simple_rival_sees_the_same_folds_and_no_patient_of_its_own(small_bundle):
    data = of_bundle(small_bundle)
    rival = simple_rival(small_bundle, data)
    assert np.array_equal(np.isnan(rival.probability), np.isnan(data.y))
    found = compare_with(small_bundle, data, rounds=40)
    # The cohort's truth is a sum: a logistic regression loses nothing on it.
    assert found.loses() == ()


def test_the_simple_rival_has_not_seen_whom_it_predicts():
    # 40 inputs and 60 patients whose outcomes hang on nothing: a model that saw them would rank them almost perfectly.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 40)), (rng.random(60) < 0.5).astype(float)
    assert auc_with_interval(y, _out_of_fold(X, y, 5, 0))[0] < 0.7


def test_a_rival_can_be_stopped_and_needs_training_patients(small_bundle):
    with pytest.raises(StoppedError):
        simple_rival(small_bundle, of_bundle(small_bundle), stop=lambda: True)
    with pytest.raises(AuditError, match="on the training patients only"):
        simple_rival(small_bundle, of_cohort(small_bundle, patients(), "here"))


def test_a_second_bundle_is_asked_about_the_same_outside_patients(small_bundle, tmp_path):
    second = build_small(tmp_path / "linear", "linear")
    data = of_cohort(small_bundle, patients(), "here")
    found = compare_with(small_bundle, data, second, rounds=30)
    assert found.second == "Small"
    assert found.table.get("osimertinib", "AUC").n == 40


# Worst errors and reliability ----------------------------------------------------------------------------------------


def test_the_worst_error_is_the_least_likely_outcome():
    data = of_arrays(
        [[1.0, 0.0], [0.0, np.nan], [1.0, 1.0]],
        [[0.9, 0.98], [0.7, 0.99], [0.4, 0.05]],
        options=["x", "y"],
        name="c",
    )
    found = worst(data)
    assert [(s.patient_id, s.option) for s in found] == [
        ("0", "y"),
        ("2", "y"),
        ("1", "x"),
        ("2", "x"),
        ("0", "x"),
    ]
    assert found[0].surprise == pytest.approx(-np.log(0.02))
    assert found[0].observed == "did not respond"
    assert rows(worst(data, option="x"))[0]["patient"] == "1"


def test_a_scores_surprise_is_a_rank_and_never_a_likelihood():
    y = np.array([0.0, 0, 0, 1, 1])
    data = of_arrays(y, [5.0, 1.0, 2.0, 0.5, 4.0], options=["risk"], name="c", is_score=True)
    found = worst(data)
    assert {s.patient_id for s in found[:2]} == {"0", "3"}
    assert all(0 <= s.surprise <= 1 for s in found)
    assert "surprise (rank, 0 to 1)" in rows(found, "score")[0]


def test_reliability_by_group_is_plain_arithmetic_and_redraws_whole_patients():
    rng = np.random.default_rng(0)
    n = 200
    groups = pd.DataFrame({"sex": np.where(np.arange(n) % 4 == 0, "female", "male")})
    y, p = (rng.random((n, 2)) < 0.4).astype(float), np.full((n, 2), 0.3)
    y[:, 1] = y[
        :, 0
    ]  # two answers of one patient that always agree: half as much knowledge as there are answers
    twice = of_arrays(y, p, options=["a", "b"], name="c", groups=groups)
    once = of_arrays(y[:, 0], p[:, 0], options=["a"], name="c", groups=groups)
    female = np.arange(n) % 4 == 0
    both = [
        reliability(d, "sex", rounds=400).where(group="sex: female", metric="observed minus predicted")
        for d in (twice, once)
    ]
    (two,), (one,) = (list(b) for b in both)
    assert one.estimate == two.estimate == pytest.approx(y[female, 0].mean() - 0.3)
    assert (two.n, one.n) == (100, 50)
    assert (two.ci_high - two.ci_low) == pytest.approx(one.ci_high - one.ci_low, rel=0.1)


def test_a_group_with_a_small_count_stays_without_figures():
    groups = pd.DataFrame({"sex": ["female"] * 4 + ["male"] * 40})
    data = of_arrays([1.0, 0, 0, 0] + [1.0, 0.0] * 20, [0.4] * 44, options=["a"], name="c", groups=groups)
    found = reliability(data, "sex", rounds=20)
    hidden = found.where(group="sex: female")
    assert len(hidden) == 3 and all("not shown" in r.reason for r in hidden)
    assert all(r.is_known for r in found.where(group="sex: male"))
