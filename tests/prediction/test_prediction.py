"""Predictions of profiles, cohorts and rows agree, and carry what stands behind them."""

from __future__ import annotations

import numpy as np
import pytest

from oncology.errors import UnknownNameError
from oncology.features import FeatureSchema, SchemaMismatchError, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile
from oncology.prediction import predict
from tests.bundles.small import SCHEMA, boosting, small_bundle, small_cohort


def profile(patient_id="P", **more):
    given = {
        "age_years": 61, "tumour": "LUAD", "alterations": (Alteration("KRAS"),),
        "assayed_genes": frozenset({"KRAS", "EGFR", "TP53"}),
    } | more  # fmt: skip
    return PatientProfile(patient_id, **given)


def test_profiles_cohort_and_rows_get_the_same_numbers(bundle):
    cohort = small_cohort()
    by_cohort, by_rows = predict(bundle, cohort), predict(bundle, cohort.X.to_numpy())
    np.testing.assert_array_equal(by_cohort.probability, by_rows.probability)
    np.testing.assert_array_equal(by_cohort.support, by_rows.support)
    one = profile()
    np.testing.assert_array_equal(predict(bundle, one).raw, predict(bundle, SCHEMA.encode_row(one)[None]).raw)
    assert by_cohort.patient_ids[:2] == ("P0", "P1") and by_cohort.bundle_sha256 == bundle.sha256


def test_probability_is_the_calibration_of_the_margin_and_the_interval_holds_that_of_the_calibration(bundle):
    found = predict(bundle, [profile("A"), profile("B", tumour="SKCM")])
    for j, option in enumerate(bundle.options):
        fitted = bundle.calibration[option]
        np.testing.assert_allclose(found.probability[:, j], fitted.probability(found.raw[:, j]))
        low, high = fitted.interval(found.raw[:, j])
        # Between two margins of the table the end is a straight line; the slack is that of its curve.
        assert (found.low[:, j] <= low + 0.002).all() and (found.high[:, j] >= high - 0.002).all()
    assert (found.low <= found.probability).all() and (found.probability <= found.high).all()


def test_support_counts_like_a_loop_over_the_training_patients(bundle):
    cohort, patients = small_cohort(), [profile("A"), profile("B", tumour="SKCM", alterations=())]
    found = predict(bundle, patients)
    for i, patient in enumerate(patients):
        row = SCHEMA.encode_row(patient)
        for j, option in enumerate(bundle.options):
            support = shared = 0
            for k in range(len(cohort)):
                if cohort.groups["tumour"].iloc[k] == patient.tumour and not np.isnan(
                    cohort.y[option].iloc[k]
                ):
                    support += 1
                    shared += any(row[g] == 1 and cohort.X.iloc[k, g] == 1 for g in range(4))
            assert (found.support[i, j], found.shared[i, j]) == (support, shared)
    assert found.n_altered.tolist() == [1, 0]


def test_support_in_words_hides_counts_under_five(bundle):
    found = predict(bundle, profile())
    words = found.support_words(0, "sotorasib")
    n, shared = found.support[0, 1], found.shared[0, 1]
    assert (
        words
        == f"{n} training patients with Lung adenocarcinoma had it; {shared} of them share an alteration with this patient"
    )
    elsewhere = predict(bundle, profile(tumour="GIST"))
    assert elsewhere.support_words(0, "sotorasib").startswith("0 training patients with Gastrointestinal")
    small = type(found)(
        **{n: getattr(found, n) for n in found.__dataclass_fields__} | {"support": np.array([[3, 3, 3]])}
    )
    assert small.support_words(0, "sotorasib").startswith("fewer than 5 training patients")


def test_without_a_shipped_cohort_support_still_counts_tumours(tmp_path):
    bundle = small_bundle(tmp_path / "b", keep_cohort=False)
    found = predict(bundle, profile())
    assert bundle.training is None and found.shared is None
    assert found.support[0, 0] == bundle.manifest.support["osimertinib"]["LUAD"]


def test_a_faster_margin_takes_the_place_of_the_bundles_own(bundle):
    found = predict(bundle, profile(), margin=lambda X: np.zeros((len(X), 3)))
    np.testing.assert_array_equal(found.raw, np.zeros((1, 3)))


def test_a_missing_required_input_gives_no_number_but_a_reason(tmp_path):
    schema = FeatureSchema(
        (*(alteration_feature(g) for g in ("EGFR", "KRAS", "BRAF", "TP53")), SCHEMA.features[4],
         field_feature("Age", "Age", "age_years", missing="refuse"))
    )  # fmt: skip
    bundle = small_bundle(tmp_path / "b", cohort=small_cohort(schema=schema), estimators=boosting())
    found = predict(bundle, [profile("A"), profile("B", age_years=None)])
    assert found.missing == ((), ("Age",)) and np.isfinite(found.probability[0]).all()
    assert np.isnan(found.probability[1]).all() and np.isnan(found.low[1]).all()
    assert found.refusals[1] == ("Age is not known, and the model cannot do without it.",)


def test_rows_of_another_width_are_refused(bundle):
    with pytest.raises(SchemaMismatchError, match="Found 3 columns; the schema has 8"):
        predict(bundle, np.zeros((1, 3)))


def test_a_patient_who_was_not_predicted_is_not_found(bundle):
    with pytest.raises(UnknownNameError, match=r"Patient 'P2' is not known\. Known: P1"):
        predict(bundle, [profile("P1")]).position("P2")
