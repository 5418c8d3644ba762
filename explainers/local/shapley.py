"""Shapley values by model family: trees, sums of single-input terms, published formulas, and any other model.

The only module that imports shap.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, BackgroundError, default_background, tree_paths
from explainers.explanation import Explanation, FloatMatrix, FloatVector
from explainers.families import Family, estimator_of, family_of, tree_form
from explainers.players import CannotExplainError, Players, option_margin, players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["AdditivityError", "explain", "shapley_matrix", "warm"]

N_PERMUTATIONS = 10
# The largest remainder that float32 sums inside a boosting library may leave.
_TOLERANCE = 1e-4
# shap's permutation explainer draws from numpy's global generator.
_ONE_AT_A_TIME = threading.Lock()


class AdditivityError(CannotExplainError):
    """Shapley values that do not add up to the model's own score."""

    def __init__(self, option: str, residual: float) -> None:
        super().__init__(
            f"The Shapley values for {option} miss the model's score by {residual:.3g}, so they are not shown. "
            "Use the method exact (few alterations) or ablation, and report the model's type and version."
        )
        self.option, self.residual = option, residual


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
) -> Explanation:
    """Shapley values of the features (or a formula's derived variables), in the bundle's margin.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Default: `tree_paths` for trees, the bundle's own background for other models, a formula's reference.
    seed : int
        Used only where permutations are drawn: for models that are neither trees nor sums.

    Raises
    ------
    CannotExplainError, BackgroundError, AdditivityError

    Notes
    -----
    Trees: Lundberg et al. (2020), Nature Machine Intelligence 2, 56. Sums: the term of each input minus its mean
    over the background. Other models: 10 random orders forwards and backwards, with a standard error. Columns
    of one feature are added up.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    if bundle.formula is None and family_of(bundle, option) == Family.OTHER:
        return _explain_any(bundle, game, background, seed)
    values, base, used = shapley_matrix(bundle, row[None, :], option, background=background)
    why = game.explanation("shapley", values[0], used, base_value=base)
    if abs(why.residual()) > _TOLERANCE * max(1.0, abs(game.score)):
        raise AdditivityError(option, why.residual())
    return why


def shapley_matrix(
    bundle: ModelBundle, rows: ArrayLike, option: str, *, background: Background | None = None
) -> tuple[FloatMatrix, float, Background]:
    """Shapley values of many patients at once.

    Parameters
    ----------
    rows : array-like (n, c)

    Returns
    -------
    values : array (n, p)
    base : float
    background : Background
        The one that was used.

    Raises
    ------
    CannotExplainError
        For a model that is neither trees nor a sum: ask `explain` patient by patient.
    """
    rows = np.array(rows, dtype=np.float64, ndmin=2)
    bundle.option_index(option)
    if bundle.formula is not None:
        return _formula(bundle, rows, option, background)
    family = family_of(bundle, option)
    if family == Family.OTHER:
        raise CannotExplainError(
            f"{type(estimator_of(bundle, option)).__name__} is neither trees nor a sum of single-input terms; its "
            "Shapley values are estimated patient by patient."
        )
    if background is None:
        background = tree_paths() if family == Family.TREES else default_background(bundle)
    if family == Family.TREES:
        columns, base = _trees(bundle, rows, option, background)
    else:
        if background.rows is None:
            raise BackgroundError(
                f"{background.name} exist only in tree models; name training patients instead."
            )
        columns, base = _additive(bundle, rows, option, background.rows)
    return _grouped(columns, bundle.schema.feature_of_column), base, background


def _grouped(columns: FloatMatrix, feature_of_column: NDArray[np.intp]) -> FloatMatrix:
    """Columns (n, c) added up to features (n, p)."""
    first = np.searchsorted(feature_of_column, np.arange(feature_of_column[-1] + 1))
    return np.add.reduceat(columns, first, axis=1)


# Published formulas ---------------------------------------------------------------------------------------------


def _formula(
    bundle: ModelBundle, rows: FloatMatrix, option: str, background: Background | None
) -> tuple[FloatMatrix, float, Background]:
    formula = bundle.formula
    assert formula is not None
    background = default_background(bundle) if background is None else background
    if background.kind == "tree paths":
        raise BackgroundError("A published formula has no trees; compare with its reference patient instead.")
    mean = formula.reference
    if background.kind == "rows":
        mean = formula.matrix(np.asarray(background.rows)).mean(axis=0)
    values = (formula.matrix(rows) - mean) * formula.coefficients
    return values, float(mean @ formula.coefficients + formula.intercept), background


# Sums of single-input terms ---------------------------------------------------------------------------------------


def _additive(
    bundle: ModelBundle, rows: FloatMatrix, option: str, background: FloatMatrix
) -> tuple[FloatMatrix, float]:
    """f(x) = constant + sum of terms t_j(x_j): the value of j is t_j(x_j) minus the mean of t_j over the background."""
    anchor = background[0]
    everyone = np.vstack([rows, background])
    terms = np.zeros_like(everyone)
    for j in range(everyone.shape[1]):
        seen, where = np.unique(everyone[:, j], return_inverse=True, equal_nan=True)
        probes = np.repeat(anchor[None, :], len(seen), axis=0)
        probes[:, j] = seen
        terms[:, j] = option_margin(bundle, probes, option)[where]
    terms -= float(option_margin(bundle, anchor[None, :], option)[0])
    mean = terms[len(rows) :].mean(axis=0)
    base = float(option_margin(bundle, background, option).mean())
    return terms[: len(rows)] - mean, base


# Trees ------------------------------------------------------------------------------------------------------------


def _trees(
    bundle: ModelBundle, rows: FloatMatrix, option: str, background: Background
) -> tuple[FloatMatrix, float]:
    ensemble = tree_form(bundle, option)
    if ensemble is not None:
        values, base = ensemble.shapley(rows, background.rows)
        # A forest has an output for either class; boosting has the one margin.
        return values[:, :, -1], float(base[-1])
    if background.rows is not None:
        raise CannotExplainError(
            f"{type(estimator_of(bundle, option)).__name__} has no exact tree form here, and shap's own comparison with "
            "given patients misses where values tie with thresholds. Compare with tree paths instead, or use the "
            "method exact or ablation."
        )
    return _shap_tree_paths(estimator_of(bundle, option), rows)


def _shap_tree_paths(estimator: Any, rows: FloatMatrix) -> tuple[FloatMatrix, float]:
    """shap's path-dependent values: for tree models that the project's own engine does not convert."""
    explainer = _shap_explainer(estimator)
    values = np.asarray(explainer.shap_values(rows, check_additivity=False), dtype=np.float64)
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    return (values[:, :, -1] if values.ndim == 3 else values), float(base[-1])


@lru_cache(maxsize=64)
def _shap_explainer(estimator: Any) -> Any:
    import shap

    return shap.TreeExplainer(estimator, feature_perturbation="tree_path_dependent")


def warm() -> None:
    """Load shap and let it compile its loops ahead of the first question: some seconds, once a process.

    Trees, sums and formulas never need it.
    """
    row = np.ones(2)
    game = Players(
        "",
        ("a", "b"),
        ("a", "b"),
        ("", ""),
        row,
        np.arange(2),
        lambda X: X.sum(axis=1),
        "score",
        2.0,
        lambda X: X,
    )
    _permutations(game, np.zeros((1, 2)), np.arange(2), 0)


# Any other model ----------------------------------------------------------------------------------------------------


def _explain_any(bundle: ModelBundle, game: Players, background: Background | None, seed: int) -> Explanation:
    background = default_background(bundle) if background is None else background
    rows = game.background_rows(background)
    moving = game.differing(rows)
    values, error = np.zeros(len(game)), np.zeros(len(game))
    base = float(game.value(rows).mean())
    if len(moving):
        values[moving], error[moving] = _permutations(game, rows, moving, seed)
    limits = (
        f"Estimated from {2 * N_PERMUTATIONS} orders of the features; each value has a standard error.",
    )
    return game.explanation(
        "shapley", values, background, base_value=base, exact=False, std_error=error, seed=seed, limits=limits
    )


def _permutations(
    game: Players, rows: FloatMatrix, moving: NDArray[np.intp], seed: int
) -> tuple[FloatVector, FloatVector]:
    """Values and standard errors of the players that differ from the background, from shap's permutations."""
    import shap

    def worth(present: NDArray[np.float64]) -> FloatVector:
        everyone = np.ones((len(present), len(game)), dtype=bool)
        everyone[:, moving] = np.asarray(present) > 0.5
        return game.coalition_values(everyone, rows)

    m = len(moving)

    # A coalition is a row of ones and zeros, and masking writes the zeros: the background stays on our side, because
    # shap's own masker keeps 100 rows of a larger one in silence (max_samples).
    def masker(mask: NDArray[np.bool_], ones: NDArray[np.float64]) -> tuple[NDArray[np.float64]]:
        return (np.where(mask, ones, 0.0)[None, :],)

    masker.shape = (1, m)  # type: ignore[attr-defined]
    with _ONE_AT_A_TIME:
        state = np.random.get_state()
        try:
            explainer = shap.PermutationExplainer(worth, masker, seed=seed)
            found = explainer(
                np.ones((1, m)), max_evals=N_PERMUTATIONS * (2 * m + 1), error_bounds=True, silent=True
            )
        finally:
            np.random.set_state(state)
    # A forward and a backward walk through one order are not independent: count orders, not walks.
    return np.asarray(found.values[0]), np.asarray(found.error_std[0]) / np.sqrt(N_PERMUTATIONS)
