"""Which pairs of a patient's facts matter together: Shapley interaction values of tree models, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import tree_paths
from explainers.explanation import FloatMatrix, Unit
from explainers.families import Family, estimator_of, family_of, tree_form
from explainers.players import CannotExplainError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Interaction", "Interactions", "of_features", "patient_interactions", "why_no_pairs"]

# Smaller than what the screen shows of a number.
_NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class Interaction:
    """What two facts add together beyond what each adds alone.

    Parameters
    ----------
    features, labels, states : pairs of str
        Feature names, their labels, and this patient's values in words.
    value : float, in the unit of `Interactions`
        Positive where the two raise the model's answer more together than apart.
    """

    features: tuple[str, str]
    labels: tuple[str, str]
    states: tuple[str, str]
    value: float
    unit: Unit

    @property
    def words(self) -> str:
        """One sentence."""
        (a, b), (x, y) = self.labels, self.states
        way = "higher" if self.value > 0 else "lower"
        return (
            f"{a} ({x}) and {b} ({y}) together put the model's answer {abs(self.value):.2f} {self.unit} {way} than the "
            "two do apart."
        )


@dataclass(frozen=True, eq=False, slots=True)
class Interactions:
    """All pairs of one patient's facts for one option, the strongest first.

    Parameters
    ----------
    option : str
    pairs : tuple of Interaction
        Every pair with a value other than zero.
    unit : {"log-odds", "probability"}
    background : str
        What the values compare with, in words.
    share : float
        Of all that moves this patient's answer (absolute main effects and pairs), the part that belongs to pairs.
    """

    option: str
    label: str
    pairs: tuple[Interaction, ...]
    unit: Unit
    background: str
    share: float

    def strongest(self, most: int = 5) -> tuple[Interaction, ...]:
        """Pairs that are large enough to be seen on the screen."""
        return tuple(p for p in self.pairs[:most] if abs(p.value) >= _NOTHING)

    @property
    def words(self) -> str:
        """What is to be said of all pairs in one or two sentences."""
        if not self.pairs:
            return f"For this patient no two facts act together on {self.label}: every one counts on its own."
        if not self.strongest():
            return (
                f"No pair moves the model's answer on {self.label} by {_NOTHING:g} {self.unit} or more: the facts count "
                "on their own."
            )
        return (
            f"Pairs account for {100 * self.share:.0f} % of what moves the model's answer on {self.label} for this "
            "patient; the rest comes from single facts."
        )

    @property
    def small_print(self) -> str:
        """How to read the numbers."""
        return (
            f"Shapley interaction values in {self.unit}, exact, compared with {self.background}. Half of each pair's "
            "number is part of each fact's own share above. They tell what this model makes of the two facts, not how "
            "two alterations act in a tumour."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a pair."""
        return [
            {
                "first": p.labels[0],
                "is": p.states[0],
                "second": p.labels[1],
                "is too": p.states[1],
                f"together beyond apart ({self.unit})": round(p.value, 6),
            }
            for p in self.pairs
        ]


def patient_interactions(bundle: ModelBundle, row: ArrayLike, option: str) -> Interactions:
    """Pairwise Shapley interaction values of one patient for one option of a tree model.

    Parameters
    ----------
    row : array-like (c,)
    option : str

    Raises
    ------
    CannotExplainError
        For a formula, a sum of single terms or any other model, with the reason.

    Notes
    -----
    A pair's value is the sum of both halves of the symmetric matrix (Lundberg et al. 2020), so single effects and
    pairs add up to the answer minus the base value. Columns of one feature are added up; pairs within one feature
    belong to its single effect.
    """
    row = np.asarray(row, dtype=np.float64)
    bundle.schema.check_width(len(row))
    option = bundle.options[bundle.option_index(option)]
    ensemble = None if (why := why_no_pairs(bundle, option)) else tree_form(bundle, option)
    if ensemble is None:
        raise CannotExplainError(
            why
            or f"The trees of {type(estimator_of(bundle, option)).__name__} have no exact form here, so pairs are not shown."
        )
    # A forest has one output a class; the last is the outcome itself.
    both = of_features(ensemble.interactions(row)[0, :, :, -1], bundle.schema.feature_of_column)
    first, second = np.triu_indices(len(both), k=1)
    values = 2 * both[first, second]
    single = float(np.abs(np.diag(both)).sum())
    together = float(np.abs(values).sum())
    specs = bundle.schema.features
    words = [f.words(v) for f, v in zip(specs, bundle.schema.decode(row), strict=True)]
    pairs = [
        Interaction(
            (specs[i].name, specs[j].name),
            (specs[i].label, specs[j].label),
            (words[i], words[j]),
            float(v),
            bundle.unit,
        )
        for i, j, v in zip(first, second, values, strict=True)
        if v != 0
    ]
    pairs.sort(key=lambda p: -abs(p.value))
    share = together / (single + together) if single + together > 0 else 0.0
    return Interactions(option, bundle.label(option), tuple(pairs), bundle.unit, tree_paths().name, share)


def of_features(columns: FloatMatrix, feature_of_column: NDArray[np.intp]) -> FloatMatrix:
    """Columns (c, c) added up to features (p, p)."""
    first = np.searchsorted(feature_of_column, np.arange(feature_of_column[-1] + 1))
    return np.add.reduceat(np.add.reduceat(columns, first, axis=0), first, axis=1)


def why_no_pairs(bundle: ModelBundle, option: str) -> str:
    """Why this option's model has no interaction values; empty where it has them."""
    if bundle.formula is not None:
        return (
            "The score is a published sum: every variable adds its own points whatever the others are, so no two of them "
            "act together. Facts that belong to one variable do; the variable's name tells which."
        )
    family = family_of(bundle, option)
    if family == Family.ADDITIVE:
        return "This model is a sum of single inputs: no two of them act together, so there are no interactions to show."
    if family == Family.TREES:
        return ""
    if bundle.output_kind == "classes":
        return (
            "The options of this model exclude each other, and its answer on one depends on all others; that answer is "
            "no sum of trees, so its interactions cannot be computed exactly and are not shown."
        )
    return (
        f"Interactions are computed exactly, which is possible for tree models only; {type(estimator_of(bundle, option)).__name__} "
        "is not one, so none are shown."
    )
