"""Genes by which a fusion is named: mostly kinases, the partner that drugs aim at; others that name a leukaemia or sarcoma."""

from __future__ import annotations

__all__ = ["FUSION_DRIVERS"]

FUSION_DRIVERS = frozenset(
    [
        "ABL1",
        "ALK",
        "BRAF",
        "CBFB",
        "EGFR",
        "ERBB2",
        "ERG",
        "ETV1",
        "ETV4",
        "FGFR1",
        "FGFR2",
        "FGFR3",
        "FGFR4",
        "FLI1",
        "JAK2",
        "KMT2A",
        "MECOM",
        "MET",
        "NRG1",
        "NTRK1",
        "NTRK2",
        "NTRK3",
        "NUP98",
        "PDGFRA",
        "PDGFRB",
        "RAF1",
        "RARA",
        "RET",
        "ROS1",
        "RUNX1",
        "TFE3",
    ]
)
