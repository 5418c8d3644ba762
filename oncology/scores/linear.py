"""Weighted sums of clipped numbers, levels and per-category terms, such as LORIS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from oncology.features import FeatureSchema
from oncology.scores.formula import (
    FloatMatrix,
    FloatVector,
    Formula,
    FormulaError,
    Scenario,
    Variable,
    number,
)

__all__ = ["LinearFormula"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one variable follows from its feature: a clipped number, or one term per category."""

    columns: slice
    low: float
    high: float
    terms: FloatVector | None


class LinearFormula(Formula):
    """A formula whose description is data alone.

    Each entry of ``variables`` names a ``feature`` of the schema and a ``coefficient``; ``low`` and ``high`` clip
    a number; ``terms`` gives a number per category of a categorical feature (a category without one gets no
    score). Every feature is required: an unknown one gives NaN.
    """

    def __init__(self, schema: FeatureSchema, content: Mapping[str, Any]) -> None:
        variables, self._rules = [], []
        for entry in content.get("variables", ()):
            try:
                spec = schema.feature(entry["feature"])
                variables.append(
                    Variable(
                        entry["name"], entry["label"], (spec.name,), number(entry, "coefficient"),
                        number(entry, "reference"), entry.get("unit", spec.unit),
                    )
                )  # fmt: skip
            except (KeyError, TypeError) as error:
                raise FormulaError(f"A variable of the formula cannot be read: {error}.") from error
            terms = None
            if "terms" in entry:
                absent = sorted(set(entry["terms"]) ^ set(spec.levels))
                if absent:
                    raise FormulaError(
                        f"The terms of {spec.name!r} and its levels differ: {', '.join(absent[:5])}."
                    )
                terms = np.array([number(entry["terms"], level) for level in spec.levels])
            self._rules.append(
                _Rule(
                    schema.columns_of(spec.name),
                    number(entry, "low") if "low" in entry else -np.inf,
                    number(entry, "high") if "high" in entry else np.inf,
                    terms,
                )
            )
        if not variables:
            raise FormulaError("The formula has no variables.")
        super().__init__(
            schema, variables, number(content, "intercept"), str(content.get("link", "identity")),
            str(content.get("reference_name", "reference")), content.get("cut_points", ()), content.get("categories", ()),
        )  # fmt: skip

    def matrix(self, X: FloatMatrix, scenario: Scenario = "mean") -> FloatMatrix:
        out = np.empty((len(X), len(self._rules)))
        for j, rule in enumerate(self._rules):
            block = X[:, rule.columns]
            if rule.terms is None:
                out[:, j] = np.clip(block[:, 0], rule.low, rule.high)
            else:
                # All zeros: a category that is known and has no term; the score does not exist for it.
                known = np.nansum(block, axis=1) > 0.5
                out[:, j] = np.where(known, np.nan_to_num(block) @ rule.terms, np.nan)
        return out

    def describe(self, row: FloatVector) -> tuple[str, ...]:
        words = []
        values = dict(zip(self.schema.names, self.schema.decode(row), strict=True))
        for variable, rule in zip(self.variables, self._rules, strict=True):
            spec = self.schema.feature(variable.features[0])
            value = values[spec.name]
            said = spec.words(value)
            if isinstance(value, float) and not rule.low <= value <= rule.high:
                said += f" (counted as {np.clip(value, rule.low, rule.high):g})"
            words.append(said)
        return tuple(words)

    def refusals(self, row: FloatVector) -> tuple[str, ...]:
        reasons = []
        values = dict(zip(self.schema.names, self.schema.decode(row), strict=True))
        for variable, rule in zip(self.variables, self._rules, strict=True):
            spec = self.schema.feature(variable.features[0])
            if values[spec.name] is None:
                reasons.append(f"{spec.label} is not known, and the score cannot do without it.")
            elif rule.terms is not None and values[spec.name] == "other":
                reasons.append(f"The published score has no term for this patient's {spec.label.lower()}.")
        return tuple(reasons)
