"""How alike explanations of a model are to those of the same model refitted, and of models that have nothing to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from explainers.agreement import compare
from explainers.local import METHOD_LABELS, explain
from explainers.neighbours import NoCohortError
from explainers.sanity.nonsense import CannotRandomiseError, randomised, refitted, shuffled_labels

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["KINDS", "SanityCheck", "sanity_checks"]

Kind = Literal["shuffled labels", "shuffled parameters"]
KINDS: dict[Kind, Callable[..., Any]] = {
    "shuffled labels": shuffled_labels,
    "shuffled parameters": randomised,
}
N_PATIENTS, N_MODELS = 24, 5
_N_BOOTSTRAP = 500
Verdict = Literal["differs", "does not differ", "cannot be told"]


@dataclass(frozen=True, slots=True)
class SanityCheck:
    """One method's explanations of one option, beside those of models that have nothing to say.

    Parameters
    ----------
    likeness : (mean, low, high)
        Rank correlation between the shares of this model and those of the nonsense models, over patients and models,
        with a 95 % interval.
    refit : (mean, low, high)
        The same between this model and honest refits to patients drawn again: what to expect of a stable explanation.
    gap : (mean, low, high)
        How much more alike the refits are, over the same patients.
    """

    option: str
    label: str
    method: str
    kind: Kind
    likeness: tuple[float, float, float]
    refit: tuple[float, float, float]
    gap: tuple[float, float, float]
    n_patients: int
    n_models: int

    @property
    def verdict(self) -> Verdict:
        """Whether the explanation depends on what the model has learnt.

        "cannot be told" where refits are hardly more alike than chance, for then the explanation is unstable anyway, and
        where too few patients leave the gap open.
        """
        if not self.refit[0] > 0.1:
            return "cannot be told"
        if self.gap[1] > 0:
            return "differs"
        return "does not differ" if self.likeness[0] > self.refit[0] / 2 else "cannot be told"

    def words(self) -> str:
        """The finding in one sentence."""
        name, these = METHOD_LABELS.get(self.method, self.method), f"{self.n_models} models with {self.kind}"
        found = (
            f"{name} for {self.label}: rank correlation {self.likeness[0]:.2f} ({self.likeness[1]:.2f} to "
            f"{self.likeness[2]:.2f}) with {these}, {self.refit[0]:.2f} ({self.refit[1]:.2f} to {self.refit[2]:.2f}) with "
            "honest refits"
        )
        return {
            "differs": f"{found}. The explanation depends on what the model has learnt.",
            "does not differ": f"{found}. A model that has learnt nothing is explained much the same: do not rely on it.",
            "cannot be told": f"{found}. Explanations scatter so much that nothing can be told from it.",
        }[self.verdict]


def sanity_checks(
    bundle: ModelBundle,
    option: str,
    *,
    method: str = "shapley",
    n_patients: int = N_PATIENTS,
    n_models: int = N_MODELS,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[SanityCheck, ...]:
    """Compare a model's explanations with those of nonsense models made of it.

    Parameters
    ----------
    method : str
        A key of `explainers.local.EXPLAINERS`.
    n_patients : int
        Training patients explained, drawn among those who had the option.
    n_models : int
        Models of each kind.

    Returns
    -------
    One check a kind; shuffled parameters are left out where the kind of model does not allow it.

    Raises
    ------
    NoCohortError
        For published formulas and bundles without training patients.

    Notes
    -----
    Adebayo et al. (2018), Sanity checks for saliency maps, NeurIPS.
    """
    if bundle.training is None or bundle.formula is not None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    had = np.flatnonzero(bundle.training.y[option].notna())
    rows = np.asarray(bundle.training.X, dtype=np.float64)[
        np.random.default_rng(seed).permutation(had)[:n_patients]
    ]
    own = [explain(bundle, row, method, option=option, seed=seed) for row in rows]
    makers: list[tuple[str, Callable[..., ModelBundle]]] = [("refit", refitted), *KINDS.items()]
    likeness: dict[str, NDArray[np.float64]] = {}
    done, total = 0, n_models * len(makers)
    for kind, make in makers:
        found = np.full((n_models, len(rows)), np.nan)
        try:
            for m in range(n_models):
                if m and stop is not None and stop():
                    break
                other = make(bundle, option, seed=seed + m)
                for i, row in enumerate(rows):
                    theirs = explain(other, row, method, option=option, seed=seed)
                    found[m, i] = compare([own[i], theirs]).pairs[0].rank_correlation
                done += 1
                if progress is not None:
                    progress(done / total)
        except CannotRandomiseError:
            done += n_models
            continue
        likeness[kind] = found[np.isfinite(found).any(axis=1)]
    return tuple(
        SanityCheck(
            option, bundle.label(option), method, kind, *_intervals(likeness[kind], likeness["refit"], seed),
            len(rows), len(likeness[kind]),
        )
        for kind in KINDS
        if kind in likeness
    )  # fmt: skip


Interval = tuple[float, float, float]


def _intervals(
    nonsense: NDArray[np.float64], refit: NDArray[np.float64], seed: int
) -> tuple[Interval, Interval, Interval]:
    """Means over patients and models of both and of their difference; both are drawn again for the intervals.

    The same patients are drawn for both, and models of each on their own.
    """
    rng = np.random.default_rng(seed)
    drawn: list[tuple[float, float]] = []
    for _ in range(_N_BOOTSTRAP):
        patients = rng.integers(0, refit.shape[1], refit.shape[1])
        one, two = (m[rng.integers(0, len(m), len(m))][:, patients] for m in (nonsense, refit))
        drawn.append((_mean(one), _mean(two)))
    means = np.array(drawn)
    own = np.array([_mean(nonsense), _mean(refit)])

    def interval(value: float, column: NDArray[np.float64]) -> Interval:
        known = column[np.isfinite(column)]
        if not len(known) or not np.isfinite(value):
            return float("nan"), float("nan"), float("nan")
        low, high = np.percentile(known, [2.5, 97.5])
        return float(value), float(low), float(high)

    gap = means[:, 1] - means[:, 0]
    return interval(own[0], means[:, 0]), interval(own[1], means[:, 1]), interval(own[1] - own[0], gap)


def _mean(found: NDArray[np.float64]) -> float:
    known = found[np.isfinite(found)]
    return float(known.mean()) if len(known) else float("nan")
