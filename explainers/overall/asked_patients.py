"""Which patients a question about the whole model is put to: training patients, drawn at random with a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explainers.explanation import FloatMatrix
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError, option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["had_option", "scored", "training_rows"]


def training_rows(bundle: ModelBundle, option: str, *, most: int, seed: int) -> FloatMatrix:
    """Up to `most` training patients (n, c) to whom the option's model gives a score.

    Raises
    ------
    NoCohortError, CannotExplainError
    """
    if bundle.training is None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    X = np.asarray(bundle.training.X, dtype=np.float64)
    if len(X) > most:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), most, replace=False))]
    return scored(bundle, option, X)


def had_option(bundle: ModelBundle, option: str) -> FloatMatrix:
    """The training patients (n, c) who had the option, in the table's order.

    Raises
    ------
    NoCohortError, CannotExplainError
    """
    if bundle.training is None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    had = ~np.isnan(np.asarray(bundle.training.y[option], dtype=np.float64))
    return scored(bundle, option, np.asarray(bundle.training.X, dtype=np.float64)[had])


def scored(bundle: ModelBundle, option: str, X: FloatMatrix) -> FloatMatrix:
    """The rows to which the option's model gives a score."""
    known = X[np.isfinite(option_margin(bundle, X, option))] if len(X) else X
    if not len(known):
        raise CannotExplainError(
            "The model gives none of these patients a score: required inputs are missing, or nobody had the option."
        )
    return known
