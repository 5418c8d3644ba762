"""Every figure of a group against hand arithmetic, scikit-learn or statsmodels; groups too small stay with their reason."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.metrics import brier_score_loss, recall_score, roc_auc_score
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.proportion import proportion_confint

from explainers.audit import net_benefit as curves
from explainers.audit.data import of_arrays
from explainers.audit.errors import AuditError, NoOutcomesError, StoppedError
from explainers.audit.group_metrics import METRICS, log_odds
from explainers.audit.logistic import logistic
from explainers.audit.subgroups import POOLED, group_row, subgroups
from explainers.audit.tables import ALL


def cohort(n=400, seed=0, **groups):
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, n)
    y = (rng.random(n) < p).astype(float)
    described = {"sex": np.where(np.arange(n) % 2 == 0, "female", "male"), **groups}
    return of_arrays(y, p, options=["drug"], name="test", groups=pd.DataFrame(described)), y, p


def test_every_figure_of_a_group_is_that_of_a_second_library():
    data, y, p = cohort()
    table, mine = subgroups(data, threshold=0.3), np.arange(400) % 2 == 0
    y, p = y[mine], p[mine]

    def row(metric):
        return table.get("drug", metric, "sex: female")

    assert row("AUC").estimate == pytest.approx(roc_auc_score(y, p))
    assert row("Brier score").estimate == pytest.approx(brier_score_loss(y, p))
    assert row("sensitivity").estimate == pytest.approx(recall_score(y, p >= 0.3))
    assert row("false negative rate").estimate == pytest.approx(1 - recall_score(y, p >= 0.3))
    low, high = proportion_confint(y.sum(), len(y), method="wilson")
    found = row("observed minus predicted")
    assert found.estimate == pytest.approx(y.mean() - p.mean())
    assert (found.ci_low, found.ci_high) == pytest.approx((low - p.mean(), high - p.mean()))
    hits, n_hits = (y * (p >= 0.3)).sum(), y.sum()
    assert (row("sensitivity").ci_low, row("sensitivity").ci_high) == pytest.approx(
        proportion_confint(hits, n_hits, method="wilson")
    )
    assert (found.n, found.n_events) == (200, int(y.sum()))


def test_net_benefit_by_hand_and_by_the_decision_curve():
    # 30 patients: 10 responders at 0.6, 5 at 0.1; 6 others at 0.6, 9 at 0.1. At 0.25 a false alarm costs one third.
    y = np.repeat([1.0, 1.0, 0.0, 0.0], [10, 5, 6, 9])
    p = np.repeat([0.6, 0.1, 0.6, 0.1], [10, 5, 6, 9])
    found, low, high = METRICS["net benefit"].measure(y, p, 0.25)
    assert found == pytest.approx((10 - 6 / 3) / 30)
    worth = np.repeat([1.0, 0.0, -1 / 3, 0.0], [10, 5, 6, 9])
    half = 1.96 * worth.std(ddof=1) / np.sqrt(30)
    assert (low, high) == pytest.approx((found - half, found + half))
    assert curves.net_benefit(y, p, threshold=0.25) == pytest.approx(found)


def test_plain_logistic_regression_is_that_of_statsmodels():
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(300), rng.normal(size=(300, 2))])
    y = (rng.random(300) < 1 / (1 + np.exp(-X @ [0.2, 1.0, -0.5]))).astype(float)
    ours, theirs = logistic(X, y, firth=False), Logit(y, X).fit(disp=0)
    assert ours.coefficients == pytest.approx(theirs.params, abs=1e-6)
    assert ours.covariance == pytest.approx(theirs.cov_params(), abs=1e-6)
    assert ours.combined(np.array([0.0, 1.0, 1.0]))[1] == pytest.approx(
        float(np.sqrt(np.array([0, 1, 1]) @ theirs.cov_params() @ np.array([0, 1, 1]))), abs=1e-6
    )


def test_firths_fit_is_the_top_of_the_penalised_likelihood_even_where_a_column_separates():
    X = np.column_stack([np.ones(20), np.repeat([0.0, 1.0], 10)])
    y = np.array([0.0] * 7 + [1.0] * 3 + [1.0] * 10)  # nobody fails in the second group

    def negative(beta):
        p = 1 / (1 + np.exp(-X @ beta))
        information = X.T @ ((p * (1 - p))[:, None] * X)
        return -(y @ np.log(p) + (1 - y) @ np.log(1 - p) + 0.5 * np.log(np.linalg.det(information)))

    best = minimize(
        negative, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    )
    assert logistic(X, y).coefficients == pytest.approx(best.x, abs=1e-5)
    # Of a two by two table Firth's odds ratio is that with one half added to every cell.
    assert logistic(X, y).coefficients[1] == pytest.approx(np.log((10.5 / 0.5) / (3.5 / 7.5)), abs=1e-6)
    with pytest.raises(AuditError, match="separates"):
        logistic(X, y, firth=False)


def test_columns_that_say_the_same_are_refused():
    X = np.column_stack([np.ones(30), np.arange(30), 2 * np.arange(30)])
    with pytest.raises(AuditError, match="same information"):
        logistic(X, (np.arange(30) % 2).astype(float))


def test_the_slope_is_that_of_a_regression_on_the_log_odds():
    data, y, p = cohort(600, 3)
    found = subgroups(data, metrics=["calibration slope"]).get("drug", "calibration slope")
    fit = Logit(y, np.column_stack([np.ones(600), log_odds(p)])).fit(disp=0)
    assert found.estimate == pytest.approx(fit.params[1], abs=0.02)  # the penalty moves it by a trifle
    assert found.ci_high - found.ci_low == pytest.approx(2 * 1.96 * fit.bse[1], rel=0.03)


@pytest.mark.parametrize(
    ("n", "events", "said"),
    [
        (3, 1, "too few: fewer than 5 patients"),
        (12, 6, "too few: 12 patients, 30 needed"),
        (40, 2, "too few responders: fewer than 5, 5 needed"),
        (40, 38, "too few non-responders: fewer than 5, 5 needed"),
        (40, 0, "too few responders: 0, 5 needed"),
    ],
)
def test_a_group_too_small_stays_with_its_reason(n, events, said):
    y = np.concatenate([np.arange(100) % 2, np.arange(n) < events]).astype(float)
    group = np.repeat(["large", "small"], [100, n])
    data = of_arrays(
        y, np.full(len(y), 0.5), options=["drug"], name="t", groups=pd.DataFrame({"size": group})
    )
    row = subgroups(data).get("drug", "observed minus predicted", "size: small")
    assert not row.is_known and row.reason == said
    shown = next(r for r in subgroups(data).rows() if r["group"] == "size: small")
    assert shown["patients"] == (n if n >= 5 else None)


def test_a_group_of_one_patient_and_a_class_without_events_leave_the_rest_as_it_was():
    data, y, p = cohort(400, 0, site=np.where(np.arange(400) == 7, "A", "B"))
    table = subgroups(data)
    assert table.get("drug", "AUC", "site: A").reason
    assert table.get("drug", "AUC").estimate == pytest.approx(roc_auc_score(y, p))


def test_numbers_outside_zero_and_one_are_ranked_but_not_called_probabilities():
    y = np.tile([0.0, 1.0], 100)
    score = np.where(y == 1, 1.4, -0.3) + np.linspace(0, 2, 200)
    data = of_arrays(
        y, score, options=["drug"], name="t", groups=pd.DataFrame({"sex": np.repeat(["f", "m"], 100)})
    )
    table = subgroups(data)
    assert "outside 0 to 1" in table.get("drug", "Brier score").reason
    assert table.get("drug", "AUC").estimate == pytest.approx(roc_auc_score(y, score))


def test_all_options_are_joined_only_where_each_patient_has_one_outcome():
    rng = np.random.default_rng(0)
    p = np.full((300, 2), 0.4)
    y = (rng.random((300, 2)) < p).astype(float)
    groups = pd.DataFrame({"sex": np.repeat(["f", "m"], 150)})
    both = subgroups(of_arrays(y, p, options=["a", "b"], name="t", groups=groups))
    assert "several options" in both.get(POOLED, "observed minus predicted", ALL).reason
    y = y.copy()
    y[np.arange(300), np.arange(300) % 2] = np.nan
    one = subgroups(of_arrays(y, p, options=["a", "b"], name="t", groups=groups))
    assert one.get(POOLED, "observed minus predicted", ALL).estimate == pytest.approx(np.nanmean(y) - 0.4)


def test_what_cannot_be_asked_is_refused_in_words():
    data, *_ = cohort()
    with pytest.raises(AuditError, match="'kappa' is no metric"):
        subgroups(data, metrics=["kappa"])
    with pytest.raises(AuditError, match="not described by smoking; found: sex"):
        subgroups(data, attributes=["smoking"])
    with pytest.raises(AuditError, match="threshold is 1"):
        subgroups(data, threshold=1.0)
    with pytest.raises(StoppedError):
        subgroups(data, stop=lambda: True)
    empty = of_arrays(np.full(50, np.nan), np.full(50, 0.2), options=["drug"], name="t")
    with pytest.raises(NoOutcomesError, match="no patient has both"):
        subgroups(empty)


def test_a_description_with_too_many_values_or_one_alone_is_left_out_with_its_reason():
    from explainers.audit.membership import membership

    data, *_ = cohort(400, 0, id=[f"P{i}" for i in range(400)], tumour=["LUAD"] * 400)
    found = membership(data)
    assert set(found.attributes) == {"sex"}
    assert any("400 different values" in w for w in found.left_out)
    assert any("LUAD for everybody" in w for w in found.left_out)


@pytest.mark.parametrize(("missed", "known"), [(0, True), (2, False), (4, False), (5, True), (18, False)])
def test_a_sensitivity_that_would_give_a_small_count_away_is_withheld(missed, known):
    # Twenty responders, so many of them under the line, and thirty others.
    y = np.repeat([1.0, 1.0, 0.0], [20 - missed, missed, 30])
    p = np.repeat([0.9, 0.1, 0.4], [20 - missed, missed, 30])
    for metric in ("sensitivity", "false negative rate"):
        row = group_row("a", "all patients", y, p, METRICS[metric], 0.5)
        assert row.is_known is known
        assert known or row.reason.startswith("withheld: fewer than 5 responders")
