"""What a library's converter hands over, and the probe rows that hold it to its word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.ensemble import TreeEnsemble, Unit
from explainers.trees.errors import UnconvertibleModelError
from explainers.trees.forms import CodedColumn, Floats, Tree

__all__ = ["HALF_LOG_ODDS", "Reading", "class_names", "one_class_only", "probe_rows", "with_names"]

HALF_LOG_ODDS = "With the exponential loss the model's score is half the log-odds."


@dataclass(frozen=True, eq=False)
class Reading:
    """A model as a converter read it.

    Attributes
    ----------
    trees, output_names, unit, base, coded, takes_missing, notes
        As in `explainers.trees.ensemble.build`.
    n_features : int
        Number of features that the model was trained on.
    library_output : callable
        The library's own output for raw rows (n, p), in `unit`.
    tolerance : float
        Largest difference from it that is rounding.
    independent : bool
        Whether several outputs in log-odds are answers to separate questions, not classes of one.
    """

    trees: Sequence[Tree]
    n_features: int
    output_names: Sequence[str]
    unit: Unit
    base: ArrayLike
    library_output: Callable[[Floats], NDArray]
    coded: Sequence[CodedColumn] = ()
    takes_missing: bool = True
    notes: Sequence[str] = ()
    tolerance: float = 1e-12
    independent: bool = False


def one_class_only(model: object, found: str) -> UnconvertibleModelError:
    """The refusal of a boosted classifier whose training labels were all alike."""
    return UnconvertibleModelError(
        model,
        f"it was trained on one class only ({found}), so no log-odds stand between two outcomes",
        "Train it on patients of at least two classes.",
    )


def class_names(model: object, k: int) -> list[str]:
    """Names of k margins: the positive class for one, the classes for several, else numbered.

    Raises
    ------
    UnconvertibleModelError
        If the model was trained on a single class.
    """
    classes = getattr(model, "classes_", None)
    if classes is not None and len(classes) == 1:
        raise one_class_only(model, repr(str(classes[0])))
    if classes is None:
        return ["value"] if k == 1 else [f"output {i}" for i in range(k)]
    if k == 1 and len(classes) == 2:
        return [str(classes[1])]
    return [str(c) for c in classes] if len(classes) == k else [f"output {i}" for i in range(k)]


def with_names(model: object, X: Floats):
    """Rows as the model was trained on them: with column names if it knows any."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return X
    from pandas import DataFrame

    return DataFrame(X, columns=names)


def probe_rows(ensemble: TreeEnsemble, n: int = 48, seed: int = 0) -> Floats:
    """Rows (n, p) that sit on, just above and just below the model's own thresholds.

    Neighbours are taken in single and in double precision, because that is where libraries differ; where the model
    takes missing values a tenth of the entries is missing, and categories include numbers it never saw.
    """
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, ensemble.n_features))
    split = ensemble.nodes.column
    for f in range(ensemble.n_features):
        t = ensemble.nodes.threshold[(split == f) & np.isfinite(ensemble.nodes.threshold)]
        if len(t) == 0:
            continue
        t = rng.choice(t, n)
        with np.errstate(over="ignore"):
            single = t.astype(np.float32)
        near = np.array(
            [
                t,
                np.nextafter(t, np.inf),
                np.nextafter(single, np.float32(np.inf)).astype(float),
                np.nextafter(single, np.float32(-np.inf)).astype(float),
                t + rng.normal(size=n) * (1 + np.abs(t)),
            ]
        )
        rows[:, f] = near[rng.integers(0, len(near), n), np.arange(n)]
    for coded in ensemble.coded:
        # beside the known ones: one it never saw, and numbers between two categories
        odd = (coded.values.max(initial=0.0) + 7.0, -0.5, 0.5)
        rows[:, coded.feature] = rng.choice([*coded.values, *odd], n)
    if ensemble.takes_missing:
        rows[rng.random(rows.shape) < 0.1] = np.nan
    return np.where(np.abs(rows) > 1e30, 0.0, rows)
