"""Shapes: partial dependence against scikit-learn, accumulated local effects by hand, directions by construction."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.inspection import partial_dependence as reference

from explainers.importance import shapley_sample
from explainers.overall.asked_patients import training_rows
from explainers.overall.directions import direction
from explainers.overall.partial_effects import accumulated_effect, partial_dependence
from explainers.players import CannotExplainError
from oncology.errors import UnknownNameError
from tests.explainers.small_cohort import SCHEMA


@pytest.mark.parametrize("feature", ["albumin", "age_years", "EGFR p.L858R"])
def test_partial_dependence_is_that_of_scikit_learn(small, feature):
    bundle, option = small(), "osimertinib"
    rows = training_rows(bundle, option, most=120, seed=3)
    found = partial_dependence(bundle, option, feature, rows=rows, n_individual=120)
    j = SCHEMA.columns.index(feature)
    values = found.x if found.kind == "number" else np.array([1.0, 0.0])
    theirs = reference(
        bundle.estimators[option], rows, [j], response_method="decision_function", method="brute", kind="both",
        custom_values={j: values},
    )  # fmt: skip
    g = len(values)
    assert found.mean[:g] == pytest.approx(theirs["average"][0], abs=1e-9)
    mine = np.sort(found.individual[:, :g], axis=0)
    assert mine == pytest.approx(np.sort(theirs["individual"][0], axis=0), abs=1e-9)


def test_a_gene_has_three_levels_with_counts_and_small_ones_withheld(small):
    bundle = small()
    rows = training_rows(bundle, "osimertinib", most=200, seed=3)
    at = SCHEMA.columns.index("ALK fusion")
    rows[:, at] = 0.0
    rows[:3, at] = 1.0
    rows[3:30, at] = np.nan
    found = partial_dependence(bundle, "osimertinib", "ALK fusion", rows=rows)
    assert found.words == ("altered", "tested, not altered", "not assayed")
    assert found.n_have == (None, 170, 27)
    assert [r["patients"] for r in found.rows()] == ["fewer than 5", 170, 27]
    given = rows.copy()
    given[:, at] = np.nan
    margins = bundle.margin(given)
    assert found.mean[2] == pytest.approx(margins[:, 0].mean())
    assert found.probability[2] == pytest.approx(bundle.probability(margins)[:, 0].mean())


def test_a_category_takes_each_level_in_turn(small):
    bundle = small()
    rows = training_rows(bundle, "chemotherapy", most=90, seed=0)
    found = partial_dependence(bundle, "chemotherapy", "tumour", rows=rows)
    assert len(found.words) == 3 and sum(found.n_have) == 90
    given = rows.copy()
    given[:, SCHEMA.columns_of("tumour")] = [0.0, 1.0, 0.0]
    assert found.mean[1] == pytest.approx(bundle.margin(given)[:, 2].mean())


class OneNumber:
    """A model whose margin is a formula of two numbers, so that effects can be worked out by hand."""

    def __init__(self, bundle, f):
        self._bundle, self._f = bundle, f

    def __getattr__(self, name):
        return getattr(self._bundle, name)

    def option_margin(self, X, option):
        age, albumin = X[:, SCHEMA.columns.index("age_years")], X[:, SCHEMA.columns.index("albumin")]
        return self._f(age, albumin)


def rows_of(ages, albumins):
    rows = np.zeros((len(ages), len(SCHEMA.columns)))
    rows[:, SCHEMA.columns.index("age_years")], rows[:, SCHEMA.columns.index("albumin")] = ages, albumins
    return rows


def test_accumulated_effects_by_hand(small):
    # Four patients, edges at 1, 2, 3, 4 (three steps; the first holds the two youngest), f = age x albumin.
    bundle = OneNumber(small(), lambda age, albumin: age * albumin)
    found = accumulated_effect(
        bundle, "osimertinib", "age_years", rows=rows_of([1, 2, 3, 4], [10, 20, 30, 40]), n_steps=4
    )
    assert found.x.tolist() == [1, 2, 3, 4] and found.n_in_step == (2, 1, 1)
    # Steps: mean(10, 20) = 15, then 30, then 40: 0, 15, 45, 85 before the mean is taken off.
    # Mean over patients of the middles: (2 * 7.5 + 30 + 65) / 4 = 27.5.
    assert found.effect.tolist() == [-27.5, -12.5, 17.5, 57.5]


def test_accumulated_effects_are_not_misled_by_a_number_that_goes_with_another(small):
    """Age and albumin are the same here and f = albumin: age itself does nothing, which partial dependence agrees with;
    for f = (age - albumin) squared nobody lies off the line, and only partial dependence goes there."""
    together = np.linspace(1, 9, 41)
    bundle = OneNumber(small(), lambda age, albumin: (age - albumin) ** 2)
    rows = rows_of(together, together)
    local = accumulated_effect(bundle, "osimertinib", "age_years", rows=rows, n_steps=20)
    everywhere = partial_dependence(bundle, "osimertinib", "age_years", rows=rows)
    assert np.ptp(everywhere.mean) > 10 and np.ptp(local.effect) < 4
    flat = OneNumber(small(), lambda age, albumin: albumin)
    assert np.ptp(accumulated_effect(flat, "osimertinib", "age_years", rows=rows).effect) == 0


def test_patients_without_the_value_are_left_out_and_counted(small):
    bundle = OneNumber(small(), lambda age, albumin: age)
    rows = rows_of([1, 2, 3, np.nan, np.nan], [1, 1, 1, 1, 1])
    found = accumulated_effect(bundle, "osimertinib", "age_years", rows=rows)
    assert found.n_unknown == 2 and sum(found.n_in_step) == 3
    assert "2 patients whose value is not known are left out" in found.small_print
    assert np.diff(found.effect) == pytest.approx([1.0, 1.0])


def test_shapes_refuse_what_has_no_shape(small):
    bundle = small()
    with pytest.raises(CannotExplainError, match="has states, not a scale"):
        accumulated_effect(bundle, "osimertinib", "KRAS")
    with pytest.raises(CannotExplainError, match="no known value"):
        accumulated_effect(bundle, "osimertinib", "albumin", rows=rows_of([1, 2], [np.nan, np.nan]))
    with pytest.raises(CannotExplainError, match="one value only"):
        accumulated_effect(bundle, "osimertinib", "albumin", rows=rows_of([1, 2], [4, 4]))
    with pytest.raises(CannotExplainError, match="no value to try"):
        partial_dependence(bundle, "osimertinib", "albumin", rows=rows_of([1, 2], [np.nan, np.nan]))
    with pytest.raises(UnknownNameError, match="Did you mean albumin"):
        partial_dependence(bundle, "osimertinib", "albumen")


def test_directions_follow_how_the_cohort_was_made(small):
    bundle = small()
    osimertinib = shapley_sample(bundle, "osimertinib", n_patients=1200)
    found = direction(bundle, osimertinib, "EGFR p.L858R")
    assert found.way == "raises" and found.difference > 1
    assert found.n == int((osimertinib.rows[:, 0] == 1).sum())
    assert direction(bundle, osimertinib, "tumour").way in ("no order", "none")
    chemotherapy = shapley_sample(bundle, "chemotherapy", n_patients=1200)
    assert direction(bundle, chemotherapy, "albumin").way == "raises"
    assert direction(bundle, chemotherapy, "age_years").way == "lowers"


def test_fewer_than_five_altered_patients_have_no_direction(small):
    bundle = small()
    few = shapley_sample(bundle, "osimertinib", n_patients=15, seed=2)
    altered = int((few.rows[:, 0] == 1).sum())
    assert 0 < altered < 5
    found = direction(bundle, few, "EGFR p.L858R")
    assert (found.way, found.n) == ("too few", None)
