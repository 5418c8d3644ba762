"""A shade for each patient's value of a feature: what colours a beeswarm and a dependence plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explainers.explanation import FloatVector
from explainers.importance import ShapleySample

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["shades_of"]


def shades_of(bundle: ModelBundle, sample: ShapleySample, j: int) -> FloatVector:
    """Shades (n,) of feature `j`: 0 lowest value or not altered, 1 highest or altered; NaN where unknown or without order."""
    if bundle.formula is not None:
        return _ranks(bundle.formula.matrix(sample.rows)[:, j])
    spec = bundle.schema.features[j]
    columns = sample.rows[:, bundle.schema.columns_of(spec.name)]
    if columns.shape[1] > 1:
        return np.full(len(columns), np.nan)
    if spec.is_alteration or spec.kind in ("binary", "categorical"):
        return columns[:, 0]
    return _ranks(columns[:, 0])


def _ranks(x: FloatVector) -> FloatVector:
    """Ranks between 0 and 1, ties alike; NaN stays."""
    known = ~np.isnan(x)
    shade = np.full(len(x), np.nan)
    if known.any():
        _, place, count = np.unique(x[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(count) - (count + 1) / 2
        shade[known] = middle[place] / max(known.sum() - 1, 1)
    return shade
