"""A small cohort with known effects, and bundles of four kinds of model trained on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature

SCHEMA = FeatureSchema(
    (
        alteration_feature("EGFR", change="p.L858R"),
        alteration_feature("EGFR"),
        alteration_feature("KRAS", change="p.G12C"),
        alteration_feature("KRAS"),
        alteration_feature("ALK", kind="fusion"),
        alteration_feature("TP53"),
        field_feature("age_years", "Age", "age_years", unit="years", actionable=False),
        field_feature("albumin", "Albumin", "labs.albumin_g_dl"),
        field_feature("tumour", "Tumour", "tumour", "categorical", levels=("LUAD", "COADREAD", "SKCM")),
        field_feature("sex", "Sex", "sex", "categorical", levels=("female", "male")),
    )
)


def draw(n: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(np.nan, index=[f"T{i:04d}" for i in range(n)], columns=list(SCHEMA.columns))
    for name, share in zip(SCHEMA.names[:6], (0.15, 0.05, 0.12, 0.15, 0.06, 0.5), strict=True):
        X[name] = (rng.random(n) < share).astype(float)
    both = (X["EGFR p.L858R"] == 1) & (X["KRAS p.G12C"] == 1)
    X.loc[both, "KRAS p.G12C"] = 0.0
    X.loc[rng.random(n) < 0.2, "ALK fusion"] = np.nan
    X.loc[rng.random(n) < 0.1, "TP53"] = np.nan
    X["age_years"] = rng.normal(64, 10, n).round()
    X["albumin"] = np.where(rng.random(n) < 0.3, np.nan, rng.normal(3.8, 0.5, n).round(1))
    tumour = rng.integers(0, 3, n)
    for i, level in enumerate(("LUAD", "COADREAD", "SKCM")):
        X[f"tumour={level}"] = (tumour == i).astype(float)
    X["sex=male"] = (rng.random(n) < 0.5).astype(float)
    albumin = X["albumin"].fillna(3.8)
    eta = {
        "osimertinib": -1.5 + 3 * X["EGFR p.L858R"] - 1.0 * X["TP53"].fillna(0.5) * X["EGFR p.L858R"],
        "sotorasib": -1.5 + 2.5 * X["KRAS p.G12C"] + 0.5 * (albumin - 3.8),
        "chemotherapy": -0.5 + 0.8 * (albumin - 3.8) - 0.02 * (X["age_years"] - 64),
    }
    y = pd.DataFrame(index=X.index)
    for option, z in eta.items():
        responded = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
        y[option] = np.where(rng.random(n) < 0.6, responded, np.nan)
    return X, y


def models(kind: str) -> Any:
    impute = SimpleImputer(strategy="mean")
    return {
        "boosting": HistGradientBoostingClassifier(max_iter=25, max_leaf_nodes=8, random_state=0),
        "forest": RandomForestClassifier(n_estimators=20, max_depth=4, random_state=0),
        "linear": make_pipeline(impute, StandardScaler(), LogisticRegression()),
        "network": make_pipeline(impute, StandardScaler(), MLPClassifier((6,), max_iter=60, random_state=0)),
    }[kind]


def build_small(path, kind: str) -> ModelBundle:
    X, y = draw(1200, seed=3)
    levels = ("LUAD", "COADREAD", "SKCM")
    tumour = [levels[i] for i in X[[f"tumour={t}" for t in levels]].to_numpy().argmax(axis=1)]
    groups = pd.DataFrame({"tumour": tumour}, index=X.index)
    return build(
        path, name=kind, title="Small", cohort=Cohort(X, y, groups, SCHEMA), estimators=models(kind),
        background_size=40, synthetic=True, format="joblib" if kind == "forest" else "skops", option_labels={o: o.capitalize() for o in y.columns},
    )  # fmt: skip
