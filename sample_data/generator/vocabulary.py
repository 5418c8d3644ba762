"""Names of everything the generator draws: tumours, therapies, alterations, sites, panels' genes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ALTERATIONS",
    "ANCESTRIES",
    "COLUMN",
    "GENES",
    "GENE_OF_COLUMN",
    "HER2_LEVELS",
    "PRIORS",
    "SITES",
    "STAGES",
    "THERAPIES",
    "TUMOURS",
    "TUMOUR_SHARE",
    "AlterationColumn",
    "Therapy",
]

TUMOURS = ("LUAD", "COADREAD", "BRCA", "SKCM", "HGSOC", "IHCH", "GIST")
# A teaching mix: rare tumours are over-represented so that each has options with enough treated patients.
TUMOUR_SHARE = (0.36, 0.18, 0.15, 0.105, 0.075, 0.065, 0.065)

ANCESTRIES = ("European", "African", "East Asian")
STAGES = ("I", "II", "III", "IV")
SITES = ("Site 1", "Site 2", "Site 3", "Site 4", "Site 5", "Site 6")
HER2_LEVELS = ("negative", "low", "positive")
PRIORS = (
    "chemotherapy",
    "immunotherapy",
    "EGFR inhibitor",
    "ALK inhibitor",
    "BRAF inhibitor",
    "HER2 antibody",
    "aromatase inhibitor",
    "imatinib",
)


@dataclass(frozen=True, slots=True)
class Therapy:
    """An option: its key in files and models, its words, and its kind."""

    key: str
    label: str
    kind: str


THERAPIES = (
    Therapy("osimertinib", "Osimertinib", "targeted"),
    Therapy("alectinib", "Alectinib", "targeted"),
    Therapy("crizotinib", "Crizotinib", "targeted"),
    Therapy("selpercatinib", "Selpercatinib", "targeted"),
    Therapy("capmatinib", "Capmatinib", "targeted"),
    Therapy("sotorasib", "Sotorasib", "targeted"),
    Therapy("adagrasib", "Adagrasib", "targeted"),
    Therapy("dabrafenib_trametinib", "Dabrafenib + trametinib", "targeted"),
    Therapy("larotrectinib", "Larotrectinib", "targeted"),
    Therapy("trastuzumab_deruxtecan", "Trastuzumab deruxtecan", "targeted"),
    Therapy("pembrolizumab", "Pembrolizumab", "immunotherapy"),
    Therapy("chemotherapy", "Standard chemotherapy of the tumour type", "chemotherapy"),
    Therapy("olaparib", "Olaparib", "targeted"),
    Therapy("alpelisib_fulvestrant", "Alpelisib + fulvestrant", "targeted"),
    Therapy("cetuximab_chemotherapy", "Cetuximab + chemotherapy", "targeted"),
    Therapy("imatinib", "Imatinib", "targeted"),
    Therapy("avapritinib", "Avapritinib", "targeted"),
    Therapy("pemigatinib", "Pemigatinib", "targeted"),
)


@dataclass(frozen=True, slots=True)
class AlterationColumn:
    """One column of alterations: a gene, or one named alteration of it (columns of a gene are disjoint).

    `name` is the name a feature has in the model's schema. `examples` are concrete changes with weights,
    written into sample profiles.
    """

    name: str
    gene: str
    kind: str = "any"
    change: str | None = None
    examples: tuple[tuple[str, float], ...] = ()


def _gene(gene: str, *examples: str) -> AlterationColumn:
    return AlterationColumn(gene, gene, examples=tuple((e, 1.0) for e in examples))


def _change(gene: str, change: str, *examples: str) -> AlterationColumn:
    return AlterationColumn(
        f"{gene} {change}", gene, "any", change, tuple((e, 1.0) for e in examples or (change,))
    )


def _kind(gene: str, kind: str, *partners: str) -> AlterationColumn:
    return AlterationColumn(f"{gene} {kind}", gene, kind, None, tuple((p, 1.0) for p in partners))


ALTERATIONS = (
    _change("AKT1", "p.E17K"),
    _kind("ALK", "fusion", "EML4"),
    _gene("APC", "p.R1450*", "p.R876*", "p.Q1378*", "p.E1309fs"),
    _gene("ARID1A", "p.R1989*", "p.Q1334del", "p.G284fs"),
    _gene("ATM", "p.R337C", "p.R3008H"),
    _gene("BAP1", "p.R60*", "p.W196*"),
    _change("BRAF", "p.V600E"),
    _change("BRAF", "p.V600K"),
    _gene("BRAF", "p.G469A", "p.D594G", "p.K601E"),
    _gene("BRCA1", "p.E23fs", "p.Q1756fs", "p.C61G"),
    _gene("BRCA2", "p.S1982fs", "p.K2162fs", "p.Y1894*"),
    _kind("CCNE1", "amplification"),
    _gene("CDH1", "p.Q23*", "p.E243K"),
    _gene("CDK12", "p.W719*", "p.R890H"),
    _gene("CDKN2A", "p.R80*", "p.H83Y"),
    _gene("CHEK2", "p.T367fs", "p.I157T"),
    _change("EGFR", "p.L858R"),
    _change("EGFR", "exon 19 deletion", "p.E746_A750del", "p.L747_P753delinsS"),
    _change("EGFR", "exon 20 insertion", "p.A767_V769dup", "p.S768_D770dup"),
    _change("EGFR", "p.T790M"),
    _gene("EGFR", "p.G719A", "p.L861Q", "p.S768I"),
    _kind("ERBB2", "amplification"),
    _gene("ERBB2", "p.S310F", "p.Y772_A775dup", "p.L755S"),
    _gene("ESR1", "p.D538G", "p.Y537S"),
    _gene("FBXW7", "p.R465H", "p.R505C"),
    _kind("FGFR2", "fusion", "BICC1"),
    _gene("FGFR2", "p.S252W", "p.C382R"),
    _gene("GATA3", "p.P409fs", "p.S308fs"),
    _gene("IDH1", "p.R132C", "p.R132G"),
    _gene("KEAP1", "p.R320Q", "p.G333C"),
    _change("KIT", "exon 11", "p.W557_K558del", "p.V559D", "p.L576P"),
    _change("KIT", "exon 9", "p.A502_Y503dup"),
    _gene("KIT", "p.K642E", "p.D816V"),
    _change("KRAS", "p.G12C"),
    _gene("KRAS", "p.G12D", "p.G12V", "p.G13D"),
    _gene("MAP2K1", "p.P124S", "p.E203K"),
    _gene("MAP3K1", "p.E303fs"),
    _change("MET", "exon 14 skipping"),
    _gene("MSH2", "p.R711*"),
    _gene("NF1", "p.R1947*", "p.Y489C"),
    _gene("NRAS", "p.Q61R", "p.Q61K", "p.G12D"),
    _kind("NTRK1", "fusion", "TPM3"),
    _kind("NTRK3", "fusion", "ETV6"),
    _gene("PALB2", "p.N1039fs"),
    _gene("PBRM1", "p.I279fs"),
    _change("PDGFRA", "p.D842V"),
    _gene("PDGFRA", "p.V561D", "p.N659K"),
    _change("PIK3CA", "exon 9", "p.E545K", "p.E542K"),
    _change("PIK3CA", "exon 20", "p.H1047R", "p.H1047L"),
    _gene("PIK3CA", "p.R88Q", "p.N345K", "p.C420R"),
    _gene("PTEN", "p.R130*", "p.R130Q", "p.R233*"),
    _gene("RB1", "p.R320*", "p.W78*"),
    _kind("RET", "fusion", "KIF5B"),
    _gene("RNF43", "p.G659fs"),
    _kind("ROS1", "fusion", "CD74"),
    _gene("SMAD4", "p.R361H", "p.R361C"),
    _gene("SMARCA4", "p.R1192C", "p.Q1166*"),
    _gene("STK11", "p.Q37*", "p.D194Y", "p.F354L"),
    _gene("TERT"),
    _gene("TP53", "p.R175H", "p.R248Q", "p.R273H", "p.G245S"),
)

COLUMN = {column.name: i for i, column in enumerate(ALTERATIONS)}
GENES = tuple(sorted({column.gene for column in ALTERATIONS}))
GENE_OF_COLUMN = tuple(GENES.index(column.gene) for column in ALTERATIONS)
