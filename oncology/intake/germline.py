"""Germline and possible incidental findings: which of a patient's findings are, or may be, inherited."""

from __future__ import annotations

from dataclasses import dataclass

from oncology.patients import Alteration, PatientProfile

__all__ = ["HEREDITARY", "GermlineFinding", "germline_findings"]

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
