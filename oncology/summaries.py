"""A profile in words: its facts at a glance, its findings, what was assayed."""

from __future__ import annotations

from dataclasses import dataclass

from oncology.alterations import EvidenceIndex
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile
from oncology.vocabulary import LABS, finding_name, tumour_name

__all__ = ["Fact", "assay_words", "facts", "finding_rows"]

_MSI = {"high": "MSI-high", "stable": "microsatellite stable"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a profile; `known` is False where the words say that the value is missing."""

    label: str
    words: str
    known: bool = True


def _fact(label: str, value: object, words: str | None = None) -> Fact:
    if value is None:
        return Fact(label, "not recorded", known=False)
    return Fact(label, words or str(value))


def facts(profile: PatientProfile) -> tuple[Fact, ...]:
    """The clinical facts at a glance; a missing one stays in the list and says so.

    Examples
    --------
    >>> [f.words for f in facts(PatientProfile("p", age_years=61.4, tumour="GIST"))][:3]
    ['Gastrointestinal stromal tumour (GIST)', '61 years', 'not recorded']
    """
    p = profile
    tumour = None if p.tumour is None else f"{tumour_name(p.tumour)} ({p.tumour})"
    prior = None
    if p.prior_treatments is not None:
        prior = ", ".join(p.prior_treatments) or "none"
    listed = [
        _fact("Tumour", tumour),
        _fact("Age", p.age_years, f"{p.age_years:.0f} years" if p.age_years is not None else None),
        _fact("Sex", p.sex),
        _fact("Stage", p.stage),
        _fact("Line of treatment", p.line),
        _fact("ECOG", p.ecog),
        _fact("Earlier treatment", prior),
        _fact("TMB", p.tmb_per_mb, f"{p.tmb_per_mb:g} per megabase" if p.tmb_per_mb is not None else None),
        _fact("MSI", p.msi, _MSI.get(p.msi or "")),
        _fact("PD-L1", p.pdl1, f"{p.pdl1:g} %" if p.pdl1 is not None else None),
        _fact("Site", p.site),
        _fact("Panel", p.panel),
    ]
    listed += [Fact(LABS[n].label, f"{v:g} {LABS[n].unit}".strip()) for n, v in p.labs.items()]
    listed += [Fact(finding_name(n), str(v)) for n, v in p.findings.items()]
    if p.ancestry is not None:
        listed.append(Fact("Ancestry", p.ancestry))
    if p.consent is not None:
        listed.append(Fact("Consent", p.consent))
    if p.germline_withheld:
        listed.append(Fact("Germline findings", "left out here; they are recorded", known=False))
    return tuple(listed)


def finding_rows(
    profile: PatientProfile, schema: FeatureSchema | None
) -> list[dict[str, str | float | None]]:
    """One row a finding: what it is, how it was measured, and which input of the model reads it."""
    return [
        {
            "finding": a.name,
            "kind": a.kind,
            "allele fraction": a.vaf,
            "copies": a.copy_number,
            "origin": a.origin,
            "read by the model as": _reader(profile, schema, i),
        }
        for i, a in enumerate(profile.alterations)
    ]


def _reader(profile: PatientProfile, schema: FeatureSchema | None, position: int) -> str:
    if schema is None:
        return "no model is open"
    evidence, found = EvidenceIndex.of(profile), profile.alterations[position]
    readers = [
        f.label
        for f in schema.features
        if f.reads.pattern is not None
        and any(a is found for a in evidence.matching(f.reads.pattern, schema.narrower.get(f.name, ())))
    ]
    return ", ".join(readers) or "not read"


def assay_words(profile: PatientProfile, schema: FeatureSchema | None) -> str:
    """What was tested, in one or two sentences; what was not tested is never called negative.

    Examples
    --------
    >>> assay_words(PatientProfile("p"), None)
    'Which genes were assayed is not recorded: a gene without a finding counts as not assayed, never as negative.'
    """
    if profile.germline_withheld:
        return _withheld_words(profile)
    if profile.assayed_genes is None:
        return (
            "Which genes were assayed is not recorded: a gene without a finding counts as not assayed, "
            "never as negative."
        )
    count = len(profile.assayed_genes)
    words = f"{count} gene{'s were' if count != 1 else ' was'} assayed."
    if schema is not None and schema.genes:
        covered = schema.genes & profile.assayed_genes
        outside = sorted(schema.genes - profile.assayed_genes - {a.gene for a in profile.alterations})
        words += f" Of the {len(schema.genes)} genes the model reads, {len(covered)} were."
        if outside:
            shown = ", ".join(outside[:12]) + (f" and {len(outside) - 12} more" if len(outside) > 12 else "")
            words += f" Not assayed, and so unknown to the model: {shown}."
    if profile.not_tested:
        words += f" Not covered although the gene is listed: {', '.join(sorted(profile.not_tested))}."
    return words


def _withheld_words(profile: PatientProfile) -> str:
    """While a germline finding is left out, no list of genes may tell in which one it is."""
    rest = (
        "Which genes were assayed is not told"
        if profile.assayed_genes is None
        else f"{len(profile.assayed_genes)} other genes were assayed"
    )
    return (
        "A germline finding is left out here. The genes that could hold it are not shown, and count as not assayed for "
        f"the model, whatever was found of them. {rest}. A gene without a finding here must not be read as negative."
    )
