"""Cohorts: aligned tables or a refusal."""

import numpy as np
import pytest

from oncology.cohorts import Cohort, CohortError
from oncology.patients import Outcome, PatientProfile
from tests.oncology.profiles import SCHEMA


def patients():
    return [
        PatientProfile("a", tumour="LUAD", outcome=Outcome("X", True)),
        PatientProfile("b", tumour="GIST", outcome=Outcome("Y", False)),
        PatientProfile("c", tumour="GIST", outcome=Outcome("Y", None)),
        PatientProfile("d"),
    ]


def test_an_option_never_tried_is_empty_not_a_failure():
    cohort = Cohort.of(SCHEMA, patients())
    expected = np.array([[1, np.nan], [np.nan, 0], [np.nan, np.nan], [np.nan, np.nan]])
    assert np.array_equal(cohort.y.to_numpy(), expected, equal_nan=True)
    assert list(cohort.y.columns) == ["X", "Y"]


def test_the_fingerprint_sees_one_changed_cell():
    one, two = Cohort.of(SCHEMA, patients()), Cohort.of(SCHEMA, patients())
    assert one.fingerprint == two.fingerprint
    X = one.X.copy()
    X.iloc[3, 0] = 1.0
    assert Cohort(X, one.y, one.groups, SCHEMA).fingerprint != one.fingerprint


def test_tables_that_do_not_belong_together_are_refused():
    cohort = Cohort.of(SCHEMA, patients())
    with pytest.raises(CohortError, match="found twice: a"):
        Cohort.of(SCHEMA, [PatientProfile("a"), PatientProfile("a")])
    with pytest.raises(CohortError, match="rows of y"):
        Cohort(cohort.X, cohort.y.iloc[:2], cohort.groups, SCHEMA)
    with pytest.raises(CohortError, match="Outcomes must be 1"):
        Cohort(cohort.X, cohort.y.fillna(2.0), cohort.groups, SCHEMA)
