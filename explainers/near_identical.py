"""Does the explanation hold still: copies of a patient that differ by next to nothing, and the patients most like them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from explainers.explanation import FloatMatrix, FloatVector
from explainers.local.shapley import shapley_matrix
from explainers.neighbours import distances
from explainers.players import players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["NearIdentical", "near_identical"]

_TOP = 5
_NEAREST = 10


@dataclass(frozen=True, eq=False, slots=True)
class NearIdentical:
    """How far the Shapley values move between a patient and copies that differ by one small step.

    Parameters
    ----------
    changes : tuple of str
        One small step a copy: "Age 62 years instead of 61 years".
    largest_move : array (q,), in `unit`
        Largest change of any share that a step makes.
    same_top : array (q,) of int
        How many of the five largest shares are the same inputs.
    typical_share : float
        Largest share of this patient, to compare with.
    top : int
        Five, or as many as have a share.
    neighbours_same_top, others_same_top : float or None
        Mean number of the five largest shares in common with the ten nearest training patients, and with ten drawn at
        random; None without a cohort.
    """

    option: str
    changes: tuple[str, ...]
    largest_move: FloatVector
    same_top: FloatVector
    typical_share: float
    top: int
    neighbours_same_top: float | None
    others_same_top: float | None
    unit: str

    @property
    def words(self) -> str:
        """What happened, two or three sentences."""
        parts = []
        if not self.changes:
            parts.append("No number of this patient is known that could be changed by a small step.")
        else:
            worst = int(np.argmax(self.largest_move))
            same = int((self.same_top == self.top).sum())
            parts.append(
                f"With one number changed by a small step ({len(self.changes)} copies), the {self.top} largest shares are the same "
                f"inputs in {same} of them. The largest move of any share is {self.largest_move[worst]:.2f} {self.unit} "
                f"({self.changes[worst]}); the largest share itself is {self.typical_share:.2f}."
            )
        if self.neighbours_same_top is not None:
            parts.append(
                f"The {_NEAREST} training patients most like this one have {self.neighbours_same_top:.1f} of the {self.top} inputs "
                f"among their own largest; training patients drawn at random have {self.others_same_top:.1f}."
            )
        return " ".join(parts)

    def rows(self) -> list[dict[str, Any]]:
        """One row a copy, the largest move first."""
        return [
            {
                "copy": self.changes[i],
                f"largest move of a share ({self.unit})": round(float(self.largest_move[i]), 4),
                f"of the {self.top} largest, the same": int(self.same_top[i]),
            }
            for i in np.argsort(-self.largest_move, kind="stable").tolist()
        ]


def near_identical(bundle: ModelBundle, row: ArrayLike, option: str, *, seed: int = 0) -> NearIdentical:
    """Explain copies of a patient with one number changed by a small step, and the nearest training patients.

    Parameters
    ----------
    row : array-like (c,)
    option : str
    seed : int
        For the training patients drawn at random.

    Raises
    ------
    CannotExplainError
        For a model whose Shapley values are estimates, or a patient without a score.

    Notes
    -----
    A step is the smallest difference between recorded values, or a hundredth of the usual range (5th to 95th percentile)
    where that is more; both ways where the model gives a score. Alvarez-Melis & Jaakkola (2018) on why it matters.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    own = shapley_matrix(bundle, row[None, :], option)[0][0]
    copies, words = _copies(bundle, row)
    top = min(_TOP, int(np.count_nonzero(own)))
    moved, same = np.zeros(0), np.zeros(0)
    if len(copies):
        known = np.isfinite(bundle.option_margin(copies, option))
        copies, words = copies[known], [w for w, k in zip(words, known, strict=True) if k]
    if len(copies):
        values = shapley_matrix(bundle, copies, option)[0]
        moved, same = np.abs(values - own).max(axis=1), _in_common(values, own, top)
    near, others = _among_training(bundle, row, option, own, top, seed)
    return NearIdentical(
        game.option,
        tuple(words),
        moved,
        same,
        float(np.abs(own).max(initial=0.0)),
        top,
        near,
        others,
        game.unit,
    )


def _copies(bundle: ModelBundle, row: FloatVector) -> tuple[FloatMatrix, list[str]]:
    copies, words = [], []
    for spec in bundle.schema.features:
        columns = bundle.schema.columns_of(spec.name)
        if spec.is_alteration or spec.kind not in ("continuous", "count") or np.isnan(row[columns]).any():
            continue
        at, step = columns.start, _step(bundle, spec.columns[0], spec.kind == "count")
        for way in (-step, step):
            value = row[at] + way
            if (
                value < 0 <= row[at]
                or (spec.low is not None and value < spec.low)
                or (spec.high is not None and value > spec.high)
            ):
                continue
            copy = row.copy()
            copy[at] = value
            copies.append(copy)
            words.append(f"{spec.label} {spec.words(float(value))} instead of {spec.words(float(row[at]))}")
    return np.array(copies).reshape(-1, len(row)), words


def _step(bundle: ModelBundle, column: str, count: bool) -> float:
    if count:
        return 1.0
    if bundle.training is None:
        rows = bundle.background.rows
        at = bundle.schema.columns.index(column)
        values = rows[:, at] if not bundle.background.derived else np.zeros(0)
    else:
        values = bundle.training.X[column].to_numpy(dtype=np.float64)
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return 1.0
    low, high = np.quantile(known, [0.05, 0.95])
    return float(max(np.diff(known).min(), (high - low) / 100))


def _in_common(values: FloatMatrix, own: FloatVector, top: int) -> FloatVector:
    lead = set(np.argsort(-np.abs(own), kind="stable")[:top].tolist())
    found = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    return np.array([len(lead & set(r.tolist())) for r in found], dtype=np.float64)


def _among_training(
    bundle: ModelBundle, row: FloatVector, option: str, own: FloatVector, top: int, seed: int
) -> tuple[float | None, float | None]:
    if bundle.training is None:
        return None, None
    X = bundle.training.X.to_numpy(dtype=np.float64)
    apart = distances(bundle.schema, X, row)
    # The patient themselves, where they are in the cohort, are not their own neighbour.
    apart[apart == 0] = np.inf
    near = np.argsort(apart, kind="stable")[:_NEAREST]
    drawn = np.random.default_rng(seed).choice(len(X), min(_NEAREST, len(X)), replace=False)
    values = shapley_matrix(bundle, X[np.concatenate([near, drawn])], option)[0]
    common = _in_common(values, own, top)
    return float(common[: len(near)].mean()), float(common[len(near) :].mean())
