"""The audit of groups over redraws of the outcomes, as a test of `make validate`."""

import pytest
from scipy.stats import binom

from tests.validate import group_audit


@pytest.mark.validate
def test_the_audit_seldom_cries_wolf_and_finds_what_is_planted():
    figures = group_audit.run()
    control, planted = figures["control"], figures["planted"]
    # At 1 % by construction, 200 redraws hold more than 6 alarms in one case of two hundred.
    assert control["alarms_where_numbers_are_right"] <= binom.ppf(0.995, control["redraws"], figures["level"])
    assert control["intervals_missing_the_truth"] <= binom.ppf(
        0.995, control["redraws_from_the_truth"], figures["level"]
    )
    assert planted["lifted_ancestry"]["low"] > 0 and planted["reversed_subtype"]["high"] < 0
    assert planted["found_in"]["lifted_ancestry"] == planted["redraws"]
    markers = figures["markers"]
    assert markers["STK11"]["verdict"] == "prognostic"
    assert sum(m["as_made"] for m in markers.values()) >= len(markers) - 1
