"""Ranking, abstention, the unlikely ones and the decisive unknowns of one patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncology.edits import Edit, apply
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from oncology.recommendations import MIN_SUPPORT, NOT_MODELLED, band_numbers, rank
from oncology.recommendations.ranking import StalePredictionsError
from tests.bundles.small import GENES, small_bundle, small_cohort


def patient(**more):
    given = {"age_years": 61, "tumour": "LUAD", "alterations": (Alteration("KRAS"),),
             "assayed_genes": frozenset({"KRAS", "TP53"})} | more  # fmt: skip
    return PatientProfile("P", **given)


def ranked(bundle, profile, **more):
    return rank(bundle, predict(bundle, profile), profile, **more)


def test_the_option_of_the_altered_gene_leads(bundle):
    ranking = ranked(bundle, patient())
    assert ranking.ordered[0].option == "sotorasib" and ranking.ordered[0].band == 1
    assert [r.probability for r in ranking.ordered] == sorted(
        (r.probability for r in ranking.ordered), reverse=True
    )
    assert {r.option for r in ranking.ordered} == set(bundle.options) and ranking.abstained == ()
    assert sum(len(band) for band in ranking.bands) == len(ranking.ordered)
    assert ranking.not_modelled == NOT_MODELLED


def test_words_carry_number_interval_and_support(bundle):
    first = ranked(bundle, patient()).ordered[0]
    assert first.per_100 == (
        f"about {round(100 * first.probability)} of 100 patients like this respond, "
        f"between {round(100 * first.low)} and {round(100 * first.high)} in groups of such patients"
    )
    assert first.reason.startswith(f"{first.support} training patients with Lung adenocarcinoma had it; ")
    cohort = small_cohort()
    lung = cohort.y["sotorasib"][cohort.groups["tumour"] == "LUAD"].dropna()
    assert first.base_rate == pytest.approx(lung.mean())


def test_a_tumour_type_without_training_patients_is_abstained_from(bundle):
    ranking = ranked(bundle, patient(tumour="GIST"))
    assert ranking.ordered == () and ranking.unknowns == ()
    assert ranking.of("sotorasib").reason == (
        f"No training patient with Gastrointestinal stromal tumour had it; the model needs {MIN_SUPPORT}."
    )
    assert all(r.abstained and r.band is None and r.probability is None for r in ranking.abstained)


def test_a_tumour_type_that_is_not_recorded_is_abstained_from(bundle):
    reasons = {r.reason for r in ranked(bundle, patient(tumour=None)).abstained}
    assert reasons == {"The tumour type is not recorded, so no patients like this one can be counted."}


def test_twenty_training_patients_are_enough_and_nineteen_are_not(tmp_path):
    cohort = small_cohort()
    y = cohort.y.copy()
    for option, n in (("osimertinib", 20), ("sotorasib", 19), ("dabrafenib", 3)):
        mine = y.index[(cohort.groups["tumour"] == "LUAD") & y[option].notna()]
        y.loc[mine[n:], option] = np.nan
    few = type(cohort)(cohort.X, y, cohort.groups, cohort.schema)
    ranking = ranked(small_bundle(tmp_path / "b", cohort=few), patient())
    assert [r.option for r in ranking.ordered] == ["osimertinib"]
    assert ranking.of("sotorasib").reason.startswith("Only 19 training patients with Lung adenocarcinoma")
    assert ranking.of("dabrafenib").reason.startswith("Fewer than 5 training patients")


def test_unlikely_to_help_is_a_view_on_the_ranking(tmp_path):
    limit = 0.43
    bundle = small_bundle(tmp_path / "b", unlikely_below=limit)
    profile = patient(alterations=(Alteration("KRAS"),), assayed_genes=frozenset(GENES))
    ranking = ranked(bundle, profile)
    expected = [r for r in ranking.ordered if r.high < limit]
    assert 0 < len(expected) < 3 and list(ranking.unlikely_to_help) == expected
    assert {r.option for r in ranking.ordered} == set(bundle.options)


def test_a_test_that_would_lift_an_option_off_the_unlikely_list_says_so(tmp_path):
    bundle = small_bundle(tmp_path / "b", unlikely_below=0.65)
    ranking = ranked(bundle, patient(alterations=(), assayed_genes=frozenset({"KRAS", "BRAF", "TP53"})))
    (found,) = [u for u in ranking.unknowns if u.feature == "EGFR" and u.state == "altered"]
    assert "osimertinib" in {r.option for r in ranking.unlikely_to_help}
    assert "osimertinib" in found.leaves_unlikely


def test_unknowns_are_what_editing_the_profile_and_ranking_again_gives(bundle):
    profile = patient()
    before = {r.option: r for r in ranked(bundle, profile).ordered}
    found = {(u.feature, u.state): u for u in ranked(bundle, profile).unknowns}
    assert {feature for feature, _ in found} <= {"EGFR", "BRAF"}
    n_moves = 0
    for feature in ("EGFR", "BRAF"):
        for state, value in (("altered", 1.0), ("absent", 0.0)):
            edited = apply(bundle.schema, profile, [Edit(feature, value)])
            after = {r.option: r for r in ranked(bundle, edited, with_unknowns=False).ordered}
            expected = {
                o: (before[o].band, after[o].band) for o in bundle.options
                if (change := abs(before[o].probability - after[o].probability)) >= 0.1
                or (before[o].band != after[o].band and change >= 0.01)
            }  # fmt: skip
            unknown = found.get((feature, state))
            moves = (
                {} if unknown is None else {m.option: (m.band_before, m.band_after) for m in unknown.moves}
            )
            assert moves == expected
            n_moves += len(moves)
    assert n_moves > 0


def test_the_sentence_of_an_unknown_names_gene_state_and_bands(bundle):
    unknowns = ranked(bundle, patient()).unknowns
    assert unknowns
    for unknown in unknowns:
        move = unknown.moves[0]
        opening = f"{unknown.label} was not assayed; if {unknown.state}, {move.label} would move from "
        bands = f"band {move.band_before} to band {move.band_after}"
        people = f"{round(100 * move.probability_before)} to {round(100 * move.probability_after)} of 100, still in band"
        assert unknown.words().startswith(
            opening + (bands if move.band_before != move.band_after else people)
        )


def test_an_assayed_gene_is_never_an_unknown(bundle):
    ranking = ranked(bundle, patient(assayed_genes=frozenset(GENES)))
    assert ranking.unknowns == ()


def test_one_option_has_no_bands_and_still_names_its_unknowns(tmp_path):
    bundle = small_bundle(tmp_path / "b", options=["osimertinib"])
    ranking = ranked(bundle, patient())
    assert not ranking.has_bands and ranking.bands == () and ranking.ordered[0].band is None
    moves = [m for u in ranking.unknowns if u.feature == "EGFR" for m in u.moves]
    assert moves and all(m.band_before is None and abs(m.change) >= 0.05 for m in moves)
    assert "of 100" in ranking.unknowns[0].words()


def test_an_option_without_signal_is_cautioned(tmp_path):
    cohort = small_cohort()
    noise = np.random.default_rng(1).permutation(cohort.y["dabrafenib"].to_numpy())
    shuffled = type(cohort)(cohort.X, cohort.y.assign(dabrafenib=noise), cohort.groups, cohort.schema)
    bundle = small_bundle(tmp_path / "b", cohort=shuffled)
    ranking = ranked(bundle, patient())
    assert not bundle.manifest.performance_of("dabrafenib").has_signal
    assert any(c.startswith("No signal: in cross-validation") for c in ranking.of("dabrafenib").cautions)
    assert not any(c.startswith("No signal") for c in ranking.of("sotorasib").cautions)


def test_predictions_of_another_bundle_are_refused(bundle, tmp_path):
    other = small_bundle(tmp_path / "b", version="2")
    with pytest.raises(StalePredictionsError, match="Predict again with the bundle that ranks them"):
        rank(bundle, predict(other, patient()), patient())


STATES = st.fixed_dictionaries({gene: st.sampled_from(["altered", "absent", "unknown"]) for gene in GENES})


@settings(max_examples=25, deadline=None)
@given(STATES, st.sampled_from(["LUAD", "COADREAD", "SKCM", "GIST"]), st.floats(20, 90))
def test_every_option_is_ordered_or_abstained_exactly_once(bundle, states, tumour, age):
    profile = patient(
        tumour=tumour, age_years=age,
        alterations=tuple(Alteration(g) for g, s in states.items() if s == "altered"),
        assayed_genes=frozenset(g for g, s in states.items() if s != "unknown"),
    )  # fmt: skip
    ranking = ranked(bundle, profile)
    listed = [r.option for r in (*ranking.ordered, *ranking.abstained)]
    assert sorted(listed) == sorted(bundle.options)
    p, low, high = (
        np.array([getattr(r, n) for r in ranking.ordered]) for n in ("probability", "low", "high")
    )
    if len(p):
        assert [r.band for r in ranking.ordered] == band_numbers(p, low, high).tolist()
    open_genes = {g for g, s in states.items() if s == "unknown"}
    assert {u.feature for u in ranking.unknowns} <= open_genes
