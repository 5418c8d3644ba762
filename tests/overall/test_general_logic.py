"""The general logic in short: fidelity against scikit-learn, recovered where it is simple, refused where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

from explainers.overall.asked_patients import had_option
from explainers.overall.conditions import conditions_of, held
from explainers.overall.general_logic import general_logic
from explainers.overall.surrogate_tree import Leaf, Split
from explainers.players import CannotExplainError
from tests.explainers.small_cohort import SCHEMA


class Rigged:
    """The small bundle with a margin of our own."""

    def __init__(self, bundle, f):
        self._bundle, self._f = bundle, f

    def __getattr__(self, name):
        return getattr(self._bundle, name)

    def option_margin(self, X, option):
        return self._f(np.asarray(X))


def column(X, name):
    return np.nan_to_num(X[:, SCHEMA.columns.index(name)])


def test_the_figures_are_those_of_scikit_learn_on_held_out_patients(small):
    bundle = small()
    found = general_logic(bundle, "osimertinib", seed=5)
    X = had_option(bundle, "osimertinib")
    order = np.random.default_rng(5).permutation(len(X))
    cut = round(0.7 * len(X))
    fit, judge = X[order[:cut]], X[order[cut:]]
    margin = bundle.margin(X)[:, 0]
    twin = DecisionTreeRegressor(max_depth=3, min_samples_leaf=max(10, len(fit) // 100), random_state=5)
    predicted = twin.fit(fit, margin[order[:cut]]).predict(judge)
    truth = margin[order[cut:]]
    assert found.tree_fidelity.r2 == pytest.approx(r2_score(truth, predicted))
    sides = (truth >= found.threshold) == (predicted >= found.threshold)
    assert found.tree_fidelity.agreement == pytest.approx(sides.mean())
    assert found.tree_fidelity.n_held_out == len(judge) and found.n_fitted == cut
    # The threshold is where the calibrated probability is the share of responders.
    share = float(bundle.training.y["osimertinib"].mean())
    probability = bundle.probability(bundle.margin(fit))[:, 0]
    assert (probability >= share).sum() == pytest.approx(
        (margin[order[:cut]] >= found.threshold).sum(), abs=1
    )


def test_a_simple_logic_is_told_by_both(small):
    bundle = Rigged(small(), lambda X: 2 * column(X, "EGFR p.L858R") - 1.0 * column(X, "TP53"))
    found = general_logic(bundle, "osimertinib")
    assert found.tree_fidelity.r2 > 0.95 and found.tree_fidelity.is_faithful
    assert found.rules_fidelity.r2 > 0.8
    assert "EGFR p.L858R altered" in found.tree_lines()[0]
    assert "EGFR p.L858R" in found.rules[0].words
    assert found.rule_rows()[-1]["rule"] == "everybody else" and found.rule_rows()[1][""] == "else if"


def test_a_logic_that_no_short_form_can_give_warns(small):
    def tangled(X):
        age, albumin = X[:, SCHEMA.columns.index("age_years")], column(X, "albumin")
        return np.sin(age) * np.cos(7 * albumin)

    found = general_logic(Rigged(small(), tangled), "osimertinib")
    assert not found.tree_fidelity.is_faithful and not found.rules_fidelity.is_faithful
    assert (
        found.tree_fidelity.words.startswith("Not faithful") and "would mislead" in found.tree_fidelity.words
    )


def test_the_tree_in_words_sends_patients_where_the_tree_does(small):
    """Follow the words for every held-out patient and compare with the answer of scikit-learn's tree."""
    bundle = small()
    found = general_logic(bundle, "osimertinib", seed=0)
    X = had_option(bundle, "osimertinib")
    order = np.random.default_rng(0).permutation(len(X))
    cut = round(0.7 * len(X))
    fit, judge = X[order[:cut]], X[order[cut:]]
    twin = DecisionTreeRegressor(max_depth=3, min_samples_leaf=max(10, len(fit) // 100), random_state=0)
    twin.fit(fit, bundle.margin(fit)[:, 0])
    for row, expected in zip(judge, twin.predict(judge), strict=True):
        assert follow(found.tree, row) == pytest.approx(expected)


def follow(node, row):
    """The answer of the tree, found by reading its words alone."""
    while isinstance(node, Split):
        label = next(
            f
            for f in sorted(SCHEMA.features, key=lambda f: -len(f.label))
            if node.holds_words.startswith(f.label)
        )
        at = SCHEMA.columns_of(label.name).start
        if len(label.levels) > 2:
            at += [label.words(v) for v in label.levels].index(
                node.holds_words.removeprefix(f"{label.label}: ").split(" or ")[0]
            )
        x = row[at]
        if np.isnan(x):
            node = (
                node.holds
                if "not assayed" in node.holds_words or "not known" in node.holds_words
                else node.fails
            )
        elif " above " in node.holds_words:
            cut = float(node.holds_words.split(" above ")[1].split()[0])
            node = node.holds if x > cut + 1e-9 or (x != round(x) and x > cut) else node.fails
        else:
            node = node.holds if x > 0.5 else node.fails
    assert isinstance(node, Leaf)
    return node.answer


def test_rules_cover_everybody_once_and_unknown_fulfils_nothing_but_its_own(small):
    bundle = small()
    X = had_option(bundle, "osimertinib")
    conditions = conditions_of(bundle.schema, X)
    holds = held(conditions, X)
    for c, condition in enumerate(conditions):
        unknown = np.isnan(X[:, condition.column])
        assert holds[unknown, c].all() if condition.kind == "unknown" else not holds[unknown, c].any()
    found = general_logic(bundle, "osimertinib")
    assert sum(r.n for r in found.rules) == found.n_fitted


def test_short_forms_are_refused_with_words(small):
    with pytest.raises(CannotExplainError, match="the same answer"):
        general_logic(Rigged(small(), lambda X: np.ones(len(X))), "osimertinib")
    bundle = small()
    few = bundle.training.y["osimertinib"].dropna().index[:30]
    training = type(bundle.training)(
        bundle.training.X.loc[few], bundle.training.y.loc[few], bundle.training.margins.loc[few], bundle.training.groups.loc[few]
    )  # fmt: skip
    rigged = Rigged(bundle, lambda X: X[:, 0])
    rigged.training = training
    with pytest.raises(
        CannotExplainError, match="30 patients had Osimertinib; a short form of the model needs 40"
    ):
        general_logic(rigged, "osimertinib")
