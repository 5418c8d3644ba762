"""Learn, without a browser: nothing of a reveal exists before the commit, and an answer stays as it was given."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import explainers.lessons

ROOT = Path(__file__).resolve().parents[2]
MISCONCEPTION = "What the model leans on is a cause"


@pytest.fixture
def asked(monkeypatch):
    """How often an answer was computed."""
    times: list[str] = []
    real = explainers.lessons.answer

    def counted(lesson, question, world):
        times.append(question.key)
        return real(lesson, question, world)

    monkeypatch.setattr(explainers.lessons, "answer", counted)
    return times


@pytest.fixture(autouse=True)
def no_own_lessons(monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSBOARD_LESSONS", str(tmp_path / "lessons"))
    return tmp_path / "lessons"


def opened() -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120).run()
    app.switch_page("pages/learn.py").run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def everything(app: AppTest) -> str:
    """All that was sent to the browser, as one text."""
    return "\n".join(str(element.proto) for element in leaves(app._tree))


def leaves(block) -> Iterator:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from leaves(child)
        else:
            yield child


def commit(app: AppTest, answer: int, sure: int) -> AppTest:
    app.radio[0].set_value(answer)
    app.radio[1].set_value(sure)
    return press(app, "Commit my answer")


def test_the_list_offers_every_case_and_names_no_misconception():
    app = opened()
    assert [b.label for b in app.button] == ["Begin"] * 4
    assert "Synthetic data" in everything(app)
    assert MISCONCEPTION not in everything(app)
    assert "misconception" not in everything(app)


def test_nothing_of_the_reveal_is_computed_or_sent_before_the_commit(asked):
    app = press(opened(), "Begin")
    sent = everything(app)
    assert "Treating site" in sent and "Site 4" in sent
    assert asked == []
    for secret in (MISCONCEPTION, "the fittest are sent there", "The true change", "Brier"):
        assert secret not in sent
    commit(app, 0, 85)
    assert asked[0] == "moved"
    shown = everything(app)
    for secret in (MISCONCEPTION, "the fittest are sent there", "The true change is 0", "0.72"):
        assert secret in shown
    assert not app.radio


def test_an_answer_needs_a_choice_and_a_confidence(asked):
    app = press(opened(), "Begin")
    app.radio[0].set_value(1)
    press(app, "Commit my answer")
    assert "say how sure you are" in app.warning[0].value
    assert asked == []
    assert app.radio


def test_an_answer_that_was_given_cannot_be_given_again():
    app = commit(press(opened(), "Begin"), 0, 85)
    press(app, "All cases")
    press(app, "Go on")
    commit(app, 2, 55)
    press(app, "All cases")
    press(app, "Look again")
    assert "It falls by 10 points or more" in everything(app)
    assert not app.radio


def test_the_score_and_the_table_are_those_of_the_answers_given():
    app = commit(press(opened(), "Begin"), 0, 85)
    press(app, "The same thought elsewhere")
    commit(app, 2, 55)
    press(app, "All cases")
    seen = everything(app)
    assert "Done: 1 of 2 right" in seen
    assert "1 of 2 right; on average 70 % sure. Brier score 0.46" in seen
    rows = list(csv.DictReader(io.StringIO(csv_of(app))))
    assert [(r["question"], r["correct"], r["confidence_percent"], r["brier"]) for r in rows] == [
        ("moved", "no", "85", "0.7225"), ("which", "yes", "55", "0.2025"),
    ]  # fmt: skip
    press(app, "Forget my answers")
    assert [b.label for b in app.button] == ["Begin"] * 4


def csv_of(app: AppTest) -> str:
    from pages.parts import tables

    return tables.as_csv(app.session_state["learn-progress"].rows())


def test_ones_own_lessons_stand_first_and_a_broken_one_is_named(no_own_lessons):
    no_own_lessons.mkdir()
    shipped = ROOT / "sample_data" / "lessons"
    text = (shipped / "2-missing-test.toml").read_text(encoding="utf-8")
    own = text.replace('title = "The missing test"', 'title = "Ours"').replace(
        'truth = "../truth.parquet"', f'truth = "{ROOT / "sample_data" / "truth.parquet"}"'
    )
    (no_own_lessons / "2-missing-test.toml").write_text(own, encoding="utf-8")
    (no_own_lessons / "broken.toml").write_text("title = ", encoding="utf-8")
    app = opened()
    assert "A lesson was left out. broken.toml" in app.warning[0].value
    sent = everything(app)
    assert sent.index("Ours") < sent.index("The busy centre")
    press(app, "Begin")
    commit(app, 3, 70)
    press(app, "All cases")
    # The shipped case of the same file name is another one.
    assert [b.label for b in app.button].count("Go on") == 1
    shutil.rmtree(no_own_lessons)


def test_a_patient_of_ones_own_files_is_never_labelled_invented(no_own_lessons, monkeypatch, tmp_path):
    text = (ROOT / "sample_data" / "patients" / "S-10-site-4.json").read_text(encoding="utf-8")
    real = json.loads(text) | {"patient_id": "Mine", "synthetic": False}
    (tmp_path / "patients").mkdir()
    (tmp_path / "patients" / "mine.json").write_text(json.dumps(real), encoding="utf-8")
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(tmp_path / "patients"))
    no_own_lessons.mkdir()
    case = (ROOT / "sample_data" / "lessons" / "1-busy-centre.toml").read_text(encoding="utf-8")
    for name in ("truth.parquet", "true_effects.csv"):
        case = case.replace(f'"../{name}"', f'"{ROOT / "sample_data" / name}"')
    (no_own_lessons / "x.toml").write_text(case.replace('"S-10-site-4"', '"Mine"'), encoding="utf-8")
    shown = everything(press(opened(), "Begin"))
    assert "Partly synthetic" in shown and "Synthetic data" not in shown
    assert "Site 4" in shown


def test_a_lesson_on_a_model_that_is_not_there_says_so(no_own_lessons):
    no_own_lessons.mkdir()
    text = (ROOT / "sample_data" / "lessons" / "1-busy-centre.toml").read_text(encoding="utf-8")
    for name in ("truth.parquet", "true_effects.csv"):
        text = text.replace(f'"../{name}"', f'"{ROOT / "sample_data" / name}"')
    (no_own_lessons / "x.toml").write_text(
        text.replace('"solid_tumours"', '"solid_tumors"'), encoding="utf-8"
    )
    app = press(opened(), "Begin")
    assert "This case cannot be opened." in app.error[0].value
    assert "solid_tumours" in app.error[0].value
