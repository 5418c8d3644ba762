"""What a model makes of each alteration, measured on its training patients when the bundle is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oncology.cohorts import Cohort

__all__ = ["AlterationEffects", "measure_alterations"]

FloatMatrix = NDArray[np.float64]

_PATIENTS = 400
# Probabilities closer than this are one answer; an alteration matters where its two states differ by more.
_SAME = 0.005
# An option's driver moves its probability by this much on average, or there is none.
_LEAST_EFFECT = 0.02
# Alterations with this share of the largest effect, in the same direction, drive the option as well.
_AS_STRONG = 0.5


@dataclass(frozen=True, slots=True)
class AlterationEffects:
    """How the answer depends on each alteration's state, over patients drawn from the training cohort.

    Parameters
    ----------
    n_patients : int
    share : float or None
        Of the answers (patient, alteration, option) that differ between altered and absent: the share in which
        "not assayed" is answered like "tested, not altered". None where no alteration ever matters, or where
        unknown values never reach the model.
    by_feature : mapping of alteration feature to its own share
    drivers : mapping of option to the alteration features that move its probability most, strongest first
    """

    n_patients: int
    share: float | None
    by_feature: dict[str, float]
    drivers: dict[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """For the manifest's training summary."""
        return {
            "n_patients": self.n_patients,
            "share": None if self.share is None else round(self.share, 4),
            "by_feature": {n: round(s, 3) for n, s in self.by_feature.items()},
        }

    def words(self) -> str:
        """One sentence on what "not assayed" means to this model; empty where nothing was measured."""
        if self.share is None:
            return ""
        often = "mostly" if self.share > 0.5 else "often" if self.share > 0.2 else "seldom"
        return (
            f"This model {often} treats not assayed like tested and not altered: measured on {self.n_patients} training "
            f"patients, {100 * self.share:.0f} % of the answers that depend on an alteration were the same (within half a "
            "point of 100) without the test as with a negative one."
        )


def measure_alterations(
    probability: Callable[[FloatMatrix], FloatMatrix],
    cohort: Cohort,
    options: tuple[str, ...],
    *,
    seed: int,
    size: int = _PATIENTS,
) -> AlterationEffects:
    """Ask a model about training patients with each alteration in turn altered, absent and not assayed.

    Parameters
    ----------
    probability : function of rows (n, c) to calibrated probabilities (n, k)
    """
    X = cohort.X.to_numpy(dtype=np.float64)
    rng = np.random.default_rng(seed)
    rows = X[np.sort(rng.choice(len(X), min(size, len(X)), replace=False))]
    by_feature: dict[str, float] = {}
    n_same = n_matters = 0
    effects: dict[str, NDArray[np.float64]] = {}
    for spec in cohort.schema.features:
        if not spec.is_alteration:
            continue
        column = cohort.schema.columns_of(spec.name).start
        states = [1.0, 0.0, np.nan] if spec.missing == "nan" else [1.0, 0.0]
        asked = np.concatenate([_with(rows, column, s) for s in states])
        answers = np.split(probability(asked), len(states))
        effects[spec.name] = (answers[0] - answers[1]).mean(axis=0)
        if len(answers) < 3:
            continue
        matters = np.abs(answers[0] - answers[1]) > _SAME
        same = (np.abs(answers[2] - answers[1]) <= _SAME) & matters
        if matters.any():
            by_feature[spec.name] = float(same.sum() / matters.sum())
            n_same, n_matters = n_same + int(same.sum()), n_matters + int(matters.sum())
    drivers = {o: found for j, o in enumerate(options) if (found := _drivers(effects, j))}
    return AlterationEffects(len(rows), n_same / n_matters if n_matters else None, by_feature, drivers)


def _drivers(effects: dict[str, NDArray[np.float64]], option: int) -> tuple[str, ...]:
    """The alteration that moves the option most on average, then those at least half as strong the same way."""
    order = sorted(effects, key=lambda name: -abs(effects[name][option]))
    if not order or abs(effects[order[0]][option]) < _LEAST_EFFECT:
        return ()
    largest = effects[order[0]][option]
    return tuple(n for n in order if effects[n][option] / largest >= _AS_STRONG)


def _with(rows: FloatMatrix, column: int, value: float) -> FloatMatrix:
    copy = rows.copy()
    copy[:, column] = value
    return copy
