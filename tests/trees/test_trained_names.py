"""Names are held against those the model was trained with, wherever its library keeps them."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from explainers.trees import from_estimator
from explainers.trees.errors import FeatureMismatchError

rng = np.random.default_rng(0)
ALTERED = rng.integers(0, 2, (300, 2)).astype(float)
RESPONDS = ALTERED[:, 1].astype(int)


def table(*names: str) -> pd.DataFrame:
    return pd.DataFrame(ALTERED, columns=list(names))


def xgboost_booster(X, names=None):
    return xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(X, RESPONDS, feature_names=names), 2
    )


def lightgbm_booster(X, names="auto"):
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1}
    return lightgbm.train(parameters, lightgbm.Dataset(X, RESPONDS, feature_name=names), 2)


BOOSTERS = {"xgboost": xgboost_booster, "lightgbm": lightgbm_booster}


@pytest.mark.parametrize("train", BOOSTERS.values(), ids=BOOSTERS)
def test_a_booster_refuses_names_in_another_order(train):
    booster = train(table("TP53", "KRAS"))
    with pytest.raises(FeatureMismatchError, match="in another order: feature 0 was 'TP53', found 'KRAS'"):
        from_estimator(booster, ["KRAS", "TP53"])
    with pytest.raises(FeatureMismatchError, match="under other names: feature 1 was 'KRAS', found 'EGFR'"):
        from_estimator(booster, ["TP53", "EGFR"])
    assert from_estimator(booster, ["TP53", "KRAS"]).feature_names == ("TP53", "KRAS")


@pytest.mark.parametrize("train", BOOSTERS.values(), ids=BOOSTERS)
def test_a_booster_trained_without_names_takes_any(train):
    assert from_estimator(train(ALTERED), ["KRAS", "TP53"]).feature_names == ("KRAS", "TP53")


@pytest.mark.parametrize("default", [("Column_0", "Column_1"), ("f0", "f1")])
@pytest.mark.parametrize("train", BOOSTERS.values(), ids=BOOSTERS)
def test_the_names_a_library_makes_up_count_as_none_but_keep_their_order(train, default):
    booster = train(ALTERED, list(default))
    assert from_estimator(booster, ["KRAS", "TP53"]).feature_names == ("KRAS", "TP53")
    with pytest.raises(FeatureMismatchError, match="in another order"):
        from_estimator(booster, default[::-1])


def test_names_given_to_fit_beside_an_array_are_read():
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1)
    model.fit(ALTERED, RESPONDS, feature_name=["TP53", "KRAS"])
    with pytest.raises(FeatureMismatchError, match="in another order"):
        from_estimator(model, ["KRAS", "TP53"])


def test_lightgbm_names_with_spaces_are_recognised_though_it_renames_them():
    X = table("PIK3CA mut", "TMB  per Mb")
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(X, RESPONDS)
    for trained in (model, lightgbm_booster(X)):
        ensemble = from_estimator(trained, list(X.columns))
        assert ensemble.feature_names == ("PIK3CA mut", "TMB  per Mb")
        with pytest.raises(FeatureMismatchError, match="in another order"):
            from_estimator(trained, list(X.columns)[::-1])
