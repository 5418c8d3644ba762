"""Calibrated probabilities of one option's margins alone, where they can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explainers.explanation import FloatMatrix

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["one_probability", "probabilities"]


def probabilities(bundle: ModelBundle, option: str, margin: FloatMatrix) -> FloatMatrix | None:
    """Calibrated probability of each margin, same shape; None for scores and for options that exclude each other, whose
    probability needs the margins of all."""
    if bundle.is_score or bundle.output_kind == "classes":
        return None
    j = bundle.option_index(option)
    whole = np.zeros((*np.shape(margin), len(bundle.options)))
    whole[..., j] = margin
    return np.asarray(bundle.probability(whole)[..., j], dtype=np.float64)


def one_probability(bundle: ModelBundle, option: str, margin: float) -> float | None:
    """The same for a single margin."""
    found = probabilities(bundle, option, np.array([margin]))
    return None if found is None else float(found[0])
