"""LORIS by hand, on the patients it was made from, and where it has to abstain."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncology.bundles import load
from oncology.patients import PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from sample_data.build_scores import LORIS_TERMS

TRAINING = Path(__file__).parents[3] / "shared/real/loris/chowell_train.csv"
GROUP_OF_FILE = {
    "Esophageal": "Oesophageal", "Head & Neck": "Head and neck", "NSCLC": "Non-small cell lung", "SCLC": "Small cell lung",
}  # fmt: skip


def patient(tumour="NSCLC", *, tmb=10.0, albumin=4.0, nlr=3.0, age=60.0, prior="no", patient_id="P"):
    return PatientProfile(
        patient_id, tumour=tumour, tmb_per_mb=tmb, age_years=age, labs={"albumin_g_dl": albumin, "nlr": nlr},
        findings={"prior_systemic_therapy": prior},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "margin"),
    [
        # TMB 80 counts as 50: 0.0371*50 - 0.8775*0 + 0.5382*4 - 0.033*3 + 0.0049*60 + 0.0008 - 2.0886
        (patient(tmb=80), 1.855 + 2.1528 - 0.099 + 0.294 + 0.0008 - 2.0886),
        # NLR 40 counts as 25: 0.0371*5 - 0.8775 + 0.5382*3 - 0.033*25 + 0.0049*70 - 1.1169 - 2.0886
        (
            patient("PAAD", tmb=5, albumin=3, nlr=40, age=70, prior="yes"),
            0.1855 - 0.8775 + 1.6146 - 0.825 + 0.343 - 1.1169 - 2.0886,
        ),
        # Age 92 counts as 85: 0.0371*2 - 0.8775 + 0.5382*3.5 - 0.033*6 + 0.0049*85 + 0.5451 - 2.0886
        (
            patient("CCRCC", tmb=2, albumin=3.5, nlr=6, age=92, prior="yes"),
            0.0742 - 0.8775 + 1.8837 - 0.198 + 0.4165 + 0.5451 - 2.0886,
        ),
    ],
)
def test_three_patients_by_hand(loris, profile, margin):
    found = predict(loris, profile)
    assert found.raw[0, 0] == pytest.approx(margin, abs=1e-9)
    assert found.probability[0, 0] == pytest.approx(1 / (1 + math.exp(-margin)), abs=1e-9)


def test_on_its_own_patients_it_ranks_well_and_is_no_probability(loris):
    if not TRAINING.exists():
        pytest.skip("the published training table is not beside this checkout (../shared/real/loris)")
    codes = {group: members[0] for group, _, members in LORIS_TERMS}
    with TRAINING.open() as file:
        rows = list(csv.DictReader(file))
    patients = [
        patient(
            codes[GROUP_OF_FILE.get(r["CancerType"], r["CancerType"])], tmb=float(r["TMB"]), albumin=float(r["Albumin"]),
            nlr=float(r["NLR"]), age=float(r["Age"]), prior="yes" if r["Systemic_therapy_history"] == "1" else "no",
            patient_id=r["SAMPLE_ID"],
        )
        for r in rows
    ]  # fmt: skip
    score = predict(loris, patients).probability[:, 0]
    response = np.array([float(r["Response"]) for r in rows])
    pairs = score[response == 1][:, None] - score[response == 0][None, :]
    assert len(rows) == 964
    assert score.mean() == pytest.approx(0.4682, abs=5e-5)
    assert ((pairs > 0).mean() + (pairs == 0).mean() / 2) == pytest.approx(0.7414, abs=5e-5)
    assert response.mean() == pytest.approx(0.293, abs=5e-4)


def test_it_is_shown_as_a_score_without_people_out_of_a_hundred(loris):
    ranking = rank(loris, predict(loris, patient()), patient())
    (entry,) = ranking.ordered
    assert loris.output_kind == "score" and loris.is_score and not loris.ranks
    assert entry.per_100 == "" and entry.band is None and not ranking.has_bands
    assert entry.low is None and entry.high is None
    assert entry.reason == "Not available: published formula."
    assert "Not a" not in loris.manifest.limits[0] and "not a probability" in loris.manifest.limits[0]


def test_a_tumour_type_without_a_term_is_abstained_from(loris):
    gist = patient("GIST")
    (entry,) = rank(loris, predict(loris, gist), gist).abstained
    assert entry.reason == "The published score has no term for this patient's tumour type."


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"tmb_per_mb": None}, "Tumour mutational burden"),
        ({"labs": {"albumin_g_dl": 4.0}}, "Neutrophil to lymphocyte ratio"),
        ({"labs": {"nlr": 4.0}}, "Albumin"),
        ({"age_years": None}, "Age"),
        ({"tumour": None}, "Tumour type"),
        ({"findings": {}}, "Earlier chemotherapy or targeted therapy"),
    ],
)
def test_every_input_is_required_by_name(loris, change, label):
    found = predict(loris, patient().replace(**change))
    assert np.isnan(found.probability).all()
    assert found.refusals == ((f"{label} is not known, and the score cannot do without it.",),)


def test_every_code_of_a_group_gets_the_terms_of_its_group(loris):
    base = patient()
    reference = float(predict(loris, base).raw[0, 0]) - 0.0008
    for _, term, codes in LORIS_TERMS:
        found = predict(loris, [base.replace(tumour=code) for code in codes])
        np.testing.assert_allclose(found.raw[:, 0] - reference, term, atol=1e-12)


def test_values_beyond_the_caps_say_how_they_are_counted(loris):
    words = loris.formula.describe(loris.schema.encode_row(patient(tmb=80, nlr=40, age=92)))
    assert words[0] == "80 mutations/Mb (counted as 50)" and words[3] == "40 (counted as 25)"
    assert words[4] == "92 years (counted as 85)" and words[5] == "Non-small cell lung cancer"


@settings(deadline=None)
@given(
    st.floats(0, 300), st.floats(1, 6), st.floats(0, 100), st.floats(18, 100), st.sampled_from(["yes", "no"])
)
def test_contributions_add_up_to_the_margin(loris, tmb, albumin, nlr, age, prior):
    X = loris.schema.encode_row(patient(tmb=tmb, albumin=albumin, nlr=nlr, age=age, prior=prior))[None]
    derived = loris.formula.derive(X)
    total = loris.formula.base_value + loris.formula.contributions(derived).sum()
    assert total == pytest.approx(loris.margin(X)[0, 0], abs=1e-9)


def test_the_bundle_is_plain_numbers_and_opens_again(loris):
    again = load(loris.path)
    assert again.manifest.format == "formula" and set(again.manifest.files) == {"formula.json", "card.toml"}
    np.testing.assert_array_equal(again.background.rows[0], loris.formula.reference)
    assert (
        again.background.name == "the average of the 964 patients LORIS was made from"
        and again.training is None
    )
