"""Who is given what: guideline and evidence, the habits of a site, and how fit the patient looks.

Treatment follows what was *assayed*, so that an unknown driver leads to chemotherapy or immunotherapy; it leans on
the same fitness that decides response. The observed outcomes are therefore confounded, as in any clinic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.draws import Draws
from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import COLUMN, PRIORS, SITES, THERAPIES, TUMOURS

__all__ = ["KEYS", "assign", "propensity"]

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

KEYS = tuple(therapy.key for therapy in THERAPIES)

# Utility (log-odds scale) of options that a tumour type may be offered without a matching finding. Targeted
# options are tried without one now and then: before results are back, in basket trials, on request.
_BASE: dict[str, dict[str, float]] = {
    "LUAD": {
        "chemotherapy": 1.7, "pembrolizumab": 1.5, "osimertinib": -0.8, "alectinib": -1.9, "crizotinib": -1.6,
        "selpercatinib": -2.3, "capmatinib": -2.0, "sotorasib": -1.5, "adagrasib": -1.7,
        "dabrafenib_trametinib": -2.2, "larotrectinib": -2.0, "trastuzumab_deruxtecan": -1.7,
    },
    "COADREAD": {
        "chemotherapy": 1.4, "cetuximab_chemotherapy": 0.9, "pembrolizumab": -0.6, "sotorasib": -2.6,
        "adagrasib": -2.6, "dabrafenib_trametinib": -2.2, "trastuzumab_deruxtecan": -2.5, "larotrectinib": -2.7,
        "selpercatinib": -4.0,
    },
    "BRCA": {
        "chemotherapy": 1.3, "trastuzumab_deruxtecan": -0.3, "alpelisib_fulvestrant": -0.6, "olaparib": -1.4,
        "pembrolizumab": -0.5, "larotrectinib": -3.5,
    },
    "SKCM": {
        "pembrolizumab": 1.6, "chemotherapy": 0.5, "dabrafenib_trametinib": -0.8, "imatinib": -2.5,
        "larotrectinib": -2.6,
    },
    "HGSOC": {
        "chemotherapy": 1.3, "olaparib": 0.0, "pembrolizumab": -0.2, "trastuzumab_deruxtecan": -1.7,
        "larotrectinib": -3.5,
    },
    "IHCH": {
        "chemotherapy": 1.2, "pembrolizumab": 0.2, "pemigatinib": -0.6, "dabrafenib_trametinib": -2.2,
        "trastuzumab_deruxtecan": -2.0, "larotrectinib": -2.3, "olaparib": -2.5, "sotorasib": -3.0,
    },
    "GIST": {
        "imatinib": 1.6, "avapritinib": -0.1, "pembrolizumab": 0.3, "larotrectinib": -2.2,
        "dabrafenib_trametinib": -3.5,
    },
}  # fmt: skip

# A known finding raises the utility of an option: (option, tumours, any of these columns, utility).
_MATCHES: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
    ("osimertinib", "LUAD", ("EGFR p.L858R", "EGFR exon 19 deletion"), 5.2),
    ("osimertinib", "LUAD", ("EGFR", "EGFR p.T790M"), 3.0),
    ("osimertinib", "LUAD", ("EGFR exon 20 insertion",), 2.5),
    ("alectinib", "LUAD", ("ALK fusion",), 5.8),
    ("crizotinib", "LUAD", ("ALK fusion",), 4.6),
    ("crizotinib", "LUAD", ("ROS1 fusion",), 6.2),
    ("crizotinib", "LUAD", ("MET exon 14 skipping",), 4.8),
    ("selpercatinib", "any", ("RET fusion",), 6.8),
    ("capmatinib", "LUAD", ("MET exon 14 skipping",), 6.0),
    ("sotorasib", "any", ("KRAS p.G12C",), 3.4),
    ("adagrasib", "any", ("KRAS p.G12C",), 3.5),
    ("dabrafenib_trametinib", "any", ("BRAF p.V600E",), 4.3),
    ("dabrafenib_trametinib", "SKCM", ("BRAF p.V600K",), 2.8),
    ("larotrectinib", "any", ("NTRK1 fusion", "NTRK3 fusion"), 6.5),
    ("trastuzumab_deruxtecan", "LUAD", ("ERBB2",), 5.0),
    ("trastuzumab_deruxtecan", "any", ("ERBB2 amplification",), 3.9),
    ("olaparib", "BRCA|HGSOC|IHCH", ("BRCA1", "BRCA2"), 2.9),
    ("alpelisib_fulvestrant", "BRCA", ("PIK3CA", "PIK3CA exon 9", "PIK3CA exon 20"), 2.4),
    ("cetuximab_chemotherapy", "COADREAD", ("KRAS p.G12C", "KRAS", "NRAS"), -1.6),
    ("cetuximab_chemotherapy", "COADREAD", ("BRAF p.V600E",), -0.4),
    ("imatinib", "GIST", ("PDGFRA p.D842V",), 0.8),
    ("imatinib", "SKCM", ("KIT",), 4.5),
    ("avapritinib", "GIST", ("PDGFRA p.D842V",), 2.6),
    ("pemigatinib", "IHCH", ("FGFR2 fusion",), 4.0),
    ("pemigatinib", "IHCH", ("FGFR2",), 1.5),
    ("pembrolizumab", "LUAD", ("EGFR p.L858R", "EGFR exon 19 deletion", "ALK fusion"), -1.2),
)

_RARELY_FIRST = ("sotorasib", "adagrasib", "trastuzumab_deruxtecan", "olaparib", "pemigatinib")
HABIT_SPREAD = 0.6
UNTESTED = 0.8
# Fixed once: how each site leans towards or away from each option.
_HABITS = np.random.Generator(np.random.PCG64(20261)).normal(0, HABIT_SPREAD, (len(SITES), len(THERAPIES)))


def propensity(truth: Truth, assayed: Flags, *, traps: bool) -> Numbers:
    """Probability of each option, (n, therapies): zero for options a tumour type is never given."""
    base = np.full((len(TUMOURS), len(KEYS)), -np.inf)
    for tumour, options in _BASE.items():
        for key, value in options.items():
            base[TUMOURS.index(tumour), KEYS.index(key)] = value
    utility = base[truth.tumour] + _HABITS[truth.site]
    known = truth.alterations & assayed
    for key, tumours, columns, value in _MATCHES:
        rows = known[:, [COLUMN[c] for c in columns]].any(axis=1)
        if tumours != "any":
            rows &= np.isin(truth.tumour, [TUMOURS.index(t) for t in tumours.split("|")])
        utility[rows, KEYS.index(key)] += value
    _before_results(truth, assayed, utility)
    _line_and_history(truth, utility)
    _immune(truth, utility)
    _breast(truth, utility)
    # Fitter patients are given the newer options: measured fitness always, the hidden part as a trap.
    looks_fit = 0.5 * (0.9 - truth.ecog) + (0.35 * truth.resilience if traps else 0.0)
    utility[:, [i for i, key in enumerate(KEYS) if key != "chemotherapy"]] += looks_fit[:, None]
    weight = np.exp(utility - utility.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)


def _before_results(truth: Truth, assayed: Flags, utility: Numbers) -> None:
    """Where no test covers an option's target, the option is tried somewhat more often."""
    for key in dict.fromkeys(key for key, *_ in _MATCHES):
        targets = [m for m in _MATCHES if m[0] == key and m[3] > 2]
        tested = np.zeros(len(truth), dtype=bool)
        for _, tumours, columns, _ in targets:
            rows = assayed[:, [COLUMN[c] for c in columns]].any(axis=1)
            if tumours != "any":
                rows &= np.isin(truth.tumour, [TUMOURS.index(t) for t in tumours.split("|")])
            tested |= rows
        if targets:
            utility[~tested, KEYS.index(key)] += UNTESTED


def _line_and_history(truth: Truth, utility: Numbers) -> None:
    first = truth.line == 1
    for key in _RARELY_FIRST:
        utility[first, KEYS.index(key)] -= 0.9
    had = {name: truth.prior[:, i] for i, name in enumerate(PRIORS)}
    utility[had["EGFR inhibitor"], KEYS.index("osimertinib")] -= 3.0
    utility[had["ALK inhibitor"], KEYS.index("crizotinib")] -= 3.0
    utility[had["immunotherapy"], KEYS.index("pembrolizumab")] -= 1.2
    utility[had["chemotherapy"], KEYS.index("chemotherapy")] -= 0.7
    utility[had["BRAF inhibitor"], KEYS.index("dabrafenib_trametinib")] -= 1.2
    utility[had["imatinib"], KEYS.index("imatinib")] -= 1.6


def _immune(truth: Truth, utility: Numbers) -> None:
    at = KEYS.index("pembrolizumab")
    with np.errstate(invalid="ignore"):
        utility[:, at] += np.where(truth.pdl1 >= 50, 1.0, np.where(truth.pdl1 < 1, -0.6, 0.0))
    utility[truth.msi_high, at] += 2.6
    utility[:, at] += 0.25 * (truth.tmb_per_mb >= 10)


def _breast(truth: Truth, utility: Numbers) -> None:
    breast = truth.tumour == TUMOURS.index("BRCA")
    enhertu, alpelisib = KEYS.index("trastuzumab_deruxtecan"), KEYS.index("alpelisib_fulvestrant")
    utility[breast & (truth.her2 == 1), enhertu] += 0.7
    utility[breast & ~truth.hormone_receptor, alpelisib] -= 2.5


def assign(draws: Draws, probability: Numbers) -> NDArray[np.int8]:
    """The option each patient is given, (n,)."""
    return draws.choice("therapy", probability).astype(np.int8)
