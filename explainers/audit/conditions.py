"""Simple conditions that single patients meet or not: the words a slice of a cohort is described with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from explainers.audit.membership import membership

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from oncology.features import FeatureSchema

__all__ = ["Conditions", "conditions"]

Flags = NDArray[np.bool_]

_THIRDS = (1 / 3, 2 / 3)
_MOST_VALUES = 4  # a number with no more values is taken value by value


@dataclass(frozen=True, eq=False, slots=True)
class Conditions:
    """Conditions as columns of flags.

    Parameters
    ----------
    words : tuple of str, (l,)
    about : tuple of str, (l,)
        What each condition is about; two on the same thing are never joined.
    holds : array (n, l) of bool
    """

    words: tuple[str, ...]
    about: tuple[str, ...]
    holds: Flags

    def __len__(self) -> int:
        return len(self.words)


def conditions(data: AuditData, schema: FeatureSchema | None = None) -> Conditions:
    """Every group, and every state of every input of the model; numbers are cut at their thirds.

    Parameters
    ----------
    schema : FeatureSchema, optional
        Of the model, for the words of its inputs; without it inputs are named by their columns.
    """
    found: list[tuple[str, str, Flags]] = []
    if data.groups.shape[1]:
        groups = membership(data)
        found += [
            (n, a, groups.inside[:, g])
            for g, (n, a) in enumerate(zip(groups.names, groups.attributes, strict=True))
        ]
    described = {about for _, about, _ in found}
    if schema is None:
        for column in map(str, data.X.columns):
            found += _of_number(column, column, data.X[column])
    else:
        for feature in schema.features:
            # The audit's groups say it already, in better words.
            if (
                feature.reads.field in described
                or feature.name in described
                or feature.reads.field == "age_years"
            ):
                continue
            columns = list(schema.columns[schema.columns_of(feature.name)])
            if feature.is_alteration:
                found += _of_alteration(feature.label, feature.name, data.X[columns[0]])
            elif len(columns) > 1:
                for column in columns:
                    level = column.partition("=")[2] or column
                    found.append(
                        (f"{feature.label}: {level}", feature.name, (data.X[column] == 1).to_numpy())
                    )
            elif feature.kind == "categorical" and len(feature.levels) == 2:
                values = data.X[columns[0]].to_numpy(dtype=np.float64)
                for code, level in enumerate(feature.levels):
                    found.append((f"{feature.label}: {level}", feature.name, values == code))
                found.append((f"{feature.label}: not known", feature.name, np.isnan(values)))
            else:
                found += _of_number(feature.label, feature.name, data.X[columns[0]])
    told = [(w, a, f) for w, a, f in found if f.any() and not f.all()]
    holds = np.column_stack([f for _, _, f in told]) if told else np.zeros((len(data), 0), dtype=bool)
    return Conditions(tuple(w for w, _, _ in told), tuple(a for _, a, _ in told), holds)


def _of_alteration(label: str, about: str, column: pd.Series) -> list[tuple[str, str, Flags]]:
    values = column.to_numpy(dtype=np.float64)
    return [
        (f"{label} altered", about, values == 1),
        (f"{label} not altered", about, values == 0),
        (f"{label} not assayed", about, np.isnan(values)),
    ]


def _of_number(label: str, about: str, column: pd.Series) -> list[tuple[str, str, Flags]]:
    values = column.to_numpy(dtype=np.float64)
    unknown = np.isnan(values)
    known = values[~unknown]
    found = [(f"{label} not known", about, unknown)]
    distinct = np.unique(known)
    if len(distinct) <= _MOST_VALUES:
        return [*((f"{label} {v:g}", about, values == v) for v in distinct), *found]
    low, high = np.quantile(known, _THIRDS)
    with np.errstate(invalid="ignore"):
        return [
            (f"{label} up to {low:g}", about, values <= low),
            (f"{label} over {low:g} to {high:g}", about, (values > low) & (values <= high)),
            (f"{label} over {high:g}", about, values > high),
            *found,
        ]
