"""How fast the whole model is told beside shap and explainerdashboard: `python -m tests.benchmarks.bench_global`.

Three questions. How long from a warm start to the first importance of 12,000 patients x 14 therapies. What exact Shapley
values of the same models and rows cost beside shap (in .venv-peers), which has to give the same values. And how long from the
command to the first importance chart in a browser beside explainerdashboard (in .venv-peers/explainerdashboard), which is given one of the
therapies while ours opens all of them. Peers run in processes of their own, in turn with ours; the figures are process-CPU
seconds, which a shared machine disturbs less than the clock, with the clock beside them. A miss is printed, not hidden.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from playwright.sync_api import Browser, sync_playwright

from oncology.bundles import ModelBundle, load
from tests.benchmarks import machine
from tests.e2e.browser import launch
from tests.e2e.dashboard import ROOT, free_port

BUNDLE = ROOT / "sample_data" / "bundles" / "solid_tumours"
N_OPTIONS, N_ROWS, ROUNDS = 14, 12_000, 2
PEERS = ROOT / ".venv-peers" / "bin" / "python"
EXPLAINERDASHBOARD = ROOT / ".venv-peers" / "explainerdashboard" / "bin" / "python"
PEER = Path(__file__).with_name("peer_explainerdashboard.py")
LONGEST_START = 900

_OURS = """
import json, sys, time
import joblib, numpy as np
from explainers.trees import from_estimator, warm
made = joblib.load(sys.argv[1])
rows = made["rows"]
begun = time.process_time()
trees = [from_estimator(m, [f"f{i}" for i in range(rows.shape[1])]) for m in made["models"]]
warm()
for t in trees:
    t.shapley(rows[:16])
ready = time.process_time() - begun
begun = time.process_time()
values = [t.shapley(rows)[0][:, :, -1] for t in trees]
seconds = time.process_time() - begun
np.save(sys.argv[2], np.array(values))
print(json.dumps({"seconds": seconds, "ready": ready}))
"""

_FIRST_PAINT = """
import json, sys, time
from oncology.bundles import load
from explainers.charts import global_importance
from explainers.families import tree_form
from explainers.importance import mean_over_options, shapley_importance, shapley_sample
bundle = load(sys.argv[1])
options = bundle.options[: int(sys.argv[2])]
bundle.training
for o in options:
    tree_form(bundle, o)
tree_form(bundle, options[0]).shapley(bundle.training.X.to_numpy()[:32])
def once(n):
    clock, cpu = time.perf_counter(), time.process_time()
    found = mean_over_options([shapley_importance(shapley_sample(bundle, o, n_patients=n)) for o in options])
    global_importance.importance(found)
    return time.perf_counter() - clock, time.process_time() - cpu
print(json.dumps({"sample": once(500), "again": once(500), "all": once(len(bundle.training))}))
"""


def main() -> None:
    """Measure and print."""
    print(machine.describe("scikit-learn", "shap", "numba", "numpy", "streamlit"))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    bundle = load(BUNDLE)
    first_paint()
    with tempfile.TemporaryDirectory() as folder:
        same_values(bundle, Path(folder))
        start_up(bundle, Path(folder))


def first_paint() -> None:
    """Importance over 14 therapies with its chart, from a warm start."""
    found = json.loads(_run([sys.executable, "-c", _FIRST_PAINT, str(BUNDLE), str(N_OPTIONS)]))
    for name, words in (
        ("sample", "500 patients, first time"),
        ("again", "500 patients, again"),
        ("all", "all 12,000 patients"),
    ):
        clock, cpu = found[name]
        verdict = "held" if clock < 2 else "missed"
        print(
            f"importance and chart, {N_OPTIONS} therapies, {words:26s} {clock:6.2f} s, {cpu:6.2f} s CPU  (under 2 s) {verdict}"
        )


def same_values(bundle: ModelBundle, folder: Path) -> None:
    """Shapley values of all patients by ours and by shap, in turn."""
    if not PEERS.exists():
        print("shap: not measured, .venv-peers is not there (make .venv-peers/peers.stamp)")
        return
    assert bundle.training is not None
    case = folder / "case.joblib"
    models = [bundle.estimators[o] for o in bundle.options[:N_OPTIONS]]
    joblib.dump({"models": models, "rows": bundle.training.X.to_numpy()[:N_ROWS]}, case)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(json.loads(_run([sys.executable, "-c", _OURS, str(case), str(folder / "ours.npy")])))
        theirs.append(
            json.loads(_run([str(PEERS), str(PEER), "shap", str(case), str(folder / "theirs.npy")]))
        )
    apart = float(np.abs(np.load(folder / "ours.npy") - np.load(folder / "theirs.npy")).max())
    mine, peer = (statistics.median(r["seconds"] for r in runs) for runs in (ours, theirs))
    ready = statistics.median(r["ready"] for r in ours)
    print(
        f"\nShapley values of {N_ROWS:,} patients x {N_OPTIONS} therapies: ours {mine:.2f} s CPU (and {ready:.2f} s to convert the "
        f"models once), shap {theirs[0]['version']} {peer:.2f} s CPU: {peer / mine:.1f}x"
    )
    print(f"largest difference of a value: {apart:.1e} {'(the same)' if apart < 1e-6 else '(NOT the same)'}")


def start_up(bundle: ModelBundle, folder: Path) -> None:
    """Command to the first importance chart: ours of every therapy, explainerdashboard's of one."""
    if not EXPLAINERDASHBOARD.exists():
        print("explainerdashboard: not measured (make .venv-peers/explainerdashboard.stamp)")
        return
    assert bundle.training is not None
    option = "osimertinib"
    y = bundle.training.y[option].dropna()
    case = folder / "one.joblib"
    joblib.dump(
        {
            "models": [bundle.estimators[option]],
            "X": bundle.training.X.loc[y.index].to_numpy(),
            "y": y.to_numpy(),
        },
        case,
    )
    ours, theirs = [], []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for i in range(ROUNDS):
            home = folder / f"home{i}"
            home.mkdir()
            named = {
                "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "GLASSBOARD_TRUST": str(home / "trusted.json"),
            }  # fmt: skip
            port = free_port()
            serve = [sys.executable, "-m", "pages.parts.server", "--port", str(port)]
            ours.append(
                ready(
                    serve,
                    f"http://127.0.0.1:{port}/_stcore/health",
                    named,
                    lambda p=port: our_chart(browser, p),
                )
            )
            port = free_port()
            serve = [str(EXPLAINERDASHBOARD), str(PEER), "serve", str(port), str(case)]
            theirs.append(
                ready(
                    serve, f"http://127.0.0.1:{port}/_dash-layout", {}, lambda p=port: their_chart(browser, p)
                )
            )
        browser.close()
    for name, runs in (
        ("ours, 18 therapies, 12,000 patients", ours),
        (f"explainerdashboard, {option}, {len(y):,} patients", theirs),
    ):
        clock, cpu = (statistics.median(r[i] for r in runs) for i in range(2))
        print(f"command to the first importance chart: {name:45s} {clock:7.1f} s, {cpu:7.1f} s CPU")
    print(
        f"ratio: {statistics.median(t[1] for t in theirs) / statistics.median(o[1] for o in ours):.1f}x of CPU seconds, "
        f"{statistics.median(t[0] for t in theirs) / statistics.median(o[0] for o in ours):.1f}x by the clock"
    )


def our_chart(browser: Browser, port: int) -> None:
    """Open the Model page and wait for the importance over all therapies."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/model?bundle=solid_tumours")
    page.get_by_role("tab", name="What it leans on").click(timeout=LONGEST_START * 1000)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=LONGEST_START * 1000)
    page.close()


def their_chart(browser: Browser, port: int) -> None:
    """Open the peer's first tab, its importances, and wait for a chart."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/", timeout=LONGEST_START * 1000)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=LONGEST_START * 1000)
    page.close()


def ready(
    command: list[str], url: str, named: dict[str, str], painted: Callable[[], None]
) -> tuple[float, float]:
    """Seconds by the clock and the server's CPU seconds from the command until `painted` returns; then it is stopped."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} | named
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            while True:
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"{command[1]} ended: {log.read()[-400:].decode(errors='replace')}")
                if time.perf_counter() - begun > LONGEST_START:
                    raise RuntimeError(f"{command[1]} was not ready after {LONGEST_START} s")
                try:
                    with urllib.request.urlopen(url, timeout=2) as answer:
                        if answer.status == 200:
                            break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            painted()
            return time.perf_counter() - begun, _cpu_seconds(process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _cpu_seconds(pid: int) -> float:
    """CPU seconds of a running process so far."""
    text = subprocess.run(
        ["ps", "-o", "cputimes=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout
    return float(text)


def _run(command: list[str]) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    return done.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    main()
