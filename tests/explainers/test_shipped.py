"""The bundles that ship, with the patients that ship: additive, explained by every method or refused with words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explainers.counterfactuals import single_changes
from explainers.local import EXPLAINERS, explain
from explainers.local.shapley import shapley_matrix
from explainers.players import CannotExplainError
from oncology.bundles import load
from oncology.intake import read_patients
from oncology.prediction import predict

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
BUNDLES = ("solid_tumours", "loris", "ipssm")


@pytest.fixture(scope="module")
def patients():
    return [read_patients(f).profiles[0] for f in sorted((SAMPLE / "patients").glob("*.json"))]


@pytest.fixture(scope="module", params=BUNDLES)
def bundle(request):
    return load(SAMPLE / "bundles" / request.param)


def test_shapley_values_add_up_for_every_patient_and_option(bundle, patients):
    rows = bundle.schema.encode(patients).to_numpy()
    answered = np.array([not r for r in predict(bundle, patients).refusals])
    assert answered.sum() >= 3
    for option in bundle.options:
        values, base, _ = shapley_matrix(bundle, rows[answered], option)
        margin = bundle.margin(rows[answered])[:, bundle.option_index(option)]
        assert np.abs(base + values.sum(axis=1) - margin).max() < 1e-6


def test_every_method_answers_or_names_one_that_does(bundle, patients):
    answers = dict.fromkeys(EXPLAINERS, 0)
    for person in patients[::9]:
        for method in EXPLAINERS:
            found = why_or_refusal(bundle, person, method)
            if isinstance(found, str):
                assert "Use " in found or "Enter what is missing" in found
            else:
                answers[method] += 1
                assert np.isfinite(found.values).all() and np.isfinite(found.score)
    assert answers["shapley"] and answers["ablation"] and answers["exact"]
    assert bool(answers["lime"]) == (bundle.formula is None)


def why_or_refusal(bundle, person, method):
    try:
        return explain(bundle, person, method, option=bundle.options[-1])
    except CannotExplainError as error:
        return str(error)


def test_lime_repeats_on_what_ships(patients):
    bundle = load(SAMPLE / "bundles" / "solid_tumours")
    one, two = (explain(bundle, patients[0], "lime", option="osimertinib", seed=7) for _ in range(2))
    assert one.values.tolist() == two.values.tolist()
    assert one.feature_names[one.order()[0]] == "EGFR p.L858R"


def test_single_changes_cover_every_alteration(bundle, patients):
    person = next(p for p, r in zip(patients, predict(bundle, patients).refusals, strict=True) if not r)
    found = single_changes(bundle, person)
    alterations = [f for f in bundle.schema.features if f.is_alteration]
    assert len({c.change.feature for c in found.changes}) == len(alterations)
