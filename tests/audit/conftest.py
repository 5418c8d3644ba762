"""A small bundle with a cohort, and numbers whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.audit.data import AuditData, of_arrays
from oncology.bundles import ModelBundle
from tests.explainers.small_cohort import build_small


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory) -> ModelBundle:
    """Three options learnt from 1,200 invented patients."""
    return build_small(tmp_path_factory.mktemp("audit") / "boosting", "boosting")


@pytest.fixture
def drawn():
    """Outcomes drawn with known probabilities: (y, p) of n patients."""

    def draw(n: int = 400, seed: int = 0, centre: float = -0.5, spread: float = 1.2):
        rng = np.random.default_rng(seed)
        p = 1 / (1 + np.exp(-rng.normal(centre, spread, n)))
        return (rng.random(n) < p).astype(float), p

    return draw


@pytest.fixture
def told(drawn):
    """An audit's data of one option, its numbers bent by a function."""

    def tell(bend=lambda p: p, n: int = 800, seed: int = 0, **more) -> AuditData:
        y, p = drawn(n, seed)
        return of_arrays(y, bend(p), options=["drug"], name="cohort", **more)

    return tell


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the cache of whoever runs it."""
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))
