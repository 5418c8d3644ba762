"""Yes-or-no conditions on a patient's inputs, in words: "TMB above 10.5", "KRAS not assayed"; what rules are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix
from oncology.features import FeatureSchema, FeatureSpec

__all__ = ["Condition", "conditions_of", "held", "split_words"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one column.

    kind : "is" (the column is 1: altered, or this category), "is not" (known, and 0), "unknown", "above" or "up to" `value`.
    Whatever a condition asks, an unknown value does not fulfil it, except "unknown".
    """

    column: int
    kind: str
    value: float
    words: str

    def holds(self, X: FloatMatrix) -> NDArray[np.bool_]:
        """Whether each row (n, c) fulfils it."""
        x = X[:, self.column]
        if self.kind == "unknown":
            return np.isnan(x)
        with np.errstate(invalid="ignore"):
            return {
                "is": x > 0.5, "is not": x <= 0.5, "above": x > self.value, "up to": x <= self.value,
            }[self.kind]  # fmt: skip


def conditions_of(schema: FeatureSchema, X: FloatMatrix, *, n_cuts: int = 9) -> tuple[Condition, ...]:
    """Conditions that part the rows: each state and category, and numbers at their deciles."""
    found: list[Condition] = []
    for spec in schema.features:
        at = schema.columns_of(spec.name)
        for c in range(at.start, at.stop):
            x = X[:, c]
            known = x[~np.isnan(x)]
            if len(known) < len(x) and c == at.start and len(known):
                found.append(Condition(c, "unknown", np.nan, _unknown(spec)))
            if not len(known) or known.min() == known.max():
                continue
            if is_number(spec):
                cuts = np.unique(
                    np.quantile(known, np.linspace(0, 1, n_cuts + 2)[1:-1], method="inverted_cdf")
                )
                for cut in cuts[cuts < known.max()]:
                    found.append(
                        Condition(c, "above", float(cut), f"{spec.label} above {_number(spec, cut)}")
                    )
                    found.append(
                        Condition(c, "up to", float(cut), f"{spec.label} up to {_number(spec, cut)}")
                    )
            else:
                yes, no = split_words(spec, c - at.start, 0.5)
                found += [Condition(c, "is", 0.5, yes), Condition(c, "is not", 0.5, no)]
    return tuple(found)


def held(conditions: tuple[Condition, ...], X: FloatMatrix) -> NDArray[np.bool_]:
    """Which rows fulfil which conditions, (n, q)."""
    if not conditions:
        return np.zeros((len(X), 0), dtype=bool)
    return np.column_stack([c.holds(X) for c in conditions])


def split_words(spec: FeatureSpec, position: int, cut: float) -> tuple[str, str]:
    """Words for a column above and up to a cut; `position` is the column's place within its feature."""
    if is_number(spec):
        return f"{spec.label} above {_number(spec, cut)}", f"{spec.label} up to {_number(spec, cut)}"
    if spec.is_alteration:
        return f"{spec.label} altered", f"{spec.label} tested, not altered"
    if spec.kind == "binary":
        return f"{spec.label}: yes", f"{spec.label}: no"
    if len(spec.levels) == 2:
        return f"{spec.label}: {spec.words(spec.levels[1])}", f"{spec.label}: {spec.words(spec.levels[0])}"
    level = spec.words(spec.levels[position])
    return f"{spec.label}: {level}", f"{spec.label}: not {level}"


def is_number(spec: FeatureSpec) -> bool:
    """Whether a feature has a scale rather than states."""
    return not (spec.is_alteration or spec.kind in ("binary", "categorical"))


def _unknown(spec: FeatureSpec) -> str:
    return f"{spec.label} {'not assayed' if spec.is_alteration else 'not known'}"


def _number(spec: FeatureSpec, value: float) -> str:
    return f"{value:.3g} {spec.unit}".strip()
