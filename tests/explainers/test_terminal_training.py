"""The verb train: a bundle that answers, and nothing left behind where a study cannot be fitted."""

from __future__ import annotations

import json

import pytest

STUDY = """
[study]
name = "invented"
title = "An invented study"
synthetic = true
[patients]
path = "patients.csv"
[outcomes]
table = "outcomes.csv"
id = "patient_id"
[outcomes.options]
alpha = "Alpha"
[outcomes.responder]
rule = "threshold"
direction = "higher"
value = 0.5
[features]
alterations = ["KRAS p.G12C"]
[[features.covariates]]
name = "Age"
reads = "age_years"
[model]
folds = 3
[model.settings]
max_iter = 5
"""


@pytest.fixture
def study(tmp_path):
    """Ninety invented patients, every third with KRAS p.G12C and a response."""
    rows = [
        (f"P{i:02d}", 40 + i % 40, "p.G12C" if i % 3 == 0 else "", float(i % 3 == 0 or i % 7 == 0))
        for i in range(90)
    ]
    people = "patient_id,age_years,KRAS\n" + "".join(f"{p},{age},{kras}\n" for p, age, kras, _ in rows)
    outcomes = "patient_id,Alpha\n" + "".join(f"{p},{y}\n" for p, _, _, y in rows)
    (tmp_path / "patients.csv").write_text(people, encoding="utf-8")
    (tmp_path / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_train_writes_a_bundle_that_answers(run, study):
    out = study / "bundle"
    code, said, err = run("train", study / "study.toml", "--data", study, "--out", out)
    assert code == 0 and "1 option, hash" in said and "Fitting" in err
    code, said, _ = run("predict", out, study / "patients.csv", "--patient-id", "P03", "--json")
    assert code == 0 and len(json.loads(said)["ranking"]["ordered"]) == 1
    code, _, err = run("train", study / "study.toml", "--data", study, "--out", out, "--quiet")
    assert code == 2 and "bundle" in err  # nothing is overwritten unasked
    code, said, err = run(
        "train", study / "study.toml", "--data", study, "--out", out, "--quiet", "--overwrite", "--json"
    )
    assert code == 0 and err == "" and json.loads(said)["performance"][0]["n"] == 90


def test_a_study_with_one_outcome_is_told_and_leaves_nothing_behind(run, study):
    outcomes = study / "outcomes.csv"
    outcomes.write_text(outcomes.read_text().replace("0.0", "1.0"), encoding="utf-8")
    code, out, err = run("train", study / "study.toml", "--data", study, "--out", study / "bundle", "--quiet")
    assert code == 2 and out == "" and "same one" in err and not (study / "bundle").exists()
