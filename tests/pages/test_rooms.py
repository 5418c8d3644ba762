"""Patient, Treatment, Why and Model, on the sample data and without a browser."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
SOLID, LORIS, IPSSM = "solid_tumours", "loris", "ipssm"


def opened(
    page: str, bundle: str = SOLID, patient: str | None = "S-01-egfr-l858r", tab: str | None = None
) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params["bundle"] = bundle
    if patient:
        app.query_params["patient"] = patient
    app.run()
    if tab is not None:
        app.session_state[f"{page}-parts"] = tab
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    """Everything a reader can see, as one text."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error")
    return "\n".join(str(e.value) for kind in kinds for e in getattr(app, kind)) + "\n".join(html(app))


def html(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html")]


def sample(tumour: str) -> str:
    for path in sorted((ROOT / "sample_data" / "patients").glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("tumour") == tumour:
            return content["patient_id"]
    raise AssertionError(f"no sample patient with {tumour}")


@pytest.mark.parametrize("page", ["patient", "treatment", "why", "model"])
@pytest.mark.parametrize("bundle", [SOLID, LORIS, IPSSM])
def test_every_room_opens_for_every_shipped_bundle_and_says_that_data_are_synthetic(page, bundle):
    patient = {SOLID: "S-01-egfr-l858r", LORIS: "S-01-egfr-l858r", IPSSM: sample("MDS")}[bundle]
    app = opened(page, bundle, patient)
    if page != "model" or bundle == SOLID:
        assert "Synthetic data" in words(app)
    assert not app.error


def test_the_patient_page_lists_what_the_model_will_not_see():
    seen = words(opened("patient"))
    assert "What the model will not see" in seen
    assert "Ancestry" in seen and "the model has no such input" in seen


def test_genes_outside_a_small_panel_are_called_not_assayed():
    seen = words(opened("patient", patient="S-05-hotspot-panel"))
    assert "Not assayed, and so unknown to the model" in seen
    assert "wild" not in seen.lower()


def test_treatment_shows_bands_intervals_support_and_what_is_not_modelled():
    seen = words(opened("treatment"))
    for expected in (
        "top band",
        "95 % interval",
        "Training patients",
        "Unlikely to help",
        "side effects",
        "No answer",
    ):
        assert expected in seen
    for prescriptive in ("should receive", "treat with", "we recommend"):
        assert prescriptive not in seen.lower()


def test_an_untested_gene_that_would_matter_is_named_with_its_band():
    seen = words(opened("treatment", patient="S-05-hotspot-panel"))
    assert "not assayed" in seen and "would move from band" in seen


@pytest.mark.parametrize(("bundle", "patient"), [(LORIS, "S-01-egfr-l858r"), (IPSSM, None)])
def test_a_score_is_never_called_a_probability_or_put_per_100(bundle, patient):
    seen = words(opened("treatment", bundle, patient or sample("MDS")))
    assert "no probability" in seen
    assert "of 100 patients" not in seen


def test_why_shows_three_methods_their_agreement_and_the_background():
    seen = words(opened("why"))
    assert "Unexplained remainder: " in seen and "compared with" in seen
    # What nobody has opened is not drawn.
    assert "similar patients" not in seen and "LIME" not in seen
    others = words(opened("why", tab="Other methods"))
    for expected in ("LIME, mean of 20 runs", "Leave one out", "Disputed", "a single run scatters"):
        assert expected in others
    assert "similar patients" in words(opened("why", tab="Similar patients"))
    assert "act together" in words(opened("why", tab="Facts that act together"))
    remainder = re.search(r"Unexplained remainder: ([+-][\d.]+\d)", seen)
    assert remainder is not None and abs(float(remainder.group(1))) < 1e-6


def test_another_background_gives_another_explanation_and_its_name():
    app = opened("why")
    before = words(app)
    app.selectbox(key="why-background").set_value("unaltered").run()
    assert not app.exception
    assert "the same patient with no alteration found" in words(app)
    assert "the same patient with no alteration found" not in before


def test_a_formula_says_what_cannot_be_had_and_what_can():
    seen = words(opened("why", IPSSM, sample("MDS"), tab="Other methods"))
    assert "LIME" in seen and "Use shapley or ablation" in seen
    assert "Not available here" in words(opened("why", IPSSM, sample("MDS"), tab="Similar patients"))


def test_no_page_has_a_heading_that_skips_a_level():
    for page in ("patient", "treatment", "why", "model"):
        app = opened(page)
        assert len(app.title) == 1
        assert not app.subheader


@pytest.mark.parametrize("page", ["treatment", "why", "what_if"])
@pytest.mark.parametrize(
    ("bundle", "patient", "caution"),
    [
        (SOLID, "S-33-outside-age-15", "15"),
        (SOLID, "S-34-outside-exclusive-drivers", "EGFR"),
        (IPSSM, "S-01-egfr-l858r", "Myelodysplastic"),
    ],
)
def test_a_patient_outside_the_model_is_told_before_any_number(page, bundle, patient, caution):
    app = opened(page, bundle, patient)
    said = [str(w.value) for w in app.warning] + [h for h in html(app) if "gb-caution" in h]
    assert any(caution in text for text in said), said
