"""An ordered list of rules that imitates a model's answers: the first rule whose conditions all hold gives the answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.overall.calibrated import one_probability
from explainers.overall.conditions import conditions_of, held
from oncology.counts import shown

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Rule", "rule_list"]

_SMALLEST_RULE = 10
_PAIRS_OF = 24  # single conditions that are tried in pairs
# Share of the answers' variance that a rule has to take up, and what a second condition has to add.
_LEAST_GAIN, _SECOND = 0.01, 1.05


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the list: the first rule whose conditions all hold gives the answer."""

    conditions: tuple[str, ...]
    answer: float
    probability: float | None
    n: int | None

    @property
    def words(self) -> str:
        """The line as it is read out."""
        return " and ".join(self.conditions) if self.conditions else "everybody else"


def rule_list(
    bundle: ModelBundle, option: str, fit: FloatMatrix, margin: FloatVector, judge: FloatMatrix, n_rules: int
) -> tuple[tuple[Rule, ...], FloatVector]:
    """Rules chosen one by one: each takes out the patients that lower the squared error of those left the most."""
    conditions = conditions_of(bundle.schema, fit)
    on_fit, on_judge = held(conditions, fit), held(conditions, judge)
    left, waiting = np.ones(len(fit), dtype=bool), np.ones(len(judge), dtype=bool)
    predicted = np.empty(len(judge))
    smallest = max(_SMALLEST_RULE, len(fit) // 100)
    whole = float(((margin - margin.mean()) ** 2).sum())
    rules: list[Rule] = []
    while len(rules) < n_rules and left.sum() >= 2 * smallest:
        chosen, gain = _best(on_fit[left], margin[left], smallest)
        if gain < _LEAST_GAIN * whole:
            break
        covered, asked = on_fit[:, chosen].all(axis=1) & left, on_judge[:, chosen].all(axis=1) & waiting
        answer = float(margin[covered].mean())
        rules.append(
            Rule(
                tuple(conditions[c].words for c in chosen), answer, one_probability(bundle, option, answer),
                shown(int(covered.sum())),
            )
        )  # fmt: skip
        predicted[asked] = answer
        left, waiting = left & ~covered, waiting & ~asked
    answer = float(margin[left].mean())
    predicted[waiting] = answer
    rules.append(Rule((), answer, one_probability(bundle, option, answer), shown(int(left.sum()))))
    return tuple(rules), predicted


def _best(holds: NDArray[np.bool_], margin: FloatVector, smallest: int) -> tuple[list[int], float]:
    """The condition, or pair of conditions, that lowers the squared error most, and by how much."""
    n, centred = len(margin), margin - margin.mean()

    def gains(sets: NDArray[np.bool_]) -> FloatVector:
        inside = sets.sum(axis=0)
        sums = centred @ sets
        outside = n - inside
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = sums**2 / inside + sums**2 / outside
        return np.where((inside >= smallest) & (outside >= smallest), gain, -1.0)

    single = gains(holds)
    if not len(single):
        return [], -1.0
    best = [int(single.argmax())]
    most = float(single.max())
    leading = np.argsort(-single, kind="stable")[:_PAIRS_OF]
    pairs = list(combinations(leading[single[leading] > 0].tolist(), 2))
    if pairs:
        a, b = np.array(pairs).T
        both = gains(holds[:, a] & holds[:, b])
        # A second condition has to earn its place.
        if both.max() > _SECOND * most:
            best, most = list(pairs[int(both.argmax())]), float(both.max())
    return best, most
