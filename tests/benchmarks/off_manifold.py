"""How often the off-manifold probe is right: `python -m tests.benchmarks.off_manifold [--few] [--part N/M]`.

Honest models of five families, fitted to the outcomes of the synthetic cohort, must raise no alarm; models that answer
made-up patients by another rule (`tests/explainers/scaffold.py`) must. Twins are drawn anew for each.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from explainers.sanity import probe
from oncology.bundles import ModelBundle, load
from tests.explainers.scaffold import scaffolded

OPTIONS = ("pembrolizumab", "chemotherapy", "sotorasib", "osimertinib")
CHEATS = (("site=Site 4", "TP53"), ("sex=male", "KRAS"), ("TP53", "site=Site 4"), ("STK11", "TP53"))


def families(seed: int) -> dict[str, Any]:
    """Unfitted honest classifiers."""
    filled = lambda last: make_pipeline(SimpleImputer(), StandardScaler(), last)  # noqa: E731
    return {
        "boosting, as shipped": HistGradientBoostingClassifier(
            max_iter=120, max_leaf_nodes=6, random_state=seed
        ),
        "boosting, deep": HistGradientBoostingClassifier(max_iter=200, random_state=seed),
        "forest": RandomForestClassifier(100, min_samples_leaf=3, random_state=seed),
        "logistic regression": filled(LogisticRegression(max_iter=500)),
        "network": filled(MLPClassifier((16,), max_iter=80, random_state=seed)),
        "nearest neighbours": filled(KNeighborsClassifier(25)),
    }


def honest(bundle: ModelBundle, option: str, estimator: Any, seed: int) -> ModelBundle:
    """The bundle with one option's model fitted to four fifths of the patients who had it."""
    assert bundle.training is not None
    had = np.flatnonzero(bundle.training.y[option].notna())
    chosen = np.random.default_rng(seed).permutation(had)[: len(had) * 4 // 5]
    X = bundle.training.X.to_numpy(dtype=np.float64)[chosen]
    X = np.where(np.isnan(X).all(axis=0), 0.0, X)
    fitted = estimator.fit(X, bundle.training.y[option].to_numpy()[chosen])
    return dataclasses.replace(bundle, estimators={**bundle.estimators, option: fitted})


def main() -> int:
    """Measure and print one line a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="1/1", help="which part of the work, as 1/4")
    parser.add_argument("--few", action="store_true", help="one option and one seed of each")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    options, seeds = (OPTIONS[1:2], (0,)) if asked.few else (OPTIONS, (0, 1))
    bundle = load(Path(__file__).resolve().parents[2] / "sample_data" / "bundles" / "solid_tumours")
    cases: list[tuple[str, str, str, int]] = [
        ("honest", family, option, seed)
        for seed in seeds
        for option in options
        for family in families(0)
    ] + [
        ("cheat", f"{biased} hidden behind {harmless}", option, seed)
        for seed in seeds
        for option in options[:2]
        for biased, harmless in CHEATS
    ]  # fmt: skip
    for kind, name, option, seed in cases[part - 1 :: parts]:
        if kind == "honest":
            model = honest(bundle, option, families(seed)[name], seed)
        else:
            biased, harmless = name.split(" hidden behind ")
            model = scaffolded(bundle, option, biased=biased, harmless=harmless, seed=seed)
        found = probe(model, option, seed=100 + seed)
        print(
            f"{kind} | {name} | {option} | {seed} | within {found.within:.3f} | carried {found.carried:.3f} | "
            f"twins {found.twins.min():.3f} to {found.twins.max():.3f} | p {found.p_value:.3f} | {found.verdict}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
