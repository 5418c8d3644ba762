"""Pairs of alterations among the training patients: those that exclude each other, and those nobody had together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle, TrainingData
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name

__all__ = ["NeverTogether", "exclusive", "never_together"]

# Two alterations exclude each other where at least this many training patients would be expected to have both, and
# at most this share of them has.
_EXPECTED = 3.0
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class NeverTogether:
    """Two alterations of the patient that no training patient of the tumour type had both of.

    Parameters
    ----------
    features, labels : pairs of str
    expected : float
        Training patients with both, if the two came independently of each other.
    """

    features: tuple[str, str]
    labels: tuple[str, str]
    expected: float

    def words(self) -> str:
        """The pair, and how many would be expected."""
        about = "fewer than 1" if self.expected < 1 else f"about {self.expected:.0f}"
        return f"{self.labels[0]} with {self.labels[1]} ({about} expected by chance)"


@dataclass(frozen=True, eq=False)
class _Together:
    """How many training patients of a tumour had each two alterations, and how many would be expected to."""

    position: dict[str, int]
    both: NDArray[np.float64]
    expected: NDArray[np.float64]


_TABLES: WeakKeyDictionary[TrainingData, dict[str | None, _Together]] = WeakKeyDictionary()


def _together(bundle: ModelBundle, training: TrainingData, tumour: str | None) -> _Together:
    tables = _TABLES.setdefault(training, {})
    if tumour not in tables:
        schema = bundle.schema
        names = tuple(f.name for f in schema.features if f.is_alteration)
        rows = np.ones(len(training), dtype=bool) if tumour is None else training.tumours == tumour
        columns = [schema.columns_of(n).start for n in names]
        states = training.X.to_numpy(dtype=np.float64)[rows][:, columns]
        altered, tested = (states == 1.0).astype(np.float64), (~np.isnan(states)).astype(np.float64)
        # Patients in whom one of the two was not assayed tell nothing of the pair.
        first = altered.T @ tested
        n = np.maximum(tested.T @ tested, 1.0)
        position = {name: i for i, name in enumerate(names)}
        tables[tumour] = _Together(position, altered.T @ altered, first * first.T / n)
    return tables[tumour]


def known_tumour(training: TrainingData, tumour: str | None) -> str | None:
    """The tumour type where training patients had it, else None: compare with all of them."""
    return tumour if tumour and tumour in _tumours(training) else None


_TYPES: WeakKeyDictionary[TrainingData, frozenset[str]] = WeakKeyDictionary()


def _tumours(training: TrainingData) -> frozenset[str]:
    if training not in _TYPES:
        _TYPES[training] = frozenset(map(str, training.tumours)) - {""}
    return _TYPES[training]


def exclusive(bundle: ModelBundle, profile: PatientProfile, altered: tuple[str, ...]) -> list[str]:
    """Cautions about alterations that are each common and (almost) never occur together."""
    training = bundle.training
    if training is None or len(altered) < 2:
        return []
    tumour = known_tumour(training, profile.tumour)
    table = _together(bundle, training, tumour)
    where = f" with {tumour_name(tumour)}" if tumour else ""
    found = []
    for a, b in combinations(altered, 2):
        i, j = table.position[a], table.position[b]
        if table.expected[i, j] >= _EXPECTED and table.both[i, j] <= _SHARE * table.expected[i, j]:
            seen = "no training patient" if table.both[i, j] == 0 else "hardly any training patient"
            labels = f"{bundle.schema.feature(a).label} and {bundle.schema.feature(b).label}"
            found.append(
                f"{labels} are each common, but {seen}{where} had both: what the model makes of them together is "
                "not founded on patients."
            )
    return found


def never_together(bundle: ModelBundle, profile: PatientProfile) -> tuple[NeverTogether, ...]:
    """Pairs of the patient's alterations that no training patient of the tumour type had both of, most surprising first.

    Empty for bundles that ship no cohort, as for patients with fewer than two alterations that the model reads.
    """
    training, schema = bundle.training, bundle.schema
    if training is None:
        return ()
    values = zip(schema.features, schema.values(profile), strict=True)
    altered = [f.name for f, v in values if f.is_alteration and v == 1.0]
    if len(altered) < 2:
        return ()
    table = _together(bundle, training, known_tumour(training, profile.tumour))
    found = []
    for a, b in combinations(altered, 2):
        i, j = table.position[a], table.position[b]
        if table.both[i, j] == 0:
            labels = (schema.feature(a).label, schema.feature(b).label)
            found.append(NeverTogether((a, b), labels, float(table.expected[i, j])))
    return tuple(sorted(found, key=lambda pair: -pair.expected))
