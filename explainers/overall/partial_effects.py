r"""How a model's answer changes with one input: partial dependence with each patient's own curve, accumulated local effects.

Partial dependence gives everybody the same value and averages the answers; each patient's own curve (individual
conditional expectation) stands behind the mean. It also asks about patients who do not exist, such as an unlikely tumour
with that alteration. Accumulated local effects ask only for small steps from where patients are:

.. math:: ALE(z_k) = \sum_{l \le k} \frac{1}{n_l} \sum_{x_i \in (z_{l-1}, z_l]} [f(z_l, x_i) - f(z_{l-1}, x_i)] - c,

with c such that the mean over the patients is 0. They need an order, so they are drawn for numbers only.

References
----------
.. [1] Friedman (2001), Annals of Statistics 29; Goldstein et al. (2015), Journal of Computational and Graphical
   Statistics 24; Apley & Zhu (2020), Journal of the Royal Statistical Society B 82.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from explainers.explanation import FloatMatrix, FloatVector, Unit
from explainers.overall.asked_patients import training_rows
from explainers.overall.calibrated import probabilities
from explainers.players import CannotExplainError, option_margin
from oncology.counts import shown
from oncology.features import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["AccumulatedEffect", "PartialDependence", "accumulated_effect", "partial_dependence"]


@dataclass(frozen=True, eq=False, slots=True)
class PartialDependence:
    """Mean answers when everybody is given the same value of one feature.

    Parameters
    ----------
    kind : {"states", "number"}
    x : array (g,)
        The values; for states their positions.
    words : tuple of str, (g,)
    mean : array (g,), in `unit`
    individual : array (m, g), in `unit`
        The same patients one by one; a part of them, drawn evenly over their answers.
    probability : array (g,) or None
        Mean calibrated probability; None for scores.
    n_have : tuple of (int or None), (g,)
        Patients who really have the state, or for numbers lie nearest to the value; None where withheld (1 to 4).
    n_patients : int
    """

    option: str
    option_label: str
    feature: str
    label: str
    feature_unit: str
    kind: Literal["states", "number"]
    x: FloatVector
    words: tuple[str, ...]
    mean: FloatVector
    individual: FloatMatrix
    probability: FloatVector | None
    n_have: tuple[int | None, ...]
    n_patients: int
    unit: Unit
    seed: int

    @property
    def small_print(self) -> str:
        """How to read the curve, and what it cannot say."""
        return (
            f"Each of {self.n_patients:,} training patients was given every value in turn, all else as recorded; the strong "
            "line is the mean answer, thin lines are single patients. Where few patients have a value the model is asked "
            "about patients it has hardly seen. What the model would say, not what would happen."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a value."""
        out = []
        for i, words in enumerate(self.words):
            row: dict[str, Any] = {
                self.label: words,
                "patients near it" if self.kind == "number" else "patients": _count(self.n_have[i]),
                f"mean answer ({self.unit})": round(float(self.mean[i]), 4),
            }
            if self.probability is not None:
                row["mean probability, of 100"] = round(100 * float(self.probability[i]), 1)
            out.append(row)
        return out


@dataclass(frozen=True, eq=False, slots=True)
class AccumulatedEffect:
    """Accumulated local effects of one number.

    Parameters
    ----------
    x : array (g,)
        Edges of the steps: quantiles of the patients' values.
    effect : array (g,), in `unit`
        0 on average over the patients.
    n_in_step : array (g - 1,) of int
        Patients in each step.
    n_unknown : int
        Patients left out because the value is not known.
    """

    option: str
    option_label: str
    feature: str
    label: str
    feature_unit: str
    x: FloatVector
    effect: FloatVector
    n_in_step: tuple[int, ...]
    n_unknown: int
    unit: Unit
    seed: int

    @property
    def small_print(self) -> str:
        """How to read the curve."""
        unknown = (
            f" {self.n_unknown:,} patients whose value is not known are left out." if self.n_unknown else ""
        )
        return (
            f"Differences between the two ends of each step, for the {sum(self.n_in_step):,} patients who lie in it, added "
            "up from left to right; 0 is the mean over them. No patient is moved further than one step, so nobody is made up."
            + unknown
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row an edge."""
        n = (None, *self.n_in_step)
        return [
            {
                self.label: float(f"{x:.4g}"),
                f"accumulated effect ({self.unit})": round(float(e), 4),
                "patients in the step before": None if k is None else _count(shown(k)),
            }
            for x, e, k in zip(self.x, self.effect, n, strict=True)
        ]


def partial_dependence(
    bundle: ModelBundle,
    option: str,
    feature: str,
    *,
    rows: FloatMatrix | None = None,
    n_patients: int = 300,
    n_values: int = 20,
    n_individual: int = 40,
    seed: int = 0,
) -> PartialDependence:
    """Partial dependence of one option's answer on one feature, with single patients' curves.

    Parameters
    ----------
    rows : array (n, c), optional
        Patients to ask about; default: `n_patients` of the training cohort.
    n_values : int
        Values of a number, at evenly spaced quantiles between the 2nd and the 98th percentile.

    Raises
    ------
    UnknownNameError
        If the schema has no such feature.
    CannotExplainError
        For a published formula (its weights say it all), or a number that no patient has a value of.
    """
    option, X = _asked(bundle, option, rows, n_patients, seed)
    spec, at = bundle.schema.feature(feature), bundle.schema.columns_of(feature)
    columns = X[:, at]
    kind: Literal["states", "number"] = "states" if _has_states(spec) else "number"
    if kind == "states":
        blocks, words = _states(spec, columns)
        x = np.arange(len(blocks), dtype=np.float64)
        have = [int((np.isclose(columns, block, equal_nan=True)).all(axis=1).sum()) for block in blocks]
    else:
        known = columns[~np.isnan(columns[:, 0]), 0]
        if not len(known):
            raise CannotExplainError(
                f"{spec.label} is not known of any of these patients: there is no value to try."
            )
        x = np.unique(np.quantile(known, np.linspace(0.02, 0.98, n_values)))
        blocks, words = [np.array([v]) for v in x], tuple(f"{v:.4g}" for v in x)
        nearest = np.abs(known[:, None] - x[None, :]).argmin(axis=1)
        have = np.bincount(nearest, minlength=len(x)).tolist()
    curves = np.empty((len(X), len(blocks)))
    for g, block in enumerate(blocks):
        given = X.copy()
        given[:, at] = block
        curves[:, g] = option_margin(bundle, given, option)
    mean = curves.mean(axis=0)
    chances = probabilities(bundle, option, curves)
    chosen = np.argsort(curves.mean(axis=1), kind="stable")
    chosen = chosen[np.unique(np.linspace(0, len(X) - 1, min(len(X), n_individual)).round().astype(int))]
    return PartialDependence(
        option, bundle.label(option), feature, spec.label, spec.unit, kind, x, words, mean, curves[chosen],
        None if chances is None else chances.mean(axis=0), tuple(shown(n) for n in have), len(X), bundle.unit, seed,
    )  # fmt: skip


def accumulated_effect(
    bundle: ModelBundle,
    option: str,
    feature: str,
    *,
    rows: FloatMatrix | None = None,
    n_patients: int = 2000,
    n_steps: int = 16,
    seed: int = 0,
) -> AccumulatedEffect:
    """Accumulated local effects of one number on one option's answer.

    Raises
    ------
    UnknownNameError
    CannotExplainError
        For features without an order (states have their levels in `partial_dependence`), for a constant or unknown number,
        and for published formulas.
    """
    option, X = _asked(bundle, option, rows, n_patients, seed)
    spec, at = bundle.schema.feature(feature), bundle.schema.columns_of(feature).start
    if _has_states(spec):
        raise CannotExplainError(
            f"{spec.label} has states, not a scale: steps from one value to the next mean nothing. Its states stand beside "
            "each other in the partial dependence."
        )
    known = X[~np.isnan(X[:, at])]
    if not len(known) or known[:, at].min() == known[:, at].max():
        raise CannotExplainError(
            f"{spec.label} has {'no known value' if not len(known) else 'one value only'} among these patients, so there is "
            "no step to take."
        )
    values = known[:, at]
    # Edges are values that patients have, so that no step is empty.
    edges = np.unique(np.quantile(values, np.linspace(0, 1, n_steps + 1), method="inverted_cdf"))
    step = np.clip(np.searchsorted(edges, values, side="left"), 1, len(edges) - 1)
    below, above = known.copy(), known.copy()
    below[:, at], above[:, at] = edges[step - 1], edges[step]
    change = option_margin(bundle, above, option) - option_margin(bundle, below, option)
    n = np.bincount(step - 1, minlength=len(edges) - 1)
    mean = np.bincount(step - 1, weights=change, minlength=len(edges) - 1) / n
    effect = np.concatenate([[0.0], np.cumsum(mean)])
    effect -= ((effect[:-1] + effect[1:]) / 2 * n).sum() / n.sum()
    return AccumulatedEffect(
        option, bundle.label(option), feature, spec.label, spec.unit, edges, effect, tuple(n.tolist()),
        len(X) - len(known), bundle.unit, seed,
    )  # fmt: skip


def _asked(
    bundle: ModelBundle, option: str, rows: FloatMatrix | None, n_patients: int, seed: int
) -> tuple[str, FloatMatrix]:
    if bundle.formula is not None:
        raise CannotExplainError(
            "A published formula is a sum with fixed weights: its table of weights says how the score changes with each "
            "variable."
        )
    option = bundle.options[bundle.option_index(option)]
    if rows is not None:
        bundle.schema.check_width(np.shape(rows)[-1])
        return option, np.asarray(rows, dtype=np.float64)
    return option, training_rows(bundle, option, most=n_patients, seed=seed)


def _has_states(spec: FeatureSpec) -> bool:
    return spec.is_alteration or spec.kind in ("binary", "categorical")


def _states(spec: FeatureSpec, columns: FloatMatrix) -> tuple[list[FloatVector], tuple[str, ...]]:
    """The states one can give everybody, as columns, and their words; unknown where the model takes it."""
    values: list[Any] = list(spec.levels) if spec.kind == "categorical" else [1.0, 0.0]
    if spec.missing == "nan" and (spec.is_alteration or np.isnan(columns).any()):
        values.append(None)
    blocks = [np.asarray(spec.encode(v), dtype=np.float64) for v in values]
    return blocks, tuple(spec.words(v) for v in values)


def _count(n: int | None) -> int | str:
    return "fewer than 5" if n is None else n
