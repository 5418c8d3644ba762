"""How often each alteration occurs in each tumour type, and which ones keep company.

Frequencies in percent follow `sample_data/targets.csv` where a published figure exists; the rest are modest
background rates. A tumour type has one joint table of correlated variables and a list of independent ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sample_data.generator.cooccurrence import Event, JointTable, fit

__all__ = ["EARLY_MSI_HIGH", "INDEPENDENT", "LATE_MSI_HIGH", "MSI_HIGH", "joint_table"]

EARLY_MSI_HIGH, LATE_MSI_HIGH = 0.15, 0.045  # colorectal, stage I to III and stage IV
SHARE_STAGE_IV = 0.78
# Mismatch-repair deficiency outside colorectal cancer, by tumour type.
MSI_HIGH = {"LUAD": 0.005, "BRCA": 0.01, "SKCM": 0.01, "HGSOC": 0.015, "IHCH": 0.015, "GIST": 0.002}
EAST_ASIAN_SHARE = 0.08

INDEPENDENT: dict[str, dict[str, float]] = {
    "LUAD": {
        "PIK3CA exon 9": 2.6, "PIK3CA exon 20": 1.4, "PIK3CA": 2.0, "PTEN": 2, "NF1": 11, "RB1": 6,
        "CDKN2A": 18, "ATM": 8, "APC": 5, "SMAD4": 3.5, "ARID1A": 6, "BRCA2": 4, "ERBB2 amplification": 2.5,
        "MAP2K1": 1.5, "IDH1": 0.3, "CDH1": 1, "FBXW7": 2, "BRCA1": 2, "CDK12": 2,
    },
    "COADREAD": {
        "SMAD4": 12, "FBXW7": 12, "PTEN": 6, "ERBB2 amplification": 3.5, "ERBB2": 2, "ATM": 8, "NF1": 4,
        "ARID1A": 7, "RB1": 2, "BRCA2": 3, "BRCA1": 1.5, "RET fusion": 0.2, "NTRK1 fusion": 0.3,
        "AKT1 p.E17K": 0.6, "MAP2K1": 1.5, "BRAF": 3, "CDK12": 2, "EGFR": 2,
    },
    "BRCA": {
        "PTEN": 5, "NF1": 3, "RB1": 2, "MAP3K1": 7, "AKT1 p.E17K": 3, "ERBB2": 2.5, "ARID1A": 3, "ATM": 2.5,
        "KRAS": 0.5, "BRCA1": 0.5, "BRCA2": 0.5, "NTRK3 fusion": 0.3, "CDKN2A": 3, "SMAD4": 1, "CDK12": 1.5,
        "FGFR2": 0.7, "KEAP1": 0.5, "APC": 1,
    },
    "SKCM": {
        "CDKN2A": 38, "TP53": 16, "PTEN": 11, "TERT": 70, "MAP2K1": 6, "ARID1A": 6, "RB1": 3, "ATM": 4,
        "PIK3CA": 2, "IDH1": 4, "NTRK1 fusion": 1.5, "RET fusion": 0.3, "ALK fusion": 0.2, "PBRM1": 4,
    },
    "HGSOC": {
        "TP53": 96, "NF1": 8, "RB1": 5, "CDK12": 3, "PTEN": 7, "KRAS": 1, "PIK3CA": 1,
        "ERBB2 amplification": 3, "ERBB2": 1, "ARID1A": 1, "BRAF": 0.5, "NTRK1 fusion": 0.5,
    },
    "IHCH": {
        "ARID1A": 20, "PBRM1": 11, "PIK3CA exon 9": 2.5, "PIK3CA exon 20": 1.5, "PIK3CA": 1, "PTEN": 1,
        "ERBB2 amplification": 2, "ERBB2": 2, "BRCA2": 3, "CDKN2A": 12, "SMAD4": 4, "ATM": 5, "RNF43": 4,
        "FGFR2": 1.5, "NTRK1 fusion": 1.2, "STK11": 2, "NF1": 2, "RB1": 2, "FBXW7": 2, "APC": 2,
    },
    "GIST": {"TP53": 6, "RB1": 4, "CDKN2A": 14, "PTEN": 2, "PIK3CA": 1, "ATM": 1.5, "TERT": 2},
}  # fmt: skip

_LUNG_DRIVERS = {
    "EGFR p.L858R": 6.45, "EGFR exon 19 deletion": 8.55, "EGFR exon 20 insertion": 1.0, "EGFR": 1.0,
    "KRAS p.G12C": 12.0, "KRAS": 17.0, "BRAF p.V600E": 1.8, "BRAF": 2.0, "ALK fusion": 5.0,
    "ROS1 fusion": 1.5, "RET fusion": 1.5, "NTRK1 fusion": 0.2, "MET exon 14 skipping": 3.0, "ERBB2": 2.5,
    "NRAS": 0.6,
}  # fmt: skip
# Lung cancer in East Asian patients: EGFR in half of them, KRAS in few.
_EAST_ASIAN_LUNG = {
    "EGFR p.L858R": 21.5, "EGFR exon 19 deletion": 28.5, "EGFR exon 20 insertion": 2.0, "EGFR": 1.5,
    "KRAS p.G12C": 3.0, "KRAS": 7.0,
}  # fmt: skip


def _levels(percent: Mapping[str, float], rest: str = "none") -> dict[str, float]:
    shares = {name: value / 100 for name, value in percent.items()}
    return shares | {rest: 1 - sum(shares.values())}


def _yes(name: str) -> Event:
    return name, (name,)


def _lung(east_asian: bool) -> JointTable:
    drivers = dict(_LUNG_DRIVERS)
    for name, percent in _EAST_ASIAN_LUNG.items():
        if east_asian:
            drivers[name] = percent
        elif name.startswith("KRAS"):  # so that all patients together have the published frequency
            drivers[name] = (drivers[name] - EAST_ASIAN_SHARE * percent) / (1 - EAST_ASIAN_SHARE)
    kras: Event = ("driver", ("KRAS p.G12C", "KRAS"))
    egfr: Event = (
        "driver",
        ("EGFR p.L858R", "EGFR exon 19 deletion", "EGFR exon 20 insertion", "EGFR"),
    )
    margins = {"driver": _levels(drivers)} | {
        name: _levels({name: percent}) for name, percent in (("STK11", 14), ("KEAP1", 16), ("TP53", 57))
    }
    pairs = [
        (kras, _yes("STK11"), 2.98),
        (kras, _yes("KEAP1"), 1.04),
        (_yes("STK11"), _yes("KEAP1"), 2.85),
        (egfr, _yes("STK11"), 0.18),
        (egfr, _yes("KEAP1"), 0.4),
        (kras, _yes("TP53"), 0.40),
        (egfr, _yes("TP53"), 1.56),
    ]
    return fit(margins, pairs)


def _colorectal(msi_high: bool) -> JointTable:
    share_high = SHARE_STAGE_IV * LATE_MSI_HIGH + (1 - SHARE_STAGE_IV) * EARLY_MSI_HIGH
    margins = {
        "MSI": {"high": share_high, "stable": 1 - share_high},
        "KRAS": _levels({"KRAS p.G12C": 3, "KRAS": 40}),
        "BRAF p.V600E": _levels({"BRAF p.V600E": 9}),
        "NRAS": _levels({"NRAS": 5}),
        "PIK3CA": _levels({"PIK3CA exon 9": 9.5, "PIK3CA exon 20": 5, "PIK3CA": 3.5}),
        "APC": _levels({"APC": 76}),
        "TP53": _levels({"TP53": 60}),
        "RNF43": _levels({"RNF43": 6}),
    }
    kras: Event = ("KRAS", ("KRAS p.G12C", "KRAS"))
    pik3ca: Event = ("PIK3CA", ("PIK3CA exon 9", "PIK3CA exon 20", "PIK3CA"))
    high: Event = ("MSI", ("high",))
    # Odds of BRAF V600E in mismatch-repair deficient tumours, so that 45 % of them carry it.
    rest = (0.09 - 0.45 * share_high) / (1 - share_high)
    pairs = [
        (high, _yes("BRAF p.V600E"), 0.45 / 0.55 / (rest / (1 - rest))),
        (high, _yes("TP53"), 0.25 / 1.5),
        (high, kras, (30 / 70) / (43 / 57)),
        (high, _yes("APC"), (51 / 49) / (81 / 19)),
        (high, _yes("RNF43"), 12.0),
        (kras, _yes("BRAF p.V600E"), 0.03),
        (kras, _yes("NRAS"), 0.25),
        (_yes("NRAS"), _yes("BRAF p.V600E"), 0.05),
        (kras, pik3ca, 1.76),
        (_yes("BRAF p.V600E"), _yes("APC"), 0.15),
        (_yes("BRAF p.V600E"), _yes("TP53"), 0.48),
        (_yes("TP53"), _yes("APC"), 1.8),
    ]
    return fit(margins, pairs).given(("MSI", ("high" if msi_high else "stable",)))


def _breast() -> JointTable:
    margins = {
        "subtype": _levels({"HER2 positive": 16, "triple negative": 15}, rest="hormone receptor positive"),
        "PIK3CA": _levels({"PIK3CA exon 9": 12, "PIK3CA exon 20": 16, "PIK3CA": 8}),
        "TP53": _levels({"TP53": 33}),
        "CDH1": _levels({"CDH1": 11}),
        "GATA3": _levels({"GATA3": 11}),
    }
    pik3ca: Event = ("PIK3CA", ("PIK3CA exon 9", "PIK3CA exon 20", "PIK3CA"))
    hormone: Event = ("subtype", ("hormone receptor positive",))
    triple: Event = ("subtype", ("triple negative",))
    pairs = [
        # 40 % of hormone receptor positive tumours carry PIK3CA, and 27 % of the others.
        (hormone, pik3ca, (0.40 / 0.60) / (0.271 / 0.729)),
        (triple, _yes("TP53"), 8.0),
        (hormone, _yes("GATA3"), 4.0),
        (triple, _yes("CDH1"), 0.2),
        (pik3ca, _yes("TP53"), 0.52),
        (_yes("CDH1"), pik3ca, 2.35),
        (_yes("GATA3"), _yes("TP53"), 0.17),
    ]
    return fit(margins, pairs)


def _melanoma() -> JointTable:
    margins = {
        "driver": _levels({"BRAF p.V600E": 42.5, "BRAF p.V600K": 7.5, "NRAS": 26, "KIT": 4}),
        "NF1": _levels({"NF1": 14}),
    }
    main: Event = ("driver", ("BRAF p.V600E", "BRAF p.V600K", "NRAS"))
    # 12 % of melanomas have none of the three, so that 2 of the 14 % with NF1 have another driver as well.
    both = 0.02
    odds_ratio = both * (1 - 0.76 - 0.14 + both) / ((0.76 - both) * (0.14 - both))
    return fit(margins, [(main, _yes("NF1"), odds_ratio)])


def _ovary() -> JointTable:
    return fit({"driver": _levels({"BRCA1": 12, "BRCA2": 9, "CCNE1 amplification": 19})})


def _bile_duct() -> JointTable:
    margins = {
        "driver": _levels(
            {"IDH1": 20, "FGFR2 fusion": 13, "KRAS p.G12C": 1, "KRAS": 14, "BRAF p.V600E": 4, "NRAS": 3}
        ),
        "TP53": _levels({"TP53": 20}),
        "BAP1": _levels({"BAP1": 16}),
    }
    idh1: Event = ("driver", ("IDH1",))
    return fit(margins, [(idh1, _yes("TP53"), 0.15), (_yes("TP53"), _yes("BAP1"), 0.15)])


def _stromal() -> JointTable:
    return fit(
        {
            "driver": _levels(
                {
                    "KIT exon 11": 66, "KIT exon 9": 12, "KIT": 4, "PDGFRA p.D842V": 5, "PDGFRA": 3,
                    "NF1": 2, "BRAF p.V600E": 0.7, "NTRK3 fusion": 1.2,
                }
            )
        }
    )  # fmt: skip


@cache
def joint_table(tumour: str, variant: str = "") -> JointTable:
    """The correlated alterations of a tumour type; `variant` is "East Asian" (LUAD) or "high" (COADREAD, MSI)."""
    if tumour == "LUAD":
        return _lung(variant == "East Asian")
    if tumour == "COADREAD":
        return _colorectal(variant == "high")
    tables = {"BRCA": _breast, "SKCM": _melanoma, "HGSOC": _ovary, "IHCH": _bile_duct, "GIST": _stromal}
    return tables[tumour]()
