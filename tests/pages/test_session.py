"""What is open in a session: it survives pages and reloads, and no real patient's id leaves for the address."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from oncology.bundles import TrustList
from oncology.intake import write_profile
from oncology.patients import Alteration, PatientProfile
from tests.bundles.small import small_bundle

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Own bundles and patients in an empty folder, and an empty list of trusted bundles."""
    monkeypatch.setenv("GLASSBOARD_BUNDLES", str(tmp_path / "bundles"))
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(tmp_path / "patients"))
    monkeypatch.setenv("GLASSBOARD_TRUST", str(tmp_path / "trusted.json"))
    (tmp_path / "bundles").mkdir()
    (tmp_path / "patients").mkdir()
    return tmp_path


def home(**query: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def dashboard(**query: str | list[str]) -> AppTest:
    return home(**query).switch_page("pages/what_if.py").run()


def picked(app: AppTest, label: str) -> str:
    return next(box.value for box in app.selectbox if box.label == label)


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def said(app: AppTest) -> str:
    texts = [*app.warning, *app.error, *app.info, *app.caption]
    return " ".join(text.value for text in texts)


def real_patient(own: Path) -> PatientProfile:
    profile = PatientProfile(
        "Hospital-4711", tumour="LUAD", alterations=(Alteration("KRAS", protein_change="p.G12C"),)
    )
    (own / "patients" / "one.json").write_text(write_profile(profile), encoding="utf-8")
    return profile


def test_a_link_opens_model_patient_and_edits():
    app = dashboard(bundle="solid_tumours", patient="S-03-kras-stk11", set=["STK11=altered", "TP53=altered"])
    assert not app.exception
    assert picked(app, "Patient") == "sample:S-03-kras-stk11"
    assert "TP53: tested, not altered → altered" in html(app)
    # STK11 is altered in this patient as recorded: no edit.
    assert "STK11:" not in html(app)


def test_what_a_link_names_wrongly_is_left_out_and_said():
    app = home(patient="S-03-kras-stk11", set=["TP35=altered", "TP53=altered"])
    assert "Part of the link was left out" in said(app)
    assert "Did you mean TP53" in said(app)
    app.switch_page("pages/what_if.py").run()
    assert "TP53: tested, not altered → altered" in html(app)


def test_the_address_names_sample_patients_and_no_other(own: Path):
    profile = real_patient(own)
    app = dashboard(patient="S-03-kras-stk11")
    assert dict(app.query_params) == {"bundle": "solid_tumours", "patient": "S-03-kras-stk11"}

    box = next(box for box in app.selectbox if box.label == "Patient")
    box.set_value(f"own:{profile.patient_id}").run()
    assert not app.exception
    assert picked(app, "Patient") == "own:Hospital-4711"
    assert dict(app.query_params) == {"bundle": "solid_tumours"}
    assert "does not name them" in said(app)
    assert "Partly synthetic" in " ".join(text.value for text in app.markdown)
    assert "Patient: real or of unknown origin; model made from: synthetic patients." in said(app)
    assert "Link to this edit" not in html(app)


def test_an_address_cannot_open_a_patient_of_one_s_own(own: Path):
    profile = real_patient(own)
    first = profile.replace(patient_id="A first one")
    (own / "patients" / "a.json").write_text(write_profile(first), encoding="utf-8")
    app = dashboard(patient=profile.patient_id)
    assert picked(app, "Patient") == "own:A first one"


def test_patient_and_edits_survive_a_walk_through_the_pages():
    app = dashboard(patient="S-03-kras-stk11", set=["TP53=altered"])
    app.switch_page("pages/treatment.py").run()
    assert picked(app, "Patient") == "sample:S-03-kras-stk11"
    app.switch_page("pages/what_if.py").run()
    assert "TP53: tested, not altered → altered" in html(app)


def test_edits_belong_to_their_patient():
    app = dashboard(patient="S-03-kras-stk11", set=["age=71"])
    box = next(box for box in app.selectbox if box.label == "Patient")
    box.set_value("sample:S-01-egfr-l858r").run()
    assert 'gb-changes"' not in html(app)
    next(b for b in app.selectbox if b.label == "Patient").set_value("sample:S-03-kras-stk11").run()
    assert "Age: 63 years → 71 years" in html(app)


def test_patients_the_model_is_meant_for_come_first():
    app = dashboard(bundle="ipssm", patient="S-40-mds-sf3b1")
    labels = next(box for box in app.selectbox if box.label == "Patient").options
    tumours = [label.split(" · ")[1] for label in labels]
    meant = [t == "Myelodysplastic syndromes" for t in tumours]
    assert any(meant) and meant == sorted(meant, reverse=True)


def test_another_tumour_than_the_model_s_is_said_and_not_blocked():
    app = dashboard(bundle="ipssm", patient="S-03-kras-stk11")
    assert "IPSS-M" in html(app)
    assert "gb-caution" in html(app) and "Myelodysplastic syndromes" in html(app)
    app.switch_page("pages/patient.py").run()
    made_for = "This model was made for Myelodysplastic syndromes; this patient has Lung adenocarcinoma"
    assert made_for in " ".join(str(w.value) for w in app.warning)


def test_an_untrusted_bundle_is_shown_by_its_hash_and_opens_once_trusted(own: Path):
    bundle = small_bundle(own / "bundles" / "mine", format="joblib")
    app = dashboard(bundle="mine")
    assert not app.exception
    assert bundle.sha256[:12] in said(app)
    assert "python -m explainers trust" in said(app)
    # The rest of the page stays usable: another model can be picked.
    next(b for b in app.selectbox if b.label == "Model").set_value("solid_tumours").run()
    assert "top band" in html(app)

    TrustList.read().with_bundle(bundle.sha256, "mine")
    next(b for b in app.selectbox if b.label == "Model").set_value("mine").run()
    assert not app.exception
    assert bundle.sha256[:12] not in said(app)


def test_a_broken_manifest_is_named_and_the_others_still_open(own: Path):
    shutil.copytree(ROOT / "sample_data" / "bundles" / "loris", own / "bundles" / "broken")
    (own / "bundles" / "broken" / "manifest.json").write_text("{", encoding="utf-8")
    app = dashboard(bundle="broken")
    assert not app.exception
    assert "no JSON" in said(app)
    assert "broken (cannot be opened)" in " ".join(
        next(b for b in app.selectbox if b.label == "Model").options
    )


def test_patient_files_that_cannot_be_read_are_named(own: Path):
    (own / "patients" / "half.json").write_text('{"glassboard_profile": 1, "patient_id"', encoding="utf-8")
    app = dashboard()
    assert not app.exception
    assert "half.json" in said(app) or "could not be read" in said(app)


def test_the_same_profile_is_asked_once_and_another_anew():
    def asked():
        import streamlit as st

        from pages.parts import session

        bundle, profile = session.bundle(), session.patient()
        again = profile.replace(age_years=profile.age_years)
        older = profile.replace(age_years=profile.age_years + 10)
        first = session.ranking(bundle, profile)
        st.text(f"{first is session.ranking(bundle, again)} {first is session.ranking(bundle, older)}")

    app = AppTest.from_function(asked, default_timeout=120).run()
    assert not app.exception
    assert app.text[0].value == "True False"


def test_the_same_edit_means_what_the_asking_model_reads_by_that_name():
    def page():
        import streamlit as st

        from oncology.features import FeatureSchema, field_feature
        from oncology.patients import PatientProfile
        from pages.parts import session

        patient = PatientProfile("P1", age_years=50.0, tmb_per_mb=2.0)
        session._edits()["x"] = 7.0
        for field in ("age_years", "tmb_per_mb"):
            schema = FeatureSchema((field_feature("x", "x", field),))
            edited = session.edited_patient(schema, patient)
            st.text(f"{edited.age_years:g} {edited.tmb_per_mb:g}")

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert [t.value for t in app.text] == ["7 2", "50 7"]


def test_an_allele_fraction_without_its_alteration_is_refused_in_words():
    app = home(bundle="ipssm", patient="S-40-mds-sf3b1", set=["TP53 largest VAF=0.4"])
    assert not app.exception
    assert "to be altered before its VAF can change" in said(app)


def test_a_link_restores_what_it_was_made_from():
    app = dashboard(patient="S-03-kras-stk11", set=["TP53=altered", "age=71", "NTRK1 fusion=not-assayed"])
    address = html(app).split('<a href="')[1].split('"')[0].replace("&amp;", "&")
    again = dashboard(**parse_qs(urlsplit(address).query))
    chips = [text.split("</ul>")[0] for text in html(app).split('class="gb-changes">')[1:]]
    assert chips and chips == [
        text.split("</ul>")[0] for text in html(again).split('class="gb-changes">')[1:]
    ]


def test_another_patient_of_the_same_id_inherits_no_edit_no_correction_and_no_germline_wish():
    def page(corrected):
        import streamlit as st

        from oncology.patients import PatientProfile
        from pages.parts import germline_gate, session

        state = st.session_state
        first = PatientProfile("P1", age_years=50.0, tumour="LUAD")
        session.add_patients([first])
        state[session.EDITS][("any", "session:P1")] = {"TP53": 1.0}
        state[session.CORRECTIONS] = {"P1": ["one"]}
        state[germline_gate._ASKED] = {"session:P1"}
        session.add_patients([first.replace(age_years=70.0)], corrected=corrected)
        left = [k for k in state[session.EDITS] if k[1] == "session:P1"]
        asked = germline_gate.asked(session.patient_choice())
        st.write(f"{len(left)} {len(state[session.CORRECTIONS])} {asked}")

    seen = {
        c: AppTest.from_function(page, default_timeout=60, kwargs={"corrected": c}).run().markdown[0].value
        for c in (False, True)
    }
    assert seen == {False: "0 0 False", True: "1 1 True"}
