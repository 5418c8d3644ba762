"""Conditions that a table can hold and a program can check: "line = 1; altered: EGFR p.L858R | EGFR".

A condition is a list of clauses parted by ";", all of which hold. A clause is a comparison of a field with a
number or a word, or one of "altered:", "not altered:", "germline:", "prior:", "no prior:" with names parted
by "|" (any of them). A tumour is "LUAD", "LUAD|SKCM", "any", or "not LUAD|BRCA".
"""

from __future__ import annotations

import operator
import re

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import (
    ANCESTRIES,
    COLUMN,
    GENES,
    HER2_LEVELS,
    PRIORS,
    SITES,
    STAGES,
    TUMOURS,
)

__all__ = ["ContextError", "in_context", "in_tumour", "names_of"]

Flags = NDArray[np.bool_]

_COMPARISON = re.compile(r"^(\w+)\s*(<=|>=|<|>|=)\s*(.+)$")
_OPERATORS = {
    "=": operator.eq, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_NUMBERS = {
    "line": "line",
    "ecog": "ecog",
    "age": "age_years",
    "tmb": "tmb_per_mb",
    "pdl1": "pdl1",
    "albumin": "albumin_g_dl",
    "nlr": "nlr",
}
_WORDS = {
    "ancestry": ("ancestry", ANCESTRIES),
    "site": ("site", SITES),
    "stage": ("stage", STAGES),
    "her2": ("her2", HER2_LEVELS),
}
_FLAGS = {
    "msi": ("msi_high", "high", "stable"),
    "hormone_receptor": ("hormone_receptor", "positive", "negative"),
    "hrd": ("hrd", "yes", "no"),
    "sex": ("male", "male", "female"),
}


class ContextError(ValueError):
    """A condition that cannot be read."""


def names_of(listed: str) -> tuple[str, ...]:
    """Alteration columns behind "EGFR p.L858R | KRAS any"; "KRAS any" stands for every column of KRAS.

    Examples
    --------
    >>> names_of("KRAS any | STK11")
    ('KRAS p.G12C', 'KRAS', 'STK11')
    """
    names: list[str] = []
    for word in (part.strip() for part in listed.split("|")):
        gene = word.removesuffix(" any")
        if word.endswith(" any") and gene in GENES:
            names += [name for name in COLUMN if name.split()[0] == gene]
        elif word in COLUMN:
            names.append(word)
        else:
            raise ContextError(f"{word!r} is not an alteration of the synthetic cohort.")
    return tuple(names)


def in_tumour(truth: Truth, tumour: str) -> Flags:
    """Patients whose tumour is among those named, (n,)."""
    if tumour in ("any", ""):
        return np.ones(len(truth), dtype=bool)
    listed = [t.strip() for t in tumour.removeprefix("not ").split("|")]
    unknown = [t for t in listed if t not in TUMOURS]
    if unknown:
        raise ContextError(f"{unknown[0]!r} is not a tumour of the synthetic cohort: {', '.join(TUMOURS)}.")
    found = np.isin(truth.tumour, [TUMOURS.index(t) for t in listed])
    return ~found if tumour.startswith("not ") else found


def in_context(truth: Truth, condition: str, tumour: str = "any") -> Flags:
    """Patients in whom every clause holds, (n,); unknown values satisfy no comparison."""
    found = in_tumour(truth, tumour)
    for clause in filter(None, (part.strip() for part in condition.split(";"))):
        found &= _clause(truth, clause)
    return found


def _clause(truth: Truth, clause: str) -> Flags:
    keyword, _, listed = clause.partition(":")
    if listed:
        return _listed(truth, keyword.strip(), listed)
    match = _COMPARISON.match(clause)
    if match is None:
        raise ContextError(f"Clause {clause!r} is neither a comparison nor a list such as 'altered: KRAS'.")
    field, sign, word = match.groups()
    word = word.strip()
    if field in _NUMBERS:
        return np.asarray(_OPERATORS[sign](getattr(truth, _NUMBERS[field]), float(word)))
    if field in _WORDS:
        name, levels = _WORDS[field]
        return np.isin(getattr(truth, name), [levels.index(w.strip()) for w in word.split("|")])
    if field in _FLAGS:
        name, yes, no = _FLAGS[field]
        if word not in (yes, no):
            raise ContextError(f"{field} is {word!r}; expected {yes} or {no}.")
        values: Flags = getattr(truth, name)
        return values if word == yes else ~values
    raise ContextError(f"Field {field!r} is not known in {clause!r}.")


def _listed(truth: Truth, keyword: str, listed: str) -> Flags:
    if keyword in ("prior", "no prior"):
        found = np.zeros(len(truth), dtype=bool)
        for word in listed.split("|"):
            if word.strip() not in PRIORS:
                raise ContextError(f"{word.strip()!r} is not a prior treatment: {', '.join(PRIORS)}.")
            found |= truth.prior[:, PRIORS.index(word.strip())]
        return ~found if keyword == "no prior" else found
    columns = [COLUMN[name] for name in names_of(listed)]
    if keyword == "germline":
        return truth.germline[:, columns].any(axis=1)
    if keyword in ("altered", "not altered"):
        found = truth.alterations[:, columns].any(axis=1)
        return ~found if keyword == "not altered" else found
    raise ContextError(
        f"{keyword!r} is not known: expected altered, not altered, germline, prior or no prior."
    )
