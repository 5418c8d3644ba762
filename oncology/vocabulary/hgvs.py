"""Protein and coding changes in one spelling, without a database: letters, codons, and whether the two agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "CodingChange",
    "coding_change",
    "codon_of",
    "disagreement",
    "protein_change",
    "protein_from_coding",
]

_LETTERS = {
    "ala": "A", "arg": "R", "asn": "N", "asp": "D", "cys": "C", "gln": "Q", "glu": "E", "gly": "G", "his": "H",
    "ile": "I", "leu": "L", "lys": "K", "met": "M", "phe": "F", "pro": "P", "ser": "S", "thr": "T", "trp": "W",
    "tyr": "Y", "val": "V", "sec": "U", "ter": "*", "xaa": "X",
}  # fmt: skip
_THREE = re.compile("|".join(_LETTERS), re.IGNORECASE)
_LOOKS_THREE = re.compile(rf"^(?:{'|'.join(_LETTERS)})\d", re.IGNORECASE)
_ONE = re.compile(
    r"^[A-Z*]\d+(?:_[A-Z*]\d+)?"
    r"(?:[A-Z*=?]|fs(?:\*(?:\d+|\?)?)?|[A-Z]?fs(?:\*(?:\d+|\?)?)?|(?:del|dup|ins|delins)[A-Z*0-9]*|"
    r"[A-Z]?ext\*?-?(?:\d+|\?)?|_?splice)?$"
)
_BASES = "TCAG"
_AMINO = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_CODE = {
    a + b + c: _AMINO[16 * i + 4 * j + k]
    for i, a in enumerate(_BASES)
    for j, b in enumerate(_BASES)
    for k, c in enumerate(_BASES)
}
# Reference codons of well-known positions (canonical transcripts of COSMIC and ClinVar), so that a protein change
# can be worked out where a file gives only the coding change.
_CODONS: dict[tuple[str, int], str] = {
    ("KRAS", 12): "GGT", ("KRAS", 13): "GGC", ("KRAS", 61): "CAA", ("KRAS", 146): "GCA",
    ("NRAS", 12): "GGT", ("NRAS", 13): "GGT", ("NRAS", 61): "CAA",
    ("HRAS", 12): "GGC", ("HRAS", 13): "GGT", ("HRAS", 61): "CAG",
    ("BRAF", 600): "GTG", ("EGFR", 790): "ACG", ("EGFR", 858): "CTG",
    ("PIK3CA", 542): "GAA", ("PIK3CA", 545): "GAG", ("PIK3CA", 1047): "CAT",
    ("IDH1", 132): "CGT", ("IDH2", 140): "CGG", ("IDH2", 172): "AGG", ("JAK2", 617): "GTC",
    ("KIT", 816): "GAC", ("FLT3", 835): "GAT", ("AKT1", 17): "GAG", ("DNMT3A", 882): "CGC",
    ("TP53", 175): "CGC", ("TP53", 248): "CGG", ("TP53", 273): "CGT", ("ESR1", 537): "TAT", ("ESR1", 538): "GAC",
}  # fmt: skip
_CODING = re.compile(
    r"^(?:[A-Z]{2}_?\d+(?:\.\d+)?(?:\([^)]*\))?:|ENST\d+(?:\.\d+)?:)?c\.(?P<body>[*\-]?\d+.*)$", re.IGNORECASE
)
_SUBSTITUTION = re.compile(r"^(\d+)([ACGT])>([ACGT])$")
_POSITION = re.compile(r"^(\d+)(?:_(\d+))?(?![\d+\-_])")


@dataclass(frozen=True, slots=True)
class CodingChange:
    """A change in coding numbering; `codon` is the first codon it touches, or None outside the coding sequence."""

    text: str
    codon: int | None
    position: int | None = None
    before: str | None = None
    after: str | None = None


def protein_change(written: str) -> str | None:
    """A protein change in one-letter HGVS with its ``p.``; None where none can be read.

    Examples
    --------
    >>> protein_change("NP_004324.2:p.(Val600Glu)"), protein_change("V600E"), protein_change("p.Ala155ArgfsTer59")
    ('p.V600E', 'p.V600E', 'p.A155Rfs*59')
    >>> protein_change("p.Glu746_Ala750del"), protein_change("p.R213X"), protein_change("p.?")
    ('p.E746_A750del', 'p.R213*', None)
    """
    text = written.strip().replace("%3D", "=").replace("%3d", "=")
    text = text.rpartition(":")[2].strip()
    text = re.sub(r"^[pP]\.\s*", "", text).replace("(", "").replace(")", "").replace("[", "").replace("]", "")
    if not text or text in {"?", "0", "0?", ".", "-", "="} or len(text) > 300:
        return None
    if _LOOKS_THREE.match(text):
        text = _THREE.sub(lambda m: _LETTERS[m.group().lower()], text)
    text = re.sub(r"^([a-z])(?=\d)", lambda m: m.group().upper(), text)
    text = re.sub(r"(?<=\d)([a-z])$", lambda m: m.group().upper(), text)
    text = re.sub(r"^([A-Z]\d+)X$", r"\1*", text)
    text = re.sub(r"fs(?:X|Ter)(?=\d|$|\?)", "fs*", text, flags=re.IGNORECASE)
    text = re.sub(r"_(?=\d)(?=\d+(?:del|dup|ins))", "_", text)
    return f"p.{text}" if _ONE.match(text) else None


def codon_of(protein: str | None) -> int | None:
    """The first codon of a protein change.

    Examples
    --------
    >>> codon_of("p.V600E"), codon_of("ITD")
    (600, None)
    """
    found = re.match(r"^p\.[A-Z*](\d+)", protein or "")
    return int(found.group(1)) if found else None


def coding_change(written: str) -> CodingChange | None:
    """A coding change without its transcript; None where the text is none.

    Examples
    --------
    >>> coding_change("NM_002524.5:c.34G>T")
    CodingChange(text='c.34G>T', codon=12, position=34, before='G', after='T')
    >>> coding_change("c.375-1G>A").codon is None, coding_change("g.115258748C>A") is None
    (True, True)
    """
    found = _CODING.match(written.strip())
    if not found or len(written) > 300:
        return None
    body = found.group("body")
    text = f"c.{body}"
    exact = _SUBSTITUTION.match(body.upper())
    if exact:
        position = int(exact.group(1))
        return CodingChange(text, (position - 1) // 3 + 1, position, exact.group(2), exact.group(3))
    place = _POSITION.match(body)
    return CodingChange(text, (int(place.group(1)) - 1) // 3 + 1 if place else None)


def protein_from_coding(gene: str, change: CodingChange) -> str | None:
    """The protein change of a substitution at a well-known codon; None elsewhere, or where the base differs.

    Examples
    --------
    >>> protein_from_coding("NRAS", coding_change("c.34G>T"))
    'p.G12C'
    """
    codon = _CODONS.get((gene, change.codon or 0))
    if codon is None or change.position is None:
        return None
    at = (change.position - 1) % 3
    if codon[at] != change.before:
        return None
    changed = codon[:at] + (change.after or "") + codon[at + 1 :]
    return f"p.{_CODE[codon]}{change.codon}{_CODE[changed]}"


def disagreement(coding: CodingChange | None, protein: str | None) -> str | None:
    """Why a coding and a protein change cannot both be right, in words; None where they can, or cannot be compared.

    Examples
    --------
    >>> disagreement(coding_change("c.4964G>A"), "p.R1655L")
    'no codon of arginine (R) turns into one of leucine (L) by G>A at its base 2'
    >>> disagreement(coding_change("c.1799T>A"), "p.V600E") is None
    True
    """
    found = re.match(r"^p\.([A-Z*])(\d+)([A-Z*=])$", protein or "")
    if found is None or coding is None or coding.position is None or coding.codon is None:
        return None
    if int(found.group(2)) != coding.codon:
        return f"{coding.text} lies in codon {coding.codon}, {protein} in codon {found.group(2)}"
    before, after = found.group(1), found.group(3)
    after = before if after == "=" else after
    at = (coding.position - 1) % 3
    for codon, amino in _CODE.items():
        changed = codon[:at] + (coding.after or "") + codon[at + 1 :]
        if amino == before and codon[at] == coding.before and _CODE[changed] == after:
            return None
    return (
        f"no codon of {_name(before)} turns into one of {_name(after)} by "
        f"{coding.before}>{coding.after} at its base {at + 1}"
    )


_NAMES = dict(
    zip(
        "ARNDCQEGHILKMFPSTWYV*",
        [
            "alanine",
            "arginine",
            "asparagine",
            "aspartate",
            "cysteine",
            "glutamine",
            "glutamate",
            "glycine",
            "histidine",
            "isoleucine",
            "leucine",
            "lysine",
            "methionine",
            "phenylalanine",
            "proline",
            "serine",
            "threonine",
            "tryptophan",
            "tyrosine",
            "valine",
            "stop",
        ],
        strict=True,
    )
)


def _name(letter: str) -> str:
    return f"{_NAMES.get(letter, 'amino acid')} ({letter})"
