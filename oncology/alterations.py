"""Patterns over alterations, and what a profile says of each: altered, tested and not altered, not assayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from oncology.errors import OncologyError
from oncology.patients import Alteration, AlterationKind, PatientProfile
from oncology.vocabulary import NAMED_CHANGES, NamedChange

__all__ = ["AlterationPattern", "EvidenceIndex", "PatternError"]

PatternKind = Literal["any", "mutation", "amplification", "deletion", "fusion", "other"]
_KINDS: tuple[AlterationKind, ...] = ("mutation", "other", "amplification", "deletion", "fusion")


class PatternError(OncologyError, ValueError):
    """An alteration pattern that cannot be read."""


@dataclass(frozen=True, slots=True)
class AlterationPattern:
    """A class of alterations of one gene.

    Parameters
    ----------
    gene : str
        HGNC symbol.
    kind : {"any", "mutation", "amplification", "deletion", "fusion", "other"}
    change : str, optional
        An exact protein change (``"p.L858R"``), or a named class of `oncology.vocabulary.NAMED_CHANGES`
        (``"exon 19 deletion"``, ``"ITD"``).

    Examples
    --------
    >>> AlterationPattern("EGFR", change="exon 19 deletion").matches(Alteration("EGFR", protein_change="p.E746_A750del"))
    True
    >>> AlterationPattern("ERBB2", "amplification").name
    'ERBB2 amplification'
    """

    gene: str
    kind: PatternKind = "any"
    change: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("any", *_KINDS):
            raise PatternError(f"Pattern kind is {self.kind!r}; expected one of any, {', '.join(_KINDS)}.")
        if self.change is not None and not self.change.startswith("p.") and self._named is None:
            known = ", ".join(name for gene, name in NAMED_CHANGES if gene == self.gene) or "none"
            raise PatternError(
                f"{self.gene} {self.change!r} is neither a protein change (p.…) nor a named class; "
                f"named classes of {self.gene}: {known}."
            )

    @property
    def _named(self) -> NamedChange | None:
        return NAMED_CHANGES.get((self.gene, self.change or ""))

    @property
    def name(self) -> str:
        """The pattern in one phrase, gene first; a whole gene is its symbol alone."""
        if self.change is not None:
            return f"{self.gene} {self.change}"
        return self.gene if self.kind == "any" else f"{self.gene} {self.kind}"

    @property
    def specificity(self) -> int:
        """0 whole gene, 1 a kind of alteration, 2 a named class, 3 one exact change."""
        if self.change is not None:
            return 2 if self._named is not None else 3
        return 0 if self.kind == "any" else 1

    def matches(self, alteration: Alteration) -> bool:
        """Whether an alteration belongs to this class."""
        if alteration.gene != self.gene or (self.kind != "any" and alteration.kind != self.kind):
            return False
        if self.change is None:
            return True
        if alteration.kind not in ("mutation", "other"):
            return False
        found = alteration.protein_change
        named = self._named
        if named is not None:
            return named.matches(found)
        if found is None:
            return False
        return found == self.change

    def example(self, others: tuple[AlterationPattern, ...] = ()) -> Alteration:
        """An alteration that belongs to the class, for a what-if edit; where there is one, one that no other claims.

        Examples
        --------
        >>> AlterationPattern("EGFR").example((AlterationPattern("EGFR", "mutation"),)).name
        'EGFR other alteration'
        """
        kinds = _KINDS if self.kind == "any" else (self.kind,)
        made = [Alteration(self.gene, k, protein_change=self.change) for k in kinds]
        belonging = [a for a in made if self.matches(a)] or made
        return next((a for a in belonging if not any(o.matches(a) for o in others)), belonging[0])


class EvidenceIndex:
    """What one profile says of every pattern; built once per profile."""

    __slots__ = ("_by_gene", "_profile")

    def __init__(self, profile: PatientProfile) -> None:
        self._profile = profile
        self._by_gene: dict[str, list[Alteration]] = {}
        for alteration in profile.alterations:
            self._by_gene.setdefault(alteration.gene, []).append(alteration)

    @classmethod
    def of(cls, profile: PatientProfile) -> EvidenceIndex:
        """The index of a profile."""
        return cls(profile)

    def matching(
        self, pattern: AlterationPattern, others: tuple[AlterationPattern, ...] = ()
    ) -> list[Alteration]:
        """Alterations of the pattern that none of `others` claims."""
        return [
            a
            for a in self._by_gene.get(pattern.gene, ())
            if pattern.matches(a) and not any(o.matches(a) for o in others)
        ]

    def is_assayed(self, pattern: AlterationPattern) -> bool:
        """Whether the profile lets one say "not altered" of the pattern when nothing was found."""
        profile = self._profile
        if pattern.name in profile.not_tested:
            return False
        if pattern.name in profile.tested_absent:
            return True
        return profile.assayed_genes is not None and pattern.gene in profile.assayed_genes

    def state(self, pattern: AlterationPattern, others: tuple[AlterationPattern, ...] = ()) -> float | None:
        """1.0 altered, 0.0 tested and not altered, None not assayed."""
        if self._by_gene.get(pattern.gene) and self.matching(pattern, others):
            return 1.0
        return 0.0 if self.is_assayed(pattern) else None

    def largest_vaf(self, pattern: AlterationPattern) -> float | None:
        """Largest allele fraction among matching alterations; 0 where tested and absent, None where unknown."""
        found = self.matching(pattern)
        if not found:
            return 0.0 if self.is_assayed(pattern) else None
        fractions = [a.vaf for a in found if a.vaf is not None]
        return max(fractions) if fractions else None

    def count(self, pattern: AlterationPattern) -> float | None:
        """Number of matching alterations; None where none was found and the gene was not assayed."""
        found = self.matching(pattern)
        if found:
            return float(len(found))
        return 0.0 if self.is_assayed(pattern) else None

    def field(self, path: str) -> float | str | None:
        """A clinical field, ``labs.NAME``, ``findings.NAME`` or ``prior_treated``."""
        root, _, leaf = path.partition(".")
        if leaf:
            value: float | str | None = getattr(self._profile, root).get(leaf)
            return value
        if path == "prior_treated":
            prior = self._profile.prior_treatments
            return None if prior is None else float(len(prior) > 0)
        return getattr(self._profile, path)
