"""Explanations of models that have learnt nothing differ, and a model that hides its rule is found out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from explainers.families import tree_form
from explainers.local import explain
from explainers.neighbours import NoCohortError
from explainers.players import option_margin
from explainers.sanity import (
    CannotRandomiseError,
    OffManifold,
    SanityCheck,
    made_up_rows,
    probe,
    randomised,
    refitted,
    sanity_checks,
    shuffled_labels,
)
from oncology.bundles import load
from tests.explainers.scaffold import scaffolded
from tests.explainers.test_shipped import SAMPLE

KINDS = ("boosting", "forest", "linear", "network")
OPTION = "osimertinib"


def rows(bundle, n=40):
    return bundle.training.X.to_numpy(dtype=float)[:n]


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_parameters_make_another_model_and_leave_the_first_as_it_was(make_bundle, kind):
    bundle = make_bundle(kind)
    before = option_margin(bundle, rows(bundle), OPTION)
    other = randomised(bundle, OPTION, seed=1)
    assert np.abs(option_margin(other, rows(bundle), OPTION) - before).max() > 0.05
    assert (option_margin(bundle, rows(bundle), OPTION) == before).all()
    again = option_margin(randomised(bundle, OPTION, seed=1), rows(bundle), OPTION)
    assert (again == option_margin(other, rows(bundle), OPTION)).all()
    assert (
        option_margin(other, rows(bundle), "sotorasib") == option_margin(bundle, rows(bundle), "sotorasib")
    ).all()


def test_the_tree_engine_reads_a_shuffled_model_as_the_library_does(make_bundle):
    other = randomised(make_bundle("boosting"), OPTION)
    trees = tree_form(other, OPTION)
    assert trees is not None
    assert trees.predict(rows(other))[:, -1] == pytest.approx(
        option_margin(other, rows(other), OPTION), abs=1e-9
    )


def test_shuffled_outcomes_take_away_what_was_learnt(make_bundle):
    bundle = make_bundle("linear")
    real = bundle.estimators[OPTION].steps[-1][1].coef_[0]
    shuffled = shuffled_labels(bundle, OPTION).estimators[OPTION].steps[-1][1].coef_[0]
    assert np.argmax(np.abs(real)) == 0  # EGFR p.L858R, as the cohort was drawn
    assert abs(shuffled[0]) < abs(real[0]) / 3
    assert refitted(bundle, OPTION).estimators[OPTION].steps[-1][1].coef_[0][0] > abs(real[0]) / 2


@pytest.mark.parametrize(("kind", "method"), [("boosting", "shapley"), ("forest", "shapley"), ("linear", "shapley"), ("boosting", "lime")])  # fmt: skip
def test_explanations_of_models_with_nothing_to_say_differ(make_bundle, kind, method):
    n_patients = 8 if method == "lime" else 24
    checks = sanity_checks(make_bundle(kind), OPTION, method=method, n_patients=n_patients, n_models=3)
    assert [c.kind for c in checks] == ["shuffled labels", "shuffled parameters"]
    for check in checks:
        assert check.verdict == "differs", check.words()
        assert check.likeness[1] <= check.likeness[0] <= check.likeness[2]
        assert "depends on what the model has learnt" in check.words()


def test_an_explanation_that_ignores_the_model_is_caught(make_bundle, monkeypatch):
    bundle = make_bundle("boosting")
    rng = np.random.default_rng(5)

    def deaf(other, row, method, *, option, seed):
        why = explain(bundle, row, "shapley", option=option)
        return dataclasses.replace(why, values=why.values + rng.normal(0, 1e-3, len(why.values)))

    monkeypatch.setattr("explainers.sanity.similarity.explain", deaf)
    checks = sanity_checks(bundle, OPTION, n_patients=6, n_models=2)
    assert checks
    for check in checks:
        assert check.verdict == "does not differ"
        assert "do not rely on it" in check.words()


def test_unstable_explanations_are_not_called_anything():
    unstable = SanityCheck(
        "o", "O", "shapley", "shuffled labels", (0.0, -0.1, 0.1), (0.1, 0.0, 0.3), (0.1, -0.1, 0.3), 8, 3
    )
    assert unstable.verdict == "cannot be told"
    assert "nothing can be told" in unstable.words()
    scattered = dataclasses.replace(unstable, refit=(0.5, 0.1, 0.8), likeness=(0.2, -0.1, 0.6))
    assert scattered.verdict == "cannot be told"
    assert dataclasses.replace(scattered, gap=(0.3, 0.05, 0.6)).verdict == "differs"


def test_formulas_and_strange_models_are_refused_with_a_way_out(make_bundle):
    formula = load(SAMPLE / "bundles" / "loris")
    for ask in (shuffled_labels, refitted):
        with pytest.raises(NoCohortError):
            ask(formula, formula.options[0])
    with pytest.raises(NoCohortError):
        probe(formula, formula.options[0])
    with pytest.raises(CannotRandomiseError, match="a published formula"):
        randomised(formula, formula.options[0])

    class Strange:
        classes_ = (0, 1)

    strange = dataclasses.replace(make_bundle("linear"), estimators={OPTION: Strange()})
    with pytest.raises(CannotRandomiseError, match="The check with shuffled labels works for any classifier"):
        randomised(strange, OPTION)


def test_made_up_patients_hold_seen_values_in_unseen_mixtures(make_bundle):
    bundle = make_bundle("boosting")
    X = rows(bundle, 300)
    invented = made_up_rows(X, bundle.schema.feature_of_column, 500, np.random.default_rng(0))
    for c in range(X.shape[1]):
        values = invented[:, c]
        assert np.isin(values[~np.isnan(values)], X[:, c]).all()
    tumour = invented[:, bundle.schema.columns_of("tumour")]
    assert (tumour.sum(axis=1) == 1).all()  # the columns of one feature stay together
    own = {r.tobytes() for r in X}
    assert np.mean([r.tobytes() in own for r in invented]) < 0.05


def small_probe(bundle, **more) -> OffManifold:
    return probe(bundle, OPTION, n_twins=19, most_real=300, n_made_up=500, **more)


@pytest.mark.parametrize("kind", ["boosting", "linear"])
def test_an_honest_model_raises_no_alarm(make_bundle, kind):
    found = small_probe(make_bundle(kind))
    assert found.verdict == "one rule", found.words()
    assert "No sign" in found.words()


def test_a_model_that_hides_its_rule_from_explainers_is_found_out():
    bundle = load(SAMPLE / "bundles" / "solid_tumours")
    cheat = scaffolded(bundle, "pembrolizumab", biased="site=Site 4", harmless="TP53")
    i = int(np.flatnonzero(bundle.training.groups["site"] == "Site 4")[0])
    why = explain(cheat, bundle.training.X.to_numpy()[i], "lime", option="pembrolizumab")
    assert (
        why.feature_names[why.order()[0]] == "TP53"
    )  # LIME is fooled: the site alone decides for real patients
    share = dict(zip(why.feature_names, np.abs(why.values), strict=True))
    assert share["site"] < 0.1 * share["TP53"]
    found = probe(cheat, "pembrolizumab", most_real=800, n_made_up=1500)
    assert found.p_value == pytest.approx(1 / 20)
    assert found.verdict == "another rule"
    assert "by another rule than real ones" in found.words()


def test_the_answer_of_the_probe_by_hand():
    def found(within, carried, twins, p):
        return OffManifold("o", "O", within, carried, np.array([0.0] * 17 + twins), p, 10, 10, 0)

    assert found(0.9, 0.2, [0.0, 0.1], 0.05).loss == pytest.approx(0.7)
    assert found(0.9, 0.2, [0.0, 0.1], 0.05).verdict == "another rule"
    assert found(0.9, 0.8, [0.0, 0.01], 0.05).verdict == "one rule"  # too little is lost
    assert found(0.9, 0.2, [0.0, 0.8], 0.5).verdict == "one rule"  # twins lose as much
    assert found(0.1, -3.0, [0.0, 0.0], 0.05).verdict == "cannot be told"
    few = found(0.9, 0.2, [0.0], 1 / 19)  # one model short: no loss could be told from chance
    assert few.verdict == "cannot be told"
    assert "18 such models are too few to tell; 19 are needed." in few.words()


def test_work_ends_when_asked_to(make_bundle):
    asked = iter([False, True])  # asked before every twin but the first: a third question would raise
    found = small_probe(make_bundle("boosting"), stop=lambda: next(asked))
    assert len(found.twins) == 2 and next(asked, None) is None
    assert found.verdict == "cannot be told"
    seen: list[float] = []
    sanity_checks(make_bundle("boosting"), OPTION, n_patients=3, n_models=2, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0
