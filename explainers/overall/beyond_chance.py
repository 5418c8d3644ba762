r"""Which inputs a model leans on more than on inputs that cannot matter: p-values against shuffled labels, with a false
discovery rate.

The same model is trained on outcomes that were shuffled among the patients; whatever importance comes out then is
chance. All features' chance importances together are the null, so that a few shuffles are enough:

.. math:: p_j = \frac{1 + \#\{null \ge importance_j\}}{1 + \#null} .

A number catches far more noise than a rare alteration. Both sides are therefore divided first by the feature's own mean over
all trainings, the real one and the shuffled ones alike, plus four times the mean over features. Without a real effect the
real training is one among equals, scaled or not, so the error rate stays what it is.

Benjamini and Hochberg's procedure then keeps the expected share of false discoveries at 5 %.

References
----------
.. [1] Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57; Phipson & Smyth (2010),
   Statistical Applications in Genetics and Molecular Biology 9 (the one that is added).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers import stability
from explainers.explanation import FloatVector
from explainers.importance import Importance, mean_over_options, shapley_importance, shapley_sample
from explainers.players import CannotExplainError
from explainers.shuffling import is_constant

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["BeyondChance", "NoNullError", "adjusted", "against_null", "beyond_chance", "p_values"]


# How much of the scale all features share: the more, the less a rarely used input is favoured.
_OVERALL = 4.0


class NoNullError(CannotExplainError):
    """Importance that cannot be held against chance, because no shuffled training is there."""


@dataclass(frozen=True, eq=False, slots=True)
class BeyondChance:
    """Each feature's importance held against what chance gives.

    Parameters
    ----------
    importance : Importance
    p, q : arrays (p,)
        p-value, and the smallest false discovery rate at which the feature would still be named (Benjamini-Hochberg).
        NaN where the feature was constant among the patients: it was never asked.
    rate : float
        The false discovery rate that was asked for.
    n_null, n_shuffles : int
        Chance importances that were compared with, and trainings on shuffled outcomes they come from.
    """

    importance: Importance
    p: FloatVector
    q: FloatVector
    rate: float
    n_null: int
    n_shuffles: int

    @property
    def discoveries(self) -> tuple[int, ...]:
        """Positions of the features beyond chance, most important first."""
        return tuple(j for j in self.importance.order() if self.q[j] <= self.rate)

    @property
    def words(self) -> str:
        """What was found, with the limits of the statement."""
        found, n = self.discoveries, int(np.isfinite(self.q).sum())
        about = (
            f"on {self.importance.label}" if self.importance.option != "all options" else "over all options"
        )
        base = f"compared with {self.n_shuffles} trainings on shuffled outcomes, at a false discovery rate of {self.rate:.0%}"
        if not found:
            return f"No input of {n} is beyond chance {about}, {base}: what stands above may all be noise."
        names = ", ".join(self.importance.feature_labels[j] for j in found[:6])
        more = f" and {len(found) - 6} more" if len(found) > 6 else ""
        return (
            f"{len(found)} of {n} inputs {'is' if len(found) == 1 else 'are'} beyond chance {about}: {names}{more} ({base}). "
            "The others may lean on noise. Beyond chance is not cause: an input can stand for another."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a feature, most important first."""
        found = set(self.discoveries)
        return [
            {
                "feature": self.importance.feature_labels[j],
                self.importance.measure: round(float(self.importance.values[j]), 5),
                "p-value": None if np.isnan(self.p[j]) else float(f"{self.p[j]:.3g}"),
                "false discovery rate": None if np.isnan(self.q[j]) else float(f"{self.q[j]:.3g}"),
                "beyond chance": j in found if np.isfinite(self.q[j]) else None,
            }
            for j in self.importance.order()
        ]


def against_null(
    importance: Importance,
    null: ArrayLike,
    *,
    asked: NDArray[np.bool_] | None = None,
    rate: float = 0.05,
) -> BeyondChance:
    """Hold importances against a pooled null.

    Parameters
    ----------
    importance : Importance
    null : array-like of shape (n_shuffles, p)
        Importances of the same measure from trainings on shuffled outcomes.
    asked : bool array (p,), optional
        Features that took part; a constant one cannot matter and would only dilute the comparison.
    rate : float in (0, 1)

    Raises
    ------
    NoNullError
        If there are too few null values to reach the rate even once.
    """
    table = np.asarray(null, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(importance.values):
        raise NoNullError(
            f"The importances under shuffled outcomes have the shape {table.shape}; expected one column for each of the "
            f"{len(importance.values)} inputs. Make them again (python -m explainers stabilise)."
        )
    table = table[np.isfinite(table).all(axis=1)]
    taking = np.ones(table.shape[1], dtype=bool) if asked is None else np.asarray(asked, dtype=bool)
    n, n_null = int(taking.sum()), len(table) * int(taking.sum())
    if n == 0:
        raise NoNullError("No input takes more than one value among these patients, so none can matter.")
    if 1 / (1 + n_null) > rate / n:
        raise NoNullError(
            f"{len(table)} trainings on shuffled outcomes are too few to tell {n} inputs from chance at a false discovery "
            f"rate of {rate:.0%}; {_fewest(n, rate)} or more are needed. Shuffle more often (python -m explainers stabilise)."
        )
    values, chance = importance.values[taking], table[:, taking]
    usual = (values + chance.sum(axis=0)) / (1 + len(chance))
    scale = usual + _OVERALL * usual.mean()
    scale = np.where(scale > 0, scale, 1.0)
    p = np.full(len(importance.values), np.nan)
    p[taking] = p_values(values / scale, (chance / scale).ravel())
    q = np.full(len(p), np.nan)
    q[taking] = adjusted(p[taking])
    return BeyondChance(importance, p, q, rate, n_null, len(table))


def _fewest(n: int, rate: float) -> int:
    """Trainings after which the smallest p-value can pass for one of n inputs."""
    return int(np.ceil((n / rate - 1) / n))


def beyond_chance(bundle: ModelBundle, option: str | None = None, *, rate: float = 0.05) -> BeyondChance:
    """Hold the importances of one option, or of all together, against the shuffled trainings beside the bundle.

    Parameters
    ----------
    option : str, optional
        Default: the mean over all options that were trained on shuffled outcomes.

    Raises
    ------
    NoNullError
        If there is no stability file, saying how to make one, or none of its shuffles is of this option.
    StabilityError
        If the file is damaged or belongs to another model.
    """
    found = stability.read(bundle)
    if found is None:
        raise NoNullError(
            "Whether these inputs are beyond chance was not measured for this model: that takes trainings on shuffled "
            f"outcomes, some minutes of work. Make them once with: python -m explainers stabilise {bundle.path}"
        )
    wanted = bundle.options if option is None else (bundle.options[bundle.option_index(option)],)
    options = [o for o in wanted if found.has(o)]
    if not options:
        reason = (
            found.left_out.get(wanted[0], "it was left out") if option is not None else "all were left out"
        )
        raise NoNullError(
            f"There are no trainings on shuffled outcomes of {bundle.label(wanted[0])}: {reason}"
        )
    each = [shapley_importance(shapley_sample(bundle, o, n_patients=found.n_patients)) for o in options]
    importance = each[0] if option is not None else mean_over_options(each)
    null = np.mean([np.asarray(found.null(o), dtype=np.float64) for o in options], axis=0)
    asked = _varying(bundle, options)
    return against_null(importance, null, asked=asked, rate=rate)


def _varying(bundle: ModelBundle, options: Sequence[str]) -> NDArray[np.bool_]:
    """Which features take more than one value among the patients who had one of the options."""
    assert bundle.training is not None
    y = np.asarray(bundle.training.y[list(options)], dtype=np.float64)
    X = np.asarray(bundle.training.X, dtype=np.float64)[~np.isnan(y).all(axis=1)]
    return np.array([not is_constant(X[:, bundle.schema.columns_of(n)]) for n in bundle.schema.names])


def p_values(observed: ArrayLike, null: ArrayLike) -> FloatVector:
    """Share of null values at least as large as each observed one, one added above and below.

    Examples
    --------
    >>> p_values([5.0, 2.0], [1.0, 2.0, 3.0]).tolist()
    [0.25, 0.75]
    """
    null, observed = np.sort(np.asarray(null, dtype=np.float64)), np.asarray(observed, dtype=np.float64)
    reached = len(null) - np.searchsorted(null, observed, side="left")
    return np.asarray((1.0 + reached) / (1.0 + len(null)), dtype=np.float64)


def adjusted(p: ArrayLike) -> FloatVector:
    """Benjamini-Hochberg adjusted p-values: the smallest rate at which each would still be named.

    Examples
    --------
    >>> adjusted([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
