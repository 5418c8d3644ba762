"""The linear surrogate: the weights of the lime package for the same copies, its own copies, and many runs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lime.lime_base import LimeBase
from lime.lime_tabular import LimeTabularExplainer
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from explainers.linear_surrogate import Neighbourhood, PatientCoding, fit, proximity, surroundings
from explainers.local import explain, repeated_surrogate, surrogate
from explainers.local.repeated_surrogate import NoCopiesError, repeat, settle

CODED = list(range(8))


def table(n=400, seed=0):
    """Eight coded columns (one of three states, one a copy of another, one constant) and three numbers."""
    rng = np.random.default_rng(seed)
    coded = (rng.random((n, 8)) < [0.5, 0.3, 0.1, 0.02, 0.4, 0.5, 0.2, 0.0]).astype(float)
    coded[:, 4] += rng.random(n) < 0.2
    coded[:, 5] = coded[:, 0]
    return np.hstack([coded, rng.normal(size=(n, 2)), rng.integers(0, 4, (n, 1))])


def outcome(X, seed=1):
    rng = np.random.default_rng(seed)
    return (
        2 * X[:, 0] * X[:, 8] + X[:, 1] - 1.5 * X[:, 2] * (X[:, 4] > 1) + np.sin(X[:, 9]) + 0.3 * X[:, 10]
    ) + 0.3 * rng.normal(size=len(X))


@pytest.fixture
def seen(monkeypatch):
    """What the package hands to its own regression: copies, scores and distances."""
    calls = []
    theirs = LimeBase.explain_instance_with_data

    def watched(self, data, labels, distances, *rest, **named):
        calls.append((data.copy(), labels[:, 0].copy(), self.kernel_fn(distances)))
        return theirs(self, data, labels, distances, *rest, **named)

    monkeypatch.setattr(LimeBase, "explain_instance_with_data", watched)
    return calls


# The same copies, the same weights --------------------------------------------------------------------------------------

MODELS = {
    "boosting": HistGradientBoostingRegressor(max_iter=30, random_state=0),
    "forest": RandomForestRegressor(20, max_depth=5, random_state=0),
    "linear": LinearRegression(),
    "neighbours": KNeighborsRegressor(7),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("selection", "most", "width"),
    [
        ("auto", 1, None),
        ("auto", 3, None),
        ("auto", 6, None),
        ("auto", 8, None),
        ("forward_selection", 4, 0.4),
        ("forward_selection", 7, None),
        ("highest_weights", 5, None),
        ("none", 11, 5.0),
    ],
)
def test_the_weights_are_those_of_the_package_for_its_own_copies(seen, model, selection, most, width):
    X = table()
    fitted = MODELS[model].fit(X, outcome(X))
    explainer = LimeTabularExplainer(
        X, mode="regression", categorical_features=CODED, feature_selection=selection, kernel_width=width, random_state=3
    )  # fmt: skip
    found = explainer.explain_instance(X[7], fitted.predict, num_features=most, num_samples=600)
    data, scores, kernel = seen[0]
    indicators = data.astype(bool)
    weights = proximity(indicators, width)
    assert weights == pytest.approx(kernel, abs=1e-14)
    ours = fit(indicators, scores, weights, most=most, selection=selection)
    theirs = np.zeros(X.shape[1])
    for j, weight in found.local_exp[1]:
        theirs[j] = weight
    assert set(ours.features.tolist()) == {int(j) for j, _ in found.local_exp[1]}
    assert ours.weights(X.shape[1]) == pytest.approx(theirs, abs=1e-8)
    assert ours.intercept == pytest.approx(found.intercept[1], abs=1e-8)
    assert ours.quality == pytest.approx(found.score, abs=1e-8)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(3, 12), st.integers(1, 6), st.integers(20, 80))
def test_forward_selection_chooses_what_the_package_chooses(seed, f, most, n):
    rng = np.random.default_rng(seed)
    indicators = rng.random((n, f)) < rng.uniform(0.3, 0.95, f)
    indicators[0] = True
    assume(np.linalg.matrix_rank(indicators - indicators.mean(axis=0)) == f)
    scores = indicators @ rng.normal(size=f) + indicators[:, 0] * indicators[:, 1] + rng.normal(size=n)
    weights = rng.uniform(0.1, 1, n)
    theirs = LimeBase(lambda d: weights, random_state=0)
    data = indicators.astype(float)
    intercept, pairs, quality, _ = theirs.explain_instance_with_data(data, scores[:, None], weights, 0, most)
    order = theirs.forward_selection(data, scores, weights, most).tolist()
    ours = fit(indicators, scores, weights, most=most)
    assert ours.features.tolist() == order
    assert dict(zip(ours.features.tolist(), ours.coefficients, strict=True)) == pytest.approx(
        {int(j): w for j, w in pairs}, abs=1e-8
    )
    assert ours.intercept == pytest.approx(intercept, abs=1e-8) and ours.quality == pytest.approx(
        quality, abs=1e-8
    )


@pytest.mark.parametrize("kind", ["boosting", "forest", "linear", "network"])
@pytest.mark.parametrize("option", ["osimertinib", "chemotherapy"])
def test_the_method_lime_has_the_weights_of_the_surrogate_for_its_copies(
    seen, make_bundle, patient, kind, option
):
    bundle = make_bundle(kind)
    why = surrogate.explain(bundle, bundle.schema.encode_row(patient), option, n_samples=800)
    data, scores, _ = seen[0]
    ours = fit(data.astype(bool), scores, selection="none")
    albumin = bundle.schema.index("albumin")  # not known, so held
    assert np.delete(why.values, albumin) == pytest.approx(ours.weights(data.shape[1]), abs=1e-8)
    assert why.base_value == pytest.approx(ours.intercept, abs=1e-8)
    assert why.fit_quality == pytest.approx(ours.quality, abs=1e-8)


# Ties and nothing to explain ----------------------------------------------------------------------------------------------


def test_of_two_copies_of_a_feature_the_first_is_taken_and_the_second_adds_nothing():
    rng = np.random.default_rng(2)
    indicators = rng.random((200, 5)) < 0.6
    indicators[:, 3] = indicators[:, 1]
    scores = 3.0 * indicators[:, 1] + indicators[:, 2] + 0.1 * rng.normal(size=200)
    assert fit(indicators, scores, most=2).features.tolist() == [1, 2]
    every = fit(indicators, scores, most=5).features.tolist()
    assert every[-1] == 3 and sorted(every) == [0, 1, 2, 3, 4]


def test_a_feature_that_never_varies_is_chosen_last_and_weighs_nothing():
    rng = np.random.default_rng(3)
    indicators = rng.random((100, 3)) < 0.5
    indicators[:, 0] = True
    found = fit(indicators, indicators @ [5.0, 1.0, 2.0] + rng.normal(size=100), most=3)
    assert found.features[-1] == 0 and abs(found.coefficients[-1]) < 1e-12


def test_equal_scores_have_no_weights():
    found = fit(np.random.default_rng(0).random((50, 4)) < 0.5, np.full(50, 2.5), most=2)
    assert found.coefficients == pytest.approx([0, 0], abs=1e-12)
    assert found.intercept == pytest.approx(2.5)


def test_an_unknown_selection_or_no_feature_is_refused():
    for wrong in ({"most": 0}, {"selection": "lasso_path"}):
        with pytest.raises(ValueError, match="at least one feature"):
            fit(np.eye(3), np.arange(3.0), **wrong)


# Its own copies -----------------------------------------------------------------------------------------------------------


def test_states_bins_and_shares_are_those_of_the_package():
    X = table()
    theirs = LimeTabularExplainer(X, mode="regression", categorical_features=CODED)
    ours = Neighbourhood.around(X[7], X, CODED)
    shares = np.diff(
        np.minimum(np.pad(ours.cumulative, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), 1)
    )
    for j in range(X.shape[1]):
        values, given_shares = theirs.feature_values[j], theirs.feature_frequencies[j]
        drawn = {s: p for s, p in zip(ours.states[j], shares[j], strict=True) if p > 1e-12}
        assert drawn == pytest.approx(dict(zip(map(float, values), given_shares, strict=True)), abs=1e-12)
    for q, j in enumerate(ours.numbers.tolist()):
        bins = len(theirs.discretizer.means[j])
        for name, field in (("mins", ours.low), ("maxs", ours.high), ("means", ours.mean), ("stds", ours.spread)):  # fmt: skip
            assert field[q, :bins] == pytest.approx(getattr(theirs.discretizer, name)[j], abs=1e-12)


def test_copies_are_distributed_like_those_of_the_package(seen):
    X = table()
    asked = []
    theirs = LimeTabularExplainer(X, mode="regression", categorical_features=CODED, random_state=0)
    theirs.explain_instance(X[7], lambda Z: asked.append(Z) or Z[:, 0], num_samples=4000)
    indicators, codes = Neighbourhood.around(X[7], X, CODED).draw(4000, seed=1)
    # Four standard errors of a difference of shares, and a Kolmogorov-Smirnov test a number.
    assert np.abs(indicators.mean(axis=0) - seen[0][0].mean(axis=0)).max() < 4 * np.sqrt(0.5 / 4000)
    for j in CODED:
        for state in (0.0, 1.0, 2.0):
            assert abs((codes[:, j] == state).mean() - (asked[0][:, j] == state).mean()) < 4 * np.sqrt(
                0.5 / 4000
            )
    for j in (8, 9):
        assert ks_2samp(codes[:, j], asked[0][:, j]).pvalue > 0.001


def test_the_first_copy_is_the_patient_and_an_indicator_says_own_state_or_own_bin():
    X = table()
    around = Neighbourhood.around(X[7], X, CODED, own_share=0.5)
    indicators, codes = around.draw(3000, seed=4)
    assert codes[0].tolist() == X[7].tolist() and indicators[0].all()
    assert (indicators[:, CODED] == (codes[:, CODED] == X[7, CODED])).all()
    for j in (8, 9):
        edges = np.percentile(X[:, j], [25, 50, 75])
        own = np.searchsorted(edges, codes[:, j]) == np.searchsorted(edges, X[7, j])
        assert (indicators[:, j] == own).mean() > 0.999  # but for a copy on an edge
    # Half keep the patient's state whatever the cohort says; four standard errors of a share.
    kept, cohort = indicators[:, CODED].mean(axis=0), (X[:, CODED] == X[7, CODED]).mean(axis=0)
    assert np.abs(kept - (0.5 + 0.5 * cohort)).max() < 4 * np.sqrt(0.25 / 3000)


def test_the_same_seed_draws_the_same_copies():
    X = table()
    around = Neighbourhood.around(X[7], X, CODED)
    (a, one), (b, two), (_, other) = (around.draw(500, s) for s in (6, 6, 7))
    assert one.tobytes() == two.tobytes() and a.tobytes() == b.tobytes()
    assert one.tobytes() != other.tobytes()


def test_a_bin_of_one_value_gives_that_value():
    # More than a quarter of the cohort sits at the lowest value; the package draws 0 there.
    column = np.array([5.0] * 40 + list(np.linspace(6, 9, 60)))[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, codes = Neighbourhood.around(column[-1], column, []).draw(2000)
    assert codes.min() == 5.0 and (codes == 5.0).mean() > 0.3
    asked = []
    theirs = LimeTabularExplainer(column, mode="regression", random_state=0)
    theirs.explain_instance(column[-1], lambda Z: asked.append(Z) or Z[:, 0], num_samples=500)
    assert (asked[0] == 0.0).mean() > 0.3


def test_codes_become_the_columns_they_stand_for(make_bundle, patient):
    bundle = make_bundle()
    schema, rows = bundle.schema, bundle.background.rows
    row = schema.encode_row(patient)
    coding = PatientCoding.of(schema, rows, row)
    assert coding.held == ("Albumin",)
    back = coding.decode(coding.cohort)
    known = ~np.isin(schema.feature_of_column, [schema.index("albumin")])
    assert np.array_equal(back[:, known], rows[:, known], equal_nan=True)
    assert np.isnan(back[:, ~known]).all()
    assert np.array_equal(coding.decode(coding.patient[None])[0], row, equal_nan=True)


# Many runs ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["boosting", "linear"])
def test_the_mean_of_many_runs_is_where_the_package_lands(make_bundle, patient, kind):
    bundle = make_bundle(kind)
    row = bundle.schema.encode_row(patient)
    runs = repeat(bundle, row, "osimertinib", seeds=range(10), n_samples=2000)
    theirs = [surrogate.explain(bundle, row, "osimertinib", seed=s, n_samples=2000) for s in range(3)]
    assert (np.abs(np.mean([w.values for w in theirs], axis=0) - runs.mean) <= 4 * runs.spread + 1e-9).all()
    assert runs.same_top(1) == 10
    assert runs.mean == pytest.approx(runs.values.mean(axis=0))
    assert runs.std_error == pytest.approx(np.std(runs.values, axis=0, ddof=1) / np.sqrt(10))


def test_the_mean_repeats_with_its_seed_and_says_how_often_the_top_is_the_same(make_bundle, patient):
    bundle = make_bundle()
    few = {"option": "osimertinib", "n_repeats": 4, "n_samples": 500}
    row = bundle.schema.encode_row(patient)
    one, two, other = (repeated_surrogate.explain(bundle, row, **few, seed=s) for s in (1, 1, 2))
    assert one.values.tolist() == two.values.tolist() and one.std_error.tolist() == two.std_error.tolist()
    assert one.values.tolist() != other.values.tolist()
    assert any(words.startswith("Mean of 4 runs of 500 copies each") for words in one.limits)
    assert any("held as it is" in words and "Albumin" in words for words in one.limits)
    assert one.method == "lime-repeated" and not one.exact


def test_at_most_six_features_are_named(make_bundle, patient):
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    runs = repeat(bundle, row, "osimertinib", seeds=(1, 2, 3), n_samples=500, most=3)
    assert (np.count_nonzero(runs.values, axis=1) == 3).all()
    assert runs.values[:, bundle.schema.index("EGFR p.L858R")].all()


def test_a_poor_fit_of_many_runs_is_said(make_bundle, patient, monkeypatch):
    monkeypatch.setattr(surroundings, "LOW_FIT", 1.01)
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    why = repeated_surrogate.explain(bundle, row, "osimertinib", n_repeats=2, n_samples=200)
    assert "more runs do not cure that" in why.limits[0]


def test_too_few_runs_are_refused(make_bundle, patient):
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    for wrong in ({"seeds": [3]}, {"n_samples": 1}, {"most": 0}):
        with pytest.raises(NoCopiesError, match="at least 2 seeds, 2 copies and 1 feature"):
            repeat(bundle, row, "osimertinib", **wrong)
    with pytest.raises(Exception, match="Did you mean osimertinib"):
        repeat(bundle, row, "osimertinb")


def test_the_method_of_the_package_and_the_repeated_one_stand_side_by_side(make_bundle, patient):
    one, many = (explain(make_bundle(), patient, m, option="osimertinib") for m in ("lime", "lime-repeated"))
    assert (one.method, many.method) == ("lime", "lime-repeated")
    assert one.std_error is None and (many.std_error >= 0).all() and many.std_error.any()
    assert many.values[many.order()[0]] == pytest.approx(one.values[one.order()[0]], rel=0.15)


def test_copies_are_doubled_until_the_largest_inputs_repeat(make_bundle, patient, monkeypatch):
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    asked = []
    draw = Neighbourhood.draw

    def watched(self, n, seed=0):
        asked.append(n)
        return draw(self, n, seed)

    monkeypatch.setattr(Neighbourhood, "draw", watched)
    found = settle(bundle, row, "sotorasib", seeds=range(10))
    assert (
        sorted(set(asked)) == [1000 * 2**i for i in range(len(set(asked)))] and max(asked) == found.n_samples
    )
    assert found.settled and found.same_top(5) >= 9
    if found.n_samples > 1000:
        fewer = repeat(bundle, row, "sotorasib", seeds=range(10), n_samples=found.n_samples // 2)
        assert fewer.same_top(5) < 9
    assert (
        found.values.tolist()
        == repeat(bundle, row, "sotorasib", seeds=range(10), n_samples=found.n_samples).values.tolist()
    )


def test_runs_that_never_agree_are_said_to_be_chance(make_bundle, patient, monkeypatch):
    monkeypatch.setattr(repeated_surrogate, "FEWEST_SAMPLES", 10)
    monkeypatch.setattr(repeated_surrogate, "MOST_SAMPLES", 20)
    bundle = make_bundle()
    why = repeated_surrogate.explain(bundle, bundle.schema.encode_row(patient), "chemotherapy")
    assert why.limits[0].startswith("Even with 20 copies the runs do not agree")
    spread = why.std_error[why.order()[:5]].max() * np.sqrt(20)
    assert any(
        f"scatters around these values by up to {spread:.2f} (standard deviation)" in w for w in why.limits
    )
