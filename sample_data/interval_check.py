"""How often the 95 % interval of `solid_tumours` holds what is true of fresh synthetic patients.

``python -m sample_data.interval_check`` prints one line per option. The interval is that of a share: how many responded
among treated patients of one tumour type with like numbers. So it is held against two truths: the mean true probability
of groups of treated patients with neighbouring numbers (`groups_held`), and the true probability of each single patient
(`interval_check`), which it does not claim to hold, for every option that the model answers on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from oncology.bundles import ModelBundle, load
from oncology.prediction import Predictions, predict
from oncology.recommendations import MIN_SUPPORT
from sample_data.generator import generate
from sample_data.generator.cohort import SyntheticCohort
from sample_data.generator.vocabulary import THERAPIES
from sample_data.profiles import encoded_cohort
from sample_data.solid_tumours import SEED

__all__ = ["groups_held", "interval_check", "main"]

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
    found, truth, _ = _fresh(bundle, n, seed, start)
    held = _held(found)
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


def groups_held(
    bundle: ModelBundle, n: int = 24_000, *, size: int = 100, seed: int = SEED, start: int = START
) -> tuple[int, int]:
    """Groups of treated fresh patients whose mean true probability the interval holds, and how many groups there are.

    A group is `size` patients (or up to twice as many) of one tumour type who were given one option and have
    neighbouring numbers; its interval is the mean of theirs.
    """
    found, truth, cohort = _fresh(bundle, n, seed, start)
    treated = ~np.isnan(cohort.response[:, _columns(bundle)])
    tumours = np.array(found.tumours, dtype=object)
    hits = groups = 0
    for j in range(len(bundle.options)):
        for tumour in sorted(set(tumours)):
            rows = np.flatnonzero((tumours == tumour) & treated[:, j] & _held(found)[:, j])
            if len(rows) < size:
                continue
            rows = rows[np.argsort(found.raw[rows, j], kind="stable")]
            for part in np.array_split(rows, len(rows) // size):
                groups += 1
                mean = truth[part, j].mean()
                hits += bool(found.low[part, j].mean() <= mean <= found.high[part, j].mean())
    return hits, groups


def _fresh(
    bundle: ModelBundle, n: int, seed: int, start: int
) -> tuple[Predictions, np.ndarray, SyntheticCohort]:
    cohort = generate(n, seed, start=start)
    return predict(bundle, encoded_cohort(cohort)), cohort.p_star[:, _columns(bundle)], cohort


def _columns(bundle: ModelBundle) -> list[int]:
    keys = [t.key for t in THERAPIES]
    return [keys.index(o) for o in bundle.options]


def _held(found: Predictions) -> np.ndarray:
    assert found.support is not None
    answered: np.ndarray = found.support >= MIN_SUPPORT
    return answered


def _only(held: np.ndarray, j: int) -> np.ndarray:
    mask = np.zeros_like(held)
    mask[:, j] = held[:, j]
    return mask


def main() -> int:
    """Print the table for the shipped bundle, and how many groups were held."""
    bundle = load(Path(__file__).parent / "bundles" / "solid_tumours")
    print(interval_check(bundle).round(3).to_string())
    hits, groups = groups_held(bundle)
    print(f"Groups of 100 treated patients with neighbouring numbers: {hits} of {groups} held.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
