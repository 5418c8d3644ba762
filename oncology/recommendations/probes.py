"""What each unknown input may turn out to be: states of an alteration, usual and extreme numbers, categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncology.alterations import EvidenceIndex
from oncology.bundles import ModelBundle
from oncology.edits import Edit, apply
from oncology.features import FeatureSchema, FeatureSpec
from oncology.intake.germline_hiding import is_withheld
from oncology.patients import PatientProfile

__all__ = ["Probe", "Probes", "find_probes", "probe_rows"]

# Shares of the training patients at which an unknown number is asked.
_QUANTILES = (0.05, 0.5, 0.95)
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """One unknown input and one value it may turn out to have."""

    spec: FeatureSpec
    value: float | str


@dataclass(frozen=True, slots=True)
class Probes:
    """What can be asked of a profile's unknown inputs, and which of them cannot be asked one at a time."""

    asked: tuple[Probe, ...]
    left_out: tuple[FeatureSpec, ...]
    withheld: bool = False

    def words(self) -> str:
        """What was asked, and what was not, in whole sentences."""
        if not self.asked and not self.left_out:
            return "Every input that the model reads is known."
        genes = {p.spec.name for p in self.asked if p.spec.is_alteration}
        parts = []
        if genes:
            n = len(genes)
            parts.append(f"{n} alteration{'' if n == 1 else 's'} not assayed, each altered and absent")
        others = dict.fromkeys(p.spec for p in self.asked if not p.spec.is_alteration)
        parts += [
            f"{s.label} ({', '.join(s.words(p.value) for p in self.asked if p.spec is s)})" for s in others
        ]
        said = ""
        if parts:
            said = f"Asked one at a time: {'; '.join(parts)}. Several unknown inputs at once were not tried."
        if self.left_out:
            said += f" Not asked: {', '.join(s.label for s in self.left_out)}."
        if self.withheld:
            # Naming them would invite a guess at what is hidden, and the record may hold their result.
            said += " Genes that are withheld with a germline finding were not asked."
        return said.strip()


def find_probes(bundle: ModelBundle, profile: PatientProfile) -> Probes:
    """Every unknown input with the values it is asked at.

    Alterations are asked altered and absent; numbers at the 5th, 50th and 95th percentile of the training patients;
    categories at every level; inputs of a published formula at its own best, mean and worst. Not asked are inputs
    without which the model abstains, the tumour type (it decides whose counts stand behind a number), and counts of
    alterations, which follow from the alterations.
    """
    schema = bundle.schema
    evidence = EvidenceIndex.of(profile)
    asked: list[Probe] = []
    left_out: list[FeatureSpec] = []
    for spec, value in zip(schema.features, schema.values(profile), strict=True):
        if value is not None or _withheld(profile, spec):
            continue
        values = _values(bundle, spec, evidence)
        if values:
            asked += [Probe(spec, v) for v in values]
        elif not _follows(spec):
            left_out.append(spec)
    return Probes(tuple(asked), tuple(left_out), profile.germline_withheld)


def _withheld(profile: PatientProfile, spec: FeatureSpec) -> bool:
    return spec.reads.pattern is not None and is_withheld(profile, spec.reads.pattern.gene)


def _follows(spec: FeatureSpec) -> bool:
    """Counts and fractions follow from alterations, which are asked themselves."""
    return spec.reads.what in ("count", "vaf")


def _values(bundle: ModelBundle, spec: FeatureSpec, evidence: EvidenceIndex) -> tuple[float | str, ...]:
    if spec.is_alteration:
        return (1.0, 0.0)
    if spec.missing == "refuse" or spec.reads.field == "tumour" or spec.reads.what == "count":
        return ()
    if spec.reads.what == "vaf" and (spec.reads.pattern is None or not evidence.matching(spec.reads.pattern)):
        return ()
    if spec.kind == "categorical":
        return spec.levels
    if spec.kind == "binary":
        return (1.0, 0.0)
    numbers = (
        bundle.formula.usual_values(spec.name)
        if bundle.formula is not None
        else bundle.quantiles(spec.columns[0], _QUANTILES)
    )
    digits = 0 if spec.kind == "count" else None
    rounded = [round(v) if digits == 0 else float(f"{v:.{_DIGITS}g}") for v in numbers if np.isfinite(v)]
    return tuple(dict.fromkeys(map(float, rounded)))


def probe_rows(
    schema: FeatureSchema, profile: PatientProfile, probes: Sequence[Probe]
) -> NDArray[np.float64]:
    """The patient's row, then one row per probe, (1 + probes, c)."""
    own = schema.encode_row(profile)
    rows = np.repeat(own[None, :], 1 + len(probes), axis=0)
    # Columns are disjoint, so one value is one block of cells, unless a count or fraction reads the same gene.
    shared = {
        f.reads.pattern.gene for f in schema.features if f.reads.what in ("vaf", "count") and f.reads.pattern
    }
    for i, probe in enumerate(probes, start=1):
        spec = probe.spec
        pattern = spec.reads.pattern
        if spec.is_alteration and pattern is not None and pattern.gene in shared:
            rows[i] = schema.encode_row(apply(schema, profile, [Edit(spec.name, probe.value)]))
        else:
            rows[i, schema.columns_of(spec.name)] = spec.encode(probe.value)
    return rows
