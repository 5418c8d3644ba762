"""Published formulas are explained on their derived variables, from their cited reference."""

from __future__ import annotations

import json

import numpy as np
import pytest

from explainers.background import BackgroundError, of_rows, tree_paths
from explainers.charts.attribution import waterfall
from explainers.counterfactuals import Goal, GoalError, single_changes, smallest_changes
from explainers.importance import formula_weights, shapley_sample
from explainers.local import explain
from explainers.local.surrogate import NoCohortError
from explainers.neighbours import NoCohortError as NoNeighbours
from explainers.neighbours import similar_patients
from explainers.plausibility import plausibility
from explainers.players import CannotExplainError
from explainers.standings import Standings
from oncology.edits import Edit, apply
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from sample_data.build_scores import build_ipssm, build_loris


@pytest.fixture(scope="module")
def ipssm(tmp_path_factory):
    return build_ipssm(tmp_path_factory.mktemp("scores") / "ipssm")


@pytest.fixture(scope="module")
def loris(tmp_path_factory):
    return build_loris(tmp_path_factory.mktemp("scores") / "loris")


MDS = PatientProfile(
    "M1", age_years=70, tumour="MDS", alterations=(Alteration("SF3B1", protein_change="p.K700E"), Alteration("ASXL1")),
    assayed_genes=frozenset({"SF3B1", "ASXL1", "TP53", "RUNX1", "EZH2"}),
    labs={"haemoglobin_g_dl": 9.0, "platelets_10e9_l": 110.0, "marrow_blasts_percent": 3.0},
    findings={"ipssr_cytogenetics": "good"},
)  # fmt: skip
LUNG = PatientProfile(
    "L1", age_years=63, tumour="LUAD", tmb_per_mb=8.0, labs={"albumin_g_dl": 3.9, "nlr": 5.0},
    findings={"prior_systemic_therapy": "yes"},
)  # fmt: skip


@pytest.mark.parametrize("method", ["shapley", "ablation"])
def test_parts_are_weight_times_distance_from_the_reference(ipssm, loris, method):
    for bundle, person in ((ipssm, MDS), (loris, LUNG)):
        why = explain(bundle, person, method, option=bundle.options[0])
        row = bundle.schema.encode_row(person)
        derived = bundle.formula.derive(row[None, :])
        assert why.values == pytest.approx(bundle.formula.contributions(derived)[0], abs=1e-12)
        assert why.base_value == pytest.approx(bundle.formula.base_value, abs=1e-12)
        assert why.score == pytest.approx(bundle.margin(row)[0, 0], abs=1e-12)
        assert abs(why.residual()) < 1e-9
        assert why.feature_names == bundle.formula.names and why.background == bundle.background.name


def test_ipssm_starts_from_zero_at_the_published_average(ipssm):
    why = explain(ipssm, MDS, "shapley", option=ipssm.options[0])
    assert why.base_value == pytest.approx(0.0, abs=1e-12) and len(why.values) == 22


def test_haemoglobin_by_hand(ipssm):
    # -0.171 x (9.0 - 9.87) / ln 2
    why = explain(ipssm, MDS, "shapley", option=ipssm.options[0])
    assert why.values[why.feature_names.index("HB1")] == pytest.approx(
        -0.171 * (9.0 - 9.87) / np.log(2), abs=1e-4
    )


def test_every_coalition_agrees_where_few_variables_differ(ipssm, loris):
    for bundle, person in ((ipssm, MDS), (loris, LUNG)):
        fast = explain(bundle, person, "shapley", option=bundle.options[0])
        slow = explain(bundle, person, "exact", option=bundle.options[0])
        assert slow.values == pytest.approx(fast.values, abs=1e-9)


def test_a_logistic_score_says_that_its_parts_add_up_before_the_link(loris):
    why = explain(loris, LUNG, "shapley", option=loris.options[0])
    score = predict(loris, LUNG).probability[0, 0]
    assert f"{score:.3f}" in why.limits[-1] and "linear predictor" in why.limits[-1]


def test_a_loaded_cohort_can_be_the_background(loris):
    rows = loris.schema.encode([LUNG, LUNG.replace(patient_id="L2", tmb_per_mb=40.0)])
    why = explain(loris, LUNG, "shapley", option=loris.options[0], background=of_rows(rows, "two patients"))
    assert abs(why.residual()) < 1e-9
    tmb = [i for i, v in enumerate(loris.formula.variables) if "tmb" in " ".join(v.features).casefold()]
    assert np.flatnonzero(np.abs(why.values) > 1e-12).tolist() == tmb
    sample = shapley_sample(loris, loris.options[0], rows=rows)
    assert len(sample) == 2 and sample.feature_names == loris.formula.names


def test_what_a_formula_cannot_do_is_refused_with_what_can(ipssm):
    option = ipssm.options[0]
    with pytest.raises(NoCohortError, match="Use shapley or ablation"):
        explain(ipssm, MDS, "lime", option=option)
    with pytest.raises(BackgroundError, match="no trees"):
        explain(ipssm, MDS, "shapley", option=option, background=tree_paths())
    with pytest.raises(NoNeighbours, match="published formula"):
        similar_patients(ipssm, MDS)
    with pytest.raises(NoNeighbours, match="published formula"):
        shapley_sample(ipssm, option)
    with pytest.raises(GoalError, match="Give a threshold instead"):
        smallest_changes(ipssm, MDS, option)
    assert plausibility(ipssm, MDS) == ()


def test_a_patient_without_a_score_is_told_what_is_missing(loris):
    with pytest.raises(CannotExplainError, match="Albumin is not known"):
        explain(loris, LUNG.replace(labs={"nlr": 5.0}), "shapley", option=loris.options[0])


def test_single_changes_act_on_raw_inputs(ipssm):
    found = single_changes(ipssm, MDS)
    assert found.unit == "score" and found.first is None and not found.shifting()
    for c in found.changes[:12]:
        edited = apply(ipssm.schema, MDS, [Edit(c.change.feature, c.change.after)])
        assert c.after == pytest.approx(predict(ipssm, edited).probability[0], abs=1e-12)


def test_the_smallest_change_over_a_threshold(ipssm):
    found = smallest_changes(ipssm, MDS, Goal(ipssm.options[0], "threshold", 1.0))
    assert found.status == "proven" and found.size == 1
    assert all(c.before[0] <= 1.0 < c.after[0] for c in found.found)
    assert found.found[0].training_count is None


def test_a_score_that_no_change_reaches_is_said_with_what_was_tried(ipssm):
    found = smallest_changes(ipssm, MDS, Goal(ipssm.options[0], "threshold", -5.0, "under"), max_size=2)
    assert found.status == "none within" and not found.found
    assert (
        "none within 2 changes (proven)" in found.words()
        and "sets of changes, each put through" in found.method
    )
    further = smallest_changes(
        ipssm, MDS, Goal(ipssm.options[0], "threshold", -5.0, "under"), time_limit_s=0.2
    )
    assert further.status == "open" and "none found" in further.words()


def test_a_threshold_is_held_against_the_score_as_it_is_published(ipssm):
    # 1.004 is published as 1.00, which is not over 1; 1.006 as 1.01.
    goal = Goal(ipssm.options[0], "threshold", 1.0)
    score = np.array([[1.004], [1.006], [-0.001]])
    after = Standings(score, score, score, np.array([False]), np.full(3, -1), np.zeros((3, 1), dtype=bool))
    assert goal.reached(ipssm, after).tolist() == [False, True, False]
    zero = Goal(ipssm.options[0], "threshold", 0.0, "under")
    assert zero.reached(ipssm, after).tolist() == [False, False, False]


def test_parts_of_a_logistic_score_are_said_to_add_up_before_the_link(loris, ipssm):
    why = explain(loris, LUNG, "shapley", option=loris.options[0])
    assert why.unit == "score before the logistic link"
    assert why.base_value + why.values.sum() == pytest.approx(why.score)
    assert waterfall(why).layout.xaxis.title.text == why.unit
    assert explain(ipssm, MDS, "shapley", option=ipssm.options[0]).unit == "score"


def test_a_logistic_score_over_one_is_refused(loris):
    with pytest.raises(GoalError, match=r"lies between 0 and 1; the threshold is 1\.5"):
        smallest_changes(loris, LUNG, Goal(loris.options[0], "threshold", 1.5))


def test_single_changes_of_a_score_have_no_bands(ipssm):
    assert not {"band 1 then", "shifts band 1"} & set(single_changes(ipssm, MDS).rows()[0])


def test_weights_are_listed_as_published(ipssm):
    rows = formula_weights(ipssm)
    assert len(rows) == 22 and json.dumps(rows)
