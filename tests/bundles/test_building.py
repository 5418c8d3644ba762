"""Any classifier with predict_proba becomes a bundle, and says after loading what it said before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from scipy.special import logit
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

from oncology.bundles import BuildError, BundleSchemaError, OneOutcomeError, UnknownTypesError, build, load
from oncology.bundles.storage import dump_skops
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, field_feature
from tests.bundles.small import GENES, OPTIONS, boosting, small_bundle, small_cohort

FAMILIES = {
    "histogram boosting": lambda: boosting(),
    "histogram boosting in a pipeline": lambda: make_pipeline(StandardScaler(), boosting()),
    "gradient boosting": lambda: make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=8)),
    "logistic regression": lambda: make_pipeline(
        SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=2000)
    ),
    "random forest": lambda: RandomForestClassifier(8, max_depth=4, random_state=0),
    "naive Bayes": lambda: make_pipeline(SimpleImputer(), GaussianNB()),
    "XGBoost": lambda: XGBClassifier(n_estimators=8, max_depth=3, n_jobs=1),
    "LightGBM": lambda: LGBMClassifier(n_estimators=8, max_depth=3, n_jobs=1, verbose=-1),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_bundle_gives_the_probabilities_of_its_estimators(tmp_path, family):
    cohort = small_cohort()
    built = build(tmp_path / "b", name="b", cohort=cohort, estimators=FAMILIES[family](), folds=3)
    loaded = load(tmp_path / "b")
    X = cohort.X.to_numpy()
    own = np.stack([e.predict_proba(X)[:, 1] for e in built.estimators.values()], axis=1)
    shown = loaded.margin(cohort.X)
    expected = own if family == "random forest" else logit(own)
    assert loaded.unit == ("probability" if family == "random forest" else "log-odds")
    np.testing.assert_allclose(shown, expected, atol=2e-5 if family in ("XGBoost", "LightGBM") else 1e-9)
    np.testing.assert_array_equal(shown, built.margin(X))


def test_fitted_estimators_are_used_as_they_are(tmp_path):
    cohort = small_cohort()
    tried = cohort.y["sotorasib"].notna()
    fitted = boosting(max_iter=3).fit(cohort.X[tried].to_numpy(), cohort.y["sotorasib"][tried].astype(int))
    bundle = build(
        tmp_path / "b", name="b", cohort=cohort, estimators={"sotorasib": fitted}, options=["sotorasib"]
    )
    np.testing.assert_array_equal(
        bundle.margin(cohort.X)[:, 0], fitted.decision_function(cohort.X.to_numpy())
    )
    assert bundle.options == ("sotorasib",) and not bundle.ranks


def test_an_estimator_fitted_on_a_named_table_is_asked_with_names(tmp_path, recwarn):
    cohort = small_cohort()
    tried = cohort.y["sotorasib"].notna()
    named = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=2000))
    named.fit(cohort.X[tried], cohort.y["sotorasib"][tried].astype(int))
    bundle = build(
        tmp_path / "b", name="b", cohort=cohort, estimators={"sotorasib": named}, options=["sotorasib"]
    )
    bundle.margin(cohort.X.to_numpy()[:3])
    assert not [w for w in recwarn if "feature names" in str(w.message)]


def test_exclusive_classes_sum_to_one(tmp_path):
    cohort = small_cohort()
    best = cohort.y.fillna(0).to_numpy() + np.linspace(0, 0.1, 3)
    y = pd.DataFrame(np.eye(3)[best.argmax(axis=1)], index=cohort.X.index, columns=list(OPTIONS))
    one_of = Cohort(cohort.X, y, cohort.groups, cohort.schema)
    build(tmp_path / "b", name="b", cohort=one_of, estimators=boosting(), output_kind="classes", folds=3)
    bundle = load(tmp_path / "b")
    margin = bundle.margin(cohort.X)
    p = bundle.probability(margin)
    assert bundle.margin(cohort.X[:0]).shape == (0, 3)
    low, high = bundle.interval(margin)
    assert p.shape == (300, 3) and bundle.ranks
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (low <= p).all() and (p <= high).all() and (high > low).any()


def test_out_of_fold_margins_are_not_the_model_s_own(tmp_path):
    bundle = small_bundle(tmp_path / "b", estimators=boosting(max_iter=60))
    training = bundle.training
    own = bundle.margin(training.X)
    known = training.y.notna().to_numpy()
    assert (np.isnan(training.margins.to_numpy()) == ~known).all()
    assert np.abs(training.margins.to_numpy()[known] - own[known]).max() > 0.1


def test_the_manifest_counts_support_and_responders_by_hand(tmp_path):
    bundle = small_bundle(tmp_path / "b")
    cohort = small_cohort()
    tried = cohort.y["sotorasib"].notna() & (cohort.groups["tumour"] == "SKCM")
    assert bundle.manifest.support["sotorasib"]["SKCM"] == tried.sum()
    assert bundle.manifest.responders["sotorasib"]["SKCM"] == cohort.y["sotorasib"][tried].sum()
    assert bundle.manifest.support["sotorasib"][""] == cohort.y["sotorasib"].notna().sum()


def test_the_background_keeps_the_shares_of_tumour_types(tmp_path):
    bundle = small_bundle(tmp_path / "b", background_size=60)
    cohort = small_cohort()
    drawn = bundle.background.rows[:, 4:7].sum(axis=0)
    expected = cohort.X.to_numpy()[:, 4:7].mean(axis=0) * 60
    assert bundle.background.rows.shape == (60, 8)
    assert np.abs(drawn - expected).max() <= 1
    assert bundle.background.name == "60 training patients, drawn by tumour type"


def test_the_same_model_gives_the_same_bytes(tmp_path):
    hashes = {small_bundle(tmp_path / str(i), date="2026-01-01").sha256 for i in range(2)}
    assert len(hashes) == 1


def test_the_number_of_threads_that_fitted_a_model_is_not_in_its_bytes():
    small = small_cohort()
    y = small.y["osimertinib"].dropna()
    files = []
    for n_threads in (1, 2):
        model = boosting().fit(small.X.loc[y.index].to_numpy(), y.to_numpy())
        model._bin_mapper.n_threads = n_threads
        files.append(dump_skops({"osimertinib": model})[0])
        assert model._bin_mapper.n_threads == n_threads
    assert files[0] == files[1]


def _with_one_class():
    cohort = small_cohort()
    y = cohort.y.assign(sotorasib=cohort.y["sotorasib"] * 0)
    return Cohort(cohort.X, y, cohort.groups, cohort.schema)


def test_an_option_with_one_outcome_class_is_refused_by_name(tmp_path):
    with pytest.raises(
        OneOutcomeError, match=r"sotorasib: all \d+ patients with a known outcome have the same one"
    ):
        small_bundle(tmp_path / "b", cohort=_with_one_class())
    assert list(tmp_path.iterdir()) == []


def test_an_option_left_out_stands_in_the_manifest_with_its_reason(tmp_path):
    bundle = small_bundle(tmp_path / "b", cohort=_with_one_class(), leave_out=True)
    assert bundle.options == ("osimertinib", "dabrafenib")
    assert "have the same one" in load(tmp_path / "b").manifest.left_out["sotorasib"]


def test_too_few_responders_for_the_folds_are_refused(tmp_path):
    cohort = small_cohort()
    y = cohort.y.copy()
    y.loc[y.index[4:], "sotorasib"] = np.nan
    y.loc[y.index[:4], "sotorasib"] = [1.0, 0.0, 0.0, 0.0]
    with pytest.raises(OneOutcomeError, match="1 responders and 3 others; 3 folds need 3 of each"):
        small_bundle(tmp_path / "b", cohort=Cohort(cohort.X, y, cohort.groups, cohort.schema))


def test_a_model_that_cannot_take_unknown_values_is_refused_with_advice(tmp_path):
    with pytest.raises(BuildError, match="put an imputer before it"):
        small_bundle(tmp_path / "b", estimators=LogisticRegression(max_iter=2000))
    with pytest.raises(BuildError, match="does not take unknown values"):
        small_bundle(
            tmp_path / "c", cohort=small_cohort(unknown=0.0), estimators=LogisticRegression(max_iter=2000)
        )


def test_an_imputing_pipeline_says_so_in_the_manifest(tmp_path):
    bundle = small_bundle(
        tmp_path / "b", estimators=make_pipeline(SimpleImputer(), LogisticRegression(max_iter=2000))
    )
    assert "SimpleImputer" in bundle.manifest.missing_values
    assert "not assayed counts as a guess" in bundle.manifest.missing_values


def test_a_classifier_without_probabilities_is_refused(tmp_path):
    with pytest.raises(BuildError, match="Pipeline for 'osimertinib' has no predict_proba"):
        small_bundle(tmp_path / "b", estimators=make_pipeline(SimpleImputer(), RidgeClassifier()))


def test_one_fitted_classifier_cannot_stand_for_several_options(tmp_path):
    cohort = small_cohort(unknown=0.0)
    fitted = boosting().fit(cohort.X.to_numpy(), cohort.X["EGFR"].astype(int))
    with pytest.raises(BuildError, match="given for 3 options"):
        small_bundle(tmp_path / "b", estimators=fitted)


def test_classes_other_than_zero_and_one_are_refused(tmp_path):
    cohort = small_cohort(unknown=0.0)
    labels = np.where(cohort.X["EGFR"] > 0, "yes", "no")
    fitted = boosting().fit(cohort.X.to_numpy(), labels)
    with pytest.raises(BuildError, match=r"classes \['no', 'yes'\]; expected \[0, 1\]"):
        small_bundle(tmp_path / "b", cohort=cohort, estimators={"sotorasib": fitted}, options=["sotorasib"])


def test_a_missing_feature_is_named(tmp_path):
    cohort = small_cohort()
    schema = FeatureSchema((*cohort.schema.features[1:], field_feature("LDH", "LDH", "labs.ldh_u_l")))
    table = cohort.X.drop(columns="EGFR").assign(LDH=200.0)
    tried = cohort.y["sotorasib"].notna()
    named = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=2000)).fit(
        cohort.X[tried], cohort.y["sotorasib"][tried].astype(int)
    )
    other = Cohort(table, cohort.y, cohort.groups, schema)
    with pytest.raises(BundleSchemaError, match="takes the feature 'EGFR'"):
        small_bundle(tmp_path / "b", cohort=other, estimators={"sotorasib": named}, options=["sotorasib"])


def test_an_option_that_the_cohort_does_not_have_is_refused(tmp_path):
    with pytest.raises(BuildError, match="no outcomes for imatinib; its options are osimertinib"):
        small_bundle(tmp_path / "b", options=["imatinib"])


def test_an_existing_bundle_is_replaced_only_when_asked(tmp_path):
    first = small_bundle(tmp_path / "b", version="1")
    with pytest.raises(BuildError, match="already holds a bundle"):
        small_bundle(tmp_path / "b", version="2")
    second = small_bundle(tmp_path / "b", version="2", overwrite=True)
    assert load(tmp_path / "b").sha256 == second.sha256 != first.sha256
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    with pytest.raises(BuildError, match="something that is no bundle"):
        small_bundle(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "kept"


class OwnClassifier(LogisticRegression):
    """An estimator that skops does not know."""


def test_a_type_of_one_s_own_goes_into_joblib_only(tmp_path):
    own = make_pipeline(SimpleImputer(), OwnClassifier(max_iter=2000))
    with pytest.raises(UnknownTypesError, match="OwnClassifier"):
        small_bundle(tmp_path / "b", estimators=own)
    assert list(tmp_path.iterdir()) == []
    bundle = small_bundle(tmp_path / "b", estimators=own, format="joblib")
    assert bundle.manifest.format == "joblib" and bundle.margin(small_cohort().X).shape == (300, len(OPTIONS))


def test_a_misspelled_field_of_the_manifest_is_refused(tmp_path):
    with pytest.raises(BuildError, match="no field 'intended_usage'"):
        small_bundle(tmp_path / "b", intended_usage="x")


def test_gene_columns_are_the_schema_s_first(tmp_path):
    assert small_bundle(tmp_path / "b").schema.columns[:4] == GENES
