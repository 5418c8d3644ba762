"""Corrections by hand: a field changed by a person, with what stood there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from oncology.errors import OncologyError, UnknownNameError
from oncology.intake.spelling import spell, spell_gene
from oncology.patients import Alteration, AlterationKind, ImpossibleValueError, Origin, PatientProfile

__all__ = ["Correction", "DoubtfulFindingError", "alterations_from_rows", "correct", "genes_from_names"]


class DoubtfulFindingError(OncologyError, ValueError):
    """A typed finding that no feature could be matched with; taken as it is, it would read as "not altered"."""

    def __init__(self, doubts: Sequence[str]) -> None:
        super().__init__(" ".join(doubts) + " Correct the spelling, or leave the line out.")
        self.doubts = tuple(doubts)


@dataclass(frozen=True, slots=True)
class Correction:
    """One field of a profile, as it was recorded and as a person corrected it."""

    field: str
    before: str
    after: str


def correct(
    profile: PatientProfile, changes: Mapping[str, Any]
) -> tuple[PatientProfile, tuple[Correction, ...]]:
    """The profile with some fields replaced, and a record of each field that really changed.

    Raises
    ------
    UnknownNameError
        If a profile has no such field.
    ImpossibleValueError
        If no patient can have the value; nothing is changed then.

    Examples
    --------
    >>> fixed, record = correct(PatientProfile("p", age_years=16), {"age_years": 61, "sex": None})
    >>> fixed.age_years, [(c.field, c.before, c.after) for c in record]
    (61, [('age years', '16', '61')])
    """
    known = {f.name for f in fields(PatientProfile)} - {
        "patient_id",
        "synthetic",
        "source",
        "germline_withheld",
    }
    for name in changes:
        if name not in known:
            raise UnknownNameError("Profile field", name, known)
    changed = {name: value for name, value in changes.items() if getattr(profile, name) != value}
    record = tuple(
        Correction(name.replace("_", " "), _words(getattr(profile, name)), _words(value))
        for name, value in changed.items()
    )
    return (profile.replace(**changed) if changed else profile), record


def _words(value: Any) -> str:
    if value is None:
        return "not recorded"
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in value.items())
            or "none"
        )
    if isinstance(value, (tuple, frozenset)):
        parts = [v.name if isinstance(v, Alteration) else str(v) for v in value]
        return ", ".join(sorted(parts) if isinstance(value, frozenset) else parts) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def alterations_from_rows(
    rows: Sequence[Mapping[str, Any]], recorded: Sequence[Alteration] = ()
) -> tuple[Alteration, ...]:
    """Findings from the rows of an editable table; details that the table does not show are kept.

    Rows have gene, kind, change, allele fraction and origin; a row without a gene is left out when it is
    empty and refused when it is not. What is typed is put into the spelling that models read
    (``her2`` to ``ERBB2``, ``L858R`` to ``p.L858R``).

    Raises
    ------
    ImpossibleValueError
        For a finding without a gene, or an impossible value.
    DoubtfulFindingError
        For a gene one letter away from a known one, or a change that cannot be read.

    Examples
    --------
    >>> [a.name for a in alterations_from_rows([{"gene": "egfr", "change": "L858R"}])]
    ['EGFR p.L858R']
    """
    before = {_key(a): a for a in recorded}
    found: list[Alteration] = []
    doubts: list[str] = []
    for number, row in enumerate(rows, start=1):
        gene = str(row.get("gene") or "").strip()
        change = str(row.get("change") or "").strip() or None
        vaf = row.get("allele fraction")
        if not gene:
            if change or vaf is not None:
                raise ImpossibleValueError(f"gene of finding {number}", gene, "an HGNC symbol such as EGFR")
            continue
        kind: AlterationKind = row.get("kind") or "mutation"
        origin: Origin = row.get("origin") or "unknown"
        vaf = None if vaf is None else float(vaf)
        kept = before.get((gene, kind, change, vaf, origin))
        if kept is not None:
            found.append(kept)
            continue
        spelled = spell(Alteration(gene, kind, protein_change=change, vaf=vaf, origin=origin))
        if spelled.alteration is None:
            doubts += spelled.notes
        else:
            found.append(spelled.alteration)
        doubts += spelled.doubts
    if doubts:
        raise DoubtfulFindingError(doubts)
    return tuple(found)


def genes_from_names(names: Sequence[str]) -> frozenset[str]:
    """Typed gene names as current symbols; a name one letter away from a known symbol is refused.

    Examples
    --------
    >>> sorted(genes_from_names(["her2", "KRAS"]))
    ['ERBB2', 'KRAS']
    """
    read = [spell_gene(name) for name in names]
    doubts = [doubt for _, _, said in read for doubt in said]
    if doubts:
        raise DoubtfulFindingError(doubts)
    return frozenset(symbol for symbol, _, _ in read)


def _key(a: Alteration) -> tuple[Any, ...]:
    return a.gene, a.kind, a.protein_change, a.vaf, a.origin
