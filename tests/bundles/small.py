"""An invented cohort of 300 patients with three options, and a bundle of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature

GENES = ("EGFR", "KRAS", "BRAF", "TP53")
OPTIONS = ("osimertinib", "sotorasib", "dabrafenib")
TUMOURS = ("LUAD", "COADREAD", "SKCM")

SCHEMA = FeatureSchema(
    (
        *(alteration_feature(gene) for gene in GENES),
        field_feature("Tumour type", "Tumour type", "tumour", "categorical", levels=TUMOURS),
        field_feature("Age", "Age", "age_years", unit="years"),
    )
)


def small_cohort(
    n: int = 300, *, seed: int = 0, unknown: float = 0.15, schema: FeatureSchema = SCHEMA
) -> Cohort:
    """Each option works where its own gene is altered; three patients in ten never had a given option."""
    rng = np.random.default_rng(seed)
    altered = (rng.random((n, len(GENES))) < 0.3).astype(float)
    tumour = rng.integers(0, len(TUMOURS), n)
    log_odds = 2.2 * altered[:, : len(OPTIONS)] - 0.9
    y = (rng.random(log_odds.shape) < 1 / (1 + np.exp(-log_odds))).astype(float)
    y[rng.random(y.shape) < 0.3] = np.nan
    altered[rng.random(altered.shape) < unknown] = np.nan
    ids = [f"P{i}" for i in range(n)]
    X = np.hstack([altered, np.eye(len(TUMOURS))[tumour], rng.normal(60, 10, (n, 1))])
    return Cohort(
        pd.DataFrame(X, columns=list(schema.columns), index=ids),
        pd.DataFrame(y, columns=list(OPTIONS), index=ids),
        pd.DataFrame(
            {"tumour": np.array(TUMOURS)[tumour], "sex": rng.choice(["female", "male"], n)}, index=ids
        ),
        schema,
    )


def boosting(**more: Any) -> Any:
    """A small histogram gradient boosting classifier, not fitted."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**({"max_iter": 12, "max_leaf_nodes": 5, "random_state": 0} | more))


def small_bundle(path: Path, **more: Any) -> ModelBundle:
    """A bundle of the small cohort; `more` goes to `build`."""
    given = {
        "name": "small",
        "cohort": small_cohort(),
        "estimators": boosting(),
        "folds": 3,
        "synthetic": True,
    } | more
    return build(path, **given)
