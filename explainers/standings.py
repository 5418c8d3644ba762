"""Where every option stands for many versions of one patient: probability, interval, first place, band 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix
from explainers.ranking_words import silences
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Margin", "Standings", "standings"]

Margin = Callable[[FloatMatrix], FloatMatrix]


@dataclass(frozen=True, eq=False, slots=True)
class Standings:
    """The options of a bundle for n versions of one patient.

    Parameters
    ----------
    probability, low, high : arrays (n, k)
        Calibrated probability (or score) with its interval; NaN for options that the model is silent on.
    abstained : array (k,) of bool
        Options that the model is silent on for this patient; they take no part in ranks and bands.
    first : array (n,) of int
        Position of the option ranked first; -1 where nothing is ranked.
    band_one : array (n, k) of bool
    """

    probability: FloatMatrix
    low: FloatMatrix
    high: FloatMatrix
    abstained: NDArray[np.bool_]
    first: NDArray[np.intp]
    band_one: NDArray[np.bool_]

    def __getitem__(self, rows: slice) -> Standings:
        return Standings(
            self.probability[rows], self.low[rows], self.high[rows], self.abstained, self.first[rows], self.band_one[rows]
        )  # fmt: skip


def standings(
    bundle: ModelBundle, profile: PatientProfile, rows: FloatMatrix, *, margin: Margin | None = None
) -> Standings:
    """Standings of versions of one patient that differ in alterations only.

    Parameters
    ----------
    rows : array (n, c)
        The patient's edited rows.
    margin : function from rows (n, c) to margins (n, k), optional
        A faster twin of `bundle.margin`.
    """
    margins = np.asarray((margin or bundle.margin)(rows), dtype=np.float64)
    probability = np.asarray(bundle.probability(margins), dtype=np.float64)
    low, high = (np.asarray(end, dtype=np.float64) for end in bundle.interval(margins, rows))
    n, k = probability.shape
    silent = abstained_options(bundle, profile)
    probability, low, high = (np.where(silent, np.nan, a) for a in (probability, low, high))
    if not bundle.ranks:
        return Standings(probability, low, high, silent, np.full(n, -1), np.zeros((n, k), dtype=bool))
    first, band_one = top_band(probability, low, high, silent)
    return Standings(probability, low, high, silent, first, band_one)


def abstained_options(bundle: ModelBundle, profile: PatientProfile) -> NDArray[np.bool_]:
    """Options the model is silent on for this patient, (k,): by support and required inputs, not by alterations."""
    reasons = silences(bundle, profile)
    return np.array([o in reasons for o in bundle.options])


def top_band(
    probability: FloatMatrix, low: FloatMatrix, high: FloatMatrix, abstained: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """First place and members of band 1 for many rankings at once.

    Options are sorted by probability; an option joins the first while the difference stays within 1.96 standard
    errors of a difference, se = (high - low) / 3.92; the first that fails ends the band.

    Returns
    -------
    first : array (n,)
    band_one : array (n, k) of bool

    Examples
    --------
    >>> p = np.array([[0.6, 0.55, 0.2]])
    >>> first, band = top_band(p, p - 0.1, p + 0.1, np.array([False, False, False]))
    >>> first.tolist(), band.tolist()
    ([0], [[True, True, False]])
    """
    playing = np.where(abstained | np.isnan(probability), -np.inf, probability)
    order = np.argsort(-playing, axis=1, kind="stable")
    sorted_p = np.take_along_axis(playing, order, axis=1)
    se = np.take_along_axis((high - low) / 3.92, order, axis=1)
    with np.errstate(invalid="ignore"):
        near = sorted_p[:, :1] - sorted_p <= 1.96 * np.sqrt(se[:, :1] ** 2 + se**2)
    near &= np.isfinite(sorted_p)
    inside = np.logical_and.accumulate(near, axis=1)
    band_one = np.zeros_like(inside)
    np.put_along_axis(band_one, order, inside, axis=1)
    first = np.where(np.isfinite(sorted_p[:, 0]), order[:, 0], -1)
    return first, band_one
