"""Patients a model was not made for, numbers that lean on other patients, and counts that are not told."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from oncology.applicability import applicability
from oncology.cohorts import Cohort
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from sample_data.build_scores import build_ipssm, build_loris
from tests.bundles.small import GENES, small_bundle, small_cohort


def patient(**more):
    given = {"age_years": 61, "tumour": "LUAD", "alterations": (Alteration("KRAS"),),
             "assayed_genes": frozenset(GENES)} | more  # fmt: skip
    return PatientProfile("P", **given)


def ranked(bundle, profile):
    return rank(bundle, predict(bundle, profile), profile)


def small_with(path, *, y=None, X=None, **more):
    cohort = small_cohort()
    changed = Cohort(
        cohort.X if X is None else X(cohort.X.copy(), cohort),
        cohort.y if y is None else y(cohort.y.copy(), cohort),
        cohort.groups,
        cohort.schema,
    )
    return small_bundle(path, cohort=changed, **more)


def test_a_usual_patient_has_no_cautions(bundle):
    assert applicability(bundle, patient()) == () and ranked(bundle, patient()).cautions == ()


def test_an_age_that_no_training_patient_had_is_said(bundle):
    assert applicability(bundle, patient(age_years=15)) == (
        "The patient is 15 years old; every training patient was 18 or older.",
    )
    (old,) = applicability(bundle, patient(age_years=110))
    assert old == "Age is 110 years, higher than in 999 of 1,000 training patients."


def test_a_model_that_saw_children_says_nothing_of_a_child(tmp_path):
    def children(X, _):
        X.iloc[:60, X.columns.get_loc("Age")] = 9.0
        return X

    assert applicability(small_with(tmp_path / "b", X=children), patient(age_years=12)) == ()


def test_the_ends_of_a_number_are_those_of_the_training_patients(bundle):
    ages = bundle.training.X["Age"]
    low, high = np.quantile(ages, [0.001, 0.999])
    for age, said in (
        (high - 0.01, False),
        (high + 0.01, True),
        (low + 0.01, False),
        (max(low - 0.01, 18), True),
    ):
        assert bool(applicability(bundle, patient(age_years=age))) is said


def test_a_tumour_the_model_does_not_know_is_said_of_models_and_of_scores(bundle, tmp_path):
    (words,) = applicability(bundle, patient(tumour="PAAD"))
    assert words.startswith("The patient has Pancreatic adenocarcinoma; the model was made for Colorectal")
    ipssm = build_ipssm(tmp_path / "ipssm")
    assert ranked(ipssm, patient()).cautions == (
        "The patient has Lung adenocarcinoma; the score was made for Myelodysplastic syndromes. What it says of this "
        "patient is outside its domain.",
    )
    assert ranked(ipssm, patient(tumour="MDS")).cautions == ()
    assert ranked(ipssm, patient(tumour="MDSEB1")).cautions == ()
    assert ranked(ipssm, patient(tumour="MDS/MPN")).cautions != ()
    assert (
        "is not recorded; the score was made for Myelodysplastic"
        in applicability(ipssm, patient(tumour=None))[0]
    )


def test_a_score_for_a_child_says_that_nothing_is_known(tmp_path):
    loris = build_loris(tmp_path / "loris")
    assert applicability(loris, patient(age_years=15)) == (
        "The patient is 15 years old; nothing in this bundle says that it was checked in patients under 18.",
    )


def test_a_broader_tumour_code_is_told_from_an_unknown_one(bundle):
    reason = ranked(bundle, patient(tumour="NSCLC")).of("sotorasib").reason
    assert reason == (
        "No training patient with Non-small cell lung cancer had it; the model needs 20. Non-small cell lung cancer "
        "(NSCLC) is a broader type; within it the model knows Lung adenocarcinoma (LUAD), and may answer once the exact "
        "type is recorded."
    )
    assert "broader" in applicability(bundle, patient(tumour="NSCLC"))[0]
    assert "broader" not in ranked(bundle, patient(tumour="GIST")).of("sotorasib").reason


def test_common_drivers_that_no_training_patient_had_together_are_said(tmp_path, bundle):
    def exclusive(X, _):
        X.loc[(X["EGFR"] == 1) & (X["KRAS"] == 1), "KRAS"] = 0.0
        return X

    both = patient(alterations=(Alteration("EGFR"), Alteration("KRAS")))
    (words,) = applicability(small_with(tmp_path / "b", X=exclusive), both)
    assert words.startswith(
        "EGFR and KRAS are each common, but no training patient with Lung adenocarcinoma had both"
    )
    assert applicability(bundle, both) == ()


def test_rare_alterations_that_never_met_are_no_caution(tmp_path):
    def rare(X, _):
        X.loc[X.index[6:], "EGFR"] = 0.0
        X.loc[X.index[:6], ["EGFR", "KRAS"]] = [1.0, 0.0]
        return X

    both = patient(alterations=(Alteration("EGFR"), Alteration("KRAS")))
    assert applicability(small_with(tmp_path / "b", X=rare), both) == ()


def test_the_driver_of_an_option_is_measured_when_the_bundle_is_built(bundle):
    assert dict(bundle.manifest.drivers) == {
        "osimertinib": ["EGFR"], "sotorasib": ["KRAS"], "dabrafenib": ["BRAF"],
    }  # fmt: skip


def _keep_untreated(option, gene, n):
    """Outcomes in which only n lung patients without the gene altered had the option."""

    def changed(y, cohort):
        lung = cohort.groups["tumour"] == "LUAD"
        off = y.index[lung & (cohort.X[gene] == 0) & y[option].notna()]
        y.loc[off[n:], option] = np.nan
        return y

    return changed


@pytest.mark.parametrize(
    ("n", "opening"),
    [(7, "Only 7 training patients"), (3, "Fewer than 5 training patients"), (0, "No training patient"), (19, "Only 19"), (20, "")],
)  # fmt: skip
def test_an_option_that_few_had_in_this_state_of_its_driver_leans_on_others(tmp_path, n, opening):
    built = small_with(tmp_path / "b", y=_keep_untreated("osimertinib", "EGFR", n))
    assert built.manifest.drivers["osimertinib"] == ["EGFR"]
    found = [c for c in ranked(built, patient()).of("osimertinib").cautions if "leans on others" in c]
    if not opening:
        assert found == []
    else:
        assert found[0].startswith(opening) and found[0].endswith(
            "with Lung adenocarcinoma and without EGFR alteration had osimertinib: the number leans on others."
        )
    altered = ranked(built, patient(alterations=(Alteration("EGFR"),))).of("osimertinib")
    mine = (built.training.tumours == "LUAD") & (built.training.X["EGFR"] == 1).to_numpy()
    assert bool([c for c in altered.cautions if "leans" in c]) == (
        int((mine & built.training.y["osimertinib"].notna().to_numpy()).sum()) < 20
    )


def test_several_alterations_can_drive_an_option_and_one_of_them_is_enough(tmp_path):
    rng = np.random.default_rng(8)

    def either(y, cohort):
        has = (cohort.X[["EGFR", "KRAS"]] == 1).any(axis=1)
        had = y["osimertinib"].notna()
        lung = cohort.groups["tumour"] == "LUAD"
        y.loc[had, "osimertinib"] = (rng.random(int(had.sum())) < np.where(has[had], 0.85, 0.15)).astype(
            float
        )
        off = y.index[lung & had & (cohort.X[["EGFR", "KRAS"]] == 0).all(axis=1)]
        y.loc[off[8:], "osimertinib"] = np.nan
        return y

    built = small_with(tmp_path / "b", y=either)
    assert set(built.manifest.drivers["osimertinib"]) == {"EGFR", "KRAS"}

    def leaning(*genes):
        profile = patient(alterations=tuple(map(Alteration, genes)))
        return [c for c in ranked(built, profile).of("osimertinib").cautions if "leans" in c]

    (words,) = leaning("TP53")
    assert words.startswith("Only 8 training patients with Lung adenocarcinoma and without ")
    assert " alteration or " in words
    assert leaning("KRAS") == [] and leaning("EGFR") == []


def test_not_assayed_is_compared_with_all_in_whom_it_was_not_found(tmp_path):
    def changed(y, cohort):
        lung = cohort.groups["tumour"] == "LUAD"
        off = y.index[lung & (cohort.X["EGFR"] != 1) & y["osimertinib"].notna()]
        y.loc[off[12:], "osimertinib"] = np.nan
        return y

    built = small_with(tmp_path / "b", y=changed)
    cautions = ranked(built, patient(assayed_genes=frozenset({"KRAS"}))).of("osimertinib").cautions
    assert any(
        c.startswith(
            "Only 12 training patients with Lung adenocarcinoma in whom no EGFR alteration was found had"
        )
        for c in cautions
    )


def test_a_first_option_that_is_unlikely_is_flagged(tmp_path, bundle):
    low = small_bundle(tmp_path / "b", unlikely_below=0.999)
    ranking = ranked(low, patient())
    assert ranking.ordered[0] in ranking.unlikely_to_help
    assert ranking.cautions == (
        "Even sotorasib, which stands first, is unlikely to help: its whole interval lies below 100 of 100.",
    )
    assert ranked(bundle, patient()).cautions == ()


def _few_shared(y, cohort):
    """Thirty lung patients had sotorasib, three of them with a KRAS alteration; two of the thirty did not respond."""
    lung = cohort.groups["tumour"] == "LUAD"
    altered = (cohort.X[list(GENES)] == 1).any(axis=1)
    y.loc[lung, "sotorasib"] = np.nan
    kras_only = y.index[lung & (cohort.X["KRAS"] == 1)][:3]
    others = y.index[lung & (cohort.X["KRAS"] != 1)][:27]
    assert altered[kras_only].all() and len(others) == 27
    y.loc[[*kras_only, *others], "sotorasib"] = 1.0
    y.loc[others[:2], "sotorasib"] = 0.0
    return y


def test_counts_under_five_are_told_nowhere(tmp_path):
    built = small_with(tmp_path / "b", y=_few_shared)
    entry = ranked(built, patient()).of("sotorasib")
    assert (entry.support, entry.shared, entry.base_rate) == (30, None, None)
    assert set(entry.withheld) == {"shared", "base_rate"}
    assert "fewer than 5 of them share an alteration" in entry.reason and "respond" not in entry.reason
    assert entry.support_words == (
        "30 with the same tumour type had it; how many of them share an alteration is withheld"
    )


def test_a_count_that_gives_the_rest_away_is_withheld_too(tmp_path):
    def nearly_all(y, cohort):
        lung = cohort.groups["tumour"] == "LUAD"
        y.loc[lung, "sotorasib"] = np.nan
        had = [*y.index[lung & (cohort.X["KRAS"] == 1)][:22], *y.index[lung & (cohort.X["KRAS"] != 1)][:2]]
        y.loc[had, "sotorasib"] = np.tile([0.0, 1.0], 12)[: len(had)]
        return y

    entry = ranked(small_with(tmp_path / "b", y=nearly_all), patient()).of("sotorasib")
    assert (entry.support, entry.shared) == (24, None) and "all but a few of them share" in entry.reason
    assert entry.base_rate == 0.5 and entry.withheld == ("shared",)


def test_an_abstained_option_withholds_its_small_count(tmp_path):
    def three(y, cohort):
        mine = y.index[(cohort.groups["tumour"] == "LUAD") & y["dabrafenib"].notna()]
        y.loc[mine[3:], "dabrafenib"] = np.nan
        return y

    entry = ranked(small_with(tmp_path / "b", y=three), patient()).of("dabrafenib")
    assert entry.abstained and entry.support is None and "support" in entry.withheld
    assert entry.support_words.startswith("fewer than 5 with the same tumour type had it")


def test_a_laboratory_model_never_speaks_of_treated_patients(tmp_path, bundle):
    lab = small_bundle(
        tmp_path / "b",
        setting="laboratory",
        outcome="are among the most sensitive quarter",
        unlikely_below=0.999,
    )
    assert lab.manifest.words.banner == "Measured on cells outside the body: not a response of a patient."
    ranking = ranked(lab, patient())
    first = ranking.ordered[0]
    assert "of 100 samples like this are among the most sensitive quarter" in first.per_100
    assert "were tested with it; " in first.reason
    elsewhere = ranked(lab, patient(tumour="GIST")).of("sotorasib")
    assert elsewhere.reason.startswith(
        "No training patient with Gastrointestinal stromal tumour was tested with it;"
    )
    said = " ".join(
        [first.per_100, *ranking.cautions, elsewhere.reason, elsewhere.support_words]
        + [w for r in ranking.ordered for w in (r.reason, r.support_words, *r.cautions)]
    )
    for clinical in ("had it", "responde", "unlikely to help", "patients like this", "had sotorasib"):
        assert clinical not in said
    assert "unlikely to be sensitive" in said
    assert bundle.manifest.setting == "clinic" and bundle.manifest.words.banner == ""


def test_the_setting_survives_the_file_and_nonsense_is_refused(tmp_path):
    from oncology.bundles.errors import ManifestError
    from oncology.bundles.manifest import Manifest

    lab = small_bundle(tmp_path / "b", setting="laboratory").manifest
    assert Manifest.from_bytes(lab.to_bytes()).setting == "laboratory"
    old = lab.to_bytes().replace(b' "setting": "laboratory",\n', b"")
    assert Manifest.from_bytes(old).setting == "clinic"
    with pytest.raises(ManifestError, match="setting is 'ward'"):
        Manifest.from_bytes(dataclasses.replace(lab, setting="ward").to_bytes())


def test_the_interval_says_what_it_covers_and_what_not(bundle, tmp_path):
    found = predict(bundle, patient())
    assert found.coverage == 0.95 and found.interval_basis == "observed"
    assert found.interval_meaning.startswith(
        "The interval (95%) is that of a share: how many responded among all who had it"
    )
    assert "not the range of the single case" in found.interval_meaning
    bare = predict(small_bundle(tmp_path / "bare", keep_cohort=False), patient())
    assert bare.interval_basis == "calibration" and "calibration alone (95%)" in bare.interval_meaning
    score = predict(build_ipssm(tmp_path / "ipssm"), patient(tumour="MDS"))
    assert score.coverage is None and score.interval_meaning.startswith(
        "The range runs from the best to the worst"
    )
