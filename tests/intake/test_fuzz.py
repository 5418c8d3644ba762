"""Broken files are read or refused in words, never anything else; the long run is in tests/validate."""

import pytest

from tests.intake.breaking import broken, verdict
from tests.intake.seeds import SEEDS


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_broken_files_are_read_or_refused_in_words(name):
    assert verdict(name, SEEDS[name]) == "read"
    verdicts = [verdict(name, broken(SEEDS[name], seed)) for seed in range(30)]
    assert "refused" in verdicts
