"""A shallow tree that imitates a model's answers, its questions in words, and where it sends unknown values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.overall.calibrated import one_probability
from explainers.overall.conditions import split_words
from oncology.counts import SMALLEST_COUNT, count_words

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Leaf", "Split", "surrogate_tree", "tree_lines"]

_SMALLEST_LEAF = 10


@dataclass(frozen=True, slots=True)
class Leaf:
    """Patients whom the tree gives one answer."""

    answer: float
    probability: float | None
    n: int

    @property
    def words(self) -> str:
        """The answer, and for how many patients of those the tree was fitted to."""
        number = (
            f"{100 * self.probability:.0f} of 100" if self.probability is not None else f"{self.answer:.2f}"
        )
        return f"{number} ({count_words(self.n)} patients)"


@dataclass(frozen=True, slots=True)
class Split:
    """A question of the tree: where it holds, where it does not, and where unknown values go."""

    holds_words: str
    fails_words: str
    holds: Split | Leaf
    fails: Split | Leaf


def surrogate_tree(
    bundle: ModelBundle,
    option: str,
    fit: FloatMatrix,
    margin: FloatVector,
    judge: FloatMatrix,
    depth: int,
    seed: int,
) -> tuple[Split | Leaf, FloatVector]:
    """The tree fitted to margins (n,) of rows (n, c), and its answers for the rows that judge it."""
    from sklearn.tree import DecisionTreeRegressor

    # A column that nobody has a value in cannot be split; a constant tells a tree nothing.
    empty = np.isnan(fit).all(axis=0)
    fit, judge = np.where(empty, 0.0, fit), np.where(empty, 0.0, judge)
    smallest = max(_SMALLEST_LEAF, SMALLEST_COUNT, len(fit) // 100)
    found = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=smallest, random_state=seed).fit(
        fit, margin
    )
    unknown: NDArray[np.bool_] = np.asarray(np.isnan(fit).any(axis=0))
    return _node(bundle, option, found.tree_, 0, unknown), np.asarray(found.predict(judge), dtype=np.float64)


def _node(bundle: ModelBundle, option: str, t: Any, at: int, unknown: NDArray[np.bool_]) -> Split | Leaf:
    if t.children_left[at] < 0:
        answer = float(t.value[at].ravel()[0])
        return Leaf(answer, one_probability(bundle, option, answer), int(t.n_node_samples[at]))
    column = int(t.feature[at])
    spec = bundle.schema.features[int(bundle.schema.feature_of_column[column])]
    yes, no = split_words(spec, column - bundle.schema.columns_of(spec.name).start, float(t.threshold[at]))
    if unknown[column]:
        word = "not assayed" if spec.is_alteration else "not known"
        if t.missing_go_to_left[at]:
            no = f"{no.replace('tested, not altered', 'not altered')} or {word}"
        else:
            yes = f"{yes} or {word}"
    # sklearn's left child holds what is up to the threshold.
    holds, fails = int(t.children_right[at]), int(t.children_left[at])
    return Split(yes, no, _node(bundle, option, t, holds, unknown), _node(bundle, option, t, fails, unknown))


def tree_lines(node: Split | Leaf, depth: int = 0) -> list[str]:
    """The tree as indented text, one line a question or answer."""
    pad = "    " * depth
    if isinstance(node, Leaf):
        return [f"{pad}{node.words}"]
    out = []
    for words, child in ((node.holds_words, node.holds), (node.fails_words, node.fails)):
        if isinstance(child, Leaf):
            out.append(f"{pad}{words}: {child.words}")
        else:
            out += [f"{pad}{words}:", *tree_lines(child, depth + 1)]
    return out
