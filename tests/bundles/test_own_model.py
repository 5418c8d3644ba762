"""The few lines that the README gives for one's own model do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from oncology.bundles import load

README = Path(__file__).parents[2] / "README.md"


def test_the_lines_of_the_readme_make_a_bundle(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    rng = np.random.default_rng(0)
    ids = pd.Index([f"P{i}" for i in range(120)], name="patient_id")
    X = pd.DataFrame(
        {
            "EGFR": rng.integers(0, 2, 120),
            "KRAS p.G12C": rng.integers(0, 2, 120),
            "Age": rng.integers(30, 80, 120),
        },
        ids,
    ).astype(float)
    X.iloc[:9, 0] = np.nan
    y = pd.DataFrame({"osimertinib": (rng.random(120) < 0.2 + 0.6 * X["EGFR"].fillna(0)).astype(float)}, ids)
    y.iloc[40:50] = np.nan
    X.to_csv(tmp_path / "inputs.csv")
    y.to_csv(tmp_path / "responses.csv")
    pd.DataFrame({"tumour": "LUAD"}, ids).to_csv(tmp_path / "groups.csv")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    bundle = load(tmp_path / "local/bundles/mine")
    assert bundle.options == ("osimertinib",) and bundle.manifest.support["osimertinib"] == {
        "": 110,
        "LUAD": 110,
    }
    assert bundle.manifest.performance_of("osimertinib").has_signal
