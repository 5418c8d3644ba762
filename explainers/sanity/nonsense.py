"""Models that have nothing to say, made of one that has: its labels shuffled, or its parameters."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.families import estimator_of
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["CannotRandomiseError", "randomised", "refitted", "shuffled_labels"]

FEWEST = 5


class CannotRandomiseError(CannotExplainError):
    """A model whose parameters cannot be shuffled here."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"The parameters of {kind} cannot be shuffled here: that is offered for scikit-learn's trees, forests, "
            "boosting, linear models and networks. The check with shuffled labels works for any classifier."
        )
        self.kind = kind


def refitted(bundle: ModelBundle, option: str, *, seed: int = 0) -> ModelBundle:
    """The same model fitted again to as many patients drawn with replacement: what an honest refit looks like.

    Raises
    ------
    NoCohortError
        If the bundle ships no training patients.
    """
    X, labels = _training(bundle, option)
    rng = np.random.default_rng([seed, 1])
    # Within each outcome, so that a small option keeps both.
    drawn = np.concatenate(
        [rng.choice(np.flatnonzero(labels == v), (labels == v).sum()) for v in np.unique(labels)]
    )
    return _with(bundle, option, _fit(estimator_of(bundle, option), X[drawn], labels[drawn]))


def shuffled_labels(bundle: ModelBundle, option: str, *, seed: int = 0) -> ModelBundle:
    """The same learner fitted to the same patients with their outcomes shuffled among them.

    Raises
    ------
    NoCohortError
        If the bundle ships no training patients.
    """
    X, labels = _training(bundle, option)
    rng = np.random.default_rng([seed, 2])
    return _with(bundle, option, _fit(estimator_of(bundle, option), X, rng.permutation(labels)))


def randomised(bundle: ModelBundle, option: str, *, seed: int = 0) -> ModelBundle:
    """The same model with its own parameters in another order: splits and leaves, or weights.

    Raises
    ------
    CannotRandomiseError
        For a kind of model that is not known here.
    """
    if bundle.formula is not None:
        raise CannotRandomiseError("a published formula")
    estimator = copy.deepcopy(estimator_of(bundle, option))
    _shuffle(estimator, np.random.default_rng([seed, 3]))
    return _with(bundle, option, estimator)


def _with(bundle: ModelBundle, option: str, estimator: Any) -> ModelBundle:
    key = option if option in bundle.estimators else next(iter(bundle.estimators))
    return dataclasses.replace(bundle, estimators={**bundle.estimators, key: estimator})


def _training(bundle: ModelBundle, option: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    if bundle.training is None or bundle.formula is not None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    y = np.asarray(bundle.training.y[option], dtype=np.float64)
    had = ~np.isnan(y)
    labels: NDArray[Any] = y[had]
    if bundle.output_kind == "classes":
        labels = np.asarray(bundle.options)[np.argmax(np.asarray(bundle.training.y)[had], axis=1)]
    return np.asarray(bundle.training.X, dtype=np.float64)[had], labels


def _fit(estimator: Any, X: NDArray[np.float64], labels: NDArray[Any]) -> Any:
    from sklearn.base import clone

    # A column that nobody of a sample has a value in cannot be binned; a constant tells a model nothing.
    return clone(estimator).fit(np.where(np.isnan(X).all(axis=0), 0.0, X), labels)


def _shuffle(estimator: Any, rng: np.random.Generator) -> None:
    if hasattr(estimator, "steps"):
        _shuffle(estimator.steps[-1][1], rng)
    elif hasattr(estimator, "_predictors"):
        _shuffle_histogram_trees([p for trees in estimator._predictors for p in trees], rng)
    elif hasattr(estimator, "estimators_"):
        _shuffle_trees([t.tree_ for t in np.ravel(np.asarray(estimator.estimators_, dtype=object))], rng)
    elif hasattr(estimator, "tree_"):
        _shuffle_trees([estimator.tree_], rng)
    elif hasattr(estimator, "coefs_"):
        estimator.coefs_ = [_reordered(w, rng) for w in estimator.coefs_]
    elif hasattr(estimator, "coef_"):
        weights = np.asarray(estimator.coef_)
        estimator.coef_ = _reordered(weights, rng) * rng.choice([-1.0, 1.0], weights.shape)
    else:
        raise CannotRandomiseError(type(estimator).__name__)


def _reordered(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.permutation(np.ravel(weights)).reshape(np.shape(weights))


_SPLIT = ("feature_idx", "num_threshold", "bin_threshold", "missing_go_to_left")


def _shuffle_histogram_trees(predictors: list[Any], rng: np.random.Generator) -> None:
    """Splits (with their thresholds) and leaf values change places over the whole ensemble."""
    nodes = [p.nodes for p in predictors]
    leaves = [n["is_leaf"].astype(bool) for n in nodes]
    # A split by category reads a table of its own tree, and stays where it is.
    splits = [~leaf & ~n["is_categorical"].astype(bool) for n, leaf in zip(nodes, leaves, strict=True)]
    for names, chosen in ((("value",), leaves), (_SPLIT, splits)):
        sizes = [int(c.sum()) for c in chosen]
        order = rng.permutation(sum(sizes))
        for name in names:
            mixed = np.concatenate([n[name][c] for n, c in zip(nodes, chosen, strict=True)])[order]
            for n, c, part in zip(nodes, chosen, np.split(mixed, np.cumsum(sizes)[:-1]), strict=True):
                n[name][c] = part


def _shuffle_trees(trees: list[Any], rng: np.random.Generator) -> None:
    leaves = [t.children_left == -1 for t in trees]
    for name, chosen in (("value", leaves), ("feature", [~leaf for leaf in leaves])):
        sizes = [int(c.sum()) for c in chosen]
        order = rng.permutation(sum(sizes))
        mixed = np.concatenate([getattr(t, name)[c] for t, c in zip(trees, chosen, strict=True)])[order]
        for t, c, part in zip(trees, chosen, np.split(mixed, np.cumsum(sizes)[:-1]), strict=True):
            getattr(t, name)[c] = part
