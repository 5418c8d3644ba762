"""Every sampled patient's Shapley values with a shade for the value behind each: the matter of a beeswarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.explanation import FloatMatrix, FloatVector
from explainers.importance import ShapleySample
from explainers.shades import shades_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Swarm", "swarm"]


@dataclass(frozen=True, eq=False, slots=True)
class Swarm:
    """The most important features with each patient's Shapley value and shade.

    Parameters
    ----------
    features, labels : tuple of str, (f,)
        Most important first.
    values : array (n, f), in `unit`
    shades : array (n, f)
        0 lowest value or not altered, 1 highest or altered; NaN where unknown, or where categories have no order.
    """

    option: str
    features: tuple[str, ...]
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    values: FloatMatrix
    shades: FloatMatrix
    unit: str
    background: str

    def rows(self) -> list[dict[str, Any]]:
        """One row a feature: spread of the Shapley values, and their median among low and high values."""
        out = []
        for j, label in enumerate(self.labels):
            values, shades = self.values[:, j], self.shades[:, j]
            out.append(
                {
                    "feature": label,
                    "lowest": round(float(values.min()), 4),
                    "highest": round(float(values.max()), 4),
                    "median, low or not altered": _median(values[shades < 0.5]),
                    "median, high or altered": _median(values[shades >= 0.5]),
                    "median, not known or without order": _median(values[np.isnan(shades)]),
                    "unit": self.unit,
                }
            )
        return out


def swarm(bundle: ModelBundle, sample: ShapleySample, *, top: int = 10) -> Swarm:
    """The `top` features of a sample by mean |Shapley value|, with shades by rank of their values."""
    order = np.argsort(-np.abs(sample.values).mean(axis=0), kind="stable")[:top]
    shades = np.column_stack([shades_of(bundle, sample, int(j)) for j in order])
    return Swarm(
        sample.option, tuple(sample.feature_names[j] for j in order), tuple(sample.feature_labels[j] for j in order),
        sample.ids, sample.values[:, order], shades, sample.unit, sample.background,
    )  # fmt: skip


def _median(values: FloatVector) -> float | None:
    return round(float(np.median(values)), 4) if len(values) else None
