"""The verbs of the terminal: the same answers as the functions, plain errors, no traceback."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from explainers.commands import answers, sources
from explainers.local import explain, explain_groups
from oncology.assurance import assure
from oncology.intake import write_profile
from oncology.prediction import predict
from oncology.recommendations import rank

ROOT = Path(__file__).resolve().parents[2]


# Answers -------------------------------------------------------------------------------------------------------------


def test_predict_prints_the_ranking_of_the_functions(run, given, make_bundle, patient):
    code, out, _ = run("predict", *given, "--json")
    answer = json.loads(out)
    ranking = rank(make_bundle(), predict(make_bundle(), patient), patient)
    assert code == 0
    assert [r["option"] for r in answer["ranking"]["ordered"]] == [r.option for r in ranking.ordered]
    assert answer["ranking"]["ordered"][0]["probability"] == pytest.approx(ranking.ordered[0].probability)
    assert answer["bundle"]["sha256"] == make_bundle().sha256
    assert answer["units"] == {
        "answers": "probability", "margin": "log-odds", "interval_coverage": 0.95,
        "interval": "share observed among patients with like numbers",
    }  # fmt: skip
    found = assure(make_bundle(), patient)
    assert answer["assurance"]["familiarity"]["percentile"] == pytest.approx(found.familiarity.percentile)
    said = {o["option"]: o for o in answer["assurance"]["options"]}
    for option in found.options:
        assert said[option.option]["no_benefit"]["answer"] == option.no_benefit.answer
        assert said[option.option]["cannot_rule_out"] == option.cannot_rule_out


def test_predict_in_words_labels_synthetic_data_and_what_is_not_modelled(run, given):
    code, out, _ = run("predict", *given)
    assert (
        code == 0
        and "patient: synthetic · model made from: synthetic patients" in out
        and "It is not the range of the single case" in out
        and "closer to the others than this profile is" in out
        and "Insufficient evidence to tell on" in out
        and "Osimertinib" in out
        and "Not modelled: side effects" in out
    )
    assert out.index("Osimertinib") < out.index("Sotorasib")


@pytest.mark.parametrize("method", ["shapley", "lime", "ablation", "exact"])
def test_explain_prints_the_explanation_of_the_function(run, given, make_bundle, patient, method):
    code, out, _ = run("explain", *given, "--option", "osimertinib", "--method", method, "--json")
    answer = json.loads(out)["explanation"]
    why = explain(make_bundle(), patient, method, option="osimertinib")
    assert code == 0
    assert answer["values"] == pytest.approx(why.values.tolist(), abs=1e-9)
    assert (answer["unit"], answer["background"], answer["method"]) == (why.unit, why.background, method)
    assert set(answer) >= {"base_value", "score", "limits", "feature_words", "fit_quality", "seed"}


def test_explain_in_words_says_what_it_compares_with(run, given):
    _, out, _ = run("explain", *given, "--method", "lime", "--top", "3")
    assert "LIME for Osimertinib, in log-odds, compared with 40 training patients" in out
    assert "other inputs together" in out and "Fit of the local model (R²)" in out


def test_explain_takes_a_named_background(run, given):
    _, out, _ = run("explain", *given, "--background", "unaltered", "--json")
    assert json.loads(out)["explanation"]["background"] == "the same patient with no alteration found"


def test_whatif_shows_before_and_after(run, given):
    code, out, _ = run("whatif", *given, "--set", "EGFR p.L858R=absent", "--json")
    answer = json.loads(out)
    assert code == 0 and len(answer["changes"]) == 1
    before, after = (
        {r["option"]: r["probability"] for r in answer[k]["ordered"]} for k in ("before", "after")
    )
    assert after["osimertinib"] < before["osimertinib"] - 0.3
    _, words, _ = run("whatif", *given, "--set", "EGFR p.L858R=absent", "--set", "albumin=3.1")
    assert "EGFR p.L858R" in words and "Albumin" in words and "not what would happen" in words


def test_whatif_without_a_change_lists_every_single_one(run, given):
    code, out, _ = run("whatif", *given, "--json")
    assert code == 0 and len(json.loads(out)["single_changes"]["changes"]) == 12
    _, words, _ = run("whatif", *given, "--top", "2")
    assert "… and 10 more" in words


def test_counterfactual_finds_the_smallest_change(run, given, make_bundle):
    code, out, _ = run("counterfactual", *given, "--target", "chemotherapy", "--json")
    answer = json.loads(out)
    (first, *_) = answer["counterfactuals"]
    assert code == 0 and answer["search"]["status"] == "proven" and len(first["changes"]) == 1
    k = make_bundle().option_index("chemotherapy")
    assert first["after"][k] == max(first["after"])
    _, words, _ = run("counterfactual", *given, "--target", "Osimertinib")
    assert "it is so already" in words
    _, words, _ = run("counterfactual", *given, "--target", "sotorasib", "--over", "0.9999")
    assert (
        "whatever the number of changes (proven)" in words
        and "How: an exact search (branch and bound" in words
    )
    _, words, _ = run("counterfactual", *given, "--target", "sotorasib", "--max-size", "1")
    assert "none within 1 change (proven)" in words


def test_a_search_keeps_the_conditions_that_the_terminal_names(run, given):
    asked = ("counterfactual", *given, "--target", "chemotherapy")

    def changes(*conditions):
        code, out, err = run(*asked, *conditions, "--json")
        assert code == 0, err
        answer = json.loads(out)
        return answer["search"]["conditions"], [
            [(c["feature"], c["after"]) for c in found["changes"]] for found in answer["counterfactuals"]
        ]

    said, free = changes()
    assert free and "alterations may become altered, not altered or not assayed" in said
    (name, _) = free[0][0]
    assert name not in {f for found in changes("--fixed", name)[1] for f, _ in found}
    assert {f for found in changes("--only", name)[1] for f, _ in found} <= {name}
    said, found = changes("--towards", "absent")
    assert {after for s in found for _, after in s} <= {
        0.0
    } and "alterations may only become not altered" in said
    said, found = changes("--only-altered", name, "--only-absent", "TP53")
    assert {f"may only become altered: {name}", "may only become not altered: TP53"} <= set(said)
    assert all(after == 1.0 for s in found for f, after in s if f == name)
    said, found = changes("--numbers", "albumin", "--only", "TP53", "--over", "0.3")
    assert (
        "numbers and levels that may move: Albumin" in said and "nothing may change but TP53, Albumin" in said
    )
    assert all(f in ("albumin", "TP53") for s in found for f, _ in s)
    assert "numbers and levels that may move: Albumin, Tumour, Sex" in changes("--numbers", "all")[0]
    said, _ = changes("--never-together", "TP53", "KRAS", "--seen-together", "20", "--drivers-may-meet")
    assert "no change makes more than one of these altered: TP53, KRAS" in said
    assert "the changed values were seen together in at least 20 training patients" in said
    assert "drivers that exclude each other in training may come together" in said
    said, found = changes("--mode", "assay", "--false-positive", "0.02", "--false-negative", "0.05")
    assert found and "calls may be wrong: of 100 alterations reported 2 are not there" in " ".join(said)
    assert ("EGFR p.L858R", 0.0) in {c for s in found for c in s}
    _, words, _ = run(*asked, "--seen-together", "100000")
    conditions, answer = words.splitlines()[2:4]
    assert conditions.startswith("Conditions of this search: at most 6 changes at once;")
    assert "impossible within these conditions, whatever the number of changes (proven)" in answer
    assert "it is so already, so nothing was searched for" in run(*asked, "--goal", "likely")[1]


def test_a_number_goes_only_the_way_that_the_terminal_names(run, given, patient, tmp_path):
    file = tmp_path / "measured.json"
    file.write_text(write_profile(dataclasses.replace(patient, labs={"albumin_g_dl": 3.7})), encoding="utf-8")
    for way, found in (
        ("", "any value over 3.85 reaches the goal too"),
        ("--only-rising Albumin", "any value over 3.85 reaches the goal too"),
        ("--only-falling albumin", "impossible within these conditions"),
    ):
        asked = ("--target", "osimertinib", "--over", "0.8", "--only", "albumin", "--numbers", "albumin")
        code, out, _ = run("counterfactual", given[0], file, *asked, *way.split())
        assert code == 0 and found in out
        said = {"rising": "may only rise: Albumin;", "falling": "may only fall: Albumin;"}
        assert [words in out for words in said.values()] == [f"--only-{name}" in way for name in said]
    _, out, _ = run("counterfactual", given[0], file, *asked, "--json")
    (found,) = json.loads(out)["counterfactuals"]
    assert found["changes"][0]["interval"] == [pytest.approx(3.85), None]


def test_report_writes_one_document(run, given, tmp_path):
    out_file = tmp_path / "case.html"
    code, out, _ = run("report", *given, "--out", out_file, "--set", "KRAS p.G12C=altered")
    assert code == 0 and "asks no other host" in out
    assert "Changed from the record" in out_file.read_text(encoding="utf-8")


def test_import_says_what_was_used(run, given, tmp_path):
    copy = tmp_path / "copy.json"
    code, out, _ = run("import", given[1], "--json", "--out", copy)
    answer = json.loads(out)
    assert code == 0 and answer["profiles"][0]["patient_id"] == "P1" and answer["report"]["adds_up"]
    assert run("predict", given[0], copy)[0] == 0


def test_trust_puts_the_hash_on_the_list(run, make_bundle, tmp_path, monkeypatch):
    list_ = tmp_path / "trusted.json"
    monkeypatch.setenv("GLASSBOARD_TRUST", str(list_))
    bundle = make_bundle("forest")
    code, out, _ = run("trust", bundle.path)
    assert code == 0 and bundle.sha256 in json.loads(list_.read_text())["trusted"] and "from now on" in out
    assert "Refused" not in out
    assert "was trusted already" in run("trust", bundle.path)[1]


def test_trust_does_not_help_a_changed_file(run, make_bundle, tmp_path, monkeypatch):
    import shutil

    list_ = tmp_path / "trusted.json"
    monkeypatch.setenv("GLASSBOARD_TRUST", str(list_))
    folder = tmp_path / "changed"
    shutil.copytree(make_bundle("forest").path, folder)
    victim = next(p for p in folder.iterdir() if p.suffix == ".npy")
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    code, _, err = run("trust", folder)
    assert code == 2 and "would not open even if it were trusted" in err and not list_.exists()


# Sample bundles and patients by name ---------------------------------------------------------------------------------


@pytest.fixture
def own(make_bundle, patient, tmp_path, monkeypatch):
    """One's own folders, named by the environment."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.json").write_text(write_profile(patient), encoding="utf-8")
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(folder))
    monkeypatch.setenv("GLASSBOARD_BUNDLES", str(make_bundle().path.parent))


def test_bundles_and_patients_are_found_by_name(run, own):
    assert run("predict", "boosting", "P1")[0] == 0
    assert run("predict", "boosting", "mine")[0] == 0
    assert sources.bundle_folder("boosting").name == "boosting"


def test_the_beginning_of_one_patients_id_is_enough(run, own, patient, monkeypatch, tmp_path):
    from oncology.intake import write_profiles

    two = [patient.replace(patient_id=i) for i in ("S-901-lung", "S-902-lung")]
    (tmp_path / "own" / "two.json").write_text(write_profiles(two), encoding="utf-8")
    code, out, _ = run("predict", "boosting", "S-901", "--json")
    assert code == 0 and json.loads(out)["patient"]["patient_id"] == "S-901-lung"
    code, _, err = run("predict", "boosting", "S-90")
    assert code == 2 and "begins several patients' ids: S-901-lung, S-902-lung" in err


def test_misspelled_names_name_their_neighbours(run, own):
    code, out, err = run("predict", "bosting", "P1")
    assert (code, out) == (2, "") and "Did you mean boosting" in err
    code, _, err = run("predict", "boosting", "P2")
    assert code == 2 and "Patient 'P2' is not known." in err


def test_a_file_with_several_patients_asks_for_one(run, given, patient, tmp_path):
    from oncology.intake import write_profiles

    both = tmp_path / "two.json"
    both.write_text(write_profiles([patient, patient.replace(patient_id="P2")]), encoding="utf-8")
    code, _, err = run("predict", given[0], both)
    assert code == 2 and "holds 2 patients: P1, P2. Name one with --patient-id" in err
    assert run("predict", given[0], both, "--patient-id", "P2")[0] == 0
    assert (
        "Patient 'P3' is not known. Known: P1, P2." in run("predict", given[0], both, "--patient-id", "P3")[2]
    )


# Options without an answer, cautions, small counts --------------------------------------------------------------------


@pytest.fixture
def silent(make_bundle, monkeypatch):
    """The bundle of every verb with too few lung cancers who had sotorasib, and too few who had all with one caution."""
    bundle = make_bundle()
    support = {**bundle.manifest.support, "sotorasib": {**bundle.manifest.support["sotorasib"], "LUAD": 3}}
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, support=support))
    monkeypatch.setattr(answers, "open_bundle", lambda _: bundle)
    return bundle


@pytest.mark.parametrize("by", ["gene", "kind"])
def test_explain_shares_the_answer_out_among_groups(run, given, make_bundle, patient, by):
    code, out, _ = run("explain", *given, "--option", "osimertinib", "--by", by, "--json")
    found = json.loads(out)["explanation"]
    why = explain_groups(make_bundle(), patient, by, option="osimertinib")
    assert code == 0 and found["feature_names"] == list(why.feature_names)
    assert found["values"] == pytest.approx(why.values.tolist())


def test_explain_says_that_the_model_gives_no_answer(run, given, silent):
    _, out, _ = run("explain", *given, "--option", "sotorasib", "--method", "ablation", "--json")
    assert "ewer than 5 training patients" in json.loads(out)["abstained"]
    _, out, _ = run("explain", *given, "--option", "osimertinib", "--method", "ablation", "--json")
    assert json.loads(out)["abstained"] is None
    _, out, _ = run("explain", *given, "--option", "sotorasib", "--method", "ablation")
    assert "On Sotorasib the model gives no answer: " in out


def test_no_verb_gives_a_number_for_an_option_without_an_answer(run, given, silent):
    k = silent.option_index("sotorasib")
    _, out, _ = run("whatif", *given, "--json")
    found = json.loads(out)["single_changes"]
    assert found["abstained"] == ["sotorasib"] and found["before"][k] is None
    assert all(c["after"][k] is None for c in found["changes"])
    _, out, _ = run("whatif", *given)
    assert out.count("Sotorasib") == 1 and "On Sotorasib the model gives no answer" in out
    _, out, _ = run("counterfactual", *given, "--target", "sotorasib", "--over", "0.5")
    assert "not searched, because the model gives no answer" in out
    _, out, _ = run("predict", *given, "--json")
    (entry,) = json.loads(out)["ranking"]["abstained"]
    assert entry["option"] == "sotorasib" and entry["support"] is None and "support" in entry["withheld"]


def test_cautions_stand_under_the_ranking(run, given, monkeypatch):
    def cautious(*args, **more):
        found = rank(*args, **more)
        first = dataclasses.replace(found.ordered[0], cautions=("No signal: one.",))
        return dataclasses.replace(found, ordered=(first, *found.ordered[1:]), cautions=("Outside: all.",))

    monkeypatch.setattr(answers, "rank", cautious)
    for verb in (("predict", *given), ("whatif", *given, "--set", "KRAS p.G12C=altered")):
        _, out, _ = run(*verb)
        assert "Caution: Osimertinib: No signal: one." in out and "Caution: Outside: all." in out


# Bad input -----------------------------------------------------------------------------------------------------------

BAD = {
    "no such verb": (["perdict", "b", "p"], "invalid choice"),
    "no such option": (["explain", "B", "P", "--option", "osimertinb"], "Did you mean osimertinib"),
    "no such method": (["explain", "B", "P", "--method", "shap"], "invalid choice"),
    "no such background": (["explain", "B", "P", "--background", "trainig"], "Did you mean training"),
    "no such feature": (["whatif", "B", "P", "--set", "EGRF=altered"], "Did you mean EGFR"),
    "no such state": (["whatif", "B", "P", "--set", "EGFR=maybe"], "altered, absent or not-assayed"),
    "an impossible number": (["whatif", "B", "P", "--set", "albumin=390"], "Albumin is 390"),
    "no number": (["whatif", "B", "P", "--set", "albumin=low"], "albumin is 'low'"),
    "no such folder": (["predict", "no/such/folder", "P"], "There is no bundle folder"),
    "no such file": (["predict", "B", "missing.json"], "There is no patient file"),
    "a folder that is no bundle": (["predict", "TMP", "P"], "manifest.json"),
    "two goals": (["counterfactual", "B", "P", "--target", "sotorasib", "--over", "1", "--under", "0"], "not allowed with"),
    "no change at once": (["counterfactual", "B", "P", "--target", "sotorasib", "--max-size", "0"], "is not 1 or more"),
    "no target": (["counterfactual", "B", "P"], "with --target. This model has: osimertinib, sotorasib, chemotherapy"),
    "few patients": (["counterfactual", "B", "P", "--target", "sotorasib", "--seen-together", "3"], "5 and more"),
    "no number to move": (["counterfactual", "B", "P", "--target", "sotorasib", "--numbers", "TP53"], "What can: albumin"),
    "one error rate": (["counterfactual", "B", "P", "--target", "sotorasib", "--mode", "assay", "--false-positive", "0.1"], "Give both rates"),
    "rates without assay": (["counterfactual", "B", "P", "--target", "sotorasib", "--false-positive", "0.1", "--false-negative", "0.1"], "no part"),
    "up and down": (["counterfactual", "B", "P", "--target", "sotorasib", "--only-altered", "TP53", "--only-absent", "TP53"], "name it once"),
    "a number that stays may only rise": (["counterfactual", "B", "P", "--target", "sotorasib", "--only-rising", "albumin"], "yet it stays as recorded: name it among"),
    "a number up and down": (["counterfactual", "B", "P", "--target", "sotorasib", "--numbers", "all", "--only-rising", "albumin", "--only-falling", "albumin"], "may only rise and only fall"),
    "no such fixed feature": (["counterfactual", "B", "P", "--target", "sotorasib", "--fixed", "EGRF"], "Did you mean EGFR"),
    "no probability": (["counterfactual", "B", "P", "--target", "sotorasib", "--over", "1.5"], "between 0 and 1"),
    "a seed below zero": (["explain", "B", "P", "--method", "lime", "--seed", "-3"], "is not between 0 and 4294967295"),
    "a seed too large": (["explain", "B", "P", "--method", "lime", "--seed", "99999999999"], "is not between 0 and"),
    "no study": (["train", "missing.toml", "--data", "TMP", "--out", "TMP"], "missing.toml"),
    "an unwritable report": (["report", "B", "P", "--out", "TMP"], "directory"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_on_standard_error_with_code_2(run, given, tmp_path, case):
    arguments, expected = BAD[case]
    swap = {"B": given[0], "P": given[1], "TMP": str(tmp_path)}
    code, out, err = run(*(swap.get(a, a) for a in arguments))
    assert code == 2 and out == "" and expected in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", b""),
        ("cut.json", b'{"glassboard_profile": 1, "patient_id": "P'),
        ("noise.json", bytes(range(256)) * 8),
        ("list.json", b"[1, 2, 3]"),
    ],
)
def test_broken_patient_files_are_told(run, given, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    code, out, err = run("predict", given[0], file)
    assert code == 2 and out == "" and err.startswith("predict: ") and "Traceback" not in err


def test_what_a_patient_file_lost_is_said_beside_the_answer(run, given, tmp_path):
    file = tmp_path / "age.json"
    file.write_text('{"glassboard_profile": 1, "patient_id": "P", "age_years": 200, "tumour": "LUAD"}')
    code, out, err = run("predict", given[0], file, "--json")
    assert code == 0 and json.loads(out)["patient"]["patient_id"] == "P"
    assert "age.json: dropped: age_years 200" in err
