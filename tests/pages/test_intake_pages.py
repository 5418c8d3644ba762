"""Patient files on the page Patient: several at once, what is hidden, samples over time, what may be saved."""

import json
import logging
from pathlib import Path

import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from oncology.intake import write_profile
from oncology.patients import Alteration, PatientProfile
from pages.parts import upload
from tests.intake.test_deidentification import BUNDLE, SECRETS
from tests.pages.test_rooms import opened, words

REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "profiles"
GERMLINE = Alteration("BRCA2", protein_change="p.S1982fs", vaf=0.49, origin="germline")
KRAS = Alteration("KRAS", protein_change="p.G12C", vaf=0.29, origin="somatic")
MAF = (
    "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\n"
    "KRAS\tMissense_Mutation\tX1\tp.G12C\nEGFR\tMissense_Mutation\tX2\tp.L858R\n"
)
CLINICAL = "SAMPLE_ID\tAGE\tONCOTREE_CODE\nX1\t61\tLUAD\nX2\t70\tLUAD\n"


@pytest.fixture(autouse=True)
def as_on_a_server_that_was_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this every run of AppTest begins as the very first visit, which starts over and forgets a click."""
    made = PagesManager.__init__

    def visited(self: PagesManager, *args: object, **more: object) -> None:
        made(self, *args, **more)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", visited)


@pytest.fixture(autouse=True)
def sample_patients_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(tmp_path / "patients"))


def give(app: AppTest, *files: tuple[str, bytes | str]) -> AppTest:
    """Hand files to the uploader and run."""
    content = [(n, c.encode() if isinstance(c, str) else c, "text/plain") for n, c in files]
    app.file_uploader[0].set_value(content)
    app.run()
    assert not app.exception
    return app


def use(app: AppTest) -> AppTest:
    app.button(key="upload-use").click().run()
    assert not app.exception
    return app


def profile(**more: object) -> PatientProfile:
    values = {"tumour": "LUAD", "alterations": (GERMLINE, KRAS), "consent": "research"} | more
    genes = frozenset({"BRCA2", "EGFR", "KRAS"})
    return PatientProfile("Q-1", **{"assayed_genes": genes} | values)


def with_patient(one: PatientProfile) -> AppTest:
    return use(give(opened("patient"), ("one.json", write_profile(one))))


def everything(app: AppTest) -> str:
    """Page text, choices of pickers and buttons, as one text."""
    options = [o for box in app.selectbox for o in box.options]
    return "\n".join(
        [words(app), *options, *(b.label for b in app.button), *(str(t.value) for t in app.text_area)]
    )


def held_in_session(app: AppTest) -> str:
    """All session state as one text, with the bytes of every file that is still held."""
    state = app._session_state.filtered_state
    files = [f for v in state.values() for f in (v if isinstance(v, list) else [v]) if hasattr(f, "getvalue")]
    return repr(state) + "".join(f.name + f.getvalue().decode("utf-8", "replace") for f in files)


def labels(app: AppTest) -> list[str]:
    return [e.proto.label for e in app.get("download_button")]


def test_a_maf_and_its_clinical_table_are_read_together():
    app = give(opened("patient"), ("a.maf", MAF), ("whatever.txt", CLINICAL))
    seen = words(app)
    assert "2 patients found." in seen and "AGE" in seen
    assert "61 years" in words(use(app))


def test_a_maf_alone_knows_no_age():
    assert "61 years" not in words(use(give(opened("patient"), ("a.maf", MAF))))


def test_files_that_do_not_belong_together_are_each_reported():
    other = write_profile(PatientProfile("Z-9", tumour="LUAD", age_years=44))
    app = give(opened("patient"), ("one.json", write_profile(profile())), ("two.json", other))
    assert words(app).count("1 patient found.") == 2
    app.selectbox(key="upload-choice").set_value(1)
    assert "44 years" in words(use(app))


def test_genes_that_are_named_count_as_assayed_and_a_misspelt_one_stops_the_reading():
    app = opened("patient")
    app.selectbox(key="upload-panel").select("Genes I name").run()
    app.text_area(key="upload-genes").set_value("KRAS, EGFR her2").run()
    assert "3 genes were assayed" in words(use(give(app, ("a.maf", MAF))))
    app.text_area(key="upload-genes").set_value("KRASS").run()
    assert any("KRASS" in e.value for e in app.error)
    assert "patients found" not in words(give(app, ("a.maf", MAF)))


def test_not_known_assumes_nothing_and_a_named_panel_fills_in():
    app = opened("patient")
    panel = next(o for o in app.selectbox(key="upload-panel").options if o.startswith("Panel "))
    app.selectbox(key="upload-panel").select(panel.removeprefix("Panel ").rpartition(" (")[0]).run()
    assert "genes were assayed" in words(use(give(app, ("a.maf", MAF))))
    app.selectbox(key="upload-panel").select("Not known").run()
    assert "Which genes were assayed is not recorded" in words(use(give(app, ("a.maf", MAF))))


def test_a_mapping_file_tells_what_somebody_elses_columns_mean():
    app = opened("patient")
    mapping = b'[columns]\npatient_id = "Fall"\nage_years = "Jahre"\n[values.sex]\n'
    app.file_uploader[1].set_value(("m.toml", mapping, "text/plain"))
    app.run()
    assert "47 years" in words(use(give(app, ("t.csv", "Fall,Jahre,KRAS p.G12C\nA,47,altered\n"))))
    app.file_uploader[1].set_value(("m.toml", b"[columns", "text/plain"))
    app.run()
    give(app, ("t.csv", "Fall,Jahre\nA,47\n"))
    assert any("mapping file" in e.value for e in app.error)


def test_the_import_report_covers_up_a_germline_finding_and_still_adds_up():
    header, first, *_ = MAF.splitlines()
    germline = "BRCA2\tFrame_Shift_Del\tX1\tp.S1982fs"
    maf = f"{header}\tMutation_Status\n{first}\tSOMATIC\n{germline}\tGERMLINE\n"
    seen = words(give(opened("patient"), ("a.maf", maf)))
    report = seen[seen.index("Import report") :]
    assert "(germline finding, hidden)" in report and "KRAS" in report
    assert "S1982" not in report and "BRCA2" not in report


def test_a_germline_finding_is_flagged_and_named_nowhere_until_it_is_asked_for():
    app = give(opened("patient"), ("one.json", write_profile(profile(note="BRCA2 runs in the family."))))
    use(app)
    seen = everything(app)
    assert "BRCA2" not in seen.replace("BRCA2 runs", "!")
    assert "p.S1982fs" not in seen and "runs in the family" not in seen
    assert "calls one finding of this patient germline" in seen and "KRAS p.G12C" in seen
    assert "count as not assayed for the model, never as normal" in seen
    app.toggle[0].set_value(True).run()
    seen = words(app)
    assert "BRCA2 p.S1982fs" in seen and "genetic counselling" in seen
    app.toggle[0].set_value(False).run()
    assert "p.S1982fs" not in everything(app)


@pytest.mark.parametrize(
    ("consent", "told"), [(None, "no consent is recorded"), ("none", 'consent is "none"')]
)
def test_without_consent_a_germline_finding_cannot_be_shown(consent, told):
    app = with_patient(profile(consent=consent))
    assert not app.toggle and told in words(app) and "BRCA2" not in everything(app)


def test_other_pages_say_that_the_model_is_asked_without_a_hidden_finding():
    app = with_patient(profile())
    app.switch_page("pages/treatment.py").run()
    assert "takes every gene that could hold it as not assayed" in words(
        app
    ) and "p.S1982fs" not in everything(app)


def test_a_correction_keeps_what_is_hidden():
    app = with_patient(profile())
    app.session_state["correcting"] = True
    app.run()
    next(n for n in app.number_input if n.label == "Age (years)").set_value(58.0)
    next(b for b in app.button if b.label == "Apply corrections").click().run()
    assert "58 years" in words(app) and "p.S1982fs" not in everything(app)
    app.toggle[0].set_value(True).run()
    assert "BRCA2 p.S1982fs" in words(app) and "3 genes were assayed" in words(app)


def test_a_possible_incidental_finding_is_named_on_request_only():
    maybe = Alteration("TP53", protein_change="p.R175H", vaf=0.48)
    app = with_patient(profile(alterations=(maybe,)))
    assert "may be inherited" in words(app) and "an allele fraction of 0.48" not in words(app)
    app.toggle[0].set_value(True).run()
    assert "an allele fraction of 0.48 is that of an inherited variant" in words(app)


def test_consent_none_blocks_every_export_with_the_reason():
    assert {"FHIR R4 (JSON)", "Phenopacket v2 (JSON)", "Glassboard profile (JSON)"} <= set(
        labels(with_patient(profile()))
    )
    app = with_patient(profile(consent="none"))
    assert labels(app) == [] and 'the recorded consent is "none"' in words(app)
    for page in ("treatment", "why", "what_if"):
        app.switch_page(f"pages/{page}.py").run()
        assert labels(app) == [] and not app.exception


def test_three_samples_tell_what_changed_and_what_the_model_says_at_each():
    def sample(day: int, *changes: str) -> PatientProfile:
        found = tuple(Alteration("EGFR", protein_change=c, origin="somatic") for c in changes)
        return PatientProfile(
            "T-1",
            tumour="LUAD",
            sample_day=day,
            alterations=found,
            assayed_genes=frozenset({"EGFR"}),
            synthetic=True,
        )

    files = [
        (f"day{s.sample_day}.json", write_profile(s))
        for s in (
            sample(0, "p.L858R"),
            sample(300, "p.L858R", "p.T790M"),
            sample(600, "p.L858R", "p.T790M", "p.C797S"),
        )
    ]
    seen = words(use(give(opened("patient"), *files)))
    assert "3 samples of this patient" in seen
    assert (
        "Day 300, 300 days later" in seen and "EGFR p.T790M is new" in seen and "EGFR p.C797S is new" in seen
    )
    assert seen.count("Since the sample before") == 2
    assert "3 samples" not in words(opened("patient", patient="S-03-kras-stk11"))


def test_a_stranger_sees_the_samples_of_the_first_patient_and_what_each_one_brought():
    seen = words(opened("patient", patient=None))
    assert "3 samples of this patient" in seen and "**Day 0** (open now)" in seen
    assert "EGFR p.T790M is new" in seen and "EGFR p.C797S is new" in seen
    assert seen.count("Since the sample before") == 2 and "treated with osimertinib in between" in seen
    later = words(opened("patient", patient="S-46-egfr-day-690"))
    assert "**Day 690, 360 days later** (open now)" in later


def test_a_file_under_another_pseudonym_joins_the_timeline_on_the_users_word():
    first = profile(alterations=(KRAS,), sample_day=0)
    app = with_patient(first)
    other = PatientProfile("Z-7", tumour="LUAD", sample_day=90, assayed_genes=frozenset({"KRAS"}))
    give(app, ("later.json", write_profile(other)))
    app.selectbox(key="upload-same").set_value("session:Q-1")
    seen = words(use(app))
    assert "2 samples of this patient" in seen and "KRAS p.G12C is no longer found" in seen


def test_a_long_reading_says_how_far_it_is_and_names_no_file(monkeypatch):
    said: list[tuple[float, str]] = []
    drawn = DeltaGenerator.progress

    def heard(place: DeltaGenerator, value: float, text: str | None = None, **more: object) -> DeltaGenerator:
        said.append((value, str(text)))
        return drawn(place, value, text, **more)

    monkeypatch.setattr(DeltaGenerator, "progress", heard)
    head = '##fileformat=VCFv4.2\n##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: Allele|Consequence|SYMBOL">\n'
    lines = "1\t5\t.\tA\tC\t.\tPASS\tCSQ=C|intron_variant|KRAS\n" * 40_000
    give(
        opened("patient"),
        ("Mustermann.vcf", head + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + lines),
    )
    assert [words for _, words in said] == [
        "Reading one file of 1.7 MB on this machine …",
        "Reading one file of 1.7 MB on this machine: 20,000 lines read",
        "Reading one file of 1.7 MB on this machine: 40,000 lines read",
    ]
    shares = [share for share, _ in said]
    assert shares == sorted(shares) and shares[-1] < 1


def test_a_click_counts_even_where_something_above_ends_the_run(monkeypatch):
    app = give(opened("patient"), ("one.json", write_profile(profile(alterations=(KRAS,)))))
    shown = upload._told

    def ended() -> None:
        shown()
        st.stop()

    monkeypatch.setattr(upload, "_told", ended)
    app.button(key="upload-use").click().run()
    monkeypatch.setattr(upload, "_told", shown)
    assert app.session_state["open-patient"] == "session:Q-1"


def test_no_name_of_a_fhir_bundle_is_found_on_the_page_in_the_session_or_in_the_log(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    app = give(opened("patient"), ("Erika Mustermann.json", json.dumps(BUNDLE)))
    for _ in range(2):
        state = held_in_session(app)
        said = "\n".join([everything(app), state, str(app.query_params), caplog.text, *capfd.readouterr()])
        assert "KRAS" in said
        assert [s for s in SECRETS if s in said] == []
        if "upload-read" in app.session_state:
            use(app)


def test_the_mcode_bundle_is_opened_and_predicted_with_what_it_has():
    path = REAL / "fhir" / "mcode_full_bundle.json"
    if not path.is_file():
        pytest.skip("the mCODE bundle is not beside this checkout")
    app = use(give(opened("patient"), (path.name, path.read_bytes())))
    seen = words(app)
    assert "PALB2 p.Y1183*" in seen and "7 genes were assayed" in seen
    assert "were not assayed and" in seen and "inputs that are unknown for this patient" in str(
        [e.label for e in app.expander]
    )
    app.switch_page("pages/treatment.py").run()
    assert not app.exception
    assert "in the top band" in words(app) or "share the top band" in words(app)
    resources = [e["resource"] for e in json.loads(path.read_bytes())["entry"]]
    texts = {
        str(n.get("text", "")) for r in resources if r["resourceType"] == "Patient" for n in r.get("name", [])
    }
    given = {
        g
        for r in resources
        if r["resourceType"] == "Patient"
        for n in r.get("name", [])
        for g in n.get("given", [])
    }
    assert given and not any(n and n in everything(app) + held_in_session(app) for n in texts | given)
