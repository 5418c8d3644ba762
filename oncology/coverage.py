"""Where a profile and a model's inputs meet: what the model reads, what it lacks, what it will not see."""

from __future__ import annotations

from dataclasses import dataclass

from oncology.alterations import EvidenceIndex
from oncology.features import FIELDS, FeatureSchema, FeatureSpec
from oncology.patients import Alteration, PatientProfile
from oncology.vocabulary import LABS, finding_name, tumour_name

__all__ = ["Coverage", "Unseen", "coverage"]

_FIELD_WORDS = {
    "age_years": "Age", "sex": "Sex", "ancestry": "Ancestry", "tumour": "Tumour type", "stage": "Stage",
    "line": "Line of treatment", "ecog": "ECOG performance status", "site": "Treating site",
    "panel": "Assay panel", "tmb_per_mb": "TMB", "msi": "MSI", "pdl1": "PD-L1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something recorded of the patient that reaches no input of the model, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a model's inputs a profile fills.

    known, not_assayed, not_known : tuples of FeatureSpec
        Inputs with a value; alterations nobody tested; clinical inputs nobody recorded.
    required : tuple of FeatureSpec
        Those unknown inputs without which the model abstains.
    imputed : tuple of FeatureSpec
        Those unknown inputs for which the model takes a declared value.
    unseen : tuple of Unseen
    """

    known: tuple[FeatureSpec, ...]
    not_assayed: tuple[FeatureSpec, ...]
    not_known: tuple[FeatureSpec, ...]
    unseen: tuple[Unseen, ...]

    @property
    def required(self) -> tuple[FeatureSpec, ...]:
        """Unknown inputs without which the model abstains."""
        return tuple(f for f in (*self.not_assayed, *self.not_known) if f.missing == "refuse")

    @property
    def imputed(self) -> tuple[FeatureSpec, ...]:
        """Unknown inputs for which the model takes a declared value."""
        return tuple(f for f in (*self.not_assayed, *self.not_known) if f.missing == "impute")


def coverage(schema: FeatureSchema, profile: PatientProfile) -> Coverage:
    """What of a profile the model reads, lacks, and will not see.

    Examples
    --------
    >>> from oncology.features import alteration_feature
    >>> schema = FeatureSchema((alteration_feature("KRAS"),))
    >>> seen = coverage(schema, PatientProfile("p", alterations=(Alteration("BRCA2"),), age_years=60))
    >>> [(u.what, u.reason) for u in seen.unseen]
    [('BRCA2 mutation', 'the model has no input for BRCA2'), ('Age', 'the model has no such input')]
    """
    values = schema.values(profile)
    pairs = list(zip(schema.features, values, strict=True))
    return Coverage(
        known=tuple(f for f, v in pairs if v is not None),
        not_assayed=tuple(f for f, v in pairs if v is None and f.reads.pattern is not None),
        not_known=tuple(f for f, v in pairs if v is None and f.reads.pattern is None),
        unseen=(*_unseen_alterations(schema, profile), *_unseen_fields(schema, profile)),
    )


def _unseen_alterations(schema: FeatureSchema, profile: PatientProfile) -> list[Unseen]:
    evidence = EvidenceIndex.of(profile)
    seen: set[Alteration] = set()
    for f in schema.features:
        if f.reads.pattern is not None:
            seen.update(evidence.matching(f.reads.pattern))
    found = []
    for a in profile.alterations:
        if a in seen:
            continue
        reason = (
            f"the model reads other alterations of {a.gene}, not this one"
            if a.gene in schema.genes
            else f"the model has no input for {a.gene}"
        )
        found.append(Unseen(a.name, reason))
    return found


def _unseen_fields(schema: FeatureSchema, profile: PatientProfile) -> list[Unseen]:
    read = {f.reads.field for f in schema.features}
    no_input = "the model has no such input"
    found = [
        Unseen(_FIELD_WORDS[name], no_input)
        for name in FIELDS
        if name in _FIELD_WORDS and name not in read and getattr(profile, name) is not None
    ]
    found += [Unseen(LABS[n].label, no_input) for n in profile.labs if f"labs.{n}" not in read]
    found += [
        Unseen(finding_name(n), no_input)
        for n in profile.findings
        if f"findings.{n}" not in read and n != "patient"
    ]
    if profile.prior_treatments and "prior_treated" not in read:
        found.append(Unseen("Prior treatments: " + ", ".join(profile.prior_treatments), no_input))
    for f in schema.features:
        if f.reads.field == "tumour" and profile.tumour is not None and profile.tumour not in f.levels:
            known = ", ".join(f.levels)
            found.append(
                Unseen(
                    f"Tumour type {tumour_name(profile.tumour)} ({profile.tumour})",
                    f"the model knows only {known}; it sees a patient with none of them",
                )
            )
    return found
