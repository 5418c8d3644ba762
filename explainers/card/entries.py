"""A model card in plain data: what was said in each field, by whom, and what nobody said."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from oncology.checklist import CardField, CardPart, Checklist, Section

__all__ = [
    "NOT_SAID",
    "Claim",
    "Completeness",
    "Entry",
    "Metric",
    "ModelCard",
    "PartEntry",
    "Said",
    "Speaker",
    "State",
    "Statement",
    "entries_of",
    "fit",
    "new_said",
]

NOT_SAID = "not provided by the developer"

# manifest, card: words of the developer under the bundle's hash. computed: worked out here from the bundle.
# uncovered: words in a card.toml that the bundle's hash does not cover.
Speaker = Literal["manifest", "card", "computed", "uncovered"]
State = Literal["complete", "in part", "empty"]

# Control characters, lone surrogates and marks that turn the reading direction: none belongs into a card, some end a
# document, and some make a text read as another one.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


def fit(text: str) -> str:
    """A text without signs that no document can hold; a replacement character stands in their place."""
    return _UNFIT.sub("\ufffd", text).strip()


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that was said, and who said it."""

    text: str
    by: Speaker

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", fit(self.text))

    @property
    def covered(self) -> bool:
        """Whether it is under the bundle's hash, or was computed from what is."""
        return self.by != "uncovered"


Said = defaultdict[tuple[str, str], list[Statement]]


def new_said() -> Said:
    """An empty collection of statements by (field key, part key)."""
    return defaultdict(list)


@dataclass(frozen=True, slots=True)
class PartEntry:
    """One part of a field with everything that was said of it; `note` tells what could fill it."""

    part: CardPart
    statements: tuple[Statement, ...]
    note: str = ""

    @property
    def is_said(self) -> bool:
        """Whether anything under the hash fills it."""
        return any(s.covered for s in self.statements)

    @property
    def words(self) -> str:
        """The statements as one text, those that the hash does not cover marked; or that nobody said anything."""
        if not self.statements:
            return f"{NOT_SAID}{f' ({self.note})' if self.note else ''}"
        said = (
            s.text if s.covered else f"[not covered by the bundle's hash] {s.text}" for s in self.statements
        )
        return "\n".join(said)


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the 41 fields; optional parts stand in it only where something was said."""

    field: CardField
    parts: tuple[PartEntry, ...]

    @property
    def state(self) -> State:
        """complete, in part, or empty: over the parts that are not optional, by words under the hash."""
        counted = [p.is_said for p in self.parts if not p.part.optional]
        if all(counted):
            return "complete"
        return "in part" if any(p.is_said for p in self.parts) else "empty"

    @property
    def missing(self) -> tuple[str, ...]:
        """Titles of the parts that nobody said anything about under the hash."""
        return tuple(p.part.title for p in self.parts if not p.part.optional and not p.is_said)

    def part(self, key: str) -> PartEntry | None:
        """The part of that name, or None where it is optional and empty."""
        return next((p for p in self.parts if p.part.key == key), None)


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many fields are filled; the first four count the required fields alone.

    uncovered : fields that are not complete, and for which words stand in a card that the hash does not cover
    """

    required: int
    complete: int
    in_part: int
    empty: int
    all_complete: int
    n_fields: int
    uncovered: int

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Completeness:
        """Counted over entries."""
        entries = tuple(entries)
        states = [e.state for e in entries if e.field.required]
        uncovered = sum(
            e.state != "complete" and any(not s.covered for p in e.parts for s in p.statements)
            for e in entries
        )
        return cls(
            len(states), states.count("complete"), states.count("in part"), states.count("empty"),
            sum(e.state == "complete" for e in entries), len(entries), uncovered,
        )  # fmt: skip

    def words(self) -> str:
        """The counts in a sentence or two.

        Examples
        --------
        >>> Completeness(31, 12, 9, 10, 15, 41, 0).words()
        '12 of 31 required fields are complete, 9 are filled in part, 10 are empty.'
        """
        words = (
            f"{self.complete} of {self.required} required fields are complete, {self.in_part} are filled in part, "
            f"{self.empty} are empty."
        )
        if self.uncovered:
            n = f"{self.uncovered} field{'s hold' if self.uncovered > 1 else ' holds'}"
            words += f" {n} words that the bundle's hash does not cover; they do not count here."
        return words


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the strip of claims and evidence; `shown` is False where there is no evidence."""

    key: str
    title: str
    words: str
    shown: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", fit(self.words))


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the card with its interval where there is one; `kind` says which question it answers."""

    kind: Literal["usefulness", "fairness", "safety"]
    label: str
    estimate: float
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", fit(self.label))


@dataclass(frozen=True, eq=False, slots=True)
class ModelCard:
    """The whole card of one bundle.

    Parameters
    ----------
    title, name, version, sha256, origin : str
        Of the bundle; `origin` says whose patients it was made from.
    validation : str
        The words of the header: "Not externally validated", or what the developer reports.
    entries : tuple of Entry, (41,)
    claims : tuple of Claim
    metrics : tuple of Metric
    problems : tuple of str
        Why a card.toml beside the bundle could not be used.
    card_sha256 : str or None
        Hash of the card.toml that was read.
    uncovered_card : bool
        Whether that file lies outside the bundle's hash.
    measured : str
        What was measured on the training patients for this card, in words.
    """

    title: str
    name: str
    version: str
    sha256: str
    origin: str
    validation: str
    checklist: Checklist
    entries: tuple[Entry, ...]
    claims: tuple[Claim, ...]
    metrics: tuple[Metric, ...] = ()
    problems: tuple[str, ...] = ()
    card_sha256: str | None = None
    uncovered_card: bool = False
    measured: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "name", "version", "validation"):
            object.__setattr__(self, name, fit(getattr(self, name)))
        object.__setattr__(self, "problems", tuple(map(fit, self.problems)))

    @property
    def completeness(self) -> Completeness:
        """How many fields are filled."""
        return Completeness.of(self.entries)

    def entry(self, key: str) -> Entry:
        """The entry of a field."""
        return next(e for e in self.entries if e.field.key == key)

    def words(self, field: str, part: str) -> str:
        """What stands in one part."""
        found = self.entry(field).part(part)
        return NOT_SAID if found is None else found.words

    def section(self, section: Section) -> tuple[Entry, ...]:
        """The entries under one heading."""
        return tuple(e for e in self.entries if section.first <= e.field.number <= section.last)

    @property
    def not_told(self) -> tuple[Entry, ...]:
        """Required fields that are not complete, empty ones first."""
        open_fields = [e for e in self.entries if e.field.required and e.state != "complete"]
        return tuple(sorted(open_fields, key=lambda e: (e.state != "empty", e.field.number)))


def entries_of(
    checklist: Checklist,
    said: Mapping[tuple[str, str], list[Statement]],
    notes: Mapping[tuple[str, str], str],
) -> tuple[Entry, ...]:
    """Statements in the order of the checklist; none is lost, empty texts are nothing said."""
    found = []
    for field in checklist.fields:
        parts = []
        for part in field.parts:
            statements = tuple(dict.fromkeys(s for s in said.get((field.key, part.key), ()) if s.text))
            if statements or not part.optional:
                parts.append(PartEntry(part, statements, notes.get((field.key, part.key), "")))
        found.append(Entry(field, tuple(parts)))
    return tuple(found)
