"""The bundles that ship, with the patients that ship: additive, explained by every method or refused with words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explainers import stability
from explainers.alike_to_the_model import patients_alike_to_the_model
from explainers.background import assayed_alike
from explainers.counterfactuals import single_changes
from explainers.faithfulness import faithfulness
from explainers.local import EXPLAINERS, GROUPINGS, explain, explain_groups, not_tested
from explainers.local.shapley import shapley_matrix
from explainers.near_identical import near_identical
from explainers.players import CannotExplainError
from explainers.three_depths import DEPTHS, tell
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


def test_every_local_question_keeps_its_laws(bundle, patients):
    """Groups (tests/explainers/test_grouped.py has more), what is not known, small steps, words, pairs and neighbours."""
    refusals = predict(bundle, patients).refusals
    people = [p for p, r in zip(patients, refusals, strict=True) if not r]
    for person in people[:: max(1, len(people) // 4)]:
        row, option = bundle.schema.encode_row(person), bundle.options[len(bundle.options) // 2]
        why = explain(bundle, row, "shapley", option=option)
        for grouping in GROUPINGS:
            groups = explain_groups(bundle, row, grouping, option=option)
            assert groups.score == why.score and abs(groups.residual()) < 1e-9
        assert near_identical(bundle, row, option).top <= 5
        for depth in DEPTHS:
            assert len(tell(why, depth).points) >= 1
        if bundle.formula is not None:
            continue
        found = not_tested(bundle, row, option=option)
        assert found.shares.sum() == pytest.approx(found.variance, abs=1e-12)
        masked = explain(bundle, row, "shapley", option=option, background=assayed_alike(bundle, row))
        unknown = [np.isnan(row[bundle.schema.columns_of(n)]).any() for n in bundle.schema.names]
        assert np.abs(masked.values[unknown]).max(initial=0) < 1e-12 and abs(masked.residual()) < 1e-9
        low, high = stability.read(bundle).interval_of(bundle, row, why)
        assert (low <= why.values).all() and (why.values <= high).all() and (high > low).any()
        assert patients_alike_to_the_model(bundle, row, option, n=50).n == 50
    if bundle.formula is None:
        curves = faithfulness(bundle, "osimertinib", methods=("shapley", "ablation"), n_patients=8)
        assert all(m.beats_chance for m in curves.methods)


def test_single_changes_cover_every_alteration(bundle, patients):
    person = next(p for p, r in zip(patients, predict(bundle, patients).refusals, strict=True) if not r)
    found = single_changes(bundle, person)
    alterations = [f for f in bundle.schema.features if f.is_alteration]
    assert len({c.change.feature for c in found.changes}) == len(alterations)
