"""How long the Audit page computes: `make bench` or `python -m tests.benchmarks.bench_audit`.

12,000 patients, 14 options, every patient with a known outcome of every option, 500 redraws of the patients: more than
any real cohort knows. Cold, from the disk cache, and what a click costs afterwards. Each figure stands beside its target;
a miss is printed, not hidden.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from explainers.audit.comparison import compare_with
from explainers.audit.data import AuditData, of_bundle
from explainers.audit.overview import Audit, audit
from explainers.audit.recalibration import recalibration
from explainers.kept import kept
from oncology.bundles import ModelBundle, load
from tests.benchmarks import machine

ROOT = Path(__file__).resolve().parents[2]
N_OPTIONS = 14


def full_cohort(bundle: ModelBundle) -> AuditData:
    """The synthetic patients with an outcome of every option, drawn with the model's own numbers."""
    data = of_bundle(bundle)
    options = data.options[:N_OPTIONS]
    margin = bundle.margin(data.X)[:, :N_OPTIONS]
    p = bundle.probability(bundle.margin(data.X))[:, :N_OPTIONS]
    y = (np.random.default_rng(1).random(p.shape) < p).astype(float)
    return replace(
        data,
        options=options,
        labels=data.labels[:N_OPTIONS],
        y=y,
        margin=margin,
        probability=p,
        content_hash="",
    )


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    """Print every figure beside its target."""
    print(machine.describe("numpy", "scipy", "scikit-learn"), end="\n\n")
    bundle = load(ROOT / "sample_data" / "bundles" / "solid_tumours")
    own, data = of_bundle(bundle), full_cohort(bundle)
    print(f"{'job':74s} {'clock':>8s} {'cpu':>8s} {'target':>8s}")
    with tempfile.TemporaryDirectory() as place:
        os.environ["GLASSBOARD_CACHE"] = place

        def whole(of: AuditData) -> Audit:
            return kept("audit", (of.fingerprint,), (Audit,), lambda: audit(of, bundle))

        jobs: list[tuple[str, Callable[[], object], float]] = [
            (f"{len(data):,} patients x {N_OPTIONS} options, 500 redraws, cold", lambda: whole(data), 20.0),
            ("the same from the disk cache", lambda: whole(data), 1.0),
            ("the shipped synthetic cohort, cold", lambda: whole(own), 20.0),
            ("fingerprint of the shipped cohort", lambda: of_bundle(bundle).fingerprint, 1.0),
            ("recalibrating one option of 12,000 patients, five ways", lambda: recalibration(data, data.options[0]), 5.0),
            ("a logistic regression in the same folds, 18 options, compared", lambda: compare_with(bundle, own), 20.0),
        ]  # fmt: skip
        for name, call, target in jobs:
            clock, cpu = timed(call)
            miss = "" if clock <= target else "  MISSED"
            print(f"{name:74s} {clock:7.2f}s {cpu:7.2f}s {target:7.0f}s{miss}")
    scale = 1e-6 if sys.platform == "darwin" else 1024e-6
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale:.0f} MB")


if __name__ == "__main__":
    main()
