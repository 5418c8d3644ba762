"""How often the audit of groups cries wolf, and how surely it finds what is planted, over redraws of the outcomes.

`python -m tests.validate.group_audit` prints the figures and keeps them in `group_audit.json` beside this file. Models,
patients and treatments stay fixed; only outcomes are drawn again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from explainers.audit.contrasts import one_meaning_for_all
from explainers.audit.data import AuditData, of_bundle
from explainers.audit.effects import marker_effects
from explainers.audit.gap_table import Gaps
from explainers.audit.gaps import FAMILY_LEVEL, gaps
from explainers.audit.subgroups import POOLED
from oncology.bundles import ModelBundle, load
from sample_data.generator import SyntheticCohort, generate
from sample_data.generator.vocabulary import THERAPIES
from sample_data.solid_tumours import SEED, build_solid_tumours
from tests.benchmarks import machine

FIGURES = Path(__file__).with_suffix(".json")
SHIPPED = Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours"
N_PATIENTS, N_REDRAWS, N_DRAWS = 12_000, 200, 299
# Options whose response each marker is made to predict in the generator; the prognostic gene predicts none.
TARGETS: dict[str, set[str]] = {
    "STK11": set(),
    "EGFR exon 19 deletion": {"osimertinib"},
    "EGFR p.L858R": {"osimertinib"},
    "ALK fusion": {"alectinib", "crizotinib"},
    "KRAS p.G12C": {"sotorasib", "adagrasib"},
    "BRAF p.V600E": {"dabrafenib_trametinib"},
    "ERBB2 amplification": {"trastuzumab_deruxtecan"},
    "BRCA1": {"olaparib"},
    "BRCA2": {"olaparib"},
    "KRAS": {"cetuximab_chemotherapy"},
}
_LIFTED = (POOLED, "ancestry: East Asian", "observed minus predicted")
_REVERSED = ("pembrolizumab", "rare subtype: rare lung subtype", "AUC")


def run(n_redraws: int = N_REDRAWS, n_patients: int = N_PATIENTS) -> dict[str, object]:
    """Every figure; about three minutes of processor time for 200 redraws."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        cohort = generate(n_patients, SEED, traps=False)
        control = of_bundle(build_solid_tumours(Path(folder) / "control", cohort))
    own = false_alarms(control, n_redraws)
    truth = against_truth(control, _truth(control, cohort), n_redraws // 5)
    bundle = load(SHIPPED)
    shipped = of_bundle(bundle)
    found = gaps(shipped)
    traps = generate(len(shipped), SEED)
    return {
        "machine": machine.describe("numpy", "scikit-learn").splitlines(),
        "level": FAMILY_LEVEL,
        "patients": n_patients,
        "control": {
            "redraws": n_redraws, "comparisons": own["comparisons"], "alarms_where_numbers_are_right": own["alarms"],
            "redraws_from_the_truth": n_redraws // 5, "intervals_missing_the_truth": truth["missed"], "redraws_with_a_finding": truth["with_finding"],
            "found_most_often": truth["most_often"],
        },
        "planted": planted(found) | {
            "redraws": n_redraws // 8, "found_in": power(shipped, _truth(shipped, traps), n_redraws // 8),
        },
        "markers": verdicts(bundle, shipped),
        "cpu_minutes": round((time.process_time() - started) / 60, 1),
    }  # fmt: skip


def _truth(data: AuditData, cohort: SyntheticCohort) -> np.ndarray:
    keys = [t.key for t in THERAPIES]
    return cohort.p_star[:, [keys.index(o) for o in data.options]]


def redrawn(data: AuditData, probability: np.ndarray, seed: int) -> AuditData:
    """The same patients with outcomes drawn again from the probabilities given."""
    drawn = np.random.default_rng([SEED, seed]).random(data.y.shape) < probability
    return dataclasses.replace(
        data, y=np.where(data.known, drawn.astype(float), np.nan), content_hash=f"redraw {seed}"
    )


def false_alarms(data: AuditData, n_redraws: int) -> dict[str, int]:
    """Redraws with any finding where every patient's chance is what the recalibrated number says."""
    chance = np.full(data.y.shape, np.nan)
    for j in range(len(data.options)):
        known = data.known[:, j]
        if known.any():
            chance[known, j] = one_meaning_for_all(data.y[known, j], data.probability[known, j])[0]
    found = [gaps(redrawn(data, chance, s), n_draws=N_DRAWS, seed=s, figures=False) for s in range(n_redraws)]
    return {"alarms": sum(bool(f.findings) for f in found), "comparisons": len(found[0])}


def against_truth(data: AuditData, p_star: np.ndarray, n_redraws: int) -> dict[str, object]:
    """Redraws from the true probabilities, which no model hits in every group: do the intervals hold the true gaps?

    The true gap of a comparison is its mean over all redraws.
    """
    found = [
        gaps(redrawn(data, p_star, 10_000 + s), n_draws=N_DRAWS, seed=s, figures=False)
        for s in range(n_redraws)
    ]
    values: dict[tuple[str, str, str], list[float]] = {}
    for one in found:
        for g in one:
            values.setdefault((g.option, g.group, g.metric), []).append(g.excess)
    true = {key: float(np.mean(v)) for key, v in values.items()}
    missed = sum(any(not g.low <= true[g.option, g.group, g.metric] <= g.high for g in one) for one in found)
    often = Counter(
        f"{g.label}, {g.group}"
        for one in found
        for g in {(g.option, g.group): g for g in one.findings}.values()
    )
    return {
        "missed": missed,
        "with_finding": sum(bool(one.findings) for one in found),
        "most_often": dict(often.most_common(5)),
    }


def planted(found: Gaps) -> dict[str, object]:
    """The two planted traps on the shipped cohort: gap, family-wise interval, n."""
    said = {}
    for name, (option, group, metric) in (("lifted_ancestry", _LIFTED), ("reversed_subtype", _REVERSED)):
        (g,) = found.where(option=option, group=group, metric=metric)
        said[name] = {
            "n": g.n, "metric": metric, "here": round(g.here, 3), "rest": round(g.rest, 3), "excess": round(g.excess, 3),
            "low": round(g.low, 3), "high": round(g.high, 3), "p_family": g.p_family, "found": g.is_finding,
        }  # fmt: skip
    return said


def power(data: AuditData, p_star: np.ndarray, n_redraws: int) -> dict[str, int]:
    """In how many redraws each trap is found."""
    counts = {"lifted_ancestry": 0, "reversed_subtype": 0}
    for s in range(n_redraws):
        one = gaps(redrawn(data, p_star, 20_000 + s), n_draws=N_DRAWS, seed=s, figures=False)
        for name, (option, group, _) in (("lifted_ancestry", _LIFTED), ("reversed_subtype", _REVERSED)):
            counts[name] += any(g.is_finding for g in one.where(option=option, group=group))
    return counts


def verdicts(bundle: ModelBundle, data: AuditData) -> dict[str, dict[str, object]]:
    """What each marker is called, and whether it is predictive of the options the generator made it for."""
    said = {}
    for marker, targets in TARGETS.items():
        found = marker_effects(data, bundle.schema, marker, drivers=bundle.manifest.drivers)
        predictive = {o.option for o in found.predictive}
        said[marker] = {
            "verdict": found.verdict,
            "predictive_of": sorted(predictive),
            "as_made": predictive == targets,
        }
    return said


def main(arguments: list[str] | None = None) -> int:
    """Run, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redraws", type=int, default=N_REDRAWS)
    parser.add_argument("--no-keep", action="store_true", help="print only")
    asked = parser.parse_args(arguments)
    figures = run(asked.redraws)
    text = json.dumps(figures, indent=1)
    print(text)
    if not asked.no_keep:
        FIGURES.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
