"""What happened, what would have happened, and what of it all was written down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.clinical import ALBUMIN, NLR, by_tumour
from sample_data.generator.draws import Draws
from sample_data.generator.panels import MEASURES_MSI, MEASURES_TMB, PANELS
from sample_data.generator.traps import prognostic_effect
from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import SITES, THERAPIES, TUMOURS

__all__ = ["LAB_NAMES", "Observed", "draw_outcomes", "observe"]

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

LAB_NAMES = ("albumin_g_dl", "nlr", "ldh_u_l", "haemoglobin_g_dl")
_LAB_MISSING = {"albumin_g_dl": 0.06, "nlr": 0.05, "ldh_u_l": 0.10, "haemoglobin_g_dl": 0.03}
_NO_LDH_SITE = "Site 5"  # orders lactate dehydrogenase for every other patient only
_DECIMALS = {"albumin_g_dl": 1, "nlr": 2, "ldh_u_l": 0, "haemoglobin_g_dl": 1}
_MEDIAN_PFS_MONTHS = (5.2, 6.0, 6.4, 5.6, 6.2, 4.6, 8.0)  # without response, by tumour
FOLLOW_UP_MONTHS = (6.0, 42.0)


@dataclass(frozen=True, eq=False)
class Observed:
    """Recorded values, NaN where not measured, each of shape (n,)."""

    ecog: Numbers
    albumin_g_dl: Numbers
    nlr: Numbers
    ldh_u_l: Numbers
    haemoglobin_g_dl: Numbers
    tmb_per_mb: Numbers
    msi_high: Numbers
    pdl1: Numbers


def observe(draws: Draws, truth: Truth, panel: NDArray[np.int8]) -> Observed:
    """What the records hold: rounded, and with gaps that depend on site, panel and tumour."""
    recorded: dict[str, Numbers] = {}
    for name in LAB_NAMES:
        missing = np.full(draws.n, _LAB_MISSING[name])
        if name == "ldh_u_l":
            missing = np.where(truth.site == SITES.index(_NO_LDH_SITE), 0.5, missing)
        value = np.round(getattr(truth, name), _DECIMALS[name])
        recorded[name] = np.where(draws.yes(f"missing {name}", missing), np.nan, value)
    lung, colorectal = (truth.tumour == TUMOURS.index(t) for t in ("LUAD", "COADREAD"))
    measures_tmb = np.isin(panel, [PANELS.index(p) for p in MEASURES_TMB])
    by_panel = np.isin(panel, [PANELS.index(p) for p in MEASURES_MSI])
    by_stain = draws.yes("MSI by stain", np.where(colorectal, 0.85, 0.10))
    stained = lung & draws.yes("PD-L1 stain", 0.86)
    no_ecog = draws.yes("missing ecog", 0.04)
    return Observed(
        ecog=np.where(no_ecog, np.nan, truth.ecog.astype(float)),
        tmb_per_mb=np.where(measures_tmb, np.round(truth.tmb_per_mb, 1), np.nan),
        msi_high=np.where(by_panel | by_stain, truth.msi_high.astype(float), np.nan),
        pdl1=np.where(stained, truth.pdl1, np.nan),
        **recorded,
    )


def draw_outcomes(
    draws: Draws, truth: Truth, therapy: NDArray[np.int8], p_star: Numbers, *, traps: bool
) -> tuple[Flags, Numbers, Numbers, Flags]:
    """Potential responses (n, k), observed response (n, k), months without progression (n,), progressed (n,)."""
    potential = np.stack(
        [draws.yes(f"response to {t.key}", p_star[:, k]) for k, t in enumerate(THERAPIES)], axis=1
    )
    rows = np.arange(len(truth))
    response = np.full(p_star.shape, np.nan)
    response[rows, therapy] = potential[rows, therapy]
    # Prognosis acts on the time under any option: the prognostic gene, fitness and blood values.
    log_months = (
        np.log(by_tumour(_MEDIAN_PFS_MONTHS, truth.tumour))
        + 0.95 * potential[rows, therapy]
        - 0.22 * (truth.ecog - 0.9)
        + 0.25 * (truth.albumin_g_dl - by_tumour(ALBUMIN, truth.tumour))
        - 0.20 * np.log(truth.nlr / by_tumour(NLR, truth.tumour))
        + 0.20 * truth.resilience
        + 0.8 * prognostic_effect(truth.alterations, traps=traps)
    )
    # Weibull with shape 1.3 around that median.
    spread = np.log(-np.log(draws.uniform("progression")) / np.log(2)) / 1.3
    until = np.exp(log_months + spread)
    low, high = FOLLOW_UP_MONTHS
    end = low + (high - low) * draws.uniform("follow-up")
    return potential, response, np.round(np.minimum(until, end), 1), until <= end
