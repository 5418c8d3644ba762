"""Toggles, flip tables and projected boxes against the model itself on every changed row."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.trees import from_estimator
from explainers.trees.errors import ChangeError, FeatureMismatchError
from explainers.trees.projection import interval_values, project, states
from tests.reference.tree_games import all_change_sets, changed
from tests.trees.families import NAMES, TAKES_NO_MISSING, fitted, rows
from tests.trees.random_ensembles import random_ensemble, random_rows

SOME = [
    "random forest",
    "random forest of two outputs",
    "gradient boosting",
    "histogram boosting with categories",
    "xgboost with categories",
    "lightgbm with categories",
]


def candidates(ensemble, row):
    """Three states of the alterations, some numbers, some categories."""
    values = (0.0, 1.0, np.nan) if ensemble.takes_missing else (0.0, 1.0)
    numbers = [(6, v) for v in ensemble.interval_values(6)[::4] if v != row[6]]
    return (
        states(ensemble, row, range(4), values) + numbers + [(9, v) for v in (2.0, 5.0, 17.0) if v != row[9]]
    )


@pytest.mark.parametrize("name", SOME)
def test_every_set_of_up_to_three_changes_is_what_the_model_says(name):
    ensemble = from_estimator(fitted(name), NAMES)
    row = rows(seed=2, missing=name not in TAKES_NO_MISSING)[0]
    changes = candidates(ensemble, row)
    sets = all_change_sets(changes, 3)
    expected = ensemble.predict([changed(row, changes, s) for s in sets])
    table = ensemble.flip_table(row, changes=changes)
    found = {
        tuple(at): out
        for n in range(4)
        for p, o in table.blocks(n)
        for at, out in zip(p.tolist(), o, strict=True)
    }
    assert set(found) == set(sets)
    assert [table.count(n) for n in range(4)] == [sum(len(s) == n for s in sets) for n in range(4)]
    np.testing.assert_allclose([found[s] for s in sets], expected, atol=1e-10)
    boxes = project(ensemble, row, changes, 3)
    for s, outputs in list(zip(sets, expected, strict=True))[:: max(1, len(sets) // 150)]:
        np.testing.assert_allclose(table.prediction([changes[i] for i in s]), outputs, atol=1e-10)
        np.testing.assert_allclose(boxes.prediction(s), outputs, atol=1e-10)


def test_all_flip_sets_of_fourteen_alterations_by_boxes():
    ensemble = random_ensemble(7, p=14, trees=8, depth=7)
    row = (np.random.default_rng(0).random(14) < 0.5).astype(float)
    changes = [(i, 1 - row[i]) for i in range(14)]
    boxes = project(ensemble, row, changes, 14)
    sets = all_change_sets(changes, 14)
    assert len(sets) == 2**14
    expected = ensemble.predict([changed(row, changes, s) for s in sets])
    reached = np.ones((len(sets), boxes.n_boxes), bool)
    member = np.array([[i in s for i in range(14)] for s in map(set, sets)])
    for b in range(boxes.n_boxes):
        must = boxes.must_items[boxes.must_start[b] : boxes.must_start[b + 1]]
        keep = boxes.keep_items[boxes.keep_start[b] : boxes.keep_start[b + 1]]
        reached[:, b] = member[:, must].all(1) & ~member[:, keep].any(1)
    for t in range(len(boxes.tree_output)):  # exactly one box of every tree
        assert (reached[:, boxes.tree_start[t] : boxes.tree_start[t + 1]].sum(1) == 1).all()
    np.testing.assert_allclose(boxes.base + reached @ boxes.value, expected, atol=1e-10)


@pytest.mark.parametrize("name", SOME)
def test_every_toggle_is_predicted_and_explained_as_the_changed_row(name):
    ensemble = from_estimator(fitted(name), NAMES)
    X = rows(seed=2, n=20, missing=name not in TAKES_NO_MISSING)
    changes = candidates(ensemble, X[0])
    after = np.array([changed(X[0], changes, (i,)) for i in range(len(changes))])
    for background in (None, X[1:]):
        toggles = ensemble.toggles(X[0], changes=changes, background=background)
        expected = np.concatenate([ensemble.shapley(x, background)[0] for x in after])
        np.testing.assert_allclose(toggles.values, expected, atol=1e-10)
        np.testing.assert_allclose(toggles.prediction, ensemble.predict(after), atol=1e-10)
        np.testing.assert_allclose(toggles.prediction_before, ensemble.predict(X[0])[0], atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_toggles_out_of_leaves_that_no_training_patient_reached(seed):
    ensemble, X = random_ensemble(seed, width=2, depth=5), random_rows(seed, 6)
    toggles = ensemble.toggles(X[0], range(5))
    after = [
        changed(X[0], list(zip(toggles.feature, toggles.to, strict=True)), (i,))
        for i in range(len(toggles.to))
    ]
    expected = np.concatenate([ensemble.shapley(x)[0] for x in after])
    np.testing.assert_allclose(toggles.values, expected, atol=1e-10)


def test_toggles_offer_every_other_state():
    ensemble = from_estimator(fitted("histogram boosting"), NAMES)
    row = rows(seed=2, missing=False)[0]
    row[0], row[1] = 1.0, np.nan
    toggles = ensemble.toggles(row, ["f0", "f1"])
    assert toggles.feature.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(toggles.to, [0, np.nan, 0, 1])


def test_smallest_sets_are_all_found_or_proven_absent():
    ensemble = random_ensemble(3, p=8, trees=6, depth=5)
    row = np.zeros(8)
    table = ensemble.flip_table(row, range(8))
    changes = [(i, 1.0) for i in range(8)]
    sets = all_change_sets(changes, 3)
    outputs = ensemble.predict([changed(row, changes, s) for s in sets])[:, 0]
    for goal in (outputs[0] + 0.3, np.sort(outputs)[-3], outputs.max() + 1):
        winners = [s for s, v in zip(sets, outputs, strict=True) if v >= goal - 1e-12]
        size = min(map(len, winners), default=None)
        expected = None if size is None else sorted(s for s in winners if len(s) == size)
        found = table.smallest(lambda o, goal=goal: o[:, 0] >= goal - 1e-12)
        assert (found and sorted(found)) == expected


def test_a_lone_huge_threshold_has_a_value_on_either_side():
    for threshold in (1e17, -1e17, 3.5):
        low, high = interval_values(np.array([threshold]))
        assert low <= threshold < high


def test_interval_values_stand_for_every_value():
    ensemble = from_estimator(fitted("lightgbm"), NAMES)
    row, values = rows(seed=2)[0], ensemble.interval_values("f6")
    assert len(values) == len(ensemble.thresholds("f6")) + 1
    tried = np.repeat(row[None], 500, 0)
    tried[:, 6] = np.random.default_rng(0).normal(size=500).round(1)
    stand_ins = tried.copy()
    stand_ins[:, 6] = values[np.searchsorted(ensemble.thresholds("f6"), tried[:, 6])]
    np.testing.assert_array_equal(ensemble.predict(tried), ensemble.predict(stand_ins))


def test_changes_that_cannot_be_made_are_refused():
    ensemble = from_estimator(fitted("histogram boosting"), NAMES)
    row = rows(seed=2, missing=False)[0]
    row[0], row[1] = 1.0, np.nan
    with pytest.raises(ChangeError, match="f1 is unknown in this row"):
        ensemble.flip_table(row, ["f1"])
    with pytest.raises(ChangeError, match="already is 1"):
        ensemble.flip_table(row, changes=[("f0", 1.0)])
    with pytest.raises(ChangeError, match="listed twice"):
        ensemble.flip_table(row, changes=[("f1", 1.0), ("f1", 1.0)])
    with pytest.raises(ChangeError, match=r"branch and bound"):
        ensemble.flip_table(row, ["f0"], max_size=4)
    with pytest.raises(ChangeError, match="either features"):
        ensemble.flip_table(row)
    with pytest.raises(FeatureMismatchError, match=r"no feature 'f0x'\. Did you mean"):
        ensemble.toggles(row, ["f0x"])
    table = ensemble.flip_table(row, changes=[("f1", 1.0), ("f1", 0.0), ("f0", 0.0)])
    with pytest.raises(ChangeError, match="f1 has 2 possible values"):
        table.prediction(["f1"])
    with pytest.raises(ChangeError, match="only have one value"):
        table.prediction([("f1", 1.0), ("f1", 0.0)])
    with pytest.raises(ChangeError, match="not among the 3"):
        table.prediction(["f2"])
    complete = from_estimator(fitted("gradient boosting"), NAMES)
    with pytest.raises(ChangeError, match="cannot become unknown"):
        complete.toggles(rows(missing=False)[0], changes=[("f0", np.nan)])
