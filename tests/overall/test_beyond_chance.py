"""Importance against shuffled labels: p-values and false discovery rates by hand and by scipy, and what chance yields."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from explainers.importance import Importance
from explainers.overall.beyond_chance import NoNullError, adjusted, against_null, p_values
from explainers.overall.dropping import TooSlowError, drop_column_importance
from tests.explainers.small_cohort import SCHEMA


def importance(values):
    values = np.asarray(values, dtype=float)
    names = tuple(f"g{j}" for j in range(len(values)))
    return Importance("o", "Drug", names, names, values, values, values, "mean size", "log-odds", 10, "", 0)


def test_p_values_by_hand():
    # Null 1, 2, 2, 5. For 2: three of four reach it, so (1 + 3) / (1 + 4); for 6 none does.
    assert p_values([2.0, 6.0, 0.0], [1.0, 2.0, 2.0, 5.0]).tolist() == [0.8, 0.2, 1.0]


@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_scipy(p):
    assert adjusted(p) == pytest.approx(false_discovery_control(p, method="bh"), abs=1e-12)


def test_what_stands_above_every_null_value_is_named():
    found = against_null(importance([9.0, 0.5, 8.0, 0.2]), np.linspace(0, 1, 100), n_shuffles=25)
    assert found.discoveries == (0, 2)
    assert found.words.startswith(
        "2 of 4 inputs are beyond chance on Drug: g0, g2 (compared with 25 trainings"
    )
    assert [r["beyond chance"] for r in found.rows()] == [True, True, False, False]


def test_constant_inputs_are_not_asked():
    found = against_null(
        importance([9.0, 0.0]), np.linspace(0, 1, 100), n_shuffles=25, asked=np.array([True, False])
    )
    assert np.isnan(found.q[1]) and found.rows()[1]["beyond chance"] is None
    with pytest.raises(NoNullError, match="none can matter"):
        against_null(importance([0.0]), [0.0] * 100, n_shuffles=25, asked=np.array([False]))


def test_too_few_shuffles_are_refused_with_the_number_needed():
    # Two inputs at 5 %: one over (1 + n) must reach 0.025, so n = 39.
    with pytest.raises(NoNullError, match="39 or more are needed"):
        against_null(importance([1.0, 2.0]), np.zeros(38), n_shuffles=19)
    against_null(importance([1.0, 2.0]), np.zeros(39), n_shuffles=19)


def test_a_model_of_shuffled_labels_makes_hardly_any_discovery():
    """One of 26 exchangeable trainings is the real one: it holds the largest value in one of 26 cases."""
    rng = np.random.default_rng(4)
    spread = np.concatenate([np.full(60, 0.1), np.full(15, 1.0)])  # numbers catch more noise than genes
    named = sum(
        bool(against_null(importance(trained[0]), trained[1:], n_shuffles=25).discoveries)
        for trained in (rng.exponential(spread, (26, 75)) for _ in range(400))
    )
    assert named / 400 < 0.08


# Drop-column importance ----------------------------------------------------------------------------------------------


def test_dropping_a_column_is_training_without_it(small):
    bundle = small("linear")
    found = drop_column_importance(bundle, "osimertinib", seed=2)
    y = bundle.training.y["osimertinib"].dropna()
    X = bundle.training.X.loc[y.index]

    def auc(table):
        from sklearn.base import clone

        scores = np.zeros(len(y))
        for train, test in StratifiedKFold(5, shuffle=True, random_state=2).split(table, y):
            model = clone(bundle.estimators["osimertinib"]).fit(table.to_numpy()[train], y.to_numpy()[train])
            scores[test] = model.predict_proba(table.to_numpy()[test])[:, 1]
        return roc_auc_score(y, scores)

    whole = auc(X)
    for name in ("EGFR p.L858R", "albumin", "sex"):
        columns = list(SCHEMA.columns)[SCHEMA.columns_of(name)]
        expected = whole - auc(X.drop(columns=columns))
        assert found.values[SCHEMA.index(name)] == pytest.approx(expected, abs=2e-4)
    driver = SCHEMA.index("EGFR p.L858R")
    assert found.order()[0] == driver and found.low[driver] > 0.05
    assert found.low[driver] < found.values[driver] < found.high[driver]


def test_dropping_stops_and_says_how_far_it_came(small):
    asked = []
    found = drop_column_importance(
        small("linear"), "sotorasib", stop=lambda: len(asked) >= 2 or asked.append(1)
    )
    assert "Stopped after 2 of 10 features" in found.method and not found.values[2:].any()


def test_a_slow_model_is_not_trained_again_for_every_input(small):
    with pytest.raises(TooSlowError, match=r"would take about .* minutes; it is done up to 0. Shuffling"):
        drop_column_importance(small("linear"), "sotorasib", most_minutes=0)


def test_a_constant_input_costs_nothing(small):
    bundle = small("linear")
    X = bundle.training.X.assign(age_years=60.0, albumin=np.nan)
    training = dataclasses.replace(bundle.training, X=X)
    object.__setattr__(bundle2 := dataclasses.replace(bundle), "training", training)
    found = drop_column_importance(bundle2, "osimertinib")
    assert found.values[SCHEMA.index("age_years")] == 0 == found.values[SCHEMA.index("albumin")]
    assert found.order()[0] == SCHEMA.index("EGFR p.L858R")
