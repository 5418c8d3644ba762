"""Tumour types in other vocabularies (NCI Thesaurus, ICD-10, ICD-O-3, SNOMED CT) and in words, to OncoTree codes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oncology.vocabulary.tumours import TUMOURS

__all__ = ["TumourReading", "ncit_of", "tumour_from_code", "tumour_from_text"]


@dataclass(frozen=True, slots=True)
class TumourReading:
    """An OncoTree code, and the other codes the same statement may stand for."""

    code: str
    others: tuple[str, ...] = ()


# NCI Thesaurus, the external references of OncoTree 2025-10-03, with usual parents and neighbours.
_NCIT: dict[str, tuple[str, ...]] = {
    "C3512": ("LUAD",), "C3493": ("LUSC",), "C2926": ("NSCLC",), "C4917": ("SCLC",), "C5105": ("COADREAD",),
    "C4349": ("COADREAD",), "C9383": ("COADREAD",), "C2955": ("COADREAD",), "C4910": ("COADREAD",), "C9382": ("COADREAD",),
    "C3510": ("SKCM",), "C3224": ("MEL",), "C9245": ("BRCA",), "C4194": ("BRCA",), "C7950": ("BRCA",), "C4872": ("BRCA",),
    "C40439": ("BRCA",), "C105555": ("HGSOC",), "C105556": ("HGSOC",), "C4908": ("OVT",), "C7431": ("OVT",),
    "C7550": ("OVT",), "C35417": ("IHCH",), "C7976": ("EHCH",), "C4436": ("CHOL",), "C3099": ("HCC",), "C3868": ("GIST",),
    "C7558": ("UCEC",), "C7359": ("UCEC",), "C39851": ("BLCA",), "C4912": ("BLCA",), "C4030": ("BLCA",), "C9385": ("RCC",),
    "C4033": ("RCC", "CCRCC"), "C4004": ("STAD",), "C4911": ("STAD",), "C4025": ("ESCA",), "C3513": ("ESCA",),
    "C34447": ("HNSC",), "C4013": ("HNSC",), "C8294": ("PAAD",), "C3850": ("PAAD",), "C9120": ("PAAD",),
    "C2919": ("PRAD",), "C4863": ("PRAD",), "C7376": ("PLMESO",), "C3234": ("PLMESO",), "C9118": ("SARCOMA",),
    "C4035": ("THPA",), "C3058": ("GB",), "C3171": ("AML",), "C3247": ("MDS",), "C7541": ("RBL",),
    "C4817": ("ES",), "C3270": ("NBL",), "C3222": ("MBL",),
}  # fmt: skip

# ICD-10 tells the organ, seldom the histology: the first code is the most common type of that organ.
_ICD10: dict[str, tuple[str, ...]] = {
    "C34": ("NSCLC", "LUAD", "LUSC", "SCLC"), "C18": ("COADREAD",), "C19": ("COADREAD",), "C20": ("COADREAD",),
    "C43": ("SKCM", "MEL"), "C50": ("BRCA",), "C56": ("OVT", "HGSOC"), "C57.0": ("OVT", "HGSOC"), "C22.0": ("HCC",),
    "C22.1": ("IHCH", "CHOL"), "C24.0": ("EHCH", "CHOL"), "C22": ("HCC", "IHCH"), "C54": ("UCEC",), "C55": ("UCEC",),
    "C67": ("BLCA",), "C64": ("RCC",), "C16": ("STAD", "GIST"), "C15": ("ESCA",), "C25": ("PAAD",),
    "C61": ("PRAD",), "C45.0": ("PLMESO",), "C45": ("PLMESO",), "C73": ("THPA",), "C71": ("GB",), "C92.0": ("AML",),
    "C92.4": ("AML",), "C92.5": ("AML",), "C92.6": ("AML",), "C92.8": ("AML",), "C93.0": ("AML",), "C94.0": ("AML",),
    "D46": ("MDS",), "C49": ("SARCOMA",), "C49.A": ("GIST",), "C69.2": ("RBL",),
    **{f"C{n:02d}": ("HNSC",) for n in (1, 2, 3, 4, 5, 6, 9, 10, 12, 13, 14, 32)},
}  # fmt: skip

# ICD-O-3 morphology; where the histology occurs in several organs the topography decides.
_ICDO: dict[str, tuple[str, ...]] = {
    "8720": ("MEL", "SKCM"), "8721": ("SKCM",), "8742": ("SKCM",), "8743": ("SKCM",), "8744": ("SKCM",),
    "8936": ("GIST",), "9440": ("GB",), "8170": ("HCC",), "8160": ("CHOL", "IHCH", "EHCH"), "8461": ("HGSOC",),
    "8500": ("BRCA",), "8520": ("BRCA",), "8041": ("SCLC",), "8046": ("NSCLC",), "9050": ("PLMESO",), "9052": ("PLMESO",),
    "8260": ("THPA",), "8340": ("THPA",), "8312": ("RCC",), "8310": ("RCC",), "9861": ("AML",), "9840": ("AML",),
    "9865": ("AML",), "9866": ("AML",), "9867": ("AML",), "9869": ("AML",), "9871": ("AML",), "9872": ("AML",),
    "9873": ("AML",), "9874": ("AML",), "9877": ("AML",), "9891": ("AML",), "9895": ("AML",), "9896": ("AML",),
    "9989": ("MDS",), "9980": ("MDS",), "9982": ("MDS",), "9983": ("MDS",), "9985": ("MDS",), "8380": ("UCEC",),
    "9510": ("RBL",), "8800": ("SARCOMA",),
}  # fmt: skip
_ICDO_ORGAN: dict[str, dict[str, str]] = {
    "8140": {"C34": "LUAD", "C18": "COADREAD", "C19": "COADREAD", "C20": "COADREAD", "C16": "STAD", "C15": "ESCA",
             "C25": "PAAD", "C61": "PRAD", "C54": "UCEC"},
    "8070": {"C34": "LUSC", "C32": "HNSC", "C10": "HNSC", "C09": "HNSC", "C02": "HNSC", "C04": "HNSC"},
    "8120": {"C67": "BLCA", "C65": "BLCA", "C66": "BLCA"},
    "8441": {"C56": "OVT", "C54": "UCEC"},
}  # fmt: skip

_SNOMED: dict[str, tuple[str, ...]] = {
    "254637007": ("NSCLC",), "254626006": ("LUAD",), "254634000": ("LUSC",), "254632001": ("SCLC",), "363406005": ("COADREAD",),
    "93761005": ("COADREAD",), "363358000": ("NSCLC", "LUAD", "LUSC", "SCLC"), "254837009": ("BRCA",), "372137005": ("BRCA",),
    "353431000119107": ("BRCA",), "1080261000119100": ("BRCA",), "1080241000119104": ("BRCA",), "372244006": ("MEL",),
    "93655004": ("SKCM",), "363443007": ("OVT", "HGSOC"), "399068003": ("PRAD",), "254900004": ("PRAD",),
    "363418001": ("PAAD",), "109841003": ("HCC",), "70179006": ("CHOL",), "420120006": ("GIST",), "393563007": ("GB",),
    "91861009": ("AML",), "109995007": ("MDS",), "363518003": ("RCC",), "702391001": ("RCC",), "399326009": ("BLCA",),
    "363349007": ("STAD",), "371973000": ("UCEC",), "363432004": ("EHCH",),
    # Morphologies, as histology extensions carry them.
    "35917007": (), "408643008": ("BRCA",), "413448000": (), "82711006": ("BRCA",), "28655007": ("AML",),
    "2092003": ("MEL",), "128632008": ("MDS",), "12622007": ("NSCLC",),
}  # fmt: skip

_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"lung adenocarcinoma|adenocarcinoma of (the )?lung|pulmonary adenocarcinoma", ("LUAD",)),
    (r"lung squamous|squamous cell carcinoma of (the )?lung|squamous.*lung", ("LUSC",)),
    (r"non[- ]?small[- ]?cell", ("NSCLC",)),
    (r"small[- ]?cell lung|\bsclc\b", ("SCLC",)),
    (
        r"colorectal|colon (adeno)?carcinoma|rectal (adeno)?carcinoma|colon cancer|rectal cancer|\bcrc\b",
        ("COADREAD",),
    ),
    (r"cutaneous melanoma|skin melanoma|melanoma of (the )?skin", ("SKCM",)),
    (r"uveal melanoma", ("UM",)),
    (r"melanoma", ("MEL",)),
    (r"high[- ]grade serous", ("HGSOC",)),
    (r"breast", ("BRCA",)),
    (r"ovarian|ovary", ("OVT", "HGSOC")),
    (r"intrahepatic cholangio", ("IHCH",)),
    (r"extrahepatic cholangio", ("EHCH",)),
    (r"cholangio|bile duct|biliary", ("CHOL", "IHCH", "EHCH")),
    (r"hepatocellular", ("HCC",)),
    (r"hepatobiliary", ("HCC", "CHOL")),
    (r"gastrointestinal stromal|\bgist\b", ("GIST",)),
    (r"endometri|corpus uteri", ("UCEC",)),
    (r"bladder|urothelial", ("BLCA",)),
    (r"renal cell|renal|kidney", ("RCC",)),
    (r"o?esophag", ("ESCA",)),
    (r"stomach|gastric", ("STAD",)),
    (r"head (and|&) neck|oral cavity|oropharyn|laryn", ("HNSC",)),
    (r"pancrea", ("PAAD",)),
    (r"prostat", ("PRAD",)),
    (r"mesothelioma", ("PLMESO",)),
    (r"sarcoma", ("SARCOMA",)),
    (r"papillary thyroid|thyroid", ("THPA",)),
    (r"glioblastoma", ("GB",)),
    (r"mds/mpn", ("MDS/MPN",)),
    (r"acute myelo(id|cytic|genous)|\baml\b", ("AML",)),
    (r"myelodysplas|\bmds\b", ("MDS",)),
    (r"retinoblastoma", ("RBL",)),
)
_ONCOTREE = re.compile(r"[A-Z][A-Z0-9_]{1,15}")


def tumour_from_code(system: str, code: str, *, topography: str | None = None) -> TumourReading | None:
    """OncoTree code of a code in another vocabulary; None where this table has none.

    Parameters
    ----------
    system : str
        ``"ncit"``, ``"icd-10"``, ``"icd-o-3"``, ``"snomed"`` or ``"oncotree"``; an address that contains one of them,
        ``sid/icd-10`` or ``snomed.info``, will do.
    code : str
    topography : str, optional
        ICD-O-3 or ICD-10 code of the organ, where `code` is a morphology.

    Examples
    --------
    >>> tumour_from_code("ncit", "NCIT:C3512").code
    'LUAD'
    >>> tumour_from_code("http://hl7.org/fhir/sid/icd-10-cm", "C34.9")
    TumourReading(code='NSCLC', others=('LUAD', 'LUSC', 'SCLC'))
    >>> tumour_from_code("icd-o-3", "8140/3", topography="C34.1").code
    'LUAD'
    """
    where = re.sub(r"[^a-z0-9]", "", system.casefold())
    code = code.strip()
    if "oncotree" in where:
        return TumourReading(code) if code in TUMOURS or _ONCOTREE.fullmatch(code) else None
    if "ncit" in where or "ncithesaurus" in where or "nciterms" in where:
        return _reading(_NCIT.get(code.rpartition(":")[2].upper()))
    if "snomed" in where or "sct" in where:
        return _reading(_SNOMED.get(code))
    if "icdo" in where:
        morphology = code.split("/")[0].removeprefix("M").strip("-: ")
        organ = (topography or "").upper()[:3]
        by_organ = _ICDO_ORGAN.get(morphology, {})
        if organ in by_organ:
            return TumourReading(by_organ[organ])
        if re.match(r"^C\d\d", code.upper()):
            return tumour_from_code("icd-10", code)
        return _reading(_ICDO.get(morphology))
    if "icd" in where:
        code = code.upper().replace("*", "")
        if code.startswith("C49.A"):
            code = "C49.A"
        for length in (5, 4, 3):
            found = _ICD10.get(code[:length])
            if found:
                return _reading(found)
    return None


def _reading(codes: tuple[str, ...] | None) -> TumourReading | None:
    return TumourReading(codes[0], codes[1:]) if codes else None


def tumour_from_text(written: str) -> TumourReading | None:
    """OncoTree code of a tumour in words, or of a code as it stands; None where nothing fits.

    Examples
    --------
    >>> tumour_from_text("Lung adenocarcinoma").code, tumour_from_text("LUAD").code
    ('LUAD', 'LUAD')
    >>> tumour_from_text("NSCLC").code, tumour_from_text("something else") is None
    ('NSCLC', True)
    """
    text = " ".join(written.split())
    if text.upper() in TUMOURS:
        return TumourReading(text.upper())
    for code, name in TUMOURS.items():
        if text.casefold() == name.casefold():
            return TumourReading(code)
    lowered = text.casefold()
    for pattern, codes in _WORDS:
        if re.search(pattern, lowered):
            return TumourReading(codes[0], codes[1:])
    if re.fullmatch(r"[A-Z][A-Z0-9]{2,11}", text):
        return TumourReading(text)
    return None


def ncit_of(code: str) -> str | None:
    """NCI Thesaurus code of an OncoTree code, the first of this table; None where it has none.

    Examples
    --------
    >>> ncit_of("LUAD"), ncit_of("XYZ")
    ('C3512', None)
    """
    return next((ncit for ncit, codes in _NCIT.items() if codes[0] == code), None)
