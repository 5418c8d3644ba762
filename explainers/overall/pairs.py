"""Which pairs of inputs act together over many patients: mean size of the Shapley interactions, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.background import tree_paths
from explainers.explanation import FloatMatrix, FloatVector, Unit
from explainers.families import tree_form
from explainers.interactions import of_features, why_no_pairs
from explainers.overall.asked_patients import had_option
from explainers.overall.cooccurrence import CoOccurrence, co_occurrence
from explainers.players import CannotExplainError
from oncology.counts import SMALLEST_COUNT
from oncology.features import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Pair", "Pairs", "strongest_pairs"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two inputs that act together.

    Parameters
    ----------
    features, labels : pairs of str
    value, low, high : float, in the unit of `Pairs`
        Mean size over the patients, with a 95 % bootstrap interval over patients.
    together : float or None
        For two alterations: mean interaction of the patients who have both; positive where the two raise the answer more
        together than apart. None where fewer than five patients have both.
    company : CoOccurrence or None
        How the two occur together; None unless both are alterations.
    """

    features: tuple[str, str]
    labels: tuple[str, str]
    value: float
    low: float
    high: float
    together: float | None
    company: CoOccurrence | None

    @property
    def words(self) -> str:
        """Whether having both raises or lowers the answer beyond the two apart."""
        if self.together is None:
            return "depends on the values"
        way = "higher" if self.together > 0 else "lower"
        return f"with both the answer is {abs(self.together):.2f} {way} than the two apart"


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """The strongest pairs of one option's model.

    Parameters
    ----------
    pairs : tuple of Pair
        Strongest first, with what co-occurrence is known.
    partner : mapping of feature to feature
        With which other feature each acts together most; absent where it acts with none.
    share : float
        Of all that moves the answers (mean sizes of single effects and pairs), the part that belongs to pairs.
    """

    option: str
    label: str
    pairs: tuple[Pair, ...]
    partner: dict[str, str]
    share: float
    n_patients: int
    unit: Unit
    background: str
    seed: int
    stopped: str = ""

    @property
    def words(self) -> str:
        """What is to be said of all pairs."""
        if not self.pairs:
            return (
                f"No two inputs act together on {self.label}: the model adds up single inputs.{self.stopped}"
            )
        return (
            f"Pairs account for {100 * self.share:.0f} % of what moves the model's answers on {self.label}, over "
            f"{self.n_patients:,} patients; the rest comes from single inputs.{self.stopped}"
        )

    @property
    def small_print(self) -> str:
        """How to read the numbers."""
        return (
            f"Mean size of the exact Shapley interaction values in {self.unit}, compared with {self.background}; 95 % interval "
            "over patients. A pair tells what this model makes of two inputs together, not how two alterations act in a "
            "tumour. Alterations that rarely stand together give the model little to learn a pair from."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a pair."""
        return [
            {
                "first": p.labels[0],
                "second": p.labels[1],
                f"mean size ({self.unit})": round(p.value, 4),
                "low": round(p.low, 4),
                "high": round(p.high, 4),
                "in the model": p.words,
                "in the training cohort": "–" if p.company is None else p.company.words,
            }
            for p in self.pairs
        ]


def strongest_pairs(
    bundle: ModelBundle,
    option: str,
    *,
    top: int = 10,
    n_patients: int = 200,
    n_bootstrap: int = 200,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Pairs:
    """The pairs of inputs with the largest mean interaction among patients who had the option.

    Parameters
    ----------
    stop : function, optional
        Asked between patients; on True the patients explained so far are used, and it is said.

    Raises
    ------
    CannotExplainError
        For a formula, a sum of single terms or any model without exact trees, with the reason.
    NoCohortError
    """
    option = bundle.options[bundle.option_index(option)]
    if why := why_no_pairs(bundle, option):
        raise CannotExplainError(why)
    ensemble = tree_form(bundle, option)
    if ensemble is None:
        raise CannotExplainError("The trees of this model have no exact form here, so pairs are not shown.")
    X = had_option(bundle, option)
    if len(X) > n_patients:
        X = X[np.sort(np.random.default_rng(seed).choice(len(X), n_patients, replace=False))]
    p = len(bundle.schema.features)
    first, second = np.triu_indices(p, k=1)
    # Only pairs that some tree asks about differ from 0: few of the two million that 2,000 inputs have.
    acting: list[NDArray[np.intp]] = []
    values: list[FloatVector] = []
    single = np.empty((len(X), p))
    done = 0
    for i, row in enumerate(X):
        if i and stop is not None and stop():
            break
        both = of_features(ensemble.interactions(row)[0, :, :, -1], bundle.schema.feature_of_column)
        pair = 2 * both[first, second]
        acting.append(np.flatnonzero(pair))
        values.append(pair[acting[-1]])
        single[i] = np.diag(both)
        done = i + 1
        if progress is not None:
            progress(done / len(X))
    stopped = "" if done == len(X) else f" Stopped after {done} of {len(X)} patients."
    X, single = X[:done], single[:done]
    mean = np.bincount(
        np.concatenate(acting), weights=np.abs(np.concatenate(values)), minlength=len(first)
    ) / done  # fmt: skip
    alone = float(np.abs(single).mean(axis=0).sum())
    order = [int(k) for k in np.argsort(-mean, kind="stable")[:top] if mean[k] > 0]
    # The strongest pairs of every patient, (n, top).
    strong = np.zeros((done, len(order)))
    for n, (pair_of, v) in enumerate(zip(acting, values, strict=True)):
        strong[n] = [_value_of(o, pair_of, v) for o in order]
    drawn = np.random.default_rng(seed).multinomial(done, np.full(done, 1 / done), size=n_bootstrap) / done
    low, high = np.percentile(drawn @ np.abs(strong), [2.5, 97.5], axis=0) if order else ((), ())
    specs = bundle.schema.features
    found = []
    for at, k in enumerate(order):
        a, b = specs[first[k]], specs[second[k]]
        found.append(
            Pair(
                (a.name, b.name), (a.label, b.label), float(mean[k]), float(low[at]), float(high[at]),
                _together(bundle, X, a, b, strong[:, at]), co_occurrence(bundle, a.name, b.name),
            )
        )  # fmt: skip
    whole = float(mean.sum()) + alone
    return Pairs(
        option, bundle.label(option), tuple(found), _partners(bundle, mean, first, second),
        float(mean.sum()) / whole if whole > 0 else 0.0, done, bundle.unit, tree_paths().name, seed, stopped,
    )  # fmt: skip


def _value_of(wanted: int, pairs: NDArray[np.intp], values: FloatVector) -> float:
    at = int(np.searchsorted(pairs, wanted))
    return float(values[at]) if at < len(pairs) and pairs[at] == wanted else 0.0


def _together(
    bundle: ModelBundle, X: FloatMatrix, a: FeatureSpec, b: FeatureSpec, values: FloatMatrix
) -> float | None:
    if not (a.is_alteration and b.is_alteration):
        return None
    x, z = (X[:, bundle.schema.columns_of(f.name).start] for f in (a, b))
    with_both = (x > 0.5) & (z > 0.5)
    return float(values[with_both].mean()) if with_both.sum() >= SMALLEST_COUNT else None


def _partners(bundle: ModelBundle, mean: FloatMatrix, first: Any, second: Any) -> dict[str, str]:
    names = bundle.schema.names
    table = np.zeros((len(names), len(names)))
    table[first, second] = table[second, first] = mean
    return {
        names[j]: names[int(table[j].argmax())] for j in range(len(names)) if table[j].max(initial=0.0) > 0
    }
