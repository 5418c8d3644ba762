"""Which test would change the ranking: every unknown input, asked at each value it may turn out to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle
from oncology.features import Value
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction
from oncology.recommendations.bands import band_numbers
from oncology.recommendations.probes import Probe, find_probes, probe_rows

__all__ = ["Move", "ReadsAs", "Unknown", "UnknownSearch", "find_unknowns"]

FloatMatrix = NDArray[np.float64]
State = Literal["altered", "absent", "value"]
ReadsAs = Literal["absent", "altered", "neither"]
# Answers closer than this, in probability or score, are one answer.
_SAME = 0.005
# Without bands, a test is listed where it moves a probability by this much or a score into another group.
_NOTICEABLE = 0.05
# With bands, an option counts as moved where its own probability moves by this much and its band changes: being
# pushed along by a neighbour is no news about the option. A change this large counts in the same band as well.
_OWN_CHANGE = 0.01
_LARGE_CHANGE = 0.10


@dataclass(frozen=True, slots=True)
class Move:
    """One option before and after an input became known; bands are None where there is no ranking."""

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
    """An input that is not known, one value it may turn out to have, and what would move then.

    Parameters
    ----------
    state : {"altered", "absent", "value"}
        The state of an alteration; "value" for every other input, whose value stands in `value_words`.
    value : float or str
    moves : tuple of Move
        Largest change first.
    leaves_unlikely : tuple of str
        Options whose interval would no longer end below the bar of the unlikely ones.
    reads_as : {"absent", "altered", "neither"} or None
        For an alteration that was not assayed: the state that the model takes it for, to within half a point of 100,
        about the option that would move most.
    for_all_options : bool
        Whether it does so about every option.
    either_way : tuple of (label, now, if absent, if altered) or None
        The option that would move most, with its probabilities or scores.
    """

    feature: str
    label: str
    state: State
    moves: tuple[Move, ...]
    leaves_unlikely: tuple[str, ...] = ()
    value: Value = None
    value_words: str = ""
    reads_as: ReadsAs | None = None
    either_way: tuple[str, float, float, float] | None = None
    is_score: bool = False
    for_all_options: bool = True

    def words(self) -> str:
        """What would move most, and what the model makes of the unknown meanwhile."""
        opening, case = f"{self.label} was not assayed", f"if {self.state}"
        if self.state == "value":
            word = "at" if isinstance(self.value, float) else "if"
            opening, case = f"{self.label} is not known", f"{word} {self.value_words}"
        if not self.moves:
            return f"{opening}; {case}, no option would change its band.{self._meanwhile()}"
        more = f", and {len(self.moves) - 1} more would move" if len(self.moves) > 1 else ""
        return f"{opening}; {case}, {self.moves[0].words()}{more}.{self._meanwhile()}"

    def _meanwhile(self) -> str:
        if self.reads_as is None or self.either_way is None:
            return ""
        label, now, absent, altered = self.either_way
        now_said, absent_said, altered_said = (
            f"{v:.2f}" if self.is_score else f"{round(100 * v)}" for v in (now, absent, altered)
        )
        of = "" if self.is_score else " of 100"
        about = "" if self.for_all_options else f" about {label}"
        opening = f" Until it is tested, the model answers{about}"
        span = f"({label}: {absent_said}{of} if absent, {altered_said} if altered)."
        if self.reads_as == "absent":
            return f"{opening} as if it had been tested and not found {span}"
        if self.reads_as == "altered":
            return f"{opening} as if it had been found {span}"
        return f"{opening} as in neither state: {now_said}{of} now, {absent_said} if absent, {altered_said} if altered."


@dataclass(frozen=True, slots=True)
class UnknownSearch:
    """The unknown inputs that would move something, and what was asked to find them."""

    found: tuple[Unknown, ...]
    n_asked: int
    words: str


def find_unknowns(
    bundle: ModelBundle, profile: PatientProfile, held: NDArray[np.bool_], margin: MarginFunction | None
) -> UnknownSearch:
    """Every unknown input at each value it may have, asked in one batch; those that move nothing are left out.

    Parameters
    ----------
    held : array (k,) of bool
        Options the model does not abstain from; the others stay outside the bands.
    """
    if not held.any():
        return UnknownSearch(
            (), 0, "Nothing is ranked for this patient, so it is not known which unknown input would matter."
        )
    probes = find_probes(bundle, profile)
    if not probes.asked:
        return UnknownSearch((), 0, probes.words())
    rows = probe_rows(bundle.schema, profile, probes.asked)
    raw = (margin or bundle.margin)(rows)
    p = bundle.probability(raw)
    low, high = bundle.interval(raw, rows)
    bands = band_numbers(np.where(held, p[0], np.nan), low[0], high[0]) if bundle.ranks else None
    states = {(q.spec.name, q.value): i for i, q in enumerate(probes.asked, start=1) if q.spec.is_alteration}
    found = []
    for case, probe in enumerate(probes.asked, start=1):
        moves = _moves(bundle, bands, p[0], (p[case], low[case], high[case]), held)
        freed = () if bundle.is_score else _leaves_unlikely(bundle, high[0], high[case], held)
        if moves or freed:
            found.append(_unknown(bundle, probe, moves, freed, p, states, held))
    found.sort(key=lambda u: -max((abs(m.change) for m in u.moves), default=0.0))
    return UnknownSearch(tuple(found), len({q.spec.name for q in probes.asked}), probes.words())


def _unknown(
    bundle: ModelBundle,
    probe: Probe,
    moves: tuple[Move, ...],
    freed: tuple[str, ...],
    p: FloatMatrix,
    states: dict[tuple[str, float | str], int],
    held: NDArray[np.bool_],
) -> Unknown:
    spec = probe.spec
    if not spec.is_alteration:
        return Unknown(
            spec.name, spec.label, "value", moves, freed, probe.value, spec.words(probe.value),
            is_score=bundle.is_score,
        )  # fmt: skip
    now, altered, absent = (
        np.where(held, row, 0.0) for row in (p[0], p[states[spec.name, 1.0]], p[states[spec.name, 0.0]])
    )
    j = bundle.option_index(moves[0].option) if moves else int(np.argmax(np.abs(altered - absent)))
    reads_as: ReadsAs = "neither"
    for_all = False
    for state, other in (("altered", altered), ("absent", absent)):
        same = np.abs(now - other) <= _SAME
        if same[j]:
            reads_as, for_all = ("absent" if state == "absent" else "altered"), bool(same.all())
    return Unknown(
        spec.name, spec.label, "altered" if probe.value == 1.0 else "absent", moves, freed, probe.value,
        spec.words(probe.value), reads_as,
        (bundle.label(bundle.options[j]), float(now[j]), float(absent[j]), float(altered[j])), bundle.is_score, for_all,
    )  # fmt: skip


def _moves(
    bundle: ModelBundle,
    bands0: NDArray[np.int64] | None,
    p0: FloatMatrix,
    after: tuple[FloatMatrix, FloatMatrix, FloatMatrix],
    held: NDArray[np.bool_],
) -> tuple[Move, ...]:
    p1, low1, high1 = after
    change = np.where(held, np.abs(p1 - p0), 0.0)
    bands1, groups = bands0, None
    if bands0 is not None:
        if change.max() < _OWN_CHANGE:
            return ()
        bands1 = band_numbers(np.where(held, p1, np.nan), low1, high1)
        moved = np.flatnonzero(((bands0 != bands1) & (change >= _OWN_CHANGE)) | (change >= _LARGE_CHANGE))
    elif bundle.formula is not None and bundle.formula.categories:
        groups = [(bundle.formula.group(a), bundle.formula.group(b)) for a, b in zip(p0, p1, strict=True)]
        moved = np.flatnonzero([a != b for a, b in groups])
    else:
        moved = np.flatnonzero(held & (np.abs(p1 - p0) >= _NOTICEABLE))
    moves = []
    for j in moved:
        option = bundle.options[j]
        before_after = (None, None) if bands0 is None or bands1 is None else (int(bands0[j]), int(bands1[j]))
        group = (None, None) if groups is None else groups[j]
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
