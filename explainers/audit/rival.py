"""The simplest rival of a model: a penalised logistic regression in the same folds, on the same inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explainers.audit.data import AuditData, of_arrays
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.resampling import FloatMatrix, FloatVector, Stop
from oncology.performance import calibrated_without_self

if TYPE_CHECKING:
    from explainers.audit.overview import Progress
    from oncology.bundles import ModelBundle

__all__ = ["simple_rival"]


def simple_rival(
    bundle: ModelBundle, data: AuditData, *, progress: Progress | None = None, stop: Stop | None = None
) -> AuditData:
    """A penalised logistic regression fitted in the same folds as the bundle's own models, on the same inputs.

    Each input has one fixed weight for every patient. Unknown inputs become the most frequent value, and a column
    of their own says that they were unknown. Its probabilities are calibrated in fifths, as the bundle's are.

    Raises
    ------
    AuditError
        If the predictions were not made out of fold on the training patients.
    """
    if data.origin != "out of fold" or bundle.training is None:
        raise AuditError(
            "A simpler model can be fitted in the same folds on the training patients only; for another cohort, give "
            "a second bundle."
        )
    folds = int(bundle.manifest.training.get("folds", 5))
    seed = int(bundle.manifest.training.get("seed", 0))
    X = data.X.to_numpy(dtype=np.float64)
    probability = np.full(data.y.shape, np.nan)
    say = progress or (lambda share, words: None)
    for j, option in enumerate(data.options):
        if stop is not None and stop():
            raise StoppedError
        say(j / len(data.options), f"{data.label(option)}: fitting the simpler model")
        rows = np.flatnonzero(~np.isnan(data.y[:, j]))
        y = data.y[rows, j]
        if min(y.sum(), len(y) - y.sum()) < max(folds, 5):
            continue
        margin = _out_of_fold(X[rows], y, folds, seed)
        probability[rows, j] = calibrated_without_self(margin, y)
    say(1.0, "Done")
    made = of_arrays(
        data.y, probability, options=data.options, name="logistic regression", groups=data.groups,
        setting=data.setting, synthetic=data.synthetic,
    )  # fmt: skip
    return replace(made, labels=data.labels)


def _out_of_fold(X: FloatMatrix, y: FloatVector, folds: int, seed: int) -> FloatVector:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    margin = np.empty(len(y))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, y):
        model = make_pipeline(
            SimpleImputer(strategy="most_frequent", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=0.05, max_iter=1000),
        )
        margin[test] = model.fit(X[train], y[train]).decision_function(X[test])
    return margin
