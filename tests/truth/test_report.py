"""The truth file: bound to its model, read back as written, refused in words; and the document says what it says."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explainers.truth import (
    TruthFileError,
    TruthReport,
    read_truth_report,
    recovery_table,
    summary,
    trap_table,
    truth_path,
)
from oncology.bundles import load

ROOT = Path(__file__).resolve().parents[2]
SOLID = ROOT / "sample_data" / "bundles" / "solid_tumours"


@pytest.fixture(scope="module")
def bundle():
    return load(SOLID)


@pytest.fixture(scope="module")
def report(bundle):
    found = read_truth_report(bundle)
    assert found is not None
    return found


def test_what_ships_belongs_to_the_model_that_ships(report, bundle):
    assert report.bundle == bundle.name
    assert {"shapley", "shapley/training", "lime", "lime-repeated", "ablation", "exact", "permutation"} <= {
        r.method for r in report.recovery
    }
    assert {t.trap for t in report.traps} == {"site", "prognostic", "pairs", "subtype"}


def test_a_report_is_read_back_as_it_was_written(report):
    again = TruthReport.from_json(report.to_json())
    assert again.to_json() == report.to_json()
    unknown = [r for r in again.recovery if r.scope == "model"]
    assert all(math.isnan(r.effects_model[0]) for r in unknown)


def test_figures_of_another_model_are_refused(report, bundle, tmp_path):
    other = dataclasses.replace(bundle, path=tmp_path / "mine")
    assert read_truth_report(other) is None
    truth_path(other.path).write_text(dataclasses.replace(report, model="0" * 64).to_json(), encoding="utf-8")
    with pytest.raises(TruthFileError, match="another version of it"):
        read_truth_report(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"glassboard_truth": 2}', "format 2; this version reads 1"),
        ('{"glassboard_truth": 1, "recovery": [{}], "traps": [], "left_out": []}', "cannot be read"),
    ],
)
def test_a_broken_file_is_refused(text, expected):
    with pytest.raises(TruthFileError, match=expected):
        TruthReport.from_json(text)


def test_the_sentences_tell_the_models_error_from_the_methods(report):
    by_method = {r.method: r for r in report.recovery}
    said = " ".join(summary(report))
    assert (
        f"{by_method['ablation'].effects_truth[0]:.2f} only: the rest of the way to 1 is the model's own error"
        in said
    )
    shares = [
        r.effects_model[0]
        for r in report.recovery
        if r.scope == "patient" and r.method not in ("ablation", "exact")
    ]
    assert f"{min(shares):.2f} (LIME) to {max(shares):.2f} (Shapley values" in said


def test_what_the_figures_show_on_the_shipped_model(report):
    # The methods read the model; the model misses the truth; every method points at the site, which does nothing.
    by_method = {r.method: r for r in report.recovery}
    assert by_method["shapley/training"].effects_model[0] > 0.85
    assert by_method["ablation"].effects_truth[0] < 0.7
    site = [t for t in report.traps if t.trap == "site" and t.figure.endswith("log-odds")]
    assert site and all(t.value[1] > t.truth for t in site)


def test_the_document_holds_the_figures_of_the_file(report):
    text = (ROOT / "docs" / "explanations_against_truth.md").read_text(encoding="utf-8")
    lines = {line.strip() for line in text.splitlines()}
    for row in [*recovery_table(report), *trap_table(report)]:
        assert "| " + " | ".join(str(v) for v in row.values()) + " |" in lines
    assert report.date in text and report.seeds in text


def panel(folder: str):
    from pathlib import Path

    from oncology.bundles import load
    from pages.parts import truth_panel

    truth_panel.show(load(Path(folder)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("solid_tumours", "the model's own error"), ("loris", "A published formula is a sum")],
)
def test_the_panel_opens_for_models_with_and_without_figures(name, expected):
    app = AppTest.from_function(panel, args=(str(SOLID.parent / name),), default_timeout=120).run()
    assert not app.exception
    assert expected in " ".join(m.value for m in app.markdown)
    assert [h.value for h in app.header] == ["How far can explanations of this model be trusted?"]


def test_the_file_holds_no_number_that_json_does_not_know():
    json.loads(truth_path(SOLID).read_text(encoding="utf-8"), parse_constant=pytest.fail)
