"""Which inputs a model leans on: mean |Shapley| and what shuffling costs, with intervals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from explainers.background import Background
from explainers.explanation import Explanation, FloatMatrix, FloatVector, Unit
from explainers.families import Family, family_of
from explainers.local import explain
from explainers.local.shapley import shapley_matrix
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError, option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "Importance",
    "ShapleySample",
    "formula_weights",
    "mean_over_options",
    "shapley_importance",
    "shapley_sample",
]

Progress = Callable[[float], None]
Stop = Callable[[], bool]

# Models that are neither trees nor sums are explained patient by patient; more would keep a page waiting.
_MOST_BY_PATIENT = 60


@dataclass(frozen=True, eq=False, slots=True)
class ShapleySample:
    """Shapley values of a sample of patients for one option: the matter of importance, beeswarm and dependence.

    Parameters
    ----------
    ids : tuple of str, (n,)
    rows : array (n, c)
        The patients, encoded.
    values : array (n, p), in `unit`
    base_value : float
    fingerprint : str
        Of bundle, option, patients and background.
    """

    option: str
    label: str
    feature_names: tuple[str, ...]
    feature_labels: tuple[str, ...]
    ids: tuple[str, ...]
    rows: FloatMatrix
    values: FloatMatrix
    base_value: float
    unit: Unit
    background: str
    seed: int
    fingerprint: str

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False, slots=True)
class Importance:
    """One number a feature, with a 95 % interval.

    Parameters
    ----------
    option : str
        An option's key, or "all options".
    values, low, high : arrays (p,)
    measure : str
        In words: "mean |Shapley value|", "fall in AUC when shuffled".
    unit : str
        Of the values.
    n_patients : int
    method : str
        How it was measured and what the interval covers, one sentence.
    """

    option: str
    label: str
    feature_names: tuple[str, ...]
    feature_labels: tuple[str, ...]
    values: FloatVector
    low: FloatVector
    high: FloatVector
    measure: str
    unit: str
    n_patients: int
    method: str
    seed: int

    def order(self) -> list[int]:
        """Feature positions, most important first."""
        return [int(j) for j in np.argsort(-self.values, kind="stable")]

    def rows(self) -> list[dict[str, Any]]:
        """One row a feature, most important first."""
        return [
            {
                "feature": self.feature_labels[j],
                self.measure: round(float(self.values[j]), 5),
                "low": round(float(self.low[j]), 5),
                "high": round(float(self.high[j]), 5),
                "unit": self.unit,
            }
            for j in self.order()
        ]


def shapley_sample(
    bundle: ModelBundle,
    option: str,
    *,
    n_patients: int = 500,
    rows: pd.DataFrame | None = None,
    background: Background | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> ShapleySample:
    """Shapley values of training patients drawn at random, or of patients of one's own.

    Parameters
    ----------
    rows : DataFrame (n, c), optional
        Encoded patients; all of them are used. Default: `n_patients` of the training cohort.
    progress : function of a share in [0, 1], optional
    stop : function, optional
        Asked between patients of slow models; on True what is ready is returned.

    Raises
    ------
    NoCohortError
        If there are no rows and the bundle carries no training cohort.
    """
    bundle.option_index(option)
    if rows is None:
        if bundle.training is None:
            raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
        table = bundle.training.X
        if len(table) > n_patients:
            table = table.iloc[
                np.sort(np.random.default_rng(seed).choice(len(table), n_patients, replace=False))
            ]
    else:
        bundle.schema.check_table(rows)
        table = rows
    X = np.asarray(table, dtype=np.float64)
    ids = [str(i) for i in table.index.tolist()]
    # A tree has a leaf for every row; others may have no score without an input they need.
    if bundle.formula is not None or family_of(bundle, option) != Family.TREES:
        known = np.isfinite(option_margin(bundle, X, option))
        X, ids = X[known], [i for i, k in zip(ids, known.tolist(), strict=True) if k]
    if not ids:
        raise CannotExplainError(
            "The model gives none of these patients a score: required inputs are missing."
        )
    if bundle.formula is not None or family_of(bundle, option) != Family.OTHER:
        values, base, used = shapley_matrix(bundle, X, option, background=background)
        words = used.name
        if progress is not None:
            progress(1.0)
    else:
        found: list[Explanation] = []
        X, ids = X[:_MOST_BY_PATIENT], ids[:_MOST_BY_PATIENT]
        for i, row in enumerate(X):
            if found and stop is not None and stop():
                break
            found.append(explain(bundle, row, "shapley", option=option, background=background, seed=seed))
            if progress is not None:
                progress((i + 1) / len(X))
        X, ids = X[: len(found)], ids[: len(found)]
        values, base, words = np.array([e.values for e in found]), found[0].base_value, found[0].background
    names, labels = _features(bundle)
    digest = hashlib.sha256(f"{bundle.sha256} {option} {words} {seed}".encode())
    digest.update(np.ascontiguousarray(X).tobytes())
    return ShapleySample(
        option, bundle.label(option), names, labels, tuple(ids), X, values, base, bundle.unit, words, seed,
        digest.hexdigest(),
    )  # fmt: skip


def shapley_importance(sample: ShapleySample, *, n_bootstrap: int = 200) -> Importance:
    """Mean |Shapley value| of each feature, with a bootstrap interval over patients.

    Notes
    -----
    The interval says how much the patients drawn matter; it does not cover what another training of the model
    would give.
    """
    size = np.abs(sample.values)
    n = len(sample)
    # One matrix product gives all the means.
    low, high = np.percentile(_drawn_counts(n, n_bootstrap, sample.seed) @ size / n, [2.5, 97.5], axis=0)
    return Importance(
        sample.option, sample.label, sample.feature_names, sample.feature_labels, size.mean(axis=0), low, high,
        "mean |Shapley value|", sample.unit, n,
        f"Mean size of the Shapley values of {n:,} patients; 95 % interval from {n_bootstrap} bootstrap draws of the patients.",
        sample.seed,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _drawn_counts(n: int, n_bootstrap: int, seed: int) -> FloatMatrix:
    """How often each patient is in each bootstrap draw, (n_bootstrap, n): the same draws for every option."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    counts = drawn.astype(np.float64)
    counts.flags.writeable = False
    return counts


def mean_over_options(importances: Sequence[Importance]) -> Importance:
    """The mean of several options' importances, feature by feature; intervals are averaged, as the patients are shared."""
    if not importances:
        raise CannotExplainError("There is no importance to average: name at least one option.")
    first = importances[0]
    values, low, high = (
        np.mean([getattr(i, name) for i in importances], axis=0) for name in ("values", "low", "high")
    )
    return Importance(
        "all options", "all options", first.feature_names, first.feature_labels, values, low, high, first.measure,
        first.unit, first.n_patients, f"Mean over {len(importances)} options. {first.method}", first.seed,
    )  # fmt: skip


def formula_weights(bundle: ModelBundle) -> list[dict[str, Any]]:
    """A published formula's derived variables with their coefficients and reference values, one row each.

    Raises
    ------
    CannotExplainError
        If the model is not a formula.
    """
    formula = bundle.formula
    if formula is None:
        raise CannotExplainError(
            "This model is fitted, not published: its weights are shown by importance instead."
        )
    parts = zip(formula.labels, formula.coefficients, formula.reference, strict=True)
    return [{"variable": v, "coefficient": float(c), "reference": float(r)} for v, c, r in parts]


def _features(bundle: ModelBundle) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if bundle.formula is not None:
        return tuple(bundle.formula.names), tuple(bundle.formula.labels)
    return bundle.schema.names, tuple(f.label for f in bundle.schema.features)
