"""Germline and possible incidental findings: flagged, and hidden until asked for and consent allows it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from oncology.patients import Alteration, PatientProfile

__all__ = [
    "GermlineFinding",
    "germline_findings",
    "hidden_findings",
    "may_show",
    "names_hidden",
    "with_hidden",
    "without_germline",
    "without_germline_words",
]

# Genes whose inherited variants have consequences for the patient and the family: those named by the American
# College of Medical Genetics for secondary findings (v3.2, 2023) that concern cancer, with CHEK2, ATM, BARD1, BRIP1,
# RAD51C, RAD51D, DDX41, RUNX1, CEBPA, GATA2, ETV6, ANKRD26 of cancer and leukaemia guidelines (ESMO 2023, ELN 2022).
HEREDITARY = frozenset(
    [
        "APC",
        "ATM",
        "BAP1",
        "BARD1",
        "BMPR1A",
        "BRCA1",
        "BRCA2",
        "BRIP1",
        "CDH1",
        "CDKN2A",
        "CHEK2",
        "DICER1",
        "EPCAM",
        "FH",
        "FLCN",
        "GATA2",
        "MAX",
        "MEN1",
        "MLH1",
        "MSH2",
        "MSH6",
        "MUTYH",
        "NF1",
        "NF2",
        "PALB2",
        "PMS2",
        "POLD1",
        "POLE",
        "PTEN",
        "RAD51C",
        "RAD51D",
        "RB1",
        "RET",
        "RUNX1",
        "SDHAF2",
        "SDHB",
        "SDHC",
        "SDHD",
        "SMAD4",
        "STK11",
        "TMEM127",
        "TP53",
        "TSC1",
        "TSC2",
        "VHL",
        "WT1",
        "DDX41",
        "CEBPA",
        "ETV6",
        "ANKRD26",
    ]
)
# From this allele fraction on, a variant of a hereditary gene in a tumour may well be inherited (heterozygous: a half).
MIN_FRACTION = 0.3
REFERRAL = (
    "This variant may be inherited. A tumour test alone cannot tell; where the patient agrees, genetic counselling and a "
    "germline test can."
)
CONFIRMED = "The file calls this variant germline. What it means for patient and family is a matter for genetic counselling."


@dataclass(frozen=True, slots=True)
class GermlineFinding:
    """A finding that is, or may be, inherited, with why it is flagged and whom it concerns."""

    alteration: Alteration
    certain: bool
    reason: str
    referral: str


def germline_findings(profile: PatientProfile) -> tuple[GermlineFinding, ...]:
    """Findings called germline in the file, and those of hereditary genes that may be.

    A variant is flagged as possible where its origin is not told, its gene is one with hereditary disease, and its
    allele fraction is 0.3 or more (or not known).

    Examples
    --------
    >>> from oncology.patients import Alteration
    >>> brca = Alteration("BRCA1", protein_change="p.R1772*", vaf=0.48)
    >>> [(f.certain, f.reason) for f in germline_findings(PatientProfile("a", alterations=(brca,)))]
    [(False, 'BRCA1 carries hereditary disease, and an allele fraction of 0.48 is that of an inherited variant')]
    """
    found = []
    for a in profile.alterations:
        if a.origin == "germline":
            found.append(GermlineFinding(a, True, "called germline in the file", CONFIRMED))
        elif a.origin == "unknown" and a.kind == "mutation" and a.gene in HEREDITARY:
            if a.vaf is None:
                reason = (
                    f"{a.gene} carries hereditary disease, and neither origin nor allele fraction is told"
                )
            elif a.vaf >= MIN_FRACTION:
                reason = f"{a.gene} carries hereditary disease, and an allele fraction of {a.vaf:g} is that of an inherited variant"
            else:
                continue
            found.append(GermlineFinding(a, False, reason, REFERRAL))
    return tuple(found)


def may_show(profile: PatientProfile, *, asked: bool) -> bool:
    """Whether germline findings may be shown: they were asked for, and consent covers research or education.

    Examples
    --------
    >>> may_show(PatientProfile("a", consent="research"), asked=True), may_show(PatientProfile("a"), asked=True)
    (True, False)
    """
    return asked and profile.consent in ("research", "education")


def without_germline(profile: PatientProfile) -> PatientProfile:
    """The profile without findings called germline: what a screen shows until they are asked for.

    Their genes become *not assayed* there, since hiding a finding must not read as its absence. A note or a named
    finding that speaks of them is left out with them.
    """
    hidden = {a.gene for a in profile.alterations if a.origin == "germline"}
    if not hidden:
        return profile
    kept = tuple(a for a in profile.alterations if a.origin != "germline")
    genes = (
        None if profile.assayed_genes is None else profile.assayed_genes - (hidden - {a.gene for a in kept})
    )
    return profile.replace(
        alterations=kept,
        assayed_genes=genes,
        not_tested=profile.not_tested | (hidden - {a.gene for a in kept}),
        note=None if profile.note and _speaks_of(profile.note, hidden) else profile.note,
        findings={k: v for k, v in profile.findings.items() if not _speaks_of(f"{k} {v}", hidden)},
    )


def hidden_findings(profile: PatientProfile) -> tuple[Alteration, ...]:
    """Findings that `without_germline` takes out."""
    return tuple(a for a in profile.alterations if a.origin == "germline")


def with_hidden(edited: PatientProfile, shown: PatientProfile, recorded: PatientProfile) -> PatientProfile:
    """An edit of what was shown, put back onto the record: what was hidden is neither lost nor changed.

    Parameters
    ----------
    edited : PatientProfile
        `shown` after a correction by hand.
    shown : PatientProfile
        The record without its hidden findings, or the record itself.
    recorded : PatientProfile
    """
    hidden = tuple(a for a in recorded.alterations if a not in shown.alterations)
    if not hidden:
        return edited
    genes = edited.assayed_genes
    covered = (recorded.assayed_genes or frozenset()) - (shown.assayed_genes or frozenset())
    unspoken = {k: v for k, v in recorded.findings.items() if k not in shown.findings}
    return edited.replace(
        alterations=(*edited.alterations, *hidden),
        assayed_genes=None if genes is None else genes | covered,
        not_tested=edited.not_tested - (shown.not_tested - recorded.not_tested),
        note=recorded.note if shown.note is None and edited.note is None else edited.note,
        findings={**unspoken, **edited.findings},
    )


def without_germline_words(
    rows: Iterable[dict[str, str | int]], profiles: Iterable[PatientProfile]
) -> list[dict[str, str | int]]:
    """Lines of an import report in which what names a germline finding of these patients is covered up.

    The lines stay, with their fate and count, so that the report still adds up.

    Examples
    --------
    >>> brca = Alteration("BRCA2", protein_change="p.S1982fs", origin="germline")
    >>> without_germline_words([{"fate": "used", "element": "variant BRCA2 p.S1982fs", "count": 3}],
    ...                        [PatientProfile("a", alterations=(brca,))])
    [{'fate': 'used', 'element': '(germline finding, hidden)', 'count': 3}]
    """
    named = _names(profiles)
    if not named:
        return list(rows)
    covered = []
    for row in rows:
        touched = any(isinstance(cell, str) and _speaks_of(cell, named) for cell in row.values())
        covered.append(
            {
                head: (HIDDEN if head == "element" else "")
                if touched and isinstance(cell, str) and head in _TELLING
                else cell
                for head, cell in row.items()
            }
        )
    return covered


def names_hidden(text: str, profiles: Iterable[PatientProfile]) -> bool:
    """Whether a sentence names a germline finding of these patients.

    Examples
    --------
    >>> brca = Alteration("BRCA2", protein_change="p.S1982fs", origin="germline")
    >>> [names_hidden(words, [PatientProfile("a", alterations=(brca,))]) for words in ("c. against p. in BRCA2", "stage")]
    [True, False]
    """
    named = _names(profiles)
    return bool(named) and _speaks_of(text, named)


def _names(profiles: Iterable[PatientProfile]) -> set[str]:
    found = [a for p in profiles for a in hidden_findings(p)]
    return {w for a in found for w in (a.gene, a.protein_change, a.coding_change, a.partner) if w}


HIDDEN = "(germline finding, hidden)"
_TELLING = ("element", "found", "became", "reason")


def _speaks_of(text: str, named: Iterable[str]) -> bool:
    words = (*named, "germline", "hereditary", "inherited")
    return any(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(w)}(?![A-Za-z0-9])", text, re.IGNORECASE) for w in words
    )
