"""The true probability of response of every patient to every option.

log-odds = level of the patient's context + prognosis (acts on every option alike) + what modifies this option
           + what is planted.

Contexts and their mean response come from `targets.csv` (published) and `generator/assumptions.csv` (ours,
where nothing was published); `levels.csv` holds the calibrated levels that make the means come out.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sample_data.generator import traps as planted
from sample_data.generator.clinical import ALBUMIN, LDH, NLR, by_tumour
from sample_data.generator.contexts import in_context
from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import PRIORS, THERAPIES, TUMOURS

__all__ = ["FLOOR", "Cell", "cell_of", "cells", "levels", "offsets", "reflected", "response_probability"]

Numbers = NDArray[np.float64]

HERE = Path(__file__).parent
FLOOR = 0.005  # nobody's response is ruled out: a published 0 of 9 is drawn as one in 200
RESILIENCE_EFFECT = 0.62
_PIVOT = float(
    logit(0.252)
)  # mean response of lung cancer to checkpoint inhibitors; the axis of the reversal


@dataclass(frozen=True, slots=True)
class Cell:
    """A context of one therapy with its mean response; `id` names its row, `published` its kind."""

    id: str
    therapy: str
    tumour: str
    condition: str
    mean: float
    published: bool


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def cells(therapy: str) -> tuple[Cell, ...]:
    """Contexts of a therapy, published first; a patient belongs to the first that fits."""
    published = [
        Cell(row["id"], therapy, row["tumour"], row["condition"], float(row["value"]) / 100, True)
        for row in _read(HERE.parent / "targets.csv")
        if row["kind"] == "response" and row["therapy"] == therapy
    ]
    assumed = [
        Cell(row["id"], therapy, row["tumour"], row["condition"], float(row["value"]) / 100, False)
        for row in _read(HERE / "assumptions.csv")
        if row["therapy"] == therapy
    ]
    return (*published, *assumed)


@cache
def levels(*, traps: bool) -> Mapping[str, float]:
    """Calibrated log-odds level of every cell, by its id."""
    column = "traps_on" if traps else "traps_off"
    return {row["id"]: float(row[column]) for row in _read(HERE / "levels.csv")}


def cell_of(truth: Truth, therapy: str) -> NDArray[np.int16]:
    """Index of each patient's cell among `cells(therapy)`, (n,)."""
    found = np.full(len(truth), -1, dtype=np.int16)
    for i, cell in enumerate(cells(therapy)):
        found[(found < 0) & in_context(truth, cell.condition, cell.tumour)] = i
    if (found < 0).any():
        raise ValueError(f"{therapy} has no context for {int((found < 0).sum())} patients.")
    return found


def _prognosis(truth: Truth, *, traps: bool) -> Numbers:
    """What acts on every option alike, centred near zero."""
    t = truth.tumour
    return (
        -0.45 * (truth.ecog - 0.9)
        + 0.85 * (truth.albumin_g_dl - by_tumour(ALBUMIN, t))
        - 0.55 * np.log(truth.nlr / by_tumour(NLR, t))
        - 0.60 * np.log(truth.ldh_u_l / by_tumour(LDH, t))
        + 0.08 * (truth.haemoglobin_g_dl - 12.4)
        + RESILIENCE_EFFECT * truth.resilience
        + planted.prognostic_effect(truth.alterations, traps=traps)
    )


# What modifies single options beyond their contexts: option -> (columns, log-odds).
_MODIFIERS: dict[str, tuple[tuple[tuple[str, ...], float], ...]] = {
    "osimertinib": ((("TP53",), -0.5), (("EGFR exon 19 deletion",), 0.4), (("PIK3CA", "PTEN"), -0.3)),
    "alectinib": ((("TP53",), -0.4),),
    "crizotinib": ((("TP53",), -0.4),),
    "sotorasib": ((("KEAP1",), -1.1), (("SMARCA4",), -0.4)),
    "adagrasib": ((("KEAP1",), -1.0), (("SMARCA4",), -0.4)),
    "dabrafenib_trametinib": ((("PTEN", "CDKN2A"), -0.4), (("BRAF p.V600K",), -0.5), (("MAP2K1",), -0.6)),
    "trastuzumab_deruxtecan": ((("PIK3CA exon 20", "PIK3CA exon 9"), -0.3),),
    "pembrolizumab": (
        (("EGFR p.L858R", "EGFR exon 19 deletion"), -1.0),
        (("ALK fusion", "RET fusion"), -1.2),
        (("PTEN",), -0.5),
        (("TP53",), 0.2),
        (("PBRM1", "ARID1A"), 0.3),
    ),
    "chemotherapy": ((("KEAP1",), -0.4), (("BRCA1", "BRCA2"), 0.4), (("TP53",), -0.1)),
    "olaparib": ((("CDK12",), 0.3), (("TP53",), -0.1)),
    "alpelisib_fulvestrant": ((("TP53",), -0.5), (("ESR1",), -0.4), (("PTEN",), -0.9)),
    "cetuximab_chemotherapy": ((("PTEN",), -0.7), (("ERBB2 amplification",), -0.9), (("SMAD4",), -0.3)),
    "imatinib": ((("TP53", "RB1"), -0.4), (("CDKN2A",), -0.3)),
    "pemigatinib": ((("BAP1",), 0.3), (("TP53",), -0.7), (("CDKN2A",), -0.4)),
}
_LINE_EFFECT = {
    "pembrolizumab": -0.45, "chemotherapy": -0.45, "osimertinib": -0.15, "dabrafenib_trametinib": -0.3,
    "trastuzumab_deruxtecan": -0.2, "alpelisib_fulvestrant": -0.25, "cetuximab_chemotherapy": -0.25,
    "olaparib": -0.15, "sotorasib": -0.15, "adagrasib": -0.15,
}  # fmt: skip


def _modifiers(truth: Truth, therapy: str) -> Numbers:
    total = np.zeros(len(truth))
    for columns, effect in _MODIFIERS.get(therapy, ()):
        total += effect * truth.altered(*columns)
    total += _LINE_EFFECT.get(therapy, 0.0) * (truth.line - 1)
    if therapy == "pembrolizumab":
        total -= 0.6 * truth.prior[:, PRIORS.index("immunotherapy")]
        melanoma = truth.tumour == TUMOURS.index("SKCM")
        total += 0.35 * melanoma * np.clip(np.log(truth.tmb_per_mb / 10), -1.5, 1.5)
    return total


def reflected(level: Numbers | float) -> Numbers | float:
    """A level mirrored at the lung cancer mean: what speaks for becomes what speaks against."""
    return 2 * _PIVOT - level


def offsets(truth: Truth, *, traps: bool) -> Numbers:
    """Log-odds beside the context's level, (n, therapies)."""
    shared = _prognosis(truth, traps=traps)
    if traps:
        shared = shared + planted.ANCESTRY_SHIFT * planted.in_group(truth.ancestry)
    return np.stack([shared + _modifiers(truth, therapy.key) for therapy in THERAPIES], axis=1)


def response_probability(
    truth: Truth, *, traps: bool, level_of: Mapping[str, float] | None = None
) -> Numbers:
    """True probability of response, (n, therapies)."""
    known = levels(traps=traps) if level_of is None else level_of
    log_odds = offsets(truth, traps=traps)
    for k, therapy in enumerate(THERAPIES):
        table: Sequence[float] = [known[cell.id] for cell in cells(therapy.key)]
        level = np.array(table)[cell_of(truth, therapy.key)]
        if traps and therapy.key == planted.REVERSED_OPTION:
            level = np.where(truth.rare_subtype, reflected(level), level)
        log_odds[:, k] += level
    return expit(log_odds)
