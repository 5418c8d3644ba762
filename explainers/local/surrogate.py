"""LIME: a weighted linear model of the margin, fitted to perturbed copies of one patient.

The only module that imports lime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from explainers.background import Background
from explainers.explanation import Explanation
from explainers.linear_surrogate import NoCohortError, Surroundings
from explainers.linear_surrogate.neighbourhood import OWN_SHARE, state_shares
from explainers.linear_surrogate.surroundings import N_SAMPLES
from explainers.players import option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["N_SAMPLES", "NoCohortError", "explain"]


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    n_samples: int = N_SAMPLES,
) -> Explanation:
    """Coefficients of a local linear model: how far the margin moves with "has this value" against "has another".

    Alterations are categories (altered, not altered, not assayed), so that a perturbed copy is never half
    altered; numbers are cut at their quartiles; a number that is not known is held as it is. The same seed gives
    the same values, to the last digit.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Patients whose values the copies take; default: the bundle's own.
    seed : int
    n_samples : int
        Perturbed copies.

    Raises
    ------
    NoCohortError
        For a published formula.

    Notes
    -----
    Ribeiro, Singh, Guestrin (2016), KDD; regression mode of the lime package. `base_value` is the local model's
    intercept and the residual what that model misses at this patient; `fit_quality` is its weighted R².
    """
    around = Surroundings.of(bundle, row, option, background)
    coding = around.coding
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        coding.cohort,
        mode="regression",
        feature_names=[str(j) for j in range(len(coding.free))],
        categorical_features=coding.categorical.tolist(),
        feature_selection="none",
        discretize_continuous=True,
        random_state=np.random.RandomState(seed),
    )
    for j in coding.categorical.tolist():
        states, shares = state_shares(coding.cohort[:, j], coding.patient[j], OWN_SHARE)
        explainer.feature_values[j], explainer.feature_frequencies[j] = states.tolist(), shares
    found = explainer.explain_instance(
        coding.patient,
        lambda codes: option_margin(bundle, coding.decode(codes), option),
        num_features=len(coding.free),
        num_samples=n_samples,
    )
    weights = np.zeros(len(coding.free))
    for position, weight in found.local_exp[1]:
        weights[position] = weight
    fit = float(found.score)
    return around.game.explanation(
        "lime",
        around.spread_out(weights),
        around.background,
        base_value=float(found.intercept[1]),
        exact=False,
        seed=seed,
        fit_quality=fit,
        limits=around.limits(
            fit,
            f"The local linear model fits poorly (R² {fit:.2f}): around this patient the model is not a sum of single "
            "inputs, and these values are a rough sketch.",
        ),
    )
