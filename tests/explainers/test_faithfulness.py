"""Curves of deletion and insertion, copies that differ by next to nothing, and neighbours in the model's own view."""

from __future__ import annotations

import numpy as np
import pytest

from explainers import faithfulness as module
from explainers.alike_to_the_model import patients_alike_to_the_model
from explainers.background import of_rows
from explainers.faithfulness import curve, faithfulness
from explainers.local.shapley import shapley_matrix
from explainers.near_identical import near_identical
from explainers.neighbours import NoCohortError, distances, similar_patients
from explainers.players import CannotExplainError, players_of
from oncology.bundles import load
from oncology.intake import read_patients
from tests.explainers.small_cohort import SCHEMA
from tests.explainers.test_shipped import SAMPLE


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


# Faithfulness -------------------------------------------------------------------------------------------------------------


def test_curves_by_hand(make_bundle, patient):
    """A sum of three terms against one background row: distances are sums of the terms that are away."""
    bundle = make_bundle("linear")
    row = bundle.schema.encode_row(patient)
    game = players_of(bundle, row, "osimertinib")
    row = game.row
    weights = np.zeros(len(row))
    weights[[0, 3, 6]] = [2.0, 1.0, 0.1]
    other = row.copy()
    other[[0, 3]] -= 1.0
    other[6] -= 10.0

    def score(X):
        return (np.nan_to_num(X) - np.nan_to_num(row)) @ weights + game.score

    order = np.concatenate([[0, 3], np.setdiff1d(np.arange(len(game)), [0, 3])])
    away = curve(game, score, other[None], order, 3, insertion=False)
    back = curve(game, score, other[None], order, 3, insertion=True)
    # 4 are missing with everything away: 2 by player 0, 1 by player 3, 1 by player 6, who is not among the first three.
    assert away == pytest.approx([0, 2 / 4, 3 / 4, 3 / 4])
    assert back == pytest.approx([1, 2 / 4, 1 / 4, 1 / 4])


def test_shapley_beats_random_order_and_a_blind_method_does_not(bundle, monkeypatch):
    blind = np.random.default_rng(0)

    def noise(bundle, row, option, *, background=None, seed=0):
        game = players_of(bundle, row, option)
        return game.explanation(
            "ablation", blind.normal(size=len(game)), of_rows(bundle.background.rows[:1], "x"), base_value=0.0
        )

    monkeypatch.setitem(module.EXPLAINERS, "ablation", noise)
    found = faithfulness(bundle, "osimertinib", methods=("shapley", "ablation"), n_patients=25)
    good, none = found.methods
    assert good.beats_chance and good.deletion_area > 0.05 and good.insertion_area > 0.05
    assert not none.beats_chance
    assert good.deletion[0] == 0 and good.insertion[0] == pytest.approx(1)
    assert found.random_deletion[0] == 0 and found.random_insertion[0] == pytest.approx(1)
    # All ten inputs away, or all back: the same for every order.
    assert good.deletion[-1] == pytest.approx(1) and good.insertion[-1] == pytest.approx(0, abs=1e-12)
    expected = (good.deletion - found.random_deletion)[1:].mean()
    assert good.deletion_area == pytest.approx(expected)
    assert good.insertion_area == pytest.approx((found.random_insertion - good.insertion)[1:].mean())
    assert "cannot be told from chance" in found.words and len(found.rows()) == 2


def test_the_same_seed_gives_the_same_curves_and_it_can_be_stopped(bundle):
    one, two = (
        faithfulness(bundle, "sotorasib", methods=("shapley",), n_patients=6, seed=4) for _ in range(2)
    )
    assert one.methods[0].deletion.tolist() == two.methods[0].deletion.tolist()
    shares = []
    short = faithfulness(
        bundle,
        "sotorasib",
        methods=("shapley",),
        n_patients=6,
        progress=shares.append,
        stop=lambda: len(shares) >= 2,
    )
    assert short.stopped and short.n_patients == 2 and shares == [pytest.approx(1 / 6), pytest.approx(2 / 6)]


def test_what_cannot_be_tested_is_refused_with_the_reason(bundle):
    with pytest.raises(CannotExplainError, match="sum: its shares are its own terms"):
        faithfulness(load(SAMPLE / "bundles" / "loris"), "immunotherapy")
    found = faithfulness(bundle, "sotorasib", methods=("exact", "shapley"), n_patients=6)
    assert [m.method for m in found.methods] == ["exact", "shapley"] or "Every coalition" in found.refused[0]


# Near-identical patients ---------------------------------------------------------------------------------------------------


def test_copies_differ_by_one_small_step_and_their_shares_are_the_engine_s(bundle):
    row = bundle.training.X.to_numpy()[3].copy()
    row[SCHEMA.columns_of("albumin")] = 3.8
    found = near_identical(bundle, row, "chemotherapy")
    age = row[SCHEMA.columns_of("age_years")][0]
    assert f"Age {age + 1:.3g} years instead of {age:.3g} years" in found.changes
    assert any(c.startswith("Albumin 3.9 g/dL") for c in found.changes) and len(found.changes) == 4
    older = row.copy()
    older[SCHEMA.columns_of("age_years")] += 1
    values = shapley_matrix(bundle, np.stack([row, older]), "chemotherapy")[0]
    at = found.changes.index(f"Age {age + 1:.3g} years instead of {age:.3g} years")
    assert found.largest_move[at] == pytest.approx(np.abs(values[1] - values[0]).max())
    same = set(np.argsort(-np.abs(values[0]))[:5]) & set(np.argsort(-np.abs(values[1]))[:5])
    assert found.same_top[at] == len(same)
    X = bundle.training.X.to_numpy()
    near = np.argsort(
        np.where(distances(SCHEMA, X, row) == 0, np.inf, distances(SCHEMA, X, row)), kind="stable"
    )[:10]
    theirs = shapley_matrix(bundle, X[near], "chemotherapy")[0]
    common = [len(set(np.argsort(-np.abs(v))[:5]) & set(np.argsort(-np.abs(values[0]))[:5])) for v in theirs]
    assert found.neighbours_same_top == pytest.approx(np.mean(common)) and found.others_same_top is not None
    assert "small step" in found.words and len(found.rows()) == 4


def test_a_patient_without_numbers_and_a_formula_have_words(bundle):
    row = np.where(np.isin(SCHEMA.feature_of_column, [6, 7]), np.nan, bundle.training.X.to_numpy()[3])
    assert near_identical(bundle, row, "osimertinib").words.startswith("No number of this patient is known")
    loris = load(SAMPLE / "bundles" / "loris")
    person = read_patients(SAMPLE / "patients" / "S-37-loris-unfavourable.json").profiles[0]
    row = loris.schema.encode_row(person)
    found = near_identical(loris, row, loris.options[0])
    assert found.neighbours_same_top is None and found.changes and (found.largest_move > 0).any()


# Neighbours in the model's own view ---------------------------------------------------------------------------------------


def test_neighbours_by_the_model_are_those_with_the_nearest_shapley_values(bundle, patient):
    option = "osimertinib"
    found = patients_alike_to_the_model(bundle, patient, option, n=30)
    X = bundle.training.X.to_numpy()
    values = shapley_matrix(bundle, np.vstack([bundle.schema.encode_row(patient)[None], X]), option)[0]
    apart = np.linalg.norm(values[1:] - values[0], axis=1)
    nearest = np.argsort(apart, kind="stable")[:30]
    y = bundle.training.y[option].to_numpy()[nearest]
    assert found.of(option).n_treated == (~np.isnan(y)).sum()
    assert found.distance == pytest.approx(
        np.median(apart[nearest])
    ) and found.typical_distance == pytest.approx(np.median(apart))
    assert "rests on the same inputs" in found.words and found.n == 30
    by_profile = similar_patients(bundle, patient, n=30)
    assert by_profile.of(option).n_treated is not None and by_profile.words != found.words


def test_nobody_is_their_own_neighbour_and_small_counts_stay_hidden(bundle):
    own = bundle.training.X.index[5]
    row = bundle.training.X.to_numpy()[5]
    whole, without = (
        patients_alike_to_the_model(bundle, row, "sotorasib", n=1200, exclude=e) for e in (None, own)
    )
    assert (whole.n, without.n) == (1200, 1199)
    few = patients_alike_to_the_model(bundle, row, "sotorasib", n=4)
    assert all(o.n_treated is None for o in few.observed) and "fewer than 5" in few.of("sotorasib").words
    with pytest.raises(NoCohortError, match="published formula"):
        patients_alike_to_the_model(load(SAMPLE / "bundles" / "ipssm"), np.zeros(3), "risk")
