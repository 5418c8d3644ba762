"""From arrays to profiles and to columns: the short way and the long way give the same table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sample_data.generator import generate
from sample_data.generator.panels import PANEL_GENES
from sample_data.generator.vocabulary import ALTERATIONS
from sample_data.out_of_domain import EXCLUSIVE_DRIVERS, KINDS, UNSEEN_TUMOURS, lab_limits, out_of_domain
from sample_data.profiles import encoded_cohort, encoded_columns, to_profiles
from sample_data.schema import ALTERATION_FEATURES, solid_tumour_schema
from sample_data.solid_tumours import SEED


@pytest.fixture(scope="module")
def cohort():
    return generate(800, SEED)


@pytest.fixture(scope="module")
def profiles(cohort):
    return to_profiles(cohort)


def test_columns_straight_from_the_arrays_equal_the_encoded_profiles(cohort, profiles):
    pd.testing.assert_frame_equal(encoded_columns(cohort), solid_tumour_schema().encode(profiles))


def test_a_gene_outside_the_panel_is_unknown_and_its_alteration_unlisted(cohort, profiles):
    for i, profile in enumerate(profiles[:200]):
        hidden = {c.gene for c in ALTERATIONS} - (profile.assayed_genes or set())
        assert not hidden & {a.gene for a in profile.alterations}
        assert PANEL_GENES[profile.panel or "none"] <= (profile.assayed_genes or set()), i


def test_panel_names_count_their_genes():
    for name, genes in PANEL_GENES.items():
        if name.split()[-1].isdigit():
            assert len(genes) == int(name.split()[-1]), name


def test_profiles_are_marked_synthetic_and_hold_nothing_of_the_hidden_truth(profiles):
    assert all(p.synthetic for p in profiles)
    assert not any("resilience" in str(p.findings) or "rare" in str(p.findings) for p in profiles)


def test_the_cohort_of_a_model_holds_groups_but_no_ancestry_column(cohort):
    encoded = encoded_cohort(cohort)
    assert {"ancestry", "rare_subtype", "site", "tumour"} <= set(encoded.groups.columns)
    assert not any("ancestry" in c for c in encoded.X.columns)
    assert any(c.startswith("site=") for c in encoded.X.columns)
    assert (encoded.y.notna().sum(axis=1) == 1).all()


def test_alterations_come_first_in_the_schema_and_every_feature_is_used(cohort):
    schema = solid_tumour_schema()
    assert schema.names[: len(ALTERATION_FEATURES)] == ALTERATION_FEATURES
    seen = encoded_columns(generate(12_000, SEED))
    assert (seen.nunique() > 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_domain_patients_are_two_hundred_and_repeat_with_their_seed(kind):
    first, again = out_of_domain(kind, seed=3), out_of_domain(kind, seed=3)
    assert len(first) == 200
    assert [p.fingerprint for p in first] == [p.fingerprint for p in again]
    assert len({p.patient_id for p in first}) == 200
    assert all(p.synthetic and p.outcome is None for p in first)
    solid_tumour_schema().encode(first)


def test_out_of_domain_patients_are_what_they_say():
    assert {p.tumour for p in out_of_domain("unseen tumour")} <= set(UNSEEN_TUMOURS)
    assert max(p.age_years for p in out_of_domain("under 18")) < 18
    limits = lab_limits(0)
    for p in out_of_domain("extreme labs"):
        assert any(not limits[n][0] <= v <= limits[n][1] for n, v in p.labs.items() if n in limits)
    for p in out_of_domain("exclusive drivers"):
        assert any(
            all(any(x.matches(a) for a in p.alterations) for x in pair)
            for pair in EXCLUSIVE_DRIVERS[p.tumour]
        )


def test_exclusive_drivers_never_meet_in_the_cohort():
    large = generate(100_000, 4)
    names = [c.name for c in ALTERATIONS]
    for tumour, pairs in EXCLUSIVE_DRIVERS.items():
        rows = np.array([p == tumour for p in ("LUAD", "COADREAD", "BRCA", "SKCM", "HGSOC", "IHCH", "GIST")])
        patients = rows[large.truth.tumour]
        for a, b in pairs:
            both = (
                large.truth.alterations[:, names.index(a.name)]
                & large.truth.alterations[:, names.index(b.name)]
            )
            alone = large.truth.alterations[:, names.index(a.name)] & patients
            assert (both & patients).sum() <= 0.02 * alone.sum(), (tumour, a.name, b.name)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="expected one of unseen tumour"):
        out_of_domain("alien")
