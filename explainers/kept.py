"""Results that take long, kept on disk under the fingerprint of what they were made from: as plain data, never as code.

A kept result is a JSON document of a frozen dataclass, with its arrays; the class that may come back is named by whoever
reads, and those of its fields come with it. Only summaries belong here: nothing that holds a patient's row. The folder is
`$XDG_CACHE_HOME/glassboard` (default `~/.cache/glassboard`), or the one named by `GLASSBOARD_CACHE`. It is bounded, the results
used least recently go first, and a damaged one is computed again. With `GLASSBOARD_CACHE=off` nothing is written: the last few
results stay in memory until the program ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import json
import os
import tempfile
import time
import typing
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = ["MOST_BYTES", "folder", "kept", "recall", "remember"]

T = TypeVar("T")
Key = Sequence[str | int | float | None]

# A hundred importances of 2,000 features are some 10 MB.
MOST_BYTES = 50_000_000
_LARGEST_ONE = 5_000_000
# Results of another format are not read: raise it whenever a kept dataclass changes its meaning.
FORMAT = 2
_MOST_IN_MEMORY = 24
_in_memory: dict[str, Any] = {}
# A half-written file this old belongs to nobody any more.
_ABANDONED_SECONDS = 3600


class _NotKeptError(Exception):
    """A document that is no kept result; it never leaves this module."""


def folder() -> Path | None:
    """Where results are kept; None where nothing is to be kept."""
    named = os.environ.get("GLASSBOARD_CACHE", "")
    if named.casefold() == "off":
        return None
    if named:
        return Path(named)
    root = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(root) if os.path.isabs(root) else Path.home() / ".cache") / "glassboard"


def kept(kind: str, key: Key, types: Sequence[type], make: Callable[[], T]) -> T:
    """A result from disk, or made now and kept.

    Parameters
    ----------
    kind : str
        What it is, a plain word; part of the file's name.
    key : sequence
        All that the result depends on: the bundle's sha256, option, numbers, seed.
    types : sequence of dataclasses
        The result's own first; those that its fields are made of are found by themselves, others are named here.
    make : function
        Makes the result; what it raises is passed on and nothing is kept.
    """
    found = recall(kind, key, types)
    if found is None:
        found = make()
        remember(kind, key, found)
    return found


def recall(kind: str, key: Key, types: Sequence[type]) -> Any | None:
    """A kept result; None where there is none, or none that can be read."""
    path = _path(kind, key)
    if path is None:
        held = _in_memory.get(_key(kind, key))
        return held if isinstance(held, types[0]) else None
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _LARGEST_ONE:
            raise _NotKeptError(f"{path.name} is too large")
        with gzip.open(path, "rb") as stream:
            data = stream.read(20 * _LARGEST_ONE)
        document = json.loads(data)
        if document["format"] != FORMAT or document["key"] != _key(kind, key):
            raise _NotKeptError(f"{path.name} holds another result")
        found = _decoded(document["result"], _by_name(tuple(types)))
        if not isinstance(found, types[0]):
            raise _NotKeptError(f"{path.name} holds another kind of result")
    except (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError, _NotKeptError):
        # Damaged or of another version: it is made again.
        _remove(path)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return found


def remember(kind: str, key: Key, result: Any) -> None:
    """Keep a result; where the folder cannot be written, nothing is kept and nothing fails."""
    path = _path(kind, key)
    if path is None:
        _in_memory[_key(kind, key)] = result
        for oldest in list(_in_memory)[:-_MOST_IN_MEMORY]:
            _in_memory.pop(oldest, None)
        return
    document = {"format": FORMAT, "key": _key(kind, key), "result": _encoded(result)}
    data = gzip.compress(json.dumps(document).encode(), mtime=0)
    if len(data) > _LARGEST_ONE:
        return
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole or not at all: two sessions may write the same result at once.
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.replace(temporary, path)
        _bound(path.parent)
    except OSError:
        # A full or read-only disk costs time, not answers.
        if temporary:
            _remove(Path(temporary))


def _path(kind: str, key: Key) -> Path | None:
    root = folder()
    if root is None:
        return None
    return root / f"{kind}-{hashlib.sha256(_key(kind, key).encode()).hexdigest()[:40]}.json.gz"


def _key(kind: str, key: Key) -> str:
    return json.dumps([kind, *key])


@lru_cache(maxsize=64)
def _by_name(types: tuple[type, ...]) -> dict[str, type]:
    """The dataclasses of a result by name: those given, and those that their fields are annotated with."""
    found: dict[str, type] = {}
    waiting: list[Any] = list(types)
    while waiting:
        kind = waiting.pop()
        waiting += typing.get_args(kind)
        if not (dataclasses.is_dataclass(kind) and isinstance(kind, type)) or kind.__name__ in found:
            continue
        found[kind.__name__] = kind
        # Annotations that name what is imported for type checking only cannot be looked up; their classes are given.
        with contextlib.suppress(NameError):
            waiting += typing.get_type_hints(kind).values()
    return found


def _bound(root: Path) -> None:
    """Remove the results used least recently until the folder is within bounds, and what was left half-written."""
    for path in root.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                path.unlink()
    files = []
    for path in root.glob("*.json.gz"):
        with contextlib.suppress(OSError):
            about = path.stat()
            files.append((about.st_mtime, about.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files, key=lambda f: f[0]):
        if total <= MOST_BYTES:
            return
        _remove(path)
        total -= size


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _encoded(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _encoded(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"of": type(value).__name__, "fields": fields}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype), "shape": list(value.shape)}
    if isinstance(value, tuple):
        return {"tuple": [_encoded(v) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[_encoded(k), _encoded(v)] for k, v in value.items()]}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(
        f"{type(value).__name__} cannot be kept: only dataclasses, arrays, tuples, mappings and plain values can."
    )


def _decoded(value: Any, types: dict[str, type]) -> Any:
    if not isinstance(value, dict):
        return value
    if "of" in value:
        return types[value["of"]](**{k: _decoded(v, types) for k, v in value["fields"].items()})
    if "array" in value:
        if value["dtype"] not in ("float64", "int64", "bool"):
            raise _NotKeptError(f"an array of {value['dtype']}")
        return np.array(value["array"], dtype=value["dtype"]).reshape(value["shape"])
    if "tuple" in value:
        return tuple(_decoded(v, types) for v in value["tuple"])
    return {_decoded(k, types): _decoded(v, types) for k, v in value["dict"]}
