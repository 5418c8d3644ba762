"""How well a model does in one patient's own groups: what stands beside a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.audit.data import NOT_RECORDED
from explainers.audit.gap_table import Gap, Gaps
from explainers.audit.grouping import age_band, alterations_band
from explainers.audit.membership import group_name
from explainers.audit.subgroups import too_small
from explainers.audit.tables import AuditRow, AuditTable

if TYPE_CHECKING:
    from oncology.features import FeatureSchema
    from oncology.patients import PatientProfile

__all__ = ["OwnGroups", "groups_of", "own_levels"]

METRICS = ("observed minus predicted", "AUC")
_FIELDS = ("tumour", "sex", "ancestry", "stage", "line", "site", "panel")


@dataclass(frozen=True, slots=True)
class OwnGroups:
    """One option's performance in the groups a patient belongs to.

    Parameters
    ----------
    rows : tuple of AuditRow
        One per group and metric; NaN with the reason where the group is too small or not in the audit.
    findings : tuple of Gap
        Where the patient's group differs from the rest by more than chance explains.
    """

    option: str
    rows: tuple[AuditRow, ...]
    findings: tuple[Gap, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Findings first; then how much is known, in a sentence."""
        said = [g.words() for g in self.findings]
        rows = [r for r in self.rows if r.metric == METRICS[0]]
        few = [r.group for r in rows if not r.is_known]
        if few:
            said.append(f"Too few patients to tell how well it does for: {', '.join(few)}.")
        if rows and not self.findings and len(few) < len(rows):
            said.append(
                f"In {len(rows) - len(few)} of this patient's {len(rows)} groups no difference from the rest was found."
            )
        return tuple(said)


def own_levels(profile: PatientProfile, schema: FeatureSchema | None = None) -> dict[str, str]:
    """The patient's value of every description that an audit may compare by, unknown as such."""
    found = {}
    for field in _FIELDS:
        value = getattr(profile, field)
        found[field] = NOT_RECORDED if value is None or value == "" else str(value)
    found["age"] = age_band(profile.age_years) or NOT_RECORDED
    if schema is not None:
        row = schema.encode_row(profile)
        at = [schema.columns_of(f.name).start for f in schema.features if f.is_alteration]
        if at:
            found["n_alterations"] = alterations_band(int((row[at] == 1).sum()))
    return found


def groups_of(
    profile: PatientProfile,
    table: AuditTable,
    option: str,
    *,
    schema: FeatureSchema | None = None,
    gaps: Gaps | None = None,
    more: Mapping[str, str] | None = None,
) -> OwnGroups:
    """The rows of a subgroup table that speak of this patient, for one option.

    Parameters
    ----------
    table : AuditTable
        Of `subgroups.subgroups`.
    schema : FeatureSchema, optional
        Of the model, for the number of alterations it sees.
    gaps : Gaps, optional
        Of the same audit, for findings.
    more : mapping of description to value, optional
        Descriptions that no profile holds, such as "rare_subtype".
    """
    levels = own_levels(profile, schema) | dict(more or {})
    rows: list[AuditRow] = []
    names = []
    mine = table.where(option=option)
    audited = {r.group.partition(": ")[0] for r in mine}
    for attribute, level in levels.items():
        name = group_name(attribute, level)
        if name.partition(": ")[0] not in audited:
            continue
        names.append(name)
        for metric in METRICS:
            row = mine.get(option, metric, name)
            missing = AuditRow(
                option, name, 0, 0, metric, float("nan"), float("nan"), float("nan"), too_small(0, 0)
            )
            rows.append(missing if row is None else row)
    found = (
        ()
        if gaps is None
        else tuple(g for g in gaps.where(option=option) if g.is_finding and g.group in names)
    )
    return OwnGroups(option, tuple(rows), found)
