"""Which changes of a patient a search may make: other states, other levels, one number for each interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.edited_rows import edited_rows
from explainers.explanation import Change, FloatMatrix, FloatVector
from explainers.plausibility import exclusive_pairs
from explainers.smallest.constraints import (
    STATE_WORDS,
    Constraints,
    Mode,
    allowed_states,
    movable_numbers,
    movement_of,
)
from explainers.smallest.interval_words import ends_in_words
from explainers.smallest.number_values import has_intervals, has_levels, other_values, worst_values
from explainers.smallest.side_effects import act_together, as_named, disjoint, only_what_may, told_alike
from oncology.edits import Edit
from oncology.features import FeatureSpec, SchemaMismatchError, Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Candidates", "candidates_of", "every_value", "row_of"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Changes of one patient, n of them, each of one feature.

    Parameters
    ----------
    row : array (c,)
        The patient as recorded.
    edits : tuple of Edit, (n,)
    rows : array (n, c)
        The patient after each single change.
    moved : bool array (n, c)
        Which columns it moves.
    feature : int array (n,)
        Position of the feature in the schema; changes of one feature exclude each other.
    interval : array (n, 2)
        Values in (low, high] that the model cannot tell from the new number; NaN for states and levels.
    disjoint : bool
        Whether changes of different features move different columns, alone and together, so that they can be combined
        column by column.
    apart : tuple of pairs
        Changes that must not come together.
    needs : tuple of (change, changes)
        A change that may only come with one of the others.
    sampled : bool
        Whether numbers that may move are tried at some values only (or at none, where no range is known), because the
        model has no intervals that it cannot tell apart.
    held : frozenset of str
        Features whose change would make the model fall silent on other options than for the patient as recorded; such
        changes are left out.
    chance : array (n,) or None
        How likely a call is that wrong; None for what was not assayed or without stated rates.
    """

    bundle: ModelBundle
    patient: PatientProfile | None
    row: FloatVector
    edits: tuple[Edit, ...]
    rows: FloatMatrix
    moved: NDArray[np.bool_]
    feature: NDArray[np.intp]
    interval: FloatMatrix
    disjoint: bool
    apart: tuple[tuple[int, int], ...] = ()
    needs: tuple[tuple[int, tuple[int, ...]], ...] = ()
    chance: FloatVector | None = None
    sampled: bool = False
    held: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.edits)

    @property
    def moves_numbers(self) -> bool:
        """Whether numbers move too, so that many sets are the same but for neighbouring intervals."""
        return bool(np.isfinite(self.interval).any())

    def edited(self, sets: Sequence[Sequence[int]]) -> FloatMatrix:
        """The patient's row after each set of changes, (n, c): edited and encoded again where a profile is known."""
        if self.patient is not None:
            return edited_rows(self.bundle.schema, self.patient, [[self.edits[i] for i in s] for s in sets])
        return self.combined(np.array([list(s) for s in sets], np.intp).reshape(len(sets), -1))

    def combined(self, sets: NDArray[np.integer]) -> FloatMatrix:
        """The row after each set of changes (m, size), put together column by column; needs `disjoint`."""
        rows = np.repeat(self.row[None], len(sets), axis=0)
        for position in range(sets.shape[1]):
            chosen = sets[:, position]
            np.copyto(rows, self.rows[chosen], where=self.moved[chosen])
        return rows

    def recorded(self) -> tuple[Value, ...]:
        """The patient's values, one for each feature of the schema."""
        schema = self.bundle.schema
        return schema.decode(self.row) if self.patient is None else schema.values(self.patient)

    def changes(
        self, chosen: Sequence[int], parts: Sequence[tuple[int, ...]] | None = None
    ) -> tuple[Change, ...]:
        """A set of changes in words.

        parts : for each change those of neighbouring intervals that reach the goal as well, itself among them
        """
        schema, before = self.bundle.schema, self.recorded()
        made = []
        for i, part in zip(chosen, parts or [(i,) for i in chosen], strict=True):
            spec, edit = schema.features[self.feature[i]], self.edits[i]
            old = before[self.feature[i]]
            words = f"{spec.label}: {spec.words(edit.value)} instead of {spec.words(old)}{self._alike(part)}"
            made.append(Change(spec.name, spec.label, old, edit.value, words, self._within(part)))
        return tuple(made)

    def _alike(self, part: tuple[int, ...]) -> str:
        """The values that do as well as the number shown, in words; empty for states and levels."""
        if self.sampled and len(part) > 1:
            spec = self.bundle.schema.features[self.feature[part[0]]]
            first, last = (spec.words(self.edits[i].value) for i in (part[0], part[-1]))
            tried = f"all {len(part)} values tried from {first} to {last}"
            if len(part) == 2:
                tried = f"both values tried, {first} and {last},"
            return f" ({tried} reach the goal)"
        within = self._within(part)
        if within is None:
            return ""
        ends = ends_in_words(*within)
        if len(part) == 1:
            return f" (any value{ends} is the same to the model)" if ends else ""
        return f" (any value{ends} reaches the goal too)"

    def _within(self, part: tuple[int, ...]) -> tuple[float | None, float | None] | None:
        """The interval (low, high] of neighbouring ones, None where an end is open; None for states and levels."""
        low, high = float(self.interval[part[0], 0]), float(self.interval[part[-1], 1])
        if self.sampled or math.isnan(low) or np.nextafter(low, math.inf) >= high:
            return None  # a state, a level, a value tried, or a number that is read as a category
        return None if math.isinf(low) else low, None if math.isinf(high) else high

    def seen(self) -> NDArray[np.bool_] | None:
        """Which training patients (rows) have which change's new value (columns); None without a cohort."""
        training = self.bundle.training
        if training is None:
            return None
        X = training.X.to_numpy(dtype=np.float64)
        out = np.ones((len(X), len(self)), dtype=bool)
        for i in range(len(self)):
            low, high = self.interval[i]
            for c in range(*self._columns(i)):
                column, value = X[:, c], self.rows[i, c]
                if np.isnan(value):
                    out[:, i] &= np.isnan(column)
                elif np.isnan(low):
                    out[:, i] &= column == value
                else:
                    out[:, i] &= (column > low) & (column <= high)
        return out

    def _columns(self, i: int) -> tuple[int, int]:
        here = self.bundle.schema.columns_of(self.edits[i].feature)
        return here.start, here.stop


def answers_alike(bundle: ModelBundle, row: FloatVector, rows: FloatMatrix) -> NDArray[np.bool_]:
    """Whether the model falls silent on the same options after each change as before, (n,).

    That hangs on the tumour type alone, of which enough patients have to be known.
    """
    alike, columns = np.ones(len(rows), bool), bundle.tumour_columns
    if columns is None:
        return alike
    other = np.flatnonzero((rows[:, columns] != row[columns]).any(axis=1))
    if not len(other):
        return alike
    from oncology.prediction import predict
    from oncology.recommendations import abstentions

    predictions = predict(bundle, np.vstack([row[None], rows[other]]))
    silent = [set(abstentions(bundle, predictions, i)) for i in range(len(other) + 1)]
    alike[other] = [s == silent[0] for s in silent[1:]]
    return alike


def row_of(
    bundle: ModelBundle, patient: PatientProfile | ArrayLike
) -> tuple[PatientProfile | None, FloatVector]:
    """The profile, where one is given, and its row (c,)."""
    if isinstance(patient, PatientProfile):
        return patient, bundle.schema.encode_row(patient)
    try:
        row = np.asarray(patient, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise SchemaMismatchError(
            f"A patient is a profile, or {len(bundle.schema.columns)} numbers in the order of the model's columns; "
            f"found {type(patient).__name__} with what is no number ({error})."
        ) from error
    bundle.schema.check_width(len(row))
    return None, row


def candidates_of(
    bundle: ModelBundle, patient: PatientProfile | ArrayLike, *, mode: Mode, constraints: Constraints
) -> Candidates:
    """All single changes that a mode and its constraints allow.

    Features that are not actionable, counts and allele fractions (which follow from the alterations) never change.

    Raises
    ------
    UnknownFeatureError
        If a constraint names a feature that the bundle does not have.
    ConstraintError
        If a constraint cannot be kept.
    """
    profile, row = row_of(bundle, patient)
    schema = bundle.schema
    numbers = movable_numbers(bundle, constraints)
    fixed = {schema.feature(name).name for name in constraints.fixed}
    only = None if constraints.only is None else {schema.feature(name).name for name in constraints.only}
    values = schema.decode(row) if profile is None else schema.values(profile)
    edits: list[Edit] = []
    intervals: list[tuple[float, float]] = []
    chances: list[float] = []
    sampled, exact = False, has_intervals(bundle)
    for spec, now in zip(schema.features, values, strict=True):
        if not spec.actionable or spec.name in fixed or (only is not None and spec.name not in only):
            continue
        found: list[tuple[Value, float, float, float]]
        if spec.is_alteration:
            found = [(v, math.nan, math.nan, p) for v, p in _states(spec, now, mode, constraints)]
        elif mode == "model" and spec.name in numbers:
            way = movement_of(constraints, spec.name)
            found = [(v, a, b, math.nan) for v, a, b in other_values(bundle, spec, now, way)]
            sampled |= not exact and not has_levels(spec)
        else:
            continue
        for value, low, high, chance in found:
            edits.append(Edit(spec.name, value))
            intervals.append((low, high))
            chances.append(chance)
    rows = _single_rows(bundle, profile, row, edits)
    moved = ~((rows == row) | (np.isnan(rows) & np.isnan(row)))
    alike = answers_alike(bundle, row, rows)
    held = frozenset(edits[i].feature for i in np.flatnonzero(~alike))
    real = moved.any(axis=1) & alike & ~told_alike(schema, edits, rows)
    feature = np.array([schema.index(e.feature) for e in edits], np.intp)
    alone, may = True, np.ones(len(edits), bool)
    if profile is not None:
        real &= as_named(schema, edits, rows)
        may = only_what_may(schema, edits, rows, moved, constraints)
        # Where one goes because it would move what has to stay, another patient may have the one without the other.
        alone = disjoint(feature[real], moved[real]) and not act_together(schema, feature[real])
        alone &= bool(may[real].all())
    kept = np.flatnonzero(real & may)
    edits, feature = [edits[i] for i in kept], feature[kept]
    made = Candidates(
        bundle, profile, row, tuple(edits), rows[kept], moved[kept], feature,
        np.array(intervals, dtype=np.float64).reshape(-1, 2)[kept], alone, (), (),
        None if constraints.error_rates is None else np.array(chances)[kept], sampled, held,
    )  # fmt: skip
    return _with_exclusions(made, values, constraints)


def every_value(bundle: ModelBundle, row: FloatVector) -> Candidates:
    """Every other value of every feature, as columns: all a model can be told, actionable or not, without rules.

    Where the model has no intervals that it cannot tell apart, a number takes the two ends of its range: where each
    term rises or falls throughout, no value between them says more.

    Raises
    ------
    GoalError
        If a number's worst value is not known to be at an end of a known range.
    """
    schema = bundle.schema
    edits: list[Edit] = []
    for spec, now in zip(schema.features, schema.decode(row), strict=True):
        if spec.is_alteration:
            values: list[Value] = [v for v in (1.0, 0.0) if v != now]
        else:
            values = worst_values(bundle, spec, now)
        if spec.missing == "impute" or (spec.missing == "nan" and now is not None):
            values.append(None)
        edits += [Edit(spec.name, v) for v in values]
    rows = _single_rows(bundle, None, row, edits)
    moved = ~((rows == row) | (np.isnan(rows) & np.isnan(row)))
    alike = answers_alike(bundle, row, rows)
    kept = np.flatnonzero(moved.any(axis=1) & alike)
    feature = np.array([schema.index(edits[i].feature) for i in kept], np.intp)
    nothing = np.full((len(kept), 2), math.nan)
    return Candidates(
        bundle, None, row, tuple(edits[i] for i in kept), rows[kept], moved[kept], feature, nothing, True,
        held=frozenset(edits[i].feature for i in np.flatnonzero(~alike)),
    )  # fmt: skip


def _states(
    spec: FeatureSpec, now: Value, mode: Mode, constraints: Constraints
) -> list[tuple[float | None, float]]:
    """Other states, each with the chance of a wrong call (NaN where it is none)."""
    rates, become = constraints.error_rates, allowed_states(constraints, spec.name)
    found: list[tuple[float | None, float]] = []
    # A row may hold something between the two, put in where nothing was assayed.
    now = now if now in (0.0, 1.0) else None
    for state, word in STATE_WORDS.items():
        if state == now or word not in become:
            continue
        chance = math.nan
        if mode == "assay":
            if state is None or (now is not None and rates is None):
                continue
            if now is not None and rates is not None:
                chance = rates.false_positive if now == 1.0 else rates.false_negative
                if chance == 0:
                    continue  # stated never to happen
        elif state is None and spec.missing == "refuse":
            continue  # a model that refuses unknown values has nothing to say once this one is unknown
        found.append((state, chance))
    return found


def _single_rows(
    bundle: ModelBundle, profile: PatientProfile | None, row: FloatVector, edits: Sequence[Edit]
) -> FloatMatrix:
    if profile is not None:
        return edited_rows(bundle.schema, profile, [[e] for e in edits])
    rows = np.repeat(row[None], len(edits), axis=0)
    for i, edit in enumerate(edits):
        rows[i, bundle.schema.columns_of(edit.feature)] = bundle.schema.feature(edit.feature).encode(
            edit.value
        )
    return rows


def _with_exclusions(made: Candidates, values: Sequence[Value], constraints: Constraints) -> Candidates:
    """Pairs of alterations that must not both be altered in the changed patient, as rules about changes."""
    schema = made.bundle.schema
    pairs = set(exclusive_pairs(made.bundle)) if constraints.exclusive_drivers else set()
    for names in constraints.never_together:
        known = sorted({schema.feature(name).name for name in names})
        pairs |= {frozenset((a, b)) for n, a in enumerate(known) for b in known[n + 1 :]}
    altered = {schema.names[f] for f, v in enumerate(values) if v == 1.0 and schema.features[f].is_alteration}
    becomes = {
        e.feature: i
        for i, e in enumerate(made.edits)
        if e.value == 1.0 and schema.feature(e.feature).is_alteration
    }
    leaves: dict[str, list[int]] = {}
    for i, e in enumerate(made.edits):
        leaves.setdefault(e.feature, []).append(i)
    apart, needs = [], []
    for a, b in sorted(tuple(sorted(p)) for p in pairs):
        for new, other in ((a, b), (b, a)):
            if new in becomes and other in altered:
                needs.append((becomes[new], tuple(leaves.get(other, ()))))
        if a in becomes and b in becomes:
            apart.append((becomes[a], becomes[b]))
    return replace(made, apart=tuple(apart), needs=tuple(needs))
