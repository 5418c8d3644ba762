"""Documents that are trees (JSON, XML, YAML): reading their places safely, and accounting for every leaf."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from oncology.intake.errors import BrokenFileError
from oncology.intake.report import Fate, Ledger

__all__ = ["LeafTale", "Path", "count_leaves", "first", "load_json", "many", "number", "text_of"]

# None stands for the index of what occurs once; `LeafTale.take` leaves it out.
Path = tuple[str | int | None, ...]
MAX_DEPTH = 200


def load_json(name: str, text: str, kind: str) -> Any:
    """A JSON document that is whole, not too deep, and has only finite numbers.

    Raises
    ------
    BrokenFileError
    """
    todo = "Export the file again and check that it was transferred whole."

    def refuse(word: str) -> None:
        raise BrokenFileError(name, kind, f"it holds {word}, which is no number", todo)

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        broken = f"it breaks at line {error.lineno}, column {error.colno} ({error.msg})"
        raise BrokenFileError(name, kind, broken, todo) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, BrokenFileError):
            raise
        raise BrokenFileError(
            name, kind, "it is nested too deeply or holds an impossible number", todo
        ) from None


def count_leaves(node: Any) -> int:
    """How many values a document holds, lists and objects not counted."""
    total, waiting = 0, [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        else:
            total += 1
    return total


def many(node: Any, key: str) -> list[tuple[int | None, Any]]:
    """Entries of a list with their index; one entry without index where the place holds a single value.

    Examples
    --------
    >>> many({"a": [5, 6]}, "a"), many({"a": 5}, "a"), many({}, "a")
    ([(0, 5), (1, 6)], [(None, 5)], [])
    """
    value = node.get(key) if isinstance(node, dict) else None
    if value is None:
        return []
    return list(enumerate(value)) if isinstance(value, list) else [(None, value)]


def first(node: Any, *keys: str) -> Any:
    """What stands at the end of a chain of keys, the first entry of every list on the way; None where it breaks."""
    for key in keys:
        while isinstance(node, list):
            node = node[0] if node else None
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    while isinstance(node, list):
        node = node[0] if node else None
    return node


def text_of(value: Any) -> str:
    """A scalar as text; an empty string for anything else."""
    if isinstance(value, str):
        # Half a character (a lone surrogate) passes through JSON, and breaks whatever is written later.
        return (value if value.isascii() else value.encode("utf-8", "replace").decode()).strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def number(value: Any) -> float | None:
    """A finite number, also where it is written as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if abs(value) < 1e300 else None
    if (
        isinstance(value, str)
        and re.fullmatch(r"\s*[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?\s*", value)
        and len(value) < 40
    ):
        return float(value)
    return None


@dataclass(slots=True)
class LeafTale:
    """What became of the leaves of one document: places that were made use of, and a reason for all others.

    Parameters
    ----------
    part : str
        The part of the report that counts these leaves.
    why : callable
        Element name and reason of a leaf that was not made use of, by its path.
    """

    part: str
    why: Callable[[Path], tuple[str, str]]
    taken: dict[Path, tuple[Fate, str, str, str, str]] = field(default_factory=dict)

    def take(
        self,
        path: Path,
        fate: Fate,
        element: str,
        reason: str = "",
        *,
        found: object = "",
        became: object = "",
    ) -> None:
        """All leaves at and below a path have this fate; of two statements on one path the first stands."""
        path = tuple(p for p in path if p is not None)
        self.taken.setdefault(path, (fate, element, reason, str(found), str(became)))

    def tell(self, node: Any, ledger: Ledger, patient_id: str) -> None:
        """Account for every leaf of a document."""
        for path, leaf in _branches(node, (), self.taken):
            known = self.taken.get(path)
            if known is not None:
                fate, element, reason, found, became = known
                count = count_leaves(leaf)
                if count:
                    ledger.add(
                        self.part,
                        element,
                        fate,
                        reason,
                        found=found,
                        became=became,
                        count=count,
                        patient_id=patient_id,
                    )
            else:
                element, reason = self.why(path)
                ledger.add(self.part, element, "dropped", reason, patient_id=patient_id)


def _branches(node: Any, path: Path, stops: dict[Path, Any]) -> Iterator[tuple[Path, Any]]:
    """Leaves, and whole branches where a path is among the stops; nothing below a stop is visited."""
    waiting: list[tuple[Path, Any]] = [(path, node)]
    while waiting:
        here, item = waiting.pop()
        if here in stops:
            yield here, item
        elif isinstance(item, dict):
            waiting.extend(((*here, key), value) for key, value in item.items())
        elif isinstance(item, list):
            waiting.extend(((*here, i), value) for i, value in enumerate(item))
        else:
            yield here, item
