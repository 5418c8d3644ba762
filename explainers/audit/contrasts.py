"""What sets a group apart from the rest within one option, as functions of the outcomes.

The question is never whether two groups have the same AUC or Brier score: with other patients these differ by nature.
It is whether the group differs by more than it would if the model's number meant the same for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from explainers.audit.errors import AuditError
from explainers.audit.group_metrics import METRICS, MIN_EVENTS_TO_RANK, MIN_PATIENTS, log_odds
from explainers.audit.logistic import logistic

__all__ = ["COMPARED", "Contrasts", "beside", "contrasts", "one_meaning_for_all"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]
Outcomes = NDArray[np.floating[Any]]  # single precision where many are drawn

# The rest of the metrics tell nothing else: sensitivity is one minus the false negative rate.
COMPARED = (
    "observed minus predicted",
    "AUC",
    "calibration slope",
    "Brier score",
    "false negative rate",
    "net benefit",
)
_PER_BLOCK = 4_000_000  # outcomes drawn at a time: 16 MB
_NOTHING = 1e-12
_SAME = 1e-9  # numbers no further apart are one number


def one_meaning_for_all(y: FloatVector, p: FloatVector) -> tuple[FloatVector, FloatMatrix]:
    """What the number would mean if it meant the same for every patient of an option.

    Returns
    -------
    probability : array (n,)
        Logistic recalibration of p on the outcomes y: one slope and one intercept for all groups.
    basis : array (n, 2) or (n, 1)
        Columns of that regression; one where all patients have the same number.
    """
    x = log_odds(p) if ((p >= 0) & (p <= 1)).all() else p
    spread = float(x.std())
    ones = np.ones(len(x))
    basis = np.column_stack([ones, (x - x.mean()) / spread]) if spread > _SAME else ones[:, None]
    try:
        return logistic(basis, y, firth=False).probability, basis
    except AuditError:
        return logistic(basis, y).probability, basis


@dataclass(frozen=True, eq=False, slots=True)
class Contrasts:
    """Every comparison of one option, ready to be worked out for any outcomes.

    Parameters
    ----------
    metrics, groups : (c,) metric keys and columns of the membership
    expected_probability : array (m,)
        What each patient's number means if it means the same for all.
    """

    metrics: tuple[str, ...]
    groups: tuple[int, ...]
    expected_probability: FloatVector
    linear: FloatMatrix  # (m, l): excess = (y - expected_probability) @ linear, for the first l comparisons
    linear_error: FloatVector  # (l,)
    inside: FloatMatrix  # (m, a) members of the groups whose ranks are compared
    rank_in: FloatMatrix  # (m, a) rank of a member's number among the members
    rank_out: FloatMatrix  # (m, a) rank of another patient's number among the others
    missed_in: FloatMatrix  # (m, f) members under the threshold
    missed_members: FloatMatrix  # (m, f) members
    missed: FloatVector  # (m,) under the threshold
    extra: (
        FloatMatrix  # (m, e) further columns of one's own, worked out as `linear` is, behind all comparisons
    )
    extra_error: FloatVector  # (e,)

    def __len__(self) -> int:
        return len(self.metrics)

    def differences(self, y: Outcomes) -> Outcomes:
        """Every comparison for outcomes (b, m): (b, c + e). Linear ones as excess, the others as the plain difference."""
        kind = y.dtype
        residual = y - self.expected_probability.astype(kind)
        linear, extra = residual @ self.linear.astype(kind), residual @ self.extra.astype(kind)
        return np.concatenate([linear, self._ranks(y), self._missed(y), extra], axis=1)

    def areas(self, y: FloatVector) -> dict[int, tuple[float, float]]:
        """AUC in each ranked group and in its rest, by the group's column."""
        ones = y @ self.inside
        n = self.inside.sum(axis=0)
        here = _area(y @ self.rank_in, ones, n)
        rest = _area(y @ self.rank_out, y.sum() - ones, len(y) - n)
        groups = [g for m, g in zip(self.metrics, self.groups, strict=True) if m == "AUC"]
        return {g: (float(a), float(b)) for g, a, b in zip(groups, here, rest, strict=True)}

    def _ranks(self, y: Outcomes) -> Outcomes:
        kind = y.dtype
        n_in = self.inside.sum(axis=0).astype(kind)
        ones_in = y @ self.inside.astype(kind)
        ones_out = y.sum(axis=1, keepdims=True) - ones_in
        here = _area(y @ self.rank_in.astype(kind), ones_in, n_in)
        return here - _area(y @ self.rank_out.astype(kind), ones_out, y.shape[1] - n_in)

    def _missed(self, y: Outcomes) -> Outcomes:
        kind = y.dtype
        ones_in, missed_in = y @ self.missed_members.astype(kind), y @ self.missed_in.astype(kind)
        ones, missed = y.sum(axis=1, keepdims=True), (y @ self.missed.astype(kind))[:, None]
        return _share(missed_in, ones_in) - _share(missed - missed_in, ones - ones_in)

    def draw(self, n_draws: int, rng: np.random.Generator) -> FloatMatrix:
        """Differences (b, c) for outcomes drawn from what the number means for everybody."""
        m = len(self.expected_probability)
        chance = self.expected_probability.astype(np.float32)
        step = max(1, _PER_BLOCK // max(m, 1))
        blocks = []
        for start in range(0, n_draws, step):
            shape = (min(step, n_draws - start), m)
            y = (rng.random(shape, dtype=np.float32) < chance).astype(np.float32)
            blocks.append(self.differences(y).astype(np.float64))
        return np.concatenate(blocks)


def _area(rank_sum: Outcomes, ones: Outcomes, n: Outcomes) -> Outcomes:
    zeros = n - ones
    pairs = ones * zeros
    known = pairs > 0
    return np.divide(rank_sum - ones * (ones + 1) / 2, pairs, out=np.full_like(pairs, np.nan), where=known)


def _share(hits: Outcomes, n: Outcomes) -> Outcomes:
    return np.divide(hits, n, out=np.full_like(hits, np.nan), where=n > 0)


def contrasts(
    y: FloatVector,
    p: FloatVector,
    inside: NDArray[np.bool_],
    *,
    threshold: float,
    metrics: Sequence[str] = COMPARED,
    extra: FloatMatrix | None = None,
) -> Contrasts:
    """The comparisons of groups (m, g) with the rest that enough patients stand behind.

    Which are made depends on the numbers and the size of the groups, never on who responded in a group, so that
    choosing them leans towards nothing.

    extra : array (m, e), optional
        Weights of residuals that are worked out beside the comparisons.
    """
    q, basis = one_meaning_for_all(y, p)
    weight = q * (1 - q)
    needs = _expected_in_both(q, inside)
    large = np.minimum(inside.sum(axis=0), (~inside).sum(axis=0)) >= MIN_PATIENTS
    compared, columns = [], []
    for g in np.flatnonzero(large):
        for metric, column in _linear(p, weight, inside[:, g], threshold, metrics).items():
            if needs[g] >= METRICS[metric].needs and np.ptp(column) > 0:
                compared.append((metric, int(g)))
                columns.append(column)
    linear, error = beside(basis, weight, np.column_stack(columns) if columns else np.zeros((len(p), 0)))
    told = error > _NOTHING
    compared = [c for c, yes in zip(compared, told, strict=True) if yes]
    ranked = [int(g) for g in np.flatnonzero(large & (needs >= MIN_EVENTS_TO_RANK))]
    aucs = ranked if "AUC" in metrics and np.ptp(p) > 0 else []
    ranks_in, ranks_out = _ranks_of(p, inside[:, aucs])
    under = p < threshold
    misses = [g for g in ranked if "false negative rate" in metrics and _both_ways(q, under, inside[:, g])]
    compared += [("AUC", g) for g in aucs] + [("false negative rate", g) for g in misses]
    members = inside[:, misses].astype(np.float64)
    own, own_error = beside(basis, weight, np.zeros((len(p), 0)) if extra is None else extra)
    return Contrasts(
        tuple(m for m, _ in compared), tuple(g for _, g in compared), q, linear[:, told], error[told],
        inside[:, aucs].astype(np.float64), ranks_in, ranks_out, members * under[:, None], members,
        under.astype(np.float64), own, own_error,
    )  # fmt: skip


def _expected_in_both(q: FloatVector, inside: NDArray[np.bool_]) -> FloatVector:
    """The fewest responders or non-responders expected, in each group (g,) or its rest."""
    ones, zeros = q @ inside, (1 - q) @ inside
    fewest = np.minimum(np.minimum(ones, zeros), np.minimum(q.sum() - ones, (1 - q).sum() - zeros))
    return np.asarray(fewest, dtype=np.float64)


def _linear(
    p: FloatVector, weight: FloatVector, mine: NDArray[np.bool_], threshold: float, metrics: Sequence[str]
) -> dict[str, FloatVector]:
    """Weights of residuals (m,) whose sum is here minus rest, beyond what the mix of patients brings."""
    if p.min() < 0 or p.max() > 1:
        return {}
    mean = np.where(mine, 1 / mine.sum(), -1 / (~mine).sum())
    made = {
        "observed minus predicted": mean,
        "Brier score": mean * (1 - 2 * p),
        "net benefit": mean * (p >= threshold) / (1 - threshold),
    }
    if _varies(p[mine]) and _varies(p[~mine]):
        made["calibration slope"] = _slope_in(p, weight, mine) - _slope_in(p, weight, ~mine)
    return {metric: column for metric, column in made.items() if metric in metrics}


def _varies(p: FloatVector) -> bool:
    return float(np.ptp(p)) > _SAME


def _slope_in(p: FloatVector, weight: FloatVector, rows: NDArray[np.bool_]) -> FloatVector:
    """Weights of residuals that give how far a group's slope departs from everybody's, in one Newton step."""
    x = log_odds(p)
    centred = np.where(rows, x - np.average(x[rows], weights=weight[rows]), 0.0)
    return centred / float((weight * centred**2).sum())


def beside(basis: FloatMatrix, weight: FloatVector, columns: FloatMatrix) -> tuple[FloatMatrix, FloatVector]:
    """Columns with their share of the recalibration taken out, and the standard error of residuals @ columns."""
    information = basis.T @ (weight[:, None] * basis)
    fitted = basis @ np.linalg.solve(information, basis.T @ (weight[:, None] * columns))
    left = columns - fitted
    return left, np.sqrt((weight[:, None] * left**2).sum(axis=0))


def _ranks_of(p: FloatVector, inside: NDArray[np.bool_]) -> tuple[FloatMatrix, FloatMatrix]:
    ranks_in, ranks_out = np.zeros(inside.shape), np.zeros(inside.shape)
    for a, mine in enumerate(inside.T):
        ranks_in[mine, a], ranks_out[~mine, a] = rankdata(p[mine]), rankdata(p[~mine])
    return ranks_in, ranks_out


def _both_ways(q: FloatVector, under: NDArray[np.bool_], mine: NDArray[np.bool_]) -> bool:
    """Whether responders are expected on both sides of the threshold, in the group and in the rest."""
    sides = [
        q[(under == side) & (mine == member)].sum() for side in (True, False) for member in (True, False)
    ]
    return min(sides) >= METRICS["observed minus predicted"].needs
