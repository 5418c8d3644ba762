"""A cohort from outside, from a file to a finding; what does not fit is said."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from explainers import kept
from explainers.__main__ import main
from explainers.audit.data import of_bundle
from explainers.audit.errors import AuditError, NoOutcomesError
from explainers.audit.external import against, of_profiles, read_cohort, read_uploaded
from explainers.audit.findings import findings, overall
from explainers.audit.overview import Audit, audit
from explainers.audit.tables import AuditTable
from oncology.bundles import load
from oncology.intake import write_profiles
from oncology.patients import Outcome, PatientProfile
from tests.audit.test_audit_data import BUNDLES, patients

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
needs_loris = pytest.mark.skipif(
    not (REAL / "loris").is_dir(), reason="the patients of ../shared/real are not here"
)

TABLE = "patient_id,age,sex,tumour,EGFR p.L858R,option,response\n" + "".join(
    f"N{i},{40 + i % 40},{'female' if i % 2 else 'male'},LUAD,{'altered' if i % 3 == 0 else 'absent'},osimertinib,"
    f"{'yes' if i % 3 == 0 else 'no'}\n"
    for i in range(60)
)


@pytest.fixture
def run(capsys):
    """Run a verb: (exit code, output, errors)."""

    def run(*arguments):
        code = main([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_table_with_option_and_response_is_a_cohort(small_bundle, tmp_path):
    file = tmp_path / "cohort.csv"
    file.write_text(TABLE, encoding="utf-8")
    data = against(small_bundle, read_cohort(file))
    y, p = data.of("osimertinib")
    assert (len(y), y.sum()) == (60, 20)
    assert p[y == 1].min() > p[y == 0].max()
    assert data.name == "cohort.csv"


def test_a_project_file_with_outcomes_is_a_cohort_and_those_without_are_counted(small_bundle, tmp_path):
    file = tmp_path / "patients.json"
    file.write_text(write_profiles([*patients(), PatientProfile("Z", tumour="LUAD")]), encoding="utf-8")
    cohort = read_cohort(file)
    assert len(cohort) == 40
    assert any("1 of 41 patients have no outcome" in note for note in cohort.notes)


def test_a_table_without_outcomes_says_which_columns_it_needs(tmp_path):
    file = tmp_path / "bare.csv"
    file.write_text("patient_id,age\nA,50\nB,60\n", encoding="utf-8")
    with pytest.raises(NoOutcomesError, match=r"'option' .* 'response'"):
        read_cohort(file)


def test_what_is_not_there_is_named():
    with pytest.raises(AuditError, match=r"no file or folder 'nowhere\.csv'"):
        read_cohort("nowhere.csv")
    with pytest.raises(AuditError, match=r"Those that ship: .*loris"):
        read_cohort(".", study="absent")


def test_an_upload_is_read_like_the_file_and_nothing_of_it_stays(small_bundle, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cohort = read_uploaded([("../cohort.csv", TABLE.encode())])
    assert len(cohort) == 60
    assert not list(tmp_path.glob("glassboard-*"))
    with pytest.raises(AuditError, match="No file"):
        read_uploaded([])


def test_a_mapping_file_may_come_with_the_upload():
    text = "id,Alter,x,Mittel,Erfolg\n" + "".join(
        f"A{i},{40 + i},1,osimertinib,{'yes' if i % 2 else 'no'}\n" for i in range(12)
    )
    told = b'[columns]\npatient_id = "id"\nage_years = "Alter"\n"outcome.option" = "Mittel"\n"outcome.response" = "Erfolg"\n'
    cohort = read_uploaded([("tabelle.csv", text.encode())], told=("m.toml", told))
    assert len(cohort) == 12
    assert cohort.outcomes["osimertinib"].sum() == 6


def test_one_option_on_either_side_is_held_together_and_said():
    loris = load(BUNDLES / "loris")
    profiles = [
        PatientProfile(
            f"P{i}", age_years=60.0, tumour="MEL", tmb_per_mb=float(i), labs={"albumin_g_dl": 4.0, "nlr": 3.0},
            findings={"prior_systemic_therapy": "no"}, outcome=Outcome("nivolumab", i % 2 == 0),
        )
        for i in range(20)
    ]  # fmt: skip
    data = against(loris, of_profiles(profiles, "here"))
    assert any("'nivolumab' are held against" in note for note in data.notes)
    assert len(data.of("immunotherapy")[0]) == 20


def test_training_patients_are_recognised_by_their_inputs(small_bundle):
    from oncology.edits import profile_from_row

    training = small_bundle.training
    again = []
    for i in training.X.index[:30]:
        profile, _ = profile_from_row(small_bundle.schema, training.X.loc[i], f"other-{i}", synthetic=True)
        again.append(profile.replace(outcome=Outcome("osimertinib", True)))
    data = against(small_bundle, of_profiles(again, "here"))
    assert "30 of these 30 patients have the very inputs of a training patient" in data.warning
    assert overall(audit(data, small_bundle, rounds=20)).answer.startswith("No test of the model")
    assert against(small_bundle, of_profiles(patients(), "here")).warning == ""


def test_a_tumour_the_model_was_not_made_for_is_said(small_bundle):
    other = [p.replace(tumour="AML") for p in patients()]
    notes = " ".join(against(small_bundle, of_profiles(other, "here")).notes)
    assert "40 of 40 patients have a tumour that the model was not made for" in notes


@needs_loris
def test_loris_is_told_unprompted_that_its_score_is_no_probability(run):
    loris = load(BUNDLES / "loris")
    data = against(loris, read_cohort(REAL / "loris"))
    y, p = data.of("immunotherapy")
    assert (len(y), p.mean(), y.mean()) == (
        964,
        pytest.approx(0.4682, abs=5e-5),
        pytest.approx(0.2925, abs=5e-5),
    )
    found = audit(data, loris, rounds=100)
    assert found.options[0].row("AUC").estimate == pytest.approx(0.7414, abs=5e-5)
    assert (
        "ranks well, but its number is not a probability: it says 47, 29 respond" in findings(found)[0].words
    )
    code, out, _ = run("audit", "loris", "--data", REAL / "loris", "--quiet", "--rounds", "50")
    assert code == 0
    assert "its number is not a probability: it says 47, 29 respond" in out
    assert "recalibrated on four fifths" in out


@needs_loris
def test_a_cohort_of_other_options_is_refused_with_both_lists(small_bundle):
    with pytest.raises(NoOutcomesError, match="outcomes of immunotherapy; the model answers for osimertinib"):
        against(small_bundle, read_cohort(REAL / "loris"))


# The terminal --------------------------------------------------------------------------------------------------------


def test_the_terminal_prints_the_audit_of_the_functions(run, small_bundle):
    code, out, err = run("audit", small_bundle.path, "--json", "--rounds", "40")
    answer = json.loads(out)
    assert code == 0 and "100%" in err
    whole = audit(of_bundle(small_bundle), small_bundle, rounds=40)
    told = {m["metric"]: m for m in answer["options"][0]["metrics"]}
    assert told["AUC"]["estimate"] == pytest.approx(whole.options[0].row("AUC").estimate, abs=1e-4)
    assert told["calibration slope"]["low"] == pytest.approx(
        whole.options[0].row("calibration slope").ci_low, abs=1e-4
    )
    assert answer["cohort"]["origin"] == "out of fold"
    assert answer["units"]["net_benefit"] == "responses per patient"


def test_without_the_cache_nothing_at_all_is_kept(run, small_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "nothing"))
    code, _, _ = run("audit", small_bundle.path, "--rounds", "30", "--quiet", "--no-cache")
    assert code == 0 and not list(tmp_path.rglob("*.json*"))


def test_the_second_time_nothing_is_computed(run, small_bundle):
    first = run("audit", small_bundle.path, "--rounds", "30")
    again = run("audit", small_bundle.path, "--rounds", "30")
    assert first[1] == again[1]
    assert "100%" in first[2] and "100%" not in again[2]


def test_the_terminal_compares_with_a_simple_model(run, small_bundle):
    code, out, _ = run("audit", small_bundle.path, "--rounds", "30", "--quiet", "--against", "simple")
    assert code == 0 and "no detectable loss in ranking with a logistic regression" in out
    assert "12 differences were looked at" in out
    code, out, _ = run(
        "audit", small_bundle.path, "--rounds", "30", "--quiet", "--against", "simple", "--json"
    )
    pooled, family = json.loads(out)["comparison_words"]
    assert pooled == "" and "any false one is 1%" in family  # each patient has outcomes of all three options


def test_the_whole_audit_is_one_document_without_a_row_of_any_patient(run, small_bundle, tmp_path):
    out = tmp_path / "audit.html"
    code, _, err = run("audit", small_bundle.path, "--rounds", "30", "--quiet", "--out", out)
    assert code == 0 and "Wrote" in err
    html = out.read_text(encoding="utf-8")
    for said in (
        "May this model&#x27;s numbers be believed",
        "not externally validated",
        "Option by option",
        "Osimertinib",
        "Net responses per 100",
    ):
        assert said in html, said
    assert not any(str(i) in html for i in small_bundle.training.X.index[:200])
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=.?https?:", html)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--threshold", "1.5"), "strictly between 0 and 1"),
        (("--data", "nowhere"), "no file or folder"),
        (("--data", ".", "--study", "absent"), "no study file"),
    ],
)
def test_faults_of_the_input_end_with_2_and_a_sentence(run, small_bundle, arguments, said):
    code, out, err = run("audit", small_bundle.path, "--quiet", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_an_option_is_renamed_by_a_pair(run, small_bundle, tmp_path):
    file = tmp_path / "cohort.csv"
    file.write_text(TABLE.replace("osimertinib", "Tagrisso"), encoding="utf-8")
    code, _, err = run("audit", small_bundle.path, "--data", file, "--quiet")
    assert code == 2 and "outcomes of Tagrisso" in err
    code, out, _ = run(
        "audit",
        small_bundle.path,
        "--data",
        file,
        "--quiet",
        "--option",
        "Tagrisso=osimertinib",
        "--rounds",
        "30",
    )
    assert code == 0 and "Osimertinib" in out
    code, _, err = run("audit", small_bundle.path, "--data", file, "--option", "Tagrisso")
    assert code == 2 and "expected THEIRS=OURS" in err


# The cache -----------------------------------------------------------------------------------------------------------


def test_no_row_of_a_patient_is_kept(run, small_bundle):
    run("audit", small_bundle.path, "--rounds", "30", "--quiet")
    files = list(kept.folder().glob("*.json.gz"))
    assert {f.name.split("-")[0] for f in files} == {"audit", "groups", "group"}
    for file in files:
        text = gzip.decompress(file.read_bytes()).decode()
        assert not any(str(i) in text for i in small_bundle.training.X.index[:200])
        assert file.stat().st_mode & 0o077 == 0


def test_an_audit_comes_back_from_the_disk_as_it_was(small_bundle):
    made = audit(of_bundle(small_bundle), small_bundle, rounds=20)
    kept.remember("audit", ("k",), made)
    assert repr(kept.recall("audit", ("k",), (Audit,))) == repr(made)


def test_where_nothing_is_to_be_kept_nothing_is_written_and_the_last_audits_stay_at_hand(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("GLASSBOARD_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    made = []

    def make():
        made.append(1)
        return AuditTable()

    for _ in range(2):
        kept.kept("audit", ("kept nowhere",), (AuditTable,), make)
    assert kept.recall("audit", ("kept nowhere",), (AuditTable,)) == AuditTable()
    assert kept.recall("audit", ("kept nowhere",), (Audit,)) is None
    assert len(made) == 1
    assert not list(tmp_path.iterdir())
