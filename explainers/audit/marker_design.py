"""The patients and columns with which a marker's effect under each option can be told apart from everything else known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import AuditError
from oncology.counts import SMALLEST_COUNT, count_words

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from oncology.features import FeatureSchema

__all__ = ["MarkerDesign", "marker_design", "markers"]

Flags = NDArray[np.bool_]
FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]

_MOST_LEVELS = 12
_DRIVERS = 3  # alterations adjusted for within each option


@dataclass(frozen=True, eq=False, slots=True)
class MarkerDesign:
    """One row per known outcome of a patient whose marker is known.

    Parameters
    ----------
    y : array (m,)
    altered : array (m,) of 0 and 1
    option : array (m,) of int
        Column of the option the patient had, in the order of the data.
    patient : array (m,) of int
        Whose outcome it is, from 0; the same number for all outcomes, and all samples, under one id.
    adjusters : array (m, c)
        Intercept, option, and everything else the model reads that is no alteration; full rank.
    adjusted_for : tuple of str
        Labels of the inputs behind them.
    n_unknown : int
        Patients with an outcome whose marker is not known.
    n_elsewhere : int
        Patients of tumour types in which the marker hardly ever is altered, left out.
    """

    label: str
    y: FloatVector
    altered: FloatVector
    option: NDArray[np.intp]
    patient: NDArray[np.intp]
    adjusters: FloatMatrix
    adjusted_for: tuple[str, ...]
    n_unknown: int
    n_elsewhere: int

    @property
    def n_patients(self) -> int:
        """Different patients behind the rows."""
        return int(self.patient.max()) + 1

    @property
    def repeats(self) -> bool:
        """Whether a patient stands in several rows."""
        return self.n_patients < len(self.y)


def marker_design(
    data: AuditData, schema: FeatureSchema, marker: str, drivers: Mapping[str, Sequence[str]]
) -> MarkerDesign:
    """Rows and columns for a marker given by the name of its feature.

    Parameters
    ----------
    drivers : mapping of option to alteration features, strongest first
        What the model leans on for an option. The first few are adjusted for within that option: KRAS seems to lower
        the response to osimertinib only because it rules EGFR out.

    Raises
    ------
    UnknownFeatureError
        If the schema has no such feature.
    AuditError
        If the feature is no yes-or-no input, or too few patients are altered or are not.
    """
    feature = schema.feature(marker)
    at = schema.columns_of(marker)
    column = data.X.iloc[:, at.start].to_numpy(dtype=np.float64)
    values = set(np.unique(column[~np.isnan(column)]).tolist())
    if at.stop - at.start != 1 or not values <= {0.0, 1.0}:
        raise AuditError(
            f"{feature.label} is not an input that is present or absent; choose an alteration or another yes-or-no input."
        )
    told = data.known.any(axis=1)
    known = told & ~np.isnan(column)
    here = known & _where_it_occurs(data, column == 1, known)
    altered = column[here]
    if min(altered.sum(), len(altered) - altered.sum()) < 2 * SMALLEST_COUNT:
        raise AuditError(
            f"{feature.label}: altered in {count_words(int(altered.sum()))} of the {int(told.sum()):,} patients with an outcome; "
            f"{2 * SMALLEST_COUNT} altered and as many not altered are needed."
        )
    rows, option = np.nonzero(data.known & here[:, None])
    y = data.y[rows, option]
    patient = np.unique(data.X.index[rows].astype(str), return_inverse=True)[1]
    columns, names = _adjusters(data, schema, marker, rows, option)
    targets = _targets(data, schema, marker, rows, option, drivers)
    if targets is not None:
        columns = _independent(np.column_stack([columns, targets]))
        names = (*names, "the alterations the model leans on most for each option")
    ids = data.X.index.to_numpy(dtype=object).astype(str)
    n_unknown, n_elsewhere = (len(np.unique(ids[left])) for left in (told & np.isnan(column), known & ~here))
    return MarkerDesign(
        feature.label, y, column[rows], option, patient, columns, names, n_unknown, n_elsewhere
    )  # fmt: skip


def _where_it_occurs(data: AuditData, altered: Flags, known: Flags) -> Flags:
    """Patients of tumour types with at least five altered patients; all, where the tumour is not recorded."""
    if "tumour" not in data.groups:
        return np.ones(len(data), dtype=bool)
    tumour = data.groups["tumour"].to_numpy(dtype=object).astype(str)
    often = [t for t in np.unique(tumour) if (altered & known & (tumour == t)).sum() >= SMALLEST_COUNT]
    made: Flags = np.isin(tumour, often)
    return made


def _adjusters(
    data: AuditData, schema: FeatureSchema, marker: str, rows: NDArray[np.intp], option: NDArray[np.intp]
) -> tuple[FloatMatrix, tuple[str, ...]]:
    parts: list[FloatVector] = [np.ones(len(rows))]
    parts += [(option == j).astype(np.float64) for j in np.unique(option)[1:]]
    names = ["the option given"]
    read = set()
    for feature in schema.features:
        if feature.is_alteration or feature.name == marker:
            continue
        read.add(feature.reads.field)
        names.append(feature.label)
        for c in range(schema.columns_of(feature.name).start, schema.columns_of(feature.name).stop):
            values = data.X.iloc[:, c].to_numpy(dtype=np.float64)[rows]
            unknown = np.isnan(values)
            if unknown.all():
                continue
            spread = float(values[~unknown].std()) or 1.0
            parts.append(np.where(unknown, 0.0, (values - values[~unknown].mean()) / spread))
            parts.append(unknown.astype(np.float64))
    if "tumour" in data.groups and "tumour" not in read:
        tumour = data.groups["tumour"].to_numpy(dtype=object).astype(str)[rows]
        levels = np.unique(tumour)
        if len(levels) <= _MOST_LEVELS:
            parts += [(tumour == t).astype(np.float64) for t in levels[1:]]
            names.append("tumour type")
    return _independent(np.column_stack(parts)), tuple(names)


def _targets(
    data: AuditData, schema: FeatureSchema, marker: str, rows: NDArray[np.intp], option: NDArray[np.intp], drivers: Mapping[str, Sequence[str]]
) -> FloatMatrix | None:  # fmt: skip
    """Each option's strongest alterations among the patients who had it, where enough of them differ."""
    parts = []
    for j in np.unique(option):
        mine = option == j
        for name in [d for d in drivers.get(data.options[j], ()) if d != marker and d in schema.names][
            :_DRIVERS
        ]:
            values = data.X.iloc[:, schema.columns_of(name).start].to_numpy(dtype=np.float64)[rows]
            for column in (mine & (values == 1), mine & np.isnan(values)):
                if min(column.sum(), (mine & ~column).sum()) >= SMALLEST_COUNT:
                    parts.append(column.astype(np.float64))
    return np.column_stack(parts) if parts else None


def _independent(columns: FloatMatrix) -> FloatMatrix:
    """The columns, in order, without those that earlier ones already tell."""
    kept: list[int] = []
    basis = np.zeros((len(columns), 0))
    for c in range(columns.shape[1]):
        column = columns[:, c]
        length = float(np.linalg.norm(column))
        if length == 0:
            continue
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        if np.linalg.norm(left) > 1e-6 * length:
            kept.append(c)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return columns[:, kept]


def markers(data: AuditData, schema: FeatureSchema) -> tuple[tuple[str, str], ...]:
    """Names and labels of the alterations that enough patients with an outcome have, the most frequent first."""
    told = data.known.any(axis=1)
    found = []
    for feature in schema.features:
        if feature.is_alteration:
            column = data.X.iloc[:, schema.columns_of(feature.name).start].to_numpy(dtype=np.float64)[told]
            altered, absent = int((column == 1).sum()), int((column == 0).sum())
            if min(altered, absent) >= 2 * SMALLEST_COUNT:
                found.append((altered, feature.name, feature.label))
    return tuple((name, label) for _, name, label in sorted(found, key=lambda f: -f[0]))
