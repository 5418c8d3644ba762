"""What to offer for editing, and what an edit moved, in words."""

from __future__ import annotations

import dataclasses
import re

import pytest

from explainers import what_if
from explainers.counterfactuals import GoalError, single_changes, smallest_changes
from explainers.ranking_words import lead_words
from explainers.smallest import Constraints, ErrorRates, assay_robustness
from explainers.what_if_report import what_if_report
from oncology.edits import Edit, apply
from oncology.prediction import predict
from oncology.recommendations import rank
from sample_data.build_scores import build_ipssm, build_loris


def ranked(bundle, profile):
    return rank(bundle, predict(bundle, profile), profile, with_unknowns=False)


@pytest.fixture(scope="module")
def ipssm(tmp_path_factory):
    return build_ipssm(tmp_path_factory.mktemp("scores") / "ipssm")


def test_the_headline_names_who_comes_first_and_what_moved(make_bundle, patient):
    bundle = make_bundle()
    edited = apply(bundle.schema, patient, (Edit("EGFR p.L858R", 0.0),))
    before, after = ranked(bundle, patient), ranked(bundle, edited)
    assert before.ordered[0].option == "osimertinib" != after.ordered[0].option
    lower = tuple(dataclasses.replace(r, band=2) if r.option == "osimertinib" else r for r in after.ordered)
    after = dataclasses.replace(after, ordered=lower)
    said, moved = what_if.headline(bundle, before, after)
    assert said == lead_words(bundle, after)
    assert "No longer in it: Osimertinib." in moved and "first" not in said + moved
    p, was = after.of("osimertinib").probability, before.of("osimertinib").probability
    assert f"moves most, from {100 * was:.0f} to {100 * p:.0f} of 100" in moved


def test_options_that_share_the_top_band_are_not_said_to_be_ranked(make_bundle, patient):
    bundle = make_bundle()
    ranking = ranked(bundle, patient)
    both = [dataclasses.replace(r, band=1) for r in ranking.ordered[:2]]
    shared = dataclasses.replace(ranking, ordered=(*both, *ranking.ordered[2:]))
    said, _ = what_if.headline(bundle, shared, shared)
    assert said.startswith("2 options share the top band and cannot be told apart by this model: ")


def test_nothing_moved_is_said_by_an_empty_sentence(make_bundle, patient):
    bundle = make_bundle()
    same = ranked(bundle, patient)
    assert what_if.headline(bundle, same, same)[1] == ""


def test_options_keep_where_they_stood(make_bundle, patient):
    bundle = make_bundle()
    edited = apply(bundle.schema, patient, (Edit("KRAS p.G12C", 1.0),))
    before, after = ranked(bundle, patient), ranked(bundle, edited)
    for option in what_if.ranked_options(after, before):
        entry = next(r for r in (*before.ordered, *before.abstained) if r.label == option.label)
        assert (option.recorded, option.recorded_band) == (entry.probability, entry.band)


def test_altered_ones_are_always_offered_and_then_the_largest_effects(make_bundle, patient):
    bundle = make_bundle()
    found = single_changes(bundle, patient)
    shown = what_if.shown_alterations(bundle.schema, patient, found, most=4)
    assert shown[0] == "EGFR p.L858R" and len(shown) == 4 == len(set(shown))
    size = {}
    for c in found.changes:
        size[c.change.feature] = max(size.get(c.change.feature, 0), abs(c.after - found.before).max())
    left = [n for n in size if n not in shown]
    assert max(size[n] for n in left) <= min(size[n] for n in shown[1:])


def test_a_slider_holds_the_usual_values_and_the_box_the_believable_ones(make_bundle):
    bundle = make_bundle()
    found = what_if.number_range(bundle, bundle.schema.feature("albumin"))
    assert (found.low, found.high) == (2, 5.5) and (found.least, found.most) == (0.5, 7.0)
    assert found.step == 0.05 and found.low <= found.middle <= found.high


def test_a_number_of_unknown_kind_takes_its_range_from_the_training_patients(make_bundle):
    bundle = make_bundle()
    spec = dataclasses.replace(bundle.schema.feature("albumin"), reads=bundle.schema.feature("sex").reads)
    found = what_if.number_range(bundle, spec)
    X = bundle.training.X["albumin"].dropna()
    assert X.quantile(0.01) == pytest.approx(found.low) and X.quantile(0.99) == pytest.approx(found.high)


def test_single_changes_are_counted_and_the_rest_is_said_to_be_left_out(make_bundle, patient):
    bundle = make_bundle()
    found = single_changes(bundle, patient)
    html = what_if.single_changes_html(bundle, found, most=1)
    n = len(found.shifting())
    assert n >= 1 and f"{n} of {len(found.changes)} single changes shift the top band" in html
    assert html.count("<tr>") == 2


def test_a_group_goal_lies_between_the_rounded_scores(ipssm):
    # "Low" ends at -0.5, right-closed on the score rounded to two decimals: -0.496 rounds to -0.5.
    goal = what_if.group_goal(ipssm, "Low", or_lower=True)
    assert (goal.kind, goal.side) == ("threshold", "under") and goal.value == pytest.approx(-0.495)
    assert ipssm.formula.group(-0.496) == "Low" and ipssm.formula.group(-0.494) == "Moderate Low"
    higher = what_if.group_goal(ipssm, "High", or_lower=False)
    assert higher.side == "over" and ipssm.formula.group(higher.value + 1e-6) == "High"
    assert ipssm.formula.group(higher.value - 1e-6) == "Moderate High"


def test_a_goal_that_every_score_reaches_is_refused(ipssm):
    with pytest.raises(GoalError, match="Every score is in the group 'Very High' or lower"):
        what_if.group_goal(ipssm, "Very High", or_lower=True)


def test_a_score_is_said_without_probability(tmp_path, patient):
    loris = build_loris(tmp_path / "loris")
    known = patient.replace(
        tmb_per_mb=10.0, labs={"albumin_g_dl": 4.0, "nlr": 3.0}, findings={"prior_systemic_therapy": "no"}
    )
    lower = apply(loris.schema, known, (Edit("Albumin", 2.5),))
    said, moved = what_if.headline(loris, ranked(loris, known), ranked(loris, lower))
    assert re.fullmatch(r"[^:]+: 0\.\d\d\.", said)
    assert re.fullmatch(r"As recorded it is 0\.\d\d\.", moved)
    none = what_if.headline(loris, ranked(loris, known), ranked(loris, patient))
    assert none[0] == "The model has no answer for this profile." and "Albumin is not known" in none[1]


def test_the_report_holds_edit_ranking_reasons_and_search(make_bundle, patient):
    bundle = make_bundle()
    edited = apply(bundle.schema, patient, (Edit("EGFR p.L858R", 0.0),))
    goal = what_if.Goal("osimertinib")
    found = smallest_changes(bundle, edited, goal, constraints=Constraints(become=("altered",)))
    calls = assay_robustness(bundle, edited, error_rates=ErrorRates(0.02, 0.05))
    text = what_if_report(
        bundle, patient, edited, option="osimertinib", searched=(goal, found), calls=calls, made="now"
    )
    assert found.conditions_words() in text and "alterations may only become altered" in text
    assert "of 100 alterations reported 2 are not there" in text
    assert "EGFR p.L858R: altered → tested, not altered" in text
    assert "ranked first" in text and found.found[0].changes[0].words in text and found.words() in text
    assert 'class="gbr"' in text and 'class="gbc"' in text
    assert (
        "Patient: synthetic" in text
        and "model made from: synthetic patients" in text
        and bundle.sha256 in text
    )
    assert "http" not in text.split("<style>")[0].replace("http-equiv", "")
