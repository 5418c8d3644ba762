"""Many patients as aligned tables."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from oncology.errors import OncologyError
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile

__all__ = ["Cohort", "CohortError"]


class CohortError(OncologyError, ValueError):
    """Tables of a cohort that do not belong together."""


@dataclass(frozen=True, eq=False)
class Cohort:
    """n patients: model columns X, outcomes y, groups for audits; rows aligned by patient id.

    Parameters
    ----------
    X : DataFrame (n, c) of float
        The schema's columns, NaN where unknown.
    y : DataFrame (n, k) of float
        1 responded, 0 did not, NaN where the option was never tried.
    groups : DataFrame (n, g)
        Descriptions that no model sees: ancestry, site, rare subtype.
    schema : FeatureSchema

    Raises
    ------
    CohortError
        If ids repeat, the rows of the tables differ, or y holds other values than 0, 1 and NaN.
    """

    X: pd.DataFrame
    y: pd.DataFrame
    groups: pd.DataFrame
    schema: FeatureSchema

    def __post_init__(self) -> None:
        self.schema.check_table(self.X)
        if not self.X.index.is_unique:
            twice = self.X.index[self.X.index.duplicated()][:3].tolist()
            raise CohortError(f"Patient ids must be unique; found twice: {', '.join(map(str, twice))}.")
        for name, table in (("y", self.y), ("groups", self.groups)):
            if not table.index.equals(self.X.index):
                raise CohortError(
                    f"The rows of {name} are not those of X ({len(table)} against {len(self.X)} patients)."
                )
        values = self.y.to_numpy(dtype=float) if self.y.shape[1] else np.empty((len(self.X), 0))
        if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
            raise CohortError("Outcomes must be 1 (responded), 0 (did not) or empty (never tried).")

    @classmethod
    def of(cls, schema: FeatureSchema, profiles: Sequence[PatientProfile]) -> Cohort:
        """Profiles encoded by a schema; outcomes become one column per option that any patient had."""
        X = schema.encode(profiles)
        options = sorted({p.outcome.option for p in profiles if p.outcome is not None})
        y = pd.DataFrame(np.nan, index=X.index, columns=options)
        for p in profiles:
            if p.outcome is not None and p.outcome.response is not None:
                y.loc[p.patient_id, p.outcome.option] = float(p.outcome.response)
        fields = ("tumour", "sex", "ancestry", "stage", "line", "site", "panel")
        groups = pd.DataFrame({f: [getattr(p, f) for p in profiles] for f in fields}, index=X.index)
        return cls(X, y, groups, schema)

    def __len__(self) -> int:
        return len(self.X)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of ids, columns, values and outcomes, in hexadecimal."""
        digest = hashlib.sha256(self.schema.fingerprint.encode())
        digest.update("\n".join(map(str, self.X.index)).encode())
        digest.update(np.ascontiguousarray(self.X.to_numpy(dtype=np.float64)).tobytes())
        digest.update("\n".join(map(str, self.y.columns)).encode())
        digest.update(np.ascontiguousarray(self.y.to_numpy(dtype=np.float64)).tobytes())
        return digest.hexdigest()
