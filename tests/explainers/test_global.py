"""What a model leans on, whom it misjudged, who is like whom: against plain computations."""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from explainers import neighbours, shuffling
from explainers.charts.outcomes import observed_outcomes
from explainers.dependence import dependence
from explainers.importance import (
    ShapleySample,
    formula_weights,
    mean_over_options,
    shapley_importance,
    shapley_sample,
)
from explainers.local import explain
from explainers.neighbours import NoCohortError, distances, similar_patients
from explainers.players import CannotExplainError
from explainers.shuffling import OneClassError, area_under_curve, permutation_importance
from explainers.swarm import swarm
from explainers.worst_errors import rows as error_rows
from explainers.worst_errors import worst_errors
from oncology.errors import UnknownNameError
from tests.explainers.small_cohort import SCHEMA

# Importance ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(make_bundle):
    return shapley_sample(make_bundle(), "osimertinib", n_patients=300, seed=1)


def test_a_sample_is_the_explanations_of_its_patients(make_bundle, sample):
    bundle = make_bundle()
    assert len(sample) == 300 and set(sample.ids) <= set(bundle.training.X.index)
    for i in (0, 150, 299):
        row = bundle.training.X.loc[sample.ids[i]].to_numpy()
        why = explain(bundle, row, "shapley", option="osimertinib")
        assert why.values == pytest.approx(sample.values[i], abs=1e-9)
    again = shapley_sample(bundle, "osimertinib", n_patients=300, seed=1)
    assert again.ids == sample.ids and again.fingerprint == sample.fingerprint
    assert shapley_sample(bundle, "osimertinib", n_patients=300, seed=2).ids != sample.ids


def test_importance_is_the_mean_size_with_the_driver_first(sample):
    found = shapley_importance(sample)
    assert found.values == pytest.approx([np.mean(np.abs(sample.values[:, j])) for j in range(10)])
    assert found.feature_names[found.order()[0]] == "EGFR p.L858R"
    assert (found.low <= found.values).all() and (found.values <= found.high).all()
    assert found.rows()[0]["feature"] == "EGFR p.L858R"


def test_the_bootstrap_interval_has_the_width_of_the_standard_error(sample):
    found = shapley_importance(sample, n_bootstrap=2000)
    j = found.order()[0]
    expected = 2 * 1.96 * np.abs(sample.values[:, j]).std() / np.sqrt(len(sample))
    assert found.high[j] - found.low[j] == pytest.approx(expected, rel=0.15)


def test_the_mean_over_options_is_the_mean(make_bundle, sample):
    bundle = make_bundle()
    all_ = [shapley_importance(shapley_sample(bundle, o, n_patients=50)) for o in bundle.options]
    together = mean_over_options(all_)
    assert together.values == pytest.approx(np.mean([i.values for i in all_], axis=0))
    assert together.option == "all options" and "Mean over 3 options" in together.method
    with pytest.raises(CannotExplainError, match="at least one option"):
        mean_over_options([])


def test_ones_own_patients_can_be_sampled(make_bundle):
    bundle = make_bundle()
    mine = bundle.training.X.iloc[:7]
    assert shapley_sample(bundle, "sotorasib", rows=mine).ids == tuple(mine.index)


def test_slow_models_are_sampled_one_by_one_until_stopped(make_bundle):
    shares = []
    few = make_bundle("network").training.X.iloc[:9]
    found = shapley_sample(
        make_bundle("network"),
        "chemotherapy",
        rows=few,
        progress=shares.append,
        stop=lambda: len(shares) >= 2,
    )
    assert len(found) == 2 and shares == pytest.approx([1 / 9, 2 / 9])


# Permutation importance ----------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40).filter(
        lambda v: 0 < sum(y for y, _ in v) < len(v)
    )
)
def test_the_area_is_that_of_scikit_learn(cases):
    y, score = (np.array(v, dtype=float) for v in zip(*cases, strict=True))
    assert area_under_curve(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)


def test_shuffling_the_driver_costs_most_and_noise_costs_nothing(make_bundle):
    found = permutation_importance(make_bundle(), "osimertinib", seed=3)
    driver = SCHEMA.index("EGFR p.L858R")
    assert found.order()[0] == driver and found.low[driver] > 0.05
    noise = SCHEMA.index("sex")
    assert found.low[noise] < 0 < found.high[noise]
    assert "fitted again in five folds" in found.method
    again = permutation_importance(make_bundle(), "osimertinib", seed=3)
    assert again.values.tolist() == found.values.tolist()


def test_the_models_own_patients_flatter_it(make_bundle):
    bundle = make_bundle("forest")
    honest = permutation_importance(bundle, "chemotherapy", held_out=True)
    flattered = permutation_importance(bundle, "chemotherapy", held_out=False)
    assert flattered.values.sum() > honest.values.sum()
    assert "flatters" in flattered.method


def test_a_stopped_shuffling_says_how_far_it_came(make_bundle, monkeypatch):
    monkeypatch.setattr(shuffling, "_BATCH", 1)  # one feature at a time
    asked = []
    found = permutation_importance(
        make_bundle(), "osimertinib", stop=lambda: len(asked) >= 3 or asked.append(1)
    )
    assert "Stopped after 3 of 10 features" in found.method and not found.values[3:].any()
    whole = permutation_importance(make_bundle(), "osimertinib")
    assert found.values[:3].tolist() == whole.values[:3].tolist()  # batches change nothing


@given(st.integers(0, 10_000))
def test_areas_of_weighted_draws_are_areas_of_the_drawn_patients(seed):
    rng = np.random.default_rng(seed)
    y, score = (rng.random(30) < 0.4).astype(float), rng.integers(0, 8, 30).astype(float)
    weights = rng.multinomial(30, np.full(30, 1 / 30), size=4).astype(float)
    for w, area in zip(weights, shuffling.weighted_areas(y, score, weights), strict=True):
        who = np.repeat(np.arange(30), w.astype(int))
        assert area == pytest.approx(area_under_curve(y[who], score[who]), abs=1e-12)


# Beeswarm and dependence ---------------------------------------------------------------------------------------------


def test_a_swarm_shades_by_state_and_by_rank(make_bundle, sample):
    bundle = make_bundle()
    found = swarm(bundle, sample, top=10)
    assert found.features[0] == "EGFR p.L858R"
    gene, number, tumour = (found.features.index(n) for n in ("ALK fusion", "albumin", "tumour"))
    raw = pd.DataFrame(sample.rows, columns=SCHEMA.columns)
    assert np.array_equal(found.shades[:, gene], raw["ALK fusion"].to_numpy(), equal_nan=True)
    expected = (raw["albumin"].rank() - 1) / (raw["albumin"].notna().sum() - 1)
    assert found.shades[:, number] == pytest.approx(expected.to_numpy(), nan_ok=True)
    assert np.isnan(found.shades[:, tumour]).all()
    assert len(found.rows()) == 10


def test_dependence_of_a_gene_has_three_levels_with_counts(make_bundle, sample):
    found = dependence(make_bundle(), sample, "ALK fusion")
    raw = sample.rows[:, SCHEMA.columns.index("ALK fusion")]
    assert [(v.words, v.n) for v in found.levels] == [
        ("altered", int((raw == 1).sum())),
        ("tested, not altered", int((raw == 0).sum())),
        ("not assayed", int(np.isnan(raw).sum())),
    ]
    j = SCHEMA.index("ALK fusion")
    assert found.levels[0].median == pytest.approx(np.median(sample.values[raw == 1, j]))


def test_a_state_that_nobody_has_is_listed_with_none(make_bundle, sample):
    found = dependence(make_bundle(), sample, "EGFR p.L858R")
    assert (found.levels[2].words, found.levels[2].n, found.levels[2].median) == ("not assayed", 0, None)


def test_dependence_of_a_number_puts_every_patient_in_one_range(make_bundle, sample):
    for name in ("albumin", "age_years"):
        found = dependence(make_bundle(), sample, name)
        assert found.kind == "number" and sum(v.n for v in found.levels) == len(sample)
    found = dependence(make_bundle(), sample, "albumin")
    assert found.levels[-1].words == "not known"
    assert found.levels[-1].n == int(np.isnan(sample.rows[:, SCHEMA.columns.index("albumin")]).sum())


def test_dependence_of_a_constant_or_unknown_number(make_bundle, sample):
    bundle = make_bundle()
    rows = np.array(sample.rows)
    rows[:, SCHEMA.columns.index("age_years")] = 60.0
    rows[:, SCHEMA.columns.index("albumin")] = np.nan
    flat = ShapleySample(
        "osimertinib", "O", SCHEMA.names, SCHEMA.names, sample.ids, rows, sample.values, 0.0, "log-odds", "b", 0, "f"
    )  # fmt: skip
    assert [(v.words, v.n) for v in dependence(bundle, flat, "age_years").levels] == [("60", 300)]
    assert [(v.words, v.n) for v in dependence(bundle, flat, "albumin").levels] == [("not known", 300)]


def test_dependence_of_a_misspelled_feature_names_its_neighbour(make_bundle, sample):
    with pytest.raises(UnknownNameError, match="Did you mean albumin"):
        dependence(make_bundle(), sample, "albumen")


# Neighbours ----------------------------------------------------------------------------------------------------------


def test_a_training_patient_is_nearest_to_themselves_unless_left_out(make_bundle):
    bundle = make_bundle()
    X = bundle.training.X
    apart = distances(bundle.schema, X.to_numpy(), X.iloc[8].to_numpy())
    assert apart[8] == apart.min() and (apart >= 0).all() and (apart <= 1).all()
    row = X.iloc[8].to_numpy()
    assert similar_patients(bundle, row, n=1).n == 1
    with_self, without = (
        similar_patients(bundle, row, n=1200),
        similar_patients(bundle, row, n=1200, exclude="T0008"),
    )
    assert (with_self.n, without.n) == (1200, 1199)


def test_distance_by_hand():
    blank = np.full(len(SCHEMA.columns), np.nan)
    a, b = blank.copy(), blank.copy()
    at = SCHEMA.columns.index
    a[at("TP53")], b[at("TP53")] = 1.0, 0.0  # differ: 1
    a[at("KRAS")], b[at("KRAS")] = 0.0, 0.0  # shared absence tells nothing
    a[at("sex=male")], b[at("sex=male")] = 1.0, 1.0  # alike: 0
    a[at("ALK fusion")] = 1.0  # altered in one, not assayed in the other: half
    assert distances(SCHEMA, b[None, :], a)[0] == pytest.approx((1 + 0 + 0.5) / 3)


def test_observed_outcomes_are_counted_and_small_counts_withheld(make_bundle, patient):
    bundle = make_bundle()
    found = similar_patients(bundle, patient, n=1200)
    y = bundle.training.y["osimertinib"].dropna()
    seen = found.of("osimertinib")
    assert (seen.n_treated, seen.n_responded) == (len(y), int(y.sum()))
    assert seen.low < seen.share < seen.high
    few = similar_patients(bundle, patient, n=6)
    for o in few.observed:
        assert o.n_treated is None or o.n_treated >= 5
        if o.n_responded is not None:
            assert min(o.n_responded, o.n_treated - o.n_responded) >= 5
    shown = str(few.rows()) + few.words
    assert "fewer than 5" in shown or "withheld" in shown


@pytest.mark.parametrize(
    ("responses", "shown"),
    [
        ([1] * 10 + [0] * 12, (22, 10)),
        ([1] * 20 + [0] * 2, (22, None)),  # two who did not respond could be told from the others
        ([1] * 3 + [0] * 20, (23, None)),
        ([1, 0, 1, 0], (None, None)),
        ([np.nan] * 30, (None, None)),
    ],
)
def test_no_count_under_five_can_be_read_off(make_bundle, responses, shown):
    found = neighbours._observed(make_bundle(), "osimertinib", np.array(responses, dtype=float))
    assert (found.n_treated, found.n_responded) == shown
    assert (found.share is None) == (found.n_responded is None)


def test_similar_patients_share_the_driver_and_the_tumour(make_bundle, patient):
    bundle = make_bundle()
    found = similar_patients(bundle, patient, n=25)
    apart = distances(bundle.schema, bundle.training.X.to_numpy(), bundle.schema.encode_row(patient))
    nearest = bundle.training.X.iloc[np.argsort(apart)[:10]]
    assert (nearest["EGFR p.L858R"] == 1).all() and (nearest["tumour=LUAD"] == 1).all()
    assert found.distance < found.typical_distance


def test_without_a_cohort_there_are_no_neighbours():
    bundle = SimpleNamespace(training=None, formula=object(), manifest=SimpleNamespace(title="LORIS"))
    with pytest.raises(NoCohortError, match="LORIS is a published formula"):
        similar_patients(bundle, np.zeros(3))


# Worst errors --------------------------------------------------------------------------------------------------------


def test_the_worst_errors_are_the_largest_losses(make_bundle):
    bundle = make_bundle()
    found = worst_errors(bundle, n=20)
    assert len(found) == 20 and len(error_rows(found)) == 20
    probability = pd.DataFrame(
        bundle.probability(bundle.training.margins.to_numpy()), bundle.training.X.index, bundle.options
    )
    losses = []
    for option in bundle.options:
        y = bundle.training.y[option].dropna()
        p = probability.loc[y.index, option]
        losses += list(-np.log(np.where(y == 1, p, 1 - p)))
    assert [e.surprise for e in found] == pytest.approx(sorted(losses, reverse=True)[:20], rel=1e-6)
    first = found[0]
    assert first.responded == (bundle.training.y.loc[first.patient_id, first.option] == 1)
    assert first.probability == pytest.approx(probability.loc[first.patient_id, first.option])


def test_worst_errors_of_one_option(make_bundle):
    assert {e.option for e in worst_errors(make_bundle(), n=5, option="sotorasib")} == {"sotorasib"}


# Refusals ------------------------------------------------------------------------------------------------------------


def test_only_formulas_have_published_weights(make_bundle):
    with pytest.raises(CannotExplainError, match="fitted, not published"):
        formula_weights(make_bundle())


def test_an_option_with_one_outcome_cannot_be_shuffled(make_bundle):
    bundle = make_bundle()
    y = bundle.training.y.assign(osimertinib=1.0)

    class OneOutcome:
        training = SimpleNamespace(X=bundle.training.X, y=y)

        def __getattr__(self, name):
            return getattr(bundle, name)

    with pytest.raises(OneClassError, match="all alike"):
        permutation_importance(OneOutcome(), "osimertinib")


def test_a_laboratory_model_speaks_of_samples_that_were_tested(make_bundle, patient):
    bundle = make_bundle()
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, setting="laboratory"))
    found = similar_patients(bundle, patient)
    text = found.words + str(found.rows()) + str([o.words for o in found.observed])
    assert "of them were tested with it" in text and "similar patients tested" in text
    assert "not a response of a patient" in found.words
    chart = observed_outcomes(found)
    text += str(chart.to_dict()["layout"])
    assert "were among the sensitive, of those tested" in chart.layout.xaxis.title.text
    errors = worst_errors(bundle, n=40)
    text += str(error_rows(errors)) + " ".join(e.words for e in errors)
    assert {e.observed for e in errors} == {"were among the sensitive", "were not among the sensitive"}
    assert not re.search(r"responded|did not respond|had it|treated", text)
