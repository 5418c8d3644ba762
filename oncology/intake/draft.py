"""A patient while it is being read: every value is checked alone, so that a bad one is dropped and told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from oncology.intake.report import Ledger
from oncology.patients import Alteration, ImpossibleValueError, Outcome, PatientProfile, Source
from oncology.vocabulary import NAMED_CHANGES
from oncology.vocabulary.findings import HORMONE_RECEPTORS, hormone_receptors
from oncology.vocabulary.tumours import is_within

__all__ = ["PatientDraft", "clean_id", "pseudonym"]


def pseudonym(identifier: str, salt: str) -> str:
    """A name that tells nothing: the same for the same identifier and salt.

    The salt is the hash of the file, so that nobody without the file can try identifiers; where
    ``GLASSBOARD_PSEUDONYM_KEY`` is set, that secret is used instead, and a patient keeps one pseudonym over files.

    Examples
    --------
    >>> pseudonym("12345", "a") == pseudonym("12345", "a"), pseudonym("12345", "a") == pseudonym("12345", "b")
    (True, False)
    """
    key = os.environ.get("GLASSBOARD_PSEUDONYM_KEY") or salt
    text = f"{key}\0{identifier}".encode("utf-8", errors="replace")
    return "P-" + hashlib.sha256(text).hexdigest()[:10]


def clean_id(identifier: str) -> str:
    """An id fit for a table: printable, without blanks at the ends, at most 80 characters."""
    if not identifier.isprintable():
        identifier = "".join(c for c in identifier if c.isprintable())
    return identifier.strip()[:80]


@dataclass(slots=True)
class PatientDraft:
    """Values of one patient, gathered element by element.

    Every method that takes a value returns an empty string, or why the value cannot be.
    """

    patient_id: str
    values: dict[str, Any] = field(default_factory=dict)
    labs: dict[str, float] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)
    alterations: list[Alteration] = field(default_factory=list)
    assayed: set[str] | None = None
    tested_absent: set[str] = field(default_factory=set)
    not_tested: set[str] = field(default_factory=set)
    absent_genes: set[str] = field(default_factory=set)
    treatments: list[str] = field(default_factory=list)
    sequenced: bool | None = None
    itd_ratio: float | None = None
    _by_gene: dict[str, list[int]] = field(default_factory=dict)

    def put(self, target: str, value: Any) -> str:
        """Set a field, ``labs.X``, ``findings.X`` or ``outcome.X``; returns why not, or an empty string."""
        root, _, leaf = target.partition(".")
        try:
            if root == "labs":
                PatientProfile("check", labs={leaf: value})
                self.labs[leaf] = value
            elif root == "findings":
                self.findings[leaf] = str(value)
            elif root == "outcome":
                self.outcome[leaf] = value
            else:
                PatientProfile("check", **{target: value})
                self.values[target] = value
        except ImpossibleValueError as error:
            return _why(error, value)
        return ""

    def altered(self, alteration: Alteration) -> bool:
        """Add a finding; False where it is there already (a better-described twin replaces a poorer one)."""
        places = self._by_gene.setdefault(alteration.gene, [])
        for i in places:
            known = self.alterations[i]
            if _same(known, alteration):
                self.alterations[i] = _merged(known, alteration)
                return False
            if _tells_more(alteration, known):
                self.alterations[i] = _merged(alteration, known)
                return True
            if _tells_more(known, alteration):
                self.alterations[i] = _merged(known, alteration)
                return False
        places.append(len(self.alterations))
        self.alterations.append(alteration)
        return True

    def assay(self, genes: Iterable[str]) -> None:
        """Add genes that the assay covered."""
        self.assayed = (self.assayed or set()) | set(genes)

    def finish(self, source: Source | None, ledger: Ledger) -> PatientProfile:
        """The profile. A finding listed as altered wins over its absence, and the contradiction is told."""
        names = {a.name for a in self.alterations} | {a.gene for a in self.alterations}
        for name in sorted(self.tested_absent & names):
            ledger.contradiction(
                self.patient_id, f"{name} is listed as found and as absent", "taken as found"
            )
            self.tested_absent.discard(name)
        for gene in sorted(self.absent_genes & {a.gene for a in self.alterations}):
            ledger.contradiction(
                self.patient_id,
                f"{gene} is called absent in one place and altered in another",
                "taken as altered",
            )
        # Other tumours have these receptors too, but nobody calls them hormone receptor positive by this rule.
        breast = is_within(self.values.get("tumour") or "", "BRCA")
        both = hormone_receptors(self.findings) if breast else None
        if both is not None and HORMONE_RECEPTORS not in self.findings:
            self.findings[HORMONE_RECEPTORS] = both
            ledger.note(
                "Hormone receptors of breast cancer: positive where the oestrogen or the progesterone receptor is recorded as positive, "
                "negative where both are recorded as negative, else not known."
            )
        outcome = None
        if self.outcome.get("option"):
            outcome = Outcome(**self.outcome)
        return PatientProfile(
            self.patient_id,
            **self.values,
            labs=self.labs,
            findings=self.findings,
            alterations=tuple(self.alterations),
            assayed_genes=None if self.assayed is None else frozenset(self.assayed),
            tested_absent=frozenset(self.tested_absent),
            not_tested=frozenset(self.not_tested),
            prior_treatments=tuple(dict.fromkeys(self.treatments)) if self.treatments else None,
            outcome=outcome,
            source=source,
        )


def _why(error: ImpossibleValueError, value: Any) -> str:
    words = f"cannot be: expected {error.expected}"
    if error.field_name == "Albumin" and isinstance(value, (int, float)) and 5 <= value <= 70:
        words += f"; it looks like g/L ({value / 10:g} g/dL): name the unit in the header, albumin (g/L)"
    if error.field_name == "Haemoglobin" and isinstance(value, (int, float)) and 30 <= value <= 250:
        words += f"; it looks like g/L ({value / 10:g} g/dL): name the unit in the header, haemoglobin (g/L)"
    return words


def _tells_more(rich: Alteration, poor: Alteration) -> bool:
    """Whether one finding is the other with its details: a bare "mutated", or a named class such as ITD."""
    if (
        rich.kind != "mutation"
        or poor.kind != "mutation"
        or poor.coding_change
        or rich.protein_change is None
    ):
        return False
    if poor.protein_change is None:
        return poor.consequence is None and poor.vaf is None
    named = NAMED_CHANGES.get((poor.gene, poor.protein_change))
    return named is not None and rich.protein_change.startswith("p.") and named.matches(rich.protein_change)


def _same(a: Alteration, b: Alteration) -> bool:
    if (a.gene, a.kind) != (b.gene, b.kind) or (a.partner and b.partner and a.partner != b.partner):
        return False
    if a.kind in ("amplification", "deletion"):
        return True
    if a.kind == "fusion":
        return a.partner == b.partner or not (a.partner and b.partner)
    if a.coding_change and b.coding_change and a.coding_change != b.coding_change:
        return False
    if a.protein_change and b.protein_change:
        return a.protein_change == b.protein_change
    if a.coding_change and b.coding_change:
        return True
    return a.protein_change == b.protein_change and a.consequence == b.consequence and a.vaf == b.vaf


def _merged(a: Alteration, b: Alteration) -> Alteration:
    gaps = {
        name: getattr(b, name)
        for name in ("protein_change", "coding_change", "consequence", "vaf", "copy_number", "partner")
        if getattr(a, name) is None and getattr(b, name) is not None
    }
    if a.origin == "unknown" and b.origin != "unknown":
        gaps["origin"] = b.origin
    return replace(a, **gaps) if gaps else a
