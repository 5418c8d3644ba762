"""The terminal in a process of its own: what it says, and what it does not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oncology.intake import write_profile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def given(make_bundle, patient, tmp_path):
    """A bundle's folder and a patient's file."""
    file = tmp_path / "patient.json"
    file.write_text(write_profile(patient), encoding="utf-8")
    return str(make_bundle().path), str(file)


def test_a_fresh_process_answers_and_says_errors_without_a_traceback(given):
    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "explainers", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    good = call("predict", *given, "--json")
    assert good.returncode == 0 and json.loads(good.stdout)["patient"] == {
        "patient_id": "P1",
        "synthetic": True,
        "germline_withheld": False,
    }
    bad = call("predict", given[0], "nobody")
    assert bad.returncode == 2 and bad.stdout == "" and bad.stderr.count("\n") == 1
    assert call("--help").returncode == 0


def test_asking_does_not_import_what_it_does_not_need():
    code = (
        "import sys, explainers.__main__ as m; m.parser(); "
        "import explainers.local, explainers.counterfactuals, explainers.importance, explainers.agreement; "
        "heavy = {'shap', 'lime', 'plotly', 'numba', 'sklearn', 'streamlit'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
