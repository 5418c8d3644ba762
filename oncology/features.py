"""From a profile to a row of numbers, and from the row back to words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncology.alterations import AlterationPattern, EvidenceIndex
from oncology.errors import near_names
from oncology.feature_specs import (
    FIELDS,
    FeatureSpec,
    Reads,
    SchemaMismatchError,
    UnknownFeatureError,
    Value,
    alteration_feature,
    field_feature,
    spec_from_json,
    spec_to_json,
)
from oncology.patients import PatientProfile

__all__ = [
    "FIELDS",
    "FeatureSchema",
    "FeatureSpec",
    "Reads",
    "SchemaMismatchError",
    "UnknownFeatureError",
    "Value",
    "alteration_feature",
    "field_feature",
]


@dataclass(frozen=True, eq=False)
class FeatureSchema:
    """The inputs of a model, in order: p features that fill c columns.

    Columns are disjoint: where an alteration has a feature of its own, its gene's feature means *any other
    alteration of that gene*, so that one clinical edit moves one feature.

    Examples
    --------
    >>> schema = FeatureSchema((alteration_feature("KRAS"), alteration_feature("KRAS", change="p.G12C")))
    >>> from oncology.patients import Alteration
    >>> g12c = PatientProfile("p", alterations=(Alteration("KRAS", protein_change="p.G12C"),),
    ...                       assayed_genes=frozenset({"KRAS"}))
    >>> schema.encode([g12c]).to_dict("records")
    [{'KRAS': 0.0, 'KRAS p.G12C': 1.0}]
    """

    features: tuple[FeatureSpec, ...]
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = [f.name for f in self.features]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice or not names:
            raise SchemaMismatchError(
                f"A schema needs features with unique names; found {'no features' if not names else 'twice: ' + ', '.join(twice)}."
            )
        object.__setattr__(self, "_index", {n: i for i, n in enumerate(names)})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Feature names, (p,)."""
        return tuple(f.name for f in self.features)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names, (c,)."""
        return tuple(c for f in self.features for c in f.columns)

    @cached_property
    def feature_of_column(self) -> NDArray[np.intp]:
        """Index of the feature that fills each column, (c,)."""
        return np.repeat(np.arange(len(self.features)), [len(f.columns) for f in self.features])

    @cached_property
    def _slices(self) -> tuple[slice, ...]:
        ends = np.cumsum([len(f.columns) for f in self.features]).tolist()
        return tuple(slice(a, b) for a, b in zip([0, *ends[:-1]], ends, strict=True))

    @cached_property
    def narrower(self) -> dict[str, tuple[AlterationPattern, ...]]:
        """Per alteration feature, the patterns of the same gene that have a narrower feature of their own."""
        own = [f.reads.pattern for f in self.features if f.is_alteration and f.reads.pattern is not None]
        return {
            p.name: tuple(o for o in own if o.gene == p.gene and o.specificity > p.specificity) for p in own
        }

    @cached_property
    def genes(self) -> frozenset[str]:
        """Genes that any feature looks at."""
        return frozenset(f.reads.pattern.gene for f in self.features if f.reads.pattern is not None)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the schema's content, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def feature(self, name: str) -> FeatureSpec:
        """The feature of that name; refused with its near neighbours where there is none."""
        return self.features[self.index(name)]

    def index(self, name: str) -> int:
        """Position of a feature, 0 to p - 1."""
        if name in self._index:
            return self._index[name]
        folded = {n.casefold(): i for n, i in self._index.items()}
        if name.casefold() in folded:
            return folded[name.casefold()]
        raise UnknownFeatureError(name, self._index)

    def columns_of(self, name: str) -> slice:
        """The columns that a feature fills."""
        return self._slices[self.index(name)]

    def value(self, profile: PatientProfile, name: str) -> Value:
        """One feature of one profile: a number, a level, or None where unknown."""
        return self._read(EvidenceIndex.of(profile), self.feature(name))

    def values(self, profile: PatientProfile) -> tuple[Value, ...]:
        """All features of one profile, (p,)."""
        evidence = EvidenceIndex.of(profile)
        return tuple(self._read(evidence, f) for f in self.features)

    def _read(self, evidence: EvidenceIndex, feature: FeatureSpec) -> Value:
        reads = feature.reads
        if reads.what == "field":
            return evidence.field(reads.field or "")
        pattern = reads.pattern
        assert pattern is not None
        if reads.what == "alteration":
            return evidence.state(pattern, self.narrower[pattern.name])
        if reads.what == "vaf":
            return evidence.largest_vaf(pattern)
        return evidence.count(pattern)

    def encode_row(self, profile: PatientProfile) -> NDArray[np.float64]:
        """One profile as a row of columns, (c,), NaN where unknown."""
        row = [c for f, v in zip(self.features, self.values(profile), strict=True) for c in f.encode(v)]
        return np.asarray(row, dtype=np.float64)

    def encode(self, profiles: Sequence[PatientProfile]) -> pd.DataFrame:
        """Profiles as a table (n, c) of float64, NaN where unknown; the index holds the patient ids."""
        rows = np.empty((len(profiles), len(self.columns)))
        for i, profile in enumerate(profiles):
            rows[i] = self.encode_row(profile)
        return pd.DataFrame(rows, columns=list(self.columns), index=[p.patient_id for p in profiles])

    def decode(self, row: Sequence[float] | NDArray[np.float64]) -> tuple[Value, ...]:
        """Feature values (p,) behind a row of columns (c,)."""
        row = np.asarray(row, dtype=np.float64)
        self.check_width(row.shape[-1])
        return tuple(f.decode(row[s].tolist()) for f, s in zip(self.features, self._slices, strict=True))

    def describe(self, row: Sequence[float] | NDArray[np.float64]) -> tuple[str, ...]:
        """A row in words, (p,): "KRAS: not assayed", "Albumin: 3.9 g/dL"."""
        decoded = self.decode(row)
        return tuple(f"{f.label}: {f.words(v)}" for f, v in zip(self.features, decoded, strict=True))

    def missing_required(self, row: Sequence[float] | NDArray[np.float64]) -> tuple[str, ...]:
        """Names of features the model refuses to do without and that are unknown in this row."""
        row = np.asarray(row, dtype=np.float64)
        return tuple(
            f.name
            for f, s in zip(self.features, self._slices, strict=True)
            if f.missing == "refuse" and np.isnan(row[s]).any()
        )

    def check_width(self, n_columns: int) -> None:
        """Refuse a row or matrix with another number of columns than the schema's."""
        if n_columns != len(self.columns):
            raise SchemaMismatchError(
                f"Found {n_columns} columns; the schema has {len(self.columns)}, from {self.columns[0]!r} to "
                f"{self.columns[-1]!r}. Encode profiles with the bundle's own schema."
            )

    def check_table(self, table: pd.DataFrame) -> None:
        """Refuse a table whose columns are not the schema's, in the schema's order."""
        found = list(map(str, table.columns))
        if found == list(self.columns):
            return
        missing = [c for c in self.columns if c not in found]
        extra = [c for c in found if c not in self.columns]
        if not missing and not extra:
            raise SchemaMismatchError(
                "The table has the schema's columns in another order; reorder them to schema.columns."
            )
        near = "".join(near_names(c, found, most=1) for c in missing[:3])
        raise SchemaMismatchError(
            f"The table does not fit the model: {len(missing)} columns missing"
            f" ({', '.join(missing[:5]) or 'none'}), {len(extra)} not expected ({', '.join(extra[:5]) or 'none'}).{near}"
        )

    def to_json(self) -> list[dict[str, Any]]:
        """The schema as plain data, for a manifest."""
        return [spec_to_json(f) for f in self.features]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> FeatureSchema:
        """The schema behind `to_json`; refused with the first entry that cannot be read."""
        return cls(tuple(spec_from_json(entry) for entry in data))
