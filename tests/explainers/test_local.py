"""Why this patient: laws, references and refusals of the four local methods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.background import (
    Background,
    BackgroundError,
    background_named,
    default_background,
    of_rows,
    tree_paths,
    without_alterations,
)
from explainers.families import Family, family_of
from explainers.local import EXPLAINERS, exact, explain, shapley
from explainers.local.exact import TooManyPlayersError
from explainers.players import players_of
from oncology.edits import Edit, apply
from oncology.errors import UnknownNameError
from tests.explainers.small_cohort import SCHEMA

# Laws of the definition, on random games of up to six players -------------------------------------------------------

games = st.integers(2, 6).flatmap(
    lambda m: st.lists(st.floats(-5, 5), min_size=2**m, max_size=2**m).map(lambda w: (m, np.array(w)))
)


def table_game(worths):
    return lambda present: worths[present @ (1 << np.arange(present.shape[1]))]


@given(games)
def test_values_add_up_to_the_worth_of_all(game):
    m, worths = game
    base, values = exact.shapley_values(table_game(worths), m)
    assert base == worths[0]
    assert abs(base + values.sum() - worths[-1]) < 1e-9


@given(games)
def test_a_player_who_never_changes_anything_gets_nothing(game):
    m, worths = game
    without_last = np.arange(2**m) & ~(1 << (m - 1))
    _, values = exact.shapley_values(table_game(worths[without_last]), m)
    assert abs(values[-1]) < 1e-9


@given(games)
def test_two_players_who_play_alike_get_the_same(game):
    m, worths = game
    number = np.arange(2**m)
    swapped = (number & ~3) | ((number & 1) << 1) | ((number & 2) >> 1)
    _, values = exact.shapley_values(table_game(worths + worths[swapped]), m)
    assert abs(values[0] - values[1]) < 1e-9


def test_three_players_by_hand():
    # Worth 1 when players 0 and 1 are both in, 4 more with player 2: each of the pair gets half of 1.
    base, values = exact.shapley_values(lambda S: 1.0 * (S[:, 0] & S[:, 1]) + 4.0 * S[:, 2], 3)
    assert base == 0.0
    assert values.tolist() == pytest.approx([0.5, 0.5, 4.0])


# Every method on every family of models -----------------------------------------------------------------------------

KINDS = ("boosting", "forest", "linear")


@pytest.mark.parametrize("kind", [*KINDS, "network"])
def test_shapley_values_add_up_to_the_margin(make_bundle, patient, kind):
    bundle = make_bundle(kind)
    for option in bundle.options:
        why = explain(bundle, patient, "shapley", option=option)
        margin = bundle.margin(bundle.schema.encode_row(patient))[0, bundle.option_index(option)]
        assert why.score == pytest.approx(margin, abs=1e-12)
        assert abs(why.residual()) < 1e-6
        assert why.unit == bundle.unit


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", list(EXPLAINERS))
def test_the_driver_leads_in_every_method(make_bundle, patient, kind, method):
    why = explain(make_bundle(kind), patient, method, option="osimertinib")
    assert why.feature_names[why.order()[0]] == "EGFR p.L858R"
    assert why.values[why.order()[0]] > 0
    assert why.background and why.background_fingerprint


@pytest.mark.parametrize("method", list(EXPLAINERS))
def test_what_was_not_assayed_is_said_as_such(make_bundle, patient, method):
    why = explain(make_bundle(), patient, method, option="osimertinib")
    assert why.feature_words[why.feature_names.index("ALK fusion")] == "not assayed"
    assert why.feature_words[why.feature_names.index("albumin")] == "not known"


def test_a_sum_of_terms_agrees_with_every_coalition(make_bundle):
    bundle = make_bundle("linear")
    rows = bundle.training.X.to_numpy()
    few = of_rows(rows[5:9], "four patients")
    for row in rows[40:43]:
        fast = explain(bundle, row, "shapley", option="sotorasib", background=few)
        slow = explain(bundle, row, "exact", option="sotorasib", background=few)
        assert family_of(bundle, "sotorasib") is Family.ADDITIVE
        assert fast.values == pytest.approx(slow.values, abs=1e-9)
        assert fast.base_value == pytest.approx(slow.base_value, abs=1e-9)


def test_tree_paths_agree_with_coalitions_walked_by_hand(make_bundle):
    # Two features of a forest, worked by the definition on each tree: an absent feature splits by training weight.
    bundle = make_bundle("forest")
    row = bundle.training.X.to_numpy()[17]
    why = explain(bundle, row, "shapley", option="osimertinib", background=tree_paths())
    trees = [t.tree_ for t in bundle.estimators["osimertinib"].estimators_]

    def worth(present):
        known = np.ones((len(present), len(row)), dtype=bool)
        known[:, :] = present[:, bundle.schema.feature_of_column]
        return np.array([np.mean([walk(t, 0, row, k) for t in trees]) for k in known])

    base, values = exact.shapley_values(worth, len(bundle.schema.features))
    assert why.base_value == pytest.approx(base, abs=1e-9)
    single = [i for i, f in enumerate(bundle.schema.features) if len(f.columns) == 1]
    tumour = bundle.schema.index("tumour")
    # One-hot columns are players of their own on tree paths; their sum stands for the feature.
    assert why.values[single] == pytest.approx(values[single], abs=0.01)
    assert why.values[tumour] == pytest.approx(values[tumour], abs=0.01)
    assert why.values.sum() == pytest.approx(values.sum(), abs=1e-9)


def walk(tree, node, row, known):
    feature = tree.feature[node]
    if feature < 0:
        share = tree.value[node][0]
        return share[1] / share.sum()
    left, right = tree.children_left[node], tree.children_right[node]
    if known[feature]:
        value = row[feature]
        to_left = (
            tree.missing_go_to_left[node] if np.isnan(value) else np.float32(value) <= tree.threshold[node]
        )
        return walk(tree, left if to_left else right, row, known)
    weights = tree.weighted_n_node_samples
    return (
        weights[left] * walk(tree, left, row, known) + weights[right] * walk(tree, right, row, known)
    ) / weights[node]


def test_sampled_orders_come_within_their_standard_errors(make_bundle, patient):
    bundle = make_bundle("network")
    few = of_rows(bundle.training.X.to_numpy()[5:9], "four patients")
    near = explain(bundle, patient, "shapley", option="osimertinib", background=few, seed=1)
    ruler = explain(bundle, patient, "exact", option="osimertinib", background=few)
    assert not near.exact and near.std_error is not None and near.seed == 1
    assert near.base_value == pytest.approx(ruler.base_value, abs=1e-9)
    assert (np.abs(near.values - ruler.values) <= 4 * near.std_error + 1e-6).all()
    again = explain(bundle, patient, "shapley", option="osimertinib", background=few, seed=1)
    assert again.values.tolist() == near.values.tolist()


def test_warming_up_leaves_the_random_numbers_of_others_alone():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    shapley.warm()
    assert (np.random.get_state()[1] == before).all()


def test_sampled_orders_use_every_background_row(make_bundle, patient):
    # shap's own masker keeps 100 rows of a larger background in silence.
    bundle = make_bundle("network")
    many = of_rows(bundle.training.X.to_numpy()[:150], "150 patients")
    why = explain(bundle, patient, "shapley", option="osimertinib", background=many)
    k = bundle.option_index("osimertinib")
    assert why.base_value == pytest.approx(bundle.margin(many.rows)[:, k].mean(), abs=1e-9)
    assert abs(why.residual()) < 1e-6


@pytest.mark.parametrize("kind", [*KINDS, "network"])
def test_one_options_margin_is_its_column(make_bundle, kind):
    bundle = make_bundle(kind)
    rows = bundle.training.X.to_numpy()[:30]
    for n in (1, 30):
        for k, option in enumerate(bundle.options):
            assert bundle.option_margin(rows[:n], option) == pytest.approx(
                bundle.margin(rows[:n])[:, k], abs=1e-12
            )


@pytest.mark.parametrize("kind", ["boosting", "forest"])
def test_tree_paths_agree_with_shap(make_bundle, kind):
    bundle = make_bundle(kind)
    rows = bundle.training.X.to_numpy()[:25]
    for option in bundle.options:
        values, base, _ = shapley.shapley_matrix(bundle, rows, option)
        theirs, their_base = shapley._shap_tree_paths(bundle.estimators[option], rows)
        assert base == pytest.approx(their_base, abs=1e-9)
        assert values == pytest.approx(shapley._grouped(theirs, SCHEMA.feature_of_column), abs=1e-9)


def test_trees_against_given_patients_agree_with_every_coalition(make_bundle):
    # One column a feature (no one-hot), so that columns and features are the same players.
    for kind in ("boosting", "forest"):
        bundle = make_bundle(kind)
        rows = bundle.training.X.to_numpy()
        tumour = SCHEMA.columns_of("tumour")
        few = rows[[3, 8, 21]].copy()
        few[:, tumour] = rows[60, tumour]
        background = of_rows(few, "three patients of one tumour type")
        fast = explain(bundle, rows[60], "shapley", option="osimertinib", background=background)
        slow = explain(bundle, rows[60], "exact", option="osimertinib", background=background)
        assert fast.values == pytest.approx(slow.values, abs=1e-9)
        assert fast.base_value == pytest.approx(slow.base_value, abs=1e-9)


def test_many_patients_at_once_are_the_same_as_one_by_one(make_bundle):
    for kind in KINDS:
        bundle = make_bundle(kind)
        rows = bundle.training.X.to_numpy()[:4]
        values, base, _ = shapley.shapley_matrix(bundle, rows, "chemotherapy")
        for row, together in zip(rows, values, strict=True):
            alone = explain(bundle, row, "shapley", option="chemotherapy")
            assert alone.values == pytest.approx(together, abs=1e-10)
            assert alone.base_value == pytest.approx(base, abs=1e-12)


# Exact ---------------------------------------------------------------------------------------------------------------


def test_exact_compares_with_the_same_patient_without_alterations(make_bundle, patient):
    bundle = make_bundle()
    why = explain(bundle, patient, "exact", option="osimertinib")
    clean = apply(bundle.schema, patient, [Edit("EGFR p.L858R", 0.0)])
    k = bundle.option_index("osimertinib")
    assert why.base_value == pytest.approx(bundle.margin(bundle.schema.encode_row(clean))[0, k], abs=1e-12)
    assert np.flatnonzero(why.values).tolist() == [bundle.schema.index("EGFR p.L858R")]
    assert why.exact and abs(why.residual()) < 1e-9


def test_exact_names_the_count_and_what_to_use_instead(make_bundle, patient, monkeypatch):
    monkeypatch.setattr(exact, "MAX_PLAYERS", 6)
    bundle = make_bundle()
    with pytest.raises(TooManyPlayersError, match=r"10 features differ .* takes up to 6 .* shapley"):
        explain(bundle, patient, "exact", option="osimertinib", background=default_background(bundle))


def test_exact_among_named_players_holds_the_others(make_bundle, patient):
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    why = exact.explain(
        bundle,
        row,
        "osimertinib",
        background=default_background(bundle),
        players=["EGFR p.L858R", "age_years"],
    )
    assert set(np.flatnonzero(why.values)) <= {
        bundle.schema.index("EGFR p.L858R"),
        bundle.schema.index("age_years"),
    }
    assert abs(why.residual()) < 1e-9
    assert "Only 2 of 10 features" in why.limits[0]


# Leave one out -------------------------------------------------------------------------------------------------------


def test_leaving_out_an_alteration_is_the_score_without_it(make_bundle, patient):
    bundle = make_bundle()
    why = explain(bundle, patient, "ablation", option="osimertinib")
    k = bundle.option_index("osimertinib")
    without = apply(bundle.schema, patient, [Edit("EGFR p.L858R", 0.0)])
    expected = why.score - bundle.margin(bundle.schema.encode_row(without))[0, k]
    assert why.values[bundle.schema.index("EGFR p.L858R")] == pytest.approx(expected, abs=1e-12)


def test_leaving_out_a_clinical_value_averages_over_the_background(make_bundle, patient):
    bundle = make_bundle()
    why = explain(bundle, patient, "ablation", option="chemotherapy")
    k, j = bundle.option_index("chemotherapy"), bundle.schema.columns.index("age_years")
    rows = np.repeat(bundle.schema.encode_row(patient)[None, :], len(bundle.background.rows), axis=0)
    rows[:, j] = bundle.background.rows[:, j]
    expected = why.score - bundle.margin(rows)[:, k].mean()
    assert why.values[bundle.schema.index("age_years")] == pytest.approx(expected, abs=1e-12)


def test_a_gene_that_was_not_assayed_cannot_be_left_out(make_bundle, patient):
    bundle = make_bundle()
    untested = patient.replace(assayed_genes=frozenset({"EGFR", "KRAS"}))
    k = bundle.option_index("osimertinib")
    tested = apply(bundle.schema, untested, [Edit("TP53", 0.0)])
    moves = [bundle.margin(bundle.schema.encode_row(p))[0, k] for p in (untested, tested)]
    assert abs(moves[0] - moves[1]) > 0.01  # the model would say something else of a negative test
    why = explain(bundle, untested, "ablation", option="osimertinib")
    assert why.values[why.feature_names.index("TP53")] == 0.0
    assert any("2 alterations were not assayed" in words for words in why.limits)


# Refusals ------------------------------------------------------------------------------------------------------------


def test_misspelled_method_and_option_name_their_neighbours(make_bundle, patient):
    with pytest.raises(UnknownNameError, match="Did you mean shapley"):
        explain(make_bundle(), patient, "shaply", option="osimertinib")
    for method in EXPLAINERS:
        with pytest.raises(UnknownNameError, match="Did you mean osimertinib"):
            explain(make_bundle(), patient, method, option="osimertinb")


def test_tree_paths_are_refused_where_there_are_no_trees(make_bundle, patient):
    for kind in ("linear", "network"):
        with pytest.raises(BackgroundError, match=r"[Tt]ree paths"):
            explain(make_bundle(kind), patient, "shapley", option="osimertinib", background=tree_paths())
    for method in ("lime", "ablation", "exact"):
        with pytest.raises(BackgroundError, match="shapley"):
            explain(make_bundle(), patient, method, option="osimertinib", background=tree_paths())


def test_a_background_of_another_model_is_refused(make_bundle, patient):
    with pytest.raises(BackgroundError, match=r"3 columns, this model 12"):
        explain(
            make_bundle(),
            patient,
            "exact",
            option="osimertinib",
            background=of_rows(np.zeros((2, 3)), "others"),
        )


def test_an_empty_background_is_refused():
    with pytest.raises(BackgroundError, match="holds no patient"):
        of_rows(np.empty((0, 3)), "nobody")


def test_background_words_name_their_kinds(make_bundle, patient):
    bundle = make_bundle()
    row = bundle.schema.encode_row(patient)
    assert background_named(bundle, "default", row) is None
    assert background_named(bundle, "tree-paths", row).kind == "tree paths"
    assert len(background_named(bundle, "training", row).rows) == 40
    assert background_named(bundle, "unaltered", row).name == without_alterations(bundle, row).name
    with pytest.raises(UnknownNameError, match="Did you mean training"):
        background_named(bundle, "trainig", row)


@settings(max_examples=20)
@given(st.integers(0, 1199), st.lists(st.booleans(), min_size=10, max_size=10))
def test_a_coalition_is_the_patient_on_present_features_and_the_background_elsewhere(
    make_bundle_once, i, present
):
    bundle = make_bundle_once
    row = bundle.training.X.to_numpy()[i]
    players = players_of(bundle, row, "osimertinib")
    background = players.background_rows(Background("b", "f", "rows", bundle.background.rows[:3]))
    mask = np.array([present])
    by_hand = []
    for other in background:
        mixed = other.copy()
        for f, here in zip(SCHEMA.names, present, strict=True):
            if here:
                mixed[SCHEMA.columns_of(f)] = row[SCHEMA.columns_of(f)]
        by_hand.append(bundle.margin(mixed)[0, 0])
    assert players.coalition_values(mask, background)[0] == pytest.approx(np.mean(by_hand), abs=1e-12)


@pytest.fixture(scope="module")
def make_bundle_once(make_bundle):
    return make_bundle()
