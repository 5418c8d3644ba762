"""Odd models and cohorts through every local question: right answers, or a clear word why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from explainers.agreement import compare
from explainers.alike_to_the_model import patients_alike_to_the_model
from explainers.background import assayed_alike
from explainers.charts.attribution import comparison, waterfall
from explainers.faithfulness import faithfulness
from explainers.interactions import patient_interactions
from explainers.local import EXPLAINERS, explain, explain_groups, not_tested
from explainers.near_identical import near_identical
from explainers.neighbours import similar_patients
from explainers.players import CannotExplainError
from explainers.stabilising import stabilise
from explainers.three_depths import DEPTHS, tell
from oncology.bundles import build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature


def boosted():
    return HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=4, min_samples_leaf=2, random_state=0)


def made(folder, schema, X, y, *, folds=5, estimator=None):
    index = [f"T{i:04d}" for i in range(len(y))]
    table = pd.DataFrame(np.asarray(X, dtype=float), index=index, columns=list(schema.columns))
    outcomes = pd.DataFrame({"drug": np.asarray(y, dtype=float)}, index=index)
    groups = pd.DataFrame({"tumour": ["LUAD"] * len(y)}, index=index)
    return build(
        folder / "b", name="odd", title="Odd", cohort=Cohort(table, outcomes, groups, schema), folds=folds,
        estimators=estimator or boosted(), background_size=20, synthetic=True,
    )  # fmt: skip


def genes(n):
    return tuple(alteration_feature(f"GENE{i}") for i in range(n))


def one_feature(folder):
    rng = np.random.default_rng(0)
    x = (rng.random(80) < 0.5).astype(float)
    return made(folder, FeatureSchema(genes(1)), x[:, None], (rng.random(80) < 0.2 + 0.6 * x).astype(int))


def constant_and_missing(folder):
    """A gene that everybody has altered, one that nobody was tested for, and a number that nobody has."""
    rng = np.random.default_rng(1)
    x = (rng.random(80) < 0.5).astype(float)
    X = np.stack([x, np.ones(80), np.full(80, np.nan), np.full(80, np.nan)], axis=1)
    schema = FeatureSchema((*genes(3), field_feature("albumin", "Albumin", "labs.albumin_g_dl")))
    return made(folder, schema, X, (rng.random(80) < 0.2 + 0.6 * x).astype(int))


def two_thousand(folder):
    rng = np.random.default_rng(2)
    X = (rng.random((150, 2000)) < 0.1).astype(float)
    X[rng.random(X.shape) < 0.05] = np.nan
    y = (rng.random(150) < 0.2 + 0.6 * np.nan_to_num((X[:, :40] > 0).any(axis=1))).astype(int)
    return made(folder, FeatureSchema(genes(2000)), X, y)


def five_patients(folder):
    X = np.array([[1, 60.0], [1, 61.0], [0, 62.0], [0, 63.0], [1, np.nan]])
    schema = FeatureSchema((*genes(1), field_feature("age", "Age", "age_years", unit="years")))
    return made(folder, schema, X, [1, 1, 0, 0, 0], folds=2)


def a_sum_of_one(folder):
    rng = np.random.default_rng(3)
    x = (rng.random(60) < 0.5).astype(float)
    estimator = make_pipeline(SimpleImputer(), LogisticRegression())
    return made(
        folder,
        FeatureSchema(genes(1)),
        x[:, None],
        (rng.random(60) < 0.2 + 0.6 * x).astype(int),
        estimator=estimator,
    )


KINDS = (one_feature, constant_and_missing, two_thousand, five_patients, a_sum_of_one)


@pytest.fixture(scope="module", params=KINDS, ids=lambda f: f.__name__)
def odd(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("odd"))


def rows_of(bundle):
    known = bundle.training.X.to_numpy()[0]
    return {
        "as recorded": known,
        "nothing known": np.full(len(known), np.nan),
        "unlike all others": np.where(np.isnan(known), 1.0, 9e9),
    }


def told(question, *given, **more):
    """The answer, or the words of its refusal."""
    try:
        return question(*given, **more)
    except CannotExplainError as error:
        return str(error)


def test_every_method_adds_up_or_says_why_not(odd):
    for row in rows_of(odd).values():
        whys = []
        wide = len(row) > 1000 and bool(
            np.isnan(row).all()
        )  # the lime package takes its time; once is enough
        for method in EXPLAINERS if not wide else ("shapley", "ablation", "exact"):
            why = told(explain, odd, row, method, option="drug")
            if isinstance(why, str):
                assert "Use " in why or "take" in why
                continue
            assert np.isfinite(why.values).all()
            if method in ("shapley", "exact"):
                assert abs(why.residual()) < 1e-6 * max(1.0, abs(why.score))
            whys.append(why)
        assert whys[0].method == "shapley"
        compare([whys[0], whys[0]])
        if len(whys) > 1:
            compare(whys)
            comparison(whys)
        for depth in DEPTHS:
            assert tell(whys[0], depth).points
        waterfall(whys[0], interval=(whys[0].values - 0.1, whys[0].values + 0.1))


def test_groups_unknowns_and_steps_are_told(odd):
    for row in rows_of(odd).values():
        for grouping in ("kind", "gene"):
            why = explain_groups(odd, row, grouping, option="drug")
            assert abs(why.residual()) < 1e-6 * max(1.0, abs(why.score))
        masked = explain(odd, row, "shapley", option="drug", background=assayed_alike(odd, row))
        unknown = np.array([np.isnan(row[odd.schema.columns_of(n)]).any() for n in odd.schema.names])
        assert np.abs(masked.values[unknown]).max(initial=0) < 1e-9
        found = not_tested(odd, row, option="drug")
        assert (
            found.words
            and abs(found.shares.sum() - found.variance) < 1e-9
            and len(found.rows()) == unknown.sum()
        )
        assert near_identical(odd, row, "drug").words
        pairs = told(patient_interactions, odd, row, "drug")
        assert "sum of single inputs" in pairs if isinstance(pairs, str) else pairs.words


def test_a_gene_that_nobody_was_tested_for_has_no_part(tmp_path):
    bundle = constant_and_missing(tmp_path)
    row = np.array([1.0, 1.0, np.nan, np.nan])
    for method in ("shapley", "ablation", "lime-repeated"):
        assert np.abs(explain(bundle, row, method, option="drug").values[1:]).max() < 1e-9
    found = not_tested(bundle, row, option="drug")
    assert found.variance == pytest.approx(0) and "would not move its answer" in found.words


def test_one_feature_holds_the_whole_difference(tmp_path):
    bundle = one_feature(tmp_path)
    why = explain(bundle, np.array([1.0]), "shapley", option="drug")
    assert why.values[0] == pytest.approx(why.score - why.base_value) and why.values[0] > 0
    assert explain_groups(bundle, np.array([1.0]), "kind", option="drug").values[0] == pytest.approx(
        why.score - bundle.option_margin(bundle.background.rows, "drug").mean()
    )


def test_neighbours_hide_small_counts(odd):
    row = rows_of(odd)["as recorded"]
    for found in (similar_patients(odd, row, n=5), patients_alike_to_the_model(odd, row, "drug", n=5)):
        assert found.n == 5 and (found.of("drug").n_responded is None)


def test_curves_are_measured_on_as_many_as_there_are(odd):
    found = faithfulness(odd, "drug", methods=("shapley", "ablation"), n_patients=6)
    assert found.n_patients == min(6, len(odd.training)) and found.words
    assert all(np.isfinite(m.deletion).all() for m in found.methods)


def test_refits_are_made_or_refused_in_words(odd):
    found = stabilise(odd, n_refits=3, n_shuffles=2, n_checks=1)
    if len(odd.training) == 5:
        assert "too few" in found.left_out["drug"] and not found.has("drug")
        return
    row = rows_of(odd)["as recorded"]
    why = explain(odd, row, "shapley", option="drug")
    low, high = found.interval_of(odd, row, why)
    assert (low <= why.values).all() and (why.values <= high).all()
    unheard = np.full(len(row), 9e9)
    assert np.isfinite(found.interval(odd.schema, "drug", unheard, why.values)).all()
