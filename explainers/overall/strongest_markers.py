"""The strongest marker of each option with its direction, from the model alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.importance import shapley_importance, shapley_sample
from explainers.overall.directions import Direction, direction
from explainers.players import CannotExplainError
from oncology.counts import count_words

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Marker", "Markers", "strongest_markers"]

_MOLECULAR_FIELDS = ("tmb_per_mb", "msi", "pdl1")


@dataclass(frozen=True, slots=True)
class Marker:
    """What the model of one option leans on most among molecular inputs.

    Parameters
    ----------
    feature : str or None
        None where the option's model uses no molecular input.
    value, low, high : float
        Mean size of its Shapley values, with a 95 % bootstrap interval over patients.
    clear : bool
        Whether the interval lies above that of the runner-up's mean.
    runner_up : str
        Label of the second molecular input, "" where there is none.
    rank : int
        Place of the marker among all inputs, 1 the strongest.
    has_signal : bool or None
        Whether the option's model tells patients apart at all (cross-validated AUC above 0.5); None where not measured.
    """

    option: str
    option_label: str
    feature: str | None
    label: str
    direction: Direction | None
    value: float
    low: float
    high: float
    clear: bool
    runner_up: str
    rank: int
    has_signal: bool | None


@dataclass(frozen=True, eq=False, slots=True)
class Markers:
    """The strongest molecular input of every option."""

    markers: tuple[Marker, ...]
    unit: str
    n_patients: int
    seed: int

    @property
    def small_print(self) -> str:
        """How the table was made."""
        return (
            f"Molecular input with the largest mean Shapley value (in size, {self.unit}) over {self.n_patients:,} training "
            "patients, each option's model asked by itself; nothing published was used. A rare alteration can be strong in "
            "those who have it and still stand low here. Where the model tells patients apart no better than chance, its "
            "marker means nothing."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row an option: those with signal first, in the bundle's order."""
        return [
            {
                "option": m.option_label,
                "strongest marker": m.label if m.feature is not None else "none used",
                "in the model": "–" if m.direction is None else m.direction.words,
                "mean size": round(m.value, 3),
                "low": round(m.low, 3),
                "high": round(m.high, 3),
                "altered in the sample": _altered(m),
                "second": m.runner_up or "–",
                "ahead of the second": "clearly" if m.clear else "not clearly",
                "place among all inputs": m.rank,
                "signal": {True: "yes", False: "none", None: "not measured"}[m.has_signal],
            }
            for m in sorted(self.markers, key=lambda m: m.has_signal is False)
        ]


def strongest_markers(
    bundle: ModelBundle,
    *,
    n_patients: int = 3000,
    n_bootstrap: int = 200,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Markers:
    """The strongest molecular input of every option's model.

    Raises
    ------
    CannotExplainError
        If no input of the model is molecular, for a published formula, or stopped before the first option.
    NoCohortError
        If the bundle carries no training cohort.
    """
    if bundle.formula is not None:
        raise CannotExplainError(
            "A published formula gives every variable a fixed weight; its table of weights shows them."
        )
    specs = bundle.schema.features
    molecular = [
        j
        for j, f in enumerate(specs)
        if f.is_alteration or f.reads.what != "field" or f.reads.field in _MOLECULAR_FIELDS
    ]
    if not molecular:
        raise CannotExplainError("No input of this model is molecular, so there is no marker to name.")
    signal = {p.option: p.has_signal for p in bundle.manifest.performance}
    found: list[Marker] = []
    n = 0
    unit = str(bundle.unit)
    for i, option in enumerate(bundle.options):
        if i and stop is not None and stop():
            break
        sample = shapley_sample(bundle, option, n_patients=n_patients, seed=seed)
        n, unit = len(sample), sample.unit
        important = shapley_importance(sample, n_bootstrap=n_bootstrap)
        order = sorted(molecular, key=lambda j: -important.values[j])
        best = order[0]
        second = order[1] if len(order) > 1 and important.values[order[1]] > 0 else None
        if important.values[best] <= 0:
            found.append(
                Marker(
                    option,
                    bundle.label(option),
                    None,
                    "",
                    None,
                    0.0,
                    0.0,
                    0.0,
                    False,
                    "",
                    len(specs),
                    signal.get(option),
                )
            )
        else:
            size = np.abs(sample.values)
            found.append(
                Marker(
                    option, bundle.label(option), specs[best].name, specs[best].label,
                    direction(bundle, sample, specs[best].name), float(important.values[best]), float(important.low[best]),
                    float(important.high[best]), second is None or _ahead(size[:, best] - size[:, second], seed, n_bootstrap),
                    "" if second is None else specs[second].label, important.order().index(best) + 1, signal.get(option),
                )
            )  # fmt: skip
        if progress is not None:
            progress((i + 1) / len(bundle.options))
    return Markers(tuple(found), unit, n, seed)


def _ahead(difference: np.ndarray, seed: int, n_bootstrap: int) -> bool:
    """Whether the mean difference between two inputs of the same patients lies above 0, by a paired bootstrap."""
    n = len(difference)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    return bool(np.percentile(drawn @ difference / n, 2.5) > 0)


def _altered(m: Marker) -> str:
    if m.direction is None:
        return "–"
    if m.direction.n is not None:
        return f"{m.direction.n:,}"
    return count_words(1) if m.direction.way == "too few" else "–"
