"""Converted models say what their libraries say; what cannot be converted is refused with a way out."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from explainers.trees import from_estimator, stack
from explainers.trees.converters import _check_output
from explainers.trees.converters.reading import Reading
from explainers.trees.errors import (
    ConversionCheckError,
    FeatureMismatchError,
    MissingDirectionError,
    StackError,
    TreeEngineError,
    UnconvertibleModelError,
)
from explainers.trees.forms import as_double_threshold
from tests.trees.families import CATEGORY, FAMILIES, NAMES, TAKES_NO_MISSING, fitted, library_output, rows


@pytest.mark.parametrize("name", FAMILIES)
def test_predictions_are_the_librarys_own_with_missing_values_ties_and_unknown_categories(name):
    ensemble = from_estimator(fitted(name), NAMES)
    X = rows(seed=5, n=300, missing=name not in TAKES_NO_MISSING)
    on_thresholds = np.random.default_rng(0).random(X.shape) < 0.3
    for f in range(len(NAMES) - 1):
        t = ensemble.thresholds(f)
        if len(t):
            X[on_thresholds[:, f], f] = np.random.default_rng(f).choice(t, on_thresholds[:, f].sum())
    if ensemble.takes_missing:
        X[:20, CATEGORY] = 17.0
    tolerance = 1e-5 if name.startswith("xgboost") else 1e-12
    np.testing.assert_allclose(ensemble.predict(X), library_output(name, X), rtol=0, atol=tolerance)


def test_single_precision_is_folded_into_the_threshold_to_the_last_double():
    rng = np.random.default_rng(0)
    single = rng.normal(size=2000).astype(np.float32)
    thresholds = np.r_[single.astype(float), rng.normal(size=2000), 0.0, -0.0, 1e-45, 3e38]
    for strict in (False, True):
        compare = np.less if strict else np.less_equal
        against = thresholds.astype(np.float32).astype(float) if strict else thresholds
        folded = as_double_threshold(against, strict=strict)
        assert compare(folded.astype(np.float32), against).all()
        with np.errstate(over="ignore"):
            assert not compare(np.nextafter(folded, np.inf).astype(np.float32), against).any()


def test_stacked_models_keep_their_outputs_side_by_side_even_with_different_categories():
    names = [
        "histogram boosting",
        "histogram boosting with categories",
        "xgboost with categories",
        "lightgbm",
    ]
    together = stack([from_estimator(fitted(n), NAMES) for n in names])
    X = rows(seed=6)
    expected = np.hstack([library_output(n, X) for n in names])
    np.testing.assert_allclose(together.predict(X), expected, rtol=0, atol=1e-5)
    assert together.n_outputs == expected.shape[1] == 8


def test_stacked_forests_of_unequal_width_keep_their_outputs():
    names = ["random forest", "random forest of two classes", "random forest of two outputs"]
    together = stack([from_estimator(fitted(n), NAMES) for n in names])
    X = rows(seed=6)
    np.testing.assert_allclose(
        together.predict(X), np.hstack([library_output(n, X) for n in names]), rtol=0, atol=1e-12
    )


def test_binary_boosting_has_one_output_named_after_the_positive_class():
    ensemble = from_estimator(fitted("histogram boosting"), NAMES)
    assert (ensemble.output_names, ensemble.unit) == (("1",), "log-odds")


def test_calibration_in_front_of_the_margin_is_said():
    assert (
        "before the calibration map"
        in from_estimator(fitted("calibrated with one inner model"), NAMES).notes[0]
    )


def test_calibration_of_several_models_is_refused_with_the_way_out():
    X, y = rows(missing=False), np.arange(400) % 2
    model = CalibratedClassifierCV(DecisionTreeClassifier(max_depth=2), cv=3).fit(X, y)
    with pytest.raises(UnconvertibleModelError, match=r"averages 3 models.*ensemble=False"):
        from_estimator(model, NAMES)


def test_other_models_are_refused_with_the_way_out():
    X, y = rows(missing=False), np.arange(400) % 2
    for model in (LogisticRegression(), AdaBoostClassifier(n_estimators=2)):
        with pytest.raises(UnconvertibleModelError, match=r"cannot be explained exactly.*model-agnostic"):
            from_estimator(model.fit(X, y), NAMES)


def test_a_pipeline_that_changes_columns_is_refused():
    X, y = rows(missing=False), np.arange(400) % 2
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=2)).fit(X, y)
    with pytest.raises(UnconvertibleModelError, match=r"'standardscaler'.*Apply the steps before the last"):
        from_estimator(model, NAMES)


def test_boosting_that_starts_from_another_model_is_refused():
    X, y = rows(missing=False), np.arange(400) % 2
    model = GradientBoostingClassifier(n_estimators=2, init=DecisionTreeClassifier(max_depth=1)).fit(X, y)
    with pytest.raises(UnconvertibleModelError, match="starts from another model"):
        from_estimator(model, NAMES)


def test_linear_boosters_and_linear_leaves_are_refused():
    X, y = rows(missing=False), np.arange(400) % 2
    with pytest.raises(UnconvertibleModelError, match="gblinear"):
        from_estimator(xgboost.XGBClassifier(n_estimators=2, booster="gblinear").fit(X, y), NAMES)
    linear = lightgbm.LGBMRegressor(n_estimators=2, linear_tree=True, verbose=-1).fit(X, X[:, 6])
    with pytest.raises(UnconvertibleModelError, match="linear_tree=False"):
        from_estimator(linear, NAMES)


def test_zeros_read_as_missing_are_refused_where_they_would_matter():
    X = rows()
    model = lightgbm.LGBMClassifier(n_estimators=20, zero_as_missing=True, verbose=-1)
    model.fit(X, (np.nan_to_num(X[:, 6]) > 0.3) ^ (X[:, 0] == 1))
    with pytest.raises(UnconvertibleModelError, match="zero_as_missing=False"):
        from_estimator(model, NAMES)


def test_word_categories_are_refused():
    X = pd.DataFrame({"a": pd.Categorical(["x", "y"] * 50), "b": np.arange(100.0)})
    model = HistGradientBoostingClassifier(max_iter=2, categorical_features=["a"]).fit(X, np.arange(100) % 2)
    with pytest.raises(UnconvertibleModelError, match="categories that are words"):
        from_estimator(model, ["a", "b"])


def test_unfitted_models_are_refused():
    for model in (DecisionTreeClassifier(), HistGradientBoostingClassifier(), xgboost.XGBClassifier()):
        with pytest.raises(UnconvertibleModelError, match="not been fitted"):
            from_estimator(model, NAMES)


def test_missing_values_are_refused_where_the_model_has_no_direction():
    ensemble = from_estimator(fitted("gradient boosting"), NAMES)
    row = rows(missing=False)[0]
    row[3] = np.nan
    with pytest.raises(MissingDirectionError, match=r"f3 is missing.*Impute"):
        ensemble.predict(row)


def test_names_in_another_order_or_number_are_refused():
    X = pd.DataFrame(rows(missing=False), columns=NAMES)
    model = DecisionTreeClassifier(max_depth=3).fit(X, np.arange(400) % 2)
    with pytest.raises(FeatureMismatchError, match="feature 0 was 'f0', found 'f9'"):
        from_estimator(model, NAMES[::-1])
    with pytest.raises(FeatureMismatchError, match="9 feature names were given"):
        from_estimator(model, NAMES[:9])
    with pytest.raises(FeatureMismatchError, match="more than once"):
        from_estimator(model, [*NAMES[:9], "f0"])
    ensemble = from_estimator(model, NAMES)
    with pytest.raises(FeatureMismatchError, match=r"another order.*column 0 is 'f9'"):
        ensemble.predict(X[NAMES[::-1]])
    with pytest.raises(FeatureMismatchError, match=r"expected \(n, 10\)"):
        ensemble.predict(np.zeros((2, 9)))
    with pytest.raises(FeatureMismatchError, match="not a number"):
        ensemble.predict([["high"] * 10])
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.predict(X.to_numpy()))


def test_a_conversion_that_misses_the_library_is_refused():
    model = fitted("random forest")
    ensemble = from_estimator(model, NAMES)
    wrong = Reading([], 10, ["a"] * 3, "probability", [0] * 3, lambda X: model.predict_proba(X) + 1e-9)
    with pytest.raises(ConversionCheckError, match=r"miss the library's own output by 1e-09"):
        _check_output(model, wrong, ensemble)


def test_ensembles_of_other_features_or_units_are_not_stacked():
    boosted, forest = (from_estimator(fitted(n), NAMES) for n in ("histogram boosting", "random forest"))
    other = from_estimator(fitted("histogram boosting"), [*NAMES[:9], "TP53"])
    with pytest.raises(StackError, match="'TP53' against 'f9'"):
        stack([boosted, other])
    with pytest.raises(TreeEngineError, match="different units"):
        stack([boosted, forest])


def test_infinite_numbers_go_where_the_library_sends_them():
    X = rows()
    model = HistGradientBoostingClassifier(max_iter=3).fit(X, X[:, 6] > 0.2)
    X[:5, 6], X[5:10, 6] = np.inf, -np.inf
    np.testing.assert_allclose(
        from_estimator(model, NAMES).predict(X).ravel(), model.decision_function(X), rtol=0, atol=1e-12
    )


def test_a_random_forest_of_a_frozen_search_is_found():
    from sklearn.model_selection import GridSearchCV

    X, y = rows(missing=False), np.arange(400) % 2
    search = GridSearchCV(
        RandomForestClassifier(n_estimators=2, random_state=0), {"max_depth": [2]}, cv=2
    ).fit(X, y)
    np.testing.assert_allclose(from_estimator(search, NAMES).predict(X), search.predict_proba(X), atol=1e-12)
