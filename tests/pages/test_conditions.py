"""What if: the conditions of a search reach the engine, stand above the answer, and belong to one model and patient."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import explainers.counterfactuals
import explainers.smallest
from explainers.smallest import DIRECTIONS, ErrorRates
from oncology.bundles import load
from oncology.intake import read_patients
from pages.parts import inquiry
from tests.pages.test_proven_answers import alone, opened, press, said, sample_only  # noqa: F401

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the page asked the engine, search by search."""
    heard: list[dict[str, Any]] = []
    for module, name in (
        (explainers.counterfactuals, "smallest_changes"),
        (explainers.smallest, "assay_robustness"),
    ):
        real = getattr(module, name)

        def spy(*args, real=real, **more):
            heard.append(more)
            return real(*args, **more)

        monkeypatch.setattr(module, name, spy)
    return heard


def in_force(app: AppTest) -> str:
    """What the page says of conditions that were set."""
    return " ".join(c.value for c in app.caption if "in force" in c.value)


def unfolded(option: str = "alectinib", mode: str = "model", **query: str) -> AppTest:
    """The question about an option with its conditions on the screen."""
    app = opened(**(query or {"patient": "S-01-egfr-l858r"}))
    assert not app.multiselect and not in_force(app)  # closed at first: nothing of it is drawn
    if option:
        app.selectbox(key="smallest-option").set_value(option)
        app.selectbox(key="smallest-mode").set_value(mode)
    app.session_state["smallest-conditions"] = True
    app.run()
    assert not app.exception
    return app


def test_without_a_condition_the_answer_says_what_was_allowed(asked):
    app = opened(patient="S-01-egfr-l858r")
    app.selectbox(key="smallest-option").set_value("alectinib")
    press(app, "smallest-search")
    (one,) = asked
    assert one["max_size"] == 6 and one["mode"] == "model"
    assert one["constraints"] == explainers.smallest.Constraints()
    assert "Conditions of this search: at most 6 changes at once; alterations may become altered" in said(app)
    assert said(app).index("Conditions of this search") < said(app).index("Alectinib ranked first")


@pytest.mark.parametrize(
    ("fields", "constraint", "expected", "words"),
    [
        ({"towards": "absent"}, "become", ("absent",), "alterations may only become not altered"),
        ({"towards": "known"}, "become", ("altered", "absent"), "may become altered or not altered;"),
        ({"added": ["EGFR p.L858R"]}, "become_each", {"EGFR p.L858R": ("altered",)}, "may only become altered: EGFR p.L858R"),
        ({"removed": ["ALK fusion"]}, "become_each", {"ALK fusion": ("absent",)}, "may only become not altered: ALK fusion"),
        ({"fixed": ["ALK fusion"]}, "fixed", ("ALK fusion",), "kept as recorded: ALK fusion"),
        ({"never": ["ALK fusion", "TP53"]}, "never_together", (("ALK fusion", "TP53"),), "more than one of these altered: ALK fusion, TP53"),
        ({"numbers": ["TMB", "MSI"]}, "numbers", ("TMB", "MSI"), "numbers and levels that may move: Tumour mutational burden, "),
        ({"seen": 50}, "seen_together", 50, "seen together in at least 50 training patients"),
        ({"apart": False}, "exclusive_drivers", False, "drivers that exclude each other in training may come together"),
    ],
)  # fmt: skip
def test_each_condition_reaches_the_engine_and_is_said_above_the_answer(
    asked, fields, constraint, expected, words
):
    app = unfolded()
    for name, value in fields.items():
        kinds = (app.selectbox, app.multiselect, app.number_input, app.checkbox)
        (field,) = [w for kind in kinds for w in kind if w.key == f"smallest-{name}"]
        field.set_value(value)
    press(app, "smallest-search")
    (one,) = asked
    assert getattr(one["constraints"], constraint) == expected
    assert words in said(app)
    assert in_force(app) == "1 condition set; the answer names all that are in force."


def test_the_most_changes_reach_the_engine(asked):
    app = unfolded()
    app.number_input(key="smallest-most").set_value(1)
    press(app, "smallest-search")
    assert asked[0]["max_size"] == 1 and "at most 1 change at once" in said(app)
    assert "none within 1 change (proven)" in said(app)


def test_stated_error_rates_let_calls_be_wrong(asked):
    app = unfolded(mode="assay")
    assert not [m for m in app.multiselect if m.key == "smallest-numbers"]
    press(app, "smallest-search")
    assert "every call that was made counts as right" in said(app)
    assert "impossible within these conditions, whatever the number of changes (proven)" in said(app)
    app.number_input(key="smallest-positive").set_value(2.0)
    app.number_input(key="smallest-negative").set_value(5.0)
    press(app, "smallest-search")
    assert asked[-1]["constraints"].error_rates == ErrorRates(0.02, 0.05)
    assert (
        "of 100 alterations reported 2 are not there, of 100 reported absent 5 are there (as stated)"
        in said(app)
    )
    # One reported alteration and one reported absent: 0.02 * 0.05.
    assert "2 calls would have to be wrong, at the stated rates a chance of 0.001" in said(app)


def test_what_may_turn_out_is_asked_in_its_own_words(asked):
    app = unfolded()
    app.selectbox(key="smallest-towards").set_value("absent").run()
    app.selectbox(key="smallest-mode").set_value("assay").run()
    field = app.selectbox(key="smallest-turning-out")
    assert "turn out altered or not" in field.options and field.value == "any" and not in_force(app)
    field.set_value("altered")
    press(app, "smallest-search")
    assert asked[-1]["constraints"].become == ("altered",)
    assert "what was not assayed may turn out only altered" in said(app)
    app.selectbox(key="smallest-mode").set_value("model").run()
    press(app, "smallest-search")
    assert asked[-1]["constraints"].become == ("absent",)


def test_rates_that_were_stated_have_no_part_where_any_alteration_may_change(asked):
    app = unfolded(mode="assay")
    app.number_input(key="smallest-positive").set_value(2.0)
    app.number_input(key="smallest-negative").set_value(5.0).run()
    app.selectbox(key="smallest-mode").set_value("model")
    press(app, "smallest-search")
    assert asked[-1]["constraints"].error_rates is None and "calls may be wrong" not in said(app)
    assert not in_force(app)


def test_a_number_moves_by_its_interval_and_the_answer_says_which_values_do(asked):
    app = unfolded("pembrolizumab", patient="S-06-nothing-altered")
    app.selectbox(key="smallest-kind").set_value("over").run()
    everything = [
        f.name for f in load(SAMPLE / "bundles" / "solid_tumours").schema.features if f.is_alteration
    ]
    app.number_input(key="smallest-value").set_value(0.5)
    app.multiselect(key="smallest-fixed").set_value(everything)
    press(app, "smallest-search")
    assert "impossible within these conditions" in said(app)
    app.multiselect(key="smallest-numbers").set_value(["TMB", "PD-L1"])
    press(app, "smallest-search")
    assert "nothing smaller does it (proven)" in said(
        app
    ) and "any value over 46.5 reaches the goal too)" in said(app)


REFUSED = {
    "both directions": ("model", {"added": ["TP53"], "removed": ["TP53"]}, "TP53 may only be added and only be taken away"),
    "alone": ("model", {"never": ["TP53"]}, "TP53 alone cannot meet another"),
    "few patients": ("model", {"seen": 3}, "take 1 (seen at all), or 5 and more"),
    "one rate": ("assay", {"positive": 2.0}, "The false negative rate is not stated"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_conditions_that_contradict_are_refused_and_nothing_is_searched(asked, case):
    mode, fields, expected = REFUSED[case]
    app = unfolded(mode=mode)
    for name, value in fields.items():
        (field,) = [
            w for kind in (app.multiselect, app.number_input) for w in kind if w.key == f"smallest-{name}"
        ]
        field.set_value(value)
    press(app, "smallest-search")
    assert expected in app.warning[0].value and asked == []


def test_conditions_hold_when_they_are_folded_away_and_are_cleared_on_request(asked):
    app = unfolded()
    app.multiselect(key="smallest-fixed").set_value(["ALK fusion"])
    app.selectbox(key="smallest-towards").set_value("absent").run()
    app.session_state["smallest-conditions"] = False
    app.run()
    assert not app.multiselect and in_force(app).startswith("2 conditions set;")
    press(app, "smallest-search")
    assert asked[-1]["constraints"].fixed == ("ALK fusion",)
    assert asked[-1]["constraints"].become == DIRECTIONS["absent"]
    app.session_state["smallest-conditions"] = True
    app.run()
    assert app.multiselect(key="smallest-fixed").value == ["ALK fusion"]
    app.button(key="smallest-clear").click().run()
    assert not in_force(app)
    press(app, "smallest-search")
    assert asked[-1]["constraints"] == explainers.smallest.Constraints()


def test_conditions_outlast_a_search_that_takes_its_time(monkeypatch):
    real = explainers.counterfactuals.smallest_changes

    def slow(*args, **more):
        time.sleep(1.5)
        return real(*args, **more)

    monkeypatch.setattr(explainers.counterfactuals, "smallest_changes", slow)
    app = unfolded()
    app.multiselect(key="smallest-fixed").set_value(["ALK fusion"])
    app.button(key="smallest-search").click().run()
    assert [b for b in app.button if b.label == "Stop"] and not app.multiselect
    while [b for b in app.button if b.label == "Stop"]:
        time.sleep(0.3)
        app.run()
    assert "kept as recorded: ALK fusion" in said(app) and in_force(app).startswith("1 condition set")
    assert app.multiselect(key="smallest-fixed").value == ["ALK fusion"]


def test_another_model_does_not_inherit_conditions(asked):
    app = unfolded()
    app.multiselect(key="smallest-fixed").set_value(["ALK fusion"])
    app.number_input(key="smallest-seen").set_value(20).run()
    app.session_state["open-bundle"], app.session_state["open-patient"] = "ipssm", "sample:S-40-mds-sf3b1"
    app.run()
    assert not app.exception and not in_force(app)
    # A published score has no training patients, so nobody can have been seen.
    assert not [n for n in app.number_input if n.key == "smallest-seen"]
    assert not [c for c in app.checkbox if c.key == "smallest-apart"]
    app.multiselect(key="smallest-numbers").set_value(["Platelets"])
    app.selectbox(key="smallest-group").set_value("High")
    app.selectbox(key="smallest-side").set_value("higher")
    press(app, "smallest-search")
    assert "numbers and levels that may move: Platelet" in said(app) and "ALK fusion" not in said(app)
    # Numbers of a published score are tried at some values only, so nobody knows whether there are other sets.
    assert "there may be others" in said(app) and "all there are" not in said(app)


def test_a_model_without_alterations_is_asked_about_its_numbers(asked):
    app = unfolded(option="", bundle="loris", patient="S-36-loris-favourable")
    assert not [s for s in app.selectbox if s.key == "smallest-mode"]
    app.selectbox(key="smallest-kind").set_value("under").run()
    app.number_input(key="smallest-value").set_value(0.5)
    press(app, "smallest-search")
    assert "numbers and levels that may move" in said(app) or "numbers and levels may move" in said(app)
    assert "alterations" not in said(app) and "exclude each other" not in said(app)
    assert asked and asked[0]["mode"] == "model"
    assert " instead of " in said(app)


def test_a_model_of_cells_speaks_of_samples(asked, monkeypatch):
    from oncology.bundles import Manifest
    from oncology.wording import wording

    monkeypatch.setattr(Manifest, "words", wording("laboratory"))
    app = unfolded()
    field = app.number_input(key="smallest-seen")
    assert (
        field.label == "Seen together in training samples, at least" and "training samples had" in field.help
    )
    field.set_value(50)
    press(app, "smallest-search")
    assert "seen together in at least 50 training samples" in said(app)
    assert "training samples in this state" in said(app)


def test_the_check_of_every_call_takes_error_rates_too(asked):
    app = opened(patient="S-01-egfr-l858r")
    press(app, "assay-robustness-ask")
    assert asked[-1]["error_rates"] is None and "How often the assay errs was not stated" in said(app)
    app.session_state["assay-robustness-rates"] = True
    app.run()
    app.number_input(key="assay-robustness-positive").set_value(2.0)
    press(app, "assay-robustness-ask")
    assert "The false negative rate is not stated" in app.warning[0].value and len(asked) == 1
    app.number_input(key="assay-robustness-negative").set_value(5.0)
    app.session_state["assay-robustness-rates"] = False
    app.run()
    assert any("Error rates are filled in" in c.value for c in app.caption)
    press(app, "assay-robustness-ask")
    assert asked[-1]["error_rates"] == ErrorRates(0.02, 0.05)
    assert "Error rates: of 100 alterations reported 2 are not there" in said(app)
    assert "chance, as stated" in said(app) and "2 of 100" in said(app)


# --- one model, one patient --------------------------------------------------------------------------------


def waiting() -> None:
    """A page whose question never ends by itself."""
    import time

    import streamlit as st

    from pages.parts import inquiry, session

    def put(bundle):
        def ask(model, profile, stop):
            while not stop():
                time.sleep(0.01)
            return f"answer about {profile.patient_id}"

        return (ask, f"Waiting for {bundle.name}") if st.button("Ask", key="ask") else None

    inquiry.show(
        inquiry.Question("long", put, lambda job, now: st.text(job.answer)),
        session.bundle(),
        session.patient(),
    )


def words(app: AppTest) -> str:
    return " ".join([*(m.value for m in app.markdown), *(t.value for t in app.text)])


def ended(job: inquiry.Inquiry) -> bool:
    end = time.monotonic() + 20
    while job.running and time.monotonic() < end:
        time.sleep(0.01)
    return not job.running


@pytest.mark.parametrize(
    ("bundle", "patient"),
    [("solid_tumours", "S-06-nothing-altered"), ("ipssm", "S-01-egfr-l858r")],
)
def test_a_question_that_still_runs_is_stopped_for_the_next_patient_or_model(bundle, patient):
    app = AppTest.from_function(waiting, default_timeout=60)
    app.query_params["bundle"], app.query_params["patient"] = "solid_tumours", "S-01-egfr-l858r"
    app.run()
    app.button(key="ask").click().run()
    job = app.session_state["long-job"]
    assert job.running and "Waiting for solid_tumours" in words(app)
    app.session_state["open-bundle"], app.session_state["open-patient"] = bundle, f"sample:{patient}"
    app.run()
    assert not app.exception
    assert ended(job), "it still runs"
    assert "Waiting" not in words(app) and not [b for b in app.button if b.label == "Stop"]
    assert [b.label for b in app.button] == ["Ask"]
    # Back with the first one: what was broken off does not come back as an answer.
    app.session_state["open-bundle"], app.session_state["open-patient"] = (
        "solid_tumours",
        "sample:S-01-egfr-l858r",
    )
    app.run()
    assert "answer about" not in words(app) and "Waiting" not in words(app)


def test_a_question_runs_on_while_its_own_patient_is_edited():
    app = AppTest.from_function(waiting, default_timeout=60)
    app.query_params["bundle"], app.query_params["patient"] = "solid_tumours", "S-01-egfr-l858r"
    app.run()
    app.button(key="ask").click().run()
    job = app.session_state["long-job"]
    app.session_state["open-edits"][("solid_tumours", "sample:S-01-egfr-l858r")] = {"EGFR p.L858R": 0.0}
    app.run()
    assert job.running and "Waiting for solid_tumours" in words(app)
    next(b for b in app.button if b.label == "Stop").click().run()
    assert ended(job)
    app.run()
    assert "answer about S-01-egfr-l858r" in words(app)
    assert any("Asked of another profile" in c.value for c in app.caption)


def test_a_finished_answer_waits_for_its_own_patient_under_the_same_id():
    bundle = load(SAMPLE / "bundles" / "solid_tumours")
    (patient,) = read_patients(SAMPLE / "patients" / "S-01-egfr-l858r.json").profiles[:1]
    (other,) = read_patients(SAMPLE / "patients" / "S-06-nothing-altered.json").profiles[:1]
    import dataclasses

    same_id = dataclasses.replace(other, patient_id=patient.patient_id)
    job = inquiry.Inquiry(bundle, patient, lambda *_: "answer", "Waiting", patient)
    assert job.belongs_to(bundle, patient) and not job.belongs_to(bundle, same_id)
    edited = inquiry.Inquiry(bundle, same_id, lambda *_: "answer", "Waiting", patient)
    assert edited.belongs_to(bundle, patient) and edited.is_for(bundle, same_id)
