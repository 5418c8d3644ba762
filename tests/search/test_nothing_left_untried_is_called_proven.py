"""Answers called proven hold for every value that a model can be told: ends of ranges, categories, tumour types."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from explainers.smallest import (
    Constraints,
    Goal,
    GoalError,
    changes,
    number_values,
    smallest_changes,
    sufficient_reason,
)
from explainers.smallest import conditions as conditions_module
from explainers.smallest.oracles import EngineOracle
from explainers.standings import Standings
from explainers.trees.ensemble import build as build_ensemble
from explainers.trees.forms import Tree
from explainers.trees.search import Goal as OutputGoal
from explainers.trees.search import smallest_sets
from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.errors import OncologyError
from oncology.features import FeatureSchema, alteration_feature, field_feature

TUMOURS = ("LUAD", "COADREAD", "SKCM")
ROW = np.array([1.0, 0.0, 4.0, 1.0, 0.0, 0.0])  # EGFR altered, KRAS not, CRP 4, LUAD


def linear(*steps):
    return make_pipeline(SimpleImputer(), *(steps or (StandardScaler(),)), LogisticRegression())


def made(path, estimator, *, kind="continuous", low=None, high=None, waves=False, known=False) -> ModelBundle:
    """Two options: the first loses with the number, the second wins; no training patient has SKCM."""
    schema = FeatureSchema(
        (
            *(alteration_feature(gene) for gene in ("EGFR", "KRAS")),
            field_feature("CRP", "CRP", "ecog" if kind == "count" else "labs.albumin_g_dl", kind, low=low, high=high),
            field_feature("tumour", "Tumour", "tumour", "categorical", levels=TUMOURS, missing="refuse"),
        )
    )  # fmt: skip
    rng, n = np.random.default_rng(0), 1200
    X = pd.DataFrame(0.0, index=[f"T{i}" for i in range(n)], columns=list(schema.columns))
    for gene in ("EGFR", "KRAS"):
        X[gene] = (rng.random(n) < 0.3).astype(float)
    number = rng.integers(0, 5, n).astype(float) if kind == "count" else rng.normal(5, 2, n)
    number = np.where(rng.random(n) < 0.3, np.nan, 5.0) if known else number
    X["CRP"] = number
    tumour = rng.integers(0, 2, n)
    for a, level in enumerate(TUMOURS[:2]):
        X[f"tumour={level}"] = (tumour == a).astype(float)
    effect = 6.0 * np.isin(number, [1, 3]) - 2.0 if waves else number - 5
    effect = np.where(np.isnan(number), -3.0, 2.0) if known else effect
    eta = {"a": 1 + 1.5 * X["EGFR"] - effect, "b": -1 + X["KRAS"] + effect}
    y = pd.DataFrame({o: (rng.random(n) < 1 / (1 + np.exp(-v))).astype(float) for o, v in eta.items()}, index=X.index)  # fmt: skip
    groups = pd.DataFrame({"tumour": [TUMOURS[t] for t in tumour]}, index=X.index)
    return build(
        path / "bundle", name="m", title="M", cohort=Cohort(X, y, groups, schema), estimators=estimator, synthetic=True,
        format="joblib",
    )  # fmt: skip


def first(bundle, rows) -> np.ndarray:
    return bundle.probability(bundle.margin(np.atleast_2d(rows))).argmax(axis=1)


def with_number(values) -> np.ndarray:
    rows = np.repeat(ROW[None], len(values), axis=0)
    rows[:, 2] = values
    return rows


@pytest.fixture(scope="module")
def undeclared(tmp_path_factory):
    return made(tmp_path_factory.mktemp("linear"), linear())


def test_a_reason_of_a_sum_of_terms_holds_up_to_the_ends_of_each_range(undeclared, tmp_path):
    values = np.arange(4, 15, 0.01)
    flips = values[first(undeclared, with_number(values)) == 1].min()
    met = undeclared.training.X["CRP"].max()
    assert met > flips
    assert "CRP" in {f.feature for f in sufficient_reason(undeclared, ROW).facts}
    # The place where the answer turns is at the very end of the declared range.
    for high, turns in ((flips + 0.01, True), (flips - 0.02, False)):
        bundle = made(tmp_path / str(turns), linear(), low=0.0, high=float(high))
        number_alone = np.array([name == "CRP" for name in bundle.schema.names])
        assert (EngineOracle(bundle, ROW, None).conflict(number_alone, np.inf) is not None) == turns


def test_a_number_between_whose_ends_the_effect_may_turn_is_refused(tmp_path):
    bundle = made(tmp_path, linear(SplineTransformer(n_knots=4)), low=0.0, high=12.0)
    with pytest.raises(GoalError, match="rise here and fall there"):
        sufficient_reason(bundle, ROW)


def test_a_number_without_any_known_range_is_said_to_be_left_out(undeclared, monkeypatch):
    for module in (number_values, conditions_module):
        monkeypatch.setattr(module, "known_range", lambda bundle, spec: (-np.inf, np.inf))
    with pytest.raises(GoalError, match="declares no range for it and brings no training patients"):
        sufficient_reason(undeclared, ROW)
    for constraints in (Constraints(numbers=True, fixed=("tumour",)), Constraints(numbers=("CRP",))):
        found = smallest_changes(undeclared, ROW, Goal("b"), constraints=constraints)
        assert found.status == "open" and "proven" not in found.words()
        assert any("CRP: the model declares no range" in note for note in found.notes)
    alone = Constraints(numbers=("CRP",), fixed=("EGFR", "KRAS"))
    found = smallest_changes(undeclared, ROW, Goal("b"), constraints=alone)
    assert found.status == "open" and found.ended_by == "numbers were tried at some values only"


def test_numbers_of_a_sum_are_tried_at_both_ends_of_what_is_known(undeclared, tmp_path):
    only = Constraints(numbers=("CRP",), only=("CRP",))
    bundle = made(tmp_path, linear(), low=0.0, high=6.7)
    assert first(bundle, with_number([6.6, 6.7])).tolist() == [0, 1]
    found = smallest_changes(bundle, ROW, Goal("b"), constraints=only)
    assert found.status == "proven" and found.found[0].changes[0].after == 6.7
    never = smallest_changes(bundle, ROW, Goal("b", "threshold", 0.999), constraints=only)
    assert never.status == "open" and never.ruled_out == 0 and "some values only" in never.words()
    falling = Constraints(numbers=("CRP",), only=("CRP",), move_each={"CRP": "fall"})
    assert smallest_changes(bundle, ROW, Goal("b"), constraints=falling).status == "open"


def test_a_count_that_trees_read_as_a_category_is_tried_at_every_value(tmp_path):
    model = HistGradientBoostingClassifier(
        max_iter=15, max_leaf_nodes=6, random_state=0, categorical_features=[2]
    )
    bundle = made(tmp_path, model, kind="count", low=0, high=4, waves=True)
    tops = first(bundle, with_number(range(5)))
    assert len(set(tops[[0, 2, 4]])) == 1 and tops[1] != tops[2] and tops[3] != tops[2]
    row = with_number([2])[0]
    goal = Goal(bundle.options[tops[1]])
    found = smallest_changes(bundle, row, goal, constraints=Constraints(numbers=("CRP",), only=("CRP",)))
    assert found.status == "proven" and found.all_listed
    assert sorted(c.changes[0].after for c in found.found) == [1, 3]
    assert "CRP" in {f.feature for f in sufficient_reason(bundle, row).facts}


def test_the_tumour_type_is_a_fact_where_others_would_silence_the_model(undeclared):
    reason = sufficient_reason(undeclared, ROW)
    assert "tumour" in {f.feature for f in reason.facts}
    assert any("abstains on other options" in note for note in reason.notes)
    constraints = Constraints(numbers=("tumour",), only=("tumour",))
    found = smallest_changes(undeclared, ROW, Goal("b"), constraints=constraints)
    assert found.status == "open" and "proven" not in found.words()
    assert any("Not every value of Tumour was tried" in note for note in found.notes)


def test_no_larger_set_than_there_are_features_is_proven_impossible(tmp_path):
    bundle = made(tmp_path, HistGradientBoostingClassifier(max_iter=20, random_state=0))
    found = smallest_changes(bundle, ROW, Goal("b", "band"), constraints=Constraints(only=("EGFR", "KRAS")))
    assert found.status == "impossible" and "(proven)" in found.words()


def test_what_no_search_can_be_asked_is_refused(undeclared):
    for most in (0, -1, 2.5, True):
        with pytest.raises(GoalError, match="expected a whole number of 1 or more"):
            smallest_changes(undeclared, ROW, Goal("b"), max_size=most)
    with pytest.raises(OncologyError, match="Mode"):
        smallest_changes(undeclared, ROW, Goal("b"), mode="everything")
    with pytest.raises(OncologyError, match="6 numbers in the order of the model's columns"):
        smallest_changes(undeclared, ["x"] * 6, Goal("b"))


def test_a_goal_says_its_threshold_in_full(undeclared):
    assert Goal("a", "threshold", 0.999999999999).words(undeclared).endswith("over 0.999999999999")
    assert Goal("a", "threshold", 0.5).words(undeclared).endswith("over 0.5")


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_ties_are_no_wins_and_wins_no_ties_in_any_unit(unit):
    def stump(feature, value):
        n = np.full(2, -1)
        return Tree(
            np.array([feature, *n]), np.array([0.5, 0, 0]), np.zeros(3, bool), np.array([1, *n]), np.array([2, *n]),
            np.array([2.0, 1.0, 1.0]), np.array([[0.0], [0.0], [value]]),
        )  # fmt: skip

    values = [0.1 * unit, 0.2 * unit, 0.3 * unit]
    model = build_ensemble([stump(f, v) for f, v in enumerate(values)], list("abc"), ["y"], "value", [0.0])
    changes = [{f: 1.0} for f in range(3)]
    tie = smallest_sets(model, np.zeros(3), changes, OutputGoal.over(0, 1, 0.3 * unit), max_size=3)
    assert tie.sets == ((0, 2), (1, 2))  # 0.1 + 0.2 and 0.3 alone only tie
    everything = smallest_sets(model, np.zeros(3), changes, OutputGoal.over(0, 1, 0.6 * unit), max_size=3)
    assert everything.status == "none"
    nothing = smallest_sets(model, np.zeros(3), [], OutputGoal.over(0, 1, -0.1 * unit), max_size=3)
    assert nothing.status == "already so"
    assert smallest_sets(model, np.zeros(3), [], OutputGoal.over(0, 1, 0.0), max_size=3).status == "none"


def test_a_limit_met_before_the_model_is_laid_out_says_so(tmp_path):
    bundle = made(tmp_path, HistGradientBoostingClassifier(max_iter=20, random_state=0))
    for more, words in (({"stop": lambda: True}, "stopped"), ({"time_limit_s": 0.0}, "time limit")):
        found = smallest_changes(bundle, ROW, Goal("b"), constraints=Constraints(numbers=("CRP",)), **more)
        assert (found.status, found.ended_by, found.found, found.ruled_out) == ("open", words, (), -1)
        assert found.words() == f"b ranked first: none found ({words})."


def test_a_number_that_is_only_asked_whether_it_is_known_is_tried(tmp_path):
    bundle = made(tmp_path, HistGradientBoostingClassifier(max_iter=20, random_state=0), known=True)
    row = with_number([np.nan])[0]
    assert first(bundle, [row, with_number([5.0])[0]]).tolist() == [0, 1]
    found = smallest_changes(bundle, row, Goal("b"), constraints=Constraints(numbers=("CRP",), only=("CRP",)))
    assert (found.status, found.size) == ("proven", 1)
    assert "CRP" in {f.feature for f in sufficient_reason(bundle, row).facts}


def test_a_patient_outside_the_declared_range_is_led_back_into_it(tmp_path):
    bundle = made(
        tmp_path,
        HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=3, random_state=0),
        low=0.0,
        high=6.0,
    )
    values = np.linspace(0.0, 6.0, 601)
    row = with_number([11.0])[0]
    tops = first(bundle, with_number(values))
    assert first(bundle, row)[0] == 1 and (tops == 0).any()
    found = smallest_changes(
        bundle, row, Goal("a"), constraints=Constraints(numbers=("CRP",), only=("CRP",)), most=99
    )
    assert (found.status, found.size) == ("proven", 1)
    within = [change.changes[0].interval or (None, None) for change in found.found]
    for value, top in zip(values, tops, strict=True):
        said = any((a is None or a < value) and (b is None or value <= b) for a, b in within)
        assert said == (top == 0), value


def test_a_shared_first_place_is_none(tmp_path):
    bundle = made(tmp_path, HistGradientBoostingClassifier(max_iter=2, random_state=0))
    p = np.array([[0.5, 0.5], [0.4, 0.6], [0.6, 0.4]])
    nobody = np.zeros((3, 2), bool)
    after = Standings(p, p, p, nobody[0], np.array([0, 1, 0]), nobody)
    assert Goal("a").reached(bundle, after).tolist() == [False, False, True]
    assert Goal("b").reached(bundle, after).tolist() == [False, True, False]


def test_no_larger_set_is_asked_about_where_there_is_none(tmp_path, monkeypatch):
    bundle = made(tmp_path, HistGradientBoostingClassifier(max_iter=20, random_state=0))
    monkeypatch.setattr(changes, "_IMPOSSIBLE_S", 0.0)  # no time to ask about more changes
    goal, only = Goal("b", "threshold", 0.9999), Constraints(only=("EGFR", "KRAS"))
    status = {n: smallest_changes(bundle, ROW, goal, constraints=only, max_size=n).status for n in (1, 2, 6)}
    assert status == {1: "none within", 2: "impossible", 6: "impossible"}
