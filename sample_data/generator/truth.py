"""What is true of each synthetic patient, whether or not anybody measured it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data.generator.vocabulary import COLUMN

__all__ = ["Truth"]

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Codes = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Truth:
    """True values of n patients; a column per alteration in the order of `vocabulary.ALTERATIONS`.

    Codes index the tuples of `vocabulary`: tumour, ancestry, site, stage, her2.
    """

    tumour: Codes  # (n,)
    ancestry: Codes  # (n,)
    site: Codes  # (n,)
    stage: Codes  # (n,)
    age_years: Numbers  # (n,)
    male: Flags  # (n,)
    line: Codes  # (n,), 1 to 4
    ecog: Codes  # (n,), 0 to 3
    albumin_g_dl: Numbers  # (n,)
    nlr: Numbers  # (n,)
    ldh_u_l: Numbers  # (n,)
    haemoglobin_g_dl: Numbers  # (n,)
    tmb_per_mb: Numbers  # (n,)
    pdl1: Numbers  # (n,), tumour cells in %, NaN outside lung
    msi_high: Flags  # (n,)
    hrd: Flags  # (n,), homologous recombination deficient; never observed
    her2: Codes  # (n,), breast only: negative, low, positive; -1 elsewhere
    hormone_receptor: Flags  # (n,), breast only
    prior: Flags  # (n, priors)
    alterations: Flags  # (n, alterations)
    germline: Flags  # (n, alterations), a subset of `alterations`
    rare_subtype: Flags  # (n,)
    resilience: Numbers  # (n,), standard normal, never observed: the hidden confounder

    def __len__(self) -> int:
        return len(self.tumour)

    def altered(self, *names: str) -> Flags:
        """Patients with at least one of the named alterations, (n,)."""
        found = np.zeros(len(self), dtype=bool)
        for name in names:
            found |= self.alterations[:, COLUMN[name]]
        return found
