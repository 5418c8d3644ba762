"""What if: proven smallest changes with their goal and constraints, calls that could be wrong, facts that are enough."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explainers.smallest import Goal, assay_robustness, smallest_changes
from oncology.bundles import load
from oncology.intake import read_patients
from oncology.prediction import predict
from oncology.recommendations import rank
from pages.parts import inquiry

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(autouse=True)
def sample_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOARD_BUNDLES", str(tmp_path / "bundles"))
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(tmp_path / "patients"))


@pytest.fixture(scope="module")
def bundle():
    return load(SAMPLE / "bundles" / "solid_tumours")


def profile(name: str):
    return read_patients(SAMPLE / "patients" / f"{name}.json").profiles[0]


def alone() -> None:
    from pages.parts import firmness_panel, session, smallest_change

    bundle, recorded = session.bundle(), session.patient()
    smallest_change.show(bundle, recorded)
    firmness_panel.show(bundle, recorded)


def opened(**query: str | list[str]) -> AppTest:
    """The questions on a page of their own: under the dashboard a test run forgets which button was pressed."""
    app = AppTest.from_function(alone, default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    end = time.monotonic() + 120
    while [b for b in app.button if b.label == "Stop"]:
        assert time.monotonic() < end, "no answer"
        time.sleep(0.2)
        app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    tables = " ".join(element.proto.body for element in app.get("html"))
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption), tables])


def test_the_page_says_what_the_search_says_for_each_kind_of_goal(bundle):
    patient = profile("S-03-kras-stk11")
    app = opened(patient="S-03-kras-stk11")
    app.selectbox(key="smallest-option").set_value("alectinib").run()
    for kind in ("first", "band", "likely"):
        app.selectbox(key="smallest-kind").set_value(kind)
        press(app, "smallest-search")
        answer = smallest_changes(bundle, patient, Goal("alectinib", kind), time_limit_s=20)
        assert answer.words() in said(app)
        for words in (c.words for c in answer.found[0].changes):
            assert words in said(app)


def test_the_question_begins_with_the_option_ranked_second_until_another_is_picked(bundle):
    second = {}
    for name in ("S-01-egfr-l858r", "S-03-kras-stk11"):
        app = opened(patient=name)
        ordered = rank(bundle, predict(bundle, profile(name)), profile(name)).ordered
        second[name] = app.selectbox(key="smallest-option").value
        assert second[name] == ordered[1].option
    assert len(set(second.values())) == 2
    app.selectbox(key="smallest-option").set_value("alectinib").run()
    assert app.selectbox(key="smallest-option").value == "alectinib"
    app.run()
    assert app.selectbox(key="smallest-option").value == "alectinib"


def test_a_probability_is_asked_for_where_the_goal_needs_one():
    app = opened(patient="S-03-kras-stk11")
    assert not [n for n in app.number_input if n.key == "smallest-value"]
    app.selectbox(key="smallest-kind").set_value("over").run()
    app.number_input(key="smallest-value").set_value(0.05)
    press(app, "smallest-search")
    assert re.search(r"probability over 0\.05: it is so already", said(app))


def test_a_fixed_alteration_is_left_alone_and_at_most_m_is_kept():
    app = opened(patient="S-01-egfr-l858r")
    app.selectbox(key="smallest-option").set_value("alectinib")
    press(app, "smallest-search")
    assert "ALK fusion: altered" in said(app)
    app.session_state["smallest-conditions"] = True
    app.run()
    app.multiselect(key="smallest-fixed").set_value(["ALK fusion"])
    app.number_input(key="smallest-most").set_value(1)
    press(app, "smallest-search")
    assert "ALK fusion: altered" not in said(app)
    assert re.search(r"Alectinib ranked first: (none within 1 change|impossible within these conditions).*\(proven\)", said(app))  # fmt: skip


def test_only_what_was_not_assayed_may_turn_out_in_the_other_mode():
    app = opened(patient="S-01-egfr-l858r")
    app.selectbox(key="smallest-option").set_value("alectinib")
    app.selectbox(key="smallest-mode").set_value("assay")
    press(app, "smallest-search")
    # Every gene of this patient was assayed, so nothing is left to turn out.
    assert "impossible within these conditions" in said(app)
    assert not [b for b in app.button if b.key == "smallest-change-make"]


def test_every_call_is_checked_and_told_in_plain_words(bundle):
    app = press(opened(patient="S-01-egfr-l858r"), "assay-robustness-ask")
    found = assay_robustness(bundle, profile("S-01-egfr-l858r"))
    assert found.calls_between == 1
    assert (
        "One wrong call is enough to bring another option before Osimertinib (the model was asked about it)."
        in said(app)
    )
    assert f"{len(found.errors)} of {found.n_checked} single calls would change the top band" in said(app)
    for error in found.errors:
        assert f">{error.change.label}</td>" in said(app)
    assert "reported, but not there (false positive)" in said(app)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_question_that_breaks_says_so(monkeypatch):
    def broken(*asked, **more):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("explainers.smallest.assay_robustness", broken)
    app = press(opened(patient="S-01-egfr-l858r"), "assay-robustness-ask")
    assert "It ended without a result." in " ".join(e.value for e in app.error)


def test_facts_that_are_enough_are_listed_for_a_risk_group():
    app = press(opened(bundle="ipssm", patient="S-41-mds-tp53-both-copies"), "sufficient-reason-ask")
    assert re.search(r"\d+ of the \d+ facts that the model reads alone keep .*", said(app))
    assert "Facts that alone keep the answer" in said(app)
    # A score ranks nothing, so no call can change a ranking.
    assert not [b for b in app.button if b.key == "assay-robustness-ask"]


def test_a_question_can_be_stopped_and_an_answer_is_for_its_patient_only(bundle):
    patient = profile("S-06-nothing-altered")

    def ask(model, asked, stop):
        while not stop():
            time.sleep(0.01)
        return "as far as it came"

    job = inquiry.Inquiry(bundle, patient, ask, "Waiting")
    job.start()
    assert job.running and job.answer is None
    job.stop()
    end = time.monotonic() + 20
    while job.running and time.monotonic() < end:
        time.sleep(0.01)
    assert job.answer == "as far as it came"
    assert job.is_for(bundle, patient) and not job.is_for(bundle, profile("S-01-egfr-l858r"))


def test_an_answer_does_not_follow_to_another_patient():
    app = press(opened(patient="S-01-egfr-l858r"), "assay-robustness-ask")
    assert "One wrong call is enough" in said(app)
    app.session_state["open-patient"] = "sample:S-06-nothing-altered"
    app.run()
    assert "One wrong call is enough" not in said(app)


def test_pairs_of_facts_stand_on_why_and_a_formula_says_why_not():
    app = AppTest.from_file(str(SAMPLE.parent / "dashboard.py"), default_timeout=120)
    app.query_params["patient"] = "S-03-kras-stk11"
    app.run()
    app.session_state["why-parts"] = "Facts that act together"
    app.switch_page("pages/why.py").run()
    assert not app.exception
    assert "together put the model's answer" in said(app)
    app = AppTest.from_file(str(SAMPLE.parent / "dashboard.py"), default_timeout=120)
    app.query_params["bundle"], app.query_params["patient"] = "loris", "S-36-loris-favourable"
    app.run()
    app.session_state["why-parts"] = "Facts that act together"
    app.switch_page("pages/why.py").run()
    assert not app.exception
    assert "The score is a published sum" in said(app)
