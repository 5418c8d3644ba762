"""Names of findings that are neither alterations nor laboratory values, such as cytogenetics."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["HORMONE_RECEPTORS", "finding_name", "hormone_receptors"]

HORMONE_RECEPTORS = "hormone receptors"

_NAMES = {
    "complex_karyotype": "Complex karyotype",
    "del17_17p": "Monosomy 17 or deletion of 17p",
    "del5q": "Deletion of 5q",
    "del7_7q": "Monosomy 7 or deletion of 7q",
    "er": "Oestrogen receptor",
    "her2": "HER2",
    "ipssr_cytogenetics": "Cytogenetic group (IPSS-R)",
    "patient": "Sample of",
    "pr": "Progesterone receptor",
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


def hormone_receptors(findings: Mapping[str, str]) -> str | None:
    """What the two receptors say together: positive where either is, negative where both are, else unknown (None).

    Examples
    --------
    >>> hormone_receptors({"er": "negative", "pr": "positive"}), hormone_receptors({"er": "negative"})
    ('positive', None)
    """
    # "positive (qualifier value)" is how some systems write it.
    told = [findings[name].split()[0] for name in ("er", "pr") if findings.get(name, "").split()]
    if "positive" in told:
        return "positive"
    return "negative" if told == ["negative", "negative"] else None
