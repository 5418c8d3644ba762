"""What the model would say of another molecular profile: against editing and encoding one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers import counterfactuals
from explainers import plausibility as plausible
from explainers.counterfactuals import Goal, GoalError, plausibility, single_changes, smallest_changes
from explainers.edited_rows import edited_rows, one_column_features
from explainers.in_points import effects_in_points
from explainers.plausibility import exclusive_pairs, pair_caution, training_count
from explainers.ranking_words import silences
from explainers.standings import top_band
from explainers.what_if import single_changes_html
from oncology.alterations import AlterationPattern
from oncology.edits import Edit, apply
from oncology.errors import UnknownNameError
from oncology.features import FeatureSchema, FeatureSpec, Reads, alteration_feature
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from oncology.recommendations import band_numbers, rank

# A schema in which one finding can move several columns: fractions and counts beside states, nested patterns.
NESTED = FeatureSchema(
    (
        alteration_feature("EGFR", change="p.L858R"),
        alteration_feature("EGFR", change="exon 19 deletion"),
        alteration_feature("EGFR", change="exon 20 insertion"),
        alteration_feature("EGFR", kind="mutation"),
        alteration_feature("EGFR"),
        alteration_feature("BRAF", change="V600"),
        alteration_feature("BRAF", change="p.V600E"),
        alteration_feature("TP53"),
        FeatureSpec("TP53 VAF", "TP53 VAF", "continuous", Reads("vaf", AlterationPattern("TP53"))),
        FeatureSpec("TP53 count", "TP53 count", "count", Reads("count", AlterationPattern("TP53"))),
        alteration_feature("KRAS"),
    )
)
FINDINGS = (
    Alteration("EGFR", protein_change="p.L858R"),
    Alteration("EGFR", protein_change="p.E746_A750del"),
    Alteration("EGFR", protein_change="p.D761delinsEAFQ"),  # the border codon: both named classes claim it
    Alteration("EGFR", protein_change="p.G719A"),
    Alteration("EGFR", kind="amplification"),
    Alteration("BRAF", protein_change="p.V600E"),
    Alteration("BRAF", protein_change="p.V600K"),
    Alteration("TP53", protein_change="p.R175H", vaf=0.3),
    Alteration("TP53", protein_change="p.R248Q", vaf=0.6),
    Alteration("KRAS", protein_change="p.G12C"),
)
profiles = st.builds(
    lambda found, assayed: PatientProfile("P", alterations=tuple(found), assayed_genes=frozenset(assayed)),
    st.lists(st.sampled_from(FINDINGS), unique=True, max_size=5),
    st.sets(st.sampled_from(("EGFR", "BRAF", "TP53", "KRAS"))),
)
states = st.sampled_from((1.0, 0.0, None))
names = [f.name for f in NESTED.features if f.is_alteration]
edits = st.lists(
    st.lists(st.builds(Edit, st.sampled_from(names), states), max_size=3, unique_by=lambda e: e.feature),
    max_size=6,
)


@settings(max_examples=150)
@given(profiles, edits)
def test_rows_written_by_column_are_the_rows_of_the_edited_patient(profile, sets):
    rows = edited_rows(NESTED, profile, sets)
    for row, change in zip(rows, sets, strict=True):
        slow = NESTED.encode_row(apply(NESTED, profile, change))
        assert np.array_equal(row, slow, equal_nan=True)


def test_features_that_move_more_than_their_column_are_known():
    alone = one_column_features(NESTED)
    assert "KRAS" in alone and "EGFR p.L858R" in alone
    assert "TP53" not in alone  # its fraction and count move with it
    assert "EGFR" in alone  # shown by an alteration that the narrower "EGFR mutation" does not claim


def test_every_single_change_is_the_prediction_of_the_edited_patient(make_bundle, patient):
    bundle = make_bundle()
    found = single_changes(bundle, patient)
    assert len(found.changes) == 2 * 6  # six alterations, two other states each
    for c in found.changes:
        edited = apply(bundle.schema, patient, [Edit(c.change.feature, c.change.after)])
        whole = predict(bundle, edited)
        assert c.after == pytest.approx(whole.probability[0], abs=1e-12)
        ranking = rank(bundle, whole, edited, with_unknowns=False)
        assert c.first == ranking.ordered[0].option
        assert set(c.band_one) == {r.option for r in ranking.bands[0]}
        assert c.shifts_top_band == (set(c.band_one) != set(found.band_one))
    assert [c.shifts_top_band for c in found.changes] == sorted(
        (c.shifts_top_band for c in found.changes), reverse=True
    )


def test_losing_the_driver_shifts_the_top_band(make_bundle, patient):
    found = single_changes(make_bundle(), patient)
    moved = {(c.change.feature, c.change.after) for c in found.shifting()}
    assert ("EGFR p.L858R", 0.0) in moved
    row = next(r for r in found.rows() if r["change"].startswith("EGFR p.L858R: tested, not altered"))
    assert row["moves most"] == "Osimertinib" and row["after"] < row["before"]


def test_assay_mode_only_settles_what_was_not_assayed(make_bundle, patient):
    found = single_changes(make_bundle(), patient, mode="assay")
    assert {(c.change.feature, c.change.after) for c in found.changes} == {
        ("ALK fusion", 1.0),
        ("ALK fusion", 0.0),
    }


probabilities = st.integers(1, 7).flatmap(
    lambda k: st.tuples(
        st.lists(st.floats(0.01, 0.99), min_size=k, max_size=k),
        st.lists(st.floats(0, 0.3), min_size=k, max_size=k),
        st.lists(st.booleans(), min_size=k, max_size=k),
    )
)


@given(probabilities)
def test_the_top_band_is_the_first_of_all_bands(case):
    p, width, silent = (np.array(v) for v in case)
    low, high = np.clip(p - width, 0, 1), np.clip(p + width, 0, 1)
    first, band = top_band(p[None], low[None], high[None], silent)
    numbers = band_numbers(np.where(silent, np.nan, p), low, high)
    assert band[0].tolist() == (numbers == 1).tolist()
    assert (first[0] == -1) == bool(silent.all())
    if first[0] >= 0:
        assert p[first[0]] == p[~silent].max()


def test_an_option_behind_the_first_that_fails_is_not_in_the_top_band():
    # B is too far below A; C is as far, but so uncertain that alone it could not be told apart.
    p, width = np.array([[0.6, 0.5, 0.45]]), np.array([[0.04, 0.02, 0.3]])
    _, band = top_band(p, p - width, p + width, np.zeros(3, dtype=bool))
    assert band.tolist() == [[True, False, False]]


def test_the_smallest_change_matches_trying_everything(make_bundle, patient):
    bundle = make_bundle()
    for option in bundle.options:
        found = smallest_changes(bundle, patient, option)
        sizes = brute_force(bundle, patient, option)
        if found.status == "already so":
            assert 0 in sizes
        elif found.status in ("none within", "impossible"):
            assert not sizes
        else:
            best = min(sizes)
            assert found.status == "proven" and {c.size for c in found.found} == {best}
            assert len(found.found) == min(10, len(sizes[best]))
            for c in found.found:
                assert frozenset((x.feature, x.after) for x in c.changes) in sizes[best]


def brute_force(bundle, patient, option):
    """Sets of up to two changes that put the option first, by size, each predicted on its own."""
    singles = [
        Edit(f.name, s)
        for f in bundle.schema.features
        if f.is_alteration
        for s in (1.0, 0.0, None)
        if s != bundle.schema.value(patient, f.name)
    ]
    sets = [(), *((e,) for e in singles)]
    sets += [(a, b) for i, a in enumerate(singles) for b in singles[i + 1 :] if a.feature != b.feature]
    reached = {}
    for change in sets:
        edited = apply(bundle.schema, patient, change)
        altered = [f.name for f in bundle.schema.features if bundle.schema.value(edited, f.name) == 1.0]
        new = [e.feature for e in change if e.value == 1.0]
        if any(frozenset((a, b)) in exclusive_pairs(bundle) for a in new for b in altered if a != b):
            continue
        ranking = rank(bundle, predict(bundle, edited), edited, with_unknowns=False)
        if ranking.ordered and ranking.ordered[0].option == option:
            reached.setdefault(len(change), set()).add(frozenset((e.feature, e.value) for e in change))
    return reached


def test_a_stopped_search_says_what_was_tried(make_bundle, patient):
    found = smallest_changes(make_bundle("network"), patient, Goal("chemotherapy"), stop=lambda: True)
    assert found.status == "open" and not found.found
    assert "none found (stopped)" in found.words() and found.method.startswith("0 sets of changes")


def test_exclusive_drivers_are_found_and_never_proposed_together(make_bundle, patient):
    bundle = make_bundle()
    assert frozenset(("EGFR p.L858R", "KRAS p.G12C")) in exclusive_pairs(bundle)
    assert frozenset(("EGFR p.L858R", "TP53")) not in exclusive_pairs(bundle)
    for c in smallest_changes(bundle, patient, "sotorasib").found:
        states = {x.feature: x.after for x in c.changes}
        if states.get("KRAS p.G12C") == 1.0:
            assert states.get("EGFR p.L858R", 1.0) != 1.0


def test_an_implausible_profile_is_said_with_its_count(make_bundle, patient):
    bundle = make_bundle()
    both = apply(bundle.schema, patient, [Edit("KRAS p.G12C", 1.0)])
    (caution,) = plausibility(bundle, both)
    assert caution == (
        "EGFR p.L858R and KRAS p.G12C hardly ever occur together; no training patient of tumour type LUAD had both."
    )
    assert plausibility(bundle, patient) == ()
    assert "not seen" in plausibility(bundle, patient.replace(tumour="GIST"))[0]


def test_training_patients_are_counted_by_state(make_bundle):
    bundle = make_bundle()
    X = bundle.training.X
    assert training_count(bundle, {"ALK fusion": None}) == int(X["ALK fusion"].isna().sum())
    both = (X["TP53"] == 1) & (X["EGFR p.L858R"] == 0) & (X["tumour=LUAD"] == 1)
    assert training_count(bundle, {"TP53": 1.0, "EGFR p.L858R": 0.0}, "LUAD") == int(both.sum())


def test_goals_that_do_not_fit_are_refused(make_bundle, patient):
    bundle = make_bundle()
    with pytest.raises(UnknownNameError, match="Did you mean sotorasib"):
        smallest_changes(bundle, patient, "sotorasb")
    with pytest.raises(GoalError, match="needs its value"):
        smallest_changes(bundle, patient, Goal("sotorasib", "threshold"))
    for impossible in (1.5, 1.0, -0.2):
        with pytest.raises(GoalError, match="A probability lies between 0 and 1"):
            smallest_changes(bundle, patient, Goal("sotorasib", "threshold", impossible))


@pytest.fixture
def silent(make_bundle, patient):
    """The small bundle with too few lung cancers who had sotorasib: on that option it gives this patient no answer."""
    bundle = make_bundle()
    support = {**bundle.manifest.support, "sotorasib": {**bundle.manifest.support["sotorasib"], "LUAD": 3}}
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, support=support))
    assert rank(bundle, predict(bundle, patient), patient).of("sotorasib").abstained
    return bundle


def test_an_option_without_an_answer_has_no_number_in_any_single_change(silent, patient):
    found = single_changes(silent, patient)
    k = silent.option_index("sotorasib")
    assert found.abstained == ("sotorasib",) and np.isnan(found.before[k])
    assert all(np.isnan([c.after[k], c.low[k], c.high[k]]).all() for c in found.changes)
    assert "Sotorasib" not in str(found.rows()) and "Sotorasib" not in single_changes_html(silent, found)
    assert len(found.rows()) == 12 and "nan" not in str(found.rows())


@pytest.mark.parametrize(
    "goal",
    [
        Goal("sotorasib", "threshold", 0.5),
        Goal("sotorasib", "threshold", 0.9, "under"),
        Goal("sotorasib"),
        Goal("sotorasib", "likely"),
    ],
)
def test_a_goal_for_an_option_without_an_answer_is_not_searched(silent, patient, goal):
    found = smallest_changes(silent, patient, goal)
    assert found.status == "no answer" and not found.found and "gives no answer" in found.words()
    assert silences(silent, patient)["sotorasib"] in found.notes[0]
    assert np.isnan(found.before[silent.option_index("sotorasib")])


def test_what_is_found_for_others_shows_nothing_of_an_option_without_an_answer(silent, patient):
    found = smallest_changes(silent, patient, "chemotherapy").found
    k = silent.option_index("sotorasib")
    assert found and all(np.isnan([c.before[k], c.after[k]]).all() for c in found)


def test_an_option_without_an_answer_is_not_asked_in_points(silent, patient):
    assert effects_in_points(silent, patient, "osimertinib", ["EGFR p.L858R"])
    assert effects_in_points(silent, patient, "sotorasib", ["EGFR p.L858R", "KRAS p.G12C"]) == ()


def test_a_count_under_five_is_withheld(make_bundle, patient, monkeypatch):
    bundle = make_bundle()
    monkeypatch.setattr(plausible, "training_count", lambda *_: 3)
    words = pair_caution(bundle, bundle.schema, "EGFR p.L858R", "KRAS p.G12C", None)
    assert words.endswith("fewer than 5 training patients had both.")
    monkeypatch.setattr(counterfactuals, "training_count", lambda *_: 3)
    rows = single_changes(bundle, patient).rows()
    assert {r["training patients in this state"] for r in rows} == {"fewer than 5"}
