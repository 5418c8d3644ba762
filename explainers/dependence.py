"""How one input's part changes with its value: Shapley values against the values, with counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from explainers.explanation import FloatVector
from explainers.importance import ShapleySample
from explainers.players import CannotExplainError
from explainers.shades import shades_of
from oncology.counts import count_words, shown
from oncology.errors import UnknownNameError
from oncology.features import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Dependence", "Level", "dependence"]

_N_BINS = 6


@dataclass(frozen=True, slots=True)
class Level:
    """The patients in one state of a feature, or in one range of a number.

    median, low, high : float or None
        Median and quartiles of their Shapley values; None without a patient.
    position : float or None
        Where the level stands on a number's axis; None for states and for "not known".
    """

    words: str
    n: int
    median: float | None
    low: float | None
    high: float | None
    position: float | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Dependence:
    """One feature's Shapley values by its value.

    Parameters
    ----------
    kind : {"states", "number"}
    x : array (n,)
        The number, NaN where unknown; for states the position in `levels`.
    values : array (n,), in `unit`
    levels : tuple of Level
        States or levels with their counts (also those that no patient has); for a number ranges of equal counts,
        and "not known" where there are such patients.
    partner : str
        Label of the feature that the patients are shaded by, "" for none.
    shades : array (n,) or None
        0 lowest value of the partner or not altered, 1 highest or altered; NaN where unknown or without order.
    """

    feature: str
    label: str
    feature_unit: str
    option: str
    option_label: str
    kind: Literal["states", "number"]
    x: FloatVector
    values: FloatVector
    levels: tuple[Level, ...]
    unit: str
    background: str
    partner: str = ""
    shades: FloatVector | None = None

    def rows(self) -> list[dict[str, Any]]:
        """One row a level, for a table."""
        return [
            {
                self.label: level.words,
                "patients": count_words(level.n),
                "median part": _shown(level.median, level.n),
                "lower quartile": _shown(level.low, level.n),
                "upper quartile": _shown(level.high, level.n),
                "unit": self.unit,
            }
            for level in self.levels
        ]


def _shown(value: float | None, n: int) -> float | None:
    # Quartiles of one to four patients would be their own values.
    return None if value is None or shown(n) is None else round(value, 4)


def dependence(
    bundle: ModelBundle, sample: ShapleySample, feature: str, *, partner: str | None = None
) -> Dependence:
    """Shapley values of one feature against its value, from a `ShapleySample`.

    Parameters
    ----------
    partner : str, optional
        Another feature of the sample that the patients are shaded by: the one it acts together with most.

    Raises
    ------
    UnknownNameError
        If the sample has no such feature.
    CannotExplainError
        For a sample of another schema.
    """
    for name in (feature, *([partner] if partner is not None else [])):
        if name not in sample.feature_names:
            raise UnknownNameError("Feature", name, sample.feature_names)
    found = _plain(bundle, sample, feature)
    if partner is None:
        return found
    other = sample.feature_names.index(partner)
    return replace(found, partner=sample.feature_labels[other], shades=shades_of(bundle, sample, other))


def _plain(bundle: ModelBundle, sample: ShapleySample, feature: str) -> Dependence:
    j = sample.feature_names.index(feature)
    values = sample.values[:, j]
    if bundle.formula is not None:
        x = bundle.formula.matrix(sample.rows)[:, j]
        return _number(sample, j, x, values, "")
    if sample.feature_names != bundle.schema.names:
        raise CannotExplainError(
            "These Shapley values belong to another model; compute them again for this one."
        )
    spec = bundle.schema.feature(feature)
    columns = sample.rows[:, bundle.schema.columns_of(feature)]
    if not (spec.is_alteration or spec.kind in ("binary", "categorical")):
        return _number(sample, j, columns[:, 0], values, spec.unit)
    return _states(sample, j, columns, values, spec)


def _states(
    sample: ShapleySample, j: int, columns: Any, values: FloatVector, spec: FeatureSpec
) -> Dependence:
    decoded = [spec.words(spec.decode(c)) for c in columns.tolist()]
    if spec.is_alteration:
        names = [spec.words(v) for v in (1.0, 0.0, None)]
    elif spec.kind == "categorical":
        names = [spec.words(level) for level in spec.levels]
    else:
        names = [spec.words(v) for v in (1.0, 0.0)]
    names += sorted({d for d in decoded if d not in names})
    x = np.array([names.index(d) for d in decoded], dtype=np.float64)
    levels = tuple(_level(name, values[x == i]) for i, name in enumerate(names))
    return _result(sample, j, "states", x, values, levels, "")


def _number(sample: ShapleySample, j: int, x: FloatVector, values: FloatVector, unit: str) -> Dependence:
    known = ~np.isnan(x)
    levels: list[Level] = []
    if known.any():
        edges = np.unique(np.quantile(x[known], np.linspace(0, 1, _N_BINS + 1)))
        if len(edges) == 1:
            levels.append(_level(f"{edges[0]:.4g}", values[known], float(edges[0])))
        last = len(edges) - 2
        for i in range(len(edges) - 1):
            inside = known & (x >= edges[i]) & ((x <= edges[i + 1]) if i == last else (x < edges[i + 1]))
            words = f"{edges[i]:.4g} to {edges[i + 1]:.4g}"
            middle = float(np.median(x[inside])) if inside.any() else float(edges[i])
            levels.append(_level(words, values[inside], middle))
    if not known.all():
        levels.append(_level("not known", values[~known]))
    return _result(sample, j, "number", x, values, tuple(levels), unit)


def _level(words: str, values: FloatVector, position: float | None = None) -> Level:
    if not len(values):
        return Level(words, 0, None, None, None, position)
    low, median, high = (float(v) for v in np.percentile(values, [25, 50, 75]))
    return Level(words, len(values), median, low, high, position)


def _result(
    sample: ShapleySample,
    j: int,
    kind: Literal["states", "number"],
    x: FloatVector,
    values: FloatVector,
    levels: tuple[Level, ...],
    unit: str,
) -> Dependence:
    return Dependence(
        sample.feature_names[j], sample.feature_labels[j], unit, sample.option, sample.label, kind, x, values,
        levels, sample.unit, sample.background,
    )  # fmt: skip
