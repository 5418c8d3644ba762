"""One spelling for findings that were typed: gene symbols, protein changes, tumour types; doubts are told.

A finding that the model's features do not recognise would otherwise read as "tested, not altered" for the
gene that was meant. So a name that cannot be settled takes the gene it resembles out of the assayed ones.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass

from oncology.intake.alteration_text import read_finding
from oncology.patients import Alteration, PatientProfile
from oncology.vocabulary import NAMED_CHANGES
from oncology.vocabulary.genes import GENES, one_slip
from oncology.vocabulary.hgvs import protein_change
from oncology.vocabulary.tumour_codes import tumour_from_text

__all__ = ["Spelling", "doubtful_genes", "spell", "spell_gene", "spell_tumour", "without_doubtful"]

_SYNONYMOUS = re.compile(r"^p\.([A-Z*])\d+(?:=|\1)$")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A finding in our spelling.

    alteration : Alteration or None
        None where it is no alteration (a synonymous change).
    notes : tuple of str
        What was put into another spelling.
    doubts : tuple of str
        What could not be settled, with the nearest names; a person has to look.
    """

    alteration: Alteration | None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def spell(alteration: Alteration) -> Spelling:
    """An alteration in the spelling that features are matched on.

    Examples
    --------
    >>> spell(Alteration("her2", "amplification")).alteration.name
    'ERBB2 amplification'
    >>> spell(Alteration("EGFR", protein_change="p.Leu858Arg")).alteration.name
    'EGFR p.L858R'
    >>> spell(Alteration("EGFR", protein_change="Exon 19 del")).alteration.name
    'EGFR exon 19 deletion'
    >>> spell(Alteration("EGFRR")).doubts
    ("'EGFRR' is no gene symbol this program knows; EGFR is one letter away.",)
    """
    notes: list[str] = []
    doubts: list[str] = []
    changes: dict[str, str | None] = {}
    if alteration.kind == "fusion" and re.search(r"-|::|/", alteration.gene) and _unknown(alteration.gene):
        read = read_finding(f"{alteration.gene} fusion")
        if not isinstance(read, str):
            changes = {"gene": read.alteration.gene, "partner": read.alteration.partner}
            notes.append(f"{alteration.gene} read as a fusion of {changes['gene']} with {changes['partner']}")
    else:
        symbol, said, doubt = spell_gene(alteration.gene)
        changes["gene"] = symbol
        notes += said
        doubts += doubt
    written = alteration.protein_change
    if written is not None and alteration.kind in ("mutation", "other"):
        found = _change(str(changes["gene"]), written)
        if found is None:
            doubts.append(
                f"{written!r} is no protein change of {changes['gene']} that can be read (expected p.L858R, "
                f"{_classes(str(changes['gene']))})."
            )
        elif _SYNONYMOUS.match(found):
            return Spelling(None, (*notes, f"{changes['gene']} {found} changes no amino acid: no alteration"))
        elif found != written:
            changes["protein_change"] = found
            notes.append(f"{written} read as {found}")
    return Spelling(dataclasses.replace(alteration, **changes), tuple(notes), tuple(doubts))  # type: ignore[arg-type]


def _unknown(gene: str) -> bool:
    return GENES.resolve(gene).status == "unknown"


def _classes(gene: str) -> str:
    named = [name for owner, name in NAMED_CHANGES if owner == gene]
    return "or one of: " + ", ".join(named) if named else "or c.2573T>G as a coding change"


def _change(gene: str, written: str) -> str | None:
    """The change as features know it: one-letter HGVS or the name of a class; None where it is neither."""
    bare = re.sub(rf"^\s*{re.escape(gene)}[\s:]+", "", written, flags=re.IGNORECASE).strip()
    key = _key(bare)
    for (owner, name), _ in NAMED_CHANGES.items():
        if owner == gene and key in {_key(name), _key(f"{gene} {name}")}:
            return name
    if bare.casefold() == "promoter" or bare.casefold().startswith("promoter "):
        return "promoter"
    return protein_change(bare)


def _key(text: str) -> str:
    words = re.sub(r"[^a-z0-9]", "", text.casefold())
    words = re.sub(r"^(?:exon|ex)(?=\d)", "exon", words)
    for short, long in (("del", "deletion"), ("ins", "insertion"), ("skip", "skipping")):
        words = re.sub(rf"(?<=\d){short}s?$", long, words)
    return words


def spell_gene(written: str) -> tuple[str, list[str], list[str]]:
    """The symbol to use for a written gene, what was changed, and what is in doubt."""
    name = GENES.resolve(written)
    if name.status in ("current", "alias", "previous"):
        return name.symbol, ([] if name.symbol == written else [f"{written} is now {name.symbol}"]), []
    if name.status == "ambiguous":
        return written, [], [f"{written!r} can be {' or '.join(name.others)}; it is kept as written."]
    near = [g for g in GENES.near(written) if one_slip(written.upper(), g)]
    if near:
        return (
            written,
            [],
            [f"{written!r} is no gene symbol this program knows; {near[0]} is one letter away."],
        )
    return written, [], []


def spell_tumour(written: str) -> tuple[str | None, list[str], list[str]]:
    """The OncoTree code to use for a written tumour, what was changed, and what is in doubt."""
    read = tumour_from_text(written)
    if read is None:
        return None, [], [f"{written!r} is no OncoTree code and no tumour name this program knows; left out."]
    others = f" (or {', '.join(read.others)})" if read.others else ""
    return read.code, ([] if read.code == written else [f"{written} read as {read.code}{others}"]), []


def doubtful_genes(names: Iterable[str]) -> frozenset[str]:
    """Known genes that an unknown name may have meant: one letter away from it."""
    return frozenset(
        g
        for written in names
        if GENES.resolve(written).status == "unknown"
        for g in GENES.near(written)
        if one_slip(written.upper(), g)
    )


def without_doubtful(profile: PatientProfile) -> tuple[PatientProfile, frozenset[str]]:
    """The profile without those assayed genes that a misspelled finding may have meant; and which they were.

    Examples
    --------
    >>> slip = PatientProfile("p", alterations=(Alteration("EGFRR"),), assayed_genes=frozenset({"EGFR", "KRAS"}))
    >>> kept, doubtful = without_doubtful(slip)
    >>> sorted(kept.assayed_genes), sorted(doubtful)
    (['KRAS'], ['EGFR'])
    """
    if profile.assayed_genes is None:
        return profile, frozenset()
    doubtful = doubtful_genes(a.gene for a in profile.alterations) & profile.assayed_genes
    if not doubtful:
        return profile, frozenset()
    return profile.replace(assayed_genes=profile.assayed_genes - doubtful), doubtful
