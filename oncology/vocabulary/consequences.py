"""Consequences of a variant: words of MAF files and Sequence Ontology terms, and what becomes of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

__all__ = ["Consequence", "consequence", "severity"]

Effect = Literal["changes the protein", "may change splicing", "does not change the protein"]


@dataclass(frozen=True, slots=True)
class Consequence:
    """A Sequence Ontology term and whether the protein changes."""

    term: str
    effect: Effect


_CHANGES: Effect = "changes the protein"
_MAYBE: Effect = "may change splicing"
_NOT: Effect = "does not change the protein"

# Sequence Ontology terms, most severe first, in the order in which Ensembl VEP ranks them.
_TERMS: dict[str, Effect] = {
    "transcript_ablation": _CHANGES, "splice_acceptor_variant": _CHANGES, "splice_donor_variant": _CHANGES,
    "exon_loss_variant": _CHANGES, "stop_gained": _CHANGES, "frameshift_variant": _CHANGES, "stop_lost": _CHANGES,
    "start_lost": _CHANGES, "gene_fusion": _CHANGES, "transcript_amplification": _CHANGES,
    "feature_elongation": _CHANGES, "feature_truncation": _CHANGES, "inframe_insertion": _CHANGES,
    "inframe_deletion": _CHANGES, "conservative_inframe_insertion": _CHANGES,
    "disruptive_inframe_insertion": _CHANGES, "conservative_inframe_deletion": _CHANGES,
    "disruptive_inframe_deletion": _CHANGES, "missense_variant": _CHANGES, "protein_altering_variant": _CHANGES,
    "initiator_codon_variant": _NOT, "splice_donor_5th_base_variant": _MAYBE, "splice_region_variant": _MAYBE,
    "splice_donor_region_variant": _MAYBE, "splice_polypyrimidine_tract_variant": _MAYBE,
    "incomplete_terminal_codon_variant": _NOT, "start_retained_variant": _NOT, "stop_retained_variant": _NOT,
    "synonymous_variant": _NOT, "coding_sequence_variant": _NOT, "mature_miRNA_variant": _NOT,
    "5_prime_UTR_variant": _NOT, "5_prime_UTR_premature_start_codon_gain_variant": _NOT,
    "3_prime_UTR_variant": _NOT, "non_coding_transcript_exon_variant": _NOT, "intron_variant": _NOT,
    "NMD_transcript_variant": _NOT, "non_coding_transcript_variant": _NOT, "upstream_gene_variant": _NOT,
    "downstream_gene_variant": _NOT, "TF_binding_site_variant": _NOT, "regulatory_region_variant": _NOT,
    "intragenic_variant": _NOT, "intergenic_variant": _NOT, "intergenic_region": _NOT, "sequence_feature": _NOT,
}  # fmt: skip
_RANK = {term.casefold(): i for i, term in enumerate(_TERMS)}
_BY_KEY = {term.casefold(): term for term in _TERMS}

_MAF_WORDS: dict[str, str] = {
    "missensemutation": "missense_variant", "missense": "missense_variant", "nonsensemutation": "stop_gained",
    "nonsense": "stop_gained", "frameshiftdel": "frameshift_variant", "frameshiftins": "frameshift_variant",
    "frameshift": "frameshift_variant", "inframedel": "inframe_deletion", "inframeins": "inframe_insertion",
    "splicesite": "splice_acceptor_variant", "splice": "splice_acceptor_variant",
    "splicesitesnp": "splice_acceptor_variant", "splicesitedel": "splice_acceptor_variant",
    "splicesiteins": "splice_acceptor_variant", "spliceregion": "splice_region_variant",
    "translationstartsite": "start_lost", "startcodonsnp": "start_lost", "startcodondel": "start_lost",
    "nonstopmutation": "stop_lost", "nonstop": "stop_lost", "denovostartoutofframe": "start_lost",
    "denovostartinframe": "protein_altering_variant", "silent": "synonymous_variant",
    "synonymous": "synonymous_variant", "intron": "intron_variant", "igr": "intergenic_variant",
    "rna": "non_coding_transcript_exon_variant", "lincrna": "non_coding_transcript_exon_variant",
    "3utr": "3_prime_UTR_variant", "5utr": "5_prime_UTR_variant", "3flank": "downstream_gene_variant",
    "5flank": "upstream_gene_variant", "targetedregion": "sequence_feature", "fusion": "gene_fusion",
    "stopgain": "stop_gained", "stoploss": "stop_lost", "nonsynonymoussnv": "missense_variant",
    "synonymoussnv": "synonymous_variant", "exon": "coding_sequence_variant",
}  # fmt: skip


def consequence(written: str) -> Consequence | None:
    """What a consequence word says; the most severe of several joined by ``&`` or ``,``; None where unknown.

    Examples
    --------
    >>> consequence("Frame_Shift_Del").term, consequence("missense_variant&splice_region_variant").term
    ('frameshift_variant', 'missense_variant')
    >>> consequence("5'Flank").effect
    'does not change the protein'
    """
    return _consequence(written[:500])


@lru_cache(maxsize=10_000)
def _consequence(written: str) -> Consequence | None:
    found = []
    for word in re.split(r"[&,;]", written):
        key = re.sub(r"[^0-9a-z]", "", word.casefold())
        term = _BY_KEY.get(word.strip().casefold()) or _MAF_WORDS.get(key)
        if term is not None:
            found.append(term)
    if not found:
        return None
    worst = min(found, key=severity)
    return Consequence(worst, _TERMS[worst])


def severity(term: str) -> int:
    """Rank of a Sequence Ontology term, 0 the most severe; unknown terms come last.

    Examples
    --------
    >>> severity("stop_gained") < severity("missense_variant") < severity("intron_variant")
    True
    """
    return _severity(term[:500])


@lru_cache(maxsize=10_000)
def _severity(term: str) -> int:
    return min((_RANK.get(t.strip().casefold(), len(_RANK)) for t in term.split("&")), default=len(_RANK))
