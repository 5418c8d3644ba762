"""Bundles whose cards differ: those that ship, one of exclusive classes, one whose maker said nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oncology.bundles import ModelBundle, build, load
from oncology.cohorts import Cohort
from sample_data.build_scores import build_ipssm, build_loris
from tests.bundles.small import boosting, small_cohort

SHIPPED = Path(__file__).resolve().parents[2] / "sample_data" / "bundles"
KINDS = ("solid_tumours", "loris", "ipssm", "loris without a card", "classes", "foreign")


@pytest.fixture(scope="session")
def bundle_of(tmp_path_factory):
    """A bundle by kind, made once a session."""
    folder = tmp_path_factory.mktemp("cards")
    made: dict[str, ModelBundle] = {}

    def make(kind: str) -> ModelBundle:
        if kind not in made:
            made[kind] = _make(kind, folder / kind.replace(" ", "-"))
        return made[kind]

    return make


def _make(kind: str, path: Path) -> ModelBundle:
    if kind == "loris":
        return build_loris(path)
    if kind == "ipssm":
        return build_ipssm(path)
    if kind == "loris without a card":
        return build_loris(path, card=None)
    if kind in ("classes", "foreign"):
        cohort = small_cohort(240)
        if kind == "foreign":
            # Nothing but what `build` cannot do without: no words, no tumour types, no patients left in it.
            bare = Cohort(cohort.X, cohort.y[["sotorasib"]], cohort.groups[[]], cohort.schema)
            return build(path, name="foreign", cohort=bare, estimators=boosting(), folds=3, keep_cohort=False)
        y = cohort.y.copy()
        y[:] = np.eye(3)[np.arange(len(y)) % 3]
        exclusive = Cohort(cohort.X, y, cohort.groups, cohort.schema)
        return build(
            path, name="classes", cohort=exclusive, estimators=boosting(), output_kind="classes", folds=3
        )
    return load(SHIPPED / kind)
