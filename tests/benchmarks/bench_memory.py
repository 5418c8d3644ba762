"""What the engine holds at its peak, and how long its first answers take: `python -m tests.benchmarks.bench_memory`.

The case of the requirement: 300 alterations x 14 therapies (14 boosted models stacked into one engine). Each answer is
asked for in a process of its own; its peak is the most memory that the process held during the call, beyond what it held
before (Linux keeps and forgets that mark for each process; elsewhere only growth beyond all earlier marks is seen, which is
said). Results that are kept, such as the flip table, are part of the peak. The first answers are timed in a fresh process
too, with the compiled kernels on disk and nothing warmed up. Synthetic data of `bench_trees`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from explainers.trees import TreeEnsemble, from_estimator, stack
from tests.benchmarks import machine

NAMES = [*(f"alteration {i}" for i in range(300)), *(f"number {i}" for i in range(10))]
N_THERAPIES, MOST_MB, MOST_SECONDS, RUNS = 14, 200, 3, 3
CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
ANSWERS = (
    "the engine alone, converted and prepared",
    "flip table of all sets of up to 3",
    "flip table, then every set of 3 streamed",
    "all toggles of three states, explained anew",
    "the same against 200 background patients",
    "flip table of all sets of up to 2 of three states",
    "smallest change up to 6, proven",
)


def peak_mb() -> float:
    """The most memory that this process has held since it was last asked to forget, in MB."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def peak_of(task: Callable[[], object]) -> float:
    """How far the memory of this process rises during a task above what it held before, in MB."""
    if CLEAR.exists():
        CLEAR.write_text("5")
    before = peak_mb()
    kept = task()
    above = peak_mb() - before
    del kept
    return above


def convert(models: list) -> TreeEnsemble:
    """The 14 models as one engine."""
    return stack([from_estimator(model, NAMES) for model in models])


def answer(case: Path, which: str) -> float:
    """In a process of its own: the peak of one answer, in MB."""
    from explainers.trees.search import Goal, smallest_sets
    from explainers.trees.search.solving import warm as warm_search
    from explainers.trees.shapley import workings
    from explainers.trees.warming import warm

    warm()
    warm_search()
    models, patient, background = joblib.load(case)
    if which == ANSWERS[0]:

        def load() -> object:
            engine = convert(models)
            return engine, workings(engine), engine.predict(np.zeros((1, engine.n_features)))

        return peak_of(load)
    engine = convert(models)
    workings(engine)
    features = range(300)
    other = [(f, 1 - patient[f]) for f in features]
    three = [*other, *((f, np.nan) for f in features)]

    def every_set_of_three() -> object:
        table = engine.flip_table(patient, features)
        for block in table.blocks(3):
            del block
        return table

    def smallest() -> object:
        last = int(engine.predict(patient)[0].argmin())
        changes = [{f: value} for f, value in other]
        goal = Goal.first(last, engine.n_outputs)
        return smallest_sets(engine, patient, changes, goal, max_size=6, list_all=False)

    tasks: list[Callable[[], object]] = [
        lambda: engine.flip_table(patient, features),
        every_set_of_three,
        lambda: engine.toggles(patient, changes=three),
        lambda: engine.toggles(patient, changes=three, background=background),
        lambda: engine.flip_table(patient, max_size=2, changes=three),
        smallest,
    ]
    return peak_of(tasks[ANSWERS.index(which) - 1])


def first_answers(case: Path) -> list[tuple[str, float, float]]:
    """In a fresh process: what is done, its seconds by the clock and of the processor."""
    from explainers.trees.search import Goal, smallest_sets

    models, patient, background = joblib.load(case)
    engine, last = None, 0
    changes = [{f: 1 - patient[f]} for f in range(300)]

    def predict() -> None:
        nonlocal engine, last
        engine = convert(models)
        last = int(engine.predict(patient)[0].argmin())

    steps: list[tuple[str, Callable[[], object]]] = [
        ("14 models converted, first prediction", predict),
        ("first explanation, path-dependent", lambda: engine.shapley(patient)),
        ("first explanation against 200 background patients", lambda: engine.shapley(patient, background)),
        ("first search, up to 6 of 300",
         lambda: smallest_sets(engine, patient, changes, Goal.first(last, engine.n_outputs), max_size=6, list_all=False)),
    ]  # fmt: skip
    found = []
    for words, step in steps:
        clock, processor = time.perf_counter(), time.process_time()
        step()
        found.append((words, time.perf_counter() - clock, time.process_time() - processor))
    return found


def make_case(path: Path) -> None:
    """Train the 14 models and keep them, one patient and 200 background patients in a file."""
    from sklearn.base import clone
    from sklearn.ensemble import HistGradientBoostingClassifier

    from tests.benchmarks.bench_trees import cohort

    X, _, outcomes = cohort()
    boosted = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    models = [clone(boosted).fit(X[:5000], y) for y in outcomes[:5000].T]
    joblib.dump((models, X[9000].copy(), X[5000:5200]), path)


def _child(*words: str) -> Any:
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    if (
        "--answer" in words
    ):  # what was freed before goes back to the system, and does not hide what is taken anew
        environment["MALLOC_MMAP_THRESHOLD_"] = "65536"
    command = [sys.executable, "-m", "tests.benchmarks.bench_memory", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"A process that measures failed:\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print every figure beside what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answer", choices=ANSWERS, help=argparse.SUPPRESS)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.make:  # a process of its own, on one thread
        make_case(chosen.case)
        print("null")
        return
    if chosen.case:  # another
        print(json.dumps(answer(chosen.case, chosen.answer) if chosen.answer else first_answers(chosen.case)))
        return
    print(machine.describe("scikit-learn", "numba", "numpy"))
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.joblib"
        _child("--case", str(case), "--make")
        subprocess.run(
            [sys.executable, "-m", "explainers.trees"], capture_output=True, check=True
        )  # now all is on disk
        runs = [_child("--case", str(case)) for _ in range(RUNS)]
        peaks = {which: _child("--case", str(case), "--answer", which) for which in ANSWERS}
    print(
        f"\nfirst call of a fresh process, kernels on disk, nothing warmed up (clock, processor; median of {RUNS})"
    )
    steps = [
        (same[0][0], *(statistics.median(s[i] for s in same) for i in (1, 2)))
        for same in zip(*runs, strict=True)
    ]
    for words, clock, processor in steps:
        print(f"  {words:52s} {clock:6.2f} s {processor:6.2f} s")
    clock, processor = (sum(step[i] for step in steps) for i in (1, 2))
    print(
        f"  {'all of these':52s} {clock:6.2f} s {processor:6.2f} s  under {MOST_SECONDS} s: "
        f"{_verdict(clock, MOST_SECONDS)} by the clock, {_verdict(processor, MOST_SECONDS)} by the processor"
    )
    print(
        f"\npeak memory, 300 alterations x {N_THERAPIES} therapies"
        + ("" if CLEAR.exists() else " (growth only)")
    )
    for which, peak in peaks.items():
        print(f"  {which:52s} {peak:6.1f} MB")
    total = peaks[ANSWERS[0]] + max(peak for which, peak in peaks.items() if which != ANSWERS[0])
    print(
        f"  {'the engine and the hungriest answer':52s} {total:6.1f} MB  under {MOST_MB} MB: {_verdict(total, MOST_MB)}"
    )


def _verdict(value: float, most: float) -> str:
    return "held" if value < most else "missed"


if __name__ == "__main__":
    main()
