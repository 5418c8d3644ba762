"""Patients the solid tumour model was never meant for, of four kinds; each is a synthetic patient with one twist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

from oncology.alterations import AlterationPattern
from oncology.patients import PatientProfile
from sample_data.generator.cohort import SyntheticCohort, generate
from sample_data.generator.outcomes import LAB_NAMES
from sample_data.generator.vocabulary import TUMOURS
from sample_data.profiles import to_profiles

__all__ = ["EXCLUSIVE_DRIVERS", "KINDS", "UNSEEN_TUMOURS", "Kind", "out_of_domain"]

Kind = Literal["unseen tumour", "under 18", "extreme labs", "exclusive drivers"]
KINDS: tuple[Kind, ...] = get_args(Kind)

UNSEEN_TUMOURS = ("PAAD", "UCEC", "BLCA", "RCC", "STAD", "HNSC", "PRAD", "SARCOMA", "SCLC", "GB")
# Drivers that the cohort never holds together, by tumour (odds ratio 0.05 or less in the targets).
EXCLUSIVE_DRIVERS: dict[str, tuple[tuple[AlterationPattern, AlterationPattern], ...]] = {
    "LUAD": (
        (AlterationPattern("EGFR", change="p.L858R"), AlterationPattern("KRAS", change="p.G12C")),
        (AlterationPattern("EGFR", change="exon 19 deletion"), AlterationPattern("ALK", "fusion")),
        (AlterationPattern("ALK", "fusion"), AlterationPattern("ROS1", "fusion")),
        (AlterationPattern("KRAS", change="p.G12C"), AlterationPattern("BRAF", change="p.V600E")),
    ),
    "COADREAD": ((AlterationPattern("KRAS", change="p.G12C"), AlterationPattern("BRAF", change="p.V600E")),),
    "SKCM": ((AlterationPattern("BRAF", change="p.V600E"), AlterationPattern("NRAS")),),
    "HGSOC": ((AlterationPattern("CCNE1", "amplification"), AlterationPattern("BRCA1")),),
    "IHCH": ((AlterationPattern("IDH1"), AlterationPattern("FGFR2", "fusion")),),
    "GIST": ((AlterationPattern("KIT", change="exon 11"), AlterationPattern("PDGFRA", change="p.D842V")),),
}
_QUANTILES = (0.001, 0.999)
_REFERENCE = 20_000


def out_of_domain(kind: Kind, n: int = 200, *, seed: int = 0) -> list[PatientProfile]:
    """Draw n patients of one kind; their ids begin with "OOD".

    Parameters
    ----------
    kind : {"unseen tumour", "under 18", "extreme labs", "exclusive drivers"}
    n : int
    seed : int
        The patients are taken from slices of the cohort that no other part of the sample data uses.

    Raises
    ------
    ValueError
        For another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"Kind is {kind!r}; expected one of {', '.join(KINDS)}.")
    rng = np.random.Generator(np.random.PCG64([seed, KINDS.index(kind)]))
    cohort = generate(3 * n + 12, seed, start=10_000_000 + 1_000_000 * KINDS.index(kind))
    rows: list[int] = list(range(len(cohort)))
    if kind == "exclusive drivers":
        rows = [i for i in rows if TUMOURS[cohort.truth.tumour[i]] in EXCLUSIVE_DRIVERS]
    twist = _TWISTS[kind](rng, seed)
    profiles = to_profiles(cohort, rows[:n])
    return [
        twist(profile).replace(
            patient_id=f"OOD-{KINDS.index(kind) + 1}{i + 1:04d}",
            outcome=None,
            note=f"Synthetic, outside the model's domain: {kind}.",
        )
        for i, profile in enumerate(profiles)
    ]


Twist = Callable[[PatientProfile], PatientProfile]


def _unseen_tumour(rng: np.random.Generator, _: int) -> Twist:
    def twist(profile: PatientProfile) -> PatientProfile:
        return profile.replace(tumour=str(rng.choice(UNSEEN_TUMOURS)))

    return twist


def _under_18(rng: np.random.Generator, _: int) -> Twist:
    def twist(profile: PatientProfile) -> PatientProfile:
        return profile.replace(age_years=float(rng.integers(2, 18)))

    return twist


def lab_limits(seed: int) -> dict[str, tuple[float, float]]:
    """The 0.1 and 99.9 percentiles of every laboratory value in the cohort of that seed."""
    reference: SyntheticCohort = generate(_REFERENCE, seed)
    return {
        name: tuple(np.nanquantile(getattr(reference.observed, name), _QUANTILES))  # type: ignore[misc]
        for name in LAB_NAMES
    }


def _extreme_labs(rng: np.random.Generator, seed: int) -> Twist:
    limits = lab_limits(seed)

    def twist(profile: PatientProfile) -> PatientProfile:
        labs = dict(profile.labs)
        chosen = rng.choice(LAB_NAMES, size=int(rng.integers(1, 4)), replace=False)
        for name in map(str, chosen):
            low, high = limits[name]
            # Albumin and haemoglobin fall in illness, the other two rise.
            falls = name in ("albumin_g_dl", "haemoglobin_g_dl")
            labs[name] = round(low * rng.uniform(0.6, 0.95) if falls else high * rng.uniform(1.05, 2.0), 2)
        return profile.replace(labs=labs)

    return twist


def _exclusive_drivers(rng: np.random.Generator, _: int) -> Twist:
    def twist(profile: PatientProfile) -> PatientProfile:
        pairs = EXCLUSIVE_DRIVERS[profile.tumour or ""]
        pair = pairs[int(rng.integers(len(pairs)))]
        kept = tuple(a for a in profile.alterations if not any(p.matches(a) for p in pair))
        assayed = (profile.assayed_genes or frozenset()) | {p.gene for p in pair}
        return profile.replace(
            alterations=(*kept, *(p.example() for p in pair)),
            assayed_genes=assayed,
            not_tested=profile.not_tested - {p.name for p in pair},
        )

    return twist


_TWISTS: dict[str, Callable[[np.random.Generator, int], Twist]] = {
    "unseen tumour": _unseen_tumour,
    "under 18": _under_18,
    "extreme labs": _extreme_labs,
    "exclusive drivers": _exclusive_drivers,
}
