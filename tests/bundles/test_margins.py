"""Walking all trees at once gives what the estimators give, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from oncology.bundles.margins import MarginModel
from oncology.bundles.packing import pack, unpack
from tests.bundles.small import boosting

RNG = np.random.default_rng(5)
# Values repeat, so that rows fall exactly on thresholds.
X_TRAIN = np.where(RNG.random((240, 4)) < 0.15, np.nan, RNG.integers(0, 6, (240, 4)) / 2)
MODELS = {
    name: boosting(max_iter=n).fit(
        X_TRAIN, np.nansum(X_TRAIN[:, cols], axis=1) + RNG.normal(size=240) > len(cols)
    )
    for name, n, cols in (("a", 5, [0, 1]), ("b", 20, [1, 2]), ("c", 9, [3]))
}
CELLS = st.one_of(
    st.just(float("nan")), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5]), st.floats(-9, 9)
)


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(4)), elements=CELLS))
def test_any_row_gets_exactly_the_estimators_margin(X):
    model = MarginModel(MODELS, "log-odds", "wxyz")
    assert model._walker is not None
    expected = np.stack([m.decision_function(X) for m in MODELS.values()], axis=1)
    np.testing.assert_array_equal(model(X), expected)


def test_many_rows_and_one_by_one_agree():
    model = MarginModel(MODELS, "log-odds", "wxyz")
    together = model(X_TRAIN)
    np.testing.assert_array_equal(
        together, np.concatenate([model(X_TRAIN[i : i + 7]) for i in range(0, 240, 7)])
    )
    assert model(X_TRAIN[:0]).shape == (0, 3)


def test_stacked_trees_unpack_to_the_same_estimator():
    estimator = MODELS["b"]
    stacked = pack(estimator)
    assert isinstance(stacked._predictors, dict) and isinstance(estimator._predictors, list)
    opened = unpack(stacked)
    np.testing.assert_array_equal(opened.predict_proba(X_TRAIN), estimator.predict_proba(X_TRAIN))
    assert len(opened._predictors) == 20


@pytest.mark.parametrize("categorical", [[0], None])
def test_boosting_with_categorical_splits_takes_the_estimators_own_way(categorical):
    X = np.nan_to_num(X_TRAIN * 2).astype(int).astype(float)
    y = (X[:, 0] % 2 == 0).astype(int)
    estimator = boosting(categorical_features=categorical).fit(X, y)
    model = MarginModel({"a": estimator}, "log-odds", "wxyz")
    assert (model._walker is None) == (categorical is not None)
    np.testing.assert_array_equal(model(X)[:, 0], estimator.decision_function(X))
