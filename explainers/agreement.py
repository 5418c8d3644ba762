"""Where several explanations of one score agree, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import Explanation, FloatVector
from oncology.errors import OncologyError

__all__ = ["Agreement", "Claim", "ComparisonError", "Pair", "compare"]

# How a sentence names the methods; explainers.local.METHOD_LABELS has their titles.
_NAMES = {
    "shapley": "Shapley",
    "lime": "LIME",
    "lime-repeated": "repeated LIME",
    "ablation": "leave-one-out",
    "exact": "the exact method",
}
# A value below this share of the largest one counts as none: methods differ in their noise, not in their message.
_NEGLIGIBLE = 0.02


class ComparisonError(OncologyError, ValueError):
    """Explanations that do not speak of the same thing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """How far two methods agree.

    rank_correlation : Spearman's, over the signed values of all features that either method gives weight; NaN
        where fewer than three.
    same_sign : share of the features in either top list whose sign is the same, in [0, 1].
    top_overlap : share of the top list that both name, in [0, 1].
    """

    first: str
    second: str
    rank_correlation: float
    same_sign: float
    top_overlap: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One feature's part, as the methods tell it: in favour of response, against it, or not the same."""

    feature: str
    label: str
    state: str
    direction: Literal["for", "against", "disputed"]
    methods_for: tuple[str, ...]
    methods_against: tuple[str, ...]
    methods_silent: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """What all methods say, and what they dispute, among the `top` features of each."""

    option: str
    methods: tuple[str, ...]
    top: int
    pairs: tuple[Pair, ...]
    agreed: tuple[Claim, ...]
    disputed: tuple[Claim, ...]
    words: str

    def rows(self) -> list[dict[str, Any]]:
        """One row a claim, agreed ones first, for a table."""
        return [
            {
                "feature": claim.label,
                "patient": claim.state,
                "verdict": "agreed" if claim in self.agreed else "disputed",
                "direction": claim.direction,
                "for": ", ".join(claim.methods_for),
                "against": ", ".join(claim.methods_against),
                "no weight": ", ".join(claim.methods_silent),
            }
            for claim in (*self.agreed, *self.disputed)
        ]

    def pair_rows(self) -> list[dict[str, Any]]:
        """One row a pair of methods: order, signs and leading inputs they share."""
        return [
            {
                "methods": f"{_NAMES.get(p.first, p.first)} and {_NAMES.get(p.second, p.second)}",
                "rank correlation": None if np.isnan(p.rank_correlation) else round(p.rank_correlation, 2),
                f"same sign among the {self.top} largest": f"{100 * p.same_sign:.0f} %",
                f"{self.top} largest in common": f"{100 * p.top_overlap:.0f} %",
            }
            for p in self.pairs
        ]


def compare(explanations: Sequence[Explanation], *, top: int = 5) -> Agreement:
    """Compare explanations of the same patient, option and features.

    Parameters
    ----------
    explanations : sequence of Explanation, two or more
    top : int
        Length of each method's list of largest values.

    Raises
    ------
    ComparisonError
        With fewer than two explanations, or when they explain different scores.
    """
    if len(explanations) < 2:
        raise ComparisonError(f"Comparing needs two explanations or more; found {len(explanations)}.")
    first = explanations[0]
    for other in explanations[1:]:
        if (
            other.feature_names != first.feature_names
            or other.option != first.option
            or other.unit != first.unit
        ):
            raise ComparisonError(
                f"{other.method} explains {other.option!r} in {other.unit} over {len(other.feature_names)} features, "
                f"{first.method} explains {first.option!r} in {first.unit} over {len(first.feature_names)}; "
                "explain the same option of the same model with each."
            )
    methods = tuple(e.method for e in explanations)
    signs = np.array([_signs(e.values) for e in explanations])
    tops = [set(_top(e.values, top)) for e in explanations]
    pairs = tuple(
        _pair(explanations[a], explanations[b], signs[[a, b]], tops[a], tops[b], top)
        for a, b in combinations(range(len(explanations)), 2)
    )
    named = sorted(set().union(*tops), key=lambda j: -max(_share(e.values)[j] for e in explanations))
    claims = [_claim(first, j, methods, signs[:, j]) for j in named]
    agreed = tuple(c for c in claims if c.direction != "disputed" and not c.methods_silent)
    disputed = tuple(c for c in claims if c not in agreed)
    return Agreement(first.option, methods, top, pairs, agreed, disputed, _summary(methods, agreed, disputed))


def _share(values: FloatVector) -> FloatVector:
    largest = np.abs(values).max(initial=0.0)
    return np.abs(values) / largest if largest > 0 else np.zeros_like(values)


def _signs(values: FloatVector) -> NDArray[np.int_]:
    return np.where(_share(values) < _NEGLIGIBLE, 0, np.sign(values)).astype(int)


def _top(values: FloatVector, top: int) -> list[int]:
    order = np.argsort(-np.abs(values), kind="stable")[:top]
    return [int(j) for j in order if _share(values)[j] >= _NEGLIGIBLE]


def _pair(
    a: Explanation, b: Explanation, signs: NDArray[np.int_], top_a: set[int], top_b: set[int], top: int
) -> Pair:
    from scipy.stats import spearmanr

    heard = np.flatnonzero((signs != 0).any(axis=0))
    rank = float("nan")
    x, y = a.values[heard], b.values[heard]
    if len(heard) >= 3 and np.ptp(x) > 0 and np.ptp(y) > 0:
        rank = float(spearmanr(x, y).statistic)
    either = sorted(top_a | top_b)
    same = float(np.mean(signs[0, either] == signs[1, either])) if either else 1.0
    longest = max(len(top_a), len(top_b))
    return Pair(a.method, b.method, rank, same, len(top_a & top_b) / longest if longest else 1.0)


def _claim(first: Explanation, j: int, methods: tuple[str, ...], signs: NDArray[np.int_]) -> Claim:
    plus = tuple(m for m, s in zip(methods, signs, strict=True) if s > 0)
    minus = tuple(m for m, s in zip(methods, signs, strict=True) if s < 0)
    silent = tuple(m for m, s in zip(methods, signs, strict=True) if s == 0)
    direction: Literal["for", "against", "disputed"] = (
        "disputed" if plus and minus else "for" if plus else "against"
    )
    patient = f"{first.feature_labels[j]} ({first.feature_words[j]})"
    up, down = ("a higher score", "a lower score")
    if direction == "disputed":
        words = f"{patient}: towards {up} in {_listed(plus)}, towards {down} in {_listed(minus)}."
    else:
        who = "all methods" if not silent else _listed(plus or minus)
        words = f"{patient} counts towards {up if plus else down} in {who}."
        if silent:
            words = f"{words[:-1]}; no weight in {_listed(silent)}."
    return Claim(
        first.feature_names[j], first.feature_labels[j], first.feature_words[j], direction, plus, minus, silent, words
    )  # fmt: skip


def _listed(methods: Sequence[str]) -> str:
    methods = [_NAMES.get(m, m) for m in methods]
    return methods[0] if len(methods) == 1 else f"{', '.join(methods[:-1])} and {methods[-1]}"


def _summary(methods: tuple[str, ...], agreed: tuple[Claim, ...], disputed: tuple[Claim, ...]) -> str:
    total = len(agreed) + len(disputed)
    if not total:
        return "No method gives any input weight: the score is that of the population compared with."
    return (
        f"Of {total} inputs that at least one of {len(methods)} methods puts among its largest, "
        f"{len(agreed)} {'has' if len(agreed) == 1 else 'have'} weight of the same sign in all of them, "
        f"{len(disputed)} {'has' if len(disputed) == 1 else 'have'} not. Agreement says that the methods read the model "
        "alike, not that the model is right."
    )
