"""One small variant, whatever the file called its parts, as an alteration: symbol, letters, codons, consequence."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from oncology.intake.draft import PatientDraft
from oncology.intake.report import Fate, Ledger
from oncology.patients import Alteration, Origin
from oncology.vocabulary.consequences import consequence
from oncology.vocabulary.genes import GeneTable
from oncology.vocabulary.hgvs import (
    coding_change,
    codon_of,
    disagreement,
    protein_change,
    protein_from_coding,
)

__all__ = ["RawVariant", "VariantReading", "read_fraction", "read_variant", "tell_variant"]


@dataclass(frozen=True, slots=True)
class RawVariant:
    """A variant in the words of its file."""

    gene: str
    protein: str = ""
    coding: str = ""
    consequence: str = ""
    origin: Origin = "unknown"


@dataclass(frozen=True, slots=True)
class VariantReading:
    """What a variant became: an alteration or none, with the reason, and what contradicts itself in it."""

    alteration: Alteration | None
    fate: Fate
    reason: str = ""
    contradiction: str = ""
    choice: str = ""


# Substitutions that arise in tumours; found in the germ line they are next to always a labelling error.
_SOMATIC: dict[str, tuple[int, ...]] = {
    "JAK2": (617,), "BRAF": (600,), "KRAS": (12, 13, 61), "NRAS": (12, 61), "IDH1": (132,), "IDH2": (140, 172),
    "EGFR": (858,), "PIK3CA": (542, 545, 1047), "KIT": (816,), "FLT3": (835,), "MYD88": (265,), "GNAQ": (209,), "GNA11": (209,),
}  # fmt: skip
_UNKNOWN_GENES = frozenset({"", ".", "-", "na", "unknown", "none", "nan", "n/a", "null"})


def read_variant(raw: RawVariant, genes: GeneTable) -> VariantReading:
    """What becomes of a variant.

    Examples
    --------
    >>> from oncology.vocabulary.genes import GENES
    >>> read_variant(RawVariant("NRAS", coding="c.34G>T"), GENES).alteration.name
    'NRAS p.G12C'
    >>> read_variant(RawVariant("TP53", "p.P36P", consequence="Silent"), GENES).reason
    'synonymous_variant does not change the protein'
    """
    if len(raw.gene) + len(raw.protein) + len(raw.coding) + len(raw.consequence) > 2000:
        return VariantReading(None, "dropped", "its words are longer than those of any variant")
    return _read_variant(raw, genes)


@lru_cache(maxsize=50_000)
def _read_variant(raw: RawVariant, genes: GeneTable) -> VariantReading:
    if raw.gene.strip().casefold() in _UNKNOWN_GENES:
        return VariantReading(None, "dropped", "no gene is named")
    gene = genes.resolve(raw.gene)
    notes: list[str] = []
    fate: Fate = "used"
    if gene.status in ("previous", "alias"):
        notes.append(f"{gene.written} is now {gene.symbol}")
        fate = "normalised"
    if gene.others:
        notes.append(f"{gene.written} has also named {', '.join(g for g in gene.others if g != gene.symbol)}")
        fate = "ambiguous"
    effect = consequence(raw.consequence) if raw.consequence else None
    protein = protein_change(raw.protein) if raw.protein else None
    coding = coding_change(raw.coding) if raw.coding else None
    if effect and effect.effect == "does not change the protein":
        if gene.symbol == "TERT" and effect.term in ("upstream_gene_variant", "5_prime_UTR_variant"):
            change = Alteration(
                "TERT", "other", "promoter", coding.text if coding else None, effect.term, origin=raw.origin
            )
            return VariantReading(change, "normalised", "a change of the TERT promoter")
        return VariantReading(None, "dropped", f"{effect.term} does not change the protein")
    if raw.consequence and effect is None:
        notes.append(f"the consequence {raw.consequence[:40]!r} is not known")
    if effect and effect.effect == "may change splicing":
        notes.append("near a splice site; whether splicing changes is not certain")
        fate = "ambiguous"
    if not effect and _silent(raw.protein, protein):
        return VariantReading(None, "dropped", "the protein change is silent")
    clash = disagreement(coding, protein)
    if raw.protein and protein is None and raw.protein.strip() not in ("", ".", "-", "p.?", "?"):
        if _named(raw.protein):
            protein = None
        notes.append(f"the protein change {raw.protein[:40]!r} cannot be read")
        fate = "ambiguous" if fate == "used" else fate
    if protein is None and coding is not None:
        protein = protein_from_coding(gene.symbol, coding)
        if protein is not None:
            notes.append(f"protein change worked out from {coding.text} and the reference codon")
            fate = "normalised" if fate == "used" else fate
        elif coding.codon is not None:
            notes.append(f"no protein change in the file; {coding.text} lies in codon {coding.codon}")
            fate = "normalised" if fate == "used" else fate
    elif protein is not None and protein != raw.protein.strip() and fate == "used":
        fate = "normalised"
    if not (effect or protein or coding):
        if not raw.protein:
            notes.append("the file gives neither change nor consequence")
        fate = "ambiguous"
    origin = raw.origin
    contradiction = choice = ""
    if clash:
        contradiction, choice = (
            f"{gene.symbol}: {clash}",
            "both are kept as written; the protein change is used",
        )
        fate = "ambiguous"
        notes.append("coding and protein change disagree")
    if origin == "germline" and codon_of(protein) in _SOMATIC.get(gene.symbol, ()):
        contradiction = f"{gene.symbol} {protein} is marked germline, where it arises in tumours only"
        choice, origin, fate = "origin taken as unknown", "unknown", "ambiguous"
        notes.append("origin in doubt")
    found = Alteration(
        gene.symbol,
        "mutation",
        protein,
        coding.text if coding else None,
        effect.term if effect else None,
        origin=origin,
    )
    return VariantReading(found, fate, "; ".join(notes), contradiction, choice)


def _named(text: str) -> bool:
    return bool(re.search(r"(?i)\bitd\b|ptd|viii|exon", text))


def _silent(written: str, protein: str | None) -> bool:
    if written.strip().rstrip(")").endswith(("=", "%3D")):
        return True
    found = re.fullmatch(r"p\.([A-Z*])\d+([A-Z*])", protein or "")
    return bool(found and found.group(1) == found.group(2))


def read_fraction(written: str) -> tuple[float | None, str]:
    """An allele fraction from 0 to 1, and why there is none, or what was done.

    Examples
    --------
    >>> read_fraction("0.31"), read_fraction("25.0%"), read_fraction("3")
    ((0.31, ''), (0.25, 'percent to fraction'), (None, 'an allele fraction of 3 cannot be (0 to 1)'))
    """
    text = written.strip().replace(",", ".")
    percent = text.endswith("%")
    try:
        value = float(text.rstrip("% "))
    except ValueError:
        return None, "" if text in ("", ".", "NA", "nan") else "the allele fraction is not a number"
    if percent:
        value /= 100
    if not 0 <= value <= 1:
        return None, f"an allele fraction of {written.strip()[:12]} cannot be (0 to 1)"
    return round(value, 6), "percent to fraction" if percent else ""


def tell_variant(
    draft: PatientDraft,
    part: str,
    raw: RawVariant,
    genes: GeneTable,
    ledger: Ledger,
    *,
    fraction: str = "",
    depth: tuple[float, float] | None = None,
    each: bool = True,
) -> Alteration | None:
    """Add a variant to a patient and tell what became of it: one element of `part`.

    Parameters
    ----------
    fraction : str
        Allele fraction as written.
    depth : (float, float), optional
        Reads with the variant, and all reads; used where no fraction is written.
    each : bool
        Whether the report names every variant (one patient) or counts those alike (a study).
    """
    reading = read_variant(raw, genes)
    who = draft.patient_id if each else ""
    what = f"{raw.gene} {raw.protein or raw.coding or raw.consequence}".strip()
    element = what if each else raw.consequence or "variant"
    if reading.alteration is None:
        ledger.add(part, element, reading.fate, reading.reason, found=what if each else "", patient_id=who)
        return None
    notes = [reading.reason] if reading.reason and each else []
    if not each and reading.fate != "used":
        notes = [_general(reading.reason)]
    fate = reading.fate
    vaf, why = read_fraction(fraction)
    if vaf is None and depth and depth[1] > 0:
        if 0 <= depth[0] <= depth[1]:
            vaf = round(depth[0] / depth[1], 6)
            why = "the written allele fraction cannot be; counted from the reads" if why else ""
        else:
            why = why or "more variant reads than reads"
    elif vaf is None and "cannot be" in why:
        why = "an allele fraction above 1 or below 0 cannot be (a percentage needs its % sign)"
    if why:
        notes.append(why)
        fate = "normalised" if fate == "used" and vaf is not None else "ambiguous" if vaf is None else fate
    alteration = reading.alteration if vaf is None else replace(reading.alteration, vaf=vaf)
    if reading.contradiction:
        ledger.contradiction(draft.patient_id, reading.contradiction, reading.choice)
    if not draft.altered(alteration):
        ledger.add(part, element, "dropped", "repeats a variant of this patient that is told already",
                   found=what if each else "", patient_id=who)  # fmt: skip
        return alteration
    became = alteration.name if each else ""
    ledger.add(
        part, element, fate, "; ".join(notes), found=what if each else "", became=became, patient_id=who
    )
    return alteration


def _general(reason: str) -> str:
    """A reason without the names in it, so that a study's lines can be counted together."""
    text = re.sub(r"\S+ is now \S+", "an old symbol, replaced", reason)
    text = re.sub(
        r"no protein change in the file; \S+ lies in codon \d+",
        "no protein change; codon from the coding change",
        text,
    )
    text = re.sub(r"worked out from \S+", "worked out from the coding change", text)
    text = re.sub(r"\S+ has also named [^;]+", "a symbol with several readings", text)
    return re.sub(r"'[^']*' ", "", text)
