"""Results that take long, kept on disk under the fingerprint of what they were made from: as plain data, never as code.

A kept result is a JSON document of a frozen dataclass, with its arrays; the classes that may come back are named by whoever
reads. Only summaries belong here: nothing that holds a patient's row. The folder is `$XDG_CACHE_HOME/glassboard` (default
`~/.cache/glassboard`), or the one named by `GLASSBOARD_CACHE`; `GLASSBOARD_CACHE=off` keeps nothing. It is bounded, the results
used least recently go first, and a damaged one is computed again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = ["MOST_BYTES", "folder", "kept", "recall", "remember"]

T = TypeVar("T")

# A hundred importances of 2,000 features are some 10 MB.
MOST_BYTES = 50_000_000
_LARGEST_ONE = 5_000_000
# Results of another format are not read: raise it whenever a kept dataclass changes its meaning.
FORMAT = 1


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


def kept(kind: str, key: Sequence[str | int | float], types: Sequence[type], make: Callable[[], T]) -> T:
    """A result from disk, or made now and kept.

    Parameters
    ----------
    kind : str
        What it is, a plain word; part of the file's name.
    key : sequence
        All that the result depends on: the bundle's sha256, option, numbers, seed.
    types : sequence of dataclasses
        Those that the result is made of, the result's own first.
    make : function
        Makes the result; what it raises is passed on and nothing is kept.
    """
    found = recall(kind, key, types)
    if found is None:
        found = make()
        remember(kind, key, found)
    return found


def recall(kind: str, key: Sequence[str | int | float], types: Sequence[type]) -> Any | None:
    """A kept result; None where there is none, or none that can be read."""
    path = _path(kind, key)
    if path is None or not path.is_file():
        return None
    try:
        if path.stat().st_size > _LARGEST_ONE:
            raise _NotKeptError(f"{path.name} is too large")
        with gzip.open(path, "rb") as stream:
            data = stream.read(20 * _LARGEST_ONE)
        document = json.loads(data)
        if document["format"] != FORMAT or document["key"] != _key(kind, key):
            raise _NotKeptError(f"{path.name} holds another result")
        found = _decoded(document["result"], {t.__name__: t for t in types})
        if not isinstance(found, types[0]):
            raise _NotKeptError(f"{path.name} holds another kind of result")
    except (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError, _NotKeptError):
        # Damaged or of another version: it is made again.
        _remove(path)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return found


def remember(kind: str, key: Sequence[str | int | float], result: Any) -> None:
    """Keep a result; where the folder cannot be written, nothing is kept and nothing fails."""
    path = _path(kind, key)
    if path is None:
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


def _path(kind: str, key: Sequence[str | int | float]) -> Path | None:
    root = folder()
    if root is None:
        return None
    return root / f"{kind}-{hashlib.sha256(_key(kind, key).encode()).hexdigest()[:40]}.json.gz"


def _key(kind: str, key: Sequence[str | int | float]) -> str:
    return json.dumps([kind, *key])


def _bound(root: Path) -> None:
    """Remove the results used least recently until the folder is within bounds."""
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
