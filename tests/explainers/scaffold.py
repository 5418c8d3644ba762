"""A model that cheats: a biased rule for real patients, a harmless one for patients that an explainer made up."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from explainers.sanity import made_up_rows
from oncology.bundles import ModelBundle


class Scaffold:
    """After Slack et al. (2020): a detector of made-up patients decides which of two rules answers.

    Parameters
    ----------
    biased, harmless : int
        Columns that each rule reads, and nothing else.
    detector : classifier of real (1) and made-up (0) patients
    """

    classes_ = np.array([0.0, 1.0])

    def __init__(self, biased: int, harmless: int, detector: Any) -> None:
        self.biased, self.harmless, self.detector = biased, harmless, detector

    def predict_proba(self, X: Any) -> np.ndarray:
        X = np.asarray(X, dtype=np.float64)
        real = self.detector.predict_proba(X)[:, 1] > 0.5
        rule = np.where(real, np.nan_to_num(X[:, self.biased]), np.nan_to_num(X[:, self.harmless]))
        p = np.where(rule > 0.5, 0.9, 0.1)
        return np.column_stack([1 - p, p])


def scaffolded(bundle: ModelBundle, option: str, *, biased: str, harmless: str, seed: int = 0) -> ModelBundle:
    """The bundle with one option's model replaced by one that hides that it goes by `biased` alone."""
    assert bundle.training is not None
    rng = np.random.default_rng(seed)
    X = bundle.training.X.to_numpy(dtype=np.float64)
    X = X[rng.permutation(len(X))[:1500]]
    invented = made_up_rows(X, bundle.schema.feature_of_column, 3 * len(X), rng, least=0.03)
    detector = HistGradientBoostingClassifier(max_iter=80, random_state=seed).fit(
        np.vstack([X, invented]), np.repeat([1, 0], [len(X), len(invented)])
    )
    columns = list(bundle.schema.columns)
    cheat = Scaffold(columns.index(biased), columns.index(harmless), detector)
    return dataclasses.replace(bundle, estimators={**bundle.estimators, option: cheat})
