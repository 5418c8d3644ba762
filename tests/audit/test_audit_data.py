"""Predictions beside outcomes: aligned, nobody calibrated by themselves, and every misfit said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explainers.audit.data import NOT_RECORDED, AuditData, of_arrays, of_bundle, of_cohort
from explainers.audit.errors import AuditError, NoOutcomesError, SchemaDiffersError
from explainers.audit.tables import AuditRow, AuditTable
from oncology.bundles import load
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema, field_feature
from oncology.patients import Alteration, Outcome, PatientProfile
from oncology.uncertainty import platt
from tests.explainers.small_cohort import SCHEMA, draw

BUNDLES = Path(__file__).resolve().parents[2] / "sample_data" / "bundles"


def patients(n: int = 40, **more) -> list[PatientProfile]:
    rng = np.random.default_rng(1)
    return [
        PatientProfile(
            f"N{i}", age_years=float(rng.integers(30, 90)), sex=("female", "male")[i % 2], tumour="LUAD",
            alterations=(Alteration("EGFR", protein_change="p.L858R"),) if i % 3 == 0 else (),
            assayed_genes=frozenset({"EGFR", "KRAS", "TP53", "ALK"}), outcome=Outcome("Osimertinib", bool(i % 3 == 0)),
            **more,
        )
        for i in range(n)
    ]  # fmt: skip


def test_training_patients_are_told_what_a_map_without_them_says(small_bundle):
    data = of_bundle(small_bundle)
    j = data.index("osimertinib")
    known = ~np.isnan(data.y[:, j])
    y, margin, p = data.y[known, j], data.margin[known, j], data.probability[known, j]
    shown = small_bundle.probability(data.margin)[known, j]
    assert not np.allclose(p, shown, atol=1e-6)
    assert np.allclose(p, _five_maps(margin, y))


def _five_maps(margin, y):
    """The same in plain steps: five parts with even shares of either outcome, each read off the map of the other four."""
    rng = np.random.default_rng(0)
    part = np.zeros(len(y), dtype=int)
    for outcome in (0.0, 1.0):
        for place, row in enumerate(rng.permutation(np.flatnonzero(y == outcome))):
            part[row] = place % 5
    told = np.zeros(len(y))
    for i in range(len(y)):
        rest = part != part[i]
        (slope,), (intercept,) = platt(margin[rest], y[rest])
        told[i] = 1 / (1 + np.exp(-(slope * margin[i] + intercept)))
    return told


def test_groups_hold_bands_and_counts_in_words_and_unknown_is_a_group(small_bundle):
    data = of_cohort(
        small_bundle,
        [*patients(), PatientProfile("Z", tumour="LUAD", outcome=Outcome("osimertinib", True))],
        "here",
    )
    assert set(data.groups["age"]) <= {"under 50", "50 to 64", "65 to 74", "75 and over", NOT_RECORDED}
    assert data.groups.loc["Z", "sex"] == NOT_RECORDED
    assert set(data.groups["n_alterations"]) == {"0", "1"}
    assert data.groups.loc["N0", "n_alterations"] == "1"


def test_an_outside_cohort_is_told_what_the_model_says_as_it_stands(small_bundle):
    data = of_cohort(small_bundle, patients(), "here")
    margin = small_bundle.margin(small_bundle.schema.encode(patients()))
    assert np.allclose(data.probability, small_bundle.probability(margin))
    assert data.origin == "external cohort" and "here" in data.from_words
    y, p = data.of("osimertinib")
    assert len(y) == len(p) == 40 and y.sum() == 14


def test_outcomes_of_other_options_are_named_not_dropped_in_silence(small_bundle):
    mixed = [*patients(), PatientProfile("Q", tumour="LUAD", outcome=Outcome("aspirin", True))]
    data = of_cohort(small_bundle, mixed, "here")
    assert any("aspirin" in note for note in data.notes)
    assert len(data.of("osimertinib")[0]) == 40


def test_their_name_of_an_option_can_be_told(small_bundle):
    theirs = [p.replace(outcome=Outcome("Tagrisso", p.outcome.response)) for p in patients()]
    with pytest.raises(NoOutcomesError, match=r"outcomes of Tagrisso; the model answers for osimertinib"):
        of_cohort(small_bundle, theirs, "here")
    assert of_cohort(small_bundle, theirs, "here", options={"Tagrisso": "osimertinib"}).y[:, 0].sum() == 14


def test_a_cohort_without_any_outcome_is_refused_with_what_to_do(small_bundle):
    bare = [PatientProfile("A", tumour="LUAD"), PatientProfile("B", tumour="LUAD")]
    with pytest.raises(NoOutcomesError, match="no outcome at all"):
        of_cohort(small_bundle, bare, "here")
    with pytest.raises(NoOutcomesError, match="holds no patients"):
        of_cohort(small_bundle, [], "here")


def test_a_formula_without_patients_says_that_a_cohort_can_be_loaded():
    with pytest.raises(NoOutcomesError, match="Load a cohort"):
        of_bundle(load(BUNDLES / "loris"))


def test_another_schema_is_refused_with_its_columns_and_units(small_bundle):
    X, y = draw(30, 5)
    renamed = FeatureSchema(
        tuple(
            field_feature("albumin", "Albumin", "labs.albumin_g_dl", unit="g/L") if f.name == "albumin" else f
            for f in SCHEMA.features
            if f.name != "TP53"
        )
    )
    cohort = Cohort(X[list(renamed.columns)], y, pd.DataFrame(index=X.index), renamed)
    with pytest.raises(
        SchemaDiffersError, match=r"lacks 1 column \(TP53\).*Albumin is in g/L, the model reads g/dL"
    ):
        of_cohort(small_bundle, cohort, "here")


def test_columns_in_another_order_are_put_right(small_bundle):
    X, y = draw(50, 6)
    ordered = of_cohort(small_bundle, Cohort(X, y, pd.DataFrame(index=X.index), SCHEMA), "a")
    turned = FeatureSchema(tuple(reversed(SCHEMA.features)))
    other = of_cohort(
        small_bundle, Cohort(X[list(turned.columns)], y, pd.DataFrame(index=X.index), turned), "a"
    )
    assert np.allclose(ordered.probability, other.probability)


def test_inputs_that_nobody_has_are_named(small_bundle):
    notes = " ".join(of_cohort(small_bundle, patients(), "here").notes)
    assert "Unknown for every patient of this cohort: Albumin" in notes
    sparse = [p.replace(assayed_genes=frozenset({"EGFR"})) for p in patients()]
    assert "Not assayed in any patient of this cohort: KRAS p.G12C" in " ".join(
        of_cohort(small_bundle, sparse, "here").notes
    )


def test_patients_without_a_required_input_have_no_number_and_are_counted():
    loris = load(BUNDLES / "loris")
    half = [
        PatientProfile("A", outcome=Outcome("immunotherapy", True)),
        PatientProfile("B", outcome=Outcome("immunotherapy", False)),
    ]
    data = of_cohort(loris, half, "here")
    assert "2 of 2 patients lack an input" in " ".join(data.notes)
    assert len(data.of("immunotherapy")[0]) == 0


def test_numbers_outside_0_and_1_are_a_fault_of_that_option_alone():
    data = of_arrays(
        [[1, 0], [0, 1], [1, 1]],
        [[1.3, 0.2], [0.1, 0.9], [-0.2, 0.4]],
        options=["wild", "tame"],
        name="foreign",
    )
    assert "2 of 3 outputs lie outside 0 to 1 (such as 1.3)" in data.faults["wild"]
    assert "tame" not in data.faults


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        ([[2.0]], [[0.5]], "1 .responded., 0"),
        ([[1.0], [0.0]], [[0.5]], "shape"),
        ([[1.0]], [[0.5, 0.5]], "shape"),
    ],
)
def test_tables_that_do_not_belong_together_are_refused(y, p, said):
    with pytest.raises(AuditError, match=said):
        of_arrays(y, p, options=["a"], name="x")


def test_equal_content_has_an_equal_fingerprint_and_one_cell_changes_it():
    make = lambda v: of_arrays([1.0, 0.0, 1.0], [0.2, 0.3, v], options=["a"], name="x")  # noqa: E731
    assert make(0.4).fingerprint == make(0.4).fingerprint
    assert make(0.4).fingerprint != make(0.41).fingerprint


def test_arrays_are_locked():
    data: AuditData = of_arrays([1.0, 0.0], [0.2, 0.3], options=["a"], name="x")
    with pytest.raises(ValueError, match="read-only"):
        data.probability[0] = 1.0


def test_small_counts_never_reach_a_table():
    rows = AuditTable(
        (
            AuditRow("a", "sex: female", 30, 3, "AUC", 0.7, 0.6, 0.8),
            AuditRow("a", "rare", 4, 2, "AUC", 0.7, 0.6, 0.8),
        )
    )
    told = rows.rows({"a": "Drug"})
    assert [(r["patients"], r["responders"]) for r in told] == [(30, None), (None, None)]
    assert told[0]["option"] == "Drug"
