"""Bands by hand and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncology.recommendations import band_numbers, per_100

OPTIONS = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.0, 0.3)), min_size=1, max_size=12)


def arrays(options):
    p = np.array([o[0] for o in options])
    half = np.array([o[1] for o in options])
    return p, p - half, p + half


def plain_bands(p, low, high):
    """The rule of the bands, read aloud."""
    se = [(h - lo) / 3.92 for lo, h in zip(low, high, strict=True)]
    order = sorted(range(len(p)), key=lambda i: (-p[i], i))
    bands, number, leader = {}, 1, order[0]
    for i in order:
        if p[leader] - p[i] > 1.96 * (se[leader] ** 2 + se[i] ** 2) ** 0.5:
            number, leader = number + 1, i
        bands[i] = number
    return [bands[i] for i in range(len(p))]


def test_three_options_by_hand():
    # se of each 0.2 / 3.92 = 0.051; 1.96 * sqrt(2) * 0.051 = 0.141: 0.60 and 0.48 share a band, 0.45 does not.
    assert band_numbers([0.45, 0.60, 0.48], [0.35, 0.5, 0.38], [0.55, 0.7, 0.58]).tolist() == [2, 1, 1]


@given(OPTIONS)
def test_bands_follow_the_rule_read_aloud(options):
    assert band_numbers(*arrays(options)).tolist() == plain_bands(*arrays(options))


@given(OPTIONS)
def test_bands_partition_the_options_in_order(options):
    p, low, high = arrays(options)
    bands = band_numbers(p, low, high)
    assert set(bands.tolist()) == set(range(1, bands.max() + 1))
    assert (np.diff(bands[np.argsort(-p, kind="stable")]) >= 0).all()


@given(OPTIONS, st.integers(0, 11))
def test_an_option_outside_the_bands_changes_none_of_them(options, position):
    p, low, high = arrays(options)
    with_gap = [np.insert(a, min(position, len(a)), np.nan) for a in (p, low, high)]
    found = band_numbers(*with_gap)
    assert found[min(position, len(p))] == 0
    assert np.delete(found, min(position, len(p))).tolist() == band_numbers(p, low, high).tolist()


@pytest.mark.parametrize(
    ("p", "low", "high", "words"),
    [
        (
            0.372,
            0.31,
            0.43,
            "about 37 of 100 patients like this respond, between 31 and 43 in groups of such patients",
        ),
        (
            0.003,
            0.001,
            0.02,
            "fewer than 1 of 100 patients like this respond, between fewer than 1 and 2 in groups of such patients",
        ),
        (
            0.998,
            0.97,
            0.999,
            "more than 99 of 100 patients like this respond, between 97 and more than 99 in groups of such patients",
        ),
    ],
)
def test_people_out_of_a_hundred(p, low, high, words):
    assert per_100(p, low, high) == words


def test_people_out_of_a_hundred_without_a_cohort_lean_on_the_calibration_alone():
    assert per_100(0.37, 0.31, 0.43, basis="calibration").endswith(
        "between 31 and 43 by the calibration alone"
    )
    assert per_100(0.37, 0.31, 0.43, alike="samples like this").endswith(
        "between 31 and 43 in groups of such samples"
    )
