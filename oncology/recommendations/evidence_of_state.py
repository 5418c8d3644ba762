"""How many training patients stand behind an option in this patient's state of the option's own driver."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import SMALLEST_COUNT, shown
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name

__all__ = ["FEW", "state_caution"]

# With fewer patients in the same state, the number leans on patients in the other.
FEW = 20
_State = tuple[str, str, float | None, str | None]
_COUNTS: WeakKeyDictionary[TrainingData, dict[_State, int]] = WeakKeyDictionary()


def state_caution(
    bundle: ModelBundle, profile: PatientProfile, option: str, tumour: str | None
) -> str | None:
    """A caution where few training patients of this tumour type, in the driver's same state, had the option.

    Notes
    -----
    The driver is the alteration that moves the option's probability most (``manifest.drivers``). A patient in whom
    it was not assayed is compared with all in whom it was not found.
    """
    driver, training = bundle.manifest.drivers.get(option), bundle.training
    if driver is None or training is None or driver not in bundle.schema.names:
        return None
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    value = bundle.schema.value(profile, driver)
    state = None if value is None else float(value)
    n = _count(bundle, training, option, driver, state, tumour if typed else None)
    if n >= FEW:
        return None
    label, had = bundle.schema.feature(driver).label, bundle.manifest.words.had
    how = {1.0: f"with {label}", 0.0: f"without {label}"}.get(state, f"in whom {label} was not found")  # type: ignore[arg-type]
    who = f"with {tumour_name(tumour)} and " if typed and tumour else ""
    if who and state is None:
        who = f"with {tumour_name(tumour)} "
    seen = (
        "No training patient"
        if n == 0
        else f"Only {n} training patients"
        if shown(n)
        else f"Fewer than {SMALLEST_COUNT} training patients"
    )
    verb = had.replace("were ", "was ", 1) if n == 0 else had
    return f"{seen} {who}{how} {verb} {bundle.label(option)}: the number leans on others."


def _count(
    bundle: ModelBundle,
    training: TrainingData,
    option: str,
    driver: str,
    state: float | None,
    tumour: str | None,
) -> int:
    counts = _COUNTS.setdefault(training, {})
    key = (option, driver, state, tumour)
    if key not in counts:
        column = bundle.schema.columns[bundle.schema.columns_of(driver).start]
        held = training.X[column].to_numpy(dtype=np.float64)
        same = held != 1.0 if state is None else held == state
        had = training.y[option].notna().to_numpy()
        mine = np.ones(len(held), dtype=bool) if tumour is None else training.tumours == tumour
        counts[key] = int((same & had & mine).sum())
    return counts[key]
