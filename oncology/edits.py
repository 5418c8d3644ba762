"""Edits of a profile, one feature at a time: what a what-if changes is the patient, who is then encoded again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from oncology.alterations import EvidenceIndex
from oncology.features import FeatureSchema, FeatureSpec, Value
from oncology.patients import ImpossibleValueError, PatientProfile

__all__ = ["STATES", "WHOLE_FIELDS", "Edit", "apply", "changes_between", "parse_edit", "profile_from_row"]

# Fields that hold whole numbers, whatever a model calls them.
WHOLE_FIELDS = frozenset({"ecog", "line"})
# The words of the three states, as the terminal and the pages write them.
STATES: dict[str, float | None] = {"altered": 1.0, "absent": 0.0, "not-assayed": None}


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of one feature; None stands for *not assayed* or *not known*."""

    feature: str
    value: Value


def parse_edit(schema: FeatureSchema, text: str) -> Edit:
    """Read ``"EGFR p.L858R=absent"`` or ``"Albumin=3.1"``: altered, absent, not-assayed, a number or a level.

    Raises
    ------
    UnknownFeatureError, ImpossibleValueError
    """
    name, _, word = text.rpartition("=")
    spec = schema.feature(name.strip() or text.strip())
    return Edit(spec.name, _parse_value(spec, word.strip()))


def _parse_value(spec: FeatureSpec, word: str) -> Value:
    if word.casefold() in ("not-assayed", "unknown", "not-known", ""):
        return None
    if spec.is_alteration:
        if word.casefold() not in STATES:
            raise ImpossibleValueError(spec.name, word, "altered, absent or not-assayed")
        return STATES[word.casefold()]
    if spec.kind == "binary" and word.casefold() in ("yes", "no"):
        return float(word.casefold() == "yes")
    if spec.kind == "categorical":
        by_case = {level.casefold(): level for level in spec.levels}
        if word.casefold() not in by_case:
            raise ImpossibleValueError(spec.name, word, "one of " + ", ".join(spec.levels))
        return by_case[word.casefold()]
    try:
        return float(word)
    except ValueError:
        raise ImpossibleValueError(spec.name, word, f"a number {spec.unit}".rstrip()) from None


def apply(schema: FeatureSchema, profile: PatientProfile, edits: Sequence[Edit]) -> PatientProfile:
    """The profile after some edits, in order; an edit to the recorded value leaves the profile as it was.

    Raises
    ------
    UnknownFeatureError
        If the schema has no such feature.
    ImpossibleValueError
        If no patient can have the value.
    """
    for edit in edits:
        spec = schema.feature(edit.feature)
        if schema.value(profile, spec.name) != edit.value:
            profile = _apply_one(schema, profile, spec, edit.value)
    return profile


def _apply_one(
    schema: FeatureSchema, profile: PatientProfile, spec: FeatureSpec, value: Value
) -> PatientProfile:
    reads = spec.reads
    if reads.what == "alteration":
        return _set_state(schema, profile, spec, value)
    if reads.what == "field":
        return _set_field(profile, spec, value)
    if reads.what == "vaf":
        return _set_vaf(profile, spec, value)
    raise ImpossibleValueError(
        spec.name, value, "an edit of the single alterations: a count follows from them"
    )


def _set_state(
    schema: FeatureSchema, profile: PatientProfile, spec: FeatureSpec, value: Value
) -> PatientProfile:
    pattern = spec.reads.pattern
    assert pattern is not None
    if value not in (None, 0.0, 1.0):
        raise ImpossibleValueError(spec.name, value, "altered, absent or not-assayed")
    narrower = schema.narrower[pattern.name]
    mine = EvidenceIndex.of(profile).matching(pattern, narrower)
    kept = tuple(a for a in profile.alterations if not any(a is m for m in mine))
    name = {pattern.name}
    absent, untested = profile.tested_absent - name, profile.not_tested - name
    if value == 1.0:
        kept = (*kept, pattern.example(narrower))
    elif value == 0.0:
        absent |= name
    else:
        untested |= name
    return profile.replace(alterations=kept, tested_absent=absent, not_tested=untested)


def _set_vaf(profile: PatientProfile, spec: FeatureSpec, value: Value) -> PatientProfile:
    pattern = spec.reads.pattern
    assert pattern is not None
    mine = EvidenceIndex.of(profile).matching(pattern)
    if not mine:
        raise ImpossibleValueError(
            spec.name, value, f"{pattern.name} to be altered before its VAF can change"
        )
    fraction = None if value is None else float(value)
    changed = tuple(
        dataclasses.replace(a, vaf=fraction) if any(a is m for m in mine) else a for a in profile.alterations
    )
    return profile.replace(alterations=changed)


def _set_field(profile: PatientProfile, spec: FeatureSpec, value: Value) -> PatientProfile:
    path = spec.reads.field or ""
    if spec.kind == "categorical" and value is not None and value not in spec.levels:
        raise ImpossibleValueError(spec.name, value, "one of " + ", ".join(spec.levels))
    root, _, leaf = path.partition(".")
    if leaf:
        mapping: dict[str, Any] = dict(getattr(profile, root))
        mapping.pop(leaf, None)
        if value is not None:
            mapping[leaf] = value
        return profile.replace(**{root: mapping})
    if path == "prior_treated":
        return profile.replace(prior_treatments=_treatments(value))
    if path in WHOLE_FIELDS and value is not None:
        value = round(float(value))
    return profile.replace(**{path: value})


def _treatments(value: Value) -> tuple[str, ...] | None:
    if value is None:
        return None
    return ("an earlier systemic treatment",) if float(value) > 0.5 else ()


def changes_between(
    schema: FeatureSchema, before: PatientProfile, after: PatientProfile
) -> tuple[tuple[FeatureSpec, Value, Value], ...]:
    """Features whose value differs between two profiles: (feature, before, after)."""
    pairs = zip(schema.features, schema.values(before), schema.values(after), strict=True)
    return tuple((spec, old, new) for spec, old, new in pairs if old != new)


def profile_from_row(
    schema: FeatureSchema, row: ArrayLike, patient_id: str, *, synthetic: bool
) -> tuple[PatientProfile, tuple[str, ...]]:
    """A profile that encodes to a row (c,), as far as single facts allow.

    Returns
    -------
    profile : PatientProfile
        Its alterations are the features' own classes: which exact change a training patient had is not in the row.
    lost : tuple of str
        Features that the profile does not give back (counts, allele fractions, categories outside the levels).

    Examples
    --------
    >>> from oncology.features import alteration_feature
    >>> schema = FeatureSchema((alteration_feature("KRAS"), alteration_feature("TP53")))
    >>> profile, lost = profile_from_row(schema, [1.0, float("nan")], "p", synthetic=True)
    >>> profile.alterations[0].name, schema.describe(schema.encode_row(profile))[1], lost
    ('KRAS mutation', 'TP53: not assayed', ())
    """
    row = np.asarray(row, dtype=np.float64)
    profile = PatientProfile(patient_id, synthetic=synthetic)
    for spec, value in zip(schema.features, schema.decode(row), strict=True):
        if value is None or (spec.kind == "categorical" and value not in spec.levels):
            continue
        if spec.reads.what in ("alteration", "field"):
            profile = apply(schema, profile, [Edit(spec.name, value)])
    back = schema.encode_row(profile)
    lost = tuple(
        spec.name
        for spec in schema.features
        if not np.array_equal(
            row[schema.columns_of(spec.name)], back[schema.columns_of(spec.name)], equal_nan=True
        )
    )
    return profile, lost
