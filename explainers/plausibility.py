"""Whether a molecular profile has been seen: exclusive drivers, combinations no training patient had."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oncology.counts import count_words
from oncology.features import FeatureSchema, Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["EXCLUSIVE_ODDS_RATIO", "exclusive_pairs", "plausibility", "training_count"]

EXCLUSIVE_ODDS_RATIO = 0.05


@lru_cache(maxsize=8)
def exclusive_pairs(bundle: ModelBundle) -> frozenset[frozenset[str]]:
    """Pairs of alterations that hardly ever occur together in one tumour of the training cohort.

    Notes
    -----
    Mantel-Haenszel odds ratio over tumour types, half a patient added to both sums, at most 0.05: fewer than ten
    patients with one alone cannot reach that. Patients in whom one of the two was not assayed are left out.
    Without a training cohort there are none.
    """
    if bundle.training is None:
        return frozenset()
    names = [f.name for f in bundle.schema.features if f.is_alteration]
    if len(names) < 2:
        return frozenset()
    states = np.asarray(
        bundle.training.X[[bundle.schema.columns[bundle.schema.columns_of(n)][0] for n in names]]
    )
    both = np.full((len(names), len(names)), 0.5)
    either = np.full((len(names), len(names)), 0.5)
    for rows in _strata(bundle):
        altered = (states[rows] == 1.0).astype(np.float64)
        absent = (states[rows] == 0.0).astype(np.float64)
        n = np.maximum((altered + absent).T @ (altered + absent), 1.0)
        both += (altered.T @ altered) * (absent.T @ absent) / n
        either += (altered.T @ absent) * (absent.T @ altered) / n
    found = both / either <= EXCLUSIVE_ODDS_RATIO
    return frozenset(
        frozenset((names[i], names[j])) for i, j in combinations(range(len(names)), 2) if found[i, j]
    )


def _strata(bundle: ModelBundle) -> list[NDArray[np.intp]]:
    assert bundle.training is not None
    tumours = np.asarray(bundle.training.tumours).astype(str)
    return [np.flatnonzero(tumours == code) for code in np.unique(tumours)]


def training_count(bundle: ModelBundle, states: Mapping[str, Value], tumour: str | None = None) -> int | None:
    """Training patients with all these alteration states (None is *not assayed*); None without a cohort.

    tumour : count only patients of this OncoTree code.
    """
    if bundle.training is None:
        return None
    masks = [_in_state(bundle, name, value) for name, value in states.items()]
    if tumour is not None:
        masks.append(_of_tumour(bundle, tumour))
    if not masks:
        return len(bundle.training)
    both = masks[0]
    for mask in masks[1:]:
        both = both & mask
    return int(np.bitwise_count(both).sum())


# One bit a patient: a toggle asks for the same few hundred sets of patients again and again.
@lru_cache(maxsize=4096)
def _in_state(bundle: ModelBundle, name: str, value: Value) -> NDArray[np.uint8]:
    assert bundle.training is not None
    column = bundle.training.X[bundle.schema.columns[bundle.schema.columns_of(name)][0]]
    held = np.asarray(column, dtype=np.float64)
    return np.packbits(np.isnan(held) if value is None else held == value)


@lru_cache(maxsize=64)
def _of_tumour(bundle: ModelBundle, tumour: str) -> NDArray[np.uint8]:
    assert bundle.training is not None
    return np.packbits(np.asarray(bundle.training.tumours).astype(str) == tumour)


@lru_cache(maxsize=8)
def _tumours_seen(bundle: ModelBundle) -> frozenset[str]:
    assert bundle.training is not None
    return frozenset(np.asarray(bundle.training.tumours).astype(str))


def plausibility(bundle: ModelBundle, profile: PatientProfile) -> tuple[str, ...]:
    """Cautions about a profile's combination of alterations, in whole sentences; empty where there is none.

    Says which altered pairs exclude each other, which no training patient had together, and when the tumour type
    itself was not seen in training. Without a training cohort nothing can be said, and nothing is.
    """
    if bundle.training is None:
        return ()
    schema = bundle.schema
    altered = [n for n, v in zip(schema.names, schema.values(profile), strict=True) if v == 1.0]
    altered = [n for n in altered if schema.feature(n).is_alteration]
    cautions = []
    tumour = profile.tumour
    seen = _tumours_seen(bundle)
    if seen <= {""}:
        tumour = None  # the cohort does not say which tumours its patients had
    elif tumour is not None and tumour not in seen:
        cautions.append(f"No training patient had the tumour type {tumour}; the model has not seen it.")
        tumour = None
    for a, b in combinations(altered, 2):
        words = pair_caution(bundle, schema, a, b, tumour)
        if words is not None:
            cautions.append(words)
    return tuple(cautions)


def pair_caution(
    bundle: ModelBundle, schema: FeatureSchema, a: str, b: str, tumour: str | None
) -> str | None:
    """The caution about two alterations together, or None."""
    count = training_count(bundle, {a: 1.0, b: 1.0}, tumour)
    if count is None:
        return None
    where = f" of tumour type {tumour}" if tumour is not None else ""
    pair = f"{schema.feature(a).label} and {schema.feature(b).label}"
    seen = "no training patient" if count == 0 else f"{count_words(count)} training patients"
    if frozenset((a, b)) in exclusive_pairs(bundle):
        return f"{pair} hardly ever occur together; {seen}{where} had both."
    if count == 0:
        return f"No training patient{where} had both {pair}."
    return None
