"""True effects are those of the recipe: by hand where the recipe has one number, and in the table that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from sample_data.explanation_check import choose_patients
from sample_data.explanation_figures import OptionReading, recovery_rows, shuffling_truth, trap_rows
from sample_data.generator import generate
from sample_data.generator.vocabulary import ALTERATIONS, COLUMN, SITES
from sample_data.profiles import encoded_columns
from sample_data.true_effects import effects_table, true_effects, true_log_odds

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
N = 600


@pytest.fixture(scope="module")
def cohort():
    return generate(N, 5, start=12_000)


@pytest.fixture(scope="module")
def effects(cohort):
    return true_effects(cohort, np.arange(N), background=generate(8, 5))


def of(effects, feature, option):
    return effects.values[:, effects.features.index(feature), effects.options.index(option)]


def carriers(cohort, name):
    column = COLUMN[name]
    return cohort.truth.alterations[:, column] & cohort.assayed[:, column]


def test_the_log_odds_are_those_of_the_true_probability(cohort):
    assert expit(true_log_odds(cohort.truth)) == pytest.approx(cohort.p_star, abs=1e-12)


def test_the_prognostic_gene_lowers_every_option_alike(cohort, effects):
    mine = carriers(cohort, "STK11")
    assert mine.sum() > 10
    assert effects.values[mine, COLUMN["STK11"]] == pytest.approx(-0.9)


def test_a_modifier_has_the_effect_that_the_recipe_writes_down(cohort, effects):
    mine = carriers(cohort, "KEAP1")
    assert of(effects, "KEAP1", "sotorasib")[mine] == pytest.approx(-1.1)
    assert of(effects, "KEAP1", "pembrolizumab")[mine] == pytest.approx(0.0, abs=1e-9)


def test_the_site_and_age_do_nothing_at_all(effects):
    for feature in ("site", "age", "sex"):
        assert np.nanmax(np.abs(effects.values[:, effects.features.index(feature)])) < 1e-9


def test_an_alteration_that_was_not_found_has_no_effect_and_one_not_assayed_an_unknown_one(cohort, effects):
    recorded = encoded_columns(cohort).to_numpy()[:, : len(ALTERATIONS)]
    values = effects.values[:, : len(ALTERATIONS), 0]
    assert np.isnan(values[np.isnan(recorded)]).all()
    assert (values[recorded == 0] == 0).all()
    assert np.isnan(effects.values[:, effects.features.index("tumour")]).all()


def test_albumin_acts_as_written_down_for_one_patient(cohort):
    # log-odds are linear in albumin with slope 0.85, so the effect is 0.85 x (own - mean of the others)
    background = generate(8, 5)
    found = true_effects(cohort, np.arange(5), background=background)
    known = encoded_columns(cohort)["Albumin"].notna().to_numpy()[:5]
    by_hand = 0.85 * (cohort.truth.albumin_g_dl[:5] - background.truth.albumin_g_dl.mean())
    assert of(found, "Albumin", "olaparib")[known] == pytest.approx(by_hand[known])


def test_the_table_that_ships_is_the_one_that_is_computed():
    shipped = pd.read_csv(SAMPLE / "true_effects.csv")
    pd.testing.assert_frame_equal(shipped, effects_table(), check_exact=False, atol=0.011)
    assert (shipped.loc[shipped["input"] == "site", "points"] == 0).all()


def test_carriers_of_rare_alterations_are_chosen_first():
    recorded = np.zeros((50, 2))
    recorded[:25, 0] = 1  # common
    recorded[25:29, 1] = 1  # rare
    chosen = choose_patients(recorded, np.arange(50), 6)
    assert len(set(chosen)) == 6
    assert (recorded[chosen, 1] == 1).sum() == 3


@pytest.fixture
def reading():
    """Forty patients, six alterations: the first acts, the second travels with it, the site does nothing."""
    rng = np.random.default_rng(0)
    recorded = (rng.random((40, 6)) < 0.5).astype(float)
    recorded[:, 1] = recorded[:, 0]
    strength = np.array([1.0, 0.0, 0.0, 0.5, -0.7, 0.3])
    features = (*"abcdef", "site", "PD-L1")
    true = np.column_stack([recorded * strength, np.zeros(40), rng.choice([-0.4, 0.4], 40)])
    wrong = true.copy()
    wrong[:, 1], wrong[:, 0] = 0.5 * recorded[:, 1], 0.5 * recorded[:, 0]
    wrong[:, 6] = 2.0
    wrong[:, 7] = -true[:, 7]
    return OptionReading(
        option="pembrolizumab", features=features, n_alterations=6,
        shares={"right": true, "ablation": true, "wrong": wrong}, true=true, recorded=recorded,
        is_extra=np.arange(40) >= 20, site=np.full(40, SITES.index("Site 4"), dtype=np.int8), rare=np.arange(40) % 2 == 0,
        pool_recorded=np.vstack([recorded] * 4), pool_true=np.vstack([recorded * strength] * 4),
    )  # fmt: skip


def test_a_method_that_says_the_truth_gets_full_marks_and_a_misled_one_does_not(
    reading, monkeypatch, tmp_path
):
    nothing = {f"{kind}:pembrolizumab": np.zeros(8) for kind in "ms"}
    np.savez(tmp_path / "global.npz", **nothing)

    class Bundle:
        options = ("pembrolizumab",)

    labels = {"right": "Right", "ablation": "Own", "wrong": "Wrong"}
    rows = {r.method: r for r in recovery_rows(Bundle(), [reading], labels, tmp_path)}
    for figure in ("effects_truth", "effects_model", "top_truth", "patient_truth", "patient_model"):
        assert getattr(rows["right"], figure)[0] == 1.0
    assert rows["wrong"].effects_truth[0] < 0.9
    assert rows["wrong"].patient_truth[0] < 1.0
    monkeypatch.setitem(COLUMN, "STK11", 5)
    found = {(t.method, t.trap, t.figure): t.value[0] for t in trap_rows([reading], labels)}
    shown = {k: v for k, v in found.items() if k[0] == "wrong"}
    assert [v for (_, trap, words), v in shown.items() if trap == "site" and words.endswith("log-odds")] == [
        2.0
    ]
    leak = next(
        v for (_, trap, words), v in shown.items() if trap == "pairs" and words.startswith("mean size")
    )
    assert leak == pytest.approx(0.5)
    signs = [v for (_, trap, _), v in shown.items() if trap == "subtype"]
    assert signs == [0.0, 0.0]
    assert all(
        v == 0
        for (m, trap, _), v in found.items()
        if m == "right" and trap in ("site", "pairs") and np.isfinite(v)
    )


def test_what_shuffling_would_truly_cost_by_hand(reading):
    share = reading.pool_recorded[:, 0].mean()
    assert shuffling_truth(reading)[0] == pytest.approx(2 * share * (1 - share) * 1.0)
