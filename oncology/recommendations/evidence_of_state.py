"""How many training patients stand behind an option in this patient's state of the option's own drivers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import SMALLEST_COUNT, shown
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name

__all__ = ["FEW", "same_state", "state_caution"]

# With fewer patients in the same state, the number leans on patients in the other.
FEW = 20
State = Literal["with", "without", "not found"]
_Key = tuple[str, State, str | None]
_COUNTS: WeakKeyDictionary[TrainingData, dict[_Key, int]] = WeakKeyDictionary()


def state_caution(
    bundle: ModelBundle, profile: PatientProfile, option: str, tumour: str | None
) -> str | None:
    """A caution where few training patients of this tumour type, in the same state of the drivers, had the option.

    Notes
    -----
    The drivers are the alterations that move the option's probability most (``manifest.drivers``): a patient has at
    least one of them, or has none. One in whom some were not assayed and none was found is compared with all in whom
    none was found.
    """
    found = _state_of(bundle, profile, option, tumour)
    if found is None:
        return None
    drivers, state, n = found
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    if n >= FEW:
        return None
    names = _names(bundle, drivers)
    how = {
        "with": f"with {names}",
        "without": f"without {names}",
        "not found": f"in whom no {names} was found",
    }
    who = ""
    if typed and tumour:
        who = f"with {tumour_name(tumour)} " if state == "not found" else f"with {tumour_name(tumour)} and "
    seen = (
        "No training patient"
        if n == 0
        else f"Only {n} training patients"
        if shown(n)
        else f"Fewer than {SMALLEST_COUNT} training patients"
    )
    had = bundle.manifest.words.had
    verb = had.replace("were ", "was ", 1) if n == 0 else had
    return f"{seen} {who}{how[state]} {verb} {bundle.label(option)}: the number leans on others."


def same_state(bundle: ModelBundle, profile: PatientProfile, option: str, tumour: str | None) -> int | None:
    """Training patients of this tumour type who had the option in the same state of its drivers.

    None where the option has no driver, or the bundle ships no cohort. Not for a screen: small counts are not withheld.
    """
    found = _state_of(bundle, profile, option, tumour)
    return None if found is None else found[2]


def _state_of(
    bundle: ModelBundle, profile: PatientProfile, option: str, tumour: str | None
) -> tuple[list[str], State, int] | None:
    """The option's drivers, the patient's state of them, and how many training patients share it."""
    schema, training = bundle.schema, bundle.training
    drivers = [d for d in bundle.manifest.drivers.get(option, ()) if d in schema.names]
    if not drivers or training is None:
        return None
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    values = [schema.value(profile, d) for d in drivers]
    state: State = "with" if 1.0 in values else "not found" if None in values else "without"
    return drivers, state, _count(bundle, training, option, drivers, state, tumour if typed else None)


def _names(bundle: ModelBundle, drivers: Sequence[str]) -> str:
    labels = []
    for spec in map(bundle.schema.feature, drivers):
        whole_gene = spec.reads.pattern is not None and spec.label == spec.reads.pattern.gene
        labels.append(f"{spec.label} alteration" if whole_gene else spec.label)
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"


def _count(
    bundle: ModelBundle,
    training: TrainingData,
    option: str,
    drivers: Sequence[str],
    state: State,
    tumour: str | None,
) -> int:
    counts = _COUNTS.setdefault(training, {})
    key: _Key = (option, state, tumour)
    if key not in counts:
        columns = [bundle.schema.columns[bundle.schema.columns_of(d).start] for d in drivers]
        states = training.X[columns].to_numpy(dtype=np.float64)
        altered = (states == 1.0).any(axis=1)
        same = {"with": altered, "without": (states == 0.0).all(axis=1), "not found": ~altered}[state]
        had = training.y[option].notna().to_numpy()
        mine = np.ones(len(same), dtype=bool) if tumour is None else training.tumours == tumour
        counts[key] = int((same & had & mine).sum())
    return counts[key]
