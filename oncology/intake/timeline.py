"""Several samples of one patient over time, and what changed between them, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from oncology.errors import OncologyError
from oncology.patients import Alteration, PatientProfile

__all__ = [
    "Step",
    "TimelineError",
    "as_sample_of",
    "changes_in_words",
    "further_samples",
    "group_by_patient",
    "samples_of",
    "timeline",
]


class TimelineError(OncologyError, ValueError):
    """Samples that cannot be put in order."""


@dataclass(frozen=True, slots=True)
class Step:
    """A sample, the days since the sample before it, and what changed in words; the first has neither."""

    profile: PatientProfile
    days: int | None
    changes: tuple[str, ...]


def group_by_patient(profiles: Iterable[PatientProfile]) -> dict[str, tuple[PatientProfile, ...]]:
    """Profiles by patient: those that share `findings["patient"]`, else each by its own id."""
    groups: dict[str, list[PatientProfile]] = {}
    for profile in profiles:
        groups.setdefault(profile.findings.get("patient", profile.patient_id), []).append(profile)
    return {name: tuple(members) for name, members in groups.items()}


def samples_of(profile: PatientProfile, profiles: Iterable[PatientProfile]) -> tuple[PatientProfile, ...]:
    """The samples among `profiles` of the patient that `profile` is a sample of; each id once.

    Examples
    --------
    >>> first = PatientProfile("a", sample_day=0)
    >>> later = PatientProfile("a day 90", sample_day=90, findings={"patient": "a"})
    >>> [p.patient_id for p in samples_of(later, [first, later, PatientProfile("b")])]
    ['a', 'a day 90']
    """
    name = profile.findings.get("patient", profile.patient_id)
    return tuple({p.patient_id: p for p in group_by_patient(profiles).get(name, ())}.values())


def as_sample_of(profile: PatientProfile, other: PatientProfile) -> PatientProfile:
    """The profile as a further sample of the patient that `other` is a sample of, on the user's word.

    Examples
    --------
    >>> later = as_sample_of(PatientProfile("P-2", sample_day=90), PatientProfile("P-1", sample_day=0))
    >>> later.patient_id, later.findings["patient"]
    ('P-2', 'P-1')
    """
    name = other.findings.get("patient", other.patient_id)
    return profile.replace(findings={**profile.findings, "patient": name})


def further_samples(
    profiles: Iterable[PatientProfile], held: Iterable[PatientProfile] = ()
) -> tuple[PatientProfile, ...]:
    """Profiles with ids of their own: one whose id is held already becomes a further sample where its day differs.

    Its id is then that of the patient with the day, and both are samples of one patient. A profile of the same id
    and the same day (or without a day) keeps its id, and takes the place of the one held.

    Examples
    --------
    >>> first = PatientProfile("a", sample_day=0)
    >>> [p.patient_id for p in further_samples([PatientProfile("a", sample_day=300)], [first])]
    ['a day 300']
    """
    known = {p.patient_id: p for p in held}
    named = []
    for profile in profiles:
        first = known.get(profile.patient_id)
        days = set() if first is None else {first.sample_day, profile.sample_day}
        if len(days) == 2 and None not in days:
            patient = profile.findings.get("patient", profile.patient_id)
            profile = profile.replace(
                patient_id=f"{profile.patient_id} day {profile.sample_day}",
                findings={**profile.findings, "patient": patient},
            )
        known[profile.patient_id] = profile
        named.append(profile)
    return tuple(named)


def timeline(profiles: Iterable[PatientProfile]) -> tuple[Step, ...]:
    """Samples of one patient in the order of their days, each with what changed since the one before.

    Raises
    ------
    TimelineError
        Where several samples are given and one has no day.

    Examples
    --------
    >>> egfr = Alteration("EGFR", protein_change="p.L858R")
    >>> t790m = Alteration("EGFR", protein_change="p.T790M")
    >>> first = PatientProfile("a-1", sample_day=0, alterations=(egfr,))
    >>> later = PatientProfile("a-2", sample_day=300, alterations=(egfr, t790m))
    >>> [(s.days, s.changes) for s in timeline([later, first])]
    [(None, ()), (300, ('EGFR p.T790M is new; its gene was not known to be assayed before',))]
    """
    samples = list(profiles)
    undated = [p.patient_id for p in samples if p.sample_day is None]
    if len(samples) > 1 and undated:
        raise TimelineError(
            f"{len(samples)} samples, of which {', '.join(undated[:5])} have no day. Expected sample_day (days since "
            "the diagnosis) in each, so that they can be put in order."
        )
    ordered = sorted(samples, key=lambda p: p.sample_day or 0)
    steps = [Step(ordered[0], None, ())] if ordered else []
    for before, after in pairwise(ordered):
        steps.append(
            Step(after, (after.sample_day or 0) - (before.sample_day or 0), changes_in_words(before, after))
        )
    return tuple(steps)


def changes_in_words(before: PatientProfile, after: PatientProfile) -> tuple[str, ...]:
    """What differs between two samples; a finding gone is only called gone where the later assay covered its gene."""
    words = []
    old, new = {a.name: a for a in before.alterations}, {a.name: a for a in after.alterations}
    for name, a in new.items():
        if name not in old:
            known = before.assayed_genes is not None and a.gene in before.assayed_genes
            words.append(
                f"{name} is new" + ("" if known else "; its gene was not known to be assayed before")
            )
        elif (change := _fraction(old[name], a)) != "":
            words.append(change)
    for name, a in old.items():
        if name not in new:
            covered = after.assayed_genes is not None and a.gene in after.assayed_genes
            words.append(
                f"{name} is no longer found"
                if covered
                else f"{name} is not told any more; {a.gene} was not known to be assayed"
            )
    for label, field, unit in (
        ("TMB", "tmb_per_mb", " per Mb"),
        ("PD-L1", "pdl1", " %"),
        ("line of therapy", "line", ""),
        ("ECOG", "ecog", ""),
    ):
        x, y = getattr(before, field), getattr(after, field)
        if x is not None and y is not None and x != y:
            words.append(f"{label} from {x:g} to {y:g}{unit}")
    if before.msi and after.msi and before.msi != after.msi:
        words.append(f"microsatellites from {before.msi} to {after.msi}")
    fresh = [t for t in after.prior_treatments or () if t not in (before.prior_treatments or ())]
    if fresh:
        words.append(f"treated with {', '.join(fresh)} in between")
    return tuple(words)


def _fraction(before: Alteration, after: Alteration) -> str:
    if before.vaf is None or after.vaf is None or abs(after.vaf - before.vaf) < 0.05:
        return ""
    return f"{after.name}: allele fraction from {before.vaf:.2f} to {after.vaf:.2f}"
