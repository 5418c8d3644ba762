"""What every LIME run needs of a patient, a model and a cohort, and what every one has to say of its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from explainers.background import Background, default_background
from explainers.explanation import FloatVector
from explainers.linear_surrogate.coding import PatientCoding
from explainers.players import CannotExplainError, Players, players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["LOW_FIT", "N_SAMPLES", "NoCohortError", "Surroundings"]

N_SAMPLES = 5000
# Below this weighted R², the linear model misses half of what the model does around the patient.
LOW_FIT = 0.5


class NoCohortError(CannotExplainError):
    """LIME was asked of a model that has no patients to perturb with."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"LIME perturbs a patient with values seen in a cohort, and {name} is a published formula without one. "
            "Use shapley or ablation: both are exact for it."
        )


@dataclass(frozen=True, eq=False, slots=True)
class Surroundings:
    """One patient, the model's score for them, and the cohort whose values perturbed copies take.

    Parameters
    ----------
    game : Players
    background : Background
    coding : PatientCoding
    """

    game: Players
    background: Background
    coding: PatientCoding

    @classmethod
    def of(
        cls, bundle: ModelBundle, row: ArrayLike, option: str, background: Background | None
    ) -> Surroundings:
        """Code a patient (c,) and the background's patients; `NoCohortError` for a published formula."""
        if bundle.formula is not None:
            raise NoCohortError(bundle.label(option))
        game = players_of(bundle, row, option)
        background = default_background(bundle) if background is None else background
        coding = PatientCoding.of(bundle.schema, game.background_rows(background), game.row)
        return cls(game, background, coding)

    def spread_out(self, coefficients: FloatVector) -> FloatVector:
        """Values of all features (m,) from those of the features that were varied (f,)."""
        values = np.zeros(len(self.game))
        values[self.coding.free] = coefficients
        return values

    def limits(self, fit: float, poor: str) -> tuple[str, ...]:
        """What has to be said of a local model of this fit; `poor` where the fit is under `LOW_FIT`."""
        limits = [
            "Inputs are varied independently of each other, also into combinations that no patient has."
        ]
        if fit < LOW_FIT:
            limits.insert(0, poor)
        if held := self.coding.held:
            names = ", ".join(held[:4]) + (" and others" if len(held) > 4 else "")
            limits.append(f"Not known and held as it is, so without a value of its own: {names}.")
        return tuple(limits)
