"""Training patients like this one, and what was observed under each option; small counts are not shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.players import CannotExplainError
from oncology.counts import SMALLEST_COUNT
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile
from oncology.wording import Setting, wording

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "SMALLEST_COUNT",
    "Neighbours",
    "NoCohortError",
    "Observed",
    "distances",
    "nearest_of",
    "similar_patients",
]

# A shared tumour type makes two patients alike before any gene does; a state that one of them lacks tells half.
_TUMOUR_WEIGHT = 3.0
_UNKNOWN_DISTANCE = 0.5


class NoCohortError(CannotExplainError):
    """Similar patients were asked of a bundle without a training cohort."""

    def __init__(self, name: str, formula: bool) -> None:
        why = "a published formula" if formula else "shipped without its training cohort"
        super().__init__(
            f"Not available here: {name} is {why}, so there are no training patients to look at."
        )


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed under one option among similar patients.

    n_treated, n_responded : int or None
        None where the count, or its complement, is under `SMALLEST_COUNT`.
    share, low, high : float or None
        Responders among the treated with Wilson's 95 % interval; None where a count is withheld.
    """

    option: str
    label: str
    n_treated: int | None
    n_responded: int | None
    share: float | None
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The n training patients nearest to one patient, as counts per option.

    distance : float
        Median distance to the patient: by profile the share of weighted features that differ, in [0, 1]; by the model's view
        the length of the difference between Shapley values, in the model's unit.
    typical_distance : float
        Median over all training patients; neighbours not much nearer than that are hardly alike.
    """

    n: int
    n_training: int
    distance: float
    typical_distance: float
    observed: tuple[Observed, ...]
    words: str
    setting: Setting = "clinic"

    def of(self, option: str) -> Observed:
        """The counts of one option."""
        return next(o for o in self.observed if o.option == option)

    def leading(self, option: str, most: int = 10) -> tuple[str, ...]:
        """One option first, then those most often had by these patients, up to `most`; options nobody had are left out."""
        others = sorted(
            (o for o in self.observed if o.option != option and o.n_treated),
            key=lambda o: -(o.n_treated or 0),
        )
        return (option, *(o.option for o in others[: most - 1]))

    def rows(self) -> list[dict[str, Any]]:
        """One row an option, for a table; withheld counts read "fewer than 5"."""
        few, said = f"fewer than {SMALLEST_COUNT}", wording(self.setting)
        return [
            {
                "option": o.label,
                f"similar patients {said.treated}": few if o.n_treated is None else o.n_treated,
                said.responded: ("withheld" if o.n_treated is not None else "")
                if o.n_responded is None
                else o.n_responded,
                "share": None if o.share is None else round(o.share, 3),
                "low": None if o.low is None else round(o.low, 3),
                "high": None if o.high is None else round(o.high, 3),
            }
            for o in self.observed
        ]


def similar_patients(
    bundle: ModelBundle, patient: PatientProfile | ArrayLike, *, n: int = 100, exclude: str | None = None
) -> Neighbours:
    """The training patients most like this one by profile, with their observed outcomes.

    Parameters
    ----------
    bundle : ModelBundle
    patient : PatientProfile or array-like (c,)
    n : int
        How many neighbours.
    exclude : str, optional
        A training patient's own id, so that nobody is their own neighbour.

    Raises
    ------
    NoCohortError
        If the bundle carries no training cohort.

    Notes
    -----
    Gower's distance (1971) with presence counted and shared absence not: two patients without a KRAS mutation are
    not alike for that. Outcomes were observed, not randomised: who got an option was somebody's choice.
    """
    if bundle.training is None:
        raise NoCohortError(_title(bundle), bundle.formula is not None)
    row = (
        bundle.schema.encode_row(patient)
        if isinstance(patient, PatientProfile)
        else np.asarray(patient, float)
    )
    ids = bundle.training.X.index
    cohort = _cohort(bundle)
    apart = distances(bundle.schema, cohort.rows, row, spans=cohort.spans)
    if exclude is not None:
        apart = np.where(np.asarray(ids.astype(str) == exclude), np.inf, apart)
    return nearest_of(bundle, apart, n, "with the most similar profile")


def nearest_of(bundle: ModelBundle, apart: FloatVector, n: int, how: str) -> Neighbours:
    """The n nearest of the training patients by given distances (n_training,), infinite for whoever is left out.

    Parameters
    ----------
    how : str
        What makes them alike, for the words: "with the most similar profile".
    """
    assert bundle.training is not None
    nearest = np.lexsort((_cohort(bundle).tie, apart))[: min(n, int(np.isfinite(apart).sum()))]
    y = bundle.training.y
    observed = tuple(
        _observed(bundle, o, np.asarray(y[o], dtype=np.float64)[nearest]) for o in bundle.options
    )
    distance, typical = float(np.median(apart[nearest])), float(np.median(apart[np.isfinite(apart)]))
    words = f"{len(nearest)} of {len(apart):,} training patients {how}. "
    said = bundle.manifest.words
    # In the laboratory nobody chose: every sample was meant to meet every drug.
    words += said.banner or (
        "Their treatments were chosen, not drawn by lot, so their outcomes describe and do not compare."
    )
    return Neighbours(len(nearest), len(apart), distance, typical, observed, words, bundle.manifest.setting)


@dataclass(frozen=True, eq=False, slots=True)
class _Cohort:
    """What every search in one bundle's training patients needs, made once."""

    rows: FloatMatrix
    spans: dict[str, float]
    tie: NDArray[np.uint64]


@lru_cache(maxsize=8)
def _cohort(bundle: ModelBundle) -> _Cohort:
    assert bundle.training is not None
    rows = np.asarray(bundle.training.X, dtype=np.float64)
    # Ties fall by the id's hash, not by the cohort's order.
    tie = [
        int.from_bytes(hashlib.sha256(str(i).encode()).digest()[:8], "big") for i in bundle.training.X.index
    ]
    return _Cohort(rows, number_spans(bundle.schema, rows), np.array(tie, dtype=np.uint64))


def number_spans(schema: FeatureSchema, rows: FloatMatrix) -> dict[str, float]:
    """For each number, the distance from its 5th to its 95th percentile, which counts as wholly unlike."""
    spans = {}
    for spec in schema.features:
        if not (spec.is_alteration or spec.kind in ("binary", "categorical")):
            known = rows[:, schema.columns_of(spec.name)]
            known = known[~np.isnan(known)]
            low, high = np.percentile(known, [5, 95]) if len(known) else (0.0, 1.0)
            spans[spec.name] = max(float(high - low), 1e-9)
    return spans


def distances(
    schema: FeatureSchema, rows: FloatMatrix, row: FloatVector, *, spans: Mapping[str, float] | None = None
) -> FloatVector:
    """Distance of each row (n, c) from one row (c,), in [0, 1]; `spans` as from `number_spans`."""
    spans = number_spans(schema, rows) if spans is None else spans
    total, weights = np.zeros(len(rows)), np.zeros(len(rows))
    for spec in schema.features:
        columns = schema.columns_of(spec.name)
        theirs, own = rows[:, columns], row[columns]
        unknown = np.isnan(theirs).any(axis=1)
        weight = np.full(len(rows), _TUMOUR_WEIGHT if spec.reads.field == "tumour" else 1.0)
        if np.isnan(own).any():
            apart = np.full(len(rows), _UNKNOWN_DISTANCE)
            # Both unknown tells nothing; so does a gene that the other was tested for and does not carry.
            nothing = unknown | (theirs[:, 0] == 0) if spec.is_alteration else unknown
            weight = np.where(nothing, 0.0, weight)
        elif spec.is_alteration:
            apart = np.abs(theirs[:, 0] - own[0])
            weight = np.where((own[0] > 0) | (theirs[:, 0] > 0), weight, 0.0)
        elif spec.kind in ("binary", "categorical"):
            apart = (theirs != own).any(axis=1).astype(np.float64)
        else:
            apart = np.minimum(np.abs(theirs[:, 0] - own[0]) / spans[spec.name], 1.0)
        apart = np.where(unknown, _UNKNOWN_DISTANCE, apart)
        total += weight * apart
        weights += weight
    return np.divide(total, weights, out=np.ones_like(total), where=weights > 0)


def _observed(bundle: ModelBundle, option: str, y: FloatVector) -> Observed:
    label, said = bundle.label(option), bundle.manifest.words
    known = y[~np.isnan(y)]
    n, hits = len(known), int(known.sum())
    if n < SMALLEST_COUNT:
        return Observed(
            option,
            label,
            None,
            None,
            None,
            None,
            None,
            f"{label}: fewer than {SMALLEST_COUNT} of them {said.had_it}.",
        )
    if min(hits, n - hits) < SMALLEST_COUNT:
        words = f"{label}: {n} of them {said.had_it}; the counts of outcomes are under {SMALLEST_COUNT} and are withheld."
        return Observed(option, label, n, None, None, None, None, words)
    share = hits / n
    low, high = _wilson(hits, n)
    words = f"{label}: {n} of them {said.had_it}, {hits} {said.responded} ({share:.0%}, 95 % interval {low:.0%} to {high:.0%})."
    return Observed(option, label, n, hits, share, low, high, words)


def _wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> [round(v, 3) for v in _wilson(5, 10)]
    [0.237, 0.763]
    """
    z = 1.959964
    p = hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def _title(bundle: ModelBundle) -> str:
    return str(getattr(bundle.manifest, "title", "") or "this bundle")
