"""Build everything that ships in `sample_data/`: the truth table, the sample patients and the three bundles.

`python -m sample_data.build` takes about two minutes; the same libraries give the same bytes again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from explainers import stability
from explainers.stabilising import stabilise
from sample_data.build_scores import build_ipssm, build_loris
from sample_data.generator import SyntheticCohort, generate
from sample_data.generator.vocabulary import THERAPIES
from sample_data.sample_patients import write_patients
from sample_data.solid_tumours import DATE, SEED, build_solid_tumours

__all__ = ["N_PATIENTS", "main", "truth_table"]

N_PATIENTS = 12_000


def truth_table(cohort: SyntheticCohort) -> pd.DataFrame:
    """What no model is shown, (n, ...): therapy given, true probabilities and potential responses, hidden groups.

    ``p:OPTION`` is the true probability of response, ``r:OPTION`` whether the patient would have responded.
    """
    keys = [t.key for t in THERAPIES]
    table = pd.DataFrame(
        {
            "therapy": np.array(keys)[cohort.therapy],
            "pfs_months": cohort.pfs_months,
            "progressed": cohort.progressed,
            "rare_subtype": cohort.truth.rare_subtype,
            "germline": cohort.truth.germline.any(axis=1),
            "resilience": np.round(cohort.truth.resilience, 3).astype("float32"),
        },
        index=pd.Index(cohort.patient_ids, name="patient_id"),
    )
    p = pd.DataFrame(np.round(cohort.p_star, 4).astype("float32"), table.index, [f"p:{k}" for k in keys])
    r = pd.DataFrame(cohort.potential, table.index, [f"r:{k}" for k in keys])
    return pd.concat([table, p, r], axis=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build into a folder (default: `sample_data` itself)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--patients", type=int, default=N_PATIENTS, help="patients of the synthetic cohort")
    parser.add_argument(
        "--refits", type=int, default=20, help="refits that tell how steady explanations are; 0: none"
    )
    asked = parser.parse_args(arguments)
    bundles = asked.out / "bundles"
    bundles.mkdir(parents=True, exist_ok=True)
    cohort = generate(asked.patients, SEED)
    truth_table(cohort).to_parquet(asked.out / "truth.parquet", compression="zstd")
    print(f"Truth of {len(cohort):,} synthetic patients")
    print(f"Sample patients: {len(write_patients(asked.out / 'patients'))}")
    made = [
        build_solid_tumours(bundles / "solid_tumours", cohort),
        build_loris(bundles / "loris"),
        build_ipssm(bundles / "ipssm"),
    ]
    for bundle in made:
        print(f"Bundle {bundle.name}: {bundle.sha256[:12]}")
    if asked.refits:
        steady = stabilise(made[0], n_refits=asked.refits, made=DATE)
        stability.write(steady, made[0].path / stability.FILE)
        print(f"Stability of {made[0].name}: {asked.refits} refits")
    return 0


if __name__ == "__main__":
    sys.exit(main())
