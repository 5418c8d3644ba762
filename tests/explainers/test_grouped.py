"""Groups as players, what was not assayed, and what not testing costs: laws, slow twins and refusals."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from explainers.background import BackgroundError, assayed_alike, default_background, of_rows, tree_paths
from explainers.local import explain, explain_groups, grouped, not_tested, unassayed
from explainers.local.grouped import TooManyGroupsError
from explainers.players import CannotExplainError, players_of
from explainers.trees import from_estimator
from explainers.trees.grouped import grouped_shapley
from oncology.bundles import load
from oncology.errors import UnknownNameError
from oncology.intake import read_patients
from oncology.prediction import predict
from tests.explainers.small_cohort import SCHEMA
from tests.explainers.test_shipped import BUNDLES, SAMPLE


def by_every_coalition(value, row, background, groups):
    """Shapley values of groups from the definition, with orders instead of weights: shares no code with ours."""
    names = sorted(set(groups.tolist()))
    total = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    worth = {}

    def of(members):
        if members not in worth:
            rows = np.where(np.isin(groups, list(members)), row, background)
            worth[members] = value(rows).mean(axis=0)
        return worth[members]

    for order in orders:
        inside = frozenset()
        for g in order:
            total[g] = total[g] + of(inside | {g}) - of(inside)
            inside |= {g}
    return np.array([total[g] / len(orders) for g in names])


def fitted(kind, seed, n_features=7):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(120, n_features)), 1)
    X[:, :4] = (X[:, :4] > 0.3).astype(float)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (
        np.nan_to_num(X[:, 0] * X[:, 4] + X[:, 1] - X[:, 5] * X[:, 2]) + 0.3 * rng.normal(size=120) > 0.2
    ).astype(int)
    model = {
        "boosting": HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=9, min_samples_leaf=3),
        "forest": RandomForestClassifier(6, max_depth=6, random_state=0),
    }[kind].fit(X, y)
    return from_estimator(model, [f"f{j}" for j in range(n_features)]), X


@settings(max_examples=15)
@given(
    st.sampled_from(["boosting", "forest"]),
    st.integers(0, 50),
    st.lists(st.integers(0, 3), min_size=7, max_size=7),
    st.integers(1, 25),
)
def test_groups_of_trees_have_the_values_of_every_order_of_the_groups(kind, seed, chosen, b):
    trees, X = fitted(kind, seed)
    groups = np.unique(chosen, return_inverse=True)[1]
    values, base = grouped_shapley(trees, X[0], X[20 : 20 + b], groups)
    assert values == pytest.approx(by_every_coalition(trees.predict, X[0], X[20 : 20 + b], groups), abs=1e-10)
    assert base == pytest.approx(trees.predict(X[20 : 20 + b]).mean(axis=0))


@pytest.mark.parametrize("kind", ["boosting", "forest"])
def test_groups_of_one_feature_each_are_the_interventional_values(kind):
    trees, X = fitted(kind, 3)
    values, base = grouped_shapley(trees, X[5], X[40:80], np.arange(7))
    theirs, their_base = trees.shapley(X[5:6], X[40:80])
    assert values == pytest.approx(theirs[0], abs=1e-10) and base == pytest.approx(their_base)


@pytest.mark.parametrize("kind", ["boosting", "forest", "linear"])
@pytest.mark.parametrize("grouping", ["kind", "gene"])
def test_groups_add_up_to_the_score(make_bundle, patient, kind, grouping):
    bundle = make_bundle(kind)
    for option in bundle.options:
        assert abs(explain_groups(bundle, patient, grouping, option=option).residual()) < 1e-9


@pytest.mark.parametrize("kind", ["boosting", "linear", "network"])
def test_a_bundle_s_groups_have_the_values_of_every_order(make_bundle, patient, kind):
    bundle = make_bundle(kind)
    rows = bundle.background.rows[:6]
    row = bundle.schema.encode_row(patient)
    why = grouped.explain(bundle, row, "osimertinib", background=of_rows(rows, "six"))
    game = players_of(bundle, row, "osimertinib")
    members = grouped.groups_of(bundle, game, "kind")
    columns = members.group_of_player[SCHEMA.feature_of_column]
    expected = by_every_coalition(
        lambda X: bundle.option_margin(X, "osimertinib")[:, None], row, rows, columns
    )
    assert why.values == pytest.approx(expected[:, 0], abs=1e-9)
    assert why.feature_names == members.names and "DNA" in members.names and "laboratory" in members.names


def test_a_group_is_not_the_sum_of_its_members(make_bundle, patient):
    bundle = make_bundle()
    together = explain_groups(bundle, patient, "kind", option="osimertinib")
    background = default_background(bundle)
    alone = explain(bundle, patient, "shapley", option="osimertinib", background=background)
    members = [s.group == "DNA" for s in SCHEMA.features]
    apart = abs(together.values[together.feature_names.index("DNA")] - alone.values[members].sum())
    assert apart > 1e-3
    assert together.base_value == pytest.approx(alone.base_value)
    linear = make_bundle("linear")
    together = explain_groups(linear, patient, "kind", option="osimertinib")
    alone = explain(linear, patient, "shapley", option="osimertinib", background=default_background(linear))
    assert together.values[together.feature_names.index("DNA")] == pytest.approx(alone.values[members].sum())


def test_a_gene_is_one_player_and_other_inputs_are_their_own(make_bundle, patient):
    why = explain_groups(make_bundle(), patient, "gene", option="osimertinib")
    assert why.feature_names[:4] == ("EGFR", "KRAS", "ALK", "TP53")
    assert why.feature_labels[:3] == ("EGFR", "KRAS", "ALK fusion")
    words = dict(zip(why.feature_names, why.feature_words, strict=True))
    assert (
        words["EGFR"] == "EGFR p.L858R" and words["KRAS"] == "none altered" and words["ALK"] == "not assayed"
    )
    kinds = explain_groups(make_bundle(), patient, "kind", option="osimertinib")
    words = dict(zip(kinds.feature_names, kinds.feature_words, strict=True))
    assert (
        words["DNA"] == "EGFR p.L858R"
        and words["fusion"] == "not assayed"
        and words["laboratory"] == "not known"
    )


def test_a_group_that_the_model_does_not_read_gets_nothing_and_groups_that_play_alike_get_the_same():
    trees, X = fitted("boosting", 1)
    unread = (
        int(np.setdiff1d(np.arange(7), np.unique(trees.conditions.feature))[0])
        if len(np.unique(trees.conditions.feature)) < 7
        else None
    )
    row, rows = X[0].copy(), X[30:50].copy()
    rows[:, 3] = row[3]  # a group whose values are the patient's own in everybody plays no part
    groups = np.array([0, 1, 1, 2, 3, 3, 3])
    assert grouped_shapley(trees, row, rows, groups)[0][2] == pytest.approx(0)
    assert unread is None or grouped_shapley(trees, X[0], X[30:50], np.arange(7))[0][unread] == pytest.approx(
        0
    )
    # x0 and x1 in an OR: two groups with copies of one column each play alike.
    Z = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(float)
    model = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=1).fit(
        np.vstack([Z, Z[:, ::-1]]), np.tile(Z.max(axis=1).astype(int), 2)
    )
    values, _ = grouped_shapley(from_estimator(model, ["a", "b"]), [1.0, 1.0], [[0.0, 0.0]], np.arange(2))
    assert values[0] == pytest.approx(values[1])


def test_refusals_of_groups(make_bundle, patient):
    with pytest.raises(UnknownNameError, match="Grouping"):
        explain_groups(make_bundle(), patient, "pathway", option="osimertinib")
    with pytest.raises(BackgroundError, match="Tree paths"):
        explain_groups(make_bundle(), patient, "kind", option="osimertinib", background=tree_paths())
    assert "Use the method shapley" in str(TooManyGroupsError(40))


# What was assayed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["shapley", "ablation"])
@pytest.mark.parametrize("kind", ["boosting", "linear"])
def test_under_the_patient_s_tests_unknown_inputs_have_no_part(make_bundle, patient, kind, method):
    bundle = make_bundle(kind)
    row = bundle.schema.encode_row(patient)
    background = assayed_alike(bundle, row)
    why = explain(bundle, row, method, option="sotorasib", background=background)
    unknown = [SCHEMA.index("ALK fusion"), SCHEMA.index("albumin")]
    assert why.values[unknown] == pytest.approx(0, abs=1e-12)
    if method == "shapley":
        assert abs(why.residual()) < 1e-9
        masked = bundle.background.rows.copy()
        masked[:, np.isnan(row)] = np.nan
        assert why.base_value == pytest.approx(bundle.option_margin(masked, "sotorasib").mean())
    with pytest.raises(BackgroundError, match="rule of its own"):
        assayed_alike(load(SAMPLE / "bundles" / "loris"), row)


# What not testing costs ---------------------------------------------------------------------------------------------------


def unknown_patient(bundle, names):
    row = bundle.training.X.to_numpy()[7].copy()
    row[np.isnan(row)] = 0.0
    for name in names:
        row[SCHEMA.columns_of(name)] = np.nan
    return row


def test_shares_add_up_to_the_variance_and_match_every_order(make_bundle):
    bundle = make_bundle()
    row = unknown_patient(bundle, ["EGFR p.L858R", "EGFR", "TP53", "albumin"])
    found = unassayed.explain(bundle, row, "osimertinib", seed=2)
    assert found.names == ("EGFR", "TP53", "albumin") and found.std_error is None
    assert found.shares.sum() == pytest.approx(found.variance) and found.variance > 0
    _, _, columns, _ = unassayed._unknown(bundle, row)
    draws, _ = unassayed._draws(bundle, row, columns, 200, 2)
    k = bundle.option_index("osimertinib")

    def worth(members):
        rows = np.repeat(row[None], 200, axis=0)
        for j in members:
            rows[:, columns[j]] = draws[:, columns[j]]
        return bundle.probability(bundle.margin(rows))[:, k].var()

    expected = np.zeros(3)
    for order in permutations(range(3)):
        for step, j in enumerate(order):
            expected[j] += (worth(order[: step + 1]) - worth(order[:step])) / 6
    assert found.shares == pytest.approx(expected, abs=1e-12)
    whole = np.repeat(row[None], 200, axis=0)
    whole[:, np.concatenate(columns)] = draws[:, np.concatenate(columns)]
    answer = bundle.probability(bundle.margin(whole))[:, k]
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(answer, [5, 95])))
    assert found.now == pytest.approx(bundle.probability(bundle.margin(row[None]))[0, k])
    edited = np.repeat(row[None], 2, axis=0)
    edited[:, columns[0]] = 0.0
    edited[1, SCHEMA.columns_of("EGFR p.L858R")] = 1.0
    assert [found.if_absent[0], found.if_altered[0]] == pytest.approx(
        bundle.probability(bundle.margin(edited))[:, k].tolist()
    )
    assert np.isnan(found.if_altered[2])


def test_many_unknown_inputs_are_shared_out_by_orders_that_agree_with_every_coalition(
    make_bundle, monkeypatch
):
    bundle = make_bundle()
    row = unknown_patient(bundle, ["EGFR p.L858R", "TP53", "KRAS p.G12C", "albumin"])
    exact = unassayed.explain(bundle, row, "sotorasib", seed=1)
    monkeypatch.setattr(unassayed, "_MOST_EXACT", 1)
    drawn = unassayed.explain(bundle, row, "sotorasib", seed=1)
    assert drawn.shares.sum() == pytest.approx(drawn.variance)
    assert drawn.std_error is not None and "Shares estimated" in drawn.small_print
    assert (np.abs(drawn.shares - exact.shares) <= 5 * drawn.std_error + 1e-9).all()


def test_only_unknown_inputs_have_a_share(make_bundle, patient):
    bundle = make_bundle()
    known = bundle.training.X.to_numpy()[7].copy()
    known[np.isnan(known)] = 0.0
    assert (
        unassayed.explain(bundle, known, "sotorasib").words
        == "Everything that the model reads is known of this patient."
    )
    found = not_tested(bundle, patient, option="sotorasib")
    assert set(found.names) == {"ALK", "albumin"}
    assert found.part(list(found.names).index("albumin")) > 0.5
    assert "Albumin" in found.words and "of 100" in found.words and len(found.rows()) == 2
    assert not_tested(bundle, patient, option="sotorasib").shares.tolist() == found.shares.tolist()


def test_inputs_without_a_say_get_nothing(make_bundle):
    """Nobody in the cohort has anything but the patient's own answer to give: the draws are all alike."""
    bundle = make_bundle()
    row = unknown_patient(bundle, ["TP53", "albumin"])
    X = bundle.training.X.copy()
    X["TP53"] = np.nan
    changed = dataclasses.replace(bundle)
    changed.__dict__["training"] = dataclasses.replace(bundle.training, X=X)
    found = unassayed.explain(changed, row, "osimertinib")
    assert found.shares[found.names.index("TP53")] == pytest.approx(0, abs=1e-15)
    assert found.shares[found.names.index("albumin")] == pytest.approx(found.variance) and found.variance > 0


def test_a_formula_and_a_bundle_without_cohort_are_told_apart(make_bundle, patient):
    with pytest.raises(CannotExplainError, match="range beside its score"):
        not_tested(load(SAMPLE / "bundles" / "ipssm"), blood(), option="risk")


def blood():
    return next(
        p for f in sorted((SAMPLE / "patients").glob("*mds*.json")) for p in read_patients(f).profiles
    )


@pytest.mark.parametrize("name", BUNDLES)
def test_the_shipped_bundles_obey_the_laws_of_groups(name):
    bundle = load(SAMPLE / "bundles" / name)
    people = [read_patients(f).profiles[0] for f in sorted((SAMPLE / "patients").glob("*.json"))]
    answered = 0
    for person in people[:: 6 if bundle.formula is None else 1]:
        for option in bundle.options[::5]:
            try:
                both = [explain_groups(bundle, person, g, option=option) for g in ("kind", "gene")]
            except CannotExplainError:
                assert predict(bundle, person).refusals[0]
                continue
            answered += 1
            for why in both:
                assert abs(why.residual()) < 1e-9 and len(set(why.feature_names)) == len(why.values)
    assert answered >= 3
