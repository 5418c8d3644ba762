"""Who the patients are: tumour, age, sex, line, fitness, laboratory values, TMB, PD-L1, earlier treatments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.draws import Draws
from sample_data.generator.prevalence import EARLY_MSI_HIGH, LATE_MSI_HIGH, MSI_HIGH
from sample_data.generator.vocabulary import PRIORS, TUMOUR_SHARE, TUMOURS

__all__ = ["by_tumour", "demographics", "fitness", "immune_markers", "mismatch_repair", "prior_treatments"]

Codes = NDArray[np.int8]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

# By tumour in the order of vocabulary.TUMOURS. Age, albumin and neutrophil-lymphocyte ratio: medians of the
# checkpoint-inhibitor cohorts in the facts; colorectal and breast ages raised (those cohorts were selected).
AGE = (66.0, 62.0, 58.0, 65.0, 62.0, 63.0, 61.0)
MALE = (0.49, 0.54, 0.01, 0.68, 0.0, 0.54, 0.53)
ALBUMIN = (3.9, 3.8, 4.0, 4.1, 3.8, 3.6, 3.9)
NLR = (4.8, 4.4, 3.0, 3.3, 3.6, 3.7, 3.0)
LDH = (230.0, 230.0, 215.0, 240.0, 225.0, 225.0, 200.0)
# Panel TMB, median and spread of its logarithm, from the same cohorts where they are not selected for MSI.
TMB = (7.0, 4.8, 3.5, 11.6, 2.6, 3.9, 2.0)
TMB_SPREAD = (0.68, 0.50, 0.65, 1.45, 0.55, 0.85, 0.55)
LINES = (
    (0.48, 0.30, 0.15, 0.07),
    (0.40, 0.33, 0.19, 0.08),
    (0.34, 0.32, 0.22, 0.12),
    (0.58, 0.28, 0.10, 0.04),
    (0.34, 0.33, 0.20, 0.13),
    (0.55, 0.33, 0.09, 0.03),
    (0.62, 0.22, 0.11, 0.05),
)
PDL1_SHARES = (0.392, 0.376, 0.232)  # lung, tumour cells < 1 %, 1 to 49 %, 50 % and more
ANCESTRY_SHARE = (0.79, 0.13, 0.08)
STAGE_SHARE = (0.02, 0.05, 0.15, 0.78)


def by_tumour(values: tuple[float, ...] | tuple[tuple[float, ...], ...], tumour: Codes) -> Numbers:
    """A value (or row of values) per patient, looked up by tumour."""
    return np.asarray(values, dtype=np.float64)[tumour]


def demographics(draws: Draws) -> dict[str, NDArray[np.generic]]:
    """Tumour, ancestry, stage, age, sex and line of therapy."""
    tumour = draws.choice("tumour", np.array(TUMOUR_SHARE)).astype(np.int8)
    age = by_tumour(AGE, tumour) + 10.5 * draws.normal("age")
    return {
        "tumour": tumour,
        "ancestry": draws.choice("ancestry", np.array(ANCESTRY_SHARE)).astype(np.int8),
        "stage": draws.choice("stage", np.array(STAGE_SHARE)).astype(np.int8),
        "age_years": np.round(np.clip(age, 19, 94)),
        "male": draws.yes("male", by_tumour(MALE, tumour)),
        "line": (1 + draws.choice("line", by_tumour(LINES, tumour))).astype(np.int8),
    }


def fitness(draws: Draws, tumour: Codes, age: Numbers, line: Codes, male: Flags) -> dict[str, Numbers]:
    """ECOG status and laboratory values, all leaning on one frailty that grows with age and line."""
    frailty = 0.9 * draws.normal("frailty") + 0.012 * (age - 63) + 0.18 * (line - 1.8)
    strain = frailty + 0.7 * draws.normal("ecog")
    ecog = np.digitize(strain, (-0.45, 1.0, 2.4)).astype(np.int8)
    albumin = by_tumour(ALBUMIN, tumour) - 0.20 * frailty + 0.36 * draws.normal("albumin")
    log_nlr = np.log(by_tumour(NLR, tumour)) + 0.24 * frailty + 0.50 * draws.normal("nlr")
    log_ldh = np.log(by_tumour(LDH, tumour)) + 0.14 * frailty + 0.28 * draws.normal("ldh")
    haemoglobin = np.where(male, 12.9, 12.0) - 0.45 * frailty + 1.35 * draws.normal("haemoglobin")
    return {
        "ecog": ecog,
        "albumin_g_dl": np.clip(albumin, 1.8, 5.4),
        "nlr": np.clip(np.exp(log_nlr), 0.4, 60),
        "ldh_u_l": np.clip(np.exp(log_ldh), 90, 2500),
        "haemoglobin_g_dl": np.clip(haemoglobin, 6, 18),
    }


def mismatch_repair(draws: Draws, tumour: Codes, stage: Codes) -> Flags:
    """Mismatch-repair deficiency (MSI-high), by tumour and, in colorectal cancer, stage."""
    rate = by_tumour(tuple(MSI_HIGH.get(t, 0.0) for t in TUMOURS), tumour)
    colorectal = tumour == TUMOURS.index("COADREAD")
    rate = np.where(colorectal, np.where(stage < 3, EARLY_MSI_HIGH, LATE_MSI_HIGH), rate)
    return draws.yes("msi", rate)


def immune_markers(
    draws: Draws, tumour: Codes, msi_high: Flags, smoker_like: Numbers
) -> tuple[Numbers, Numbers]:
    """TMB (mutations per megabase) and PD-L1 (% of tumour cells, lung only); the two are independent.

    `smoker_like` shifts the logarithm of TMB: driver fusions and EGFR lower it, KRAS and STK11 raise it.
    """
    log_tmb = np.log(by_tumour(TMB, tumour)) + smoker_like
    log_tmb += by_tumour(TMB_SPREAD, tumour) * draws.normal("tmb")
    log_tmb = np.where(msi_high, np.log(42) + 0.4 * draws.normal("tmb in MSI"), log_tmb)
    lung = tumour == TUMOURS.index("LUAD")
    level, within = draws.choice("pdl1", np.array(PDL1_SHARES)), draws.uniform("pdl1 within")
    percent = np.choose(
        level, (np.zeros(draws.n), 1 + np.floor(within**1.6 * 49), 50 + np.floor(within * 51))
    )
    return np.clip(np.exp(log_tmb), 0.2, 300), np.where(lung, percent, np.nan)


def prior_treatments(
    draws: Draws,
    tumour: Codes,
    line: Codes,
    *,
    egfr: Flags,
    alk: Flags,
    braf: Flags,
    her2: Flags,
    hormone: Flags,
) -> Flags:
    """Earlier treatments, (n, priors): what the tumour's biomarker would have led to in earlier lines."""
    later = line >= 2
    is_a = {t: tumour == i for i, t in enumerate(TUMOURS)}
    earlier = np.clip(line.astype(float) - 1, 0, None)
    gist = is_a["GIST"]
    immune_rate = by_tumour((0.45, 0.05, 0.08, 0.75, 0.05, 0.15, 0.0), tumour)
    prior = np.zeros((draws.n, len(PRIORS)), dtype=bool)
    flags = {
        "chemotherapy": draws.yes("prior chemotherapy", np.where(is_a["SKCM"], 0.15, 0.75)) & later & ~gist,
        "immunotherapy": draws.yes("prior immunotherapy", 1 - (1 - immune_rate) ** earlier) & later,
        "EGFR inhibitor": draws.yes("prior EGFR inhibitor", 0.82) & later & is_a["LUAD"] & egfr,
        "ALK inhibitor": draws.yes("prior ALK inhibitor", 0.82) & later & is_a["LUAD"] & alk,
        "BRAF inhibitor": draws.yes("prior BRAF inhibitor", 0.35) & later & is_a["SKCM"] & braf,
        "HER2 antibody": draws.yes("prior HER2 antibody", 0.9) & later & is_a["BRCA"] & her2,
        "aromatase inhibitor": draws.yes("prior aromatase inhibitor", np.where(later, 0.8, 0.25)) & hormone,
        "imatinib": later & gist,
    }
    for i, name in enumerate(PRIORS):
        prior[:, i] = flags[name]
    nothing = later & ~prior.any(axis=1)
    prior[:, PRIORS.index("chemotherapy")] |= nothing
    return prior
