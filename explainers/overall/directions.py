"""Which way an input moves the model's answer, from Shapley values alone: up, down, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from explainers.importance import ShapleySample
from oncology.counts import SMALLEST_COUNT, shown

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Direction", "Way", "direction"]

Way = Literal["raises", "lowers", "mixed", "too few", "no order", "none"]
# Rank correlation from which a number counts as moving the answer one way.
_ONE_WAY = 0.3


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a feature moves one option's answer.

    Parameters
    ----------
    way : str
        "raises" / "lowers": being altered, or a higher value, does so. "mixed": both happen. "too few": fewer than five
        patients have the alteration, or fewer are tested and without it. "no order": categories. "none": the model does not use it.
    difference : float or None
        For states: mean Shapley value of the altered minus that of the tested and not altered, in the sample's unit. For
        numbers: rank correlation of value and Shapley value.
    n : int or None
        Altered patients in the sample; None where withheld or for numbers.
    """

    way: Way
    difference: float | None
    n: int | None

    @property
    def words(self) -> str:
        """As a phrase in a table."""
        if self.way == "too few" and self.n is not None and self.n >= SMALLEST_COUNT:
            return f"fewer than {SMALLEST_COUNT} patients are tested and without it"
        return {
            "raises": "raises the model's answer",
            "lowers": "lowers the model's answer",
            "mixed": "goes both ways",
            "too few": f"fewer than {SMALLEST_COUNT} patients have it",
            "no order": "depends on the category",
            "none": "not used by the model",
        }[self.way]


def direction(bundle: ModelBundle, sample: ShapleySample, feature: str) -> Direction:
    """The direction of one feature in a sample of Shapley values.

    An alteration raises or lowers where the middle half of the altered patients' values lies on that side of the mean of
    the others; a number where rank correlation is 0.3 or more.
    """
    j = sample.feature_names.index(feature)
    values = sample.values[:, j]
    if np.ptp(values) < 1e-9:
        return Direction("none", None, None)
    if bundle.formula is not None:
        return _number(bundle.formula.matrix(sample.rows)[:, j], values)
    spec = bundle.schema.feature(feature)
    columns = sample.rows[:, bundle.schema.columns_of(feature)]
    if columns.shape[1] > 1:
        return Direction("no order", None, None)
    x = columns[:, 0]
    if not (spec.is_alteration or spec.kind in ("binary", "categorical")):
        return _number(x, values)
    altered, others = values[x > 0.5], values[x <= 0.5]
    if min(len(altered), len(others)) < SMALLEST_COUNT:
        return Direction("too few", None, shown(len(altered)))
    difference = float(altered.mean() - others.mean())
    lower, upper = np.percentile(altered, [25, 75]) - others.mean()
    way: Way = "raises" if lower > 0 else "lowers" if upper < 0 else "mixed"
    return Direction(way, difference, shown(len(altered)))


def _number(x: np.ndarray, values: np.ndarray) -> Direction:
    from scipy.stats import spearmanr

    known = ~np.isnan(x)
    if known.sum() < SMALLEST_COUNT:
        return Direction("too few", None, None)
    if np.ptp(x[known]) == 0 or np.ptp(values[known]) == 0:
        return Direction("none", None, None)
    rho = float(spearmanr(x[known], values[known]).statistic)
    way: Way = "raises" if rho >= _ONE_WAY else "lowers" if rho <= -_ONE_WAY else "mixed"
    return Direction(way, rho, None)
