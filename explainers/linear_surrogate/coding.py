"""A patient and a cohort in the codes that LIME perturbs, and back to the columns of the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.players import CannotExplainError
from oncology.features import FeatureSchema, FeatureSpec

__all__ = ["PatientCoding"]

_UNKNOWN = -1.0


@dataclass(frozen=True, eq=False)
class PatientCoding:
    """One column per feature, no missing values: a state or level by its number, -1 where unknown; a number as it is.

    Parameters
    ----------
    schema : FeatureSchema
    row : array (c,)
        The patient, in the schema's columns.
    free : array (f,) of int
        Schema positions of the coded features; a number that the patient or the whole cohort lacks is held instead.
    categorical : array of int
        Positions within `free` of those whose codes are states or levels, not numbers.
    cohort : array (b, f)
    patient : array (f,)
    held : tuple of str
        Labels of what is held.
    """

    schema: FeatureSchema
    row: FloatVector
    free: NDArray[np.intp]
    categorical: NDArray[np.intp]
    cohort: FloatMatrix
    patient: FloatVector
    held: tuple[str, ...]

    @classmethod
    def of(cls, schema: FeatureSchema, rows: FloatMatrix, row: FloatVector) -> PatientCoding:
        """Code a patient and the cohort whose values the copies take.

        Parameters
        ----------
        schema : FeatureSchema
        rows : array (b, c)
        row : array (c,)

        Raises
        ------
        CannotExplainError
            If nothing is left to vary.
        """
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

    def decode(self, codes: FloatMatrix) -> FloatMatrix:
        """Perturbed codes (n, f) as rows of the model's columns (n, c)."""
        rows = np.repeat(self.row[None, :], len(codes), axis=0)
        coded = np.zeros(len(self.free), dtype=bool)
        coded[self.categorical] = True
        specs = [self.schema.features[i] for i in self.free.tolist()]
        single = np.flatnonzero([len(spec.columns) == 1 for spec in specs])
        # Features of one column, which are nearly all of them, go over together.
        values = codes[:, single]
        values[coded[single] & (values == _UNKNOWN)] = np.nan
        rows[:, [self.schema.columns_of(specs[j].name).start for j in single]] = values
        for j in np.setdiff1d(np.arange(len(specs)), single):
            rows[:, self.schema.columns_of(specs[j].name)] = _one_hot(specs[j], codes[:, j])
        return rows


def _is_coded(spec: FeatureSpec) -> bool:
    return spec.is_alteration or spec.kind in ("binary", "categorical")


def _codes(spec: FeatureSpec, columns: FloatMatrix) -> FloatVector:
    first = columns[:, 0]
    if not _is_coded(spec):
        return first
    if columns.shape[1] == 1:
        return np.where(np.isnan(first), _UNKNOWN, first)
    unknown = np.isnan(columns).any(axis=1)
    none_of_them = ~(np.nan_to_num(columns) > 0.5).any(axis=1)
    level = np.argmax(np.nan_to_num(columns), axis=1).astype(np.float64)
    return np.where(unknown, _UNKNOWN, np.where(none_of_them, float(columns.shape[1]), level))


def _one_hot(spec: FeatureSpec, codes: FloatVector) -> Any:
    columns = (codes[:, None] == np.arange(len(spec.columns))).astype(np.float64)
    return np.where((codes == _UNKNOWN)[:, None], np.nan, columns)
