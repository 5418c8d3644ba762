"""How fast the linear surrogate is beside the lime package: `python -m tests.benchmarks.bench_lime`.

Both sides explain the same patients by the same model with the same number of copies and at most six features, each with
copies it draws itself; they run in turn in this process, on one thread. The figures are medians of process-CPU seconds,
which a shared machine disturbs less than the clock. What is needed once for a model and a cohort (the package's explainer,
our tree form) is made before; learning the shares of the cohort is counted on our side, for it is done for each patient. Each ratio stands beside the one that
is asked for; a miss is printed, not hidden. Before anything is timed, the weights of both for the package's own copies
have to agree. Synthetic data: 10,000 made-up patients with 300 alterations and 10 numbers.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import warnings
from collections.abc import Callable

import numpy as np
from lime.lime_base import LimeBase
from lime.lime_tabular import LimeTabularExplainer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from explainers.linear_surrogate import Neighbourhood, fit
from explainers.trees import from_estimator, warm
from tests.benchmarks import machine
from tests.benchmarks.bench_trees import N_ALTERATIONS, NAMES, cohort, row, seconds

N_COPIES, MOST = 5000, 6
N_PATIENTS, OWN_RUNS = 5, 3
CODED = list(range(N_ALTERATIONS))

Scores = Callable[[np.ndarray], np.ndarray]


def largest_difference(explainer: LimeTabularExplainer, patient: np.ndarray, scores: Scores) -> float:
    """Largest difference of a weight between both sides, for the copies and scores of the package."""
    given: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    regression = explainer.base.explain_instance_with_data

    def watched(data: np.ndarray, labels: np.ndarray, distances: np.ndarray, *rest: object, **named: object):
        given.append((data, labels[:, 0], explainer.base.kernel_fn(distances)))
        return regression(data, labels, distances, *rest, **named)

    explainer.base.explain_instance_with_data = watched
    found = explainer.explain_instance(patient, scores, num_features=MOST, num_samples=N_COPIES)
    del explainer.base.explain_instance_with_data
    data, labels, kernel = given[0]
    theirs = np.zeros(len(patient))
    for j, weight in found.local_exp[1]:
        theirs[j] = weight
    ours = fit(data.astype(bool), labels, kernel, most=MOST)
    return float(np.abs(ours.weights(len(patient)) - theirs).max())


def regressions(scores: Scores, around: Neighbourhood) -> tuple[float, float]:
    """Seconds of both sides for choosing and fitting alone, on the same copies and scores."""
    indicators, codes = around.draw(N_COPIES)
    labels, data = scores(codes), indicators.astype(float)
    apart = np.sqrt((1 - data).sum(axis=1))
    width = 0.75 * np.sqrt(data.shape[1])
    theirs = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / width**2)), random_state=0)
    package = seconds(
        lambda: theirs.explain_instance_with_data(data, labels[:, None], apart, 0, MOST, "auto")
    )
    return package, statistics.median(seconds(lambda: fit(indicators, labels, most=MOST)) for _ in range(5))


def packages(explainer: LimeTabularExplainer, patient: np.ndarray, scores: Scores) -> float:
    """Seconds of the package for one patient."""
    return seconds(
        lambda: explainer.explain_instance(patient, scores, num_features=MOST, num_samples=N_COPIES)
    )


def ours(patient: np.ndarray, train: np.ndarray, scores: Scores) -> float:
    """Seconds of the surrogate for one patient: shares, copies, scores, choice and fit."""

    def explain() -> object:
        indicators, codes = Neighbourhood.around(patient, train, CODED).draw(N_COPIES)
        return fit(indicators, scores(codes), most=MOST)

    explain()
    return statistics.median(seconds(explain) for _ in range(OWN_RUNS))


def main() -> None:
    """Train, compare, measure and print."""
    if os.environ.get("OMP_NUM_THREADS") != "1":  # libraries read it when they are loaded: start again
        environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        sys.exit(
            subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_lime"], env=environment).returncode
        )
    warnings.simplefilter("ignore")
    print(machine.describe("lime", "scikit-learn", "numba", "numpy", "scipy"))
    X, classes, outcomes = cohort()
    train, patients = X[:5000], X[9000 : 9000 + N_PATIENTS]
    boosted = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(train, outcomes[:5000, 0])
    forest = RandomForestClassifier(200, max_depth=8, random_state=0).fit(train, classes[:5000])
    warm()
    print(f"{N_COPIES:,} copies, at most {MOST} features, {N_PATIENTS} patients")
    print(
        f"\n{'job':58s} {'against':26s} {'theirs ms':>12s} {'ours ms':>10s} {'ratio':>10s}  {'asked / aim':15s}"
    )
    models: list[tuple[str, Scores, object]] = [
        ("boosted, 100 trees", boosted.decision_function, boosted),
        ("forest, 200 trees", lambda Z: forest.predict_proba(Z)[:, 1], forest),
    ]
    notes = []
    for name, scores, estimator in models:
        explainer = LimeTabularExplainer(
            train, mode="regression", categorical_features=CODED, random_state=np.random.RandomState(0)
        )
        trees = from_estimator(estimator, NAMES)
        output = 1 if estimator is forest else -1
        engine: Scores = lambda Z, trees=trees, output=output: trees.predict(Z)[:, output]  # noqa: E731
        apart = max(largest_difference(explainer, patient, scores) for patient in patients[:2])
        if not apart < 1e-8:
            sys.exit(
                f"{name}: for the same copies a weight differs by {apart:.1e}; there is nothing to compare"
            )
        notes.append(f"{name}: for the same copies and scores no weight differs by more than {apart:.1e}")

        times = [
            (packages(explainer, patient, scores), ours(patient, train, engine), ours(patient, train, scores))
            for patient in patients
        ]
        theirs, with_engine, with_model = (statistics.median(column) for column in zip(*times, strict=True))
        row(f"LIME, {name}, our tree form", "lime", theirs, with_engine, 30, 50)
        row(f"LIME, {name}, predict on both sides", "lime", theirs, with_model, 30, 50)
        row(
            f"choosing and fitting alone, {name}",
            "lime",
            *regressions(scores, Neighbourhood.around(patients[0], train, CODED)),
            30,
            50,
        )
    print("\n" + "\n".join(notes))


if __name__ == "__main__":
    main()
