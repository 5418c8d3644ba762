"""Whether rows are what a model reads: their number, names, order and kind of values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.errors import FeatureMismatchError, MissingDirectionError
from explainers.trees.forms import Floats

__all__ = ["check_rows"]


def check_rows(X: ArrayLike, feature_names: tuple[str, ...], *, takes_missing: bool) -> Floats:
    """Rows (n, p) as a fresh array of doubles; a single row may come as (p,).

    Raises
    ------
    FeatureMismatchError
        Wrong number, names or order of features, or a value that is not a number.
    MissingDirectionError
        A missing value where the model has no direction for it.
    """
    names = getattr(X, "columns", None)
    if names is not None and tuple(map(str, names)) != feature_names:
        raise FeatureMismatchError(_column_message(tuple(map(str, names)), feature_names))
    try:
        rows = np.array(
            X, dtype=np.float64, order="C", ndmin=2
        )  # a copy, so that kernels meet one array type
    except (TypeError, ValueError) as error:
        raise FeatureMismatchError(
            f"The rows hold something that is not a number ({error}). Encode them with the model's schema first."
        ) from error
    if rows.ndim != 2 or rows.shape[1] != len(feature_names):
        raise FeatureMismatchError(
            f"Found rows of shape {rows.shape}, expected (n, {len(feature_names)}): "
            f"the model reads {len(feature_names)} features, {_ends(feature_names)}, in this order."
        )
    if not takes_missing and (missing := np.isnan(rows)).any():
        raise MissingDirectionError(feature_names[int(missing.any(0).argmax())], int(missing.sum()))
    return rows


def _ends(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]}, ..., {names[-1]}"


def _column_message(found: tuple[str, ...], expected: tuple[str, ...]) -> str:
    if len(found) != len(expected):
        return (
            f"Found {len(found)} columns, expected {len(expected)} ({_ends(expected)}). "
            "Encode the row with the model's schema."
        )
    if set(found) == set(expected):
        i = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
        return (
            f"The columns are in another order than the model's: column {i} is {found[i]!r}, "
            f"expected {expected[i]!r}. Reorder them, for instance with X[feature_names]."
        )
    unknown = sorted(set(found) - set(expected))[:3]
    absent = sorted(set(expected) - set(found))[:3]
    return f"Columns {', '.join(unknown)} are not the model's; {', '.join(absent)} expected instead."
