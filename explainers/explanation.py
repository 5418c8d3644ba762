"""The vocabulary of "why": result types that every method fills and every chart reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oncology.features import Value

__all__ = ["Change", "Counterfactual", "Explanation", "FloatMatrix", "FloatVector", "Unit"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]

# log-odds: the model's margin before calibration. probability: averaging forests. score: published formulas, whose
# logistic scores are sums only before that link.
Unit = Literal["log-odds", "probability", "score", "score before the logistic link"]


def _locked(array: NDArray[np.float64]) -> NDArray[np.float64]:
    copy = np.array(array, dtype=np.float64)
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Why the model gave this patient this score for this option.

    Parameters
    ----------
    option : str
        The therapy, or the name of the score.
    method : str
        A key of `explainers.local.EXPLAINERS`.
    feature_names, feature_labels : tuple of str, (p,)
    feature_words : tuple of str, (p,)
        The patient's own values in words: "altered", "not assayed", "3.9 g/dL".
    values : array (p,), in `unit`
    std_error : array (p,) or None
        None where the method is exact.
    base_value : float, in `unit`
        Mean score over the background.
    score : float, in `unit`
        This patient's score.
    unit : {"log-odds", "probability", "score", "score before the logistic link"}
    background : str
        The population compared with, in words that stand on the chart.
    exact : bool
        False where the values are estimates; `limits` then says in what sense.
    seed : int or None
    fit_quality : float or None
        Weighted R² of a surrogate around this patient; None for methods without one.
    limits : tuple of str
        What this method cannot say here, in whole sentences.
    """

    option: str
    method: str
    feature_names: tuple[str, ...]
    feature_labels: tuple[str, ...]
    feature_words: tuple[str, ...]
    values: FloatVector
    base_value: float
    score: float
    unit: Unit
    background: str
    background_fingerprint: str
    exact: bool = True
    std_error: FloatVector | None = None
    seed: int | None = None
    fit_quality: float | None = None
    limits: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _locked(self.values))
        if self.std_error is not None:
            object.__setattr__(self, "std_error", _locked(self.std_error))

    def residual(self) -> float:
        """The part of the score that the attributions leave unexplained, in `unit`."""
        return self.score - self.base_value - float(self.values.sum())

    def order(self) -> NDArray[np.intp]:
        """Feature positions, largest absolute attribution first, (p,)."""
        return np.argsort(-np.abs(self.values), kind="stable")


@dataclass(frozen=True, slots=True)
class Change:
    """One feature, from one value to another; None is *not assayed* or *not known*.

    interval : (low, high) or None
        Of a number: with any value over low and up to high in place of `after` the set of changes does the same, be it
        with another answer; None at an end that is open, and instead of both where no interval is known.
    """

    feature: str
    label: str
    before: Value
    after: Value
    words: str
    interval: tuple[float | None, float | None] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Counterfactual:
    """A set of changes after which the model says something else.

    Parameters
    ----------
    changes : tuple of Change
    target : str
        The goal in words.
    options : tuple of str, (k,)
    before, after : arrays (k,)
        Calibrated probabilities (or the score) of every option.
    minimal : {"proven", "best found"}
        Whether every smaller set was ruled out.
    n_evaluations : int
        How many edited patients the model was asked about.
    mode : {"model", "assay"}
        "model": any state may change. "assay": only what was not assayed may turn out either way.
    training_count : int or None
        Training patients with the same changed features; None where the bundle carries no cohort.
    cautions : tuple of str
    """

    changes: tuple[Change, ...]
    target: str
    options: tuple[str, ...]
    before: FloatVector
    after: FloatVector
    minimal: Literal["proven", "best found"]
    n_evaluations: int
    mode: Literal["model", "assay"] = "model"
    training_count: int | None = None
    cautions: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of changed features."""
        return len(self.changes)
