"""Drop-column importance: how much worse a model ranks patients when it is trained without one input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from explainers.explanation import FloatMatrix
from explainers.families import estimator_of
from explainers.importance import Importance
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError
from explainers.shuffling import (
    N_FOLDS,
    OneClassError,
    area_under_curve,
    fold_scores,
    is_constant,
    outcome_labels,
    refitted,
    weighted_areas,
)

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["TooSlowError", "drop_column_importance"]


class TooSlowError(CannotExplainError):
    """A model whose training takes so long that it cannot be repeated for every input."""

    def __init__(self, n_features: int, minutes: float, most_minutes: float) -> None:
        super().__init__(
            f"Training this model again without each of its {n_features} inputs would take about {minutes:,.0f} minutes; "
            f"it is done up to {most_minutes:g}. Shuffling the inputs asks nearly the same and trains only "
            f"{N_FOLDS} models."
        )
        self.minutes = minutes


def drop_column_importance(
    bundle: ModelBundle,
    option: str,
    *,
    n_bootstrap: int = 200,
    most_minutes: float = 3.0,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Importance:
    """Fall in AUC when the model is trained and asked again without a feature, on held-out patients.

    Parameters
    ----------
    most_minutes : float
        Longest time that is accepted, judged by the first training of all folds.
    stop : function, optional
        Asked between features; on True those not reached are left at 0 and the method says so.

    Raises
    ------
    NoCohortError, OneClassError, TooSlowError

    Notes
    -----
    A feature is taken away by giving everybody the same value, so that models keep their columns; nothing can be learnt
    from a constant. Unlike shuffling this lets another input step in: a feature whose knowledge stands elsewhere too
    falls to 0. The 95 % interval is over patients (bootstrap draws, paired), not over trainings.
    """
    if bundle.training is None or bundle.formula is not None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    y = np.asarray(bundle.training.y[option], dtype=np.float64)
    had = ~np.isnan(y)
    X, y = np.asarray(bundle.training.X, dtype=np.float64)[had], y[had]
    if min(y.sum(), len(y) - y.sum()) < N_FOLDS:
        raise OneClassError(bundle.label(option), len(y))
    estimator, labels = estimator_of(bundle, option), outcome_labels(bundle, had, y)

    def held_out(rows: FloatMatrix) -> FloatMatrix:
        fold, models = refitted(estimator, rows, labels, seed, option)
        return fold_scores(models, fold, rows[None, :, :])[0]

    columns = [bundle.schema.columns_of(name) for name in bundle.schema.names]
    moving = [j for j, c in enumerate(columns) if not is_constant(X[:, c])]
    begun = time.perf_counter()
    whole = held_out(X)
    minutes = (time.perf_counter() - begun) * len(moving) / 60
    if minutes > most_minutes:
        raise TooSlowError(len(moving), minutes, most_minutes)
    n, p = len(y), len(columns)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap).astype(np.float64)
    auc, auc_drawn = area_under_curve(y, whole), weighted_areas(y, whole, drawn)
    values, low, high = np.zeros(p), np.zeros(p), np.zeros(p)
    done = 0
    for j in moving:
        if stop is not None and stop():
            break
        without = X.copy()
        without[:, columns[j]] = 0.0
        scores = held_out(without)
        values[j] = auc - area_under_curve(y, scores)
        low[j], high[j] = np.percentile(auc_drawn - weighted_areas(y, scores, drawn), [2.5, 97.5])
        done += 1
        if progress is not None:
            progress(done / len(moving))
    rest = (
        "" if done == len(moving) else f" Stopped after {done} of {len(moving)} features; the others read 0."
    )
    return Importance(
        option, bundle.label(option), bundle.schema.names, tuple(f.label for f in bundle.schema.features),
        values, low, high, "fall in AUC without it", "AUC", n,
        f"AUC {auc:.3f} with all inputs, on {n:,} patients; trained again in five folds without each input and asked about the "
        f"fold left out. 95 % interval over patients. An input whose knowledge stands elsewhere too falls to 0.{rest}", seed,
    )  # fmt: skip
