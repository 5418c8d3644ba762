"""From estimators to margins: the scale on which models are explained and calibrated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from oncology.bundles.packing import is_stackable

__all__ = ["MarginModel", "log_shares", "margin_scale"]

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

# Probabilities of exactly 0 or 1 have no log-odds; the nearest that are told apart.
_CLIP = 1e-6
# Up to this many rows, walking all trees of all options at once beats one call per tree (measured: 50 times at
# one row, 1.5 times at 200); blocks of this many rows times trees stay in the processor's cache.
_FEW_ROWS = 200
_BLOCK = 40_000

_AVERAGING = (
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
)
_LOG_ODDS_DECISION = ("HistGradientBoostingClassifier", "LogisticRegression", "LogisticRegressionCV")


def log_shares(probability: FloatMatrix) -> FloatMatrix:
    """The margins (n, k) of classes that exclude each other, from their probabilities (n, k)."""
    return np.log(np.clip(probability, _CLIP, 1.0))


def _last(estimator: Any) -> Any:
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def _before(estimator: Any) -> Any:
    return estimator[:-1] if hasattr(estimator, "steps") and len(estimator.steps) > 1 else None


def margin_scale(estimators: Sequence[Any]) -> Literal["log-odds", "probability"]:
    """The scale a set of estimators is explained on: probability where all average votes, else log-odds."""
    names = {type(_last(e)).__name__ for e in estimators}
    return "probability" if names and names <= set(_AVERAGING) else "log-odds"


def _binary_margin(estimator: Any, unit: str) -> Callable[[Any], FloatVector]:
    last, before = _last(estimator), _before(estimator)
    name = type(last).__name__

    def prepared(X: Any) -> Any:
        return X if before is None else before.transform(X)

    if unit == "probability":
        return lambda X: np.asarray(estimator.predict_proba(X)[:, 1], dtype=np.float64)
    if name in _LOG_ODDS_DECISION or (name == "GradientBoostingClassifier" and last.loss == "log_loss"):
        return lambda X: np.asarray(estimator.decision_function(X), dtype=np.float64).ravel()
    if name in ("XGBClassifier", "XGBRFClassifier"):
        return lambda X: np.asarray(last.predict(prepared(X), output_margin=True), dtype=np.float64)
    if name == "LGBMClassifier":
        return lambda X: np.asarray(last.predict(prepared(X), raw_score=True), dtype=np.float64)
    return lambda X: np.asarray(
        logit(np.clip(estimator.predict_proba(X)[:, 1], _CLIP, 1 - _CLIP)), dtype=np.float64
    )


class MarginModel:
    """The margins of all options for a matrix of rows.

    Gradient boosting, XGBoost, LightGBM and logistic regression give their own log-odds; averaging forests
    their probability; every other classifier the log-odds of its probability.

    Parameters
    ----------
    estimators : mapping of option to fitted estimator, in the order of the columns
    unit : {"log-odds", "probability"}
    columns : names of the c columns, for estimators that were fitted on a named table
    exclusive : one estimator whose k classes are the options
    """

    def __init__(
        self, estimators: Mapping[str, Any], unit: str, columns: Sequence[str], *, exclusive: bool = False
    ) -> None:
        self._columns = list(columns)
        self._exclusive = exclusive
        self._estimators = list(estimators.values())
        self._named = [hasattr(e, "feature_names_in_") for e in self._estimators]
        self._functions: list[Callable[[Any], FloatVector]] = (
            [] if exclusive else [_binary_margin(e, unit) for e in self._estimators]
        )
        walkable = not exclusive and all(
            is_stackable(e) and e.n_trees_per_iteration_ == 1 and e._preprocessor is None
            for e in self._estimators
        )
        self._walker = _TreeWalker(self._estimators) if walkable else None
        self._single: dict[int, _TreeWalker] = {}

    def __call__(self, X: FloatMatrix) -> FloatMatrix:
        """Margins (n, k) of rows (n, c)."""
        if not len(X):
            return np.empty((0, len(self._functions) or len(self._estimators[0].classes_)))
        if self._walker is not None and len(X) <= _FEW_ROWS:
            step = max(1, _BLOCK // self._walker.n_trees)
            return np.concatenate([self._walker(X[i : i + step]) for i in range(0, len(X), step)])
        table: Any = None
        if any(self._named):
            import pandas as pd

            table = pd.DataFrame(X, columns=self._columns)
        if self._exclusive:
            (estimator,) = self._estimators
            probability = estimator.predict_proba(table if self._named[0] else X)
            return log_shares(np.asarray(probability, dtype=np.float64))
        out = np.empty((len(X), len(self._functions)))
        for j, function in enumerate(self._functions):
            out[:, j] = function(table if self._named[j] else X)
        return out

    def one(self, X: FloatMatrix, j: int) -> FloatVector:
        """The margin of option j alone, (n,): the same numbers as column j, without asking the other models."""
        if self._exclusive:
            column: FloatVector = self(X)[:, j]
            return column
        if self._walker is not None and 0 < len(X) <= _FEW_ROWS:
            # A thread for each core, as the estimators start for every tree, costs more than the tree.
            if j not in self._single:
                self._single[j] = _TreeWalker(self._estimators[j : j + 1])
            alone: FloatVector = self._single[j](X)[:, 0]
            return alone
        if not self._named[j]:
            return self._functions[j](X)
        import pandas as pd

        return self._functions[j](pd.DataFrame(X, columns=self._columns))


class _TreeWalker:
    """All trees of all histogram gradient boosting models, walked level by level in one array.

    Sums run in the order of boosting, so that the result is the estimator's own to the last bit.
    """

    def __init__(self, estimators: Sequence[Any]) -> None:
        per_option = [[t[0].nodes for t in e._predictors] for e in estimators]
        self._baseline = np.array([float(np.ravel(e._baseline_prediction)[0]) for e in estimators])
        self._lengths = [len(trees) for trees in per_option]
        every = [nodes for trees in per_option for nodes in trees]
        self.n_trees = len(every)
        starts = np.concatenate([[0], np.cumsum([len(n) for n in every])])[:-1]
        nodes = np.concatenate(every)
        offset = np.repeat(starts, [len(n) for n in every])
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(len(nodes))
        self._feature = np.where(leaf, 0, nodes["feature_idx"]).astype(np.intp)
        self._threshold = np.where(leaf, np.inf, nodes["num_threshold"])
        self._missing_left = nodes["missing_go_to_left"].astype(bool)
        # A leaf points to itself: walking on from it stays there.
        left = np.where(leaf, own, nodes["left"] + offset)
        right = np.where(leaf, own, nodes["right"] + offset)
        self._children = np.stack([right, left], axis=1).astype(np.intp).ravel()
        self._value = nodes["value"].astype(np.float64)
        self._roots = starts.astype(np.intp)
        self._depth = int(nodes["depth"].max())

    def __call__(self, X: FloatMatrix) -> FloatMatrix:
        X = np.ascontiguousarray(X, dtype=np.float64)
        n = len(X)
        at = np.broadcast_to(self._roots, (n, self.n_trees)).ravel()
        row = np.repeat(np.arange(n) * X.shape[1], self.n_trees)
        flat, missing = X.ravel(), np.isnan(X).ravel()
        some_missing = bool(missing.any())
        for _ in range(self._depth):
            cell = row + self._feature[at]
            left = flat[cell] <= self._threshold[at]
            if some_missing:
                unknown = missing[cell]
                left = np.where(unknown, self._missing_left[at], left)
            at = self._children[2 * at + left]
        leaves = self._value[at].reshape(n, self.n_trees)
        out = np.empty((n, len(self._lengths)))
        end = 0
        for j, length in enumerate(self._lengths):
            steps = np.concatenate(
                [np.full((n, 1), self._baseline[j]), leaves[:, end : end + length]], axis=1
            )
            out[:, j] = np.cumsum(steps, axis=1)[:, -1]
            end += length
        return out
