"""Why, in depth: words at three depths, groups, what is not known, what holds still, and who is alike."""

from __future__ import annotations

import re

import pytest

from explainers import three_depths
from explainers.local import explain, explain_groups, not_tested
from explainers.stability import read
from oncology.bundles import load
from oncology.intake import read_patients
from tests.explainers.test_shipped import SAMPLE
from tests.pages.test_rooms import IPSSM, opened, sample, words

PANEL = "S-05-hotspot-panel"


@pytest.fixture(scope="module")
def bundle():
    return load(SAMPLE / "bundles" / "solid_tumours")


@pytest.fixture(scope="module")
def person():
    return read_patients(SAMPLE / "patients" / "S-01-egfr-l858r.json").profiles[0]


def test_the_first_words_are_plain_and_hold_the_numbers_of_the_model(bundle, person):
    app = opened("why")
    why = explain(bundle, person, "shapley", option="osimertinib")
    interval = read(bundle).interval_of(bundle, bundle.schema.encode_row(person), why)
    seen = words(app)
    for sentence in three_depths.tell(why, "plain", interval=interval).sentences:
        assert sentence in seen
    assert "95 of 100 refits" in seen


def test_the_depth_of_words_is_kept_for_the_session(bundle, person):
    app = opened("why")
    app.segmented_control(key="why-depth").set_value("technical").run()
    why = explain(bundle, person, "shapley", option="osimertinib")
    assert three_depths.tell(why, "technical").start in words(app)
    app.switch_page("pages/treatment.py").run()
    app.switch_page("pages/why.py").run()
    assert three_depths.tell(why, "technical").start in words(app)


def test_shares_can_go_to_kinds_of_information(bundle, person):
    app = opened("why")
    app.selectbox(key="why-shared").set_value("kind").run()
    assert not app.exception
    why = explain_groups(bundle, person, "kind", option="osimertinib")
    assert three_depths.tell(why, "plain").points[0] in words(app) and "7 groups share" in words(app)
    assert "No interval: the refits were asked about single inputs" in words(app)
    app.switch_page("pages/treatment.py").run()
    app.switch_page("pages/why.py").run()
    assert "7 groups share" in words(app)


def test_what_is_not_known_says_what_it_could_move(bundle):
    person = read_patients(SAMPLE / "patients" / f"{PANEL}.json").profiles[0]
    seen = words(opened("why", patient=PANEL, tab="What is not known"))
    option = next(o for o in bundle.options if bundle.label(o) in seen.split("the model's answer on ")[1])
    found = not_tested(bundle, person, option=option)
    assert found.words in seen and found.labels[int(found.order()[0])] in seen
    assert "range beside its score" in words(opened("why", IPSSM, sample("MDS"), tab="What is not known"))


def test_whether_the_explanation_holds_still_is_said():
    seen = words(opened("why", tab="How steady"))
    assert "small step" in seen and "20 refits" in seen
    assert "not trained again" in words(opened("why", IPSSM, sample("MDS"), tab="How steady"))


def test_similar_patients_by_the_model_are_others_than_by_profile():
    app = opened("why", tab="Similar patients")
    assert "most similar profile" in words(app)
    app.segmented_control(key="why-alike").set_value("model").run()
    assert not app.exception
    assert "rests on the same inputs" in words(app) and "most similar profile" not in words(app)


def test_an_option_without_an_answer_leads_with_that_and_shows_no_number(bundle):
    app = opened("why")
    app.selectbox(key=f"why-option-{bundle.sha256[:8]}").set_value("imatinib").run()
    seen = words(app)
    assert "the model gives no answer" in seen
    app = opened("why", tab="What is not known")
    app.selectbox(key=f"why-option-{bundle.sha256[:8]}").set_value("imatinib").run()
    assert not re.search(r"\d of 100 draws", words(app))


def test_the_first_screen_says_how_to_read_the_chart_and_folds_the_technical_terms_away():
    app = opened("why")
    folded = [e for e in app.expander if e.label == "How this was worked out"]
    inside = "\n".join(str(c.value) for e in folded for c in e.caption)
    assert "Shapley values, compared with" in inside and "log-odds" in inside and "95 of 100 refits" in inside
    outside = "\n".join(str(c.value) for c in app.caption if str(c.value) not in inside)
    assert (
        "Orange raises the model's answer, blue lowers it; thin lines span where bars would end in 95 of 100"
        in outside
    )
    for term in ("Shapley", "log-odds", "refits", "Whiskers", "background"):
        assert term not in outside
    grouped = app.selectbox(key="why-shared").set_value("gene").run()
    assert "blue lowers it." in words(grouped)
    inside = "\n".join(str(c.value) for e in grouped.expander for c in e.caption)
    assert "No interval: the refits" in words(grouped) and "No interval" not in inside


def test_the_chart_is_of_the_option_the_comparison_and_the_sharing_that_stand_above_it():
    def chart(app) -> str:
        assert not app.exception
        return app.get("plotly_chart")[0].proto.spec

    app = opened("why")
    first = chart(app)
    shown = [first]
    for picker, value in (
        ("Option", "alectinib"),
        ("Compared with", "training"),
        ("Shared out over", "kind"),
    ):
        next(box for box in app.selectbox if box.label == picker).set_value(value).run()
        shown.append(chart(app))
    assert len(set(shown)) == len(shown), "each choice has a chart of its own"
    another = chart(opened("why", patient=PANEL))
    assert another not in shown
    assert chart(opened("why")) == first, "asked for again it is the same"
