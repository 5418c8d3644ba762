"""The import report: what became of every element a file held, and what the file contradicts itself on."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from oncology.patients import PatientProfile, Source

__all__ = ["Contradiction", "Fate", "ImportEntry", "ImportReport", "Ledger", "ReadResult", "safe"]

Fate = Literal["used", "normalised", "ambiguous", "dropped"]
FATES: tuple[Fate, ...] = ("used", "normalised", "ambiguous", "dropped")
# Beyond this many different lines, further ones are counted under their element and reason alone.
MAX_LINES = 3000
_ROUTINE = (
    "envelope of",
    "a link between",
    "identifies a person",
    "an exact date",
    "a date or time",
    "free text",
)
_PRIVATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d(?!\d)|\S+@\S+\.\S+|https?://(?!loinc)|"
    r"(?<![A-Za-z_\d.])\d{7,}|\b\d{3}[- ]\d{3}[- ]\d{3,}|\+\d[\d\s()/-]{7,}"
)


def safe(value: object, *, most: int = 60) -> str:
    """A value fit for the report: short, and hidden where it looks like a date, a number of a person or a contact.

    Examples
    --------
    >>> safe("p.L858R"), safe("born 1961-04-03"), safe("a@b.org")
    ('p.L858R', '(hidden)', '(hidden)')
    """
    return _safe(str(value)[:400], most) if value != "" else ""


@lru_cache(maxsize=50_000)
def _safe(text: str, most: int) -> str:
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "?" for c in text)
    if _PRIVATE.search(text):
        return "(hidden)"
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One kind of element and what became of it.

    Parameters
    ----------
    part : str
        Where it stands, for example ``"cells of patients.csv"``.
    element : str
        A column, an element path or a variant.
    fate : {"used", "normalised", "ambiguous", "dropped"}
    reason : str
        Why; empty for what was used as it stands.
    found, became : str
        The value in the file (never of names, identifiers, contacts or dates) and what was made of it.
    count : int
        How many elements of the file this line stands for.
    patient_id : str
        The patient it belongs to; empty where it is of no patient, or of several.
    """

    part: str
    element: str
    fate: Fate
    reason: str = ""
    found: str = ""
    became: str = ""
    count: int = 1
    patient_id: str = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements of a file that cannot both be right, and what was done about it."""

    patient_id: str
    what: str
    choice: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was read, what was not, and why.

    Parameters
    ----------
    source : Source
        Name, format and hash of what was read.
    held : mapping of str to int
        Part of the file, and how many elements it held, counted apart from the entries.
    entries : tuple of ImportEntry
    contradictions : tuple of Contradiction
    notes : tuple of str
        Sentences about the file as a whole (assumptions made, encodings, what the user may want to add).
    """

    source: Source
    held: dict[str, int]
    entries: tuple[ImportEntry, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    notes: tuple[str, ...] = ()

    def counts(self) -> dict[Fate, int]:
        """Elements by fate."""
        totals: Counter[Fate] = Counter()
        for entry in self.entries:
            totals[entry.fate] += entry.count
        return {fate: totals[fate] for fate in FATES}

    @property
    def n_elements(self) -> int:
        """Elements the file held."""
        return sum(self.held.values())

    def unaccounted(self) -> dict[str, int]:
        """Parts whose entries do not add up to what they held, with the difference; empty when all is told."""
        told: Counter[str] = Counter()
        for entry in self.entries:
            told[entry.part] += entry.count
        parts = {*self.held, *told}
        return {p: self.held.get(p, 0) - told[p] for p in sorted(parts) if self.held.get(p, 0) != told[p]}

    @property
    def adds_up(self) -> bool:
        """Whether used, normalised, ambiguous and dropped together are what the file held."""
        return not self.unaccounted()

    def for_patient(self, patient_id: str) -> ImportReport:
        """The lines that concern one patient, with those that concern the file."""
        return ImportReport(
            self.source,
            self.held,
            tuple(e for e in self.entries if e.patient_id in ("", patient_id)),
            tuple(c for c in self.contradictions if c.patient_id in ("", patient_id)),
            self.notes,
        )

    def to_rows(self) -> list[dict[str, str | int]]:
        """One dictionary a line, for a table: fate, element, found, became, reason, count, patient, part."""
        order = {fate: i for i, fate in enumerate(("dropped", "ambiguous", "normalised", "used"))}
        # What is dropped of every file of its kind (envelopes, links, identifiers) comes last.
        lines = sorted(self.entries, key=lambda e: 9 if e.reason.startswith(_ROUTINE) else order[e.fate])
        return [
            {
                "fate": e.fate,
                "element": e.element,
                "found": e.found,
                "became": e.became,
                "reason": e.reason,
                "count": e.count,
                "patient": e.patient_id,
                "part": e.part,
            }
            for e in lines
        ]

    def summary(self) -> str:
        """One sentence: how many elements were used, normalised, ambiguous, dropped.

        Examples
        --------
        >>> ImportReport(Source("a.csv", "table", ""), {"cells": 2}, (ImportEntry("cells", "age", "used", count=2),)).summary()
        'Of 2 elements: 2 used, 0 normalised, 0 ambiguous, 0 dropped.'
        """
        told = ", ".join(f"{n:,} {fate}" for fate, n in self.counts().items())
        more = f" {len(self.contradictions)} contradictions." if self.contradictions else ""
        return f"Of {self.n_elements:,} elements: {told}.{more}"


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Patients of a file and the report of reading it."""

    profiles: tuple[PatientProfile, ...]
    report: ImportReport


_Key = tuple[str, str, Fate, str, str, str, str]


@dataclass(slots=True)
class Ledger:
    """The report while it is being written: lines that are alike are counted together."""

    _lines: dict[_Key, int] = field(default_factory=dict)
    _held: Counter[str] = field(default_factory=Counter)
    _contradictions: dict[Contradiction, None] = field(default_factory=dict)
    _notes: dict[str, None] = field(default_factory=dict)

    def hold(self, part: str, count: int = 1) -> None:
        """Count elements that a part of the file holds, before anything is made of them."""
        self._held[part] += count

    def add(
        self,
        part: str,
        element: str,
        fate: Fate,
        reason: str = "",
        *,
        found: object = "",
        became: object = "",
        count: int = 1,
        patient_id: str = "",
    ) -> None:
        """Tell what became of `count` elements."""
        element = safe(element)
        key: _Key = (part, element, fate, reason, safe(found), safe(became), patient_id)
        if key not in self._lines and len(self._lines) >= MAX_LINES:
            key = (part, element, fate, reason, "", "", "")
            if key not in self._lines and len(self._lines) >= 2 * MAX_LINES:
                key = (part, "(more elements)", fate, "the report is full; counted only", "", "", "")
        self._lines[key] = self._lines.get(key, 0) + count

    def contradiction(self, patient_id: str, what: str, choice: str) -> None:
        """Two statements cannot both be right."""
        if len(self._contradictions) < MAX_LINES:
            self._contradictions[Contradiction(patient_id, what, choice)] = None

    def note(self, sentence: str) -> None:
        """A sentence about the file as a whole."""
        if len(self._notes) < 200:
            self._notes[sentence] = None

    def report(self, source: Source) -> ImportReport:
        """The finished report."""
        entries = tuple(
            ImportEntry(part, element, fate, reason, found, became, count, patient)
            for (part, element, fate, reason, found, became, patient), count in self._lines.items()
        )
        return ImportReport(
            source, dict(self._held), entries, tuple(self._contradictions), tuple(self._notes)
        )
