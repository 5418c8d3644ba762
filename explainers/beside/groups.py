"""How well the model did in the groups this patient belongs to: what it said of them, and what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from explainers.audit.data import GROUP_LABELS, NOT_RECORDED, AuditData, of_bundle
from explainers.audit.errors import NoOutcomesError
from explainers.audit.grouping import as_text, described, with_counts
from oncology.counts import rate
from oncology.uncertainty import wilson
from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile

__all__ = ["GroupRow", "group_rows", "group_words"]

# With fewer patients an observed share says next to nothing.
_FEWEST = 30
_FIELDS = ("tumour", "sex", "ancestry", "stage", "line", "site", "panel")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of this patient: what was said of it, and what was observed, out of 100, with its 95 % interval."""

    group: str
    n: int
    said: float
    observed: float
    low: float
    high: float

    @property
    def is_apart(self) -> bool:
        """Whether what was said lies outside the interval of what was observed."""
        return not self.low <= self.said <= self.high


def _data(bundle: ModelBundle) -> AuditData | None:
    try:
        return of_bundle(bundle)
    except NoOutcomesError:
        return None


def group_rows(bundle: ModelBundle, profile: PatientProfile, option: str) -> list[GroupRow]:
    """The patient's groups among the training patients who had the option; those too small are left out.

    Returns
    -------
    list of GroupRow
        Shares out of 100, the ends by Wilson. Out of fold: no patient's own outcome is in
        what was said of them. Groups with fewer than 30 patients, or fewer than five of either outcome, are not told.
    """
    data = _data(bundle)
    if data is None:
        return []
    found = []
    for attribute, level in _levels(bundle, profile).items():
        if attribute not in data.groups or level == NOT_RECORDED:
            continue
        y, p = data.of(option, (data.groups[attribute] == level).to_numpy())
        share = rate(int(y.sum()), len(y)) if len(y) >= _FEWEST else None
        if share is None:
            continue
        low, high = wilson(y.sum(), len(y))
        found.append(
            GroupRow(
                group=f"{GROUP_LABELS.get(attribute, attribute)}: {tumour_name(level) if attribute == 'tumour' else level}", n=len(y), said=100 * float(np.mean(p)),
                observed=100 * share, low=100 * float(low), high=100 * float(high),
            )
        )  # fmt: skip
    return found


def _levels(bundle: ModelBundle, profile: PatientProfile) -> dict[str, str]:
    """The patient in the words of the cohort's groups."""
    plain = pd.DataFrame({name: [getattr(profile, name)] for name in _FIELDS}, index=[profile.patient_id])
    groups = as_text(described([profile], plain))
    X = bundle.schema.encode([profile])
    return {str(k): str(v) for k, v in with_counts(groups, X, bundle.schema).iloc[0].items()}


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def group_words(bundle: ModelBundle, profile: PatientProfile, option: str) -> tuple[str, ...]:
    """The rows as sentences; what kept them from being made where there are none."""
    judged = bundle.manifest.performance_of(option)
    words = [f"All together: {judged.words()}"] if judged is not None else []
    rows = group_rows(bundle, profile, option)
    responded = bundle.manifest.words.responded
    for row in rows:
        words.append(
            f"{_capital(row.group)}, {row.n:,} patients: the model said {row.said:.0f} of 100, {row.observed:.0f} "
            f"({row.low:.0f} to {row.high:.0f}) {responded}{': its number lies outside' if row.is_apart else ''}."
        )
    if apart := sum(row.is_apart for row in rows):
        words.append(
            f"{apart} of {len(rows)} groups lie outside their 95 % interval; of twenty groups one does by chance. The page Audit "
            "holds all groups against one false alarm rate."
        )
    if not rows:
        words.append(
            "Not measured in this patient's groups: the bundle ships no training patients, or too few of them are alike."
        )
    return tuple(words)
