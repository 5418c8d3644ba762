"""Sufficient reasons against all 729 patients that a tiny model can be told of, and assay robustness against trying."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explainers.smallest import GoalError, assay_robustness, sufficient_reason
from explainers.smallest.reasons import _quick_cover
from explainers.standings import abstained_options, standings
from explainers.trees.search.covering import least_cover
from oncology.patients import Alteration, PatientProfile

GENES = ("EGFR", "KRAS", "ALK", "TP53", "STK11")


def everybody(bundle):
    """Every patient: facts (n, 6) as small integers, and rows (n, c)."""
    facts, rows = [], []
    for *states, tumour in itertools.product((0, 1, 2), repeat=6):
        facts.append((*states, tumour))
        rows.append(
            [*(np.nan if s == 2 else float(s) for s in states), *(float(tumour == t) for t in range(3))]
        )
    return np.array(facts), np.array(rows)


def patient(seed):
    rng = np.random.default_rng(seed)
    assayed = frozenset(g for g in GENES if rng.random() < 0.8)
    altered = tuple(Alteration(g) for g in sorted(assayed) if rng.random() < 0.4)
    return PatientProfile(
        f"P{seed}", tumour=("LUAD", "COADREAD", "SKCM")[seed % 3], alterations=altered, assayed_genes=assayed
    )


@pytest.mark.parametrize("seed", range(6))
def test_reason_is_sufficient_and_no_smaller_set_of_facts_is(tiny_bundle, seed):
    profile = patient(seed)
    reason = sufficient_reason(tiny_bundle, profile)
    assert reason.smallest and reason.at_least == reason.size
    facts, rows = everybody(tiny_bundle)
    first = standings(tiny_bundle, profile, rows).first
    row = tiny_bundle.schema.encode_row(profile)
    mine = int(np.flatnonzero(((rows == row) | (np.isnan(rows) & np.isnan(row))).all(1))[0])
    names = list(tiny_bundle.schema.names)

    def suffices(kept):
        same = (facts[:, list(kept)] == facts[mine, list(kept)]).all(1)
        return (first[same] == first[mine]).all()

    assert suffices([names.index(f.feature) for f in reason.facts])
    for size in range(reason.size):
        assert not any(suffices(kept) for kept in itertools.combinations(range(6), size))
    assert reason.n_facts == 6 and "no fewer do (proven)" in reason.words()


def test_a_reason_cut_short_is_still_true_and_says_what_is_not_proven(small_bundle, patients):
    reason = sufficient_reason(small_bundle("boosting"), patients[0], time_limit_s=0.0)
    assert not reason.smallest and reason.ended_by == "time limit"
    assert reason.size == reason.n_facts  # all facts, trivially


def test_no_random_patient_with_the_facts_gets_another_answer(small_bundle, patients):
    bundle = small_bundle("boosting")
    rng = np.random.default_rng(0)
    for profile in patients[:2]:
        reason = sufficient_reason(bundle, profile, time_limit_s=60)
        assert reason.smallest
        row, schema = bundle.schema.encode_row(profile), bundle.schema
        rows = bundle.training.X.to_numpy()[rng.integers(0, 1200, 3000)].copy()
        mixed = bundle.training.X.to_numpy()[rng.integers(0, 1200, 3000)]
        swap = rng.random((3000, len(schema.names))) < 0.5
        rows = np.where(swap[:, schema.feature_of_column], rows, mixed)
        for fact in reason.facts:
            rows[:, schema.columns_of(fact.feature)] = row[schema.columns_of(fact.feature)]
        now = standings(bundle, profile, row[None]).first[0]
        assert (standings(bundle, profile, rows).first == now).all()


def test_single_errors_and_the_number_of_calls_agree_with_trying(tiny_bundle):
    for seed in range(4):
        profile = patient(seed)
        found = assay_robustness(tiny_bundle, profile, most_calls=5)
        facts, rows = everybody(tiny_bundle)
        after = standings(tiny_bundle, profile, rows)
        row = tiny_bundle.schema.encode_row(profile)
        mine = int(np.flatnonzero(((rows == row) | (np.isnan(rows) & np.isnan(row))).all(1))[0])
        expected, wrong_calls = set(), []
        for a in range(len(rows)):
            if facts[a, 5] != facts[mine, 5]:
                continue
            changed = np.flatnonzero(facts[a, :5] != facts[mine, :5])
            if (
                len(changed) == 1
                and facts[a, changed[0]] != 2
                and (after.band_one[a] != after.band_one[mine]).any()
            ):
                kind = {0: "false negative", 1: "false positive", 2: "untested"}[int(facts[mine, changed[0]])]
                expected.add((GENES[changed[0]], kind, float(facts[a, changed[0]])))
            if (
                all(facts[mine, f] != 2 and facts[a, f] != 2 for f in changed)
                and after.first[a] != after.first[mine]
            ):
                wrong_calls.append(len(changed))
        assert {(e.change.feature, e.kind, e.change.after) for e in found.errors} == expected
        assert found.calls_between == min(wrong_calls, default=None) and found.proven
        assert all(n.size == found.calls_between for n in found.nearest)
        assert abstained_options(tiny_bundle, profile).sum() == 0


def test_models_without_an_exact_form_are_refused(small_bundle, patients):
    with pytest.raises(GoalError, match="none in exact form"):
        sufficient_reason(small_bundle("network"), patients[0])


@pytest.mark.parametrize("seed", range(30))
def test_a_quick_cover_meets_every_conflict_with_no_feature_too_many(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 12))
    conflicts = [rng.permutation(n)[: int(rng.integers(1, 4))] for _ in range(int(rng.integers(1, 15)))]

    def meets_all(kept):
        return all(kept[features].any() for features in conflicts)

    kept = _quick_cover(conflicts, n)
    assert meets_all(kept)
    for f in np.flatnonzero(kept):
        fewer = kept.copy()
        fewer[f] = False
        assert not meets_all(fewer)
    assert kept.sum() >= least_cover(conflicts, n, n)


def test_a_quick_cover_drops_a_feature_that_later_ones_make_up_for():
    conflicts = [np.array(c) for c in ([0, 1], [0, 2], [0, 3], [1, 4], [2, 5], [3, 6])]
    # Feature 0 meets most at first; 1, 2 and 3, needed or worth as much as 4 to 6, meet all that it met.
    assert np.flatnonzero(_quick_cover(conflicts, 7)).tolist() == [1, 2, 3]
