"""Names of findings that are neither alterations nor laboratory values, such as cytogenetics."""

from __future__ import annotations

__all__ = ["finding_name"]

_NAMES = {
    "complex_karyotype": "Complex karyotype",
    "del17_17p": "Monosomy 17 or deletion of 17p",
    "del5q": "Deletion of 5q",
    "del7_7q": "Monosomy 7 or deletion of 7q",
    "ipssr_cytogenetics": "Cytogenetic group (IPSS-R)",
    "patient": "Sample of",
    "tp53_loh": "Loss of heterozygosity at TP53",
}


def finding_name(name: str) -> str:
    """What a finding is called on a page; names that are not known keep their own capitals.

    Examples
    --------
    >>> finding_name("ipssr_cytogenetics"), finding_name("HER2-low"), finding_name("prior_systemic_therapy")
    ('Cytogenetic group (IPSS-R)', 'HER2-low', 'Prior systemic therapy')
    """
    words = name.replace("_", " ")
    return _NAMES.get(name) or words[:1].upper() + words[1:]
