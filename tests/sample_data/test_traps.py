"""What is planted is there with the switch on and gone with it off."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import logit

from sample_data.generator import generate
from sample_data.generator import traps as planted
from sample_data.generator.response import response_probability
from sample_data.generator.vocabulary import COLUMN, SITES, THERAPIES
from sample_data.solid_tumours import SEED

N = 60_000
KEYS = [t.key for t in THERAPIES]
PEMBROLIZUMAB = KEYS.index("pembrolizumab")


@pytest.fixture(scope="module")
def on():
    return generate(N, 12)


@pytest.fixture(scope="module")
def off():
    return generate(N, 12, traps=False)


def _given(cohort):
    return cohort.p_star[np.arange(len(cohort)), cohort.therapy]


def test_site_goes_with_response_but_causes_none_of_it(on, off):
    at_site = on.truth.site == SITES.index(planted.SPURIOUS_SITE)
    assert _given(on)[at_site].mean() > _given(on)[~at_site].mean() + 0.05
    elsewhere = dataclasses.replace(on.truth, site=np.zeros_like(on.truth.site))
    np.testing.assert_array_equal(response_probability(elsewhere, traps=True), on.p_star)
    at_site = off.truth.site == SITES.index(planted.SPURIOUS_SITE)
    assert abs(_given(off)[at_site].mean() - _given(off)[~at_site].mean()) < 0.03


def test_three_per_cent_have_the_rare_subtype_and_at_least_300_ship(on):
    assert on.truth.rare_subtype.mean() == pytest.approx(0.03, abs=0.003)
    assert generate(12_000, SEED).truth.rare_subtype.sum() >= 300


@pytest.mark.parametrize("name", ["on", "off"])
def test_markers_of_pembrolizumab_turn_round_in_the_rare_subtype_only_with_traps(name, request):
    cohort = request.getfixturevalue(name)
    truth, p = cohort.truth, logit(cohort.p_star[:, PEMBROLIZUMAB])
    speaks_for = (truth.pdl1 >= 50) & (truth.tmb_per_mb >= 10)
    speaks_against = (truth.pdl1 < 1) & (truth.tmb_per_mb < 10)
    rare = truth.rare_subtype
    common = p[speaks_for & ~rare].mean() - p[speaks_against & ~rare & (truth.tumour == 0)].mean()
    reverse = p[speaks_for & rare].mean() - p[speaks_against & rare].mean()
    assert common > 1.5
    assert reverse < -1.5 if name == "on" else reverse > 1.5


def test_eight_per_cent_respond_fifteen_points_better_than_a_blind_model_expects(on):
    group = planted.in_group(on.truth.ancestry)
    assert group.mean() == pytest.approx(0.08, abs=0.005)
    shifted = logit(on.p_star) - planted.ANCESTRY_SHIFT * group[:, None]
    without = 1 / (1 + np.exp(-shifted))
    rows = np.arange(N)
    excess = (on.p_star - without)[rows, on.therapy][group].mean()
    # A blind model learns a part of the shift: the group's share among patients alike.
    assert 0.15 < excess < 0.22


def test_the_group_has_fewer_genes_assayed_only_with_traps(on, off):
    for cohort, low, high in ((on, 0.06, 0.5), (off, -0.02, 0.02)):
        group = planted.in_group(cohort.truth.ancestry)
        gap = cohort.assayed[~group].mean() - cohort.assayed[group].mean()
        assert low < gap < high


def test_three_per_cent_carry_a_germline_finding(on, off):
    assert on.truth.germline.any(axis=1).mean() == pytest.approx(0.03, abs=0.003)
    assert off.truth.germline.any(axis=1).mean() < 0.022
    assert not (on.truth.germline & ~on.truth.alterations).any()


def test_stk11_moves_every_option_alike_and_predicts_none(on):
    without = on.truth.alterations.copy()
    carrier = on.truth.alterations[:, COLUMN["STK11"]]
    without[:, COLUMN["STK11"]] = False
    p = response_probability(dataclasses.replace(on.truth, alterations=without), traps=True)
    change = logit(on.p_star[carrier]) - logit(p[carrier])
    np.testing.assert_allclose(change, planted.PROGNOSTIC_EFFECT, atol=1e-9)


def test_the_control_cohort_has_the_same_patients(on, off):
    np.testing.assert_array_equal(on.truth.tumour, off.truth.tumour)
    np.testing.assert_array_equal(on.truth.albumin_g_dl, off.truth.albumin_g_dl)
    np.testing.assert_array_equal(on.truth.rare_subtype, off.truth.rare_subtype)
