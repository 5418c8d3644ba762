"""Audits kept on disk between starts: tables only, as JSON, named by what they were made from.

With `GLASSBOARD_CACHE=off` nothing is written: the last few stay in memory until the dashboard ends.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import types
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from explainers.kept import folder as kept_folder

__all__ = ["cache_folder", "cached", "from_plain", "key_of", "peek", "plain"]

T = TypeVar("T")
_MOST_FILES = 200
_MOST_IN_MEMORY = 24
_in_memory: dict[str, Any] = {}


def cache_folder() -> Path | None:
    """Where audits are kept: below ``GLASSBOARD_CACHE`` or the user's own cache folder; None where nothing is to be kept.

    A folder of its own, because the oldest files in it are dropped.
    """
    root = kept_folder()
    return None if root is None else root / "audits"


def key_of(*parts: object) -> str:
    """One hexadecimal key of everything a result hangs on: fingerprints, parameters, a version of the method."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def cached(key: str, kind: type[T], make: Callable[[], T], *, folder: Path | None = None) -> T:
    """The kept result of a key, or a new one, which is kept.

    Parameters
    ----------
    key : str
        Of `key_of`.
    kind : a frozen dataclass of numbers, text, tuples, mappings and other such dataclasses
    make : called where nothing usable is kept

    A file that cannot be read is made again; a folder that cannot be written costs the next start its time only.
    """
    if (found := peek(key, kind, folder=folder)) is not None:
        return found
    made = make()
    place = folder or cache_folder()
    if place is not None:
        write(place / _name(key, kind), made)
        return made
    _in_memory[_name(key, kind)] = made
    for oldest in list(_in_memory)[:-_MOST_IN_MEMORY]:
        _in_memory.pop(oldest, None)
    return made


def peek(key: str, kind: type[T], *, folder: Path | None = None) -> T | None:
    """The kept result of a key, or None; nothing is made."""
    place = folder or cache_folder()
    if place is not None:
        return read(place / _name(key, kind), kind)
    held: T | None = _in_memory.get(_name(key, kind))
    return held


def _name(key: str, kind: type) -> str:
    return f"{kind.__name__.lower()}-{key[:40]}.json"


def read(file: Path, kind: type[T]) -> T | None:
    """The result in a file; None where there is none, or another version wrote it."""
    try:
        found: T = from_plain(json.loads(file.read_bytes()), kind)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return found


def write(file: Path, value: Any) -> None:
    """Keep a result: whole or not at all, for its owner's eyes, the oldest dropped beyond 200."""
    text = json.dumps(plain(value), separators=(",", ":"), allow_nan=False)
    # An audit that cannot be kept is still an answer.
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = file.with_suffix(f".{os.getpid()}.part")
        half.write_text(text, encoding="utf-8")
        half.chmod(0o600)
        half.replace(file)
        kept = sorted(file.parent.glob("*.json"), key=lambda f: f.stat().st_mtime)
        for old in kept[:-_MOST_FILES]:
            old.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """Nested dataclasses as dictionaries and lists; NaN and infinities as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    """Types of a dataclass's fields; looking them up costs more than all the rest."""
    known = typing.get_type_hints(kind)
    return {f.name: known[f.name] for f in dataclasses.fields(kind)}


def from_plain(value: Any, kind: Any) -> Any:
    """The value behind `plain`, of a dataclass, a tuple, a mapping or a plain type.

    Raises
    ------
    TypeError, KeyError, ValueError
        If it is of another shape: a field too many, too few, or of the wrong kind.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if value not in inner:
            raise ValueError(f"{value!r} is none of {inner}")
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        (only,) = (k for k in inner if k is not type(None))
        return from_plain(value, only)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is no list")
        if inner == (float, ...):
            return tuple(map(float, value))
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(from_plain(v, inner[0]) for v in value)
        return tuple(from_plain(v, k) for v, k in zip(value, inner, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {from_plain(k, inner[0]): from_plain(v, inner[1]) for k, v in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        names = set(hints)
        if set(value) != names:
            raise KeyError(f"{kind.__name__} has other fields")
        return kind(**{n: from_plain(value[n], hints[n]) for n in names})
    if kind is float:
        return float(value)
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value
