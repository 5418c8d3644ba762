"""Which groups each patient belongs to, in words; unknown is a group of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from oncology.alterations import EvidenceIndex
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile

__all__ = [
    "GROUP_LABELS",
    "NOT_RECORDED",
    "age_band",
    "alterations_band",
    "as_text",
    "described",
    "with_counts",
]

NOT_RECORDED = "not recorded"
# Words for the columns of `AuditData.groups`; others stand under their own name.
GROUP_LABELS: dict[str, str] = {
    "tumour": "tumour type",
    "sex": "sex",
    "age": "age band",
    "ancestry": "ancestry",
    "stage": "stage",
    "line": "line of therapy",
    "site": "site",
    "panel": "gene panel",
    "n_alterations": "number of alterations",
    "rare_subtype": "rare subtype",
    "germline_finding": "germline finding",
    "msi": "microsatellites",
}
_AGE_BANDS = ((50.0, "under 50"), (65.0, "50 to 64"), (75.0, "65 to 74"), (np.inf, "75 and over"))
_MOST_ALTERATIONS = 4


def described(profiles: Sequence[PatientProfile], groups: pd.DataFrame) -> pd.DataFrame:
    """A cohort's groups, with age band, line, microsatellites and the named findings of its profiles."""
    described = groups.copy()
    described["age"] = [age_band(p.age_years) for p in profiles]
    described["msi"] = [p.msi for p in profiles]
    described["line"] = [p.line for p in profiles]
    findings = sorted({name for p in profiles for name in p.findings})
    for name in findings:
        if name not in described:
            values = [EvidenceIndex.of(p).field(f"findings.{name}") for p in profiles]
            if 2 <= len({v for v in values if v is not None}) <= 8:
                described[name] = values
    return described


def age_band(age_years: float | None) -> str | None:
    """The band of an age in years; None where it is not known.

    Examples
    --------
    >>> age_band(50.0)
    '50 to 64'
    """
    if age_years is None or np.isnan(age_years):
        return None
    return next(words for end, words in _AGE_BANDS if age_years < end)


def as_text(groups: pd.DataFrame) -> pd.DataFrame:
    """Every value as text, unknown as such; columns that know nothing are left out."""
    made = {}
    for name in groups.columns:
        column = groups[name].astype(object)
        if column.isna().all():
            continue
        made[str(name)] = [NOT_RECORDED if _is_unknown(v) else _plain(v) for v in column]
    return pd.DataFrame(made, index=groups.index)


def _is_unknown(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value)) or value is pd.NA


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def with_counts(groups: pd.DataFrame, X: pd.DataFrame, schema: FeatureSchema) -> pd.DataFrame:
    """The groups with age bands where the model reads the age, and the number of alterations it sees."""
    groups = groups.copy()
    age = next((f.name for f in schema.features if f.reads.field == "age_years"), None)
    if "age" not in groups and age is not None:
        groups["age"] = [age_band(v) or NOT_RECORDED for v in X[age]]
    columns = [
        c for f in schema.features if f.is_alteration for c in schema.columns[schema.columns_of(f.name)]
    ]
    if columns:
        count = (X[columns] == 1).sum(axis=1)
        groups["n_alterations"] = [alterations_band(int(c)) for c in count]
    return groups


def alterations_band(count: int) -> str:
    """A number of alterations as a group.

    Examples
    --------
    >>> alterations_band(2), alterations_band(7)
    ('2', '4 or more')
    """
    return str(count) if count < _MOST_ALTERATIONS else f"{_MOST_ALTERATIONS} or more"
