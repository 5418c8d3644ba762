"""Measure how steady a model's explanations are: train it again on resampled patients and on shuffled outcomes.

What comes out, and how it becomes an interval, is told in `explainers.stability`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.background import Background, default_background, tree_paths
from explainers.explanation import FloatMatrix, FloatVector
from explainers.families import Family, estimator_of, family_of
from explainers.importance import shapley_sample
from explainers.local.shapley import shapley_matrix
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError
from explainers.stability import FEWEST, Cells, Stability, feature_values, half_width, model_fingerprint
from oncology.bundles.fitting import refit

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.features import FeatureSchema

__all__ = ["cells_of", "stabilise"]

Progress = Callable[[float, str], None]

_MOST_PATIENTS = 2000
_LARGEST = 10
_COVERAGE = 0.95
# Fewer of either outcome, and a draw of the patients has hardly anything to learn from.
_FEWEST_OUTCOMES = 5
_STATES = 6
_TENTHS = np.linspace(0, 1, 11)[1:-1]


@dataclass(frozen=True, eq=False, slots=True)
class _Option:
    """What was measured for one option; the fields are those of `Stability` without the options' axis."""

    importance: FloatVector
    refit_importance: FloatMatrix
    null_importance: FloatMatrix
    shift: FloatVector
    spread: FloatVector
    size_effect: FloatVector
    multiplier: float
    coverage: float


def stabilise(
    bundle: ModelBundle,
    *,
    n_refits: int = 20,
    n_shuffles: int = 25,
    n_checks: int = 5,
    seed: int = 0,
    made: str = "",
    progress: Progress | None = None,
) -> Stability:
    """Refit every option's model on resampled training patients and on shuffled outcomes.

    Parameters
    ----------
    bundle : ModelBundle
        A tree model or a sum of single inputs, with its training cohort.
    n_refits : int
        Draws of the training patients with replacement; at least 3.
    n_shuffles : int
    n_checks : int
        Further refits, in which the intervals' coverage is measured.
    seed : int
    made : str
        Date for the file; default: today.
    progress : function of a share in [0, 1] and words, optional

    Raises
    ------
    NoCohortError
        For a published formula, or a bundle without its training cohort.
    CannotExplainError
        For a model whose Shapley values would have to be estimated, or too few refits.
    """
    if bundle.training is None:
        raise NoCohortError(bundle.manifest.title, bundle.formula is not None)
    if family_of(bundle, bundle.options[0]) is Family.OTHER:
        raise CannotExplainError(
            f"{type(estimator_of(bundle, bundle.options[0])).__name__} is neither trees nor a sum of single inputs: its Shapley "
            "values are estimates, whose own scatter would hide that of the refits. How steady they are is not measured."
        )
    if n_refits < 3 or n_shuffles < 1 or n_checks < 1:
        raise CannotExplainError(
            f"{n_refits} refits, {n_shuffles} shuffles and {n_checks} checks were asked for; at least 3, 1 and 1 are needed."
        )
    cells = cells_of(bundle.schema, np.asarray(bundle.training.X, dtype=np.float64))
    measured: dict[str, _Option] = {}
    left_out: dict[str, str] = {}
    for position, option in enumerate(bundle.options):
        if progress is not None:
            progress(position / len(bundle.options), bundle.label(option))
        y = bundle.training.y[option].to_numpy(dtype=np.float64)
        ones, zeros = int((y == 1).sum()), int((y == 0).sum())
        if min(ones, zeros) < _FEWEST_OUTCOMES:
            left_out[option] = (
                f"fewer than {_FEWEST_OUTCOMES} training patients of one outcome: too few to draw anew"
            )
            continue
        measured[option] = _option(bundle, option, cells, n_refits, n_shuffles, n_checks, (seed, position))
    if progress is not None:
        progress(1.0, "done")
    return _together(bundle, cells, measured, left_out, n_refits, n_shuffles, n_checks, seed, made)


def cells_of(schema: FeatureSchema, rows: FloatMatrix) -> Cells:
    """Cells of every feature from the training patients (n, c): its states, or tenths of a number's range."""
    edges: list[FloatVector] = []
    for spec in schema.features:
        columns = schema.columns_of(spec.name)
        value = feature_values(rows[:, columns])
        known = value[~np.isnan(value)]
        states = np.unique(known)
        if columns.stop - columns.start > 1:
            states = np.arange(columns.stop - columns.start, dtype=np.float64)
        if len(states) <= max(_STATES, columns.stop - columns.start):
            edges.append((states[1:] + states[:-1]) / 2)
        else:
            edges.append(np.unique(np.quantile(known, _TENTHS)))
    return Cells(np.concatenate([*edges, []]), np.concatenate([[0], np.cumsum([len(e) for e in edges])]))


class _Refits:
    """Draws of the patients who had an option, the models trained on them, and their Shapley values."""

    def __init__(self, bundle: ModelBundle, option: str, key: tuple[int, int]) -> None:
        assert bundle.training is not None
        self.bundle, self.option, self.key = bundle, option, key
        y = bundle.training.y[option].to_numpy(dtype=np.float64)
        self.had = np.flatnonzero(~np.isnan(y))
        self.y = y[self.had].astype(np.intp)

    def values(self, kind: int, number: int, X: FloatMatrix) -> FloatMatrix:
        """Shapley values (n, p) of rows (n, c); kind 0 and 2 draw patients, kind 1 shuffles outcomes."""
        assert self.bundle.training is not None
        rng = np.random.default_rng([*self.key, kind, number])
        if kind == 1:
            chosen, y = np.arange(len(self.had)), rng.permutation(self.y)
        else:
            chosen = rng.integers(0, len(self.had), len(self.had))
            while len(set(self.y[chosen].tolist())) < 2:
                chosen = rng.integers(0, len(self.had), len(self.had))
            y = self.y[chosen]
        made = refit(
            estimator_of(self.bundle, self.option), self.bundle.training.X, self.had[chosen], y, self.option,
            seed=number,
        )  # fmt: skip
        again = replace(self.bundle, estimators={**self.bundle.estimators, self.option: made})
        return shapley_matrix(again, X, self.option)[0]


def _option(
    bundle: ModelBundle, option: str, cells: Cells, n_refits: int, n_shuffles: int, n_checks: int, key: tuple[int, int]
) -> _Option:  # fmt: skip
    assert bundle.training is not None
    refits = _Refits(bundle, option, key)
    sample = shapley_sample(bundle, option)
    # Nobody counts twice in a cell.
    had = refits.had[~bundle.training.X.index[refits.had].astype(str).isin(sample.ids)]
    if len(had) > _MOST_PATIENTS:
        had = np.sort(np.random.default_rng(list(key)).choice(had, _MOST_PATIENTS, replace=False))
    X = np.vstack([sample.rows, np.asarray(bundle.training.X, dtype=np.float64)[had]])
    n = len(sample.rows)
    value = shapley_matrix(bundle, X, option)[0]
    cell = cells.of(bundle.schema, X)

    apart = np.empty((n_refits, *value.shape), dtype=np.float32)
    refit_importance = np.empty((n_refits, value.shape[1]))
    for r in range(n_refits):
        found = refits.values(0, r, X)
        apart[r], refit_importance[r] = found - value, np.abs(found[:n]).mean(axis=0)
    null = np.stack([np.abs(refits.values(1, s, sample.rows)).mean(axis=0) for s in range(n_shuffles)])

    sums = _Sums.of(apart, cell, int(cells.first[-1]))
    largest = np.argsort(-np.abs(value), axis=1, kind="stable")[:, :_LARGEST]
    multiplier = _multiplier(sums, apart, value, cell, largest)
    shift, spread, size_effect = sums.summary(value, cell)
    centre, half = half_width(value, cell, shift, spread, size_effect, n_refits)
    held = [_held(refits.values(2, c, X), value, centre, half * multiplier, largest) for c in range(n_checks)]
    return _Option(
        np.abs(value[:n]).mean(axis=0), refit_importance, null, shift, spread, size_effect, multiplier,
        float(np.mean(held)),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Sums:
    """Of the refits' distances from the shipped values, per refit and cell: (n_refits, C) each; patients per cell (C,)."""

    first: FloatMatrix
    second: FloatMatrix
    n: NDArray[np.int64]

    @classmethod
    def of(cls, apart: NDArray[np.float32], cell: NDArray[np.int64], n_cells: int) -> _Sums:
        flat = cell.ravel()
        add = [
            [
                np.bincount(flat, weights=(d.ravel().astype(np.float64)) ** power, minlength=n_cells)
                for d in apart
            ]
            for power in (1, 2)
        ]
        return cls(np.array(add[0]), np.array(add[1]), np.bincount(flat, minlength=n_cells))

    def without(self, r: int) -> _Sums:
        kept = np.arange(len(self.first)) != r
        return _Sums(self.first[kept], self.second[kept], self.n)

    def summary(
        self, value: FloatMatrix, cell: NDArray[np.int64]
    ) -> tuple[FloatVector, FloatVector, FloatVector]:
        """shift (C,), spread (C,) and size_effect (2,)."""
        enough = self.n >= FEWEST
        n = np.where(enough, self.n, 1) * len(self.first)
        shift = self.first.sum(axis=0) / n
        spread = np.sqrt(np.maximum(self.second.sum(axis=0) / n - shift**2, 0.0))
        squares = np.bincount(cell.ravel(), weights=value.ravel() ** 2, minlength=len(self.n)) / np.where(
            enough, self.n, 1
        )
        # For cells of few patients, the distance itself: with no shift of their own, it must be part of the scatter.
        size_effect = _line(squares[enough], (self.second.sum(axis=0) / n)[enough])
        unknown = np.where(enough, 0.0, np.nan)
        return shift + unknown, spread + unknown, size_effect


def _line(x: FloatVector, y: FloatVector) -> FloatVector:
    """Least squares y = a + b x with neither a nor b below 0."""
    from scipy.optimize import nnls

    if not len(x):
        return np.zeros(2)
    return np.asarray(nnls(np.stack([np.ones_like(x), x], axis=1), y)[0])


def _multiplier(
    sums: _Sums, apart: NDArray[np.float32], value: FloatMatrix, cell: NDArray[np.int64], largest: NDArray[np.intp]
) -> float:  # fmt: skip
    """What the half widths have to be multiplied by to hold 95 % of the largest attributions of refits left out in turn."""
    needed = []
    for r, found in enumerate(apart):
        rest = sums.without(r)
        centre, half = half_width(value, cell, *rest.summary(value, cell), len(rest.first))
        miss = np.abs(value + found - centre)
        ratio = np.divide(miss, half, out=np.where(miss > 0, np.inf, 0.0), where=half > 0)
        # Between the shipped value and the interval nothing is missed: the interval is widened to hold the value.
        between = (found == 0) | (
            (np.sign(found) == np.sign(centre - value)) & (np.abs(found) <= np.abs(centre - value))
        )
        needed.append(np.take_along_axis(np.where(between, 0.0, ratio), largest, axis=1).ravel())
    ratio = np.concatenate(needed)
    return float(np.quantile(ratio[np.isfinite(ratio)], _COVERAGE)) if np.isfinite(ratio).any() else 1.0


def _held(
    found: FloatMatrix, value: FloatMatrix, centre: FloatMatrix, half: FloatMatrix, largest: NDArray[np.intp]
) -> float:
    low, high = np.minimum(value, centre - half), np.maximum(value, centre + half)
    # Values are stored with seven digits.
    inside = (found >= low - 1e-6) & (found <= high + 1e-6)
    return float(np.take_along_axis(inside, largest, axis=1).mean())


def _together(
    bundle: ModelBundle, cells: Cells, measured: dict[str, _Option], left_out: dict[str, str], n_refits: int,
    n_shuffles: int, n_checks: int, seed: int, made: str,
) -> Stability:  # fmt: skip
    p, n_cells = len(bundle.schema.features), int(cells.first[-1])
    shapes = {
        "importance": (p,), "refit_importance": (n_refits, p), "null_importance": (n_shuffles, p), "shift": (n_cells,),
        "spread": (n_cells,), "size_effect": (2,), "multiplier": (), "coverage": (),
    }  # fmt: skip
    arrays: dict[str, Any] = {
        name: np.array(
            [getattr(measured[o], name) if o in measured else np.full(shape, np.nan) for o in bundle.options]
        )
        for name, shape in shapes.items()
    }
    background = _background(bundle)
    assert bundle.training is not None
    return Stability(
        options=tuple(bundle.options), feature_names=bundle.schema.names, model=model_fingerprint(bundle),
        made=made or datetime.datetime.now(datetime.UTC).date().isoformat(), seed=seed, n_refits=n_refits,
        n_shuffles=n_shuffles, n_checks=n_checks, n_patients=min(500, len(bundle.training)), unit=bundle.unit,
        background=background.name, background_fingerprint=background.fingerprint, left_out=left_out, cells=cells,
        **arrays,
    )  # fmt: skip


def _background(bundle: ModelBundle) -> Background:
    trees = family_of(bundle, bundle.options[0]) is Family.TREES
    return tree_paths() if trees else default_background(bundle)
