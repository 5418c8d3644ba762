"""How often the 95 % interval of `solid_tumours` holds the true probability of fresh synthetic patients.

``python -m sample_data.interval_check`` prints one line per option. The interval is that of the calibration alone, so
the share is far below 95 %: what it leaves out is whether the model is right for the single patient.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from oncology.bundles import ModelBundle, load
from oncology.prediction import predict
from oncology.recommendations import MIN_SUPPORT
from sample_data.generator import generate
from sample_data.generator.vocabulary import THERAPIES
from sample_data.profiles import encoded_cohort
from sample_data.solid_tumours import SEED

__all__ = ["interval_check", "main"]

START = 12_000  # the first patient that no training cohort holds


def interval_check(
    bundle: ModelBundle, n: int = 4000, *, seed: int = SEED, start: int = START
) -> pd.DataFrame:
    """Share of fresh patients whose true probability lies in the interval, one row per option and one for all.

    Only patients for whom the model does not abstain are counted.

    Returns
    -------
    DataFrame with n, within (share of the intervals that hold the truth), median_width and mean_abs_error in
    probability; the last row, "all", counts every pair of patient and option.
    """
    cohort = generate(n, seed, start=start)
    found = predict(bundle, encoded_cohort(cohort))
    keys = [t.key for t in THERAPIES]
    truth = cohort.p_star[:, [keys.index(o) for o in bundle.options]]
    assert found.support is not None
    held = found.support >= MIN_SUPPORT
    within = (found.low <= truth) & (truth <= found.high)
    rows = {}
    for name, mask in [*((o, _only(held, j)) for j, o in enumerate(bundle.options)), ("all", held)]:
        rows[name] = {
            "n": int(mask.sum()),
            "within": float(within[mask].mean()),
            "median_width": float(np.median((found.high - found.low)[mask])),
            "mean_abs_error": float(np.abs(found.probability - truth)[mask].mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _only(held: np.ndarray, j: int) -> np.ndarray:
    mask = np.zeros_like(held)
    mask[:, j] = held[:, j]
    return mask


def main() -> int:
    """Print the table for the shipped bundle."""
    bundle = load(Path(__file__).parent / "bundles" / "solid_tumours")
    print(interval_check(bundle).round(3).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
