"""The share of intervals that hold the truth is what the model's limits and the README say it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oncology.bundles import load
from oncology.prediction import predict
from sample_data.generator import generate
from sample_data.generator.vocabulary import THERAPIES
from sample_data.interval_check import interval_check
from sample_data.profiles import encoded_cohort
from sample_data.solid_tumours import SEED

ROOT = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def bundle():
    return load(ROOT / "bundles/solid_tumours")


def test_the_interval_holds_the_truth_as_seldom_as_the_manifest_and_the_readme_say(bundle):
    found = interval_check(bundle)
    percent = f"{100 * found.loc['all', 'within']:.0f} %"
    limits = " ".join(bundle.manifest.limits)
    assert f"held the true probability of the single patient for {percent} of the answers" in limits
    assert f"**{percent}** of the answers" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert found.loc["all", "n"] == found["n"].drop("all").sum() == 31_732


def test_the_share_is_that_of_counting_patient_by_patient(bundle):
    found = interval_check(bundle, 60)
    cohort = generate(60, SEED, start=12_000)
    predictions = predict(bundle, encoded_cohort(cohort))
    keys = [t.key for t in THERAPIES]
    n = hits = 0
    for i in range(60):
        for j, option in enumerate(bundle.options):
            if predictions.support[i, j] < 20:
                continue
            n += 1
            truth = cohort.p_star[i, keys.index(option)]
            hits += predictions.low[i, j] <= truth <= predictions.high[i, j]
    assert found.loc["all", "n"] == n and np.isclose(found.loc["all", "within"], hits / n)
