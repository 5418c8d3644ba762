"""A study file and its tables become a bundle; each way they can fail is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oncology.bundles import OneOutcomeError, load, read_card
from oncology.errors import OncologyError
from oncology.training import StudyError, read_responses, read_study, study_cohort, train

STUDY = """
[study]
name = "invented"
title = "An invented study"
synthetic = true
outcome = "have sensitive cells"

[patients]
path = "."

[outcomes]
table = "auc.csv"
id = "patient_id"

[outcomes.options]
alpha = "Alpha (A-1)"
beta = "Beta"

[outcomes.responder]
rule = "most sensitive"
direction = "lower"
fraction = 0.25

[features]
alterations = ["FLT3 ITD"]

[[features.covariates]]
name = "Age"
reads = "age_years"

[[features.covariates]]
name = "Sex"
reads = "sex"
kind = "categorical"

[features.genes]
min_frequency = 0.05
candidates = ["NPM1", "TP53", "KIT", "FLT3"]
always = ["JAK2"]

[audit]
groups = ["sex"]

[model]
folds = 3
[model.settings]
max_iter = 10
"""


@pytest.fixture
def data(tmp_path):
    """Sixty patients: Alpha works in FLT3-ITD; five patients were not sequenced; some responses are missing."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    ids = [f"P{i:02d}" for i in range(60)]
    itd = np.arange(60) % 3 == 0
    clinical = pd.DataFrame(
        {"PATIENT_ID": ids, "SEX": np.where(np.arange(60) % 2, "Male", "Female"), "AGE": rng.integers(30, 80, 60),
         "DX": "AML", "FLT3_ITD": itd, "SEQUENCED": np.arange(60) < 55}
    )  # fmt: skip
    clinical.to_csv(folder / "clinical.tsv", sep="\t", index=False)
    variants = [
        {"Hugo_Symbol": gene, "Tumor_Sample_Barcode": ids[i], "Variant_Classification": "Missense",
         "HGVSp_Short": change, "Tumor_VAF": 0.4}
        for gene, change, every in (("NPM1", "p.W288C", 4), ("TP53", "p.R175H", 7), ("KIT", "p.D816V", 50), ("FLT3", "p.D835Y", 9))
        for i in range(0, 55, every)
    ]  # fmt: skip
    pd.DataFrame(variants).to_csv(folder / "mutations.maf", sep="\t", index=False)
    auc = pd.DataFrame(
        {
            "patient_id": ids,
            "Alpha (A-1)": 200 - 90 * itd + rng.normal(0, 12, 60),
            "Beta": rng.normal(150, 20, 60),
        }
    )
    auc.loc[:9, "Beta"] = np.nan
    auc.to_csv(folder / "auc.csv", index=False)
    return folder


def study_file(tmp_path, text=STUDY):
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_study_becomes_a_bundle_that_opens(tmp_path, data):
    shares = []
    train(study_file(tmp_path), data, tmp_path / "out", progress=lambda share, words: shares.append(share))
    bundle = load(tmp_path / "out")
    assert bundle.options == ("alpha", "beta") and bundle.manifest.synthetic
    assert bundle.schema.names == ("Age", "Sex", "FLT3 ITD", "NPM1", "TP53", "FLT3", "JAK2")
    assert bundle.manifest.performance_of("alpha").has_signal
    assert bundle.manifest.training["responder_rule"].startswith(
        "responder = the 25% of tested patients with the lowest"
    )
    assert bundle.manifest.training["study"] == "study.toml" and bundle.manifest.support["beta"] == {
        "": 50,
        "AML": 50,
    }
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_the_card_named_by_a_study_becomes_part_of_the_bundle(tmp_path, data):
    (tmp_path / "words.toml").write_text('[funding]\nfunding = "Nobody."\n')
    study = study_file(tmp_path, STUDY.replace("synthetic = true", 'synthetic = true\ncard = "words.toml"'))
    bundle = train(study, data, tmp_path / "out")
    card = read_card(bundle.path, bundle.manifest.files)
    assert card is not None and card.covered and card.said("funding", "funding") == ("Nobody.",)


def test_responders_are_the_most_sensitive_quarter_of_each_option_by_itself(tmp_path, data):
    found = read_responses(read_study(study_file(tmp_path)), data)
    table = pd.read_csv(data / "auc.csv", index_col=0)
    for option, column in (("alpha", "Alpha (A-1)"), ("beta", "Beta")):
        known = table[column].dropna()
        assert found.cut_offs[option] == pytest.approx(np.quantile(known, 0.25))
        assert (found.y[option].dropna() == (known <= np.quantile(known, 0.25))).all()
    assert found.y["alpha"].sum() == 15 and found.y["beta"].isna().sum() == 10


def test_a_missing_response_leaves_a_patient_out_of_that_option_only(tmp_path, data):
    cohort, _ = study_cohort(read_study(study_file(tmp_path)), data)
    assert len(cohort) == 60 and np.isnan(cohort.y["beta"]["P03"]) and not np.isnan(cohort.y["alpha"]["P03"])


def test_a_patient_who_was_not_sequenced_has_no_gene_assayed(tmp_path, data):
    cohort, _ = study_cohort(read_study(study_file(tmp_path)), data)
    assert cohort.X.loc["P57", ["NPM1", "TP53"]].isna().all()
    assert cohort.X.loc["P57", "FLT3 ITD"] == 1.0 and cohort.X.loc["P56", "FLT3 ITD"] == 0.0
    assert cohort.X.loc["P01", "NPM1"] == 0.0 and cohort.X.loc["P04", "NPM1"] == 1.0


def test_genes_below_the_least_frequency_are_no_inputs_unless_asked_for(tmp_path, data):
    cohort, _ = study_cohort(read_study(study_file(tmp_path)), data)
    assert "KIT" not in cohort.schema.names and "JAK2" in cohort.schema.names


def test_the_same_study_gives_the_same_bundle(tmp_path, data):
    text = STUDY.replace("synthetic = true", 'synthetic = true\ndate = "2026-01-01"')
    a = train(study_file(tmp_path, text), data, tmp_path / "a")
    b = train(study_file(tmp_path, text), data, tmp_path / "b")
    assert a.sha256 == b.sha256


@pytest.mark.parametrize(
    ("estimator", "settings"), [("logistic", "C = 1.0"), ("forest", "n_estimators = 10")]
)
def test_other_model_families_train_on_unknown_values(tmp_path, data, estimator, settings):
    text = STUDY.replace("folds = 3", f'estimator = "{estimator}"\nfolds = 3').replace(
        "max_iter = 10", settings
    )
    bundle = train(study_file(tmp_path, text), data, tmp_path / "out")
    assert (
        np.isfinite(bundle.margin(bundle.training.X)).all()
        and "SimpleImputer" in bundle.manifest.missing_values
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('rule = "threshold"\nvalue = 150\ndirection = "lower"', 20),
        ('rule = "threshold"\nvalue = 150\ndirection = "higher"', 40),
    ],
)
def test_a_threshold_can_name_the_responders(tmp_path, data, rule, expected):
    text = STUDY.replace('rule = "most sensitive"\ndirection = "lower"\nfraction = 0.25', rule)
    assert read_responses(read_study(study_file(tmp_path, text)), data).y["alpha"].sum() == expected


def test_one_outcome_class_is_refused_or_left_out_with_its_reason(tmp_path, data):
    text = STUDY.replace('rule = "most sensitive"', 'rule = "threshold"\nvalue = 160.0')
    table = pd.read_csv(data / "auc.csv").assign(Beta=300.0)
    table.to_csv(data / "auc.csv", index=False)
    with pytest.raises(OneOutcomeError, match="beta: all 60 patients with a known outcome have the same one"):
        train(study_file(tmp_path, text), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    text = text.replace('id = "patient_id"', 'id = "patient_id"\nleave_out = true')
    bundle = train(study_file(tmp_path, text), data, tmp_path / "out")
    assert bundle.options == ("alpha",) and "have the same one" in bundle.manifest.left_out["beta"]


def test_an_option_with_few_patients_is_left_out_with_its_reason(tmp_path, data):
    text = STUDY.replace('id = "patient_id"', 'id = "patient_id"\nmin_patients = 55')
    bundle = train(study_file(tmp_path, text), data, tmp_path / "out")
    assert bundle.manifest.left_out == {"beta": "50 patients with a known outcome, fewer than 55"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"Alpha (A-1)"',
            '"Alpha (A1)"',
            r"no column 'Alpha \(A1\)' for the option 'alpha'. Did you mean Alpha \(A-1\)",
        ),
        ('table = "auc.csv"', 'table = "absent.csv"', r"has no file 'absent\.csv'"),
        (
            'id = "patient_id"',
            'id = "patient"',
            "no column 'patient' for the patient's id. Did you mean patient_id",
        ),
        (
            'rule = "most sensitive"',
            'rule = "most"',
            "rule is 'most'; expected one of most sensitive, threshold, column",
        ),
        ('rule = "most sensitive"', 'rule = "threshold"', "rule 'threshold' needs a value"),
        ('rule = "most sensitive"', 'rule = "column"', "the rule 'column' expects 1 and 0"),
        ("fraction = 0.25", "fraction = 1.5", "fraction is 1.5; expected a share between 0 and 1"),
        ("fraction = 0.25", "share = 0.25", "'share' is not known"),
        ("[audit]", "[audits]", r"section 'audits' is not known. Did you mean audit\?"),
        ('groups = ["sex"]', 'groups = ["shoe"]', "groups names 'shoe', which is no field"),
        (
            'reads = "age_years"',
            'reads = "age_year"',
            "Profile field 'age_year' is not known. Did you mean age_years",
        ),
        ("folds = 3", "folds = 1", "folds is 1; expected a whole number of 2 or more"),
        (
            "folds = 3",
            'folds = 3\nestimator = "oracle"',
            "estimator is 'oracle'; expected one of gradient boosting",
        ),
        ("max_iter = 10", "max_itre = 10", "does not fit a gradient boosting model"),
        (
            'name = "invented"',
            'name = "invented"\nsetting = "ward"',
            "setting is 'ward'; expected one of clinic",
        ),
        ('name = "invented"', "", r"\[study\] has no entry 'name'"),
        ('path = "."', 'path = "elsewhere"', "has no 'elsewhere', where the study expects patients"),
        ('alterations = ["FLT3 ITD"]', 'alterations = ["FLT3 XYZ"]', "Pattern kind is 'XYZ'"),
        ("[study]", "[study", "is no TOML document"),
    ],
)
def test_a_study_that_does_not_fit_says_where(tmp_path, data, old, new, message):
    assert old in STUDY
    with pytest.raises(OncologyError, match=message):
        train(study_file(tmp_path, STUDY.replace(old, new)), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_are_not_there_are_named(tmp_path, data):
    with pytest.raises(StudyError, match=r"'absent\.toml' cannot be opened"):
        train(tmp_path / "absent.toml", data, tmp_path / "out")
    with pytest.raises(StudyError, match="no data folder 'nowhere'"):
        train(study_file(tmp_path), tmp_path / "nowhere", tmp_path / "out")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.assign(Beta=["x"] * 60), "holds 'x', which is no number"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "names patients twice: P00"),
        (lambda t: t.assign(patient_id=[f"Q{i}" for i in range(60)]), "None of the 60 patients"),
    ],
)
def test_outcomes_that_cannot_be_used_are_named(tmp_path, data, spoil, message):
    spoil(pd.read_csv(data / "auc.csv")).to_csv(data / "auc.csv", index=False)
    with pytest.raises(StudyError, match=message):
        train(study_file(tmp_path), data, tmp_path / "out")
