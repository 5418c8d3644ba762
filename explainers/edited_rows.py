"""Many edits of one patient as model rows, without encoding the patient again where one column says it all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from explainers.explanation import FloatMatrix
from oncology.edits import Edit, apply
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile

__all__ = ["edited_rows", "one_column_features"]


def edited_rows(
    schema: FeatureSchema, profile: PatientProfile, edits: Sequence[Sequence[Edit]]
) -> FloatMatrix:
    """One model row for each set of edits, (n, c): the same as editing the profile and encoding it again.

    Where an edit moves one column and nothing else, the column is written directly; where it may move more (a
    finding that several features read, an allele fraction, a count) the profile is edited and encoded.
    """
    row = schema.encode_row(profile)
    rows = np.repeat(row[None, :], len(edits), axis=0)
    alone = one_column_features(schema)
    for i, change in enumerate(edits):
        columns = [schema.columns_of(e.feature).start for e in change]
        direct = all(e.feature in alone for e in change) and not (row[columns] == 1.0).any()
        if direct and len(set(columns)) == len(columns):
            rows[i, columns] = [schema.feature(e.feature).encode(e.value)[0] for e in change]
        else:
            rows[i] = schema.encode_row(apply(schema, profile, change))
    return rows


@lru_cache(maxsize=16)
def one_column_features(schema: FeatureSchema) -> frozenset[str]:
    """Alterations that can be added, ruled out or made unknown by one column, in a patient without them."""
    blank = PatientProfile("blank", assayed_genes=schema.genes)
    before = schema.encode_row(blank)
    alone = set()
    for spec in schema.features:
        if not spec.is_alteration:
            continue
        after = schema.encode_row(apply(schema, blank, [Edit(spec.name, 1.0)]))
        moved = np.flatnonzero(~((before == after) | (np.isnan(before) & np.isnan(after))))
        if moved.tolist() == [schema.columns_of(spec.name).start] and after[moved[0]] == 1.0:
            alone.add(spec.name)
    return frozenset(alone)
