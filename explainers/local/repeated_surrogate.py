"""LIME many times over: what its values are on average, and how far they depend on the copies drawn.

One LIME explanation depends on its seed, and a single run cannot say how much. This method repeats it with fresh copies
and gives the mean with its standard error. It draws as many copies as it takes until the runs name the same largest
inputs, and says so where even the most do not suffice. It takes the arithmetic of `explainers.linear_surrogate`, which
gives the weights of the lime package for the same copies, at a fraction of the time; the package itself is `surrogate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background
from explainers.explanation import Explanation, FloatMatrix, FloatVector
from explainers.families import Family, family_of, tree_form
from explainers.linear_surrogate import Neighbourhood, NoCohortError, Surroundings, fit
from explainers.linear_surrogate.neighbourhood import OWN_SHARE
from explainers.linear_surrogate.surroundings import N_SAMPLES
from explainers.players import CannotExplainError, option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "N_REPEATS",
    "N_SAMPLES",
    "NoCohortError",
    "NoCopiesError",
    "Repeats",
    "explain",
    "repeat",
    "settle",
]

N_REPEATS = 20
# Copies a run: doubled from the fewest to the most, until the largest inputs repeat.
FEWEST_SAMPLES, MOST_SAMPLES = 1000, 8000
# Copies times inputs, and inputs, beyond which twenty local models take a page's patience.
_MOST_CELLS, _MOST_INPUTS = 1_500_000, 600
# In this share of the runs the largest inputs must be the same.
_REPEATS_IN = 0.9
# Features whose order is compared between runs.
_TOP = 5


class NoCopiesError(CannotExplainError):
    """No copies were asked for, or no second run, or no feature."""


class TooManyInputsError(CannotExplainError):
    """More inputs than twenty local models of all of them can be fitted for while somebody waits."""

    def __init__(self, n_inputs: int) -> None:
        super().__init__(
            f"This model has {n_inputs:,} inputs to vary; twenty local models are fitted for up to {_MOST_INPUTS}. Use shapley, "
            "which is exact, or the method lime for a single run."
        )
        self.n_inputs = n_inputs


@dataclass(frozen=True, eq=False)
class Repeats:
    """Several LIME runs for one patient and option.

    Parameters
    ----------
    values : array (r, m)
        One run a row, one feature of the schema a column; 0 for features held or not chosen.
    intercepts, qualities : arrays (r,)
        Of each local model; a quality is its weighted R².
    seeds : tuple of int, (r,)
    n_samples : int
        Copies in a run.
    """

    values: FloatMatrix
    intercepts: FloatVector
    qualities: FloatVector
    seeds: tuple[int, ...]
    n_samples: int

    @property
    def mean(self) -> FloatVector:
        """Mean values, (m,)."""
        return np.asarray(self.values.mean(axis=0))

    @property
    def spread(self) -> FloatVector:
        """Standard deviation between runs, (m,): how far one run may lie from the mean."""
        return np.asarray(self.values.std(axis=0, ddof=1))

    @property
    def std_error(self) -> FloatVector:
        """Standard error of the mean, (m,)."""
        return self.spread / np.sqrt(len(self.values))

    def same_top(self, top: int = _TOP) -> int:
        """In how many runs the `top` largest features are those of the mean, in any order."""
        lead = set(_largest(self.mean, top).tolist())
        return sum(set(_largest(run, top).tolist()) == lead for run in self.values)

    @property
    def top(self) -> int:
        """How many inputs are compared between runs: five, or as many as have any weight."""
        return min(_TOP, int(np.count_nonzero(self.mean)))

    @property
    def settled(self) -> bool:
        """Whether nearly all runs name the same largest inputs."""
        return self.same_top(self.top) >= _REPEATS_IN * len(self.values)


def repeat(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seeds: ArrayLike = tuple(range(N_REPEATS)),
    n_samples: int = N_SAMPLES,
    most: int | None = None,
) -> Repeats:
    """Run LIME once for each seed, with copies of its own each time.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Patients whose values the copies take; default: the bundle's own.
    seeds : array-like (r,) of int
        At least two.
    n_samples : int
        Copies in a run.
    most : int, optional
        Most features in the local model; up to six by forward selection. Default: all.

    Raises
    ------
    NoCohortError
        For a published formula.
    NoCopiesError
        For fewer than two seeds or two copies.
    """
    return _repeat(bundle, Surroundings.of(bundle, row, option, background), seeds, n_samples, most)


def settle(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seeds: ArrayLike = tuple(range(N_REPEATS)),
    most: int | None = None,
) -> Repeats:
    """Repeat LIME with more and more copies, until nine in ten runs name the same five largest inputs.

    Parameters
    ----------
    bundle, row, option, background, seeds, most
        As for `repeat`.

    Returns
    -------
    Repeats
        With the fewest copies that sufficed, or with the most (`settled` is then False).
    """
    around = Surroundings.of(bundle, row, option, background)
    f = len(around.coding.free)
    if f > _MOST_INPUTS:
        raise TooManyInputsError(f)
    n_samples = FEWEST_SAMPLES
    while True:
        runs = _repeat(bundle, around, seeds, n_samples, most)
        if runs.settled or n_samples >= MOST_SAMPLES or 2 * n_samples * f > _MOST_CELLS:
            return runs
        n_samples *= 2


def _repeat(
    bundle: ModelBundle, around: Surroundings, seeds: ArrayLike, n_samples: int, most: int | None
) -> Repeats:
    drawn = tuple(int(s) for s in np.atleast_1d(np.asarray(seeds)))
    if len(drawn) < 2 or n_samples < 2 or (most is not None and most < 1):
        raise NoCopiesError(
            f"Repeating LIME takes at least 2 seeds, 2 copies and 1 feature, not {len(drawn)}, {n_samples} and {most}. "
            "Use the method lime for a single run."
        )
    coding, option = around.coding, around.game.option
    nearby = Neighbourhood.around(coding.patient, coding.cohort, coding.categorical, own_share=OWN_SHARE)
    trees = tree_form(bundle, option) if family_of(bundle, option) is Family.TREES else None
    values = np.zeros((len(drawn), len(around.game)))
    intercepts, qualities = np.empty(len(drawn)), np.empty(len(drawn))
    for i, seed in enumerate(drawn):
        indicators, codes = nearby.draw(n_samples, seed)
        copies = coding.decode(codes)
        scores = option_margin(bundle, copies, option) if trees is None else trees.predict(copies)[:, -1]
        found = fit(indicators, scores, most=most)
        values[i] = around.spread_out(found.weights(len(coding.free)))
        intercepts[i], qualities[i] = found.intercept, found.quality
    return Repeats(values, intercepts, qualities, drawn, n_samples)


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    n_repeats: int = N_REPEATS,
    n_samples: int | None = None,
    most: int | None = None,
) -> Explanation:
    """Mean LIME values over several runs, with their standard errors.

    Parameters
    ----------
    bundle, row, option, background, most
        As for `repeat`.
    seed : int
        Gives the seeds of all runs; the same seed gives the same values, to the last digit.
    n_repeats : int
    n_samples : int, optional
        Copies in a run; default: as many as it takes, see `settle`.

    Raises
    ------
    NoCohortError
        For a published formula.

    Notes
    -----
    Limits: more copies and more runs cure the scatter between seeds and nothing else. What the local linear model
    cannot follow, and copies that no patient resembles, stay.
    """
    seeds = np.random.SeedSequence(seed).generate_state(n_repeats)
    around = Surroundings.of(bundle, row, option, background)
    if n_samples is None:
        runs = settle(bundle, around.game.row, option, background=background, seeds=seeds, most=most)
    else:
        runs = _repeat(bundle, around, seeds, n_samples, most)
    quality = float(runs.qualities.mean())
    largest = float(runs.spread[_largest(runs.mean, max(1, runs.top))].max(initial=0.0))
    limits = [
        *around.limits(
            quality,
            f"The local linear models fit poorly (mean R² {quality:.2f}): around this patient the model is not a sum "
            "of single inputs, and more runs do not cure that.",
        ),
        f"Mean of {n_repeats} runs of {runs.n_samples:,} copies each. In {runs.same_top(runs.top)} of them the {runs.top} "
        f"largest inputs are the same as here; a single run scatters around these values by up to {largest:.2f} "
        f"(standard deviation).",
    ]
    if n_samples is None and not runs.settled:
        limits.insert(
            0,
            f"Even with {runs.n_samples:,} copies the runs do not agree on the largest inputs: which of them come first is "
            "chance.",
        )
    return around.game.explanation(
        "lime-repeated",
        runs.mean,
        around.background,
        base_value=float(runs.intercepts.mean()),
        exact=False,
        std_error=runs.std_error,
        seed=seed,
        fit_quality=quality,
        limits=tuple(limits),
    )


def _largest(values: FloatVector, top: int) -> NDArray[np.intp]:
    return np.argsort(-np.abs(values), kind="stable")[:top]
