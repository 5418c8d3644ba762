"""Two cohorts compared: each test against scipy or hand arithmetic, and no alarm where there is no change."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from explainers.audit.drift import drift, holm
from explainers.audit.errors import AuditError, StoppedError
from explainers.importance import shapley_sample
from oncology.feature_specs import SchemaMismatchError


@pytest.fixture(scope="module")
def halves(small_bundle):
    X = small_bundle.training.X
    order = np.random.default_rng(0).permutation(len(X))
    return X.iloc[order[:700]], X.iloc[order[700:]]


def test_holm_is_that_of_statsmodels():
    p = np.random.default_rng(0).random(40) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_two_halves_of_one_cohort_do_not_drift(small_bundle, halves):
    found = drift(small_bundle, *halves, explained=small_bundle.options[:1])
    assert not found.found and "no change was found" in found.words[0]
    kinds = {c.kind for c in found.changes}
    assert {"value", "score", "attribution"} <= kinds


def test_a_change_planted_in_each_kind_is_found_and_named(small_bundle, halves):
    before, now = halves[0], halves[1].copy()
    schema = small_bundle.schema
    gene = next(f for f in schema.features if f.is_alteration)
    column = schema.columns[schema.columns_of(gene.name).start]
    rng = np.random.default_rng(1)
    now[column] = (rng.random(len(now)) < 0.9).astype(float)
    found = drift(small_bundle, before, now)
    (change,) = [c for c in found.found if c.kind == "value" and c.name.startswith(gene.label)]
    a, b = before[column].dropna(), now[column]
    table = [[a.sum(), len(a) - a.sum()], [b.sum(), len(b) - b.sum()]]
    assert change.p == pytest.approx(stats.fisher_exact(table).pvalue)
    assert (change.before, change.now) == pytest.approx((a.mean(), b.mean()))
    assert change.size == "large" and any(gene.label in w for w in found.words)
    hidden = halves[1].copy()
    hidden[column] = np.where(rng.random(len(hidden)) < 0.6, np.nan, hidden[column])
    assert any(
        c.kind == "missing" and c.name == gene.label for c in drift(small_bundle, before, hidden).found
    )


def test_a_withheld_share_cannot_be_worked_out_from_its_distance_or_p(small_bundle, halves):
    before, now = halves[0], halves[1].copy()
    schema = small_bundle.schema
    gene = next(f for f in schema.features if f.is_alteration)
    column = schema.columns[schema.columns_of(gene.name).start]
    now[column] = np.repeat([1.0, 0.0], [3, len(now) - 3])
    found = drift(small_bundle, before, now)
    (row,) = [r for r in found.rows() if r["what"] == "value" and r["input or option"].startswith(gene.label)]
    assert (row["now"], row["distance"], row["p"], row["p, corrected"]) == (None, None, None, None)
    assert row["size"] and all(r["p"] is not None for r in found.rows() if r["now"] is not None)


def test_scores_are_compared_by_kolmogorov_and_smirnov(small_bundle, halves):
    before, now = halves
    option = small_bundle.options[0]
    found = drift(small_bundle, before, now, options=[option])
    (change,) = [c for c in found.changes if c.kind == "score"]
    a, b = (small_bundle.probability(small_bundle.margin(X))[:, 0] for X in (before, now))
    assert change.p == pytest.approx(stats.ks_2samp(a, b).pvalue)
    assert (change.before, change.now) == pytest.approx((np.median(a), np.median(b)))


def test_attributions_are_compared_by_welchs_test(small_bundle, halves):
    option = small_bundle.options[0]
    found = drift(small_bundle, *halves, options=[], explained=[option])
    before = halves[0].iloc[np.sort(np.random.default_rng(0).permutation(len(halves[0]))[:300])]
    now = halves[1].iloc[np.sort(np.random.default_rng(0).permutation(len(halves[1]))[:300])]
    a, b = (np.abs(shapley_sample(small_bundle, option, rows=X).values[:, 0]) for X in (before, now))
    first = next(c for c in found.changes if c.kind == "attribution")
    assert first.p == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert (first.before, first.now) == pytest.approx((a.mean(), b.mean()))


def test_what_every_option_leans_on_is_compared_in_one_family_and_told_by_option(small_bundle, halves):
    before, now = halves[0], halves[1].copy()
    schema = small_bundle.schema
    for feature in (f for f in schema.features if f.is_alteration):
        column = schema.columns[schema.columns_of(feature.name).start]
        now[column] = (np.random.default_rng(1).random(len(now)) < 0.9).astype(float)
    found = drift(small_bundle, before, now, explained=small_bundle.options)
    labels = {small_bundle.label(o) for o in small_bundle.options}
    leaning = [c for c in found.changes if c.kind == "attribution"]
    assert {c.option for c in leaning} == labels
    assert [c.p_corrected for c in found.changes] == pytest.approx(holm([c.p for c in found.changes]))
    moved = {c.option for c in found.found if c.kind == "attribution"}
    (said,) = [w for w in found.words if w.startswith("What the model leans on differs")]
    assert f"for {len(moved)} of {len(labels)} options" in said and all(o in said for o in moved)
    alone = drift(small_bundle, before, now, explained=[small_bundle.options[0]])
    (of_one,) = [w for w in alone.words if w.startswith("What the model leans on differs")]
    assert "for " + small_bundle.label(small_bundle.options[0]) in of_one and "options" not in of_one
    one = sorted(labels)[0]
    rows = [r for r in found.rows(one) if r["what"] == "leans on"]
    assert len(rows) == sum(c.option == one for c in leaning) < len(leaning)
    assert len(found.rows(one)) - len(rows) == len(found.changes) - len(leaning)


def test_shares_of_a_few_patients_are_withheld(small_bundle, halves):
    before, now = halves[0], halves[1].iloc[:60].copy()
    gene = next(f for f in small_bundle.schema.features if f.is_alteration)
    column = small_bundle.schema.columns[small_bundle.schema.columns_of(gene.name).start]
    now[column] = (np.arange(60) < 2).astype(float)
    found = drift(small_bundle, before, now)
    (change,) = [c for c in found.changes if c.kind == "value" and c.name.startswith(gene.label)]
    assert np.isnan(change.now) and "withheld" in change.words()


def test_cohorts_that_cannot_be_compared_are_refused_in_words(small_bundle, halves):
    with pytest.raises(AuditError, match="second cohort has 10 patients; 30 are needed"):
        drift(small_bundle, halves[0], halves[1].iloc[:10])
    with pytest.raises(SchemaMismatchError):
        drift(small_bundle, halves[0], pd.DataFrame({"other": np.zeros(50)}))
    with pytest.raises(StoppedError):
        drift(small_bundle, *halves, stop=lambda: True)
