"""What a change of one feature does to the others of the same patient: findings that several of them read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix
from explainers.smallest.constraints import STATE_WORDS, Constraints, allowed_states
from oncology.edits import Edit
from oncology.features import FeatureSchema

__all__ = ["act_together", "as_named", "disjoint", "only_what_may", "told_alike"]


def as_named(schema: FeatureSchema, edits: Sequence[Edit], rows: FloatMatrix) -> NDArray[np.bool_]:
    """Whether each edit gives its feature the value it names, (n,); what no edit can bring about is no change."""
    return np.array([_has(schema, e, row) for e, row in zip(edits, rows, strict=True)], dtype=bool)


def _has(schema: FeatureSchema, edit: Edit, row: NDArray[np.float64]) -> bool:
    here = schema.columns_of(edit.feature)
    if not isinstance(edit.value, float) or here.stop - here.start > 1:
        return np.array_equal(row[here], schema.feature(edit.feature).encode(edit.value), equal_nan=True)
    return bool(row[here.start] == edit.value)


def told_alike(schema: FeatureSchema, edits: Sequence[Edit], rows: FloatMatrix) -> NDArray[np.bool_]:
    """Whether the model is told of an edit to unknown what it is told of another state of the same feature, (n,)."""
    instead = {f.name for f in schema.features if f.missing == "impute"}
    out, told = np.zeros(len(edits), bool), set()
    for i, edit in enumerate(edits if instead else ()):
        if edit.feature in instead:
            key = edit.feature, rows[i].tobytes()
            out[i] = key in told
            told.add(key)
    return out


def only_what_may(
    schema: FeatureSchema,
    edits: Sequence[Edit],
    rows: FloatMatrix,
    moved: NDArray[np.bool_],
    constraints: Constraints,
) -> NDArray[np.bool_]:
    """Whether each edit leaves alone every other feature that has to stay, and the states that others must not have, (n,).

    Counts and allele fractions follow from the alterations and may move with them.
    """
    owner = schema.feature_of_column
    feature = np.array([schema.index(e.feature) for e in edits], np.intp)
    foreign = moved & (owner != feature[:, None])
    out = np.ones(len(edits), bool)
    if not foreign.any():
        return out
    fixed = {schema.feature(name).name for name in constraints.fixed}
    only = None if constraints.only is None else {schema.feature(name).name for name in constraints.only}
    for f in np.unique(owner[foreign.any(axis=0)]):
        spec = schema.features[f]
        if spec.reads.what not in ("alteration", "field"):
            continue
        here = schema.columns_of(spec.name)
        touched = np.flatnonzero(foreign[:, here].any(axis=1))
        if not spec.actionable or spec.name in fixed or (only is not None and spec.name not in only):
            out[touched] = False
        elif spec.is_alteration:
            allowed = allowed_states(constraints, spec.name)
            if allowed == frozenset(STATE_WORDS.values()):
                continue
            states = rows[touched, here.start]
            # Of an unknown state that the model is told as another, the row does not say which it is.
            out[touched] &= spec.missing != "impute"
            out[touched] &= [STATE_WORDS.get(None if np.isnan(s) else float(s)) in allowed for s in states]
    return out


def act_together(schema: FeatureSchema, feature: NDArray[np.intp]) -> bool:
    """Whether two changes may do together what neither does alone: the largest allele fraction of a gene stays as long as
    one of its findings is left, and its count is unknown only where none is and it was not assayed.

    feature : (n,), positions of the features that may change
    """
    genes = [p.gene for f in np.unique(feature) if (p := schema.features[f].reads.pattern) is not None]
    derived = {
        f.reads.pattern.gene for f in schema.features if f.reads.what in ("vaf", "count") and f.reads.pattern
    }
    return any(genes.count(gene) > 1 for gene in derived)


def disjoint(feature: NDArray[np.intp], moved: NDArray[np.bool_]) -> bool:
    """Whether changes of different features move different columns; (n,) and (n, c)."""
    owner = np.full(moved.shape[1], -1)
    for f in np.unique(feature):
        columns = moved[feature == f].any(axis=0)
        if (owner[columns] >= 0).any():
            return False
        owner[columns] = f
    return True
