"""LIME: seeded, asked about whole states only, and honest about its fit."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.linear_surrogate import surroundings
from explainers.local import EXPLAINERS, explain
from oncology.edits import Edit, apply


def test_lime_repeats_exactly_with_its_seed(make_bundle, patient):
    bundle = make_bundle()
    one, two, other = (explain(bundle, patient, "lime", option="osimertinib", seed=s) for s in (4, 4, 5))
    assert one.values.tolist() == two.values.tolist() and one.fit_quality == two.fit_quality
    assert one.values.tolist() != other.values.tolist()
    assert one.seed == 4 and not one.exact


def test_lime_asks_the_model_only_about_whole_states(make_bundle, patient):
    bundle = make_bundle()
    asked = []

    class Watched:
        def __getattr__(self, name):
            return getattr(bundle, name)

        def option_margin(self, X, option):
            asked.append(np.array(X))
            return bundle.option_margin(X, option)

    EXPLAINERS["lime"](Watched(), bundle.schema.encode_row(patient), "osimertinib")
    rows = np.vstack(asked)
    for spec in bundle.schema.features:
        block = rows[:, bundle.schema.columns_of(spec.name)]
        if spec.is_alteration:
            known = block[~np.isnan(block)]
            assert set(np.unique(known)) <= {0.0, 1.0}
        if spec.name == "tumour":
            assert set(np.unique(block.sum(axis=1))) == {1.0}
    # A missing number is held; a state that was not assayed may turn out either way.
    assert np.isnan(rows[:, bundle.schema.columns.index("albumin")]).all()
    fusion = rows[:, bundle.schema.columns.index("ALK fusion")]
    assert {0.0, 1.0} <= set(fusion[~np.isnan(fusion)]) and np.isnan(fusion).any()


def test_lime_on_a_sum_of_terms_finds_the_terms(make_bundle, patient):
    bundle = make_bundle("linear")
    why = explain(bundle, patient, "lime", option="osimertinib")
    k = bundle.option_index("osimertinib")
    altered = bundle.margin(bundle.schema.encode_row(patient))[0, k]
    without = bundle.margin(
        bundle.schema.encode_row(apply(bundle.schema, patient, [Edit("EGFR p.L858R", 0.0)]))
    )
    assert why.values[bundle.schema.index("EGFR p.L858R")] == pytest.approx(altered - without[0, k], rel=0.05)
    assert why.fit_quality > 0.95


def test_a_poor_local_fit_is_said(make_bundle, patient, monkeypatch):
    monkeypatch.setattr(surroundings, "LOW_FIT", 1.01)
    why = explain(make_bundle(), patient, "lime", option="osimertinib")
    assert "fits poorly" in why.limits[0]
