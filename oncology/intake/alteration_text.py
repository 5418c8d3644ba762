"""Findings written in words or in headers, as alterations: "KRAS G12C", "ERBB2 amplification", "EML4-ALK fusion"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oncology.alterations import AlterationPattern
from oncology.patients import Alteration, AlterationKind
from oncology.vocabulary import NAMED_CHANGES
from oncology.vocabulary.fusions import FUSION_DRIVERS
from oncology.vocabulary.genes import GENES, GeneName, GeneTable
from oncology.vocabulary.hgvs import coding_change, protein_change

__all__ = ["WrittenFinding", "pattern_of_header", "read_finding"]

_KIND_WORDS: tuple[tuple[str, AlterationKind], ...] = (
    (r"amplification|amplified|\bamp\b|copy number gain", "amplification"),
    (r"homozygous deletion|deep deletion|deletion|\bloss\b|\bhomdel\b|\bdeleted\b", "deletion"),
    (r"fusion|rearrangement|rearranged|translocation|\bre\b", "fusion"),
)
_NOISE = re.compile(
    r"\b(mutations?|mutated|mut|variants?|altered|alteration|any|status|gene|positive)\b", re.IGNORECASE
)
_GENE = re.compile(r"^[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)?$")
_VAF = re.compile(r"(?i)[\[(,\s]*\b(?:vaf|af|allele fraction)\b[\s:=]*([0-9.]+)\s*(%?)[\])]*")


@dataclass(frozen=True, slots=True)
class WrittenFinding:
    """A finding as it was understood: what it is, how its gene was read, and remarks."""

    alteration: Alteration
    gene: GeneName
    notes: tuple[str, ...] = ()


def _named_class(gene: str, words: str) -> str | None:
    key = re.sub(
        r"[^a-z0-9]",
        "",
        words.casefold().replace("ex19del", "exon19deletion").replace("ex20ins", "exon20insertion"),
    )
    for (owner, name), _ in NAMED_CHANGES.items():
        if owner == gene and re.sub(r"[^a-z0-9]", "", name.casefold()) == key:
            return name
    return None


def read_finding(text: str, genes: GeneTable = GENES) -> WrittenFinding | str:
    """A finding in words; where it cannot be read, the reason.

    Examples
    --------
    >>> read_finding("KRAS G12C").alteration.name, read_finding("EML4-ALK fusion").alteration.name
    ('KRAS p.G12C', 'ALK fusion (EML4)')
    >>> read_finding("EGFR exon 19 deletion").alteration.name, read_finding("HER2 amp").alteration.name
    ('EGFR exon 19 deletion', 'ERBB2 amplification')
    >>> read_finding("TP53 p.R175H (VAF 31%)").alteration.vaf
    0.31
    """
    notes: list[str] = []
    words = " ".join(text.replace("_", " ").split())
    vaf = None
    fraction = _VAF.search(words)
    if fraction:
        words = (words[: fraction.start()] + " " + words[fraction.end() :]).strip()
        try:
            vaf = float(fraction.group(1)) / (100 if fraction.group(2) else 1)
        except ValueError:
            notes.append("the allele fraction is not a number")
        if vaf is not None and not 0 <= vaf <= 1:
            notes.append(f"the allele fraction {vaf:g} cannot be (0 to 1); dropped")
            vaf = None
    if not words or len(words) > 200:
        return "no finding can be read from it"
    first, _, rest = words.partition(" ")
    first = first.rstrip(":,")
    pair = re.fullmatch(r"([A-Za-z0-9]+)(?:-{1,2}|::|/)([A-Za-z][A-Za-z0-9]+)", first)
    if (
        pair
        and genes.resolve(first).status == "unknown"
        and not _named_class(genes.resolve(pair[1]).symbol, pair[2])
        and ("::" in first or re.search(r"fusion|rearr|transloc", rest, re.IGNORECASE) or not rest)
    ):
        return _fusion(pair[1], pair[2], genes, tuple(notes))
    if pair and not rest:
        first, rest = pair[1], pair[2]
    if not _GENE.fullmatch(first):
        return "it does not begin with a gene symbol"
    gene = genes.resolve(first)
    rest = rest.strip(" :;,")
    named = _named_class(gene.symbol, rest)
    if named:
        return WrittenFinding(Alteration(gene.symbol, protein_change=named, vaf=vaf), gene, tuple(notes))
    kinds = [
        k
        for pattern, k in _KIND_WORDS
        if re.search(pattern, rest, re.IGNORECASE) and not re.search(r"\d", rest)
    ]
    if kinds:
        partner = re.search(r"(?:\(|with )([A-Za-z0-9]+)\)?$", rest)
        other = genes.resolve(partner.group(1)).symbol if partner and kinds[0] == "fusion" else None
        return WrittenFinding(Alteration(gene.symbol, kinds[0], partner=other), gene, tuple(notes))
    if re.search(r"promoter", rest, re.IGNORECASE):
        return WrittenFinding(
            Alteration(gene.symbol, "other", protein_change="promoter", vaf=vaf), gene, tuple(notes)
        )
    bare = _NOISE.sub(" ", rest).strip(" ()")
    if not bare:
        return WrittenFinding(Alteration(gene.symbol, vaf=vaf), gene, tuple(notes))
    coding = coding_change(bare)
    protein = protein_change(bare)
    if coding is None and protein is None:
        return f"{safe_words(bare)} is no protein change, coding change or named class of {gene.symbol}"
    return WrittenFinding(
        Alteration(
            gene.symbol, protein_change=protein, coding_change=coding.text if coding else None, vaf=vaf
        ),
        gene,
        tuple(notes),
    )


def safe_words(text: str) -> str:
    """The first words of a text, quoted."""
    return repr(text[:40])


def _fusion(a: str, b: str, genes: GeneTable, notes: tuple[str, ...]) -> WrittenFinding:
    left, right = genes.resolve(a), genes.resolve(b)
    # By convention the 3' gene, written last, carries the kinase that drugs aim at.
    main, other = (
        (left, right)
        if left.symbol in FUSION_DRIVERS and right.symbol not in FUSION_DRIVERS
        else (right, left)
    )
    return WrittenFinding(Alteration(main.symbol, "fusion", partner=other.symbol), main, notes)


def pattern_of_header(header: str, genes: GeneTable = GENES) -> tuple[AlterationPattern, GeneName] | None:
    """The finding a table's header names; None where it names none of a known gene.

    Examples
    --------
    >>> pattern_of_header("EGFR exon 19 deletion")[0].name, pattern_of_header("FLT3_ITD")[0].name
    ('EGFR exon 19 deletion', 'FLT3 ITD')
    >>> pattern_of_header("KRAS")[0].name, pattern_of_header("favourite colour") is None
    ('KRAS', True)
    """
    words = re.sub(r"(?i)^(?:mut|gene)[_ ]|[_ ](?:consensus|mut|mutated|status)$", "", header.strip())
    found = read_finding(words, genes)
    if (isinstance(found, str) or found.gene.status == "unknown") and "." in words:
        # Statistics programs write "EGFR.T790M" where a space stood.
        found = read_finding(words.replace(".", " ", 1), genes)
    if isinstance(found, str) or found.gene.status in ("unknown", "ambiguous"):
        return None
    a = found.alteration
    # An alias is believed as a header only where it is written as a symbol: "Taz" or "Met" may be words.
    if found.gene.status == "alias" and not words[:2].isupper():
        return None
    if a.kind in ("amplification", "deletion", "fusion"):
        return AlterationPattern(a.gene, a.kind), found.gene
    if a.kind == "other":
        return AlterationPattern(a.gene, "other"), found.gene
    if a.protein_change is None:
        return AlterationPattern(a.gene), found.gene
    return AlterationPattern(a.gene, change=a.protein_change), found.gene
