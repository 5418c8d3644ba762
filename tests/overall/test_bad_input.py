"""One feature, constant features, nothing known, 2,000 features, five patients: right answers, or a clear word why not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from explainers import importance
from explainers.dependence import dependence
from explainers.importance import shapley_importance, shapley_sample
from explainers.model_report import model_report
from explainers.overall.dropping import drop_column_importance
from explainers.overall.general_logic import general_logic
from explainers.overall.known_biology import known_biology
from explainers.overall.pairs import strongest_pairs
from explainers.overall.partial_effects import accumulated_effect, partial_dependence
from explainers.overall.strongest_markers import strongest_markers
from explainers.overall.summary import summary
from explainers.players import CannotExplainError
from explainers.shuffling import permutation_importance
from explainers.swarm import swarm
from explainers.worst_errors import worst_errors
from oncology.bundles import build
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, alteration_feature, field_feature


def boosting(**more):
    return HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=6, random_state=0, **more)


def bundle_of(folder, schema, X, y, estimator=None):
    X = pd.DataFrame(X, columns=list(schema.columns), index=[f"P{i}" for i in range(len(X))])
    y = pd.DataFrame(y, index=X.index)
    groups = pd.DataFrame({"tumour": ["LUAD"] * len(X)}, index=X.index)
    return build(
        folder, name="odd", cohort=Cohort(X, y, groups, schema), estimators=boosting() if estimator is None else estimator, folds=2,
        synthetic=True, format="skops" if estimator is None else "joblib",
    )  # fmt: skip


def outcomes(rng, signal):
    return {
        o: (rng.random(len(signal)) < 1 / (1 + np.exp(-signal - k))).astype(float)
        for k, o in enumerate(("one", "two"))
    }


def everything(bundle, option="one"):
    """Ask all; answers by name, refusals as their words."""
    feature = bundle.schema.names[0]
    asked = {
        "sample": lambda: shapley_sample(bundle, option),
        "importance": lambda: shapley_importance(shapley_sample(bundle, option)),
        "swarm": lambda: swarm(bundle, shapley_sample(bundle, option)),
        "dependence": lambda: dependence(bundle, shapley_sample(bundle, option), feature),
        "shuffling": lambda: permutation_importance(bundle, option, n_repeats=1, n_bootstrap=20),
        "dropping": lambda: drop_column_importance(bundle, option, n_bootstrap=20),
        "partial": lambda: partial_dependence(bundle, option, feature),
        "accumulated": lambda: accumulated_effect(bundle, option, feature),
        "pairs": lambda: strongest_pairs(bundle, option, n_patients=20),
        "logic": lambda: general_logic(bundle, option),
        "markers": lambda: strongest_markers(bundle),
        "biology": lambda: known_biology(
            bundle, shapley_sample(bundle, option), shapley_importance(shapley_sample(bundle, option)), ()
        ),
        "errors": lambda: worst_errors(bundle),
    }
    found = {}
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except CannotExplainError as error:
            found[name] = str(error)
    return found


def test_a_model_of_one_feature(tmp_path):
    rng = np.random.default_rng(0)
    gene = (rng.random(200) < 0.4).astype(float)
    bundle = bundle_of(
        tmp_path / "b",
        FeatureSchema((alteration_feature("KRAS"),)),
        gene[:, None],
        outcomes(rng, 3 * gene - 1),
    )
    found = everything(bundle)
    assert found["importance"].order() == [0]
    assert found["shuffling"].values[0] > 0.1 and found["dropping"].values[0] > 0.1
    assert found["partial"].mean[0] > found["partial"].mean[1]
    assert "has states, not a scale" in found["accumulated"]
    assert found["pairs"].pairs == () and "No two inputs act together" in found["pairs"].words
    assert found["logic"].tree_fidelity.r2 == pytest.approx(1.0) and found[
        "logic"
    ].rules_fidelity.r2 == pytest.approx(1.0)
    assert found["markers"].markers[0].feature == "KRAS" and found["markers"].markers[0].runner_up == ""


def test_constant_and_wholly_unknown_features_count_for_nothing(tmp_path):
    rng = np.random.default_rng(1)
    schema = FeatureSchema(
        (
            alteration_feature("TP53"), alteration_feature("KRAS"), field_feature("age", "Age", "age_years"),
            field_feature("albumin", "Albumin", "labs.albumin_g_dl"), alteration_feature("EGFR"),
        )
    )  # fmt: skip
    X = np.zeros((200, 5))
    X[:, 1] = rng.random(200) < 0.4
    X[:, 2] = 60.0
    X[:, 3] = np.nan
    X[:, 4] = np.nan
    bundle = bundle_of(tmp_path / "b", schema, X, outcomes(rng, 3 * X[:, 1] - 1))
    found = everything(bundle)
    for name in ("importance", "shuffling", "dropping"):
        values = found[name].values
        assert values[1] > 0.1 and not values[[0, 2, 3, 4]].any()
    with pytest.raises(CannotExplainError, match="one value only"):
        accumulated_effect(bundle, "one", "age")
    with pytest.raises(CannotExplainError, match="no known value"):
        accumulated_effect(bundle, "one", "albumin")
    with pytest.raises(CannotExplainError, match="no value to try"):
        partial_dependence(bundle, "one", "albumin")
    assert np.ptp(partial_dependence(bundle, "one", "EGFR").mean) == 0
    assert [f.feature for f in found["biology"].findings] == ["KRAS"]
    assert found["logic"].tree_fidelity.is_faithful


def test_five_patients(tmp_path):
    rng = np.random.default_rng(2)
    schema = FeatureSchema(
        (alteration_feature("KRAS"), alteration_feature("TP53"), field_feature("age", "Age", "age_years"))
    )
    X = np.column_stack([[1, 0, 1, 0, 1], [0, 0, 1, 1, 0], rng.normal(60, 9, 5)])
    y = {"one": [1.0, 0, 1, 0, 1], "two": [0.0, 1, 0, 1, 0]}
    forest = RandomForestClassifier(5, max_depth=2, random_state=0)
    bundle = bundle_of(tmp_path / "b", schema, X, y, forest)
    found = everything(bundle)
    assert len(found["sample"]) == 5 and np.isfinite(found["importance"].values).all()
    assert "too few or all alike" in found["shuffling"] and "too few or all alike" in found["dropping"]
    assert "5 patients had" in found["logic"]
    assert found["partial"].n_have == (None, None, 0)
    assert found["markers"].markers[0].direction.way in ("too few", "none")
    assert "fewer than 5" in found["dependence"].rows()[0]["patients"]
    assert "5 patients had" in model_report(bundle, found=summary(bundle))


def test_two_thousand_features(tmp_path):
    rng = np.random.default_rng(3)
    schema = FeatureSchema(tuple(field_feature(f"f{i}", f"Feature {i}", f"findings.f{i}") for i in range(1996)) + tuple(
        alteration_feature(g) for g in ("KRAS", "TP53", "EGFR", "ALK")
    ))  # fmt: skip
    X = rng.normal(size=(120, 2000))
    X[:, 1996:] = rng.random((120, 4)) < 0.4
    bundle = bundle_of(tmp_path / "b", schema, X, outcomes(rng, 4 * X[:, 1996] - 2), RandomForestClassifier(
        15, max_depth=3, max_features=0.5, random_state=0
    ))  # fmt: skip
    found = everything_quick(bundle)
    assert found["importance"].order()[0] == 1996
    assert found["markers"].markers[0].feature == "KRAS"
    assert "KRAS" in found["logic"].rules[0].words
    assert found["pairs"].n_patients == 10 and len(found["pairs"].pairs) <= 10
    with pytest.raises(CannotExplainError, match="would take about"):
        drop_column_importance(bundle, "one", most_minutes=0.0001)


def everything_quick(bundle):
    """What is asked of the many features: all but the two measures that train or predict for every one."""
    return {
        "importance": shapley_importance(shapley_sample(bundle, "one")),
        "pairs": strongest_pairs(bundle, "one", n_patients=10, n_bootstrap=20),
        "logic": general_logic(bundle, "one"),
        "markers": strongest_markers(bundle),
    }


def test_options_that_exclude_each_other_have_margins_but_no_single_probability(tmp_path, monkeypatch):
    monkeypatch.setattr(importance, "_MOST_BY_PATIENT", 2)
    rng = np.random.default_rng(5)
    schema = FeatureSchema((alteration_feature("KRAS"), field_feature("age", "Age", "age_years")))
    X = np.column_stack([(rng.random(240) < 0.5).astype(float), rng.normal(60, 9, 240)])
    which = np.where(X[:, 0] == 1, 0, rng.integers(1, 3, 240))
    y = {o: (which == k).astype(float) for k, o in enumerate(("one", "two", "three"))}
    frame = pd.DataFrame(X, columns=list(schema.columns), index=[f"P{i}" for i in range(240)])
    groups = pd.DataFrame({"tumour": ["LUAD"] * 240}, index=frame.index)
    bundle = build(
        tmp_path / "b", name="classes", cohort=Cohort(frame, pd.DataFrame(y, index=frame.index), groups, schema),
        estimators=boosting(), output_kind="classes", folds=2, synthetic=True,
    )  # fmt: skip
    found = partial_dependence(bundle, "one", "KRAS", n_patients=50)
    assert found.probability is None and found.mean[0] > found.mean[1]
    assert general_logic(bundle, "one").rules[0].probability is None
    with pytest.raises(CannotExplainError, match="exclude each other"):
        strongest_pairs(bundle, "one")
    assert summary(bundle).options[0].pairs.startswith("The options of this model exclude each other")
