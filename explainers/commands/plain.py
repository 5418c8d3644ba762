"""Results as plain data for --json: dataclass fields by name, arrays as lists, unknown numbers as null, counts under five withheld."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oncology.counts import count_words, shown

__all__ = ["as_plain", "to_json"]

# Fields that count training patients: small counts could point to single people.
_PATIENTS = ("training_count",)


def as_plain(value: Any) -> Any:
    """A value as dictionaries, lists, text, numbers, booleans and None.

    Examples
    --------
    >>> as_plain({"p": np.array([0.5, np.nan]), "genes": frozenset({"KRAS", "EGFR"})})
    {'p': [0.5, None], 'genes': ['EGFR', 'KRAS']}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_plain({f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.repr})
    if isinstance(value, Mapping):
        return {str(k): _withheld(k, as_plain(v)) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(as_plain(v) for v in value)
    if isinstance(value, (list, tuple)):
        return [as_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return as_plain(value.tolist())
    if isinstance(value, np.generic):
        return as_plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return value.name
    return value


def _withheld(name: Any, value: Any) -> Any:
    if name in _PATIENTS and isinstance(value, int):
        return value if shown(value) is not None else count_words(value)
    return value


def to_json(value: Any) -> str:
    """The value as JSON text."""
    return json.dumps(as_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
