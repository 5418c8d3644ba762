"""The peak that is measured holds what was given back before the call ended."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.bench_memory import CLEAR, peak_of


@pytest.mark.skipif(not CLEAR.exists(), reason="only Linux forgets the mark of a process")
def test_memory_held_for_a_moment_counts_and_an_earlier_peak_does_not():
    assert peak_of(lambda: np.ones(20_000_000).sum()) > 150
    assert peak_of(lambda: np.ones(5_000_000).sum()) == pytest.approx(40, abs=15)
    assert peak_of(lambda: None) < 10
