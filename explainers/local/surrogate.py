"""LIME: a weighted linear model of the margin, fitted to perturbed copies of one patient.

The only module that imports lime.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, default_background
from explainers.explanation import Explanation, FloatMatrix, FloatVector
from explainers.players import CannotExplainError, option_margin, players_of
from oncology.features import FeatureSchema, FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["LOW_FIT", "N_SAMPLES", "NoCohortError", "explain"]

N_SAMPLES = 5000
# Below this weighted R², the linear model misses half of what the model does around the patient.
LOW_FIT = 0.5
# Half of the perturbed copies keep the patient's own state of a gene, however rare it is in the cohort.
_OWN_STATE = 0.5


class NoCohortError(CannotExplainError):
    """LIME was asked of a model that has no patients to perturb with."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"LIME perturbs a patient with values seen in a cohort, and {name} is a published formula without one. "
            "Use shapley or ablation: both are exact for it."
        )


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    n_samples: int = N_SAMPLES,
) -> Explanation:
    """Coefficients of a local linear model: how far the margin moves with "has this value" against "has another".

    Alterations are categories (altered, not altered, not assayed), so that a perturbed copy is never half
    altered; numbers are cut at their quartiles; a number that is not known is held as it is. The same seed gives
    the same values, to the last digit.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Patients whose values the copies take; default: the bundle's own.
    seed : int
    n_samples : int
        Perturbed copies.

    Raises
    ------
    NoCohortError
        For a published formula.

    Notes
    -----
    Ribeiro, Singh, Guestrin (2016), KDD; regression mode of the lime package. `base_value` is the local model's
    intercept and the residual what that model misses at this patient; `fit_quality` is its weighted R².
    """
    if bundle.formula is not None:
        raise NoCohortError(bundle.label(option))
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    background = default_background(bundle) if background is None else background
    coding = _Coding.of(bundle.schema, game.background_rows(background), row)
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        coding.cohort,
        mode="regression",
        feature_names=[str(j) for j in range(len(coding.free))],
        categorical_features=coding.categorical.tolist(),
        feature_selection="none",
        discretize_continuous=True,
        random_state=np.random.RandomState(seed),
    )
    for position, (states, shares) in coding.frequencies().items():
        explainer.feature_values[position], explainer.feature_frequencies[position] = states, shares
    found = explainer.explain_instance(
        coding.patient,
        lambda codes: option_margin(bundle, coding.decode(codes), option),
        num_features=len(coding.free),
        num_samples=n_samples,
    )
    values = np.zeros(len(game))
    for position, weight in found.local_exp[1]:
        values[coding.free[position]] = weight
    return game.explanation(
        "lime",
        values,
        background,
        base_value=float(found.intercept[1]),
        exact=False,
        seed=seed,
        fit_quality=float(found.score),
        limits=_limits(float(found.score), coding),
    )


def _limits(fit: float, coding: _Coding) -> tuple[str, ...]:
    limits = ["Inputs are varied independently of each other, also into combinations that no patient has."]
    if fit < LOW_FIT:
        limits.insert(
            0,
            f"The local linear model fits poorly (R² {fit:.2f}): around this patient the model is not a sum of single "
            "inputs, and these values are a rough sketch.",
        )
    if coding.held:
        names = ", ".join(coding.held[:4]) + (" and others" if len(coding.held) > 4 else "")
        limits.append(f"Not known and held as it is, so without a value of its own: {names}.")
    return tuple(limits)


@dataclass(frozen=True, eq=False)
class _Coding:
    """A patient and a cohort in the codes LIME perturbs: one column per feature, no missing values.

    `free` are the schema positions of LIME's columns; a number that the patient or the whole cohort lacks is held.
    """

    schema: FeatureSchema
    row: FloatVector
    free: NDArray[np.intp]
    categorical: NDArray[np.intp]
    cohort: FloatMatrix
    patient: FloatVector
    held: tuple[str, ...]

    @classmethod
    def of(cls, schema: FeatureSchema, rows: FloatMatrix, row: FloatVector) -> _Coding:
        free, cohort, patient, held = [], [], [], []
        for i, spec in enumerate(schema.features):
            columns = schema.columns_of(spec.name)
            theirs, own = _codes(spec, rows[:, columns]), _codes(spec, row[None, columns])[0]
            known = ~np.isnan(theirs)
            if np.isnan(own) or not known.any():
                held.append(spec.label)
                continue
            free.append(i)
            # Only a number can still be unknown here: it stands in for the marginal distribution alone.
            cohort.append(np.where(known, theirs, np.median(theirs[known])))
            patient.append(own)
        if not free:
            raise CannotExplainError("Nothing is known of this patient that LIME could vary. Use ablation.")
        kinds = np.flatnonzero([_is_coded(schema.features[i]) for i in free])
        return cls(
            schema, row, np.array(free), kinds, np.column_stack(cohort), np.array(patient), tuple(held)
        )

    def frequencies(self) -> dict[int, tuple[list[float], FloatVector]]:
        """States and their shares for each coded column: half the patient's own, half the cohort's."""
        shares = {}
        for position in self.categorical.tolist():
            states, counts = np.unique(self.cohort[:, position], return_counts=True)
            own = self.patient[position]
            if own not in states:
                states, counts = np.append(states, own), np.append(counts, 0)
            share = (1 - _OWN_STATE) * counts / counts.sum() + _OWN_STATE * (states == own)
            shares[position] = (states.tolist(), share / share.sum())
        return shares

    def decode(self, codes: FloatMatrix) -> FloatMatrix:
        """Perturbed codes (n, f) as rows of the model's columns (n, c)."""
        rows = np.repeat(self.row[None, :], len(codes), axis=0)
        for position, i in enumerate(self.free.tolist()):
            spec = self.schema.features[i]
            rows[:, self.schema.columns_of(spec.name)] = _columns(spec, codes[:, position])
        return rows


_UNKNOWN = -1.0


def _is_coded(spec: FeatureSpec) -> bool:
    return spec.is_alteration or spec.kind in ("binary", "categorical")


def _codes(spec: FeatureSpec, columns: FloatMatrix) -> FloatVector:
    """One code a row: a number as it is (NaN where unknown), a state or level by its position, -1 where unknown."""
    first = columns[:, 0]
    if not _is_coded(spec):
        return first
    if columns.shape[1] == 1:
        return np.where(np.isnan(first), _UNKNOWN, first)
    unknown = np.isnan(columns).any(axis=1)
    none_of_them = ~(np.nan_to_num(columns) > 0.5).any(axis=1)
    level = np.argmax(np.nan_to_num(columns), axis=1).astype(np.float64)
    return np.where(unknown, _UNKNOWN, np.where(none_of_them, float(columns.shape[1]), level))


def _columns(spec: FeatureSpec, codes: FloatVector) -> Any:
    """The model columns behind codes, (n, columns of the feature)."""
    if not _is_coded(spec):
        return codes[:, None]
    width = len(spec.columns)
    columns = codes[:, None] if width == 1 else (codes[:, None] == np.arange(width)).astype(np.float64)
    return np.where((codes == _UNKNOWN)[:, None], np.nan, columns)
