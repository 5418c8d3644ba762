"""The Model page: one question at a time, what it leans on in every view, and warnings where a picture would mislead."""

import shutil
import time

import pytest
from streamlit.testing.v1 import AppTest

from explainers.overall.beyond_chance import NoNullError, beyond_chance
from oncology.bundles import load
from pages.parts.leaning import shape
from tests.pages.test_rooms import IPSSM, LORIS, ROOT, SOLID, html, opened, words

LEANS = "What it leans on"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))


def at(tab: str, bundle: str = SOLID) -> AppTest:
    app = opened("model", bundle)
    app.session_state["model-tabs"] = tab
    app.run()
    assert not app.exception
    return settled(app)


def settled(app: AppTest) -> AppTest:
    """Run until work beside the page has ended."""
    for _ in range(300):
        if not [b for b in app.button if b.label == "Stop"]:
            return app
        time.sleep(0.2)
        app.run()
    raise AssertionError("the work beside the page does not end")


def asked(app: AppTest, view: str, option: str | None = "osimertinib") -> str:
    if option is not None:
        (picker,) = [s for s in app.selectbox if s.label == "Option"]
        settled(picker.set_value(option).run())
    (views,) = [g for g in app.segmented_control if g.label == "Ask"]
    settled(views.set_value(view).run())
    assert not app.exception
    return words(app)


def test_the_first_screen_says_what_the_model_is_and_nothing_else():
    app = opened("model")
    seen = words(app)
    assert "Intended use" in seen and "Best for" in seen
    for closed in (
        "What does it lean on?",
        "Where was it most wrong?",
        "How well does it tell patients apart?",
    ):
        assert closed not in seen
    assert not app.get("plotly_chart")


@pytest.mark.parametrize("bundle", [SOLID, LORIS, IPSSM])
@pytest.mark.parametrize(
    "tab", ["How well it does", LEANS, "How far to trust explanations", "Where it was most wrong"]
)
def test_every_question_opens_for_every_shipped_bundle(bundle, tab):
    app = at(tab, bundle)
    assert not app.error and len(app.header) == 1


def test_how_well_it_does_lists_every_option():
    assert "How well does it tell patients apart?" in words(at("How well it does"))


def test_importance_says_which_inputs_are_beyond_chance():
    seen = words(at(LEANS))
    assert "beyond chance over all options" in seen and "Grey: not beyond chance" in seen
    assert "inputs are beyond chance on Osimertinib: EGFR p.L858R" in asked(at(LEANS), "Importance")


def test_a_model_without_shuffled_trainings_says_how_to_make_them(tmp_path, monkeypatch):
    bundles = tmp_path / "bundles"
    shutil.copytree(ROOT / "sample_data" / "bundles" / SOLID, bundles / "mine")
    (bundles / "mine" / "stability.npz").unlink()
    with pytest.raises(NoNullError, match=r"python -m explainers stabilise .*mine"):
        beyond_chance(load(bundles / "mine"), "osimertinib")


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("Each patient", ["Each patient's share as one dot"]),
        ("Shape", ["was given every value in turn", "is no cause"]),
        ("Pairs", ["Pairs account for", "exclude each other: together never", "not how two alterations act"]),
        ("Known markers", ["Known marker of response", "FLAURA", "in the published direction"]),
        ("In short", ["As a tree", "held-out patients", "Not faithful: "]),
        ("Shuffle or leave out", ["permutation importance"]),
    ],
)
def test_every_view_of_one_option_opens(view, expected):
    seen = asked(at(LEANS), view)
    for words_ in expected:
        assert words_ in seen


def test_an_unfaithful_short_form_is_hidden_until_asked_for():
    app = at(LEANS)
    asked(app, "In short", "pembrolizumab")
    assert len([w for w in app.warning if w.value.startswith("Not faithful")]) == 2
    assert not any("gbt-answer" in h for h in html(app))
    (toggle,) = [t for t in app.toggle if t.key == "logic-tree-anyway"]
    toggle.set_value(True).run()
    assert any("gbt-answer" in h for h in html(app))


def test_the_suspicious_site_is_named():
    assert "Suspicious: Treating site" in asked(at(LEANS), "Known markers", "pembrolizumab")


def test_the_strongest_marker_of_each_option_comes_from_the_model_alone():
    seen = asked(at(LEANS), "Strongest marker of each option", None)
    assert "ALK fusion" in seen and "nothing published was used" in seen


def test_results_are_kept_on_disk_without_a_patient(tmp_path):
    asked(at(LEANS), "Pairs")
    kept = sorted(p.name.split("-")[0] for p in (tmp_path / "cache").glob("*.json.gz"))
    assert {"importance", "pairs"} <= set(kept)


def test_shuffling_is_measured_when_asked():
    app = at(LEANS)
    asked(app, "Shuffle or leave out", "selpercatinib")
    assert "fall in AUC" in words(app) and "AUC 0." not in words(app)
    assert [b.label for b in app.button if b.label == "Measure"] == ["Measure"]
    # A click inside a tab reaches the page in a browser only (tests/e2e); what it sets is set here.
    sha256 = load(ROOT / "sample_data" / "bundles" / SOLID).sha256
    app.session_state[f"retraining-{sha256[:12]}-selpercatinib-Shuffle the input"] = True
    settled(app.run())
    assert "AUC 0." in words(app) and "before shuffling" in words(app)


def test_while_pairs_are_worked_out_nothing_is_said_of_them(monkeypatch):
    monkeypatch.setattr(shape.results, "pairs", lambda bundle, option: None)
    partner, said = shape._partner(load(ROOT / "sample_data" / "bundles" / SOLID), "osimertinib", "site")
    assert partner is None
    assert "not worked out yet" in said and "no other one" not in said
