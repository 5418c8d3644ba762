"""Which test would change the ranking: every gene that was not assayed, set to altered and to absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle
from oncology.edits import Edit, apply
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction
from oncology.recommendations.bands import band_numbers

__all__ = ["Move", "Unknown", "find_unknowns"]

FloatMatrix = NDArray[np.float64]
State = Literal["altered", "absent"]
# Without bands, a test is listed where it moves a probability by this much or a score into another group.
_NOTICEABLE = 0.05
# With bands, an option counts as moved where its own probability moves by this much and its band changes: being
# pushed along by a neighbour is no news about the option. A change this large counts in the same band as well.
_OWN_CHANGE = 0.01
_LARGE_CHANGE = 0.10


@dataclass(frozen=True, slots=True)
class Move:
    """One option before and after a gene's state became known; bands are None where there is no ranking."""

    option: str
    label: str
    band_before: int | None
    band_after: int | None
    probability_before: float
    probability_after: float
    group_before: str | None = None
    group_after: str | None = None
    is_score: bool = False

    @property
    def change(self) -> float:
        """Change of the probability, or of the score."""
        return self.probability_after - self.probability_before

    def words(self) -> str:
        """The move in words: bands where there are bands, else the group, else people out of a hundred."""
        if self.band_before != self.band_after:
            return f"{self.label} would move from band {self.band_before} to band {self.band_after}"
        if self.group_before is not None:
            return f"{self.label} would move from {self.group_before} to {self.group_after}"
        if self.is_score:
            return (
                f"{self.label} would move from {self.probability_before:.2f} to {self.probability_after:.2f}"
            )
        before, after = round(100 * self.probability_before), round(100 * self.probability_after)
        still = "" if self.band_before is None else f", still in band {self.band_before}"
        return f"{self.label} would move from {before} to {after} of 100{still}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A gene or alteration that was not assayed, one state it may turn out in, and what would move then."""

    feature: str
    label: str
    state: State
    moves: tuple[Move, ...]
    leaves_unlikely: tuple[str, ...] = ()

    def words(self) -> str:
        """One sentence with the largest move."""
        if not self.moves:
            return f"{self.label} was not assayed; if {self.state}, no option would change its band."
        more = f", and {len(self.moves) - 1} more would move" if len(self.moves) > 1 else ""
        return f"{self.label} was not assayed; if {self.state}, {self.moves[0].words()}{more}."


def find_unknowns(
    bundle: ModelBundle, profile: PatientProfile, held: NDArray[np.bool_], margin: MarginFunction | None
) -> tuple[Unknown, ...]:
    """Every not assayed alteration in both states, asked in one batch; those that change nothing are left out.

    Parameters
    ----------
    held : array (k,) of bool
        Options the model does not abstain from; the others stay outside the bands.

    Returns
    -------
    tuple of Unknown
        Largest change first.
    """
    schema = bundle.schema
    values = schema.values(profile)
    open_features = [
        f.name for f, v in zip(schema.features, values, strict=True) if f.is_alteration and v is None
    ]
    cases: list[tuple[str, State]] = [(n, s) for n in open_features for s in ("altered", "absent")]
    if not cases or not held.any():
        return ()
    rows = _edited_rows(schema, profile, cases)
    raw = (margin or bundle.margin)(rows)
    p = bundle.probability(raw)
    low, high = bundle.interval(raw, rows)
    found = []
    for case, (name, state) in enumerate(cases, start=1):
        moves = _moves(bundle, (p[0], low[0], high[0]), (p[case], low[case], high[case]), held)
        freed = () if bundle.is_score else _leaves_unlikely(bundle, high[0], high[case], held)
        if moves or freed:
            found.append(Unknown(name, schema.feature(name).label, state, moves, freed))
    found.sort(key=lambda u: -max((abs(m.change) for m in u.moves), default=0.0))
    return tuple(found)


def _edited_rows(
    schema: FeatureSchema, profile: PatientProfile, cases: Sequence[tuple[str, State]]
) -> FloatMatrix:
    """The patient's row, then one row per case, (1 + cases, c)."""
    own = schema.encode_row(profile)
    rows = np.repeat(own[None, :], 1 + len(cases), axis=0)
    # Columns are disjoint, so one state is one cell, unless a count or fraction reads the same gene.
    shared = {
        f.reads.pattern.gene for f in schema.features if f.reads.what in ("vaf", "count") and f.reads.pattern
    }
    for i, (name, state) in enumerate(cases, start=1):
        pattern = schema.feature(name).reads.pattern
        value = 1.0 if state == "altered" else 0.0
        if pattern is not None and pattern.gene in shared:
            rows[i] = schema.encode_row(apply(schema, profile, [Edit(name, value)]))
        else:
            rows[i, schema.columns_of(name).start] = value
    return rows


def _moves(
    bundle: ModelBundle,
    before: tuple[FloatMatrix, FloatMatrix, FloatMatrix],
    after: tuple[FloatMatrix, FloatMatrix, FloatMatrix],
    held: NDArray[np.bool_],
) -> tuple[Move, ...]:
    (p0, low0, high0), (p1, low1, high1) = before, after
    if bundle.ranks:
        bands0 = band_numbers(np.where(held, p0, np.nan), low0, high0)
        bands1 = band_numbers(np.where(held, p1, np.nan), low1, high1)
        change = np.where(held, np.abs(p1 - p0), 0.0)
        moved = np.flatnonzero(((bands0 != bands1) & (change >= _OWN_CHANGE)) | (change >= _LARGE_CHANGE))
    elif bundle.formula is not None and bundle.formula.categories:
        groups = [(bundle.formula.group(a), bundle.formula.group(b)) for a, b in zip(p0, p1, strict=True)]
        moved = np.flatnonzero([a != b for a, b in groups])
    else:
        moved = np.flatnonzero(held & (np.abs(p1 - p0) >= _NOTICEABLE))
    moves = []
    for j in moved:
        option = bundle.options[j]
        before_after = (int(bands0[j]), int(bands1[j])) if bundle.ranks else (None, None)
        group = groups[j] if bundle.formula is not None and bundle.formula.categories else (None, None)
        moves.append(
            Move(
                option, bundle.label(option), before_after[0], before_after[1], float(p0[j]), float(p1[j]),
                group_before=group[0], group_after=group[1], is_score=bundle.is_score,
            )
        )  # fmt: skip
    return tuple(sorted(moves, key=lambda m: -abs(m.change)))


def _leaves_unlikely(
    bundle: ModelBundle, high_before: FloatMatrix, high_after: FloatMatrix, held: NDArray[np.bool_]
) -> tuple[str, ...]:
    limit = bundle.manifest.unlikely_below
    freed = held & (high_before < limit) & (high_after >= limit)
    return tuple(bundle.options[j] for j in np.flatnonzero(freed))
