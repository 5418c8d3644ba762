"""LIME many times over: what its values are on average, and how far they depend on the copies drawn.

One LIME explanation depends on its seed, and a single run cannot say how much. This method repeats it with fresh copies
and gives the mean with its standard error. It takes the arithmetic of `explainers.linear_surrogate`, which gives the
weights of the lime package for the same copies, at a fraction of the time; the package itself is `surrogate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, default_background
from explainers.explanation import Explanation, FloatMatrix, FloatVector
from explainers.families import Family, family_of, tree_form
from explainers.linear_surrogate import Neighbourhood, PatientCoding, fit
from explainers.linear_surrogate.neighbourhood import OWN_SHARE
from explainers.players import CannotExplainError, option_margin, players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["LOW_FIT", "N_REPEATS", "N_SAMPLES", "NoCopiesError", "Repeats", "explain", "repeat"]

N_SAMPLES = 5000
N_REPEATS = 20
# Below this weighted R², the linear model misses half of what the model does around the patient.
LOW_FIT = 0.5
# Features whose order is compared between runs.
_TOP = 5


class NoCopiesError(CannotExplainError):
    """Copies were asked of a model that has no patients to perturb with, or none, or no second run."""


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
    held : tuple of str
        Labels of the numbers that are not known and were not varied.
    """

    values: FloatMatrix
    intercepts: FloatVector
    qualities: FloatVector
    seeds: tuple[int, ...]
    held: tuple[str, ...]

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
    NoCopiesError
        For a published formula, fewer than two seeds or fewer than two copies.
    """
    if bundle.formula is not None:
        raise NoCopiesError(
            f"LIME perturbs a patient with values seen in a cohort, and {bundle.label(option)} is a published formula "
            "without one. Use shapley or ablation: both are exact for it."
        )
    drawn = tuple(int(s) for s in np.atleast_1d(np.asarray(seeds)))
    if len(drawn) < 2 or n_samples < 2 or (most is not None and most < 1):
        raise NoCopiesError(
            f"Repeating LIME takes at least 2 seeds, 2 copies and 1 feature, not {len(drawn)}, {n_samples} and {most}. "
            "Use the method lime for a single run."
        )
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    background = default_background(bundle) if background is None else background
    coding = PatientCoding.of(bundle.schema, game.background_rows(background), row)
    around = Neighbourhood.around(coding.patient, coding.cohort, coding.categorical, own_share=OWN_SHARE)
    trees = tree_form(bundle, option) if family_of(bundle, option) is Family.TREES else None
    values = np.zeros((len(drawn), len(game)))
    intercepts, qualities = np.empty(len(drawn)), np.empty(len(drawn))
    for i, seed in enumerate(drawn):
        indicators, codes = around.draw(n_samples, seed)
        copies = coding.decode(codes)
        scores = option_margin(bundle, copies, option) if trees is None else trees.predict(copies)[:, -1]
        found = fit(indicators, scores, most=most)
        values[i, coding.free[found.features]] = found.coefficients
        intercepts[i], qualities[i] = found.intercept, found.quality
    return Repeats(values, intercepts, qualities, drawn, coding.held)


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    n_repeats: int = N_REPEATS,
    n_samples: int = N_SAMPLES,
    most: int | None = None,
) -> Explanation:
    """Mean LIME values over several runs, with their standard errors.

    Parameters
    ----------
    bundle, row, option, background, n_samples, most
        As for `repeat`.
    seed : int
        Gives the seeds of all runs; the same seed gives the same values, to the last digit.
    n_repeats : int

    Raises
    ------
    NoCopiesError
        For a published formula.
    """
    seeds = np.random.SeedSequence(seed).generate_state(n_repeats)
    runs = repeat(bundle, row, option, background=background, seeds=seeds, n_samples=n_samples, most=most)
    fit_quality = float(runs.qualities.mean())
    top = min(_TOP, int(np.count_nonzero(runs.mean)))
    limits = [
        "Inputs are varied independently of each other, also into combinations that no patient has.",
        f"Mean of {n_repeats} runs of {n_samples:,} copies each. In {runs.same_top(top)} of them the {top} largest inputs "
        "are the same as here.",
    ]
    if fit_quality < LOW_FIT:
        limits.insert(
            0,
            f"The local linear models fit poorly (mean R² {fit_quality:.2f}): around this patient the model is not a sum "
            "of single inputs, and more runs do not cure that.",
        )
    if runs.held:
        names = ", ".join(runs.held[:4]) + (" and others" if len(runs.held) > 4 else "")
        limits.append(f"Not known and held as it is, so without a value of its own: {names}.")
    game = players_of(bundle, row, option)
    return game.explanation(
        "lime-repeated",
        runs.mean,
        default_background(bundle) if background is None else background,
        base_value=float(runs.intercepts.mean()),
        exact=False,
        std_error=runs.std_error,
        seed=seed,
        fit_quality=fit_quality,
        limits=tuple(limits),
    )


def _largest(values: FloatVector, top: int) -> NDArray[np.intp]:
    return np.argsort(-np.abs(values), kind="stable")[:top]
