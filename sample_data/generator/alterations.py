"""Which alterations each patient truly has, drawn from the joint tables and background rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.draws import Draws
from sample_data.generator.prevalence import INDEPENDENT, joint_table
from sample_data.generator.traps import RARE_IN_LUNG
from sample_data.generator.vocabulary import ALTERATIONS, ANCESTRIES, COLUMN, TUMOURS

__all__ = ["draw_alterations", "draw_germline_brca", "draw_hrd", "late_changes", "tmb_shift"]

Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]

GERMLINE_SHARE_OVARY = 0.7  # of BRCA1/2 alterations in high-grade serous ovarian cancer
GERMLINE_BREAST = {"BRCA1": 0.026, "BRCA2": 0.024}
SMARCA4, SMARCA4_IN_RARE = 0.08, 0.60  # frequency in lung cancer, and within the rare subtype


def draw_alterations(
    draws: Draws, tumour: Codes, ancestry: Codes, msi_high: Flags, rare_subtype: Flags
) -> tuple[Flags, NDArray[np.str_]]:
    """Alterations (n, columns), and the breast cancer subtype (n,), empty elsewhere."""
    found = np.zeros((draws.n, len(ALTERATIONS)), dtype=bool)
    subtype = np.full(draws.n, "", dtype="<U26")
    u_joint = draws.uniform("joint alterations")
    for i, name in enumerate(TUMOURS):
        for variant, rows in _variants(name, tumour == i, ancestry, msi_high):
            at = np.flatnonzero(rows)
            levels = joint_table(name, variant).draw(u_joint[at])
            subtype[at] = levels.pop("subtype", subtype[at])
            levels.pop("MSI", None)
            for drawn in levels.values():
                for level in np.unique(drawn):
                    if level != "none":
                        found[at[drawn == level], COLUMN[str(level)]] = True
    # Background alterations: one stream per column, so that a new column moves no other.
    rates = np.zeros((len(TUMOURS), len(ALTERATIONS)))
    for name, percent in INDEPENDENT.items():
        for column, value in percent.items():
            rates[TUMOURS.index(name), COLUMN[column]] = value / 100
    for column in np.flatnonzero(rates.any(axis=0)):
        found[:, column] |= draws.yes(f"background {ALTERATIONS[column].name}", rates[tumour, column])
    rest = (SMARCA4 - RARE_IN_LUNG * SMARCA4_IN_RARE) / (1 - RARE_IN_LUNG)
    marker = draws.yes("SMARCA4", np.where(rare_subtype, SMARCA4_IN_RARE, rest))
    found[:, COLUMN["SMARCA4"]] = marker & (tumour == TUMOURS.index("LUAD"))
    return found, subtype


def _variants(name: str, rows: Flags, ancestry: Codes, msi_high: Flags) -> tuple[tuple[str, Flags], ...]:
    if name == "LUAD":
        east_asian = ancestry == ANCESTRIES.index("East Asian")
        return ("", rows & ~east_asian), ("East Asian", rows & east_asian)
    if name == "COADREAD":
        return ("", rows & ~msi_high), ("high", rows & msi_high)
    return (("", rows),)


def draw_germline_brca(draws: Draws, tumour: Codes, found: Flags) -> Flags:
    """Inherited BRCA1/2 alterations of breast and ovarian cancer, (n, columns); adds them to `found`."""
    germline = np.zeros_like(found)
    ovary, breast = (tumour == TUMOURS.index(t) for t in ("HGSOC", "BRCA"))
    inherited = draws.yes("germline BRCA in ovary", GERMLINE_SHARE_OVARY)
    u = draws.uniform("germline BRCA in breast")
    limits = np.cumsum(list(GERMLINE_BREAST.values()))
    for gene, low, high in zip(GERMLINE_BREAST, (0.0, limits[0]), limits, strict=True):
        column = COLUMN[gene]
        in_breast = breast & (u >= low) & (u < high)
        found[:, column] |= in_breast
        germline[:, column] = in_breast | (ovary & inherited & found[:, column])
    return germline


def late_changes(
    draws: Draws, found: Flags, *, after_egfr: Flags, after_aromatase: Flags, tumour: Codes
) -> None:
    """Resistance: EGFR p.T790M after an EGFR inhibitor, ESR1 after an aromatase inhibitor; adds to `found`."""
    sensitising = found[:, COLUMN["EGFR p.L858R"]] | found[:, COLUMN["EGFR exon 19 deletion"]]
    lung, breast = (tumour == TUMOURS.index(t) for t in ("LUAD", "BRCA"))
    rate = np.where(after_egfr, 0.55, 0.011)
    found[:, COLUMN["EGFR p.T790M"]] = draws.yes("T790M", rate) & sensitising & lung
    found[:, COLUMN["ESR1"]] = draws.yes("ESR1", np.where(after_aromatase, 0.25, 0.005)) & breast


def draw_hrd(draws: Draws, tumour: Codes, found: Flags, germline: Flags) -> Flags:
    """Homologous recombination deficiency: BRCA loss, or another cause that no panel shows."""
    brca = found[:, COLUMN["BRCA1"]] | found[:, COLUMN["BRCA2"]]
    ovary, breast = (tumour == TUMOURS.index(t) for t in ("HGSOC", "BRCA"))
    cyclin = found[:, COLUMN["CCNE1 amplification"]]
    # Half of ovarian tumours are deficient: 21 % by BRCA, the rest among those without CCNE1 amplification.
    other = np.where(ovary & ~cyclin, 0.29 / 0.60, np.where(breast, 0.10, 0.0))
    driven = (brca & ovary) | (germline[:, [COLUMN["BRCA1"], COLUMN["BRCA2"]]].any(axis=1) & breast)
    return driven | (draws.yes("HRD without BRCA", other) & ~brca)


def tmb_shift(tumour: Codes, found: Flags) -> NDArray[np.float64]:
    """How drivers move the logarithm of TMB in lung cancer (never-smokers lower), centred on zero."""
    low = [
        COLUMN[c]
        for c in ("EGFR p.L858R", "EGFR exon 19 deletion", "ALK fusion", "ROS1 fusion", "RET fusion")
    ]
    high = [COLUMN[c] for c in ("KRAS p.G12C", "KRAS", "STK11", "KEAP1")]
    shift = 0.14 - 0.55 * found[:, low].any(axis=1) + 0.10 * found[:, high].any(axis=1)
    return np.where(tumour == TUMOURS.index("LUAD"), shift - 0.04, 0.0)
