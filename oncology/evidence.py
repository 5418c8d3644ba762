"""Published markers of response and resistance: one cited figure a row, read from a table and looked up by therapy."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oncology.alterations import AlterationPattern, PatternError
from oncology.errors import OncologyError
from oncology.feature_specs import FeatureSpec
from oncology.vocabulary import TUMOURS, tumour_name

__all__ = [
    "COLUMNS",
    "Direction",
    "EvidenceError",
    "EvidenceStatement",
    "Match",
    "evidence_for",
    "read_evidence",
]

Direction = Literal["sensitivity", "resistance", "no effect", "disputed"]
Match = Literal["same", "part of", "same gene"]

COLUMNS = (
    "therapy", "biomarker", "tumour", "direction", "figure", "unit", "n", "against", "context", "source", "reference", "date",
)  # fmt: skip
_DIRECTIONS: tuple[Direction, ...] = ("sensitivity", "resistance", "no effect", "disputed")
# Markers that are no alterations: how they are written, and the field of a profile that holds them.
_FIELDS = {"TMB": "tmb_per_mb", "MSI": "msi", "PD-L1": "pdl1", "HER2-low": "findings.HER2-low"}
_KINDS: tuple[Literal["amplification", "deletion", "fusion"], ...] = ("amplification", "deletion", "fusion")
_LARGEST = 5_000_000


class EvidenceError(OncologyError, ValueError):
    """An evidence table, or a row of it, that cannot be used."""


@dataclass(frozen=True, slots=True)
class EvidenceStatement:
    """One published figure about one marker and one therapy.

    Parameters
    ----------
    therapies : tuple of str
        Names that mean the same here, each a drug or drugs joined by "+".
    biomarker : str
        As written: "EGFR p.L858R | EGFR exon 19 deletion", "TMB >= 10".
    patterns : tuple of AlterationPattern
        The alterations among the biomarkers.
    fields : tuple of str
        Profile fields among them: "tmb_per_mb", "msi", "pdl1".
    tumour : str
        OncoTree code, or "any".
    direction : {"sensitivity", "resistance", "no effect", "disputed"}
    figure : float
    unit : str
    n : int or None
    against : str
        The figure of those without the marker, in words.
    source, reference, date : str
        Where it was published; `date` is the year, "" where not recorded.
    """

    therapies: tuple[str, ...]
    biomarker: str
    patterns: tuple[AlterationPattern, ...]
    fields: tuple[str, ...]
    tumour: str
    direction: Direction
    figure: float
    unit: str
    n: int | None
    against: str
    context: str
    source: str
    reference: str
    date: str

    @property
    def words(self) -> str:
        """The statement in one sentence, with its source."""
        where = "several tumour types" if self.tumour == "any" else tumour_name(self.tumour)
        n = "" if self.n is None else f" (n = {self.n:,})"
        against = f", against {self.against}" if self.against else ""
        context = f"; {self.context}" if self.context else ""
        cited = ", ".join(t for t in (self.source, self.reference, self.date) if t)
        return f"{self.biomarker} in {where}: {self.figure:g} {self.unit}{n}{against}{context}. {cited}."

    def match(self, feature: FeatureSpec) -> Match | None:
        """How a model's input relates to this marker; None where it does not.

        "same": the input is the marker, or the marker is a whole gene and the input an alteration of it. "part of": the
        input holds the marker among other alterations of the gene. "same gene": another alteration of the gene.
        """
        if feature.reads.what == "field":
            return "same" if feature.reads.field in self.fields else None
        pattern = feature.reads.pattern
        if pattern is None:
            return None
        found: list[Match] = [
            _relation(marker, pattern) for marker in self.patterns if marker.gene == pattern.gene
        ]
        return min(found, key=("same", "part of", "same gene").index) if found else None


def _relation(marker: AlterationPattern, pattern: AlterationPattern) -> Match:
    if marker == pattern or (marker.specificity == 0 and pattern.kind not in _KINDS):
        return "same"
    if marker.change and pattern.change and marker.matches(pattern.example()):
        return "same"
    if pattern.specificity < marker.specificity and pattern.matches(marker.example()):
        return "part of"
    return "same gene"


def read_evidence(path: str | Path) -> tuple[EvidenceStatement, ...]:
    """Read an evidence table (CSV with the columns of `COLUMNS`).

    Raises
    ------
    EvidenceError
        If the file cannot be read, lacks a column, or holds a row without source, with an unknown direction, tumour or
        biomarker, or with a figure that is no number; the message names the line.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise EvidenceError(
                f"{path.name} is larger than {_LARGEST // 1_000_000} MB; an evidence table has a few thousand rows."
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(
            f"The evidence table {path.name} cannot be read ({type(error).__name__}). Give a CSV file in UTF-8."
        ) from error
    table = csv.DictReader(io.StringIO(text))
    lacking = [c for c in COLUMNS if c not in (table.fieldnames or ())]
    if lacking:
        raise EvidenceError(
            f"{path.name} lacks the columns {', '.join(lacking)}; expected {', '.join(COLUMNS)}."
        )
    return tuple(_statement(row, f"{path.name}, line {line}") for line, row in enumerate(table, start=2))


def _statement(row: dict[str, str], where: str) -> EvidenceStatement:
    cell = {c: (row.get(c) or "").strip() for c in COLUMNS}
    for need in ("therapy", "biomarker", "tumour", "direction", "figure", "unit", "source"):
        if not cell[need]:
            raise EvidenceError(
                f"{where}: {need} is empty. A statement without it cannot be shown; fill it in or delete the row."
            )
    direction = next((d for d in _DIRECTIONS if d == cell["direction"]), None)
    if direction is None:
        raise EvidenceError(
            f"{where}: the direction is {cell['direction']!r}; expected {', '.join(_DIRECTIONS)}."
        )
    if cell["tumour"] != "any" and cell["tumour"] not in TUMOURS:
        raise EvidenceError(
            f"{where}: the tumour is {cell['tumour']!r}; expected an OncoTree code such as LUAD, or any."
        )
    if cell["date"] and not re.fullmatch(r"(19|20)\d\d(-\d\d(-\d\d)?)?", cell["date"]):
        raise EvidenceError(f"{where}: the date is {cell['date']!r}; expected a year such as 2018.")
    try:
        figure, n = float(cell["figure"]), int(cell["n"]) if cell["n"] else None
    except ValueError:
        raise EvidenceError(
            f"{where}: figure {cell['figure']!r} or n {cell['n']!r} is no number. Give one figure a row."
        ) from None
    if not (abs(figure) < 1e9 and (n is None or n > 0)):
        raise EvidenceError(f"{where}: figure {cell['figure']!r} or n {cell['n']!r} is out of range.")
    patterns, fields = _markers(cell["biomarker"], where)
    return EvidenceStatement(
        tuple(t.strip() for t in cell["therapy"].split("|")), cell["biomarker"], patterns, fields, cell["tumour"],
        direction, figure, cell["unit"], n, cell["against"], cell["context"], cell["source"], cell["reference"],
        cell["date"],
    )  # fmt: skip


def _markers(written: str, where: str) -> tuple[tuple[AlterationPattern, ...], tuple[str, ...]]:
    patterns, fields = [], []
    for part in (p.strip() for p in written.split("|")):
        field = next((f for word, f in _FIELDS.items() if part == word or part.startswith(word + " ")), None)
        if field is not None:
            fields.append(field)
            continue
        gene, _, rest = part.partition(" ")
        if not re.fullmatch(r"[A-Z][A-Z0-9-]{1,14}", gene):
            raise EvidenceError(
                f"{where}: the biomarker {part!r} is not understood; expected a gene (KRAS), an alteration of it (KRAS p.G12C, "
                f"ALK fusion), or one of {', '.join(_FIELDS)}."
            )
        try:
            patterns.append(
                AlterationPattern(gene, _KINDS[_KINDS.index(rest)])
                if rest in _KINDS
                else AlterationPattern(gene, change=rest or None)
            )
        except PatternError as error:
            raise EvidenceError(f"{where}: the biomarker {part!r} is not understood. {error}") from error
    return tuple(patterns), tuple(fields)


def evidence_for(
    statements: Iterable[EvidenceStatement], names: Sequence[str]
) -> tuple[EvidenceStatement, ...]:
    """Statements about a therapy.

    Parameters
    ----------
    names : sequence of str
        Ways to write the therapy: a bundle's key and label. Drugs are compared as sets of words, so that
        "dabrafenib_trametinib" and "Dabrafenib + trametinib" are one.
    """
    wanted = {_drugs(name) for name in names} - {frozenset()}
    return tuple(s for s in statements if any(_drugs(t) in wanted for t in s.therapies))


def _drugs(name: str) -> frozenset[str]:
    """The words of a therapy's name, in any order and case; what stands in brackets is a code of the maker.

    Examples
    --------
    >>> _drugs("Quizartinib (AC220)") == _drugs("quizartinib"), sorted(_drugs("dabrafenib_trametinib"))
    (True, ['dabrafenib', 'trametinib'])
    """
    bare = re.sub(r"\(.*?\)", " ", name.casefold())
    return frozenset(
        re.findall(r"[a-z0-9][a-z0-9-]*", re.sub(r"\b(and|plus|with)\b", " ", bare.replace("_", " ")))
    )
