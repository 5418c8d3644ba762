"""Which genes each patient had assayed: a panel by site, and single-gene tests by tumour type.

A gene outside stays *not assayed*; a DNA panel without introns does not see fusions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.draws import Draws
from sample_data.generator.vocabulary import ALTERATIONS, GENES, TUMOURS, AlterationColumn

__all__ = ["MEASURES_MSI", "MEASURES_TMB", "PANELS", "PANEL_GENES", "draw_panels", "sees"]

Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]

_FUSION_GENES = {"ALK", "ROS1", "RET", "NTRK1", "NTRK3"}
_HOTSPOT = {
    "AKT1", "BRAF", "EGFR", "ERBB2", "IDH1", "KIT", "KRAS", "MAP2K1", "MET", "NRAS", "PDGFRA", "PIK3CA", "TP53",
}  # fmt: skip
_MIDDLE = _HOTSPOT | {
    "APC", "ATM", "BRCA1", "BRCA2", "CDH1", "CDKN2A", "ESR1", "FBXW7", "FGFR2", "GATA3", "KEAP1", "NF1", "PTEN",
    "RB1", "SMAD4", "STK11",
}  # fmt: skip
_LIQUID = _HOTSPOT | {
    "ALK", "APC", "ATM", "BRCA1", "BRCA2", "CCNE1", "ESR1", "FGFR2", "NF1", "NTRK1", "PTEN", "RET", "ROS1",
    "STK11", "SMAD4", "RB1", "CDH1", "ARID1A",
}  # fmt: skip

PANEL_GENES: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "Hotspot DNA 13": frozenset(_HOTSPOT),
    "Focused DNA and RNA 19": frozenset(_HOTSPOT | _FUSION_GENES | {"FGFR2"}),
    "Middle DNA 29": frozenset(_MIDDLE),
    "Liquid biopsy 31": frozenset(_LIQUID),
    "Broad DNA and RNA 42": frozenset(set(GENES) - {"TERT", "CHEK2", "PALB2", "MSH2"}),
    "Comprehensive 46": frozenset(GENES),
    "Exome": frozenset(set(GENES) - _FUSION_GENES - {"TERT"}),
}
PANELS = tuple(PANEL_GENES)
MEASURES_TMB = ("Comprehensive 46", "Exome")
MEASURES_MSI = ("Broad DNA and RNA 42", "Comprehensive 46", "Exome")

# Habits of the sites: shares of the panels above, one row a site.
_SITE_PANELS = np.array(
    [
        [0.03, 0.10, 0.12, 0.15, 0.05, 0.15, 0.36, 0.04],
        [0.04, 0.16, 0.16, 0.20, 0.06, 0.16, 0.20, 0.02],
        [0.05, 0.26, 0.10, 0.22, 0.08, 0.10, 0.18, 0.01],
        [0.02, 0.06, 0.08, 0.10, 0.06, 0.18, 0.40, 0.10],
        [0.06, 0.28, 0.20, 0.16, 0.12, 0.08, 0.10, 0.00],
        [0.08, 0.34, 0.16, 0.14, 0.14, 0.06, 0.08, 0.00],
    ]
)
# In the under-represented group the small panels weigh more.
_LOWER_COVERAGE = np.array([2.2, 2.0, 1.0, 1.0, 1.2, 0.5, 0.35, 0.3])

_NO_FUSIONS = ("Hotspot DNA 13", "Middle DNA 29", "Exome")
_NO_COPY_NUMBER = ("Hotspot DNA 13", "Focused DNA and RNA 19")

# Single-gene tests beside the panel (a gene, or one column of it), and how often they are done.
_SINGLE_TESTS: dict[str, dict[str, float]] = {
    "any": {"NTRK": 0.3},  # a stain for the proteins of NTRK1 to NTRK3
    "LUAD": {"EGFR": 0.76, "ALK": 0.70, "ROS1": 0.62, "BRAF": 0.5, "KRAS": 0.45, "MET": 0.35, "RET": 0.35},
    "COADREAD": {"KRAS": 0.86, "NRAS": 0.82, "BRAF": 0.80},
    "BRCA": {"ERBB2 amplification": 0.99, "BRCA1": 0.55, "BRCA2": 0.55, "PIK3CA": 0.5},
    "SKCM": {"BRAF": 0.88, "NRAS": 0.5, "KIT": 0.4},
    "HGSOC": {"BRCA1": 0.9, "BRCA2": 0.9},
    "IHCH": {"FGFR2 fusion": 0.5, "IDH1": 0.5},
    "GIST": {"KIT": 0.88, "PDGFRA": 0.86},
}


_TESTED_TOGETHER = {"NTRK": ("NTRK1", "NTRK3")}


def sees(panel: str, column: AlterationColumn) -> bool:
    """Whether a panel covers a column: fusions need introns or RNA, amplifications more than hot spots."""
    if column.gene not in PANEL_GENES[panel]:
        return False
    if column.kind == "fusion":
        return panel not in _NO_FUSIONS
    return column.kind != "amplification" or panel not in _NO_COPY_NUMBER


def draw_panels(draws: Draws, tumour: Codes, site: Codes, low_coverage: Flags) -> tuple[Codes, Flags]:
    """Panel per patient (n,), and what was assayed: (n, alteration columns)."""
    weight = _SITE_PANELS[site] * np.where(low_coverage[:, None], _LOWER_COVERAGE, 1.0)
    panel = draws.choice("panel", weight).astype(np.int8)
    covered = np.array([[sees(name, column) for column in ALTERATIONS] for name in PANELS])
    assayed = covered[panel]
    in_any = np.ones(len(tumour), dtype=bool)
    keenness = np.where(low_coverage, 0.7, 1.0)
    for name, tests in _SINGLE_TESTS.items():
        patients = in_any if name == "any" else tumour == TUMOURS.index(name)
        for test, rate in tests.items():
            done = draws.yes(f"single test {test}", rate * keenness) & patients
            for i, column in enumerate(ALTERATIONS):
                if column.name == test or column.gene in _TESTED_TOGETHER.get(test, (test,)):
                    assayed[:, i] |= done
    return panel, assayed
