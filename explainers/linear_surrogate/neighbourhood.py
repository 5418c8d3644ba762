"""Perturbed copies of one patient, drawn for all features at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from explainers.explanation import FloatMatrix, FloatVector

__all__ = ["OWN_SHARE", "Neighbourhood", "state_shares"]

# Half of the perturbed copies keep the patient's own state of a gene, however rare it is in the cohort.
OWN_SHARE = 0.5
_QUARTILES = (25, 50, 75)
# Added to the spread within a bin, so that a bin of one value can be divided by it.
_LEAST_SPREAD = 1e-11


def state_shares(cohort_column: FloatVector, own: float, own_share: float) -> tuple[FloatVector, FloatVector]:
    """States of one coded feature and how often a copy takes each.

    Parameters
    ----------
    cohort_column : array (b,)
    own : float
        The patient's state; listed even where the cohort does not have it.
    own_share : float
        Share of copies that keep the patient's state whatever the cohort says; the rest follow the cohort.

    Returns
    -------
    states, shares : arrays (s,)

    Examples
    --------
    >>> states, shares = state_shares(np.array([0.0, 0.0, 0.0, 1.0]), 1.0, 0.5)
    >>> states.tolist(), shares.tolist()
    ([0.0, 1.0], [0.375, 0.625])
    """
    # Nearly every feature has two states, for which counting is much cheaper than sorting.
    low, high = cohort_column.min(), cohort_column.max()
    n_low, n_high = np.count_nonzero(cohort_column == low), np.count_nonzero(cohort_column == high)
    if low < high and n_low + n_high == len(cohort_column):
        states, counts = np.array([low, high]), np.array([n_low, n_high])
    else:
        states, counts = np.unique(cohort_column, return_counts=True)
    if own not in states:
        states, counts = np.append(states, own), np.append(counts, 0)
    shares = (1 - own_share) * counts / counts.sum() + own_share * (states == own)
    return states, shares / shares.sum()


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The distribution from which LIME draws: every feature on its own, whatever the others are.

    A coded feature takes a state by its share. A number takes a quartile bin by its share in the cohort, and within
    the bin a normal distribution with the bin's mean and spread, cut off at its ends. An indicator says whether a copy
    has the patient's state, or lies in the patient's bin.

    Parameters
    ----------
    patient : array (f,)
    own : array (f,) of int
        The patient's state or bin.
    cumulative : array (f, s - 1)
        Upper ends of the shares but the last; infinite beyond a feature's last state.
    states : array (f, s)
        Codes of the states; of a number the numbers of its bins.
    numbers : array (q,) of int
        Positions of the features that are numbers.
    low, high, mean, spread : arrays (q, s)
        Of their bins.

    Notes
    -----
    The distribution of the lime package with its quartile discretiser (Ribeiro, Singh, Guestrin 2016, KDD), with one
    difference: a bin that holds a single value gives that value here, where the package gives 0.
    """

    patient: FloatVector
    own: NDArray[np.intp]
    cumulative: FloatMatrix
    states: FloatMatrix
    numbers: NDArray[np.intp]
    low: FloatMatrix
    high: FloatMatrix
    mean: FloatMatrix
    spread: FloatMatrix

    @classmethod
    def around(
        cls, patient: ArrayLike, cohort: ArrayLike, categorical: ArrayLike, *, own_share: float = 0.0
    ) -> Neighbourhood:
        """Learn the shares from a cohort.

        Parameters
        ----------
        patient : array-like (f,)
        cohort : array-like (b, f)
            No missing values.
        categorical : array-like of int
            Positions of the coded features; all others are numbers.
        own_share : float
            Share of copies that keep the patient's state of a coded feature; 0 follows the cohort alone, as the lime
            package does.
        """
        patient = np.asarray(patient, dtype=np.float64)
        cohort = np.asfortranarray(cohort, dtype=np.float64)  # read by columns
        f = len(patient)
        coded = np.zeros(f, dtype=bool)
        coded[np.asarray(categorical, dtype=np.intp)] = True
        columns: list[tuple[FloatVector, FloatVector, int]] = []
        bins: list[FloatMatrix] = []
        for j in range(f):
            column = cohort[:, j]
            if coded[j]:
                states, shares = state_shares(column, patient[j], own_share)
                columns.append((states, shares, int(np.flatnonzero(states == patient[j])[0])))
            else:
                edges = np.unique(np.percentile(column, _QUARTILES))
                bins.append(_bins(column, edges))
                counts = np.bincount(np.searchsorted(edges, column), minlength=len(edges) + 1)
                numbered = np.arange(len(counts), dtype=np.float64)
                columns.append((numbered, counts / counts.sum(), int(np.searchsorted(edges, patient[j]))))
        width = max(len(states) for states, _, _ in columns)
        cumulative, codes = np.full((f, width - 1), np.inf), np.zeros((f, width))
        for j, (states, shares, _) in enumerate(columns):
            cumulative[j, : len(states) - 1] = np.cumsum(shares)[:-1]
            codes[j, : len(states)] = states
        ends = np.ones((4, len(bins), len(_QUARTILES) + 1))
        for q, described in enumerate(bins):
            ends[:, q, : described.shape[1]] = described
        return cls(
            patient,
            np.array([own for _, _, own in columns]),
            cumulative,
            codes,
            np.flatnonzero(~coded),
            *ends,
        )

    def draw(self, n: int, seed: int = 0) -> tuple[NDArray[np.bool_], FloatMatrix]:
        """Draw copies; the same seed gives the same copies, to the last digit.

        Parameters
        ----------
        n : int
            Rows, of which the first is the patient.
        seed : int

        Returns
        -------
        indicators : array (n, f) of bool
            Whether a copy has the patient's own state, or lies in the patient's own bin.
        codes : array (n, f)
        """
        rng = np.random.default_rng(seed)
        chance = rng.random((n, len(self.patient)))
        codes = np.repeat(self.states[None, :, 0], n, axis=0)
        at_least = np.concatenate([np.zeros((len(self.patient), 1)), self.cumulative], axis=1)
        below = np.concatenate([self.cumulative, np.full((len(self.patient), 1), np.inf)], axis=1)
        each = np.arange(len(self.patient))
        indicators = (chance >= at_least[each, self.own]) & (chance < below[each, self.own])
        for state in range(1, self.states.shape[1]):
            reach = np.flatnonzero(np.isfinite(self.cumulative[:, state - 1]))
            # Two states for nearly every feature: whole rows at once; further states for the few that have them.
            if 2 * len(reach) > len(each):
                np.copyto(codes, self.states[:, state], where=chance >= self.cumulative[:, state - 1])
            else:
                higher = chance[:, reach] >= self.cumulative[reach, state - 1]
                codes[:, reach] = np.where(higher, self.states[reach, state], codes[:, reach])
        if len(self.numbers):
            codes[:, self.numbers] = self._within_bins(codes[:, self.numbers].astype(np.intp), rng)
        codes[0], indicators[0] = self.patient, True
        return indicators, codes

    def _within_bins(self, bins: NDArray[np.intp], rng: np.random.Generator) -> FloatMatrix:
        each = np.arange(bins.shape[1])
        low, high = (self.low - self.mean) / self.spread, (self.high - self.mean) / self.spread
        under = ndtr(low)
        share = (ndtr(high) - under)[each, bins]
        normal = ndtri(under[each, bins] + rng.random(bins.shape) * share)
        drawn = self.mean[each, bins] + self.spread[each, bins] * normal
        return np.clip(drawn, self.low[each, bins], self.high[each, bins])


def _bins(column: FloatVector, edges: FloatVector) -> FloatMatrix:
    """Lowest, highest, mean and spread of each bin, (4, bins)."""
    number = np.searchsorted(edges, column)
    mean, spread = np.zeros(len(edges) + 1), np.zeros(len(edges) + 1)
    for k in range(len(edges) + 1):
        inside = column[number == k]
        if len(inside):
            mean[k], spread[k] = inside.mean(), inside.std()
    low, high = np.append(column.min(), edges), np.append(edges, column.max())
    return np.stack([low, high, mean, spread + _LEAST_SPREAD])
