"""How steady explanations are: refits, shuffles, the intervals they give, and the file that keeps them."""

from __future__ import annotations

import dataclasses
import re
import shutil

import numpy as np
import pytest
from sklearn.base import clone

from explainers import stability
from explainers.__main__ import main
from explainers.background import of_rows
from explainers.importance import shapley_importance, shapley_sample
from explainers.local import explain, explain_groups
from explainers.local.shapley import shapley_matrix
from explainers.neighbours import NoCohortError
from explainers.players import CannotExplainError
from explainers.stabilising import cells_of, stabilise
from explainers.stability import FILE, Stability, StabilityError, half_width, model_fingerprint
from explainers.trees import from_estimator
from oncology.bundles import load
from tests.explainers.small_cohort import SCHEMA
from tests.explainers.test_shipped import SAMPLE


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle("boosting")


@pytest.fixture(scope="module")
def found(bundle) -> Stability:
    return stabilise(bundle, n_refits=8, n_shuffles=4, n_checks=2, seed=3, made="2026-01-01")


@pytest.fixture(scope="module")
def shipped():
    bundle = load(SAMPLE / "bundles" / "solid_tumours")
    return bundle, stability.read(bundle)


def copied(bundle, folder):
    """The bundle in a folder of its own, so that a stability file can lie in it."""
    shutil.copytree(bundle.path, folder / "b")
    return dataclasses.replace(bundle, path=folder / "b")


def test_what_was_written_is_read_back(bundle, found, tmp_path):
    bundle = copied(bundle, tmp_path)
    assert stability.read(bundle) is None
    stability.write(found, bundle.path / FILE)
    again = stability.read(bundle)
    assert again.options == bundle.options and again.n_refits == 8 and again.made == "2026-01-01"
    for name in ("importance", "shift", "spread", "size_effect", "multiplier", "coverage"):
        np.testing.assert_allclose(getattr(again, name), getattr(found, name), rtol=1e-6, atol=1e-9)
    for name in ("refit_importance", "null_importance"):
        np.testing.assert_allclose(getattr(again, name), getattr(found, name), rtol=1e-3, atol=1e-6)
    rows = bundle.background.rows
    values = shapley_matrix(bundle, rows, "sotorasib")[0]
    for mine, theirs in zip(
        found.interval(SCHEMA, "sotorasib", rows, values),
        again.interval(SCHEMA, "sotorasib", rows, values),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_same_seed_gives_the_same_file(bundle, tmp_path):
    files = [
        stability.write(
            stabilise(bundle, n_refits=3, n_shuffles=1, n_checks=1, seed=1, made="2026-01-01"),
            tmp_path / name,
        )
        for name in ("a", "b")
    ]
    assert files[0].read_bytes() == files[1].read_bytes()
    other = stabilise(bundle, n_refits=3, n_shuffles=1, n_checks=1, seed=2)
    assert not np.allclose(
        other.refit_importance, stabilise(bundle, n_refits=3, n_shuffles=1, n_checks=1).refit_importance
    )


def test_a_file_of_another_model_is_refused(make_bundle, found, tmp_path):
    other = copied(make_bundle("linear"), tmp_path)
    stability.write(found, other.path / FILE)
    with pytest.raises(StabilityError, match=r"measured on another model.*stabilise"):
        stability.read(other)


def test_a_damaged_file_is_refused(bundle, found, tmp_path):
    bundle = copied(bundle, tmp_path)
    path = stability.write(dataclasses.replace(found, spread=found.spread * 2), bundle.path / FILE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StabilityError, match="damaged"):
        stability.read(bundle)
    with np.load(stability.write(found, path)) as stored:
        content = dict(stored)
    np.savez_compressed(path, **(content | {"spread": content["spread"] / 2}))
    with pytest.raises(StabilityError, match="not what its hash says"):
        stability.read(bundle)


def test_other_words_in_the_manifest_are_the_same_model(bundle):
    other_words = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, title="Renamed"))
    assert model_fingerprint(other_words) == model_fingerprint(bundle)
    with_card = bundle.manifest.files | {"card.toml": "0" * 64}
    other_card = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, files=with_card))
    assert model_fingerprint(other_card) == model_fingerprint(bundle)
    files = bundle.manifest.files | {"cohort.parquet": "0" * 64}
    other_cohort = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, files=files))
    assert model_fingerprint(other_cohort) != model_fingerprint(bundle)


def test_no_more_than_sums_over_many_patients_are_kept(bundle):
    X = bundle.training.X.copy()
    X.iloc[:19, SCHEMA.names.index("KRAS")] = np.nan
    X.iloc[:21, SCHEMA.names.index("EGFR")] = np.nan
    changed = dataclasses.replace(bundle)
    y = bundle.training.y.fillna(1.0)  # everybody had every option, so that all of them are counted
    changed.__dict__["training"] = dataclasses.replace(bundle.training, X=X, y=y)
    found = stabilise(changed, n_refits=3, n_shuffles=1, n_checks=1)
    unknown = {n: int(found.cells.first[SCHEMA.names.index(n)]) for n in ("KRAS", "EGFR")}
    assert (
        np.isnan(found.spread[:, unknown["KRAS"]]).all() and np.isnan(found.shift[:, unknown["KRAS"]]).all()
    )
    assert np.isfinite(found.spread[:, unknown["EGFR"]]).all()
    n = len(bundle.training)
    for f in dataclasses.fields(found):
        value = getattr(found, f.name)
        assert not isinstance(value, np.ndarray) or n not in value.shape


def test_cells_are_states_and_tenths():
    rows = np.full((40, len(SCHEMA.columns)), np.nan)
    rows[:, SCHEMA.columns_of("EGFR")] = np.array([0.0, 1.0] * 20)[:, None]
    rows[:, SCHEMA.columns_of("age_years")] = np.arange(40.0)[:, None]
    rows[:, SCHEMA.columns_of("tumour")] = [0, 1, 0]
    cells = cells_of(SCHEMA, rows)
    width = dict(zip(SCHEMA.names, np.diff(cells.first), strict=True))
    # Unknown is a cell of its own; a feature that nobody has a value of keeps one more for whoever will.
    assert width["EGFR"] == 3 and width["tumour"] == 4 and width["age_years"] == 11 and width["albumin"] == 2
    found = cells.of(SCHEMA, rows)
    j = SCHEMA.names.index("EGFR")
    assert (found[:, j] - cells.first[j]).tolist() == [1, 2] * 20
    assert (found[:, SCHEMA.names.index("albumin")] == cells.first[SCHEMA.names.index("albumin")]).all()
    assert (
        np.bincount(
            found[:, SCHEMA.names.index("age_years")] - cells.first[SCHEMA.names.index("age_years")]
        ).tolist()
        == [0] + [4] * 10
    )


def test_an_interval_by_hand():
    # t(0.975, 3) = 3.182446; sqrt(1 + 1/4) = 1.118034. Cell 1 is too small: the line 0.01 + 0.25 * 4 gives its scatter.
    centre, half = half_width(
        np.array([[2.0, 2.0]]), np.array([[0, 1]]), np.array([0.5, np.nan]), np.array([0.1, np.nan]),
        np.array([0.01, 0.25]), 4,
    )  # fmt: skip
    assert centre.tolist() == [[2.5, 2.0]]
    np.testing.assert_allclose(
        half, [[0.1 * 3.182446 * 1.118034, np.sqrt(1.01) * 3.182446 * 1.118034]], rtol=1e-6
    )


def test_intervals_hold_the_value_and_what_other_refits_give(bundle, found):
    """Refits made here with plain scikit-learn, on patients drawn here."""
    X, y = bundle.training.X.to_numpy(), bundle.training.y["osimertinib"].to_numpy()
    rows = X[:400]
    values = shapley_matrix(bundle, rows, "osimertinib")[0]
    low, high = found.interval(SCHEMA, "osimertinib", rows, values)
    moved = dataclasses.replace(found, shift=found.shift + 5)
    assert (moved.interval(SCHEMA, "osimertinib", rows, values)[0] <= values).all()
    had = np.flatnonzero(~np.isnan(y))
    largest = np.argsort(-np.abs(values), axis=1)[:, :10]
    first = np.searchsorted(SCHEMA.feature_of_column, np.arange(len(SCHEMA.names)))
    held = []
    for seed in range(6):
        drawn = np.random.default_rng(1000 + seed).choice(had, len(had))
        model = clone(bundle.estimators["osimertinib"]).fit(X[drawn], y[drawn].astype(int))
        again = np.add.reduceat(
            from_estimator(model, SCHEMA.columns).shapley(rows)[0][:, :, 0], first, axis=1
        )
        inside = (again >= low) & (again <= high)
        held.append(np.take_along_axis(inside, largest, axis=1).mean())
    assert 0.88 < np.mean(held) < 0.995
    assert found.coverage[found.position("osimertinib")] == pytest.approx(np.mean(held), abs=0.08)


def test_chance_importance_is_below_that_of_the_planted_effect(bundle, found):
    j = SCHEMA.names.index("EGFR p.L858R")
    k = found.position("osimertinib")
    assert found.null("osimertinib").max() < found.importance[k, j]
    assert (found.refit_importance[k].argmax(axis=1) == j).all()
    sample = shapley_sample(bundle, "osimertinib")
    np.testing.assert_allclose(found.importance[k], shapley_importance(sample).values)


def test_only_the_explanation_that_was_refitted_has_intervals(bundle, found, patient):
    row = bundle.schema.encode_row(patient)
    why = explain(bundle, row, "shapley", option="sotorasib")
    low, high = found.interval_of(bundle, row, why)
    assert low.shape == why.values.shape and (low <= why.values).all() and (why.values <= high).all()
    assert found.interval_of(bundle, row, explain(bundle, row, "ablation", option="sotorasib")) is None
    other = of_rows(bundle.background.rows[:3], "three patients")
    assert (
        found.interval_of(bundle, row, explain(bundle, row, "shapley", option="sotorasib", background=other))
        is None
    )
    assert "refits" in found.words("sotorasib") and "95 of 100" in found.words("sotorasib")


def test_where_there_is_no_interval_the_reason_is_said(bundle, found, patient, tmp_path):
    row = bundle.schema.encode_row(patient)
    why = explain(bundle, row, "shapley", option="sotorasib")
    assert stability.interval_or_why_not(bundle, row, why)[0] is None
    assert "not measured for this bundle" in stability.interval_or_why_not(bundle, row, why)[1]
    mine = copied(bundle, tmp_path)
    stability.write(found, mine.path / FILE)
    ends, words = stability.interval_or_why_not(mine, row, why)
    np.testing.assert_allclose(ends, found.interval_of(bundle, row, why), rtol=1e-6)
    assert words == found.words("sotorasib")

    def said(other):
        ends, words = stability.interval_or_why_not(mine, row, other)
        assert ends is None and words.startswith("No interval: ")
        return words

    assert "not the sum of its members' shares" in said(
        explain_groups(bundle, patient, "gene", option="sotorasib")
    )
    assert "Shapley values only" in said(explain(bundle, row, "ablation", option="sotorasib"))
    other = of_rows(bundle.background.rows[:3], "three patients")
    words = said(explain(bundle, row, "shapley", option="sotorasib", background=other))
    assert f"compared with {found.background}; against three patients" in words
    lacking = dataclasses.replace(found, left_out={"sotorasib": "too few"})
    stability.write(lacking, mine.path / FILE)
    assert said(why) == "No interval: too few."
    (mine.path / FILE).write_bytes(b"torn")
    assert "is damaged" in said(why)
    formula = load(SAMPLE / "bundles" / "loris")
    assert "published formula" in stability.interval_or_why_not(formula, row, why)[1]


def test_the_words_say_that_in_another_cohort_fewer_are_held_with_the_figure_of_the_long_check(found):
    text = (SAMPLE.parent / "docs" / "validation.md").read_text(encoding="utf-8")
    (line,) = [
        line for line in text.splitlines() if line.startswith("| another synthetic cohort of the same size")
    ]
    (measured,) = re.findall(r"\| (\d+\.\d) %", line)
    said = found.words("sotorasib")
    assert f"another cohort of the same size fewer: {float(measured):.0f} %" in said


def test_sums_of_single_inputs_can_be_stabilised_and_estimates_cannot(make_bundle):
    linear = stabilise(make_bundle("linear"), n_refits=3, n_shuffles=1, n_checks=1)
    assert np.isfinite(linear.coverage).all()
    with pytest.raises(CannotExplainError, match="estimates"):
        stabilise(make_bundle("network"))
    with pytest.raises(NoCohortError, match="published formula"):
        stabilise(load(SAMPLE / "bundles" / "loris"))
    with pytest.raises(CannotExplainError, match="at least 3"):
        stabilise(make_bundle("linear"), n_refits=2)


def test_an_option_with_too_few_outcomes_is_left_out_with_the_reason(bundle):
    y = bundle.training.y.copy()
    y.loc[y.index[4:], "sotorasib"] = np.nan
    training = dataclasses.replace(bundle.training, y=y)
    smaller = dataclasses.replace(bundle)
    smaller.__dict__["training"] = training
    found = stabilise(smaller, n_refits=3, n_shuffles=1, n_checks=1)
    assert (
        "too few" in found.left_out["sotorasib"] and not found.has("sotorasib") and found.has("osimertinib")
    )
    assert np.isnan(found.spread[found.position("sotorasib")]).all()


def test_the_shipped_model_carries_its_file(shipped):
    bundle, found = shipped
    assert found is not None and found.options == bundle.options and not found.left_out
    assert (found.n_refits, found.n_shuffles) == (20, 25)
    assert (bundle.path / FILE).stat().st_size < 300_000
    assert FILE not in bundle.manifest.files
    assert found.coverage.mean() == pytest.approx(0.95, abs=0.01) and found.coverage.min() > 0.92
    sample = shapley_sample(bundle, "sotorasib")
    k = found.position("sotorasib")
    np.testing.assert_allclose(found.importance[k], np.abs(sample.values).mean(axis=0), rtol=1e-5, atol=1e-8)


def test_the_terminal_writes_the_file_and_says_what_it_holds(bundle, tmp_path, capsys):
    out = tmp_path / "s.npz"
    assert (
        main(
            ["stabilise", str(bundle.path), "--out", str(out), "--refits", "3", "--shuffles", "1", "--quiet"]
        )
        == 0
    )
    said = capsys.readouterr().out
    assert out.is_file() and "3 refits and 1 shuffles of each of 3 options" in said and "Sotorasib" in said
    assert main(["stabilise", str(SAMPLE / "bundles" / "ipssm")]) == 2
    assert "published formula" in capsys.readouterr().err
