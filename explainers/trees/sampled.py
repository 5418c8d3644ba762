"""Shapley values on the probability scale, by sampling.

A boosted model's probability is its margin through a logistic (or softmax) link. The Shapley value of a link of a sum
is not the sum of the leaves' values, so nothing exact and fast is known, and what this module gives is an
**estimate with a standard error**, marked as such; the exact values live on the margin (`TreeEnsemble.shapley`).

Each draw takes one background row and walks from it to the patient, one feature at a time in a random order, reading
the probability after each step; the steps' differences are unbiased for the interventional Shapley values [1]_. Every
order is also walked backwards from the same background row (antithetic pairs [2]_), and every background row is used
equally often, so the estimates add up exactly to the probability minus its mean over the background. The standard
error is that of the pairs' means; because background rows are dealt out evenly rather than drawn, it errs on the
large side.

References
----------
.. [1] Strumbelj & Kononenko (2014), Knowledge and Information Systems 41.
.. [2] Mitchell, Cooper, Frank & Holmes (2022), Sampling permutations for Shapley value estimation, JMLR 23.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.errors import BackgroundError, FeatureMismatchError, TreeEngineError
from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble

__all__ = ["SampledValues", "sampled_probability"]

ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False, slots=True)
class SampledValues:
    """Estimated Shapley values of one row's probabilities.

    Attributes
    ----------
    values : float array of shape (p, k)
        In probability; ``base_values + values.sum(0) == probability`` up to rounding.
    std_error : float array of shape (p, k)
    base_values : float array of shape (k,)
        Mean probability over the background, computed, not sampled.
    probability : float array of shape (k,)
        Of the row, before any calibration map.
    n_pairs : int
        Antithetic pairs of orders that were walked.
    seed : int
    """

    values: Floats
    std_error: Floats
    base_values: Floats
    probability: Floats
    n_pairs: int
    seed: int


def sampled_probability(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    background: ArrayLike,
    *,
    rounds: int = 1,
    seed: int = 0,
) -> SampledValues:
    """Estimate one row's Shapley values on the probability scale.

    Parameters
    ----------
    ensemble : TreeEnsemble
        In log-odds; the link is the softmax where its outputs are exclusive, else the logistic function.
    row : array-like of shape (p,)
    background : array-like of shape (b, p)
        At least two rows.
    rounds : int, default 1
        Antithetic pairs per background row.
    seed : int, default 0

    Raises
    ------
    TreeEngineError
        If the outputs are not log-odds; probabilities are explained exactly by `TreeEnsemble.shapley`.
    BackgroundError
        If there are fewer than two background rows, which give no standard error.
    FeatureMismatchError
        If not exactly one row is given, or it or the background does not fit the model.
    """
    if ensemble.unit != "log-odds":
        raise TreeEngineError(
            f"The outputs are in {ensemble.unit}, not log-odds: TreeEnsemble.shapley explains them exactly."
        )
    rows = ensemble.rows(row)
    if len(rows) != 1:
        raise FeatureMismatchError(
            f"Probabilities are explained for one row at a time; {len(rows)} were given. Ask once per patient."
        )
    x = rows[0, : ensemble.n_features]
    reference = ensemble.rows(background)[:, : ensemble.n_features]
    if len(reference) * rounds < 2:
        raise BackgroundError(
            f"{len(reference)} background row and {rounds} round give no standard error; use more of either."
        )

    def probability(rows: Floats) -> Floats:
        margin = ensemble.predict(rows)
        if ensemble.exclusive:
            powers = np.exp(margin - margin.max(1, keepdims=True))
            return powers / powers.sum(1, keepdims=True)
        return 1 / (1 + np.exp(-np.clip(margin, -700, 700)))

    tested = np.unique(ensemble.boxes.feature)
    rng = np.random.default_rng(seed)
    shape = (ensemble.n_features, ensemble.n_outputs)
    total, squares, n_pairs = np.zeros(shape), np.zeros(shape), 0
    waiting: list[tuple[np.ndarray, Floats]] = []

    def finish() -> None:
        nonlocal n_pairs
        outputs = probability(np.concatenate([path for _, path in waiting]))
        at = 0
        for order, path in waiting:
            steps = np.diff(outputs[at : at + len(path)], axis=0)
            at += len(path)
            m = len(order)
            mean = np.zeros(shape)
            mean[order] += steps[:m] / 2  # forwards: background to patient
            mean[order] -= steps[m + 1 :] / 2  # the same order again: patient back to background
            total[:] += mean
            squares[:] += mean**2
            n_pairs += 1
        waiting.clear()

    for _ in range(rounds):
        for z in reference:
            differs = tested[~((x[tested] == z[tested]) | (np.isnan(x[tested]) & np.isnan(z[tested])))]
            order = rng.permutation(differs)
            reached = np.tri(len(order) + 1, len(order), -1, dtype=bool)
            forwards, backwards = np.repeat(z[None], len(reached), 0), np.repeat(x[None], len(reached), 0)
            forwards[:, order] = np.where(reached, x[order], z[order])
            backwards[:, order] = np.where(reached, z[order], x[order])
            waiting.append((order, np.concatenate([forwards, backwards])))
            if sum(len(path) for _, path in waiting) >= ROWS_AT_ONCE:
                finish()
    if waiting:
        finish()
    values = total / n_pairs
    variance = np.maximum(squares / n_pairs - values**2, 0) * n_pairs / max(1, n_pairs - 1)
    return SampledValues(
        values,
        np.sqrt(variance / n_pairs),
        probability(reference).mean(0),
        probability(x[None])[0],
        n_pairs,
        seed,
    )
