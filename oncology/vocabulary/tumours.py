"""Tumour types by OncoTree code (OncoTree 2025-10-03, oncotree.mskcc.org, CC BY 4.0), with their plain names."""

from __future__ import annotations

__all__ = ["NARROWER", "TUMOURS", "is_within", "tumour_name"]

TUMOURS: dict[str, str] = {
    "LUAD": "Lung adenocarcinoma",
    "LUSC": "Lung squamous cell carcinoma",
    "NSCLC": "Non-small cell lung cancer",
    "SCLC": "Small cell lung cancer",
    "COADREAD": "Colorectal adenocarcinoma",
    "SKCM": "Cutaneous melanoma",
    "MEL": "Melanoma",
    "BRCA": "Invasive breast carcinoma",
    "HGSOC": "High-grade serous ovarian cancer",
    "OVT": "Ovarian epithelial tumour",
    "IHCH": "Intrahepatic cholangiocarcinoma",
    "EHCH": "Extrahepatic cholangiocarcinoma",
    "CHOL": "Cholangiocarcinoma",
    "HCC": "Hepatocellular carcinoma",
    "GIST": "Gastrointestinal stromal tumour",
    "UCEC": "Endometrial carcinoma",
    "BLCA": "Bladder urothelial carcinoma",
    "RCC": "Renal cell carcinoma",
    "STAD": "Stomach adenocarcinoma",
    "ESCA": "Oesophageal adenocarcinoma",
    "HNSC": "Head and neck squamous cell carcinoma",
    "PAAD": "Pancreatic adenocarcinoma",
    "PRAD": "Prostate adenocarcinoma",
    "PLMESO": "Pleural mesothelioma",
    "SARCOMA": "Sarcoma",
    "THPA": "Papillary thyroid cancer",
    "GB": "Glioblastoma",
    "AML": "Acute myeloid leukaemia",
    "MDS": "Myelodysplastic syndromes",
}


def tumour_name(code: str | None) -> str:
    """The plain name of an OncoTree code; the code itself where the table has no name for it.

    Examples
    --------
    >>> tumour_name("GIST")
    'Gastrointestinal stromal tumour'
    >>> tumour_name(None)
    'not recorded'
    """
    if code is None:
        return "not recorded"
    return TUMOURS.get(code, code)


# Codes of `TUMOURS` that stand inside a broader one.
NARROWER: dict[str, tuple[str, ...]] = {
    "NSCLC": ("LUAD", "LUSC"),
    "MEL": ("SKCM",),
    "OVT": ("HGSOC",),
    "CHOL": ("IHCH", "EHCH"),
}
# Families whose members' codes begin with the family's own.
_PREFIXES = ("AML", "MDS")


def is_within(code: str, broad: str) -> bool:
    """Whether a code is another code, or a narrower type of it.

    Examples
    --------
    >>> is_within("LUAD", "NSCLC"), is_within("NSCLC", "LUAD"), is_within("MDSEB1", "MDS"), is_within("MDS/MPN", "MDS")
    (True, False, True, False)
    """
    if code == broad or code in NARROWER.get(broad, ()):
        return True
    return broad in _PREFIXES and code.startswith(broad) and code.isalnum()
