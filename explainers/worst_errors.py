"""The training patients whose outcome surprised the model most, by predictions made without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.neighbours import NoCohortError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["WorstError", "rows", "worst_errors"]


@dataclass(frozen=True, slots=True)
class WorstError:
    """One patient and option where the model was far off.

    observed : str
        The outcome in words of the bundle's setting.
    probability : float in [0, 1]
        Calibrated, from the fold that did not see the patient.
    surprise : float
        Logarithmic loss, in nats: 0.69 for a toss-up, 3 for 5 % on what happened.
    """

    patient_id: str
    option: str
    label: str
    responded: bool
    observed: str
    probability: float
    surprise: float

    @property
    def words(self) -> str:
        """The case in one sentence."""
        return f"{self.patient_id}: {self.label} predicted at {self.probability:.0%}, {self.observed}."


def worst_errors(bundle: ModelBundle, *, n: int = 50, option: str | None = None) -> tuple[WorstError, ...]:
    """The n largest out-of-fold errors, over all options or for one, largest first.

    Raises
    ------
    NoCohortError
        If the bundle carries no training cohort.
    """
    if bundle.training is None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    wanted = bundle.options if option is None else (option,)
    y = np.column_stack([np.asarray(bundle.training.y[o], dtype=np.float64) for o in wanted])
    margins = np.asarray(bundle.training.margins, dtype=np.float64)
    probability = np.asarray(bundle.probability(margins), dtype=np.float64)
    probability = probability[:, [bundle.option_index(o) for o in wanted]]
    likely = np.clip(np.where(y == 1, probability, 1 - probability), 1e-12, 1.0)
    surprise = np.where(np.isnan(y) | np.isnan(probability), -np.inf, -np.log(likely))
    order = np.argsort(-surprise, axis=None, kind="stable")[:n]
    said = bundle.manifest.words
    ids = [str(i) for i in bundle.training.X.index]
    return tuple(
        WorstError(
            ids[i], wanted[k], bundle.label(wanted[k]), bool(y[i, k] == 1),
            said.responded if y[i, k] == 1 else said.did_not_respond, float(probability[i, k]), float(surprise[i, k])
        )
        for i, k in zip(*np.unravel_index(order, surprise.shape), strict=True)
        if np.isfinite(surprise[i, k])
    )  # fmt: skip


def rows(errors: tuple[WorstError, ...]) -> list[dict[str, Any]]:
    """One row an error, for a table."""
    return [
        {
            "patient": e.patient_id,
            "option": e.label,
            "observed": e.observed,
            "predicted": round(e.probability, 3),
            "surprise (nats)": round(e.surprise, 2),
        }
        for e in errors
    ]
