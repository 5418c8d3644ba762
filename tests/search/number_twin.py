"""A model of a few numbers, and the slow truth about it: every value tried, no interval known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from explainers.smallest import Goal, conditions_from
from explainers.standings import standings
from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile

SCHEMA = FeatureSchema(
    (
        alteration_feature("EGFR"),
        alteration_feature("TP53"),
        field_feature("albumin", "Albumin", "labs.albumin_g_dl"),
        field_feature("NLR", "NLR", "labs.nlr"),
        field_feature("ECOG", "ECOG", "ecog", "count", low=0, high=4),
        field_feature("sex", "Sex", "sex", "categorical", levels=("female", "male")),
        field_feature("age", "Age", "age_years", unit="years", actionable=False),
    )
)
# Every value that occurs, and one beyond each end: thresholds lie between values that occur.
GRID: dict[str, tuple[float, ...]] = {
    "albumin": tuple(np.round(np.arange(1.8, 6.01, 0.2), 1).tolist()),
    "NLR": tuple(np.arange(0.5, 13.1, 1.0).tolist()),
    "ECOG": (0.0, 1.0, 2.0, 3.0, 4.0),
}
STATES = (1.0, 0.0, None)
NUMBERS = ("albumin", "NLR", "ECOG", "sex")
WAYS = ({}, {"albumin": "rise", "NLR": "fall"}, {"albumin": "fall"}, {"ECOG": "rise", "NLR": "rise"})


def number_bundle(path) -> ModelBundle:
    """Two options of which albumin, NLR and ECOG move both, on 1,500 invented patients."""
    rng = np.random.default_rng(5)
    n = 1500
    X = pd.DataFrame(np.nan, index=[f"T{i:04d}" for i in range(n)], columns=list(SCHEMA.columns))
    for name in ("EGFR", "TP53"):
        X[name] = np.where(rng.random(n) < 0.15, np.nan, rng.random(n) < 0.4)
    X["albumin"] = np.clip(np.round(rng.normal(3.9, 0.7, n) / 0.2) * 0.2, 2.0, 5.8).round(1)
    X["NLR"] = np.clip(np.floor(rng.lognormal(1.2, 0.6, n)), 1, 11) + 0.5
    X["ECOG"] = rng.integers(0, 4, n)
    for name in ("albumin", "NLR", "ECOG"):
        X.loc[rng.random(n) < 0.1, name] = np.nan
    X["sex=male"] = (rng.random(n) < 0.5).astype(float)
    X["age"] = rng.normal(64, 9, n).round()
    known = X.fillna({"albumin": 3.9, "NLR": 3.5, "ECOG": 1.0, "EGFR": 0.4, "TP53": 0.4})
    eta = {
        "osimertinib": -1.2 + 1.6 * known["EGFR"] + 1.2 * (known["albumin"] - 3.9) - 0.5 * known["ECOG"],
        "chemotherapy": 0.2 - 0.7 * known["TP53"] - 0.25 * (known["NLR"] - 3.5) + 0.3 * known["ECOG"],
    }
    y = pd.DataFrame({o: (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float) for o, z in eta.items()}, index=X.index)  # fmt: skip
    groups = pd.DataFrame({"tumour": ["LUAD"] * n}, index=X.index)
    model = HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=6, learning_rate=0.3, random_state=0)
    return build(
        path, name="numbers", title="Numbers", cohort=Cohort(X, y, groups, SCHEMA), estimators=model, synthetic=True
    )  # fmt: skip


def number_patients() -> list[PatientProfile]:
    """One with everything recorded in the middle, one at an end, one whose numbers are not recorded."""
    genes = frozenset({"EGFR", "TP53"})
    base = {"tumour": "LUAD", "sex": "female", "age_years": 64, "assayed_genes": genes, "synthetic": True}
    tp53 = (Alteration("TP53", protein_change="p.R175H"),)
    return [
        PatientProfile("M", ecog=1, labs={"albumin_g_dl": 3.6, "nlr": 5.5}, alterations=tp53, **base),
        PatientProfile("E", ecog=3, labs={"albumin_g_dl": 2.2, "nlr": 11.5}, **base),
        PatientProfile("U", labs={"nlr": 3.5}, **base),
    ]


def by_trying(
    bundle: ModelBundle, profile: PatientProfile, goal: Goal, ways: dict[str, str], max_size: int = 3
) -> tuple[int | None, set[frozenset[tuple[str, object]]]]:
    """Smallest size, and all versions of the patient of that size that reach the goal, every value tried.

    ways : for the numbers that may only rise or only fall, which of them
    """
    values = dict(zip(SCHEMA.names, SCHEMA.values(profile), strict=True))
    others: dict[str, list[object]] = {name: [s for s in STATES if s != values[name]] for name in ("EGFR", "TP53")}  # fmt: skip
    others["sex"] = [level for level in ("female", "male") if level != values["sex"]]
    for name, grid in GRID.items():
        here, way = values[name], ways.get(name)
        kept = [v for v in grid if v != here]
        if way is not None:
            kept = [v for v in kept if here is not None and (v > here if way == "rise" else v < here)]
        others[name] = kept
    row = SCHEMA.encode_row(profile)
    if goal.reached(bundle, standings(bundle, profile, row[None]))[0]:
        return 0, set()
    for size in range(1, max_size + 1):
        sets, rows = [], []
        for names in itertools.combinations(others, size):
            for chosen in itertools.product(*(others[n] for n in names)):
                edited = row.copy()
                for name, value in zip(names, chosen, strict=True):
                    edited[SCHEMA.columns_of(name)] = SCHEMA.feature(name).encode(value)
                sets.append(frozenset(zip(names, chosen, strict=True)))
                rows.append(edited)
        holds = goal.reached(bundle, standings(bundle, profile, np.array(rows)))
        if holds.any():
            return size, {s for s, h in zip(sets, holds, strict=True) if h}
    return None, set()


def stated(bundle, ways, **more):
    """Conditions with a direction for some of the numbers."""
    up, down = ([n for n, way in ways.items() if way == one] for one in ("rise", "fall"))
    return conditions_from(
        bundle, numbers=NUMBERS, only_rising=up, only_falling=down, exclusive_drivers=False, **more
    )


def goals(bundle, profile):
    """Goals from easy to out of reach."""
    now = bundle.probability(bundle.margin(SCHEMA.encode_row(profile)[None]))[0]
    for option, p in zip(bundle.options, now, strict=True):
        yield Goal(option)
        yield Goal(option, "band")
        for step in (0.1, 0.25, 0.4, 0.55):
            if p + step < 1:
                yield Goal(option, "threshold", float(p + step))
            if p - step > 0:
                yield Goal(option, "threshold", float(p - step), "under")
