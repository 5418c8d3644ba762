"""What every published formula has: derived variables, coefficients, a cited reference, a link to its score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from oncology.errors import OncologyError
from oncology.features import FeatureSchema

__all__ = ["Formula", "FormulaError", "Scenario", "Variable"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]
# How a variable that follows from unknown inputs is filled.
Scenario = Literal["best", "mean", "worst"]


class FormulaError(OncologyError, ValueError):
    """A published formula whose description cannot be read."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One derived variable: its words, the schema features it follows from, its weight, its reference value."""

    name: str
    label: str
    features: tuple[str, ...]
    coefficient: float
    reference: float
    unit: str = ""


class Formula(ABC):
    """A score that is a weighted sum of derived variables: margin = intercept + derived @ coefficients.

    Parameters
    ----------
    schema : FeatureSchema
        Of the raw inputs, which is where edits act.
    variables : sequence of Variable, (d,)
        What the score is explained on.
    intercept : float
    link : {"logistic", "identity"}
        From the margin to the score.
    reference_name : str
        Words for the reference values, as they stand on a chart.
    cut_points, categories : sequences, optional
        Risk groups: right-closed intervals of the score rounded to two decimals.
    """

    def __init__(
        self,
        schema: FeatureSchema,
        variables: Sequence[Variable],
        intercept: float,
        link: str,
        reference_name: str,
        cut_points: Sequence[float] = (),
        categories: Sequence[str] = (),
    ) -> None:
        if link not in ("logistic", "identity"):
            raise FormulaError(f"The formula's link is {link!r}; expected logistic or identity.")
        if categories and len(categories) != len(cut_points) + 1:
            raise FormulaError(f"{len(cut_points)} cut points need {len(cut_points) + 1} categories.")
        self.schema, self.variables = schema, tuple(variables)
        self.intercept, self.link, self.reference_name = float(intercept), link, reference_name
        self.cut_points, self.categories = tuple(cut_points), tuple(categories)
        self.coefficients: FloatVector = np.array([v.coefficient for v in self.variables], dtype=np.float64)
        self.reference: FloatVector = np.array([v.reference for v in self.variables], dtype=np.float64)
        for array in (self.coefficients, self.reference):
            array.setflags(write=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the derived variables, (d,)."""
        return tuple(v.name for v in self.variables)

    @property
    def labels(self) -> tuple[str, ...]:
        """Words for the derived variables, (d,)."""
        return tuple(v.label for v in self.variables)

    @abstractmethod
    def matrix(self, X: FloatMatrix, scenario: Scenario = "mean") -> FloatMatrix:
        """Derived variables (n, d) of raw rows (n, c)."""

    @abstractmethod
    def describe(self, row: FloatVector) -> tuple[str, ...]:
        """The derived variables of one raw row (c,) in words, (d,); unknown inputs are said as such."""

    def derive(self, X: pd.DataFrame | FloatMatrix, scenario: Scenario = "mean") -> pd.DataFrame:
        """Derived variables (n, d) of raw rows (n, c), named; NaN where the formula cannot do without an input."""
        rows = X.to_numpy(dtype=np.float64) if isinstance(X, pd.DataFrame) else np.atleast_2d(X)
        self.schema.check_width(rows.shape[1])
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(self.matrix(rows, scenario), columns=list(self.names), index=index)

    def margin(self, derived: pd.DataFrame | FloatMatrix) -> FloatVector:
        """The linear predictor (n,) of derived variables (n, d)."""
        values: FloatVector = np.asarray(derived, dtype=np.float64) @ self.coefficients + self.intercept
        return values

    @property
    def base_value(self) -> float:
        """The linear predictor of the reference."""
        return float(self.reference @ self.coefficients + self.intercept)

    def contributions(self, derived: pd.DataFrame | FloatMatrix) -> FloatMatrix:
        """coefficient * (value - reference), (n, d): they add up to margin - base_value."""
        values: FloatMatrix = (np.asarray(derived, dtype=np.float64) - self.reference) * self.coefficients
        return values

    def score(self, margin: ArrayLike) -> FloatMatrix:
        """The score of a margin, same shape."""
        margin = np.asarray(margin, dtype=np.float64)
        return expit(margin) if self.link == "logistic" else margin

    def range(self, X: FloatMatrix) -> tuple[FloatVector, FloatVector]:
        """Scores (n,) if the unknown inputs turned out best and worst; NaN where the formula has no such rule."""
        return np.full(len(X), np.nan), np.full(len(X), np.nan)

    def usual_values(self, feature: str) -> tuple[float, ...]:
        """Values at which an unknown number is asked: the ends of its plausible range; empty without one."""
        spec = self.schema.feature(feature)
        return () if spec.low is None or spec.high is None else (spec.low, spec.high)

    def group(self, score: float) -> str | None:
        """The risk group of a score; None where the formula has no groups or the score is not known.

        The published rule: right-closed intervals on the score rounded to two decimals.
        """
        if not self.categories or np.isnan(score):
            return None
        position = int(np.searchsorted(self.cut_points, np.round(score, 2), side="left"))
        return self.categories[position]

    def refusals(self, row: FloatVector) -> tuple[str, ...]:
        """Why this raw row (c,) gets no score, one sentence each; empty where it gets one."""
        return ()


def number(content: Mapping[str, Any], name: str) -> float:
    """A number of a formula's description; FormulaError where it is missing or none."""
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise FormulaError(f"The formula's {name!r} is {value!r}; expected a number.")
    return float(value)
