"""Which groups of patients a model serves otherwise than the rest, corrected for everything that was looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.contrasts import COMPARED, Contrasts, contrasts
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.family import FAMILY_LEVEL
from explainers.audit.gap_table import Gap, Gaps
from explainers.audit.group_metrics import METRICS, MIN_EVENTS, MIN_PATIENTS
from explainers.audit.membership import Membership, membership
from explainers.audit.subgroups import POOLED, audited_options, check_threshold, too_small
from oncology.performance import PerformanceError

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = ["FAMILY_LEVEL", "gaps"]

Flags = NDArray[np.bool_]
FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]

_CALIBRATION = "observed minus predicted"


def gaps(
    data: AuditData,
    *,
    metrics: Sequence[str] = COMPARED,
    attributes: Sequence[str] | None = None,
    options: Sequence[str] | None = None,
    threshold: float = 0.15,
    level: float = FAMILY_LEVEL,
    n_draws: int = 999,
    seed: int = 0,
    figures: bool = True,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Gaps:
    """Compare every group with the rest, in every option and metric, with one false alarm rate for all of it.

    Parameters
    ----------
    metrics : sequence of str
        Of `COMPARED`. The family is what is asked for here: asking again for something else is another family.
    attributes, options : sequences of str, optional
        Default: all.
    threshold : float in (0, 1)
        Of the false negative rate and net benefit.
    level : float in (0, 1)
        Family-wise false alarm rate.
    n_draws : int
        Draws under the null; ``level * (n_draws + 1)`` should be whole.
    figures : bool
        Also work out the metric itself in the group and in the rest, which the comparison does not need; without them
        it is some three times as fast, and `here`, `rest` and `expected` are NaN.

    Raises
    ------
    NoOutcomesError, StoppedError
    AuditError
        For an unknown metric, description or option, or a level that so few draws cannot reach.

    Notes
    -----
    The null: within an option the model's number, recalibrated by one slope and one intercept for all, is every
    patient's chance. Outcomes are drawn from it, every comparison is divided by its standard error, and the largest
    over all comparisons is kept (max-T). An observed comparison counts where it exceeds all but the share `level` of
    these maxima. The observed outcomes are one more draw under the null, so the rate is `level` for any number of groups
    and however they overlap, as far as the recalibration is known: it is fitted to these outcomes. Linear comparisons are made orthogonal to the recalibration, whose
    fit then cannot move them. Outcomes of several options in one patient are drawn as if independent.

    References
    ----------
    .. [1] Westfall & Young (1993), Resampling-Based Multiple Testing.
    .. [2] van Klaveren et al. (2016), Statistics in Medicine 35(23): what the mix of patients alone does to an AUC.
    """
    _check(metrics, level, n_draws)
    check_threshold(threshold)
    groups = membership(data, attributes)
    names = groups.names
    known_options = audited_options(data)
    chosen = known_options if options is None else tuple(data.options[data.index(o)] for o in options)
    pool = _Pool.of(data, groups, chosen) if _CALIBRATION in metrics else None
    largest = np.zeros(n_draws)
    found: list[_Compared] = []
    not_compared: list[tuple[str, str, str]] = []
    for i, option in enumerate(chosen):
        if stop is not None and stop():
            raise StoppedError
        mine = _Option.of(data, option, groups, names, threshold, figures)
        if min(mine.y.sum(), len(mine.y) - mine.y.sum()) < MIN_EVENTS:
            why = too_small(len(mine.y), int(mine.y.sum())) or "too few patients"
            not_compared.append((option, "every group", why))
        else:
            extra = None if pool is None else pool.columns(mine.known)
            made = contrasts(mine.y, mine.p, mine.inside, threshold=threshold, metrics=metrics, extra=extra)
            drawn = made.draw(n_draws, np.random.default_rng([seed, data.index(option)]))
            seen = made.differences(mine.y[None, :])[0].astype(np.float64)
            centre, error = _scale(made, seen, drawn)
            c = len(made)
            largest = _larger(largest, (drawn[:, :c] - centre) / error)
            areas = made.areas(mine.y)
            found += [
                mine.compared(g, metric, float(seen[k]), float(centre[k]), float(error[k]), areas)
                for k, (metric, g) in enumerate(zip(made.metrics, made.groups, strict=True))
            ]
            if pool is not None:
                pool.add(seen[c:], drawn[:, c:], made.extra_error)
            not_compared += mine.left_out(made.groups)
        if progress is not None:
            progress((i + 1) / len(chosen))
    if pool is not None and pool.groups:
        largest = _larger(largest, pool.drawn_statistics())
        found += pool.compared()
    largest = np.sort(largest)
    critical = float(largest[math.ceil((1 - level) * (n_draws + 1)) - 1])
    entries = tuple(f.judged(critical, largest) for f in found)
    return Gaps(entries, level, critical, n_draws, seed, threshold, tuple(not_compared), groups.left_out)


def _check(metrics: Sequence[str], level: float, n_draws: int) -> None:
    unknown = [m for m in metrics if m not in COMPARED]
    if unknown:
        raise AuditError(f"{unknown[0]!r} is not compared; expected one of {', '.join(COMPARED)}.")
    if not 0 < level < 1:
        raise AuditError(
            f"The false alarm rate is {level:g}; expected a share between 0 and 1, such as 0.01."
        )
    if level * (n_draws + 1) < 1:
        raise AuditError(
            f"A false alarm rate of {level:g} needs at least {math.ceil(1 / level) - 1} draws; found {n_draws}."
        )


def _larger(largest: FloatVector, statistics: FloatMatrix) -> FloatVector:
    if statistics.shape[1] == 0:
        return largest
    return np.maximum(largest, np.nan_to_num(np.abs(statistics)).max(axis=1))


def _scale(made: Contrasts, seen: FloatVector, drawn: FloatMatrix) -> tuple[FloatVector, FloatVector]:
    """What each comparison is expected to be and its standard error under the null, (c,) each.

    Linear ones have them in closed form; for the others the observed difference is one of the draws, so that
    observed and drawn are treated alike.
    """
    c, n_linear = len(made), len(made.linear_error)
    centre, error = np.zeros(c), np.ones(c)
    error[:n_linear] = made.linear_error
    if c > n_linear:
        together = np.vstack([drawn[:, n_linear:c], seen[None, n_linear:c]])
        centre[n_linear:], error[n_linear:] = np.nanmean(together, axis=0), np.nanstd(together, axis=0)
    return centre, np.maximum(error, 1e-12)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A gap whose interval waits for the family's critical value."""

    gap: Gap
    error: float

    def judged(self, critical: float, largest: FloatVector) -> Gap:
        statistic = float(self.gap.excess / self.error)
        at_least = len(largest) - int(np.searchsorted(largest, abs(statistic), side="left"))
        half = critical * self.error
        return replace(
            self.gap, low=self.gap.excess - half, high=self.gap.excess + half, statistic=statistic,
            p_family=(1 + at_least) / (1 + len(largest)), is_finding=abs(statistic) > critical,
        )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Option:
    """The patients of one option."""

    option: str
    label: str
    known: Flags
    y: FloatVector
    p: FloatVector
    inside: Flags
    groups: Membership
    names: tuple[str, ...]
    threshold: float
    figures: bool
    responded: str

    @classmethod
    def of(
        cls,
        data: AuditData,
        option: str,
        groups: Membership,
        names: tuple[str, ...],
        threshold: float,
        figures: bool,
    ) -> _Option:
        j = data.index(option)
        known = data.known[:, j]
        return cls(
            option, data.labels[j], known, data.y[known, j], data.probability[known, j], groups.inside[known], groups, names,
            threshold, figures, data.words.responded,
        )  # fmt: skip

    def compared(
        self,
        g: int,
        metric: str,
        seen: float,
        centre: float,
        error: float,
        areas: Mapping[int, tuple[float, float]],
    ) -> _Compared:
        mine = self.inside[:, g]
        here = rest = math.nan
        if self.figures:
            known = areas[g] if metric == "AUC" else (None, None)
            here = _measured(metric, self.y[mine], self.p[mine], self.threshold, known[0])
            rest = _measured(metric, self.y[~mine], self.p[~mine], self.threshold, known[1])
        if math.isnan(here) or math.isnan(rest):
            here = rest = math.nan
        excess = seen - centre
        # The slopes shown are fitted in full, the comparison is one Newton step from everybody's line.
        expected = 0.0 if metric == "calibration slope" else here - rest - excess
        n = int(mine.sum())
        gap = Gap(
            self.option, self.label, self.groups.attributes[g], self.names[g], metric, n, int(self.y[mine].sum()),
            len(mine) - n, here, rest, expected, excess, responded=self.responded,
        )  # fmt: skip
        return _Compared(gap, error)

    def left_out(self, compared: Sequence[int]) -> list[tuple[str, str, str]]:
        done = set(compared)
        found = []
        for g, name in enumerate(self.names):
            if g in done:
                continue
            mine = self.inside[:, g]
            why = too_small(int(mine.sum()), int(self.y[mine].sum()))
            other = too_small(int((~mine).sum()), int(self.y[~mine].sum()))
            found.append(
                (self.option, name, why or (f"the rest: {other}" if other else "too few responders expected"))
            )
        return found


def _measured(
    metric: str, y: FloatVector, p: FloatVector, threshold: float, known: float | None = None
) -> float:
    """The metric of a group, worked out unless it is known; NaN where too few patients stand behind it to be shown."""
    if too_small(len(y), int(y.sum()), METRICS[metric].needs):
        return math.nan
    if known is not None:
        return known
    try:
        return METRICS[metric].measure(y, p, threshold)[0]
    except (AuditError, PerformanceError):
        return math.nan


class _Pool:
    """Observed minus predicted over all options, summed up while the options pass by."""

    def __init__(self, data: AuditData, groups: Membership, options: Sequence[str]) -> None:
        self._names, self._responded = groups, data.words.responded
        at = [data.index(o) for o in options]
        known = data.known[:, at]
        rows: Flags = np.asarray(known.any(axis=1))
        self._y = np.nansum(np.where(known, data.y[:, at], 0.0), axis=1)
        self._p = np.nansum(np.where(known, data.probability[:, at], 0.0), axis=1)
        self._rows, inside = rows, groups.inside & rows[:, None]
        ones, n = self._p @ inside, inside.sum(axis=0)
        rest_ones, rest = self._p[rows].sum() - ones, rows.sum() - n
        fewest = np.minimum(np.minimum(ones, n - ones), np.minimum(rest_ones, rest - rest_ones))
        self.groups = [
            int(g) for g in np.flatnonzero((np.minimum(n, rest) >= MIN_PATIENTS) & (fewest >= MIN_EVENTS))
        ]
        chosen = inside[:, self.groups]
        self._mean = np.where(chosen, 1 / n[self.groups], -1 / rest[self.groups])
        self._inside = chosen
        self._seen: FloatVector = np.zeros(len(self.groups))
        self._variance: FloatVector = np.zeros(len(self.groups))
        self._drawn: FloatMatrix = np.zeros((1, len(self.groups)))

    @classmethod
    def of(cls, data: AuditData, groups: Membership, options: Sequence[str]) -> _Pool | None:
        """The pool, where several options have probabilities and no patient has outcomes of two of them."""
        at = [data.index(o) for o in options]
        if len(options) < 2 or data.faults or data.is_score or (data.known[:, at].sum(axis=1) > 1).any():
            return None
        return cls(data, groups, options)

    def columns(self, rows: Flags) -> FloatMatrix:
        return self._mean[rows]

    def add(self, seen: FloatVector, drawn: FloatMatrix, error: FloatVector) -> None:
        self._seen = self._seen + seen
        self._drawn = self._drawn + drawn
        self._variance = self._variance + error**2

    def drawn_statistics(self) -> FloatMatrix:
        return self._drawn / np.maximum(np.sqrt(self._variance), 1e-12)

    def compared(self) -> list[_Compared]:
        made = []
        for k, g in enumerate(self.groups):
            mine, others = self._inside[:, k], self._rows & ~self._inside[:, k]
            here = _measured(_CALIBRATION, self._y[mine], self._p[mine], 0.5)
            rest = _measured(_CALIBRATION, self._y[others], self._p[others], 0.5)
            if math.isnan(here) or math.isnan(rest):
                here = rest = math.nan
            excess = float(self._seen[k])
            gap = Gap(
                POOLED, POOLED.capitalize(), self._names.attributes[g], self._names.names[g], _CALIBRATION, int(mine.sum()),
                int(self._y[mine].sum()), int(others.sum()), here, rest, here - rest - excess, excess, responded=self._responded,
            )  # fmt: skip
            made.append(_Compared(gap, max(float(np.sqrt(self._variance[k])), 1e-12)))
        return made
