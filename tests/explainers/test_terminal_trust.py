"""The verbs truth, sanity and lessons: what the functions say, and refusals that name a way out."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from explainers import truth
from explainers.commands import trusting
from explainers.lessons import World, answer, read_lessons
from explainers.sanity import probe, sanity_checks
from oncology.bundles import load
from oncology.intake import read_patients

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"

CASE = """
glassboard_lesson = 1
title = "A case of one's own"
bundle = "{bundle}"
patient = "{patient}"
option = "osimertinib"
story = "A story."

[[questions]]
key = "without"
text = "What would the model say without EGFR p.L858R?"
answer = {{ measure = "model change", edits = ["EGFR p.L858R = absent"] }}
choices = [ {{ text = "less", below = 0 }}, {{ text = "as much or more", at_least = 0 }} ]
misconception = "None."
reveal = "It moves by {{answer}}."
"""


# truth ---------------------------------------------------------------------------------------------------------------


def test_truth_prints_what_was_measured_of_the_model(run):
    report = truth.read_truth_report(load(SAMPLE / "bundles" / "solid_tumours"))
    code, out, err = run("truth", "solid_tumours", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["model"], told["date"]) == (report.model, report.date)
    assert [r["method"] for r in told["recovery"]] == [r.method for r in report.recovery]
    assert told["recovery"][0]["effects_truth"] == pytest.approx(list(report.recovery[0].effects_truth))
    code, out, _ = run("truth", "solid_tumours")
    assert code == 0 and report.date in out.splitlines()[0]
    for sentence in truth.summary(report):
        assert sentence in out
    # Every method and every trap has its line.
    assert out.count("Leave one out") >= 2 and "The rare subtype" in out and report.machine in out


def test_truth_of_a_model_without_one_names_the_other_verb(run, make_bundle):
    code, out, err = run("truth", make_bundle().path)
    assert (code, out) == (2, "")
    assert err == (
        "truth: For Small no truth is known to hold its explanations against. The verb sanity asks what can be asked of "
        "any model.\n"
    )


def test_truth_of_another_model_of_that_name_is_refused(run, make_bundle, tmp_path):
    import shutil

    folder = tmp_path / "boosting"
    shutil.copytree(make_bundle().path, folder)
    shipped = SAMPLE / "bundles" / "solid_tumours.truth.json"
    truth.truth_path(folder).write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    code, out, err = run("truth", folder)
    assert (code, out) == (2, "") and err.startswith("truth: ") and "another version of it" in err


# sanity --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """The two questions with fewer patients, models and twins; what the verb passes on stays as it is."""
    monkeypatch.setattr(trusting, "sanity_checks", partial(sanity_checks, n_patients=6, n_models=2))
    monkeypatch.setattr(trusting, "probe", partial(probe, n_twins=3, most_real=200, n_made_up=300))


def test_sanity_prints_the_findings_of_the_functions(run, make_bundle, small):
    bundle = make_bundle()
    asked = ("sanity", bundle.path, "--option", "sotorasib", "--method", "ablation", "--seed", "7")
    checks = trusting.sanity_checks(bundle, "sotorasib", method="ablation", seed=7)
    found = trusting.probe(bundle, "sotorasib", seed=7)
    code, out, err = run(*asked, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["option"], told["bundle_sha256"]) == ("sotorasib", bundle.sha256)
    assert [c["kind"] for c in told["checks"]] == ["shuffled labels", "shuffled parameters"]
    for said, check in zip(told["checks"], checks, strict=True):
        assert said["likeness"] == pytest.approx(check.likeness) and said["refit"] == pytest.approx(
            check.refit
        )
        assert said["verdict"] == check.verdict
    assert told["loss"] == pytest.approx(found.loss) and told["verdict"] == found.verdict
    assert told["probe"]["seed"] == 7
    assert run(*asked)[1].splitlines() == [*(c.words() for c in checks), found.words()]


def test_sanity_asks_of_the_first_option_where_none_is_named(run, make_bundle, small):
    _, out, _ = run("sanity", make_bundle().path)
    assert out.startswith("Shapley values for Osimertinib: rank correlation ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["loris"], "published formula"),
        (["B", "--option", "osimertinb"], "Did you mean osimertinib"),
        (["B", "--method", "shap"], "invalid choice"),
        (["no/such/folder"], "There is no bundle folder"),
    ],
)
def test_sanity_refuses_in_words(run, make_bundle, arguments, expected):
    code, out, err = run("sanity", *(str(make_bundle().path) if a == "B" else a for a in arguments))
    assert (code, out) == (2, "") and expected in err and "Traceback" not in err


# lessons -------------------------------------------------------------------------------------------------------------


def test_lessons_that_ship_are_answered_one_by_one(run):
    code, out, err = run("lessons", "--json")
    told = json.loads(out)["lessons"]
    found, _ = read_lessons(SAMPLE / "lessons")
    assert (code, err) == (0, "")
    assert [(t["lesson"], t["question"]) for t in told] == [
        (x.key, q.key) for x in found for q in x.questions
    ]
    bundle = load(SAMPLE / "bundles" / "solid_tumours")

    def patient(name):
        return read_patients(SAMPLE / "patients" / f"{name}.json").profiles[0]

    first = found[0]
    q = first.questions[0]
    world = World(
        bundle, patient, q.patient or first.patient, q.option or first.option, first.truth, first.effects
    )
    right = answer(first, q, world)
    assert (told[0]["value"], told[0]["reveal"]) == (pytest.approx(right.value), right.words)
    assert told[0]["right"] == q.choices[right.right].text


def test_a_folder_of_ones_own_is_read(run, given, make_bundle, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    text = CASE.format(bundle=make_bundle().path, patient=given[1])
    (folder / "case.toml").write_text(text, encoding="utf-8")
    code, out, err = run("lessons", folder)
    assert (code, err) == (0, "")
    head, question, right, said = out.splitlines()
    assert head == "A case of one's own (case.toml)"
    assert question == "  without: What would the model say without EGFR p.L858R?"
    assert right == "    right: less" and said.startswith("    It moves by −")


def test_lessons_that_cannot_be_used_are_named(run, given, make_bundle, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    code, out, err = run("lessons", empty)
    assert (code, out, err) == (2, "", "lessons: empty holds no lesson: no file that ends in .toml.\n")
    text = CASE.format(bundle=make_bundle().path, patient=given[1])
    (empty / "bad.toml").write_text(text.replace("model change", "model changes"), encoding="utf-8")
    code, out, err = run("lessons", empty)
    assert (code, out) == (2, "") and "bad.toml" in err and "model changes" in err and "expected" in err
    # Beside one that is right, too: nothing is left out in silence.
    (empty / "good.toml").write_text(text, encoding="utf-8")
    assert run("lessons", empty) == (code, out, err)
    (empty / "good.toml").unlink()
    (empty / "bad.toml").write_text(text.replace("below = 0", "below = -0.5"), encoding="utf-8")
    assert "leave a gap" in run("lessons", empty)[2]
    # What reads well may still have no answer.
    (empty / "bad.toml").write_text(text.replace("EGFR p.L858R =", "EGRF ="), encoding="utf-8")
    code, out, err = run("lessons", empty)
    assert (code, out) == (2, "") and err.startswith("lessons: ") and "Did you mean EGFR" in err
    (empty / "bad.toml").write_text(text.replace(given[1], "P-of-nobody"), encoding="utf-8")
    code, out, err = run("lessons", empty)
    assert (code, out) == (2, "") and "P-of-nobody" in err
