"""Where a model is most wrong, by search: slices found in one half of the patients, judged in the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.audit.conditions import Conditions, conditions
from explainers.audit.contrasts import beside, one_meaning_for_all
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.gap_table import more_words, signed
from explainers.audit.group_metrics import MIN_EVENTS, MIN_PATIENTS
from explainers.audit.subgroups import POOLED, audited_options, too_small
from oncology.counts import shown

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from oncology.features import FeatureSchema

__all__ = ["Slice", "Slices", "worst_slices"]

Flags = NDArray[np.bool_]
FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]

# Two slices of one option that share more of their patients than this are one finding.
_SAME = 0.6
# Slices of each option kept for every one that goes to the other half: most of them are the same patients again.
_KEPT = 30
# A second condition is worth its words where it makes the slice this much surer.
_BETTER = 0.5


@dataclass(frozen=True, slots=True)
class Slice:
    """Patients who meet one or two conditions, for whom the number was off.

    Parameters
    ----------
    option : str
        Key of an option, or `POOLED`.
    conditions : tuple of str
    found_in_search : float
        Observed minus predicted beyond the rest, in the half that was searched: flattered by the search.
    n, n_events : int
        In the other half.
    here, rest : float
        Observed minus predicted in the other half, in the slice and outside it; NaN where it would give a count away.
    excess, low, high : float
        Here minus rest beyond the mix of patients, with an interval that holds for all slices together.
    statistic, p_family : float
    is_confirmed : bool
        The interval excludes zero.
    """

    option: str
    label: str
    conditions: tuple[str, ...]
    found_in_search: float
    n: int
    n_events: int
    here: float
    rest: float
    excess: float
    low: float
    high: float
    statistic: float
    p_family: float
    is_confirmed: bool
    responded: str = "responded"

    @property
    def name(self) -> str:
        """The conditions in words."""
        return " and ".join(self.conditions)

    def words(self) -> str:
        """What was found and whether it held, in two sentences."""
        where = f"{self.label}, {self.name}"
        if not math.isfinite(self.excess):
            return f"{where}: too few such patients in the other half to judge."
        n = f"{self.n:,}" if shown(self.n) is not None else "fewer than 5"
        if math.isnan(self.here):
            return f"{where}: {'held' if self.is_confirmed else 'not confirmed'} in {n} other patients; counts withheld."
        held = "Held in the other half" if self.is_confirmed else "Not confirmed in the other half"
        return (
            f"{where}: {more_words(self.found_in_search)} of 100 {self.responded} than the numbers said, in the half that was "
            f"searched. {held}: {more_words(self.excess)} beyond the rest ({signed(self.low)} to {signed(self.high)}; {n} patients)."
        )


@dataclass(frozen=True, eq=False, slots=True)
class Slices:
    """The worst slices, and what stood behind the search.

    n_searched : int
        Slices looked at in the first half.
    critical : float
        Standard errors a slice must exceed in the other half.
    """

    entries: tuple[Slice, ...]
    n_searched: int
    n_first: int
    n_second: int
    level: float
    critical: float
    depth: int
    seed: int

    @property
    def confirmed(self) -> tuple[Slice, ...]:
        """Slices whose interval in the other half excludes zero."""
        return tuple(s for s in self.entries if s.is_confirmed)

    @property
    def words(self) -> str:
        """How the search was done."""
        return (
            f"{self.n_searched:,} slices of up to {self.depth} conditions were searched in {self.n_first:,} patients; the "
            f"{len(self.entries)} worst were judged in the other {self.n_second:,}. In {self.level:.0%} of cohorts where the number means "
            f"the same for everybody, any of them would be confirmed by chance."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a slice, the worst of the search first."""
        return [
            {
                "option": s.label, "slice": s.name, "in the search": round(s.found_in_search, 3), "patients": shown(s.n),
                "responders": None if shown(s.n) is None else shown(s.n_events, of=s.n), "observed minus predicted": _number(s.here),
                "in the rest": _number(s.rest), "beyond the rest": None if math.isnan(s.here) else _number(s.excess),
                "low": None if math.isnan(s.here) else _number(s.low), "high": None if math.isnan(s.here) else _number(s.high),
                "p of the family": _number(s.p_family), "confirmed": s.is_confirmed,
            }
            for s in self.entries
        ]  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Half:
    """Patients and options of one half, one row per known outcome."""

    y: FloatVector
    p: FloatVector
    q: FloatVector  # what the number means for all, by option
    row: NDArray[np.intp]  # the patient
    option: NDArray[np.intp]
    basis: tuple[FloatMatrix, ...]  # of each option, on its own rows

    @classmethod
    def of(cls, data: AuditData, half: Flags, options: Sequence[int]) -> _Half:
        parts: list[tuple[FloatVector, FloatVector, FloatVector, NDArray[np.intp], int]] = []
        bases = []
        for j in options:
            rows = np.flatnonzero(data.known[:, j] & half)
            y, p = data.y[rows, j], data.probability[rows, j]
            q, basis = one_meaning_for_all(y, p)
            parts.append((y, p, q, rows, j))
            bases.append(basis)
        return cls(
            np.concatenate([a[0] for a in parts]), np.concatenate([a[1] for a in parts]), np.concatenate([a[2] for a in parts]),
            np.concatenate([a[3] for a in parts]), np.concatenate([np.full(len(a[0]), a[4], dtype=np.intp) for a in parts]), tuple(bases),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Candidate:
    option: int  # -1: all together
    conditions: tuple[int, ...]
    statistic: float
    excess: float


def worst_slices(
    data: AuditData,
    *,
    schema: FeatureSchema | None = None,
    depth: int = 2,
    n_slices: int = 10,
    level: float = 0.01,
    n_draws: int = 999,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Slices:
    """Search slices where observed and predicted differ most from the rest, and judge them on patients held out.

    Parameters
    ----------
    schema : FeatureSchema, optional
        Of the model, for the words of its inputs.
    depth : {1, 2}
        Most conditions of a slice.
    n_slices : int
        How many go to the other half; fewer make each easier to confirm.

    Raises
    ------
    NoOutcomesError, StoppedError
    AuditError
        For another depth, or where half the patients are too few.

    Notes
    -----
    Half of the patients, drawn by `seed`, are searched: every condition and every pair of them, in each option and in
    all together, by the score test of a logistic recalibration. The worst, with overlapping ones dropped, are judged in
    the other half as in `gaps`: one false alarm rate for all of them, which the size of the search cannot raise.
    """
    if depth not in (1, 2):
        raise AuditError(f"The depth is {depth}; expected 1 or 2 conditions.")
    if n_slices < 1 or level * (n_draws + 1) < 1:
        raise AuditError(
            f"{n_slices} slices at a false alarm rate of {level:g} with {n_draws} draws: expected at least one slice, and "
            f"{math.ceil(1 / level) - 1} draws."
        )
    told = conditions(data, schema)
    first = np.zeros(len(data), dtype=bool)
    first[np.random.default_rng(seed).permutation(len(data))[: len(data) // 2]] = True
    options = [data.index(o) for o in audited_options(data) if o not in data.faults]
    options = [j for j in options if all(_enough(data, j, half) for half in (first, ~first))]
    if not options or not len(told):
        raise AuditError(
            f"{data.name}: no option has {2 * MIN_PATIENTS} patients with {MIN_EVENTS} responders and non-responders in each half, "
            "or the patients are described by nothing; a search needs both."
        )
    search = _Half.of(data, first, options)
    pooled = len(options) > 1 and not (data.known[:, options].sum(axis=1) > 1).any() and not data.is_score
    candidates: list[_Candidate] = []
    n_searched = 0
    units = [*options, -1] if pooled else options
    for i, j in enumerate(units):
        if stop is not None and stop():
            raise StoppedError
        mine = np.ones(len(search.y), dtype=bool) if j < 0 else search.option == j
        found, looked = _search(search, mine, told, j, depth, n_slices * _KEPT)
        candidates += found
        n_searched += looked
        if progress is not None:
            progress(0.8 * (i + 1) / len(units))
    chosen = _distinct(candidates, search, told, n_slices)
    entries, critical = _judge(data, chosen, told, ~first, options, level, n_draws, seed)
    if progress is not None:
        progress(1.0)
    return Slices(entries, n_searched, int(first.sum()), int((~first).sum()), level, critical, depth, seed)


def _enough(data: AuditData, j: int, half: Flags) -> bool:
    y = data.y[data.known[:, j] & half, j]
    return not too_small(len(y), int(y.sum()))


def _search(
    half: _Half, mine: Flags, told: Conditions, option: int, depth: int, keep: int
) -> tuple[list[_Candidate], int]:
    """The surest slices of one option, and how many were looked at."""
    residual, weight, q = half.y[mine] - half.q[mine], half.q[mine] * (1 - half.q[mine]), half.q[mine]
    flags = told.holds[half.row[mine]].astype(np.float64)
    n_all, expected, variance_all = len(q), q.sum(), weight.sum()

    def statistics(
        n: FloatMatrix, e: FloatMatrix, w: FloatMatrix, ones: FloatMatrix
    ) -> tuple[FloatMatrix, FloatMatrix]:
        fewest = np.minimum(
            np.minimum(ones, n - ones), np.minimum(expected - ones, n_all - n - expected + ones)
        )
        large = (n >= MIN_PATIENTS) & (n_all - n >= MIN_PATIENTS) & (fewest >= MIN_EVENTS)
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = e / n + e / (n_all - n)  # all residuals add up to zero
            error = np.sqrt(w / n**2 + (variance_all - w) / (n_all - n) ** 2)
            return np.where(large, excess / error, np.nan), excess

    def table(values: FloatVector) -> FloatMatrix:
        return flags.T @ (values[:, None] * flags)

    ones = np.ones(len(q))
    n, e, w, s = table(ones), table(residual), table(weight), table(q)
    t, excess = statistics(n, e, w, s)
    single = np.diag(t).copy()
    found = [
        _Candidate(option, (int(a),), float(single[a]), float(excess[a, a]))
        for a in np.flatnonzero(~np.isnan(single))
    ]
    looked = len(found)
    if depth == 2:
        about = np.array(told.about)
        pairs = np.triu(about[:, None] != about[None, :], 1) & ~np.isnan(t)
        looked += int(pairs.sum())
        alone = np.nan_to_num(np.abs(single))
        # A pair must be surer than either of its conditions, or it only repeats one of them in more words.
        better = pairs & (np.nan_to_num(np.abs(t)) > np.maximum(alone[:, None], alone[None, :]) + _BETTER)
        found += [
            _Candidate(option, (int(a), int(b)), float(t[a, b]), float(excess[a, b]))
            for a, b in zip(*np.nonzero(better), strict=True)
        ]
    found.sort(key=lambda c: -abs(c.statistic))
    return found[:keep], looked


def _distinct(candidates: list[_Candidate], half: _Half, told: Conditions, most: int) -> list[_Candidate]:
    """The surest candidates, without those that are mostly the patients of a surer one."""
    chosen: list[tuple[_Candidate, Flags]] = []
    for candidate in sorted(candidates, key=lambda c: -abs(c.statistic)):
        mine: Flags = np.asarray(told.holds[:, list(candidate.conditions)].all(axis=1))
        rows = mine[half.row] & ((half.option == candidate.option) | (candidate.option < 0))
        if not any(_alike(rows, other) for _, other in chosen):
            chosen.append((candidate, rows))
        if len(chosen) == most:
            break
    return [c for c, _ in chosen]


def _alike(a: Flags, b: Flags) -> bool:
    return bool((a & b).sum() > _SAME * min(a.sum(), b.sum()))


def _judge(
    data: AuditData, chosen: Sequence[_Candidate], told: Conditions, half: Flags, options: Sequence[int], level: float,
    n_draws: int, seed: int,
) -> tuple[tuple[Slice, ...], float]:  # fmt: skip
    """Each candidate in the half that was not searched, with one false alarm rate for all of them."""
    other = _Half.of(data, half, options)
    inside = np.column_stack([
        told.holds[other.row][:, list(c.conditions)].all(axis=1) & ((other.option == c.option) | (c.option < 0)) for c in chosen
    ])  # fmt: skip
    asked = np.column_stack([(other.option == c.option) | (c.option < 0) for c in chosen])
    n_in, n_out = inside.sum(axis=0), (asked & ~inside).sum(axis=0)
    mean = np.where(inside, 1 / np.maximum(n_in, 1), 0) - np.where(
        asked & ~inside, 1 / np.maximum(n_out, 1), 0
    )
    seen, variance, drawn = np.zeros(len(chosen)), np.zeros(len(chosen)), np.zeros((n_draws, len(chosen)))
    for j, basis in zip(options, other.basis, strict=True):
        rows = other.option == j
        q = other.q[rows]
        columns, error = beside(basis, q * (1 - q), mean[rows])
        seen += (other.y[rows] - q) @ columns
        variance += error**2
        rng = np.random.default_rng([seed, j, 1])
        drawn += ((rng.random((n_draws, len(q))) < q) - q) @ columns
    # Whether a slice is large enough hangs on the numbers alone, never on who responded in it.
    ones = other.q @ inside
    rest_ones = other.q @ asked - ones
    fewest = np.minimum(np.minimum(ones, n_in - ones), np.minimum(rest_ones, n_out - rest_ones))
    judged = (np.minimum(n_in, n_out) >= MIN_PATIENTS) & (fewest >= MIN_EVENTS) & (variance > 1e-24)
    error = np.sqrt(np.maximum(variance, 1e-24))
    largest = (
        np.sort(np.abs(np.where(judged, drawn / error, 0.0)).max(axis=1))
        if len(chosen)
        else np.zeros(n_draws)
    )
    critical = float(largest[math.ceil((1 - level) * (n_draws + 1)) - 1])
    made = []
    for k, c in enumerate(chosen):
        mine, rest = inside[:, k], asked[:, k] & ~inside[:, k]
        events = int(other.y[mine].sum())
        said = [math.nan] * 6
        if judged[k]:
            statistic = float(seen[k] / error[k])
            at_least = len(largest) - int(np.searchsorted(largest, abs(statistic), side="left"))
            wide = critical * float(error[k])
            said = [
                float(seen[k]), float(seen[k]) - wide, float(seen[k]) + wide, statistic, (1 + at_least) / (1 + n_draws), 0.0
            ]  # fmt: skip
        can_show = not too_small(int(mine.sum()), events) and not too_small(
            int(rest.sum()), int(other.y[rest].sum())
        )
        here = float((other.y - other.p)[mine].mean()) if can_show else math.nan
        outside = float((other.y - other.p)[rest].mean()) if can_show else math.nan
        made.append(
            Slice(
                POOLED if c.option < 0 else data.options[c.option], POOLED.capitalize() if c.option < 0 else data.labels[c.option],
                tuple(told.words[a] for a in c.conditions), c.excess, int(mine.sum()), events, here, outside, said[0], said[1], said[2],
                said[3], said[4], bool(judged[k]) and abs(said[3]) > critical, data.words.responded,
            )
        )  # fmt: skip
    return tuple(made), critical


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
