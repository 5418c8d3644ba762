"""Numbers that are no whole category are read as each library reads them."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier

from explainers.trees import from_estimator
from explainers.trees.errors import UnconvertibleModelError

STAGE = np.random.default_rng(0).integers(0, 4, 400).astype(float)[:, None]
ODD = np.array(
    [-1e-50, -1e-10, -0.5, -0.999, -1.0, -1.5, 0.5, 0.99999999, 2.9999, 2.9999999, 2.99999999, 3.0]
)[:, None]


@pytest.mark.parametrize("category", range(4))
def test_lightgbm_drops_the_fraction_first_so_that_numbers_above_minus_one_are_category_0(category):
    model = lightgbm.LGBMClassifier(
        n_estimators=3, min_child_samples=5, min_data_per_group=5, cat_smooth=1, verbose=-1, n_jobs=1
    )
    model.fit(STAGE, STAGE[:, 0] == category, categorical_feature=[0])
    expected = model.predict(ODD, raw_score=True)
    found = from_estimator(model, ["stage"]).predict(ODD).ravel()
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("category", range(4))
def test_xgboost_rounds_to_single_precision_before_it_drops_the_fraction(category):
    model = xgboost.XGBClassifier(n_estimators=3, feature_types=["c"], enable_categorical=True, n_jobs=1)
    model.fit(STAGE, STAGE[:, 0] == category)
    expected = model.predict(ODD, output_margin=True)
    found = from_estimator(model, ["stage"]).predict(ODD).ravel()
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("grades", [["0", "4", "12"], ["1", "x"]])
def test_words_made_of_digits_are_refused_as_words(grades):
    X = pd.DataFrame({"grade": pd.Categorical(np.resize(grades, 120)), "age_years": np.arange(120.0)})
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(120) % 2)
    with pytest.raises(UnconvertibleModelError, match=r"categories that are words \('[01]'\).*whole numbers"):
        from_estimator(model, list(X.columns))


@pytest.mark.parametrize("kind", [object, int, float])
def test_numbers_are_sorted_as_numbers_however_they_are_kept(kind):
    rng = np.random.default_rng(0)
    grade = rng.choice(np.array([12, 4, 0, 100], kind), 300)
    X = pd.DataFrame({"grade": pd.Categorical(grade, categories=[12, 4, 0, 100]), "b": rng.normal(size=300)})
    model = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5).fit(
        X, (grade == 4) | (grade == 100)
    )
    rows = np.array([[g, 0.0] for g in (0, 4, 12, 100, 7)])
    expected = model.decision_function(pd.DataFrame(rows, columns=X.columns))
    np.testing.assert_allclose(
        from_estimator(model, list(X.columns)).predict(rows).ravel(), expected, atol=1e-12
    )
    assert np.ptp(expected) > 1
