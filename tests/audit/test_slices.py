"""The search for the worst slices: found in one half, judged in the other, and rarely fooled."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from explainers.audit.conditions import conditions
from explainers.audit.data import of_arrays, of_bundle
from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.slices import worst_slices


def cohort(n=2000, seed=0, lift=0.0):
    """Where both a = yes and b = yes, the odds are lifted; neither alone tells."""
    rng = np.random.default_rng(seed)
    flags = rng.random((n, 6)) < 0.5
    p = rng.beta(2, 3, n)
    odds = p / (1 - p) * np.exp(lift * (flags[:, 0] & flags[:, 1]))
    y = (rng.random(n) < odds / (1 + odds)).astype(float)
    groups = pd.DataFrame({c: np.where(flags[:, i], "yes", "no") for i, c in enumerate("abcdef")})
    return of_arrays(y, p, options=["drug"], name="t", groups=groups), y, p, flags


def test_a_planted_pair_of_conditions_is_found_and_holds():
    data, y, p, flags = cohort(4000, 1, lift=1.5)
    found = worst_slices(data, n_draws=199)
    top = found.entries[0]
    assert set(top.conditions) == {"a: yes", "b: yes"} and top.is_confirmed and top.low > 0
    # The judged half, by hand.
    other = np.ones(4000, dtype=bool)
    other[np.random.default_rng(0).permutation(4000)[:2000]] = False
    mine = flags[:, 0] & flags[:, 1] & other
    assert top.n == mine.sum() and top.n_events == y[mine].sum()
    assert top.here == pytest.approx((y - p)[mine].mean())
    assert top.rest == pytest.approx((y - p)[other & ~mine].mean())


def test_the_other_half_is_never_searched():
    """Turning every outcome of the second half around changes what is judged, never what was found."""
    data, y, p, _ = cohort(2000, 2, lift=1.2)
    second = np.ones(2000, dtype=bool)
    second[np.random.default_rng(0).permutation(2000)[:1000]] = False
    turned = of_arrays(np.where(second, 1 - y, y), p, options=["drug"], name="t", groups=data.groups)
    first, again = worst_slices(data, n_draws=99), worst_slices(turned, n_draws=99)
    assert [s.conditions for s in first.entries] == [s.conditions for s in again.entries]
    assert [s.found_in_search for s in first.entries] == [s.found_in_search for s in again.entries]
    assert [s.n_events for s in first.entries] != [s.n_events for s in again.entries]


def test_where_there_is_nothing_slices_are_confirmed_as_seldom_as_stated():
    """At 10 % over 100 cohorts without a fault: at most what a binomial allows in 999 of 1,000 cases."""
    alarms = sum(
        bool(worst_slices(cohort(400, s)[0], n_draws=99, level=0.1, seed=s).confirmed) for s in range(100)
    )
    assert alarms <= binom.ppf(0.999, 100, 0.1), alarms


def test_a_search_of_single_conditions_counts_them():
    data, *_ = cohort(600)
    assert worst_slices(data, depth=1, n_draws=99).n_searched == 12
    # 12 single ones, and pairs of different descriptions: 6 x 5 / 2 pairs of columns, four pairs of values each.
    assert worst_slices(data, depth=2, n_draws=99).n_searched == 12 + 60


def test_conditions_are_named_in_the_models_own_words(small_bundle):
    data = of_bundle(small_bundle)
    told = conditions(data, small_bundle.schema)
    assert told.holds.shape == (len(data), len(told))
    altered = next(f for f in small_bundle.schema.features if f.is_alteration)
    column = data.X.iloc[:, small_bundle.schema.columns_of(altered.name).start].to_numpy()
    at = told.words.index(f"{altered.label} altered")
    assert (told.holds[:, at] == (column == 1)).all()


def test_thirds_of_a_number_leave_nobody_out_and_keep_the_unknown_apart():
    rng = np.random.default_rng(0)
    from explainers.audit.conditions import _of_number

    values = pd.Series(np.where(rng.random(300) < 0.1, np.nan, rng.normal(size=300)))
    made = _of_number("Albumin", "Albumin", values)
    assert (np.sum([flags for _, _, flags in made], axis=0) == 1).all()
    assert made[-1][0] == "Albumin not known" and (made[-1][2] == values.isna().to_numpy()).all()


def test_what_cannot_be_searched_is_refused_in_words():
    data, *_ = cohort(100)
    with pytest.raises(AuditError, match="depth is 3"):
        worst_slices(data, depth=3)
    with pytest.raises(AuditError, match="99 draws"):
        worst_slices(data, n_draws=10)
    with pytest.raises(StoppedError):
        worst_slices(cohort(600)[0], stop=lambda: True)
    tiny, *_ = cohort(40)
    with pytest.raises(AuditError, match="a search needs both"):
        worst_slices(tiny)
