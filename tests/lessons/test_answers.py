"""Answers are computed, and are what the model and the truth say when asked another way."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explainers.lessons import LessonAnswerError, Measure, World, answer, read_lessons
from explainers.lessons.answering import number_words
from explainers.lessons.measures import compute
from oncology.bundles import load
from oncology.edits import apply, parse_edit
from oncology.errors import OncologyError
from oncology.intake import read_patients
from oncology.prediction import predict

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def sample_patient(name: str):
    return read_patients(SAMPLE / "patients" / f"{name}.json").profiles[0]


@pytest.fixture(scope="module")
def bundle():
    return load(SAMPLE / "bundles" / "solid_tumours")


@pytest.fixture(scope="module")
def lessons():
    return {lesson.key: lesson for lesson in read_lessons(SAMPLE / "lessons")[0]}


@pytest.fixture(scope="module")
def truth():
    return pd.read_parquet(SAMPLE / "truth.parquet")


@pytest.fixture
def world(bundle):
    return World(
        bundle,
        sample_patient,
        "S-10-site-4",
        "pembrolizumab",
        SAMPLE / "truth.parquet",
        SAMPLE / "true_effects.csv",
    )


def answered(lessons, bundle, lesson: str, question: str):
    lesson = lessons[lesson]
    question = next(q for q in lesson.questions if q.key == question)
    patient, option = question.patient or lesson.patient, question.option or lesson.option
    world = World(bundle, sample_patient, patient, option, lesson.truth, lesson.effects)
    return question, answer(lesson, question, world)


def test_every_shipped_question_has_one_right_choice_and_no_number_typed_into_its_reveal(lessons, bundle):
    right = {}
    for lesson in lessons.values():
        for question in lesson.questions:
            _, found = answered(lessons, bundle, lesson.key, question.key)
            right[lesson.key, question.key] = question.choices[found.right].text
            assert "{" not in found.words
            assert len(found.facts) >= 2
            # Numbers of a reveal come from its facts; those in the text itself are part of names.
            typed = {"Site 2", "Site 4", "of 100", "PD-L1"}
            bare = re.sub(r"\{[^{}]*\}", "", question.words)
            for name in typed:
                bare = bare.replace(name, "")
            bare = re.sub(r"\b[A-Z]+\d+\b", "", bare)  # names of genes
            assert not any(c.isdigit() for c in bare), question.key
    assert right["1-busy-centre", "moved"] == "It stays the same, within 2 points"
    assert right["1-busy-centre", "which"] == "KEAP1 altered"
    assert right["2-missing-test", "kras-found"] == "It falls by more than 15 points"
    assert right["2-missing-test", "fusion"] == "Alectinib"
    assert right["3-small-group", "rare"] == "Fewer than 20"
    assert right["3-small-group", "smallest-group"].startswith("Higher than the model says")
    assert right["4-crowded-report", "which"] == "KRAS"
    assert right["4-crowded-report", "how-near"].startswith("As the model says")


def test_the_right_answers_do_not_stand_in_one_place(lessons, bundle):
    places = [
        answered(lessons, bundle, le.key, q.key)[1].right for le in lessons.values() for q in le.questions
    ]
    assert len(set(places)) >= 3


def test_the_models_change_is_that_of_asking_it_twice(lessons, bundle):
    profile = sample_patient("S-21-colorectal-kras-unknown")
    altered = apply(bundle.schema, profile, [parse_edit(bundle.schema, "KRAS=altered")])
    j = bundle.option_index("cetuximab_chemotherapy")
    by_hand = 100 * (predict(bundle, altered).probability[0, j] - predict(bundle, profile).probability[0, j])
    assert answered(lessons, bundle, "2-missing-test", "kras-found")[1].value == pytest.approx(by_hand)


def test_a_true_share_is_the_mean_of_the_truth_table_over_the_group(lessons, bundle, truth):
    data = bundle.training
    assert data is not None
    chosen = (
        data.y["pembrolizumab"].notna()
        & (data.groups["rare_subtype"] == "rare lung subtype")
        & (data.X["PD-L1"] >= 50)
    )
    by_hand = 100 * truth.loc[data.X.index[chosen], "p:pembrolizumab"].mean()
    found = answered(lessons, bundle, "3-small-group", "rare")[1]
    assert found.value == pytest.approx(by_hand)
    model = bundle.calibration["pembrolizumab"].probability(data.margins["pembrolizumab"][chosen].to_numpy())
    shown = {f.label: f for f in found.facts}
    assert shown["The model's mean answer for these patients, of 100"].share == pytest.approx(
        100 * model.mean()
    )
    assert shown["Training patients of this group who had the option"].words == str(chosen.sum())


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (["tumour = LUAD"], lambda d: d.groups["tumour"] == "LUAD"),
        (["tumour != LUAD", "ECOG >= 2"], lambda d: (d.groups["tumour"] != "LUAD") & (d.X["ECOG"] >= 2)),
        (["KRAS = altered"], lambda d: d.X["KRAS"] == 1),
        (["KRAS = absent"], lambda d: d.X["KRAS"] == 0),
        (["Albumin < 3"], lambda d: d.X["Albumin"] < 3),
        (["line = 2"], lambda d: d.X["line"] == 2),
        (["germline = yes"], None),
    ],
)
def test_a_group_is_what_its_conditions_say(world, bundle, truth, where, count):
    expected = truth["germline"] if count is None else count(bundle.training)
    found = compute(Measure("patients", {"where": where, "among": "everyone"}), world)
    assert found == expected.sum()


def test_an_unassayed_gene_is_in_neither_group(world, bundle):
    both = [
        compute(Measure("patients", {"where": [f"KRAS {w}"], "among": "everyone"}), world)
        for w in ("= altered", "!= altered")
    ]
    assert sum(both) == bundle.training.X["KRAS"].notna().sum() < len(bundle.training)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure("true share", {"where": ["tumour = LUAD", "tumour = SKCM"]}), "Fewer than 5 patients fulfil"),
        (Measure("true share", {"where": ["tumour is LUAD"]}), "is no condition"),
        (Measure("true share", {"where": ["tumour >= LUAD"]}), "compares words"),
        (Measure("true share", {"where": ["colour = red"]}), "colour"),
        (Measure("model answer", {"patient": "nobody"}), "nobody"),
        (Measure("model answer", {"option": "aspirin"}), "aspirin"),
        (Measure("model change", {"edits": ["KRAS = perhaps"]}), "perhaps"),
        (Measure("true effect", {"input": "height"}), "height"),
        (Measure("place", {"input": "height"}), "height"),
        (Measure("observed share", {"where": ["rare_subtype = rare lung subtype", "PD-L1 >= 50"]}), "is not shown"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_computed_is_refused_in_words(world, measure, expected):
    with pytest.raises((OncologyError, FileNotFoundError)) as refused:
        compute(measure, world)
    assert expected in str(refused.value)


def test_a_truth_of_another_cohort_is_refused(bundle, tmp_path):
    other = tmp_path / "truth.csv"
    other.write_text("patient_id,p:pembrolizumab\nSYN-000001,0.5\n", encoding="utf-8")
    lost = World(bundle, sample_patient, "S-10-site-4", "pembrolizumab", other)
    with pytest.raises(LessonAnswerError, match="it belongs to another cohort"):
        compute(Measure("true share", {}), lost)


def test_numbers_are_written_as_people_write_them(world):
    assert number_words("model change", -15.3, world) == "\N{MINUS SIGN}15"
    assert number_words("true effect", 4.6, world) == "+5"
    assert number_words("true effect", 0.2, world) == "0"
    assert number_words("patients", 1234, world) == "1,234"
    assert number_words("auc", 0.7654, world) == "0.77"


def test_two_equally_large_choices_are_refused(lessons, world):
    lesson = lessons["1-busy-centre"]
    question = next(q for q in lesson.questions if q.kind == "largest")
    twice = dataclasses.replace(question, choices=(question.choices[0], question.choices[3]))
    with pytest.raises(LessonAnswerError, match="equally large"):
        answer(lesson, twice, world)


def test_the_place_of_an_input_is_its_rank_by_size(world, bundle):
    from explainers.local import explain

    why = explain(bundle, sample_patient("S-10-site-4"), "shapley", option="pembrolizumab")
    largest = why.feature_names[int(np.argmax(np.abs(why.values)))]
    assert compute(Measure("place", {"input": largest}), world) == 1
