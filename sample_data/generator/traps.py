"""What is planted in the cohort for people and models to stumble over; one switch turns all of it off.

1. Spurious site: the fittest patients are referred to one site. Fitness is not recorded, so the site is
   associated with response, yet moving a patient to another site changes nothing.
2. Rare subtype: in 3 % of patients the markers that speak for pembrolizumab speak against it.
3. Under-represented ancestry group: 8 % of patients respond more often than a model that does not know the
   group expects, and fewer of their genes are assayed. The shift is invented; it says nothing about people.
4. Germline findings in 3 % of patients; outside breast and ovary they do not change any response.
5. A prognostic gene: STK11 lowers every option alike, and predicts none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.draws import Draws
from sample_data.generator.vocabulary import ANCESTRIES, COLUMN, SITES, TUMOUR_SHARE, TUMOURS

__all__ = [
    "ANCESTRY_SHIFT",
    "RARE_IN_LUNG",
    "REVERSED_OPTION",
    "SPURIOUS_SITE",
    "UNDER_REPRESENTED",
    "draw_rare_subtype",
    "draw_site",
    "in_group",
    "incidental_germline",
    "prognostic_effect",
]

Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Numbers = NDArray[np.float64]

SPURIOUS_SITE = "Site 4"
SITE_SHARE = (0.25, 0.20, 0.15, 0.18, 0.12, 0.10)
REFERRAL = 1.6  # log-odds of the spurious site per standard deviation of hidden resilience

RARE_SHARE = 0.03
RARE_IN_LUNG = RARE_SHARE / TUMOUR_SHARE[0]
REVERSED_OPTION = "pembrolizumab"

UNDER_REPRESENTED = "East Asian"
# Log-odds added to every option, so that observed response exceeds the blind expectation by 15 points.
ANCESTRY_SHIFT = 1.22

PROGNOSTIC_GENE, PROGNOSTIC_EFFECT = "STK11", -0.9

# Genes of incidental germline findings, and how often each is the one found.
GERMLINE_GENES = {"BRCA2": 0.28, "ATM": 0.22, "CHEK2": 0.2, "PALB2": 0.12, "BRCA1": 0.1, "MSH2": 0.08}
INCIDENTAL_RATE = 0.0148  # outside breast and ovary; all tumours together have 3 %


def draw_site(draws: Draws, resilience: Numbers, *, traps: bool) -> Codes:
    """Where each patient is treated; with traps, the hidden resilience draws patients to one site."""
    weight = np.tile(np.array(SITE_SHARE), (draws.n, 1))
    if traps:
        # exp(a x - a^2 / 2) has mean 1 over standard normal x: the site's overall share stays.
        weight[:, SITES.index(SPURIOUS_SITE)] *= np.exp(REFERRAL * resilience - REFERRAL**2 / 2)
    return draws.choice("site", weight).astype(np.int8)


def draw_rare_subtype(draws: Draws, tumour: Codes) -> Flags:
    """The rare lung cancer subtype, (n,); its members are the same with traps on or off."""
    return draws.yes("rare subtype", RARE_IN_LUNG) & (tumour == TUMOURS.index("LUAD"))


def incidental_germline(draws: Draws, tumour: Codes, found: Flags, germline: Flags, *, traps: bool) -> None:
    """Inherited findings outside breast and ovary; adds to `found` and `germline`."""
    if not traps:
        return
    outside = ~np.isin(tumour, [TUMOURS.index("BRCA"), TUMOURS.index("HGSOC")])
    carrier = draws.yes("incidental germline", INCIDENTAL_RATE) & outside
    gene = draws.choice("incidental germline gene", np.array(list(GERMLINE_GENES.values())))
    for i, name in enumerate(GERMLINE_GENES):
        rows = carrier & (gene == i)
        found[rows, COLUMN[name]] = True
        germline[rows, COLUMN[name]] = True


def in_group(ancestry: Codes) -> Flags:
    """Members of the under-represented ancestry group, (n,)."""
    return ancestry == ANCESTRIES.index(UNDER_REPRESENTED)


def prognostic_effect(found: Flags, *, traps: bool) -> Numbers:
    """What the prognostic gene adds to the log-odds of every option, (n,)."""
    return np.where(found[:, COLUMN[PROGNOSTIC_GENE]], PROGNOSTIC_EFFECT if traps else 0.0, 0.0)
