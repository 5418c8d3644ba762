"""The comparator "by label only": who would get an option if its approved biomarker alone decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.data import AuditData
from oncology.feature_specs import FeatureSpec
from oncology.features import FeatureSchema

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["LABELS", "NOT_SOURCED", "LabelRule", "label_rule"]


@dataclass(frozen=True, slots=True)
class _Label:
    """Biomarkers of an option's label. A patient meets it by any of the first three, and needs all of the fourth.

    altered : alterations as a schema names them ("EGFR p.L858R"), or a gene alone, which stands for any of its own
        alterations in the schema.
    at_least : fields with the value from which they count.
    level : fields with the level that counts.
    not_altered : genes that must have been tested without a finding.
    insert : the package insert (FDA) that names the biomarker, with the day of the version read; "" where none was found.
    unsourced : what of the rule that insert does not say.
    """

    altered: tuple[str, ...] = ()
    at_least: tuple[tuple[str, float], ...] = ()
    level: tuple[tuple[str, str], ...] = ()
    not_altered: tuple[str, ...] = ()
    insert: str = ""
    unsourced: str = ""

    @property
    def source(self) -> str:
        """Where the rule comes from; what has no source is called so."""
        if not self.insert:
            return f"{NOT_SOURCED}; unknown counts as not met"
        more = f"; {NOT_SOURCED}: {self.unsourced}" if self.unsourced else ""
        return f"package insert of {self.insert}, {_READ_IN}, shortened{more}; unknown counts as not met"


NOT_SOURCED = "not sourced: general knowledge"
_READ_IN = "as read in the Molecular Oncology Almanac database (vanallenlab/moalmanac-db)"
_EGFR = ("EGFR exon 19 deletion", "EGFR p.L858R")
_NTRK = ("NTRK1 fusion", "NTRK2 fusion", "NTRK3 fusion")
_CETUXIMAB = _Label(
    not_altered=("KRAS", "NRAS"),
    insert="Erbitux (FDA, 2021-09-24)",
    unsourced="NRAS, where the insert read says K-Ras",
)
# The biomarker in the indication of the medicine's United States label, shortened to what a profile can hold; tumour
# type, line and earlier treatment of the label are left out. Retyped by hand; labels change.
LABELS: dict[str, _Label] = {
    "osimertinib": _Label((*_EGFR, "EGFR p.T790M"), insert="Tagrisso (FDA, 2024-09-25)"),
    "erlotinib": _Label(_EGFR, insert="Tarceva (FDA, 2016-10-18)"),
    "gefitinib": _Label(_EGFR, insert="Iressa (FDA, 2021-05-05)"),
    "afatinib": _Label(
        _EGFR, insert="Gilotrif (FDA, 2018-01-12)", unsourced="these two stand in for its “non-resistant EGFR mutations”"
    ),
    "alectinib": _Label(("ALK fusion",), insert="Alecensa (FDA, 2024-04-18)"),
    "lorlatinib": _Label(("ALK fusion",), insert="Lorbrena (FDA, 2021-03-03)"),
    "crizotinib": _Label(("ALK fusion", "ROS1 fusion"), insert="Xalkori (FDA, 2023-09-07)"),
    "entrectinib": _Label(("ROS1 fusion", *_NTRK), insert="Rozlytrek (FDA, 2024-01-26)"),
    "larotrectinib": _Label(_NTRK, insert="Vitrakvi (FDA, 2025-04-09)"),
    "selpercatinib": _Label(("RET fusion",), insert="Retevmo (FDA, 2024-09-27)"),
    "capmatinib": _Label(("MET exon 14 skipping",), insert="Tabrecta (FDA, 2024-03-14)"),
    "tepotinib": _Label(("MET exon 14 skipping",), insert="Tepmetko (FDA, 2024-02-15)"),
    "sotorasib": _Label(("KRAS p.G12C",), insert="Lumakras (FDA, 2023-04-23)"),
    "adagrasib": _Label(("KRAS p.G12C",), insert="Krazati (FDA, 2022-12-12)"),
    "vemurafenib": _Label(("BRAF p.V600E",), insert="Zelboraf (FDA, 2020-05-18)"),
    "dabrafenib_trametinib": _Label(("BRAF p.V600E", "BRAF p.V600K"), insert="Tafinlar (FDA, 2024-03-29)"),
    "trastuzumab_deruxtecan": _Label(
        ("ERBB2",), level=(("findings.HER2-low", "yes"),), insert="Enhertu (FDA, 2025-12-15)",
        unsourced="an amplification of ERBB2 stands in for HER2-positive by staining",
    ),
    "olaparib": _Label(("BRCA1", "BRCA2"), insert="Lynparza (FDA, 2023-11-06)"),
    "alpelisib_fulvestrant": _Label(("PIK3CA",), insert="Piqray (FDA, 2024-01-18)"),
    "cetuximab_chemotherapy": _CETUXIMAB,
    "cetuximab": _CETUXIMAB,
    "panitumumab": _Label(not_altered=("KRAS", "NRAS"), insert="Vectibix (FDA, 2021-08-25)"),
    "imatinib": _Label(
        ("KIT",), insert="Gleevec (FDA, 2024-03-01)", unsourced="an altered KIT stands in for its “Kit (CD117) positive”"
    ),
    "avapritinib": _Label(("PDGFRA exon 18", "PDGFRA p.D842V"), insert="Ayvakit (FDA, 2023-05-22)"),
    "pemigatinib": _Label(("FGFR2 fusion",), insert="Pemazyre (FDA, 2022-08)"),
    "ivosidenib": _Label(("IDH1",), insert="Tibsovo (FDA, 2023-10-24)"),
    "enasidenib": _Label(("IDH2",), insert="Idhifa (FDA, 2023-12-21)"),
    "quizartinib": _Label(("FLT3 ITD",), insert="Vanflyta (FDA, 2024-06-25)"),
    "gilteritinib": _Label(("FLT3",), insert="Xospata (FDA, 2022-01-12)"),
    "midostaurin": _Label(("FLT3",), insert="Rydapt (FDA, 2023-05-22)"),
    "pembrolizumab": _Label(
        at_least=(("tmb_per_mb", 10.0), ("pdl1", 1.0)), level=(("msi", "high"),),
        insert="Keytruda (FDA, 2020-10 and 2026-02-10)",
    ),
    "immunotherapy": _Label(
        at_least=(("tmb_per_mb", 10.0), ("pdl1", 1.0)), level=(("msi", "high"),),
        insert="Keytruda (FDA, 2020-10 and 2026-02-10)",
        unsourced="the insert of one checkpoint inhibitor stands in for all",
    ),
    # Its label asks for no mutational burden.
    "nivolumab": _Label(at_least=(("pdl1", 1.0),), level=(("msi", "high"),), insert="Opdivo (FDA, 2025-04-11)"),
}  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class LabelRule:
    """Who meets the label.

    Parameters
    ----------
    met : array (n,) of bool
        Unknown counts as not met: a label asks for a test.
    words : str
        The rule: "EGFR p.L858R or EGFR exon 19 deletion".
    source : str
        Where the rule comes from.
    is_label : bool
        False where no label is known and the alteration that the model leans on most stands in.
    """

    met: NDArray[np.bool_]
    words: str
    source: str
    is_label: bool = True


def label_rule(data: AuditData, bundle: ModelBundle, option: str) -> LabelRule | None:
    """The rule "by label only" of an option on these patients; None where neither label nor driver is known.

    Where no label is known, the alteration that the model itself leans on most stands in, in the direction in which
    it moves the model's number. Outcomes are never looked at.
    """
    label = LABELS.get(_key(option)) or LABELS.get(_key(data.label(option)))
    # Cells in a laboratory are not treated: no label speaks of them.
    if not data.X.shape[1] or data.setting == "laboratory":
        return None
    found = None if label is None else _of_label(label, data, bundle.schema)
    return found or _of_driver(data, bundle, option)


def _key(name: str) -> str:
    return name.casefold().replace(" + ", "_").replace("-", "_").replace(" ", "_")


def _of_label(label: _Label, data: AuditData, schema: FeatureSchema) -> LabelRule | None:
    met = np.zeros(len(data), dtype=bool)
    words: list[str] = []
    for name in label.altered:
        specs = [f for f in schema.features if f.is_alteration and (f.name == name or _gene(f) == name)]
        for spec in specs:
            met |= _column(data, spec) == 1.0
        if specs:
            words.append(name if any(f.name == name for f in specs) else f"{name} altered")
    for path, least in label.at_least:
        for spec in (f for f in schema.features if f.reads.field == path):
            met |= _column(data, spec) >= least
            words.append(f"{spec.label} of {least:g}{' ' + spec.unit if spec.unit else ''} or more")
    for path, level in label.level:
        for spec in (f for f in schema.features if f.reads.field == path and level in f.levels):
            met |= _has_level(data, schema, spec, level)
            words.append(f"{spec.label} {level}")
    said = " or ".join(dict.fromkeys(words))
    absent = [g for g in label.not_altered if any(_gene(f) == g for f in schema.features)]
    if absent:
        met = np.ones(len(data), dtype=bool)
        for gene in absent:
            for spec in (f for f in schema.features if f.is_alteration and _gene(f) == gene):
                met &= _column(data, spec) == 0.0
        said = " and ".join(absent) + " tested and not altered"
    return LabelRule(met, said, label.source) if said else None


def _of_driver(data: AuditData, bundle: ModelBundle, option: str) -> LabelRule | None:
    drivers = bundle.manifest.drivers.get(option, ())
    known = {f.name: f for f in bundle.schema.features}
    spec = next((known[d] for d in drivers if d in known), None)
    if spec is None:
        return None
    column, number = _column(data, spec), data.probability[:, data.index(option)]
    there, absent = number[column == 1.0], number[column == 0.0]
    if not np.isfinite(there).any() or not np.isfinite(absent).any():
        return None
    raises = float(np.nanmean(there)) >= float(np.nanmean(absent))
    return LabelRule(
        column == (1.0 if raises else 0.0),
        f"{spec.label} {'altered' if raises else 'tested and not altered'}",
        "no label is known here; the alteration that this model leans on most stands in; unknown counts as not met",
        is_label=False,
    )


def _gene(spec: FeatureSpec) -> str | None:
    return None if spec.reads.pattern is None else spec.reads.pattern.gene


def _column(data: AuditData, spec: FeatureSpec) -> NDArray[np.float64]:
    column: NDArray[np.float64] = data.X[spec.name].to_numpy(dtype=np.float64)
    return column


def _has_level(data: AuditData, schema: FeatureSchema, spec: FeatureSpec, level: str) -> NDArray[np.bool_]:
    columns = schema.columns[schema.columns_of(spec.name)]
    if len(columns) == 1:  # two levels share one column: 1 is the second
        has: NDArray[np.bool_] = data.X[columns[0]].to_numpy() == float(spec.levels.index(level))
        return has
    one_hot: NDArray[np.bool_] = data.X[columns[spec.levels.index(level)]].to_numpy() == 1.0
    return one_hot
