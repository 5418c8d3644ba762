"""How unusual a profile is: against a slow twin, on patients from outside the domain, and in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oncology.applicability import applicability, familiarity, never_together
from oncology.applicability.familiarity import _space
from oncology.bundles import load
from oncology.edits import Edit, apply
from oncology.patients import Alteration, PatientProfile
from sample_data.generator import generate
from sample_data.out_of_domain import KINDS, out_of_domain
from sample_data.profiles import to_profiles
from tests.bundles.small import small_bundle

BUNDLES = Path(__file__).parents[2] / "sample_data" / "bundles"


@pytest.fixture(scope="module")
def bundle():
    return load(BUNDLES / "solid_tumours")


@pytest.fixture(scope="module")
def fresh():
    return to_profiles(generate(300, 5, start=40_000))


def slow_distances(bundle, row, tumour, sample=None):
    """Mean distance of a row from training patients of a tumour type, feature by feature."""
    schema, rows = bundle.schema, bundle.training.X.to_numpy()[bundle.training.tumours == tumour]
    spans = {}
    for spec in schema.features:
        if spec.kind not in ("binary", "categorical") and not spec.is_alteration:
            known = rows[:, schema.columns_of(spec.name).start]
            known = known[~np.isnan(known)]
            low, high = np.percentile(known, [5, 95]) if len(known) else (0.0, 1.0)
            spans[spec.name] = max(high - low, 1e-9)
    found = []
    for other in rows:
        total = compared = 0.0
        for spec in schema.features:
            if spec.reads.field == "tumour":
                continue
            for column in range(schema.columns_of(spec.name).start, schema.columns_of(spec.name).stop):
                own, theirs = row[column], other[column]
                if np.isnan(own) or np.isnan(theirs):
                    continue
                compared += 1
                total += (
                    min(abs(own - theirs) / spans[spec.name], 2.0) if spec.name in spans else own != theirs
                )
        found.append(total / compared)
    return np.array(found)


def test_the_distance_is_that_of_going_through_the_training_patients_one_by_one(bundle, fresh):
    gist = apply(bundle.schema, next(p for p in fresh if p.tumour == "GIST"), [Edit("NLR", 90.0)])
    row = bundle.schema.encode_row(gist)
    own = np.sort(slow_distances(bundle, row, "GIST"))[:10].mean()
    space = _space(bundle, bundle.training, "GIST")
    distance, parts = space.distance(row)
    assert distance == pytest.approx(own, rel=1e-5) and parts.sum() == pytest.approx(own, rel=1e-5)
    assert familiarity(bundle, gist).percentile == pytest.approx(
        np.mean(space.reference < distance), abs=1e-9
    )


def test_a_training_patient_is_compared_with_the_others_alone(bundle):
    rows = bundle.training.X.to_numpy()[bundle.training.tumours == "GIST"]
    space = _space(bundle, bundle.training, "GIST")
    first = int(np.random.default_rng(0).permutation(len(rows))[0])
    own = np.sort(slow_distances(bundle, rows[first], "GIST"))[1:11].mean()  # the first is the patient
    assert np.abs(space.reference - own).min() < 1e-6


def test_patients_from_outside_are_flagged_and_those_from_inside_hardly_ever(bundle, fresh):
    # `make validate` does this with more patients; the issue asks for 95 % at 10 % false alarms.
    outside = [p for kind in KINDS for p in out_of_domain(kind, 50, seed=3)]
    assert np.mean([not familiarity(bundle, p).in_domain for p in outside]) >= 0.95
    assert np.mean([not familiarity(bundle, p).in_domain for p in fresh]) <= 0.10


def test_one_training_patient_in_a_hundred_is_unusual_by_definition(bundle, fresh):
    percentiles = np.array([familiarity(bundle, p).percentile for p in fresh])
    assert percentiles.mean() == pytest.approx(0.5, abs=0.05) and (percentiles >= 0.99).mean() < 0.04


def test_what_makes_a_profile_unusual_is_named_with_how_many_have_it(bundle, fresh):
    lung = next(
        p
        for p in fresh
        if p.tumour == "LUAD" and p.labs.get("ldh_u_l") and not familiarity(bundle, p).is_unusual
    )
    odd = apply(bundle.schema, lung, [Edit("LDH", 2500.0), Edit("NLR", 60.0)])
    found = familiarity(bundle, odd)
    assert (
        found.cautions
        and not found.in_domain
        and found.words().startswith("Outside what the model was made for. ")
    )
    assert {u.feature for u in found.unusual[:2]} == {"LDH", "NLR"}
    ldh = bundle.training.X["LDH"][bundle.training.tumours == "LUAD"]
    first = next(u for u in found.unusual if u.feature == "LDH")
    assert (
        first.words
        == f"{first.label} 2,500 U/L: {(ldh >= 2500).sum()} of {ldh.notna().sum():,} have one as high"
    )
    assert 0 < sum(u.share for u in found.unusual) <= 1 + 1e-9


def test_counts_under_five_are_withheld_where_a_profile_is_unusual(bundle, fresh):
    lung = next(p for p in fresh if p.tumour == "LUAD" and "ldh_u_l" in p.labs)
    ldh = np.sort(bundle.training.X["LDH"][bundle.training.tumours == "LUAD"].dropna())
    found = familiarity(
        bundle,
        apply(bundle.schema, lung, [Edit("LDH", float(ldh[-2])), Edit("NLR", 90.0), Edit("Age", 94.0)]),
    )
    words = [u.words for u in found.unusual if u.feature == "LDH"]
    assert words and all("fewer than 5 of" in w for w in words)


def test_pairs_nobody_had_are_counted_like_a_loop(bundle):
    both = PatientProfile(
        "P", tumour="LUAD", age_years=60,
        alterations=(Alteration("EGFR", protein_change="p.L858R"), Alteration("KRAS", protein_change="p.G12C"), Alteration("TP53")),
        assayed_genes=frozenset({"EGFR", "KRAS", "TP53"}),
    )  # fmt: skip
    lung = bundle.training.X[bundle.training.tumours == "LUAD"]
    found = {pair.features: pair for pair in never_together(bundle, both)}
    names = [
        f.name for f in bundle.schema.features if bundle.schema.value(both, f.name) == 1.0 and f.is_alteration
    ]
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert ((a, b) in found) == (((lung[a] == 1) & (lung[b] == 1)).sum() == 0)
    pair = found["EGFR p.L858R", "KRAS p.G12C"]
    tested = lung["EGFR p.L858R"].notna() & lung["KRAS p.G12C"].notna()
    one, other = (lung[n][tested] == 1 for n in pair.features)
    assert pair.expected == pytest.approx(one.sum() * other.sum() / tested.sum())
    assert pair.words().startswith("EGFR p.L858R with KRAS p.G12C (about ")
    assert any("each common" in caution for caution in applicability(bundle, both))


def test_without_a_cohort_the_reason_stands_where_the_percentile_would(tmp_path, bundle):
    bare = small_bundle(tmp_path / "bare", keep_cohort=False)
    profile = PatientProfile("P", tumour="LUAD", age_years=60)
    found = familiarity(bare, profile)
    assert found.percentile is None and "shipped without its training patients" in found.words()
    assert found.in_domain and found.unusual == () and found.never_together == ()
    loris = familiarity(load(BUNDLES / "loris"), profile)
    assert loris.percentile is None and "published formula" in loris.words()


def test_a_tumour_type_without_training_patients_is_compared_with_all(bundle, fresh):
    other = fresh[0].replace(tumour="PAAD")
    found = familiarity(bundle, other)
    assert (
        found.compared_with.startswith("training patients (a draw of 5,000")
        and found.percentile is not None
        and found.cautions
    )
