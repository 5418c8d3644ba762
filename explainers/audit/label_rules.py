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

__all__ = ["LABELS", "LabelRule", "label_rule"]


@dataclass(frozen=True, slots=True)
class _Label:
    """Biomarkers of an option's label. A patient meets it by any of the first three, and needs all of the fourth.

    altered : alterations as a schema names them ("EGFR p.L858R"), or a gene alone, which stands for any of its own
        alterations in the schema.
    at_least : fields with the value from which they count.
    level : fields with the level that counts.
    not_altered : genes that must have been tested without a finding.
    """

    altered: tuple[str, ...] = ()
    at_least: tuple[tuple[str, float], ...] = ()
    level: tuple[tuple[str, str], ...] = ()
    not_altered: tuple[str, ...] = ()


_CHECKPOINT = _Label(at_least=(("tmb_per_mb", 10.0), ("pdl1", 1.0)), level=(("msi", "high"),))
# The label of nivolumab asks for no mutational burden.
_NIVOLUMAB = _Label(at_least=(("pdl1", 1.0),), level=(("msi", "high"),))
_EGFR = _Label(altered=("EGFR exon 19 deletion", "EGFR p.L858R"))
_FLT3 = _Label(altered=("FLT3",))
# The biomarker in the indication of the medicine's United States label, shortened to what a profile can hold;
# tumour type, line and earlier treatment of the label are left out. Retyped by hand; labels change.
LABELS: dict[str, _Label] = {
    "osimertinib": _Label(altered=(*_EGFR.altered, "EGFR p.T790M")),
    "erlotinib": _EGFR, "gefitinib": _EGFR, "afatinib": _EGFR,
    "alectinib": _Label(altered=("ALK fusion",)),
    "lorlatinib": _Label(altered=("ALK fusion",)),
    "crizotinib": _Label(altered=("ALK fusion", "ROS1 fusion")),
    "entrectinib": _Label(altered=("ROS1 fusion", "NTRK1 fusion", "NTRK2 fusion", "NTRK3 fusion")),
    "larotrectinib": _Label(altered=("NTRK1 fusion", "NTRK2 fusion", "NTRK3 fusion")),
    "selpercatinib": _Label(altered=("RET fusion",)),
    "capmatinib": _Label(altered=("MET exon 14 skipping",)),
    "tepotinib": _Label(altered=("MET exon 14 skipping",)),
    "sotorasib": _Label(altered=("KRAS p.G12C",)),
    "adagrasib": _Label(altered=("KRAS p.G12C",)),
    "vemurafenib": _Label(altered=("BRAF p.V600E",)),
    "dabrafenib_trametinib": _Label(altered=("BRAF p.V600E", "BRAF p.V600K")),
    "trastuzumab_deruxtecan": _Label(altered=("ERBB2",), level=(("findings.HER2-low", "yes"),)),
    "olaparib": _Label(altered=("BRCA1", "BRCA2")),
    "alpelisib_fulvestrant": _Label(altered=("PIK3CA",)),
    "cetuximab_chemotherapy": _Label(not_altered=("KRAS", "NRAS")),
    "cetuximab": _Label(not_altered=("KRAS", "NRAS")),
    "panitumumab": _Label(not_altered=("KRAS", "NRAS")),
    "imatinib": _Label(altered=("KIT",)),
    "avapritinib": _Label(altered=("PDGFRA exon 18", "PDGFRA p.D842V")),
    "pemigatinib": _Label(altered=("FGFR2 fusion",)),
    "ivosidenib": _Label(altered=("IDH1",)),
    "enasidenib": _Label(altered=("IDH2",)),
    "quizartinib": _Label(altered=("FLT3 ITD",)),
    "gilteritinib": _FLT3, "midostaurin": _FLT3,
    "pembrolizumab": _CHECKPOINT, "immunotherapy": _CHECKPOINT, "nivolumab": _NIVOLUMAB,
}  # fmt: skip
_SOURCE = "after the biomarker in the medicine's label (United States), shortened; unknown counts as not met"


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
    return LabelRule(met, said, _SOURCE) if said else None


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
