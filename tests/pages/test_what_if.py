"""What if: the answer before and after an edit, for rankings and for scores."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from oncology.intake import read_patients, write_profile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def sample_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOARD_BUNDLES", str(tmp_path / "bundles"))
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(tmp_path / "patients"))


def what_if(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("pages/what_if.py").run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def row(app: AppTest, option: str) -> str:
    """The line of the ranking that belongs to an option."""
    found = re.search(
        rf'<tr class="[^"]*">(?:(?!<tr).)*<th scope="row" class="gbr-option">{option}.*?</tr>', html(app)
    )
    assert found, f"no line for {option}"
    return found.group()


def numbers(line: str) -> list[str]:
    return re.findall(r'class="gbr-number[^>]*>([^<]*)<', line)


def test_a_patient_as_recorded_has_a_ranking_without_changes():
    app = what_if(patient="S-01-egfr-l858r")
    assert "One option stands in the top band, Osimertinib" in html(app)
    assert "This is the patient as recorded" in html(app)
    assert '<tr class="gbr-moved"' not in html(app)


def test_taking_the_driver_away_moves_its_inhibitor_down():
    app = what_if(patient="S-01-egfr-l858r", set=["EGFR p.L858R=absent"])
    line = row(app, "Osimertinib")
    now, change = numbers(line)
    assert '<tr class="gbr-moved"' in line and change.startswith("−")
    recorded = row(what_if(patient="S-01-egfr-l858r"), "Osimertinib")
    assert int(numbers(recorded)[0]) + int(change.replace("−", "-")) == int(now)
    assert "No longer in it: Osimertinib" in html(app)


def test_what_an_edit_changed_stands_in_words():
    app = what_if(
        patient="S-01-egfr-l858r", set=["EGFR p.L858R=absent", "NTRK1 fusion=not-assayed", "age=80"]
    )
    assert "EGFR p.L858R: altered → tested, not altered" in html(app)
    assert "NTRK1 fusion: tested, not altered → not assayed" in html(app)
    assert "Age: 61 years → 80 years" in html(app)


def test_options_without_enough_patients_stand_apart_with_the_reason():
    body = html(what_if(patient="S-01-egfr-l858r"))
    apart = body.split('class="gbr-abstained"')[1].split("</tbody>")[0]
    assert "Imatinib" in apart and "the model needs 20" in apart
    assert "Imatinib" not in body.split('class="gbr-abstained"')[0].split("<thead>")[1]


def test_an_implausible_combination_is_flagged():
    app = what_if(patient="S-01-egfr-l858r", set=["KRAS p.G12C=altered", "ALK fusion=altered"])
    caution = html(app).split('class="gb-caution"')[1].split("</details>")[0]
    assert "hardly ever occur together" in caution or "No training patient" in caution


def test_the_explanation_names_the_edited_feature_first_with_both_states():
    app = what_if(patient="S-01-egfr-l858r", set=["EGFR p.L858R=absent"])
    app.selectbox(key="what-if-option").set_value("osimertinib").run()
    table = html(app).split('class="gbc"')[1]
    first = table.split("<tbody>")[1].split("</tr>")[0]
    assert "EGFR p.L858R" in first and "tested, not altered, was altered" in first


def test_single_changes_lead_with_one_that_shifts_the_top_band():
    body = html(what_if(patient="S-06-nothing-altered"))
    assert re.search(r"\d+ of \d+ single changes shift the top band", body)
    assert "Top band then" in body


def test_a_searched_alteration_joins_the_panel():
    app = what_if(patient="S-01-egfr-l858r")
    box = app.selectbox(key="editor-add")
    wanted = box.options[-1]
    before = len(box.options)
    box.set_value(wanted).run()
    assert not app.exception
    assert len(app.selectbox(key="editor-add").options) == before - 1


def test_a_score_is_never_a_share_of_patients():
    body = html(what_if(bundle="loris", patient="S-36-loris-favourable", set=["Albumin=2.5"]))
    assert "of 100" not in body and "per 100" not in body and "probability" not in body
    assert "As recorded it is 0.88" in body
    assert "A score is no share of patients" in body


def test_a_score_without_alterations_is_asked_about_its_numbers_alone():
    app = what_if(bundle="loris", patient="S-36-loris-favourable")
    headers = [h.value for h in app.header]
    assert not any("single change" in h or "How firmly" in h for h in headers)
    assert "The smallest change that reaches a goal" in headers
    assert not [box for box in app.selectbox if box.label == "What may change"]
    goal = next(box for box in app.selectbox if box.label == "Goal: it")
    assert goal.options == ["has a score over", "has a score under"], "a score is never called a probability"
    next(b for b in app.button if b.label == "Search").click().run()
    assert not app.exception


def test_a_risk_group_moves_with_a_raw_input():
    body = html(
        what_if(
            bundle="ipssm", patient="S-40-mds-sf3b1", set=["TP53 mutation=altered", "RUNX1 mutation=altered"]
        )
    )
    said = body.split('class="gb-said">')[1].split("</p>")[0]
    assert "Group: " in said
    assert re.search(r"As recorded it is -?\d\.\d\d", body)


def test_a_score_with_a_missing_input_says_what_is_missing():
    body = html(what_if(bundle="loris", patient="S-39-loris-albumin-unknown"))
    assert "The model has no answer for this profile" in body and "Albumin is not known" in body
    # A value moved by hand brings the answer.
    body = html(what_if(bundle="loris", patient="S-39-loris-albumin-unknown", set=["Albumin=4.0"]))
    assert "The model had no answer for the patient as recorded" in body


def test_where_the_model_is_silent_no_explanation_and_no_change_stands_without_saying_so():
    app = what_if(patient="S-01-egfr-l858r")
    app.selectbox(key="what-if-option").set_value("imatinib").run()
    assert not app.exception
    said = " ".join(caption.value for caption in app.caption)
    assert "On Imatinib the model gives no answer" in said and "explains a number that is not shown" in said


def test_of_a_tumour_the_model_never_met_nothing_is_said_to_stay_in_a_top_band(tmp_path: Path):
    (sample,) = read_patients(ROOT / "sample_data/patients/S-01-egfr-l858r.json").profiles
    stranger = sample.replace(tumour="RBL", patient_id="A stranger")
    (tmp_path / "patients").mkdir()
    (tmp_path / "patients" / "a.json").write_text(write_profile(stranger), encoding="utf-8")
    app = what_if()
    next(box for box in app.selectbox if box.label == "Patient").set_value("own:A stranger").run()
    body = html(app)
    assert "the model gives no answer for this profile, and none of" in body
    assert "keeps its members" not in body
    app.switch_page("pages/treatment.py").run()
    assert "In words, with support" not in [header.value for header in app.header]


def search(option: str) -> AppTest:
    """Search on a page of its own: under the dashboard a test run forgets which button was pressed."""

    def alone():
        import streamlit as st

        from pages.parts import session, smallest_change

        bundle, recorded = session.bundle(), session.patient()
        smallest_change.show(bundle, recorded)
        edited = session.edited_patient(bundle.schema, recorded)
        st.text(session.ranking(bundle, edited, with_unknowns=False).ordered[0].option)

    app = AppTest.from_function(alone, default_timeout=120)
    app.query_params["patient"] = "S-01-egfr-l858r"
    app.run()
    app.selectbox(key="smallest-option").set_value(option)
    next(b for b in app.button if b.label == "Search").click().run()
    end = time.monotonic() + 120
    while [b for b in app.button if b.label == "Stop"]:
        assert time.monotonic() < end, "the search has not ended"
        time.sleep(0.2)
        app.run()
    assert not app.exception
    return app


def test_the_smallest_change_is_searched_shown_and_made():
    app = search("alectinib")
    assert "nothing smaller does it (proven)" in " ".join(m.value for m in app.markdown)
    assert "ALK fusion: altered instead of tested, not altered" in html(app)
    assert app.text[0].value == "osimertinib"
    app.button(key="smallest-change-make").click().run()
    assert not app.exception
    assert app.text[0].value == "alectinib"


def test_a_goal_that_already_holds_needs_no_change():
    app = search("osimertinib")
    assert "it is so already" in " ".join(m.value for m in app.markdown)
    assert not [b for b in app.button if b.key == "smallest-change-make"]


def test_a_group_that_every_score_reaches_is_refused_in_words():
    def alone():
        from pages.parts import session, smallest_change

        smallest_change.show(session.bundle(), session.patient())

    app = AppTest.from_function(alone, default_timeout=120)
    app.query_params["bundle"], app.query_params["patient"] = "ipssm", "S-40-mds-sf3b1"
    app.run()
    app.selectbox(key="smallest-group").set_value("Very High")
    next(b for b in app.button if b.label == "Search").click().run()
    assert not app.exception
    assert "Every score is in the group 'Very High' or lower" in app.warning[0].value
