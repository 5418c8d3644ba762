"""Bundles of a few features and their patients, small enough to try every version of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from explainers.smallest import Constraints
from explainers.standings import standings
from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, FeatureSpec, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile

GENES = ("EGFR", "KRAS", "ALK", "TP53")
EVERY = Constraints(exclusive_drivers=False)
ANSWERS = [
    *(alteration_feature(g) for g in GENES[:3]),
    field_feature("Prior", "Earlier treatment", "prior_treated", "binary"),
    field_feature("ECOG", "ECOG", "ecog", "count"),
    field_feature("Line", "Line of therapy", "line"),
]


def made(path, features: Sequence[FeatureSpec], estimator, seed=0, *, classes=False, n=400) -> ModelBundle:
    """A bundle of three options, learnt from columns at random: yes or no for alterations and answers, else 0 to 6."""
    schema, rng = FeatureSchema(tuple(features)), np.random.default_rng(seed)
    few = [f.is_alteration or f.kind in ("binary", "categorical") for f in schema.features]
    X = pd.DataFrame(
        np.column_stack([rng.integers(0, 2 if f else 7, n) for f in few]).astype(float), columns=list(schema.columns),
        index=[f"T{i}" for i in range(n)],
    )  # fmt: skip
    eta = ((X - X.mean()) / X.std()).to_numpy() @ rng.normal(0, 1.2, (X.shape[1], 3))
    X = X.mask(rng.random(X.shape) < 0.15)
    options = ["osimertinib", "sotorasib", "chemotherapy"]
    drawn = rng.random((n, 3)) < 1 / (1 + np.exp(-eta))
    if classes:
        drawn = np.eye(3, dtype=bool)[(eta + rng.gumbel(size=eta.shape)).argmax(axis=1)]
    y = pd.DataFrame(drawn.astype(float), columns=options, index=X.index)
    groups = pd.DataFrame({"tumour": ["LUAD"] * n}, index=X.index)
    return build(
        path / "bundle", name="m", title="M", cohort=Cohort(X, y, groups, schema), estimators=estimator, folds=3,
        format="joblib", synthetic=True, output_kind="classes" if classes else "probabilities",
    )  # fmt: skip


def patient(seed=0, **more) -> PatientProfile:
    rng = np.random.default_rng(seed)
    return PatientProfile(
        "A", tumour="LUAD", assayed_genes=frozenset(g for g in GENES if rng.random() < 0.8),
        alterations=tuple(Alteration(g) for g in GENES if rng.random() < 0.4), synthetic=True, **more,
    )  # fmt: skip


def fewest(bundle, profile, goal, rows) -> int | None:
    """By trying every version: how many features the nearest one that reaches the goal differs in."""
    row = bundle.schema.encode_row(profile)
    differs = ((rows != row) & ~(np.isnan(rows) & np.isnan(row))).sum(axis=1)
    reached = goal.reached(bundle, standings(bundle, profile, rows))
    return int(differs[reached].min()) if reached.any() else None
