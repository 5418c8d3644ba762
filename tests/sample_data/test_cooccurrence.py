"""Joint tables: exact frequencies, exact odds ratios, nothing impossible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sample_data.generator.cooccurrence import both_altered, fit

share = st.floats(0.02, 0.9)
ratio = st.floats(0.05, 20)


@given(share, share, ratio)
def test_both_altered_gives_back_the_odds_ratio(p1, p2, odds_ratio):
    both = both_altered(p1, p2, odds_ratio)
    neither, only1, only2 = 1 - p1 - p2 + both, p1 - both, p2 - both
    assert min(both, neither, only1, only2) > -1e-12
    assert both * neither == pytest.approx(odds_ratio * only1 * only2, rel=1e-6, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(share, share, share, st.floats(0.3, 4), st.floats(0.3, 4))
def test_a_fitted_table_has_the_frequencies_and_odds_ratios_asked_for(p1, p2, p3, or12, or23):
    names = ("a", "b", "c")
    margins = {n: {n: p, "none": 1 - p} for n, p in zip(names, (p1, p2, p3), strict=True)}
    a, b, c = ((n, (n,)) for n in names)
    table = fit(margins, [(a, b, or12), (b, c, or23)])
    for event, p in ((a, p1), (b, p2), (c, p3)):
        assert table.share(event) == pytest.approx(p, abs=1e-6)
    for first, second, odds_ratio in ((a, b, or12), (b, c, or23)):
        x, y = table.holds(first), table.holds(second)
        p = table.probability
        cells = [p[x & y].sum(), p[~x & ~y].sum(), p[x & ~y].sum(), p[~x & y].sum()]
        assert cells[0] * cells[1] / (cells[2] * cells[3]) == pytest.approx(odds_ratio, rel=1e-3)


def test_drawing_gives_the_tables_frequencies():
    table = fit({"a": {"x": 0.2, "y": 0.3, "none": 0.5}, "b": {"b": 0.4, "none": 0.6}})
    u = (np.arange(10_000) + 0.5) / 10_000
    drawn = table.draw(u)
    assert np.mean(drawn["a"] == "x") == pytest.approx(0.2, abs=0.001)
    assert np.mean((drawn["a"] == "y") & (drawn["b"] == "b")) == pytest.approx(0.12, abs=0.001)


def test_frequencies_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match=r"sum to 0\.9"):
        fit({"a": {"x": 0.5, "none": 0.4}})


def test_contradictory_odds_ratios_are_refused():
    half = {n: {n: 0.5, "none": 0.5} for n in "abc"}
    a, b, c = ((n, (n,)) for n in "abc")
    with pytest.raises(ValueError, match="No joint distribution"):
        fit(half, [(a, b, 1e6), (b, c, 1e6), (a, c, 1e-6)], max_rounds=300)
