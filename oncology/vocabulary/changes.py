"""Named protein changes: what clinicians call an exon 19 deletion, in codons and kinds of change."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NAMED_CHANGES", "NamedChange"]

_CODON = re.compile(r"(?:p\.)?\(?[A-Z*]?(\d+)")


@dataclass(frozen=True, slots=True)
class NamedChange:
    """A class of changes in one gene that carries a name of its own.

    `first` and `last` are codons of the canonical transcript, both included. `events` are the kinds of
    protein change that count: "del", "ins", "dup", "delins", "sub" (substitution), "splice".
    """

    gene: str
    name: str
    first: int
    last: int
    events: frozenset[str]

    def matches(self, protein_change: str | None) -> bool:
        """Whether a written change belongs to this class, by its name or by its codon and kind.

        Examples
        --------
        >>> NAMED_CHANGES["EGFR", "exon 19 deletion"].matches("p.E746_A750del")
        True
        >>> NAMED_CHANGES["EGFR", "exon 19 deletion"].matches("p.L858R")
        False
        >>> NAMED_CHANGES["FLT3", "ITD"].matches("FLT3-ITD")
        True
        """
        if not protein_change:
            return False
        text = protein_change.casefold().removeprefix("p.").strip("()")
        if self.name.casefold() in text.replace("-", " ") or self.name.casefold() in text:
            return True
        codon = _CODON.match(protein_change)
        return (
            codon is not None
            and self.first <= int(codon.group(1)) <= self.last
            and _event(text) in self.events
        )


def _event(text: str) -> str:
    for event in ("delins", "splice", "del", "dup", "ins", "fs"):
        if event in text:
            return event
    return "sub" if re.fullmatch(r"[a-z*]+\d+[a-z*]+", text) else "other"


def _change(gene: str, name: str, first: int, last: int, *events: str) -> NamedChange:
    return NamedChange(gene, name, first, last, frozenset(events))


# Codon ranges: exon borders of the canonical RefSeq transcripts (EGFR NM_005228, FLT3 NM_004119,
# KIT NM_000222, MET NM_000245, KMT2A NM_001197104, BRAF NM_004333, PIK3CA NM_006218 with the exon numbers of the
# trials, one lower than today's), as used in trial inclusion criteria.
NAMED_CHANGES: dict[tuple[str, str], NamedChange] = {
    (change.gene, change.name): change
    for change in (
        _change("EGFR", "exon 19 deletion", 729, 761, "del", "delins"),
        _change("EGFR", "exon 20 insertion", 761, 823, "ins", "dup", "delins"),
        _change("FLT3", "ITD", 572, 630, "ins", "dup", "delins"),
        _change("FLT3", "TKD", 830, 850, "sub", "del", "delins"),
        _change("KIT", "exon 11", 550, 592, "sub", "del", "ins", "dup", "delins"),
        _change("KIT", "exon 9", 449, 514, "sub", "del", "ins", "dup", "delins"),
        _change("MET", "exon 14 skipping", 982, 1028, "splice", "del", "delins"),
        _change("ERBB2", "exon 20 insertion", 770, 785, "ins", "dup", "delins"),
        _change("ESR1", "ligand binding domain", 310, 547, "sub"),
        _change("BRAF", "V600", 600, 600, "sub", "delins"),
        _change("PIK3CA", "exon 9", 514, 555, "sub", "del", "ins", "dup", "delins"),
        _change("PIK3CA", "exon 20", 979, 1068, "sub", "del", "ins", "dup", "delins"),
        _change("KMT2A", "PTD", 0, 0, "other"),
    )
}
