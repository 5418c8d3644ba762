"""Permutation importance: how much worse a model ranks patients when one input is shuffled among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

__all__ = [
    "N_FOLDS",
    "OneClassError",
    "area_under_curve",
    "fold_scores",
    "is_constant",
    "outcome_labels",
    "permutation_importance",
    "refitted",
    "weighted_areas",
]

N_FOLDS = 5
# Rows that go through the models between two looks at the stop button: 100,000 rows x 100 columns are 80 MB.
_BATCH = 100_000


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
        Asked between batches of features; on True the features not reached are left at 0 and the method says so.

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
    if held_out:
        fold, models = refitted(estimator_of(bundle, option), X, outcome_labels(bundle, had, y), seed, option)
    else:
        fold, models = np.zeros(len(y), dtype=int), [lambda rows: option_margin(bundle, rows, option)]
    n, p = len(y), len(bundle.schema.features)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(np.float64)
    whole = fold_scores(models, fold, X[None, :, :])[0]
    auc, auc_drawn = area_under_curve(y, whole), weighted_areas(y, whole, drawn)
    values, low, high = np.zeros(p), np.zeros(p), np.zeros(p)
    columns = [bundle.schema.columns_of(name) for name in bundle.schema.names]
    moving = [j for j in range(p) if not is_constant(X[:, columns[j]])]
    done = 0
    step = max(1, _BATCH // (n * n_repeats))
    for start in range(0, len(moving), step):
        if stop is not None and stop():
            break
        batch = moving[start : start + step]
        copies = np.repeat(X[None, :, :], len(batch) * n_repeats, axis=0)
        for b, j in enumerate(batch):
            # A feature's shuffles hang on the seed and the feature, not on the batch it falls into.
            rng = np.random.default_rng([seed, j])
            for r in range(n_repeats):
                for f in range(len(models)):
                    # Within folds, so that a fold's model meets its own patients' values only.
                    mine = np.flatnonzero(fold == f)
                    copies[b * n_repeats + r, mine, columns[j]] = X[rng.permutation(mine), columns[j]]
        scores = fold_scores(models, fold, copies).reshape(len(batch), n_repeats, n)
        for b, j in enumerate(batch):
            values[j] = auc - np.mean([area_under_curve(y, s) for s in scores[b]])
            fall = np.empty(n_bootstrap)
            for r in range(n_repeats):
                fall[r::n_repeats] = auc_drawn[r::n_repeats] - weighted_areas(
                    y, scores[b, r], drawn[r::n_repeats]
                )
            low[j], high[j] = np.percentile(fall, [2.5, 97.5])
        done += len(batch)
        if progress is not None:
            progress(done / len(moving))
    how = (
        "models fitted again in five folds and asked about the fold left out"
        if held_out
        else "the model's own training patients, which flatters it"
    )
    rest = (
        "" if done == len(moving) else f" Stopped after {done} of {len(moving)} features; the others read 0."
    )
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


def weighted_areas(y: FloatVector, score: FloatVector, weights: FloatMatrix) -> FloatVector:
    """Area under the ROC curve with each row of weights (b, n), (b,); 0.5 where a draw holds one outcome only."""
    order = np.argsort(score, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) > 0]))
    events = np.add.reduceat((weights * y)[:, order], first, axis=1)
    others = np.add.reduceat((weights * (1 - y))[:, order], first, axis=1)
    below = np.cumsum(others, axis=1) - others / 2
    pairs = events.sum(axis=1) * others.sum(axis=1)
    return np.divide((events * below).sum(axis=1), pairs, out=np.full(len(weights), 0.5), where=pairs > 0)


def fold_scores(
    models: Sequence[Callable[[FloatMatrix], FloatVector]], fold: NDArray[np.int_], copies: FloatMatrix
) -> FloatMatrix:
    """Scores (m, n) of m copies (m, n, c) of the patients, each patient by the model of their fold."""
    found = np.empty(copies.shape[:2])
    for f, model in enumerate(models):
        mine = np.flatnonzero(fold == f)
        rows = copies[:, mine]
        found[:, mine] = model(rows.reshape(-1, rows.shape[-1])).reshape(len(copies), len(mine))
    return found


def outcome_labels(bundle: ModelBundle, had: NDArray[np.bool_], y: FloatVector) -> NDArray[Any]:
    """What a model is fitted to again: responded or not, or which of several exclusive classes."""
    if bundle.output_kind != "classes":
        return y
    assert bundle.training is not None
    return np.asarray(bundle.options)[np.argmax(np.asarray(bundle.training.y)[had], axis=1)]


def refitted(
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


def is_constant(columns: FloatMatrix) -> bool:
    """Whether every row (n, c) holds the same values, unknown counting as one."""
    first = columns[0]
    return bool(((columns == first) | (np.isnan(columns) & np.isnan(first))).all())
