"""One false alarm rate for everything a finding chose from: options, thresholds, models."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from explainers.audit.comparison import compare
from explainers.audit.data import of_arrays
from explainers.audit.family import critical, errors_from, widened
from explainers.audit.findings import family_words, findings, judged, utility, utility_words
from explainers.audit.net_benefit import DecisionCurve, _looks
from explainers.audit.overview import audit

PLAIN = SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15))


def many(n_options: int, seed: int, n: int = 300, signal: float = 0.0):
    """Options whose numbers hang on nothing; the first has a signal where one is asked for."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(0, 1, (n, n_options))
    y = (rng.random((n, n_options)) < expit(-0.3 + signal * hidden * (np.arange(n_options) == 0))).astype(
        float
    )
    p = expit(-0.3 + 0.5 * hidden)
    return of_arrays(y, p, options=[f"o{j}" for j in range(n_options)], name="cohort")


def test_intervals_are_widened_to_bonferronis_limit_at_one_percent():
    assert critical(14) == pytest.approx(norm.ppf(1 - 0.01 / 28))
    low, high = widened(0.6, 0.5, 0.66, critical(14))
    assert (0.6 - low, high - 0.6) == pytest.approx((0.1 * critical(14) / 1.96, 0.06 * critical(14) / 1.96))
    assert errors_from(0.6, 0.502, 0.698, 0.5) == pytest.approx(2.0)
    assert errors_from(0.6, np.nan, 0.7, 0.5) == 0.0


def test_an_option_that_ranks_by_its_own_interval_alone_is_not_said_to_rank_among_many():
    """The same numbers: alone they are called a ranking, beside thirteen others they are not, and the words say why."""
    data = many(14, 1, signal=0.5)
    alone = of_arrays(data.y[:, :1], data.probability[:, :1], options=["o0"], name="cohort")
    one = audit(alone, PLAIN, rounds=20)
    row = one.options[0].row("AUC")
    assert critical(1) < errors_from(row.estimate, row.ci_low, row.ci_high, 0.5) < critical(14)
    assert findings(one)[0].verdict != "no signal"
    found = findings(audit(data, PLAIN, rounds=20))[0]
    assert found.verdict == "no signal" and "for all 14 options together; chance is 50 %" in found.words
    low, high = widened(row.estimate, row.ci_low, row.ci_high, critical(14))
    assert f"({low:.0%} to {high:.0%};" in found.words


def test_of_cohorts_without_signal_few_have_any_option_that_is_said_to_rank():
    alarms = sum(
        any(f.verdict != "no signal" for f in findings(audit(many(14, s), PLAIN, rounds=2)))
        for s in range(24)
    )
    assert alarms <= 2, alarms  # 99.8 % of a binomial of 24 at 1 %; unwidened intervals alarm in three of ten


def test_options_without_an_outcome_are_no_part_of_the_family():
    data = many(4, 2)
    y = data.y.copy()
    y[:, 2:] = np.nan
    found = audit(replace(data, y=y), PLAIN, rounds=5)
    assert judged(found) == 2 and "all 2 options together" in family_words(2)
    assert "options" not in family_words(1)


def curve(low: float, high: float, n_apart: float = 1.0) -> DecisionCurve:
    t = (0.1, 0.2, 0.3)
    same = (0.05,) * 3
    return DecisionCurve("a", 100, 40, t, *[same] * 8, (0.0,) * 3, same, (low,) * 3, (high,) * 3, "X", "", True, n_apart=n_apart)  # fmt: skip


def test_a_worth_is_judged_for_all_options_and_thresholds_together():
    sure = curve(0.02, 0.08)  # 3.27 standard errors
    assert utility(sure, 1, 0.1, 0.3) == "above"
    assert utility(sure, 14, 0.1, 0.3) == "not shown"  # 3.39 are needed of fourteen options
    assert utility(curve(0.02, 0.08, n_apart=12.0), 1, 0.1, 0.3) == "not shown"
    option = SimpleNamespace(decision=sure, label="Drug")
    assert "Judged for all 14 options together: 1% for any false word." in utility_words(option, 14, 0.1, 0.3)  # type: ignore[arg-type]


def test_thresholds_that_tell_the_same_count_once_and_strangers_each():
    rng = np.random.default_rng(0)
    column = rng.normal(size=(4000, 1))
    assert _looks(np.repeat(column, 20, axis=1)) == pytest.approx(1.0, abs=0.25)
    assert _looks(rng.normal(size=(4000, 20))) == pytest.approx(20.0, rel=0.2)
    assert _looks(np.zeros((50, 3))) == 1.0


def test_two_models_that_differ_by_noise_alone_are_seldom_called_different_in_any_option():
    said = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = expit(rng.normal(-0.5, 1.2, (200, 14)))
        y = (rng.random(p.shape) < p).astype(float)
        names = [f"o{j}" for j in range(14)]
        a, b = (
            of_arrays(y, expit(logit(p) + rng.normal(0, 0.5, p.shape)), options=names, name=m)
            for m in ("one", "two")
        )
        found = compare(a, b, rounds=60)
        said += any(r["in words"] in ("better", "worse") for r in found.rows()) or bool(found.loses())
    assert said <= 4, said  # nearly all of thirty, where each difference is judged by itself


def test_the_words_of_a_comparison_hold_for_all_its_differences(drawn):
    y, p = drawn(400)
    noisy = expit(logit(p) + np.random.default_rng(3).normal(0, 1.0, 400))
    names = [f"o{j}" for j in range(10)]
    a, b = (
        of_arrays(np.column_stack([y] * 10), np.column_stack([v] * 10), options=names, name="m")
        for v in (p, noisy)
    )
    found = compare(a, b, rounds=60)
    assert found.n_compared == 40 and "40 differences were looked at" in found.family
    row = found.table.get("o0", "AUC")
    low, high = widened(row.estimate, row.ci_low, row.ci_high, critical(40))
    assert f"AUC {row.estimate:+.3f}, {low:+.3f} to {high:+.3f}" in found.words("o0")


def test_many_small_losses_add_up_where_none_is_sure_by_itself():
    """Fourteen options of patients of their own: the second model loses a little in each, and surely on average."""
    rng = np.random.default_rng(1)
    n, k = 150, 14
    hidden = rng.normal(0, 1, (n * k, k))
    y, p, q = (np.full((n * k, k), np.nan) for _ in range(3))
    for j in range(k):
        mine = slice(n * j, n * (j + 1))
        p[mine, j] = expit(1.2 * hidden[mine, j])
        y[mine, j] = rng.random(n) < p[mine, j]
        q[mine, j] = expit(1.2 * hidden[mine, j] + rng.normal(0, 0.7, n))
    names = [f"o{j}" for j in range(k)]
    a, b = (of_arrays(y, v, options=names, name=m) for v, m in ((p, "one"), (q, "two")))
    found = compare(a, b, rounds=40)
    rows = list(found.table.where(metric="AUC"))
    assert found.pooled.estimate == pytest.approx(np.mean([r.estimate for r in rows]))
    error = np.sqrt(sum(((r.ci_high - r.ci_low) / 3.92) ** 2 for r in rows)) / k
    assert found.pooled.ci_high - found.pooled.estimate == pytest.approx(norm.ppf(0.995) * error)
    assert found.loses() == () and "On average over 14 options two ranks patients worse" in found.pooled_words
    same = compare(a, a, rounds=40)
    assert "shows no detectable difference in ranking" in same.pooled_words
    together = compare(
        *(of_arrays(np.nan_to_num(y), np.nan_to_num(v), options=names, name="x") for v in (p, q)), rounds=5
    )
    assert together.pooled is None and together.pooled_words == ""  # the same patients under every option
