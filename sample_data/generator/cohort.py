"""The whole cohort as aligned arrays, drawn in one call."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data.generator import alterations as molecular
from sample_data.generator import clinical
from sample_data.generator import traps as planted
from sample_data.generator.assignment import assign, propensity
from sample_data.generator.draws import Draws
from sample_data.generator.outcomes import Observed, draw_outcomes, observe
from sample_data.generator.panels import draw_panels
from sample_data.generator.response import response_probability
from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import COLUMN, TUMOURS

__all__ = ["SyntheticCohort", "draw_truth", "generate", "patient_ids"]

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SyntheticCohort:
    """n synthetic patients: the truth, what was recorded of it, what was given, and what would have happened.

    truth : true values, measured or not.
    observed : recorded values, NaN where nobody measured.
    panel : (n,) index into `panels.PANELS`.
    assayed : (n, alterations) whether a patient's tests cover each alteration.
    propensity : (n, therapies) probability of being given each option.
    therapy : (n,) index of the option given.
    p_star : (n, therapies) true probability of response to every option.
    potential : (n, therapies) response that would have been seen under each option.
    response : (n, therapies) 1 or 0 where given, NaN elsewhere.
    pfs_months, progressed : (n,) under the option given.
    """

    seed: int
    traps: bool
    start: int
    truth: Truth
    observed: Observed
    panel: NDArray[np.int8]
    assayed: Flags
    propensity: Numbers
    therapy: NDArray[np.int8]
    p_star: Numbers
    potential: Flags
    response: Numbers
    pfs_months: Numbers
    progressed: Flags

    def __post_init__(self) -> None:
        for value in (*_arrays(self), *_arrays(self.truth), *_arrays(self.observed)):
            value.flags.writeable = False

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def patient_ids(self) -> list[str]:
        """Pseudonyms, (n,)."""
        return patient_ids(len(self), start=self.start)

    @property
    def fingerprint(self) -> str:
        """Hash of every array, in hexadecimal."""
        digest = hashlib.sha256(f"{self.seed} {self.traps} {self.start}".encode())
        for value in (*_arrays(self.truth), *_arrays(self.observed), *_arrays(self)):
            digest.update(np.ascontiguousarray(value).tobytes())
        return digest.hexdigest()


def _arrays(record: object) -> list[NDArray[np.generic]]:
    values = [getattr(record, f.name) for f in dataclasses.fields(record)]  # type: ignore[arg-type]
    return [v for v in values if isinstance(v, np.ndarray)]


def patient_ids(n: int, *, start: int = 0) -> list[str]:
    """Pseudonyms of patients `start` to `start + n - 1`."""
    return [f"SYN-{i:06d}" for i in range(start + 1, start + n + 1)]


def draw_truth(
    draws: Draws,
    *,
    traps: bool,
    demographics: Callable[[Draws], dict[str, NDArray[np.generic]]] = clinical.demographics,
) -> Truth:
    """True values of every patient, in the order of the recipe."""
    who = demographics(draws)
    tumour, line = who["tumour"], who["line"]
    resilience = draws.normal("resilience")
    msi_high = clinical.mismatch_repair(draws, tumour, who["stage"])
    rare = planted.draw_rare_subtype(draws, tumour)
    found, subtype = molecular.draw_alterations(draws, tumour, who["ancestry"], msi_high, rare)
    breast = tumour == TUMOURS.index("BRCA")
    positive = breast & (subtype == "HER2 positive")
    found[:, COLUMN["ERBB2 amplification"]] |= positive
    # Half of all breast cancers are HER2-low: 60 % of those that are not HER2-positive.
    low = breast & ~positive & draws.yes("HER2 low", 0.50 / 0.84)
    her2 = np.where(positive, 2, np.where(low, 1, np.where(breast, 0, -1))).astype(np.int8)
    hormone = breast & ((subtype == "hormone receptor positive") | (positive & draws.yes("HER2+ HR+", 0.6)))
    germline = molecular.draw_germline_brca(draws, tumour, found)
    planted.incidental_germline(draws, tumour, found, germline, traps=traps)
    prior = clinical.prior_treatments(
        draws,
        tumour,
        line,
        egfr=found[:, COLUMN["EGFR p.L858R"]] | found[:, COLUMN["EGFR exon 19 deletion"]],
        alk=found[:, COLUMN["ALK fusion"]],
        braf=found[:, COLUMN["BRAF p.V600E"]] | found[:, COLUMN["BRAF p.V600K"]],
        her2=positive,
        hormone=hormone,
    )
    history = {name: prior[:, i] for i, name in enumerate(clinical.PRIORS)}
    molecular.late_changes(
        draws,
        found,
        tumour=tumour,
        after_egfr=history["EGFR inhibitor"],
        after_aromatase=history["aromatase inhibitor"],
    )
    tmb, pdl1 = clinical.immune_markers(draws, tumour, msi_high, molecular.tmb_shift(tumour, found))
    return Truth(
        **who,
        **clinical.fitness(draws, tumour, who["age_years"], line, who["male"]),
        site=planted.draw_site(draws, resilience, traps=traps),
        tmb_per_mb=tmb,
        pdl1=pdl1,
        msi_high=msi_high,
        hrd=molecular.draw_hrd(draws, tumour, found, germline),
        her2=her2,
        hormone_receptor=hormone,
        prior=prior,
        alterations=found,
        germline=germline,
        rare_subtype=rare,
        resilience=resilience,
    )


def generate(n: int, seed: int, *, traps: bool = True, start: int = 0) -> SyntheticCohort:
    """Draw n synthetic patients.

    A patient's draws depend on the seed and the patient's number alone: the first hundred of a thousand are the
    hundred, and `start` draws a later slice of the same endless cohort.

    Parameters
    ----------
    n : int
        Patients to draw.
    seed : int
    traps : bool
        False leaves out everything planted (see `traps`): the control cohort.
    start : int
        Number of the first patient.

    Examples
    --------
    >>> cohort = generate(200, seed=7)
    >>> bool((generate(50, seed=7).p_star == cohort.p_star[:50]).all())
    True
    """
    draws = Draws(seed, n, start=start)
    truth = draw_truth(draws, traps=traps)
    low_coverage = planted.in_group(truth.ancestry) & traps
    panel, assayed = draw_panels(draws, truth.tumour, truth.site, low_coverage)
    chances = propensity(truth, assayed, traps=traps)
    therapy = assign(draws, chances)
    p_star = response_probability(truth, traps=traps)
    potential, response, months, progressed = draw_outcomes(draws, truth, therapy, p_star, traps=traps)
    return SyntheticCohort(
        seed=seed,
        traps=traps,
        start=start,
        truth=truth,
        observed=observe(draws, truth, panel),
        panel=panel,
        assayed=assayed,
        propensity=chances,
        therapy=therapy,
        p_star=p_star,
        potential=potential,
        response=response,
        pfs_months=months,
        progressed=progressed,
    )
