"""Ensembles that predict differently have different names; equal ones have the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from explainers.trees import from_estimator
from tests.trees.families import NAMES, fitted
from tests.trees.random_ensembles import random_ensemble


def test_categories_read_under_other_numbers_give_another_fingerprint():
    stage = np.random.default_rng(0).integers(0, 4, 400).astype(float)[:, None]
    models = (
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(
            stage + shift, stage[:, 0] == 3
        )
        for shift in (0, 10)
    )
    a, b = (from_estimator(m, ["stage"]) for m in models)
    assert a.predict([[3.0]]) != b.predict([[3.0]])
    assert a.fingerprint != b.fingerprint


def test_everything_that_predictions_depend_on_is_named():
    ensemble = random_ensemble(0, width=2)
    base = ensemble.base.copy()
    base[0] = np.nextafter(base[0], np.inf)
    names = {
        ensemble.fingerprint,
        replace(ensemble, base=base).fingerprint,
        replace(ensemble, takes_missing=False).fingerprint,
        replace(ensemble, exclusive=True).fingerprint,
        replace(ensemble, unit="log").fingerprint,
        replace(ensemble, output_names=("a", "b")).fingerprint,
        random_ensemble(1, width=2).fingerprint,
    }
    assert len(names) == 7
    coded = from_estimator(fitted("xgboost with categories"), NAMES)
    (column,) = coded.coded
    others = [
        replace(column, truncate=False),
        replace(column, single=False),
        replace(column, feature=8),
        replace(column, values=column.values + 1),
    ]
    assert len({coded.fingerprint, *(replace(coded, coded=(c,)).fingerprint for c in others)}) == 5


def test_equal_ensembles_have_one_fingerprint():
    assert random_ensemble(0).fingerprint == random_ensemble(0).fingerprint
    a, b = (from_estimator(fitted("lightgbm with categories"), NAMES) for _ in range(2))
    assert a.fingerprint == b.fingerprint
    assert replace(a, notes=("A note changes no prediction.",)).fingerprint == a.fingerprint
