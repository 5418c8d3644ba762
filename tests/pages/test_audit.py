"""The Audit page: one question answered first, the depth behind it, and a cohort brought from outside."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explainers.audit.external import of_profiles, read_cohort
from oncology.patients import Outcome, PatientProfile
from pages.parts import audit_cohort, audit_depth, session
from tests.pages.test_rooms import LORIS, SOLID, opened, words

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))


def audited(bundle: str = SOLID, cohort=None) -> AppTest:
    """The page with its audit done."""
    app = opened("audit", bundle)
    if cohort is not None:
        app.session_state[audit_cohort._COHORTS] = {cohort.name: cohort}
        app.session_state[audit_cohort._CHOICE] = cohort.name
        app.run()
    for _ in range(600):
        if "What it rests on" in words(app) or app.info:
            assert not app.exception
            return app
        time.sleep(0.25)
        app.run()
    raise AssertionError("the audit never ended")


def checkpoint(n: int = 60) -> tuple[PatientProfile, ...]:
    """Patients whose score is 0.6 on average, of whom few respond."""
    return tuple(
        PatientProfile(
            f"P{i}", age_years=60.0, tumour="RCC", tmb_per_mb=float(i % 30), labs={"albumin_g_dl": 4.2, "nlr": 2.0},
            findings={"prior_systemic_therapy": "no"}, outcome=Outcome("immunotherapy", i % 30 > 23), synthetic=True,
        )
        for i in range(n)
    )  # fmt: skip


def test_the_first_screen_answers_the_question_before_anything_else():
    seen = words(audited())
    assert "May this model's numbers be believed, and for whom?" in seen
    assert "On average, as far as these patients can tell, yes" in seen
    assert "not externally validated" in seen
    assert seen.index("On average") < seen.index("Option by option")
    assert "Synthetic data" in seen


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Is its number a probability?", ("calibration slope", "calibration in the large", "Chance alone")),
        ("Does it tell patients apart?", ("somebody who guesses",)),
        ("What does a line through its numbers give?", ("sensitivity", "negative predictive value", "what a line at 0.15 gives")),
        ("Is it worth more than simpler rules?", ("one more patient treated in vain costs", "By label: EGFR", "worth more than")),
        ("Where was it most wrong?", ("A click on a line opens the patient on Why",)),
        ("Would another model do?", ("no detectable loss is no proof", "Both models answer")),
    ],
)  # fmt: skip
def test_every_question_has_its_answer(question, expected):
    app = audited()
    app.selectbox(key="audit-question").set_value(question).run()
    assert not app.exception
    if question == "Would another model do?":
        assert expected[1] in words(app)
        return
    for phrase in expected:
        assert phrase.casefold() in words(app).casefold(), phrase


def test_every_question_is_asked_somewhere_in_these_tests_or_is_that_of_the_groups():
    assert next(iter(audit_depth.QUESTIONS)) == "Is its number a probability?"
    assert "For whom does it work?" in audit_depth.QUESTIONS


def test_the_first_screen_names_the_groups_it_fails_without_being_asked():
    app = audited()
    for _ in range(240):
        if "Not for everybody alike" in words(app):
            break
        time.sleep(0.25)
        app.run()
    seen = words(app)
    assert "Not for everybody alike" in seen
    assert seen.index("Not for everybody alike") < seen.index("Option by option")


def test_another_threshold_gives_other_shares():
    app = audited()
    app.selectbox(key="audit-question").set_value("What does a line through its numbers give?").run()
    before = words(app)
    (line,) = app.number_input
    line.set_value(0.5).run()
    assert not app.exception
    assert "what a line at 0.5 gives" in words(app) and words(app) != before


def test_another_model_is_compared_with_paired_intervals():
    app = audited()
    app.selectbox(key="audit-question").set_value("Would another model do?").run()
    app.button(key="audit-compare").click().run()
    for _ in range(240):
        if "no detectable loss in ranking" in words(app):
            break
        time.sleep(0.25)
        app.run()
    assert "no detectable loss in ranking with a logistic regression" in words(app)
    assert "is no proof of equality" in words(app)


def test_a_formula_without_patients_says_so_and_offers_to_load_a_cohort():
    app = audited(LORIS)
    assert "brings no patients to hold its numbers against" in " ".join(i.value for i in app.info)
    assert app.get("file_uploader")
    assert "What it rests on" not in words(app)


def test_a_score_that_says_too_much_is_told_so_unprompted_and_recalibration_is_only_shown():
    app = audited(LORIS, of_profiles(checkpoint(), "here"))
    seen = words(app)
    assert "its number is not a probability: it says" in seen
    assert "never to be read as a probability" in seen
    assert "A published formula does not carry the patients it was made from" in seen


@pytest.mark.skipif(not (REAL / "loris").is_dir(), reason="the patients of ../shared/real are not here")
def test_loris_on_its_own_cohort_is_told_47_and_29():
    seen = words(audited(LORIS, read_cohort(REAL / "loris")))
    assert "ranks well, but its number is not a probability: it says 47, 29 respond" in seen
    assert "Research use only" in seen


def test_a_cohort_of_other_options_is_refused_in_words_and_the_page_stays():
    other = tuple(p.replace(outcome=Outcome("aspirin", True)) for p in checkpoint(10))
    app = audited(SOLID, of_profiles(other, "aspirin cohort"))
    assert "the model answers for osimertinib" in " ".join(i.value for i in app.info)


def test_a_second_cohort_is_the_one_named_as_soon_as_it_is_read():
    first, second = of_profiles(checkpoint(), "first"), of_profiles(checkpoint(40), "second")
    app = audited(LORIS, first)
    app.session_state[audit_cohort._COHORTS] = {c.name: c for c in (first, second)}
    app.run()
    assert app.selectbox(key="audit-cohort").value == "first"
    app.session_state[audit_cohort._CHOICE] = "second"
    app.run()
    assert app.selectbox(key="audit-cohort").value == "second"
    app.selectbox(key="audit-cohort").set_value("first").run()
    assert app.session_state[audit_cohort._CHOICE] == "first"


def test_a_model_without_patients_of_its_own_names_the_cohort_in_the_head_at_once():
    app = audited(SOLID)
    app.session_state[audit_cohort._COHORTS] = {"here": of_profiles(checkpoint(), "here")}
    app.session_state[session.BUNDLE] = LORIS
    app.run()
    assert "Partly synthetic" in words(app) and "cohort here" in words(app)


def test_one_outcome_alone_is_said_and_nothing_breaks():
    never = tuple(p.replace(outcome=Outcome("immunotherapy", False)) for p in checkpoint(30))
    app = audited(LORIS, of_profiles(never, "nobody"))
    assert "nobody of 30 responded" in words(app)
    for question in audit_depth.QUESTIONS:
        app.selectbox(key="audit-question").set_value(question).run()
        assert not app.exception, question


def test_a_patient_of_an_outside_cohort_never_enters_the_address():
    app = audited(LORIS, of_profiles(checkpoint(), "here"))
    assert "P1" not in str(app.query_params)


def test_work_that_is_stopped_says_so_and_can_be_started_again():
    def page():
        import time

        import streamlit as st

        from explainers.audit.errors import StoppedError
        from pages.parts import long_work

        def make(say, stop):
            for i in range(100):
                say(i / 100, f"step {i}")
                time.sleep(0.02)
                if stop():
                    raise StoppedError
            return "made"

        st.write(long_work.result("there", st.session_state.get("k", "a"), make, "Counting") or "waiting")

    app = AppTest.from_function(page, default_timeout=30).run()
    assert "waiting" in app.markdown[0].value
    app.session_state["long-work-there"].stop()
    for _ in range(20):
        time.sleep(0.1)
        app.run()
        if app.caption:
            break
    assert "Counting: stopped, nothing was kept." in app.caption[0].value
    app.button[0].click().run()
    for _ in range(60):
        time.sleep(0.1)
        app.run()
        if "made" in app.markdown[0].value:
            break
    assert app.markdown[0].value == "made"
