"""What is promised beside a number holds on fresh patients: 50 redraws of patients, outcomes and split, models fixed."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncology.bundles import load
from sample_data.interval_check import groups_held
from sample_data.trust_check import flagged, redraw

BUNDLE = Path(__file__).parents[2] / "sample_data" / "bundles" / "solid_tumours"


@pytest.mark.validate
def test_sets_cover_and_venn_abers_meets_what_is_observed_over_fifty_redraws():
    found = redraw(load(BUNDLE), 50)
    assert 0.88 <= found.mean <= 0.92
    assert found.lowest_group()[1] >= 0.85
    assert found.bins_met >= 0.90 * found.bins


@pytest.mark.validate
def test_patients_from_outside_are_flagged_at_few_false_alarms():
    found = flagged(load(BUNDLE))
    assert all(share >= 0.95 for share in found.by_kind.values())
    assert found.false_alarms <= 0.10


@pytest.mark.validate
def test_the_interval_holds_groups_of_treated_patients():
    hits, groups = groups_held(load(BUNDLE))
    assert hits >= 0.95 * groups and groups > 150
