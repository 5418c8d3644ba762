"""What if: which way a number may go, neighbouring intervals as one set, and conditions that stay as they were left."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import explainers.counterfactuals
import explainers.smallest
from oncology.bundles import load
from oncology.edits import Edit, apply
from oncology.intake import read_patients
from oncology.prediction import predict
from tests.pages.test_conditions import asked, in_force, unfolded  # noqa: F401
from tests.pages.test_proven_answers import press, said, sample_only  # noqa: F401

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
NOBODY = {"patient": "S-06-nothing-altered"}


@pytest.fixture(scope="module")
def bundle():
    return load(SAMPLE / "bundles" / "solid_tumours")


@pytest.fixture(scope="module")
def patient():
    return read_patients(SAMPLE / "patients" / "S-06-nothing-altered.json").profiles[0]


def moving(numbers: list[str], over: float = 0.3) -> AppTest:
    """The question what puts pembrolizumab over a probability, with some numbers that may move."""
    app = unfolded("pembrolizumab", **NOBODY)
    app.selectbox(key="smallest-kind").set_value("over").run()
    app.number_input(key="smallest-value").set_value(over)
    app.multiselect(key="smallest-numbers").set_value(numbers)
    return app


def test_which_way_a_number_may_go_reaches_the_engine_and_is_said_above_the_answer(asked):  # noqa: F811
    app = moving(["TMB", "PD-L1", "NLR"])
    app.multiselect(key="smallest-rising").set_value(["TMB", "PD-L1"])
    app.multiselect(key="smallest-falling").set_value(["NLR"])
    press(app, "smallest-search")
    rules = asked[-1]["constraints"]
    assert dict(rules.move_each) == {"TMB": "rise", "PD-L1": "rise", "NLR": "fall"}
    assert "may only rise: Tumour mutational burden, PD-L1 (tumour cells)" in said(app)
    assert "may only fall: Neutrophil to lymphocyte ratio" in said(app)
    assert in_force(app).startswith("3 conditions set;")
    assert "Neutrophil to lymphocyte ratio: 1.5 instead of 3.2" in said(app)
    app.multiselect(key="smallest-rising").set_value(["NLR"])
    app.multiselect(key="smallest-falling").set_value([])
    press(app, "smallest-search")
    assert "Tumour mutational burden: 10" in said(app)
    assert "Neutrophil to lymphocyte ratio: 1.5" not in said(app)  # it would have to fall


def test_only_numbers_can_rise_and_fall_and_only_where_numbers_may_move(asked):  # noqa: F811
    app = unfolded("alectinib", **NOBODY)
    for name in ("rising", "falling"):
        options = app.multiselect(key=f"smallest-{name}").options
        assert "Albumin" in options and "Microsatellite instability" not in options and "TP53" not in options
    app.multiselect(key="smallest-numbers").set_value(["TMB"])
    app.multiselect(key="smallest-rising").set_value(["TMB"]).run()
    app.selectbox(key="smallest-mode").set_value("assay").run()
    assert not [m for m in app.multiselect if m.key in ("smallest-rising", "smallest-falling")]
    assert not in_force(app)
    press(app, "smallest-search")
    assert asked[-1]["constraints"].move_each == {}
    app.selectbox(key="smallest-mode").set_value("model").run()
    assert app.multiselect(key="smallest-rising").value == ["TMB"]


REFUSED = {
    "it stays": ([], {"rising": ["TMB"]}, "TMB may only rise, yet it stays as recorded"),
    "both ways": (["TMB"], {"rising": ["TMB"], "falling": ["TMB"]}, "TMB may only rise and only fall"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_directions_that_contradict_are_refused_and_nothing_is_searched(asked, case):  # noqa: F811
    numbers, fields, expected = REFUSED[case]
    app = moving(numbers)
    for name, value in fields.items():
        app.multiselect(key=f"smallest-{name}").set_value(value)
    press(app, "smallest-search")
    assert expected in app.warning[0].value and asked == []


def test_directions_are_cleared_with_the_other_conditions_and_by_another_model(asked):  # noqa: F811
    app = moving(["TMB"])
    app.multiselect(key="smallest-rising").set_value(["TMB"]).run()
    assert in_force(app).startswith("2 conditions set;")
    app.button(key="smallest-clear").click().run()
    assert not in_force(app) and app.multiselect(key="smallest-rising").value == []
    app.multiselect(key="smallest-rising").set_value(["TMB"]).run()
    app.session_state["open-bundle"], app.session_state["open-patient"] = (
        "loris",
        "sample:S-36-loris-favourable",
    )
    app.run()
    assert not app.exception and app.multiselect(key="smallest-rising").value == []


def test_intervals_that_touch_stand_as_one_set_whose_first_change_reaches_the_goal(bundle, patient):
    kept = [f.name for f in bundle.schema.features if f.is_alteration]
    app = moving(["TMB", "PD-L1", "NLR"])
    app.multiselect(key="smallest-fixed").set_value(kept)
    press(app, "smallest-search")
    assert "The smallest changes: 3 sets (all there are)" in said(app)
    answer = app.session_state["smallest-job"].answer[1]
    features = [[c.feature for c in found.changes] for found in answer.found]
    assert sorted(features) == [["NLR"], ["PD-L1"], ["TMB"]]
    # Each once over, with its whole interval, every value of which the model itself puts over the goal.
    k = bundle.option_index("pembrolizumab")
    for found in answer.found:
        (change,) = found.changes
        assert re.search(r"any value (over|up to) [\d.]+ reaches the goal too", change.words)
        spec = bundle.schema.feature(change.feature)
        low, high = (spec.low, spec.high)
        if change.interval[0] is not None:
            low = change.interval[0]
        if change.interval[1] is not None:
            high = change.interval[1]
        values = [change.after, *(low + (high - low) * n / 40 for n in range(1, 41))]
        edited = [apply(bundle.schema, patient, [Edit(change.feature, v)]) for v in values]
        assert all(predict(bundle, p).probability[0, k] > 0.3 for p in edited)
    assert "training patients are counted over all." in said(app)
    app.button(key="smallest-change-make").click().run()
    press(app, "smallest-search")
    assert "probability over 0.3: it is so already" in said(app)


# What was open stays open --------------------------------------------------------------------------------------------


@pytest.fixture
def slowly(monkeypatch):
    """Every search takes longer than the page waits before it shows a clock."""
    for module, name in (
        (explainers.counterfactuals, "smallest_changes"),
        (explainers.smallest, "assay_robustness"),
    ):
        real = getattr(module, name)

        def slow(*args, real=real, **more):
            time.sleep(1.0)
            return real(*args, **more)

        monkeypatch.setattr(module, name, slow)


@pytest.mark.parametrize("left_open", [True, False])
def test_the_conditions_stay_as_they_were_left_while_and_after_a_long_search(slowly, left_open):
    app = unfolded("alectinib", **NOBODY)
    app.multiselect(key="smallest-fixed").set_value(["ALK fusion"]).run()
    app.session_state["smallest-conditions"] = left_open
    app.run()
    for _ in range(2):  # and once more
        app.button(key="smallest-search").click().run()
        assert [b for b in app.button if b.label == "Stop"], "the search was too quick to tell"
        while [b for b in app.button if b.label == "Stop"]:
            time.sleep(0.2)
            app.run()
        assert "kept as recorded: ALK fusion" in said(app)
        assert bool(app.multiselect) == left_open
        assert app.session_state["smallest-conditions"] == left_open
    app.session_state["smallest-conditions"] = not left_open
    app.run()
    assert bool(app.multiselect) != left_open


def test_the_error_rates_stay_open_after_every_call_was_checked(slowly):
    app = unfolded("", **NOBODY)
    app.session_state["assay-robustness-rates"] = True
    app.run()
    app.number_input(key="assay-robustness-positive").set_value(2.0)
    app.number_input(key="assay-robustness-negative").set_value(5.0)
    app.button(key="assay-robustness-ask").click().run()
    assert [b for b in app.button if b.label == "Stop"]
    while [b for b in app.button if b.label == "Stop"]:
        time.sleep(0.2)
        app.run()
    assert app.number_input(key="assay-robustness-positive").value == 2.0
