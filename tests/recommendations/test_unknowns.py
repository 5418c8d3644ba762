"""Every unknown input is asked: numbers and categories as well as genes; and what the model makes of silence."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from oncology.cohorts import Cohort
from oncology.edits import Edit, apply
from oncology.features import FeatureSchema, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from oncology.recommendations.probes import find_probes
from sample_data.build_scores import build_ipssm, build_loris
from tests.bundles.small import OPTIONS, SCHEMA, boosting, small_bundle, small_cohort

CLINIC = FeatureSchema(
    (
        *(f for f in SCHEMA.features if f.is_alteration),
        *(f for f in SCHEMA.features if f.name == "Tumour type"),
        field_feature("Albumin", "Albumin", "labs.albumin_g_dl"),
        field_feature("MSI", "Microsatellite instability", "msi", "categorical", levels=("stable", "high")),
        field_feature("Site", "Treating site", "site", "categorical", levels=("A", "B", "C")),
    )
)


def clinic_cohort():
    """The small cohort with albumin, MSI and a site; response follows albumin and MSI more than genes."""
    small = small_cohort(unknown=0.1)
    rng = np.random.default_rng(3)
    albumin, msi = rng.normal(3.8, 0.6, len(small)), (rng.random(len(small)) < 0.4).astype(float)
    site = np.eye(3)[rng.integers(0, 3, len(small))]
    X = np.column_stack([small.X.to_numpy()[:, :-1], albumin, msi, site])
    chance = 1 / (1 + np.exp(-(3.0 * (albumin - 3.8) + 2.0 * (msi - 0.4))))
    y = small.y.copy()
    had = y["osimertinib"].notna()
    y.loc[had, "osimertinib"] = (rng.random(int(had.sum())) < chance[had.to_numpy()]).astype(float)
    table = type(small.X)(X, columns=list(CLINIC.columns), index=small.X.index)
    return Cohort(table, y, small.groups, CLINIC)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    path = tmp_path_factory.mktemp("unknowns") / "clinic"
    return small_bundle(path, cohort=clinic_cohort(), estimators=boosting(max_iter=30))


def patient(**more):
    given = {"tumour": "LUAD", "assayed_genes": frozenset(["EGFR", "KRAS", "BRAF", "TP53"])} | more
    return PatientProfile("P", **given)


def ranked(bundle, profile):
    return rank(bundle, predict(bundle, profile), profile)


def test_an_unknown_number_that_would_move_a_band_is_named_with_its_value_and_unit(clinic):
    found = [u for u in ranked(clinic, patient()).unknowns if u.feature == "Albumin"]
    assert found and {u.state for u in found} == {"value"}
    low = min(found, key=lambda u: u.value)
    assert low.words().startswith(f"Albumin is not known; at {low.value:.3g} g/dL, osimertinib")
    assert low.reads_as is None


def test_an_unknown_category_is_asked_at_every_level(clinic):
    asked = {(p.spec.name, p.value) for p in find_probes(clinic, patient()).asked}
    assert {("MSI", "stable"), ("MSI", "high"), ("Site", "A"), ("Site", "B"), ("Site", "C")} <= asked
    moved = [u for u in ranked(clinic, patient()).unknowns if u.feature == "MSI"]
    assert moved and moved[0].words().startswith("Microsatellite instability is not known; if ")


def test_every_unknown_is_what_recording_the_value_and_ranking_again_gives(clinic):
    profile = patient(assayed_genes=frozenset({"KRAS"}))
    before = {r.option: r for r in ranked(clinic, profile).ordered}
    found = {(u.feature, u.value): u for u in ranked(clinic, profile).unknowns}
    probes = find_probes(clinic, profile).asked
    assert {p.spec.name for p in probes} == {"EGFR", "BRAF", "TP53", "Albumin", "MSI", "Site"}
    n_moves = 0
    for probe in probes:
        edited = apply(clinic.schema, profile, [Edit(probe.spec.name, probe.value)])
        after = {r.option: r for r in ranked(clinic, edited).ordered}
        expected = {
            o: (before[o].band, after[o].band) for o in OPTIONS
            if (change := abs(before[o].probability - after[o].probability)) >= 0.1
            or (before[o].band != after[o].band and change >= 0.01)
        }  # fmt: skip
        unknown = found.get((probe.spec.name, probe.value))
        moves = {} if unknown is None else {m.option: (m.band_before, m.band_after) for m in unknown.moves}
        assert moves == expected
        n_moves += len(moves)
    assert n_moves > 3


def test_numbers_are_asked_at_the_usual_and_the_extreme_values_of_the_training_patients(clinic):
    asked = [p.value for p in find_probes(clinic, patient()).asked if p.spec.name == "Albumin"]
    assert asked == pytest.approx(
        np.quantile(clinic.training.X["Albumin"], [0.05, 0.5, 0.95]).tolist(), rel=5e-3
    )


def test_without_a_shipped_cohort_numbers_come_from_the_background_rows(tmp_path):
    bundle = small_bundle(tmp_path / "b", cohort=clinic_cohort(), keep_cohort=False)
    asked = [p.value for p in find_probes(bundle, patient()).asked if p.spec.name == "Albumin"]
    rows = bundle.background.rows[:, bundle.schema.columns.index("Albumin")]
    assert asked == pytest.approx(np.quantile(rows, [0.05, 0.5, 0.95]).tolist(), rel=5e-3)


def test_the_ranking_says_what_was_asked(clinic):
    ranking = ranked(clinic, patient(assayed_genes=frozenset({"KRAS", "TP53"}), msi="high", site="A"))
    assert ranking.n_asked == 3
    assert ranking.searched.startswith(
        "Asked one at a time: 2 alterations not assayed, each altered and absent; Albumin ("
    )
    assert ranking.searched.endswith("Several unknown inputs at once were not tried.")


def test_a_patient_with_everything_known_is_told_so(clinic):
    ranking = ranked(clinic, patient(labs={"albumin_g_dl": 3.9}, msi="high", site="A"))
    assert (ranking.unknowns, ranking.n_asked) == ((), 0)
    assert ranking.searched == "Every input that the model reads is known."


def test_where_nothing_is_ranked_no_unknown_is_called_harmless(clinic, tmp_path):
    words = "Nothing is ranked for this patient, so it is not known which unknown input would matter."
    nothing = ranked(clinic, patient(tumour="GIST"))
    assert nothing.ordered == () and (nothing.n_asked, nothing.searched) == (0, words)
    loris = build_loris(tmp_path / "loris")
    silent = ranked(loris, patient(labs={"nlr": 3.0}))
    assert silent.ordered == () and silent.searched == words


def test_a_score_is_asked_within_its_published_best_and_worst(tmp_path):
    ipssm = build_ipssm(tmp_path / "ipssm")
    profile = PatientProfile("P", tumour="MDS")
    asked = {}
    for p in find_probes(ipssm, profile).asked:
        asked.setdefault(p.spec.name, []).append(p.value)
    assert asked["Haemoglobin"] == [20.0, 9.87, 4.0] and asked["Marrow blasts"] == [0.0, 4.61, 20.0]
    assert asked["Platelets"] == [250.0, 141.0, 0.0] and len(asked["Cytogenetic group"]) == 5
    assert "TP53 largest VAF" not in asked
    one = profile.replace(alterations=(Alteration("TP53", protein_change="p.R175H"),))
    assert "TP53 largest VAF" in {p.spec.name for p in find_probes(ipssm, one).asked}
    assert "Haemoglobin is not known; at 4 g/dL, IPSS-M risk score would move from" in " ".join(
        u.words() for u in ranked(ipssm, profile).unknowns
    )


@pytest.fixture(scope="module")
def imputed(tmp_path_factory):
    """A model that fills a gene in as absent before it looks: not assayed is *tested, not altered* to it."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(SimpleImputer(strategy="most_frequent"), LogisticRegression(max_iter=1000))
    return small_bundle(tmp_path_factory.mktemp("unknowns") / "imputed", estimators=model)


def test_a_gene_that_the_model_takes_for_absent_is_said_to_be(imputed):
    profile = patient(assayed_genes=frozenset({"KRAS", "BRAF", "TP53"}), age_years=60)
    (found,) = [u for u in ranked(imputed, profile).unknowns if u.feature == "EGFR" and u.state == "altered"]
    assert found.reads_as == "absent" and found.for_all_options
    label, now, absent, altered = found.either_way
    p = {
        v: predict(imputed, apply(imputed.schema, profile, [Edit("EGFR", v)])).probability[0]
        for v in (0.0, 1.0)
    }
    j = imputed.options.index("osimertinib")
    assert (
        now == absent
        and label == "osimertinib"
        and (absent, altered) == pytest.approx((p[0.0][j], p[1.0][j]))
    )
    assert found.words().endswith(
        "Until it is tested, the model answers as if it had been tested and not found "
        f"(osimertinib: {round(100 * absent)} of 100 if absent, {round(100 * altered)} if altered)."
    )


def test_a_gene_that_the_model_keeps_as_unknown_is_not_said_to_be_read_as_absent(imputed):
    between = dataclasses.replace(
        ranked(imputed, patient(assayed_genes=frozenset({"KRAS"}), age_years=60)).unknowns[0],
        reads_as="neither",
    )
    assert "as in neither state: " in between.words() and "not found" not in between.words()
    one = dataclasses.replace(between, reads_as="absent", for_all_options=False)
    assert (
        f"the model answers about {one.either_way[0]} as if it had been tested and not found" in one.words()
    )


def test_the_bundle_says_how_often_not_assayed_is_read_as_absent(imputed):
    measured = imputed.manifest.training["unassayed_reads_as_absent"]
    assert measured["share"] == 1.0 and measured["n_patients"] == 300
    assert set(measured["by_feature"]) == {"EGFR", "KRAS", "BRAF", "TP53"}
    assert imputed.manifest.missing_values.endswith(
        "This model mostly treats not assayed like tested and not altered: measured on 300 training patients, 100 % of "
        "the answers that depend on an alteration were the same (within half a point of 100) without the test as with a "
        "negative one."
    )


def test_the_share_is_that_of_asking_patient_by_patient(tmp_path):
    # EGFR and KRAS were assayed in everybody: there boosting sends the unknown with the larger side, often absent.
    full = clinic_cohort()
    cohort = Cohort(full.X.fillna({"EGFR": 0.0, "KRAS": 0.0}), full.y, full.groups, CLINIC)
    clinic = small_bundle(tmp_path / "b", cohort=cohort, estimators=boosting(max_iter=5))
    measured = clinic.manifest.training["unassayed_reads_as_absent"]
    X = clinic.training.X.to_numpy()

    def answers(column, value):
        rows = X.copy()
        rows[:, column] = value
        return clinic.probability(clinic.margin(rows))

    same = matters = 0
    for column in range(4):
        altered, absent, unknown = (answers(column, v) for v in (1.0, 0.0, np.nan))
        m = abs(altered - absent) > 0.005
        matters += m.sum()
        same += (m & (abs(unknown - absent) <= 0.005)).sum()
    assert 0 < same < matters and measured["share"] == pytest.approx(same / matters, abs=1e-4)


def test_inputs_that_no_single_value_can_stand_for_are_listed_as_not_asked(tmp_path):
    schema = FeatureSchema(
        (
            *SCHEMA.features,
            field_feature("Stage", "Stage", "stage", "categorical", levels=("I", "IV"), missing="refuse"),
            alteration_feature("ALK"),
        )
    )
    small = small_cohort()
    X = small.X.assign(**{"Stage=IV": 1.0, "ALK": np.tile([0.0, 1.0], 150)})[list(schema.columns)]
    bundle = small_bundle(tmp_path / "b", cohort=Cohort(X, small.y, small.groups, schema))
    assert [s.name for s in find_probes(bundle, patient(age_years=60)).left_out] == ["Stage"]
    assert "Not asked: Stage." in find_probes(bundle, patient(age_years=60)).words()
