"""How fast the exact tree engine is beside what one would call otherwise: `python -m tests.benchmarks.bench_trees`.

Both sides run in turn in this process, on one thread; the figures are medians of process-CPU seconds, which a shared
machine disturbs less than the clock. What both need once (explainers, converted models, prepared backgrounds) is made
before. Each ratio stands beside the one that is asked for; a miss is printed, not hidden. Synthetic data: 10,000 made-up
patients with 300 alterations and 10 numbers.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from itertools import combinations

import numpy as np
import shap
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from explainers.trees import from_estimator, stack, warm
from tests.benchmarks import machine

N_ALTERATIONS, N_NUMBERS, N_PATIENTS = 300, 10, 10_000
NAMES = [f"ALT_{i:03d}" for i in range(N_ALTERATIONS)] + [f"number_{i}" for i in range(N_NUMBERS)]


def cohort(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patients (n, 310), one of five classes (n,), and 14 yes-or-no outcomes (n, 14)."""
    rng = np.random.default_rng(seed)
    often = rng.uniform(0.01, 0.15, N_ALTERATIONS)
    X = np.hstack(
        [rng.random((N_PATIENTS, N_ALTERATIONS)) < often, rng.normal(size=(N_PATIENTS, N_NUMBERS))]
    ).astype(float)
    effects = rng.normal(size=(len(NAMES), 19)) * (rng.random((len(NAMES), 19)) < 0.08) * 1.5
    scores = X @ effects
    for c in range(19):
        for i, j in rng.integers(0, N_ALTERATIONS, (8, 2)):
            scores[:, c] += 2 * rng.normal() * X[:, i] * X[:, j]
    classes = (scores[:, :5] + rng.gumbel(size=(N_PATIENTS, 5))).argmax(1)
    chance = 1 / (1 + np.exp(0.5 - scores[:, 5:]))
    return X, classes, (rng.random(chance.shape) < chance).astype(int)


def seconds(task: Callable[[], object]) -> float:
    """Process-CPU seconds of one run."""
    begun = time.process_time()
    task()
    return time.process_time() - begun


def side_by_side(
    theirs: Callable[[], object], ours: Callable[[], object], repeats: int
) -> tuple[float, float]:
    """Medians of both, run in turn after one run each that does not count."""
    ours()
    if repeats > 1:
        theirs()
    times = [(seconds(theirs), statistics.median(seconds(ours) for _ in range(3))) for _ in range(repeats)]
    return statistics.median(t for t, _ in times), statistics.median(o for _, o in times)


def row(job: str, against: str, theirs: float, ours: float, least: float, aim: float | None) -> None:
    """One line of the table."""
    ratio = theirs / ours
    verdict = "missed" if ratio < least else "aim" if aim and ratio >= aim else "held"
    asked = f"{least:,.0f}x" + (f" / {aim:,.0f}x" if aim else "")
    print(
        f"{job:58s} {against:26s} {1e3 * theirs:12,.2f} {1e3 * ours:10,.3f} {ratio:9,.1f}x  {asked:15s} {verdict}",
        flush=True,
    )


def main() -> None:
    """Train, measure and print."""
    if (
        os.environ.get("OMP_NUM_THREADS") != "1"
    ):  # libraries read it when they are loaded: start again with it
        environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        sys.exit(
            subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_trees"], env=environment).returncode
        )
    warnings.simplefilter("ignore")
    print(machine.describe("scikit-learn", "shap", "numba", "numpy"))
    X, classes, outcomes = cohort()
    train, background, patients, patient = X[:5000], X[5000:6000], X[6000:8000], X[9000].copy()
    forest = RandomForestClassifier(200, max_depth=8, random_state=0).fit(train, classes[:5000])
    boosted = [
        HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(train, outcomes[:5000, k])
        for k in range(14)
    ]
    begun = time.perf_counter()
    trees = from_estimator(forest, NAMES)
    options = [from_estimator(m, NAMES) for m in boosted]
    eight, fourteen = stack(options[:8]), stack(options)
    print(f"14 boosted models and a forest brought into one form: {time.perf_counter() - begun:.1f} s")
    print(f"forest: {trees}\n8 models: {eight}")
    warm()
    ready = trees.prepare_background(background)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    against_forest, with_background = shap.TreeExplainer(forest), shap.TreeExplainer(forest, data=masker)
    against_eight = [shap.TreeExplainer(m) for m in boosted[:8]]
    one = patient[None]
    title = (
        f"{'job':58s} {'against':26s} {'theirs ms':>12s} {'ours ms':>10s} {'ratio':>10s}  {'asked / aim':15s}"
    )
    print("\n" + title)

    times = side_by_side(lambda: [e.shap_values(one) for e in against_eight], lambda: eight.shapley(one), 15)
    row("one patient, 8 boosted models, path-dependent", "shap TreeExplainer", *times, 6, 15)
    five = [x[None] for x in X[9000:9005]]  # shap's time differs between patients: the mean of five
    times = side_by_side(
        lambda: [with_background.shap_values(x, check_additivity=False) for x in five],
        lambda: [trees.shapley(x, ready) for x in five],
        3,
    )
    times = tuple(t / 5 for t in times)
    row("one patient, forest, 1,000 background patients", "shap TreeExplainer", *times, 60, 150)
    times = side_by_side(lambda: against_forest.shap_values(patients), lambda: trees.shapley(patients), 1)
    row("2,000 patients, forest, path-dependent", "shap TreeExplainer", *times, 15, 30)
    theirs, ours = side_by_side(
        lambda: with_background.shap_values(patients[:20], check_additivity=False),
        lambda: trees.shapley(patients, ready),
        1,
    )
    row(
        "2,000 patients, forest, 1,000 background patients",
        "shap, extrapolated from 20",
        100 * theirs,
        ours,
        500,
        1000,
    )

    features = list(range(N_ALTERATIONS))
    changes = [(f, 1 - patient[f]) for f in features]
    toggled = np.repeat(one, N_ALTERATIONS, 0)
    toggled[features, features] = 1 - patient[:N_ALTERATIONS]
    times = side_by_side(
        lambda: [e.shap_values(toggled) for e in against_eight],
        lambda: eight.toggles(patient, changes=changes),
        2,
    )
    row("all single toggles of 300 x 8, new explanations", "shap on the same rows", *times, 60, 100)
    pairs = np.array(list(combinations(features, 2)))
    flipped = np.repeat(one, len(pairs), 0)
    for side in (0, 1):
        flipped[np.arange(len(pairs)), pairs[:, side]] = 1 - patient[pairs[:, side]]
    every = np.concatenate([one, toggled, flipped])

    def up_to_two() -> list[object]:
        table = trees.flip_table(patient, features, 2)
        return [block for size in range(3) for block in table.blocks(size)]

    times = side_by_side(lambda: forest.predict_proba(every), up_to_two, 3)
    row("every set of up to 2 of 300, forest", "predict_proba, same rows", *times, 200, 400)
    times = side_by_side(lambda: [m.predict_proba(one) for m in boosted], lambda: fourteen.predict(one), 15)
    row("one row through 14 boosted models", "scikit-learn predict_proba", *times, 50, 100)

    print(
        f"\nevery set of up to 3 of 300, 14 outputs: {seconds(lambda: fourteen.flip_table(patient, features)):.3f} s"
    )


if __name__ == "__main__":
    main()
