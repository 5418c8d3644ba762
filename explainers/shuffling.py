"""Permutation importance: how much worse a model ranks patients when one input is shuffled among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.families import estimator_of
from explainers.importance import Importance
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError, option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["OneClassError", "area_under_curve", "permutation_importance"]

N_FOLDS = 5


class OneClassError(CannotExplainError):
    """An option whose training patients all responded, or none did."""

    def __init__(self, label: str, n: int) -> None:
        super().__init__(
            f"{label} was given to {n} training patients whose outcomes are too few or all alike; shuffling cannot be "
            "measured by AUC."
        )


def permutation_importance(
    bundle: ModelBundle,
    option: str,
    *,
    n_repeats: int = 5,
    n_bootstrap: int = 200,
    held_out: bool = True,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Importance:
    """Fall in AUC when a feature's values are shuffled among the patients who had the option.

    Parameters
    ----------
    n_repeats : int
        Shuffles of each feature.
    held_out : bool
        True: the model is fitted again in five folds, and each patient is scored by the fold that did not see
        them. False: the bundle's own model on the patients it was trained on, which flatters it.
    stop : function, optional
        Asked before each feature; on True the features not reached are left at 0 and the method says so.

    Raises
    ------
    NoCohortError, OneClassError

    Notes
    -----
    Breiman (2001); Fisher, Rudin, Dominici (2019). The interval joins bootstrap draws of the patients with the
    shuffles. Inputs that stand in for each other both look unimportant.
    """
    if bundle.training is None or bundle.formula is not None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    y = np.asarray(bundle.training.y[option], dtype=np.float64)
    had = ~np.isnan(y)
    X, y = np.asarray(bundle.training.X, dtype=np.float64)[had], y[had]
    if min(y.sum(), len(y) - y.sum()) < N_FOLDS:
        raise OneClassError(bundle.label(option), len(y))
    rng = np.random.default_rng(seed)
    if held_out:
        fold, predict = _refitted(estimator_of(bundle, option), X, _labels(bundle, had, y), seed, option)
    else:
        fold = np.zeros(len(y), dtype=int)
        predict = [lambda rows: option_margin(bundle, rows, option)]

    def scores(rows: FloatMatrix) -> FloatVector:
        found = np.empty(len(rows))
        for f, model in enumerate(predict):
            found[fold == f] = model(rows[fold == f])
        return found

    draws = rng.integers(0, len(y), size=(n_bootstrap, len(y)))
    whole = scores(X)
    auc = area_under_curve(y, whole)
    auc_drawn = np.array([area_under_curve(y[d], whole[d]) for d in draws])
    p = len(bundle.schema.features)
    values, low, high = np.zeros(p), np.zeros(p), np.zeros(p)
    done = 0
    for j, name in enumerate(bundle.schema.names):
        if stop is not None and stop():
            break
        done = j + 1
        columns = bundle.schema.columns_of(name)
        if _constant(X[:, columns]):
            continue
        shuffled = []
        for _ in range(n_repeats):
            rows = X.copy()
            # Within folds, so that a fold's model sees its own patients' values only.
            for f in range(len(predict)):
                mine = np.flatnonzero(fold == f)
                rows[mine, columns] = X[rng.permutation(mine), columns]
            shuffled.append(scores(rows))
        values[j] = auc - np.mean([area_under_curve(y, s) for s in shuffled])
        drawn = [
            a - area_under_curve(y[d], shuffled[i % n_repeats][d])
            for i, (a, d) in enumerate(zip(auc_drawn, draws, strict=True))
        ]
        low[j], high[j] = np.percentile(drawn, [2.5, 97.5])
        if progress is not None:
            progress(done / p)
    how = (
        "models fitted again in five folds and asked about the fold left out"
        if held_out
        else "the model's own training patients, which flatters it"
    )
    rest = "" if done == p else f" Stopped after {done} of {p} features; the others read 0."
    return Importance(
        option, bundle.label(option), bundle.schema.names, tuple(f.label for f in bundle.schema.features),
        values, low, high, "fall in AUC when shuffled", "AUC", len(y),
        f"AUC {auc:.3f} before shuffling, on {len(y):,} patients; {how}. 95 % interval over patients and shuffles.{rest}", seed,
    )  # fmt: skip


def area_under_curve(y: FloatVector, score: FloatVector) -> float:
    """Area under the ROC curve, ties counted half; 0.5 where only one outcome is there.

    Examples
    --------
    >>> area_under_curve(np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 2.0, 2.0, 3.0]))
    0.875
    """
    n_events = y.sum()
    if n_events in (0, len(y)):
        return 0.5
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[y == 1].sum() - n_events * (n_events + 1) / 2) / (n_events * (len(y) - n_events)))


def _labels(bundle: ModelBundle, had: NDArray[np.bool_], y: FloatVector) -> NDArray[Any]:
    """What a model is fitted to again: responded or not, or which of several exclusive classes."""
    if bundle.output_kind != "classes":
        return y
    assert bundle.training is not None
    return np.asarray(bundle.options)[np.argmax(np.asarray(bundle.training.y)[had], axis=1)]


def _refitted(
    estimator: Any, X: FloatMatrix, labels: NDArray[Any], seed: int, option: str
) -> tuple[NDArray[np.int_], list[Callable[[FloatMatrix], FloatVector]]]:
    """The fold of each patient, and for each fold the model that was fitted to the others."""
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    fold = np.empty(len(labels), dtype=int)
    models: list[Callable[[FloatMatrix], FloatVector]] = []
    for f, (train, test) in enumerate(
        StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(X, labels)
    ):
        fold[test] = f
        # A column that nobody of a fold has a value in cannot be binned; a constant tells a model nothing.
        rows = X[train]
        rows = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
        models.append(_scorer(clone(estimator).fit(rows, labels[train]), option))
    return fold, models


def _scorer(fitted: Any, option: str) -> Callable[[FloatMatrix], FloatVector]:
    classes = fitted.classes_.tolist()
    column = classes.index(option) if option in classes else 1
    return lambda rows: np.asarray(fitted.predict_proba(rows)[:, column], dtype=np.float64)


def _constant(columns: FloatMatrix) -> bool:
    first = columns[0]
    return bool(((columns == first) | (np.isnan(columns) & np.isnan(first))).all())
