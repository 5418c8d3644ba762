"""Bundles for the search's tests, built once a session."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile
from tests.explainers.small_cohort import build_small
from tests.search import number_twin

TINY = FeatureSchema(
    (
        *(alteration_feature(gene) for gene in ("EGFR", "KRAS", "ALK", "TP53", "STK11")),
        field_feature("tumour", "Tumour", "tumour", "categorical", levels=("LUAD", "COADREAD", "SKCM"), missing="refuse"),
    )
)  # fmt: skip


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory):
    """A bundle of one kind of model on 1,200 invented patients with six alterations, numbers and levels."""
    made: dict[str, ModelBundle] = {}
    folder = tmp_path_factory.mktemp("small")

    def make(kind: str) -> ModelBundle:
        if kind not in made:
            made[kind] = build_small(folder / kind, kind)
        return made[kind]

    return make


def _tiny(path, kind: str) -> ModelBundle:
    rng = np.random.default_rng(11)
    n = 900
    X = pd.DataFrame(np.nan, index=[f"T{i}" for i in range(n)], columns=list(TINY.columns))
    for name in TINY.names[:5]:
        X[name] = (rng.random(n) < 0.3).astype(float)
        X.loc[rng.random(n) < 0.2, name] = np.nan
    tumour = rng.integers(0, 3, n)
    for a, level in enumerate(("LUAD", "COADREAD", "SKCM")):
        X[f"tumour={level}"] = (tumour == a).astype(float)
    known = X.fillna(0.4)
    eta = {
        "osimertinib": -1 + 2.5 * known["EGFR"] - 1.5 * known["EGFR"] * known["TP53"],
        "sotorasib": -1 + 2 * known["KRAS"] - known["STK11"] * (tumour == 0),
        "alectinib": -1.2 + 2.2 * known["ALK"] + 0.8 * (tumour == 1),
    }
    y = pd.DataFrame(
        {o: (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float) for o, z in eta.items()}, index=X.index
    )
    groups = pd.DataFrame({"tumour": [("LUAD", "COADREAD", "SKCM")[t] for t in tumour]}, index=X.index)
    model = {
        "boosting": HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, random_state=0),
        "forest": RandomForestClassifier(20, max_depth=4, random_state=0),
    }[kind]
    return build(
        path, name="tiny", title="Tiny", cohort=Cohort(X, y, groups, TINY), estimators=model, synthetic=True
    )


@pytest.fixture(scope="session", params=["boosting", "forest"])
def tiny_bundle(request, tmp_path_factory):
    """Five alterations and a tumour type: every patient that exists can be listed (729 of them)."""
    return _tiny(tmp_path_factory.mktemp("tiny") / request.param, request.param)


@pytest.fixture(scope="session")
def number_bundle(tmp_path_factory):
    """Two alterations, three numbers and a level, all of which move the answer."""
    return number_twin.number_bundle(tmp_path_factory.mktemp("numbers") / "bundle")


@pytest.fixture
def patients() -> list[PatientProfile]:
    """Three patients: a full panel, a small panel, nothing altered."""
    genes = frozenset({"EGFR", "KRAS", "ALK", "TP53"})
    base = {"age_years": 63, "sex": "female", "tumour": "LUAD", "synthetic": True}
    egfr = (Alteration("EGFR", protein_change="p.L858R"), Alteration("TP53", protein_change="p.R175H"))
    return [
        PatientProfile("A", alterations=egfr, assayed_genes=genes, **base),
        PatientProfile(
            "B", alterations=(Alteration("KRAS", protein_change="p.G12C"),), assayed_genes=frozenset({"KRAS"}), **base
        ),
        PatientProfile("C", assayed_genes=genes, labs={"albumin_g_dl": 3.1}, **base),
    ]  # fmt: skip
