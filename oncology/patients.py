"""What is known of a patient, and what was never tested."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from oncology.errors import OncologyError
from oncology.vocabulary import LABS

__all__ = [
    "Alteration",
    "AlterationKind",
    "Consent",
    "ImpossibleValueError",
    "Origin",
    "Outcome",
    "PatientProfile",
    "Sex",
    "Source",
    "field_range",
]

AlterationKind = Literal["mutation", "amplification", "deletion", "fusion", "other"]
Origin = Literal["somatic", "germline", "unknown"]
Sex = Literal["female", "male"]
Msi = Literal["high", "stable"]
Consent = Literal["research", "education", "none"]

_CLOSED: dict[str, tuple[str, ...]] = {
    "kind": ("mutation", "amplification", "deletion", "fusion", "other"),
    "origin": ("somatic", "germline", "unknown"),
    "sex": ("female", "male"),
    "msi": ("high", "stable"),
    "consent": ("research", "education", "none"),
}


class ImpossibleValueError(OncologyError, ValueError):
    """A value that no patient can have, or a word outside the closed list of its field."""

    def __init__(self, field_name: str, found: object, expected: str) -> None:
        super().__init__(
            f"{field_name} is {found!r}, which cannot be: expected {expected}. "
            "Correct the value, or leave it empty where it is not known."
        )
        self.field_name, self.found, self.expected = field_name, found, expected


def _check_range(name: str, value: float | None, low: float, high: float, unit: str = "") -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ImpossibleValueError(name, value, f"a number from {low:g} to {high:g} {unit}".rstrip())
    if not low <= value <= high:
        raise ImpossibleValueError(name, value, f"a number from {low:g} to {high:g} {unit}".rstrip())


# What a patient can have: the field, its name in messages, lowest, highest, unit.
_RANGES: dict[str, tuple[str, float, float, str]] = {
    "age_years": ("age", 0, 120, "years"),
    "tmb_per_mb": ("TMB", 0, 2000, "mutations per megabase"),
    "pdl1": ("PD-L1", 0, 100, "% of tumour cells"),
    "ecog": ("ECOG", 0, 5, ""),
    "line": ("line", 1, 20, ""),
}


def field_range(path: str) -> tuple[float, float] | None:
    """Lowest and highest value that a profile can hold in a field or ``labs.NAME``; None where it has no limits.

    Examples
    --------
    >>> field_range("ecog"), field_range("labs.albumin_g_dl"), field_range("findings.grade")
    ((0, 5), (0.5, 7.0), None)
    """
    root, _, leaf = path.partition(".")
    if root == "labs" and leaf in LABS:
        return LABS[leaf].low, LABS[leaf].high
    return _RANGES[path][1:3] if path in _RANGES else None


def _check_word(name: str, value: str | None) -> None:
    if value is not None and value not in _CLOSED[name]:
        raise ImpossibleValueError(name, value, "one of " + ", ".join(_CLOSED[name]))


@dataclass(frozen=True, slots=True)
class Alteration:
    """One molecular finding.

    Parameters
    ----------
    gene : str
        HGNC symbol, for example ``"EGFR"``.
    kind : {"mutation", "amplification", "deletion", "fusion", "other"}
    protein_change : str, optional
        HGVS, one-letter, for example ``"p.L858R"``; or a named class such as ``"exon 19 deletion"``, ``"ITD"``.
    coding_change : str, optional
        HGVS, for example ``"c.2573T>G"``.
    consequence : str, optional
        Sequence Ontology term.
    vaf : float in [0, 1], optional
        Variant allele fraction.
    copy_number : float, optional
        Total copies.
    origin : {"somatic", "germline", "unknown"}
    partner : str, optional
        The other gene of a fusion.

    Examples
    --------
    >>> Alteration("EGFR", protein_change="p.L858R").name
    'EGFR p.L858R'
    >>> Alteration("ALK", kind="fusion", partner="EML4").name
    'ALK fusion (EML4)'
    """

    gene: str
    kind: AlterationKind = "mutation"
    protein_change: str | None = None
    coding_change: str | None = None
    consequence: str | None = None
    vaf: float | None = None
    copy_number: float | None = None
    origin: Origin = "unknown"
    partner: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.gene, str) or not self.gene.strip():
            raise ImpossibleValueError("gene", self.gene, "an HGNC symbol such as EGFR")
        _check_word("kind", self.kind)
        _check_word("origin", self.origin)
        _check_range(f"VAF of {self.gene}", self.vaf, 0, 1)
        _check_range(f"copy number of {self.gene}", self.copy_number, 0, 1000)

    @property
    def name(self) -> str:
        """The finding in one phrase, gene first."""
        if self.kind == "mutation":
            return f"{self.gene} {self.protein_change or self.coding_change or 'mutation'}"
        if self.kind == "other":
            return f"{self.gene} {self.protein_change or 'other alteration'}"
        return f"{self.gene} {self.kind}" + (f" ({self.partner})" if self.partner else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened under a therapy: response (None where not assessed) and months without progression."""

    option: str
    response: bool | None = None
    pfs_months: float | None = None
    progressed: bool | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a profile came from: the file's name (never its folder), its format and the hash of its bytes."""

    name: str
    format: str
    sha256: str


# Without slots, so that the fingerprint, which every cache and index asks for, is worked out once.
@dataclass(frozen=True)
class PatientProfile:
    """One patient at one sample: findings, what was assayed, clinical values; unknown is None, never 0.

    Parameters
    ----------
    patient_id : str
        A pseudonym.
    assayed_genes : frozenset of str, or None
        Genes the assay covered; None where that is not known. A gene outside is *not assayed*, never wild type.
    tested_absent, not_tested : frozenset of str
        Names of single findings (as a feature names them, ``"EGFR p.L858R"``) known to be absent although the
        gene's assay is not listed, or known not to be covered although the gene's assay is listed (fusions on
        a DNA panel). They win over `assayed_genes`; a listed alteration wins over both.
    labs : mapping of str to float
        Names and units as in `oncology.vocabulary.LABS`.
    findings : mapping of str to str
        Named categorical findings outside single genes, for example ``{"cytogenetics": "good"}``.
    synthetic : bool
        True for invented patients; every screen that shows one says so.
    germline_withheld : bool
        True for a copy from which findings called germline were left out, and with them what would let one guess
        their genes (`oncology.intake.germline_hiding`); every screen and document made of such a copy says so.

    Raises
    ------
    ImpossibleValueError
        For an age of 200, a negative TMB, a PD-L1 above 100 %, a laboratory value outside its believable
        range (often a wrong unit), an unknown laboratory name, or a word outside its closed list.
    """

    patient_id: str
    age_years: float | None = None
    sex: Sex | None = None
    ancestry: str | None = None
    tumour: str | None = None
    stage: str | None = None
    line: int | None = None
    ecog: int | None = None
    site: str | None = None
    panel: str | None = None
    sample_day: int | None = None
    consent: Consent | None = None
    alterations: tuple[Alteration, ...] = ()
    assayed_genes: frozenset[str] | None = None
    tested_absent: frozenset[str] = frozenset()
    not_tested: frozenset[str] = frozenset()
    tmb_per_mb: float | None = None
    msi: Msi | None = None
    pdl1: float | None = None
    labs: Mapping[str, float] = field(default_factory=dict)
    findings: Mapping[str, str] = field(default_factory=dict)
    prior_treatments: tuple[str, ...] | None = None
    outcome: Outcome | None = None
    source: Source | None = None
    synthetic: bool = False
    note: str | None = None
    germline_withheld: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.patient_id, str) or not self.patient_id.strip():
            raise ImpossibleValueError("patient_id", self.patient_id, "a pseudonym of one character or more")
        for path, (label, low, high, unit) in _RANGES.items():
            _check_range(label, getattr(self, path), low, high, unit)
        for name in ("sex", "msi", "consent"):
            _check_word(name, getattr(self, name))
        for name, value in self.labs.items():
            if name not in LABS:
                raise ImpossibleValueError("laboratory value", name, "one of " + ", ".join(LABS))
            test = LABS[name]
            _check_range(test.label, value, test.low, test.high, test.unit)
        object.__setattr__(self, "labs", dict(self.labs))
        object.__setattr__(self, "findings", dict(self.findings))

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def replace(self, **changes: Any) -> PatientProfile:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that is known of the patient, in hexadecimal; equal content, equal hash."""
        content = dataclasses.asdict(self)
        for name in ("assayed_genes", "tested_absent", "not_tested"):
            content[name] = None if content[name] is None else sorted(content[name])
        if not self.germline_withheld:
            # A field that came later: whole profiles keep the hash they had before.
            del content["germline_withheld"]
        text = json.dumps(content, sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()
