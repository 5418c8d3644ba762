"""How fast the smallest set of changes is found and proven: `make bench` or `python -m tests.benchmarks.bench_search`.

Three model families on an invented cohort of 300 alterations and 10 numbers; sixty questions each (twenty patients, who
are to get their second, a middle and their last option first). Times are of the processor, so that a machine in use
counts less, and hold everything from the patient's row to the answer, once the compiled code is loaded. A question that is not settled counts as a time-out. Compared with: dice-ml
(random, ten counterfactuals, no proof) where `.venv-peers` is there, our own flip tables (every set of up to three), and
the same question as a mixed-integer program (HiGHS), each on the machine named and in the same run. A target that is
missed is a finding and ends as usual; an answer that differs from a peer's is a mistake: everything is still printed, and
the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from explainers.trees import TreeEnsemble, from_estimator, stack
from explainers.trees.flip_table import flip_table
from explainers.trees.projection import project
from explainers.trees.search import TOLERANCE, Goal, smallest_sets
from explainers.trees.search.fixing import forest_of
from explainers.trees.search.solving import warm
from tests.benchmarks import machine
from tests.benchmarks.bench_memory import peak_of
from tests.search.milp_twin import smallest_size_by_milp

N_ALTERATIONS, N_NUMBERS, N_CLASSES, N_OPTIONS = 300, 10, 5, 8
NAMES = [*(f"alteration {i}" for i in range(N_ALTERATIONS)), *(f"number {i}" for i in range(N_NUMBERS))]
MAX_SIZE, TIME_OUT_S, MILP_S = 6, 10.0, 20.0
SETTLED = ("proven", "none", "already so")
PEERS = Path(".venv-peers/bin/python")

_DICE = """
import json, sys, time, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
import dice_ml, joblib, pandas as pd
from importlib.metadata import version
model, X, y, rows, targets, n_alterations = joblib.load(sys.argv[1])
names = [f"f{i}" for i in range(X.shape[1])]
train = pd.DataFrame(X, columns=names); train["y"] = y
data = dice_ml.Data(dataframe=train, continuous_features=names, outcome_name="y")
search = dice_ml.Dice(data, dice_ml.Model(model=model, backend="sklearn"), method="random")
seconds, found = [], 0
for row, target in zip(rows, targets):
    query = pd.DataFrame([row], columns=names)
    start = time.process_time()
    try:
        answer = search.generate_counterfactuals(query, total_CFs=10, desired_class=int(target),
            features_to_vary=names[:n_alterations], random_seed=0, verbose=False)
        found += len(answer.cf_examples_list[0].final_cfs_df)
    except Exception as error:
        print(type(error).__name__, error, file=sys.stderr)
    seconds.append(time.process_time() - start)
print(json.dumps({"seconds": seconds, "found": found, "version": version("dice-ml")}))
"""


def cohort(n: int = 8000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patients (n, 310), one of five classes each (n,), and responses to eight options (n, 8)."""
    rng = np.random.default_rng(seed)
    X = np.empty((n, N_ALTERATIONS + N_NUMBERS))
    X[:, :N_ALTERATIONS] = rng.random((n, N_ALTERATIONS)) < rng.uniform(0.01, 0.15, N_ALTERATIONS)
    X[:, N_ALTERATIONS:] = rng.normal(size=(n, N_NUMBERS))

    def weights(columns: int, effects: int, size: float) -> np.ndarray:
        w = np.zeros((X.shape[1], columns))
        for c in range(columns):
            w[rng.choice(N_ALTERATIONS, effects, replace=False), c] = rng.normal(0, size, effects)
            w[N_ALTERATIONS + rng.choice(N_NUMBERS, 4, replace=False), c] = rng.normal(0, 0.5, 4)
        return w

    eta = X @ weights(N_CLASSES, 25, 1.6)
    for _ in range(40):
        i, j = rng.choice(N_ALTERATIONS, 2, replace=False)
        eta[:, rng.integers(N_CLASSES)] += 2 * rng.normal() * X[:, i] * X[:, j]
    classes = (eta + rng.gumbel(size=eta.shape)).argmax(1)
    responses = rng.random((n, N_OPTIONS)) < 1 / (1 + np.exp(0.5 - X @ weights(N_OPTIONS, 20, 1.5)))
    return X, classes, responses.astype(int)


def families(X: np.ndarray, classes: np.ndarray, responses: np.ndarray) -> dict[str, TreeEnsemble]:
    """The three families; LightGBM gives way to a boosted multi-class model where it is not installed."""
    forest = RandomForestClassifier(200, max_depth=8, random_state=0).fit(X, classes)
    boosted = [HistGradientBoostingClassifier(random_state=0).fit(X, y) for y in responses.T]
    try:
        from lightgbm import LGBMClassifier

        name = "LightGBM, 5 classes, 500 trees"
        multi = LGBMClassifier(random_state=0, verbose=-1, n_jobs=1).fit(X, classes)
    except ImportError:
        name = "HistGradientBoosting, 5 classes, 500 trees"
        multi = HistGradientBoostingClassifier(random_state=0).fit(X, classes)
    options = [f"option {j}" for j in range(N_OPTIONS)]
    return {
        "random forest, 5 classes, 200 trees of depth 8": from_estimator(forest, NAMES),
        name: from_estimator(multi, NAMES),
        "8 binary boosted models, 800 trees": stack([from_estimator(m, NAMES) for m in boosted], options),
    }, forest  # type: ignore[return-value]


def questions(model: TreeEnsemble, rows: np.ndarray, n: int) -> list[tuple[int, int]]:
    """(patient, option that is to come first): the second, a middle and the last option in turn."""
    order = np.argsort(-model.predict(rows), axis=1)
    k = model.n_outputs
    return [(q // 3, int(order[q // 3, (1, k // 2 + 1, k - 1)[q % 3]])) for q in range(n)]


def flips(row: np.ndarray) -> list[dict[str | int, float]]:
    """The change of every alteration."""
    return [{f: 1.0 - row[f]} for f in range(N_ALTERATIONS)]


def timed(function, *args, **more):
    """A result and the seconds of the processor that it took."""
    start = time.process_time()
    result = function(*args, **more)
    return result, time.process_time() - start


def search_family(
    name: str, model: TreeEnsemble, rows: np.ndarray, n: int, n_milp: int, *, listed: bool
) -> int:
    """Print the times of one family, and how far enumeration and HiGHS agree and cost; how many answers differ."""
    answers = []
    for patient, target in questions(model, rows, n):
        goal = Goal.first(target, model.n_outputs)
        result, seconds = timed(
            smallest_sets, model, rows[patient], flips(rows[patient]), goal, max_size=MAX_SIZE, list_all=False,
            time_limit_s=TIME_OUT_S,
        )  # fmt: skip
        answers.append((patient, target, result, seconds))
    ms = np.array([1000 * seconds for *_, seconds in answers])
    settled = [r.status in SETTLED for _, _, r, _ in answers]
    sizes = [str(r.size) if r.size is not None else "none" for _, _, r, _ in answers]
    counts = ", ".join(f"{s}: {sizes.count(s)}" for s in sorted(set(sizes)))
    print(f"\n{name}: {n} questions, up to {MAX_SIZE} of {N_ALTERATIONS} changes")
    print(f"  proven {sum(settled)} of {n} (time-outs: {n - sum(settled)}); sizes {counts}")
    print(
        f"  median {np.median(ms):.1f} ms (target 40), 90th percentile {np.quantile(ms, 0.9):.0f} ms, longest "
        f"{ms.max():.0f} ms; under 0.2 s: {100 * (ms < 200).mean():.1f} % (target 98 %, aim 99.8 %)"
    )
    if listed:
        for patient, target, result, seconds in answers:
            print(
                f"    patient {patient}, option {target}: {result.words()} {1000 * seconds:.1f} ms, {result.nodes} nodes"
            )
    return _against_tables(model, rows, answers) + _against_milp(model, rows, answers, n_milp)


def _against_tables(model: TreeEnsemble, rows: np.ndarray, answers: list) -> int:
    """Every set of up to three changes tried: the same sizes? How many of the settled questions differ."""
    agree, times, ours = 0, [], []
    some = [a for a in answers if a[2].status in SETTLED][:6]
    if not some:
        return 0
    for patient, target, result, seconds in some:
        goal = Goal.first(target, model.n_outputs)

        def try_all(patient: int = patient, goal: Goal = goal) -> int | None:
            table = flip_table(model, rows[patient], range(N_ALTERATIONS), 3)
            for size in range(4):
                if any((goal.score(outputs) > TOLERANCE).any() for _, outputs in table.blocks(size)):
                    return size
            return None

        size, tried = timed(try_all)
        agree += size == (result.size if result.size is not None and result.size <= 3 else None)
        times.append(tried)
        ours.append(seconds)
    print(
        f"  every set of up to 3 tried (own flip table): {agree} of {len(some)} agree"
        f"{'' if agree == len(some) else f', {len(some) - agree} DISAGREE'}, median "
        f"{1000 * np.median(times):.0f} ms, ratio {np.median(times) / np.median(ours):.1f}"
    )
    return len(some) - agree


def _against_milp(model: TreeEnsemble, rows: np.ndarray, answers: list, n: int) -> int:
    """The hardest and the median question as a mixed-integer program; how many answers differ."""
    differ = 0
    by_time = sorted(answers, key=lambda a: a[3])
    chosen = [by_time[(len(by_time) - 1) * (a + 1) // n] for a in range(n)] if n else []
    for patient, target, result, seconds in chosen:
        row = rows[patient]
        boxes = project(model, row, [(f, 1.0 - row[f]) for f in range(N_ALTERATIONS)], MAX_SIZE)
        goal = Goal.first(target, model.n_outputs)
        size, spent = timed(smallest_size_by_milp, boxes, goal, MAX_SIZE, time_limit_s=MILP_S)
        said = f"not solved in {MILP_S:.0f} s" if size == "time limit" else f"{size} in {spent:.1f} s"
        agrees = ""
        if size != "time limit" and result.status in SETTLED:
            agrees = ", agrees" if size == result.size else ", DISAGREES"
            differ += size != result.size
        print(
            f"  HiGHS, patient {patient}, option {target}: {said}{agrees}; here {result.size} in "
            f"{1000 * seconds:.0f} ms, ratio {'over ' if size == 'time limit' else ''}{spent / seconds:,.0f}"
        )
    return differ


def against_dice(forest, model: TreeEnsemble, X: np.ndarray, y: np.ndarray, rows: np.ndarray, n: int) -> None:
    """The smallest change proven up to three, beside ten random counterfactuals of dice-ml."""
    asked = questions(model, rows, 3 * n)[::3]
    ours = [
        timed(
            smallest_sets,
            model,
            rows[p],
            flips(rows[p]),
            Goal.first(t, model.n_outputs),
            max_size=3,
            list_all=False,
        )
        for p, t in asked
    ]
    print(
        f"\nsmallest change, proven up to 3 of {N_ALTERATIONS}: median {1000 * np.median([s for _, s in ours]):.1f} ms"
    )
    if not PEERS.exists():
        print("  dice-ml: not measured, .venv-peers is not there (make .venv-peers/peers.stamp)")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.joblib"
        joblib.dump((forest, X, y, rows[[p for p, _ in asked]], [t for _, t in asked], N_ALTERATIONS), path)
        done = subprocess.run([PEERS, "-c", _DICE, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  dice-ml: failed: {done.stderr.strip().splitlines()[-1]}")
        return
    peer = json.loads(done.stdout.strip().splitlines()[-1])
    ratio = np.median(peer["seconds"]) / np.median([s for _, s in ours])
    print(
        f"  dice-ml {peer['version']}, random, 10 counterfactuals, unproven: median {np.median(peer['seconds']):.2f} s, "
        f"{peer['found']} found for {len(asked)} patients; ratio {ratio:,.0f} (target 200, aim 400)"
    )


def many_intervals() -> None:
    """Print what it takes to project a question that moves one number with some thousand intervals, and to answer it."""
    rng = np.random.default_rng(0)
    X = np.hstack([rng.random((1500, 2)) < 0.3, rng.normal(5, 2, (1500, 1))]).astype(float)
    pull = np.column_stack([1 + 1.5 * X[:, 0] - (X[:, 2] - 5), X[:, 1] + (X[:, 2] - 5) - 1])
    fits = [
        RandomForestClassifier(200, max_depth=8, random_state=0).fit(
            X, rng.random(1500) < 1 / (1 + np.exp(-z))
        )
        for z in pull.T
    ]
    model = stack([from_estimator(fit, ["EGFR", "KRAS", "CRP"]) for fit in fits])
    row = np.array([1.0, 0.0, 4.0])
    values = model.interval_values("CRP")
    changes = [{0: 0.0}, {1: 1.0}, *({2: float(v)} for v in values)]
    seconds: list[float] = []
    peak = peak_of(lambda: seconds.append(timed(forest_of, model, row, changes, MAX_SIZE)[1]))
    answer, spent = timed(
        smallest_sets, model, row, changes, Goal.over(3, 4, 0.99), max_size=MAX_SIZE, list_all=False,
        time_limit_s=TIME_OUT_S,
    )  # fmt: skip
    print(
        f"\none number of {len(values):,} intervals, 400 trees of depth 8: projected in {seconds[0]:.2f} s, peak "
        f"{peak:.0f} MB above what was held before; answered in {spent:.2f} s: {answer.words()}"
    )


def main() -> int:
    """Print every figure beside its target; the exit code is 1 where an answer differs from a peer's, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=int, default=60, help="for each family")
    parser.add_argument(
        "--milp", type=int, default=2, help="questions for each family that HiGHS is asked as well"
    )
    parser.add_argument("--dice", type=int, default=5, help="patients that dice-ml is asked about")
    parser.add_argument(
        "--family",
        default="",
        help="only the families with this in their name, such as forest; intervals for the number of many intervals alone",
    )
    parser.add_argument(
        "--first",
        type=int,
        default=0,
        help="first of the 1,000 patients asked about; the table asks about 0 to 19",
    )
    parser.add_argument("--list", action="store_true", help="print every question")
    chosen = parser.parse_args()
    print(machine.describe("numba", "numpy", "scikit-learn", "scipy", "lightgbm"))
    X, classes, responses = cohort()
    train, rows = X[:7000], X[7000 + chosen.first :]
    models, forest = families(train, classes[:7000], responses[:7000])
    _, seconds = timed(warm)
    print(f"compiled code loaded in {seconds:.1f} s")
    differ = 0
    for name, model in models.items():
        if chosen.family in name:
            differ += search_family(name, model, rows, chosen.questions, chosen.milp, listed=chosen.list)
    first = next(iter(models))
    if chosen.family in first:
        against_dice(forest, models[first], train, classes[:7000], rows, chosen.dice)
    if "intervals".startswith(chosen.family):
        many_intervals()
    if differ:
        print(
            f"\n{differ} of the answers DISAGREE with a peer's (see above): one of the two is wrong, find out which."
        )
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
