"""Importance against shuffled labels: p-values and false discovery rates by hand and by scipy, and what chance yields."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from explainers import stability
from explainers.importance import Importance
from explainers.overall.beyond_chance import NoNullError, adjusted, against_null, beyond_chance, p_values
from explainers.overall.dropping import TooSlowError, drop_column_importance
from oncology.bundles import load
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


def noise(n_shuffles, p, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (n_shuffles, p))


def test_what_stands_above_every_null_value_is_named():
    found = against_null(importance([9.0, 0.5, 8.0, 0.2]), noise(25, 4))
    assert found.discoveries == (0, 2)
    assert found.words.startswith(
        "2 of 4 inputs are beyond chance on Drug: g0, g2 (compared with 25 trainings"
    )
    assert [r["beyond chance"] for r in found.rows()] == [True, True, False, False]
    nothing = against_null(importance([0.5, 0.5]), noise(25, 2))
    assert nothing.words.startswith("No input of 2 is beyond chance on Drug") and not nothing.discoveries


def test_p_values_are_those_of_the_scaled_importances_by_hand():
    # Means over the three trainings 2 and 4, over both 3: scales 2 + 12 and 4 + 12.
    found = against_null(importance([4.0, 4.0]), [[1.0, 4.0], [1.0, 4.0]], rate=0.6)
    # Scaled: 4/14 and 4/16 against 1/14, 1/14, 4/16, 4/16: none reaches the first, two reach the second.
    assert found.p == pytest.approx([1 / 5, 3 / 5])


def test_a_rare_input_is_not_hidden_by_inputs_that_catch_much_noise():
    chance = noise(25, 20) * np.where(np.arange(20) < 10, 1.0, 0.02)
    real = chance[3].copy()
    real[15] = 0.8  # below many values of the noisy inputs
    assert against_null(importance(real), np.delete(chance, 3, axis=0)).discoveries == (15,)


def test_constant_inputs_are_not_asked():
    found = against_null(importance([9.0, 0.0]), noise(40, 2), asked=np.array([True, False]))
    assert np.isnan(found.q[1]) and found.rows()[1]["beyond chance"] is None
    with pytest.raises(NoNullError, match="none can matter"):
        against_null(importance([0.0]), noise(40, 1), asked=np.array([False]))


def test_too_few_shuffles_are_refused_with_the_number_needed():
    # Two inputs at 5 %: one over (1 + 2 n) must reach 0.025, so n = 20.
    with pytest.raises(NoNullError, match="20 or more are needed"):
        against_null(importance([1.0, 2.0]), noise(19, 2))
    against_null(importance([1.0, 2.0]), noise(20, 2))
    with pytest.raises(NoNullError, match="expected one column for each of the 2 inputs"):
        against_null(importance([1.0, 2.0]), noise(40, 3))


def test_a_model_of_shuffled_labels_makes_hardly_any_discovery():
    """One of 26 exchangeable trainings is the real one: it holds the largest value in one of 26 cases."""
    rng = np.random.default_rng(4)
    spread = np.concatenate([np.full(60, 0.1), np.full(15, 1.0)])  # numbers catch more noise than genes
    named = sum(
        bool(against_null(importance(trained[0]), trained[1:]).discoveries)
        for trained in (rng.exponential(spread, (26, 75)) for _ in range(400))
    )
    assert named / 400 < 0.08


def test_the_shipped_model_is_held_against_its_own_shuffles():
    bundle = load(Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours")
    found = beyond_chance(bundle, "osimertinib")
    named = {found.importance.feature_names[j] for j in found.discoveries}
    assert {"EGFR p.L858R", "EGFR exon 19 deletion"} <= named and found.n_shuffles == 25
    assert not {"APC", "sex", "GATA3"} & named
    together = beyond_chance(bundle)
    assert "ALK fusion" in {together.importance.feature_names[j] for j in together.discoveries}
    assert together.words.startswith(
        f"{len(together.discoveries)} of 75 inputs are beyond chance over all options"
    )


def test_shuffled_outcomes_of_the_shipped_model_pass_for_nothing():
    """Each shuffle in turn plays the real training, for every therapy."""
    bundle = load(Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours")
    shuffles = stability.read(bundle)
    named = [
        bool(against_null(importance(null[k]), np.delete(null, k, axis=0)).discoveries)
        for null in map(shuffles.null, bundle.options)
        for k in range(shuffles.n_shuffles)
    ]
    assert np.mean(named) < 0.08


def test_without_shuffles_the_command_that_makes_them_is_said(small):
    with pytest.raises(NoNullError, match="python -m explainers stabilise"):
        beyond_chance(small(), "osimertinib")


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
