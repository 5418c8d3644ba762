"""Structural alleles of a VCF file: what can be told of fusions, deletions and gains, and why the rest is not read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from oncology.intake.draft import PatientDraft
from oncology.intake.options import Options
from oncology.intake.report import Ledger
from oncology.intake.side_tables import tell_fusion
from oncology.patients import Alteration, ImpossibleValueError, Origin
from oncology.vocabulary.consequences import severity
from oncology.vocabulary.fusions import FUSION_DRIVERS

__all__ = ["MIN_AMPLIFIED", "GeneHit", "StructuralAllele", "StructuralAlleles", "is_structural"]

# Total copies from which a gain counts as amplification: one line for all genes and tests, where guidelines draw several.
MIN_AMPLIFIED = 5
_OUTSIDE = {"upstream_gene_variant", "downstream_gene_variant", "intergenic_variant", "intergenic_region", ""}
_WHOLE_LOST, _WHOLE_GAINED = {"transcript_ablation"}, {"transcript_amplification"}
_FUSED = {"gene_fusion", "bidirectional_gene_fusion"}
_MATE = re.compile(r"[\[\]]([^\[\]]+):(\d+)[\[\]]")
_WORDS = {
    "INV": "an inversion",
    "INS": "an insertion",
    "DUP": "a duplication",
    "DEL": "a deletion",
    "CNV": "a change of copies",
}


def is_structural(alternative: str) -> bool:
    """Whether an alternative allele is symbolic or a breakend instead of letters.

    Examples
    --------
    >>> [is_structural(a) for a in ("<DEL>", "G]17:198982]", ".TGCA", "T", "*")]
    [True, True, True, False, False]
    """
    single = len(alternative) > 1 and (alternative.startswith(".") or alternative.endswith("."))
    return alternative.startswith("<") or "[" in alternative or "]" in alternative or single


@dataclass(frozen=True, slots=True)
class GeneHit:
    """A gene that the annotation names for an allele, with the Sequence Ontology terms beside it."""

    symbol: str
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class StructuralAllele:
    """One structural allele in the words of its file.

    Parameters
    ----------
    name, mate : str
        ID of the line, and the ID that it names as its mate.
    place, alternative : str
        ``chromosome:position``, and the ALT column.
    kind : str
        SVTYPE, or the symbol in ALT: BND, DEL, DUP, INV, INS, CNV.
    copies : float or None
        Total copies in the tumour sample, where told.
    both : bool
        Whether the genotype says that every copy carries it.
    """

    name: str
    mate: str
    place: str
    alternative: str
    kind: str
    hits: tuple[GeneHit, ...]
    copies: float | None
    both: bool
    origin: Origin

    @property
    def mate_place(self) -> str:
        """Where the other end lies, from the ALT column of a breakend."""
        found = _MATE.search(self.alternative)
        return f"{found.group(1)}:{found.group(2)}" if found else ""

    def with_terms(self, terms: set[str]) -> list[str]:
        """Genes hit in one of these ways."""
        return [h.symbol for h in self.hits if h.terms & terms]

    def inside(self) -> list[str]:
        """Genes the allele touches, not only lies near; those by which fusions are named come first."""
        found = [h for h in self.hits if h.terms - _OUTSIDE]
        found.sort(key=lambda h: (h.symbol not in FUSION_DRIVERS, min(map(severity, h.terms))))
        return list(dict.fromkeys(h.symbol for h in found))


@dataclass(slots=True)
class StructuralAlleles:
    """The structural alleles of one file: most are told at once, breakends once both ends are known."""

    draft: PatientDraft
    part: str
    options: Options
    ledger: Ledger
    breakends: list[StructuralAllele] = field(default_factory=list)

    def take(self, allele: StructuralAllele) -> None:
        """Tell one allele, or keep it until its mate is seen."""
        fused = [s for s in allele.with_terms(_FUSED) if re.fullmatch(r"[^&]+&[^&]+", s)]
        if fused:
            left, _, right = fused[0].partition("&")
            self._fusion(left, right, allele, "annotated as a fusion; whether it is expressed is not told")
        elif allele.kind == "BND":
            self.breakends.append(allele)
        elif allele.kind == "DEL":
            self._deletion(allele)
        elif allele.kind in ("DUP", "CNV"):
            self._gain(allele)
        else:
            self._unread(allele, "what it does to the protein is not told")

    def finish(self) -> None:
        """Pair the breakends by their mates, and tell every one of them."""
        by_name = {b.name: b for b in self.breakends if b.name not in ("", ".")}
        by_place = {b.place: b for b in self.breakends}
        told: set[int] = set()
        for breakend in self.breakends:
            if id(breakend) in told:
                continue
            mate = by_name.get(breakend.mate) or by_place.get(breakend.mate_place)
            told.add(id(breakend))
            if mate is None or id(mate) in told:
                self._unread(breakend, "its other end is not in the file, or was dropped")
                continue
            told.add(id(mate))
            self._joined(breakend, mate)

    def _joined(self, one: StructuralAllele, other: StructuralAllele) -> None:
        left, right = one.inside(), other.inside()
        if not left or not right:
            known = ", ".join((left or right)[:2]) or "neither end"
            for end in (one, other):
                self._unread(
                    end,
                    f"of the two ends only {known} lies in a gene"
                    if left or right
                    else "neither end lies in a gene",
                )
            return
        more = [g for genes in (left, right) for g in genes[1:]]
        note = "two breakends join these genes; whether a fusion is made and expressed is not told"
        if more:
            note += f"; the ends also lie in {', '.join(more[:3])}"
        self._fusion(left[0], right[0], one, note)
        self.ledger.add(
            self.part,
            "breakend",
            "used",
            "the other end of a join that is told already",
            patient_id=self._who,
        )

    def _fusion(self, left: str, right: str, allele: StructuralAllele, note: str) -> None:
        tell_fusion(
            self.draft, self.part, left, right, self.options, self.ledger, note=note, origin=allele.origin
        )

    def _deletion(self, allele: StructuralAllele) -> None:
        whole = allele.with_terms(_WHOLE_LOST)
        if not whole:
            self._unread(allele, "which exons it takes is not read")
        elif allele.copies == 0 or (allele.copies is None and allele.both):
            self._copies(whole, "deletion", allele, 0.0)
        elif allele.copies is None:
            self._unread(allele, "whether a copy of the gene is left is not told", whole)
        else:
            self._unread(
                allele, f"copies left: {allele.copies:g}; only the loss of all counts as deletion", whole
            )

    def _gain(self, allele: StructuralAllele) -> None:
        whole = allele.with_terms(_WHOLE_GAINED)
        if allele.copies == 0 and (lost := allele.with_terms(_WHOLE_LOST)):
            self._copies(lost, "deletion", allele, 0.0)
        elif not whole:
            self._unread(allele, "it does not hold a whole gene")
        elif allele.copies is None:
            self._unread(allele, "how many copies there are is not told", whole)
        elif allele.copies < MIN_AMPLIFIED:
            self._unread(
                allele,
                f"copies: {allele.copies:g}; from {MIN_AMPLIFIED} on a gain counts as amplification",
                whole,
            )
        else:
            self._copies(whole, "amplification", allele, allele.copies)

    def _copies(self, genes: Sequence[str], kind: str, allele: StructuralAllele, copies: float) -> None:
        symbols = list(dict.fromkeys(self.options.genes.resolve(g).symbol for g in genes))
        try:
            found = [Alteration(s, kind, copy_number=copies, origin=allele.origin) for s in symbols]  # type: ignore[arg-type]
        except ImpossibleValueError as error:
            self._unread(allele, f"its copies cannot be: expected {error.expected}", genes)
            return
        for alteration in found:
            self.draft.altered(alteration)
        became = ", ".join(a.name for a in found[:3]) + (
            f" and {len(found) - 3} more" if len(found) > 3 else ""
        )
        self.ledger.add(
            self.part, f"{allele.kind} {allele.place}", "used", "", became=became, patient_id=self._who
        )

    def _unread(self, allele: StructuralAllele, why: str, genes: Sequence[str] | None = None) -> None:
        named = ", ".join((genes or allele.inside())[:3])
        what = f"{allele.kind} {named}".strip()
        words = _WORDS.get(allele.kind, "a structural allele")
        self.ledger.add(
            self.part,
            what,
            "dropped",
            f"{words} of which no finding can be told: {why}",
            patient_id=self._who,
        )

    @property
    def _who(self) -> str:
        return self.draft.patient_id
