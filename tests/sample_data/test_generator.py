"""The synthetic cohort: repeatable, independent of its size, complete, and with a known counterfactual truth."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import sample_data.generator as package
from sample_data.generator import generate
from sample_data.generator.draws import Draws
from sample_data.generator.vocabulary import COLUMN, THERAPIES, TUMOURS
from sample_data.solid_tumours import SEED

N = 12_000


@pytest.fixture(scope="module")
def cohort():
    return generate(N, SEED)


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(package.__path__)])
def test_examples_in_the_docstrings_run(name):
    module = importlib.import_module(f"sample_data.generator.{name}")
    assert doctest.testmod(module).failed == 0


def test_the_same_seed_draws_the_same_cohort_and_another_seed_another_one():
    assert generate(300, 5).fingerprint == generate(300, 5).fingerprint
    assert generate(300, 5).fingerprint != generate(300, 6).fingerprint


def test_a_patient_is_the_same_in_a_small_and_in_a_large_cohort(cohort):
    few = generate(97, SEED)
    for name in ("p_star", "potential", "therapy", "panel", "assayed", "response"):
        np.testing.assert_array_equal(getattr(few, name), getattr(cohort, name)[:97], err_msg=name)
    np.testing.assert_array_equal(few.truth.alterations, cohort.truth.alterations[:97])


def test_a_later_slice_of_the_cohort_holds_the_same_patients(cohort):
    later = generate(50, SEED, start=1_001)
    np.testing.assert_array_equal(later.p_star, cohort.p_star[1_001:1_051])
    assert later.patient_ids == cohort.patient_ids[1_001:1_051]


def test_uniform_numbers_are_uniform_and_streams_do_not_repeat_each_other():
    a, b = Draws(1, 40_000).uniform("a"), Draws(1, 40_000).uniform("b")
    assert abs(a.mean() - 0.5) < 0.01 and abs(np.var(a) - 1 / 12) < 0.002
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02


def test_every_patient_has_one_observed_response_and_it_is_the_potential_one(cohort):
    given = ~np.isnan(cohort.response)
    assert (given.sum(axis=1) == 1).all()
    rows = np.arange(N)
    np.testing.assert_array_equal(
        cohort.response[rows, cohort.therapy], cohort.potential[rows, cohort.therapy].astype(float)
    )


def test_every_therapy_has_a_true_probability_for_every_patient(cohort):
    assert cohort.p_star.shape == (N, len(THERAPIES)) and len(THERAPIES) >= 14
    assert ((cohort.p_star > 0) & (cohort.p_star < 1)).all()


def test_potential_responses_follow_the_true_probabilities():
    large = generate(60_000, 3)
    for lower in np.arange(0, 1, 0.2):
        rows = (large.p_star >= lower) & (large.p_star < lower + 0.2)
        expected, found = large.p_star[rows].mean(), large.potential[rows].mean()
        assert abs(expected - found) < 4 * np.sqrt(0.25 / rows.sum())


def test_every_tumour_has_three_options_with_a_hundred_treated_patients(cohort):
    for i, tumour in enumerate(TUMOURS):
        given = np.bincount(cohort.therapy[cohort.truth.tumour == i], minlength=len(THERAPIES))
        assert (np.sort(given)[-3:] >= 100).all(), (tumour, np.sort(given)[-4:])


def test_treatment_follows_what_is_known_not_what_is_true(cohort):
    column = COLUMN["EGFR p.L858R"]
    altered = cohort.truth.alterations[:, column]
    known = altered & cohort.assayed[:, column]
    osimertinib = cohort.therapy == [t.key for t in THERAPIES].index("osimertinib")
    assert osimertinib[known].mean() > 0.4 > 0.2 > osimertinib[altered & ~known].mean()


def test_assigned_therapy_works_better_than_a_random_plausible_one(cohort):
    """Confounding by indication: what is given is what suits, so naive averages flatter the targeted options."""
    k = [t.key for t in THERAPIES].index("osimertinib")
    lung = cohort.truth.tumour == TUMOURS.index("LUAD")
    assert cohort.p_star[lung & (cohort.therapy == k), k].mean() > cohort.p_star[lung, k].mean() + 0.2


def test_arrays_of_a_cohort_cannot_be_written_to(cohort):
    with pytest.raises(ValueError, match="read-only"):
        cohort.p_star[0, 0] = 0.5
    with pytest.raises(ValueError, match="read-only"):
        cohort.truth.alterations[0, 0] = True
