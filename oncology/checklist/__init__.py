"""What a model card holds and what stands beside a prediction: a versioned list of good practice, with its sources.

The list lies in ``model_card.json`` beside this file. It is no legal advice, and a filled card is no statement of
conformity with any of its sources.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from oncology.errors import UnknownNameError

__all__ = ["BesideItem", "CardField", "CardPart", "Checklist", "Section", "Source", "checklist"]

FILE = Path(__file__).with_name("model_card.json")

From = Literal["bundle", "developer", "both"]


@dataclass(frozen=True, slots=True)
class Source:
    """A document the list was merged from, as it stood on a day.

    Parameters
    ----------
    checked : str
        Where title, reference and date were looked up; what has no source is called "not sourced: general knowledge".
    """

    key: str
    title: str
    reference: str
    date: str
    checked: str


@dataclass(frozen=True, slots=True)
class CardPart:
    """One thing a field asks for.

    Parameters
    ----------
    comes_from : {"bundle", "developer", "both"}
        Who can say it: the bundle itself (its manifest and what is measured on it), its developer in words, or both.
    optional : bool
        Shown where it is said, and never counted as missing.
    """

    key: str
    title: str
    comes_from: From
    optional: bool = False

    @property
    def by_developer(self) -> bool:
        """Whether a developer can state it in ``card.toml``."""
        return self.comes_from != "bundle"


@dataclass(frozen=True, slots=True)
class CardField:
    """One of the 41 fields, with the sources (keys of `Checklist.sources`) that ask for it."""

    number: int
    key: str
    title: str
    required: bool
    sources: tuple[str, ...]
    parts: tuple[CardPart, ...]

    def part(self, key: str) -> CardPart:
        """The part of that name; UnknownNameError where there is none."""
        for part in self.parts:
            if part.key == key:
                return part
        raise UnknownNameError(f"Part of {self.key}", key, tuple(p.key for p in self.parts))


@dataclass(frozen=True, slots=True)
class Section:
    """Fields `first` to `last` under one heading."""

    key: str
    title: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class BesideItem:
    """One thing that belongs beside every prediction, by its letter."""

    letter: str
    title: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """The whole list, with its version and date."""

    name: str
    version: str
    date: str
    note: str
    sources: tuple[Source, ...]
    sections: tuple[Section, ...]
    fields: tuple[CardField, ...]
    beside: tuple[BesideItem, ...]

    def field(self, key: str) -> CardField:
        """The field of that name; UnknownNameError where there is none."""
        for field in self.fields:
            if field.key == key:
                return field
        raise UnknownNameError("Field", key, tuple(f.key for f in self.fields))

    def section(self, key: str) -> tuple[CardField, ...]:
        """The fields of a section, in order."""
        chosen = next(s for s in self.sections if s.key == key)
        return tuple(f for f in self.fields if chosen.first <= f.number <= chosen.last)


@cache
def checklist() -> Checklist:
    """The list that ships with the package, read once.

    Examples
    --------
    >>> found = checklist()
    >>> len(found.fields), sum(f.required for f in found.fields), len(found.beside)
    (41, 31, 17)
    """
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return Checklist(
        content["name"],
        content["version"],
        content["date"],
        content["note"],
        tuple(Source(**s) for s in content["sources"]),
        tuple(Section(**s) for s in content["sections"]),
        tuple(_field(f) for f in content["fields"]),
        tuple(BesideItem(**b) for b in content["beside"]),
    )


def _field(entry: Mapping[str, Any]) -> CardField:
    parts = tuple(CardPart(p["key"], p["title"], p["from"], p.get("optional", False)) for p in entry["parts"])
    return CardField(
        entry["number"], entry["key"], entry["title"], entry["required"], tuple(entry["sources"]), parts
    )
