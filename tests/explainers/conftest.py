"""Small bundles and patients for the explainers' tests."""

from __future__ import annotations

import pytest
from hypothesis import settings

from explainers.__main__ import main
from oncology.bundles import ModelBundle
from oncology.intake import write_profile
from oncology.patients import Alteration, PatientProfile
from tests.explainers.small_cohort import build_small

# A shared machine is slow at times; no test here is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory):
    """A bundle of one kind of model, built once a session on 1,200 invented patients."""
    made: dict[str, ModelBundle] = {}
    folder = tmp_path_factory.mktemp("bundles")

    def make(kind: str = "boosting") -> ModelBundle:
        if kind not in made:
            made[kind] = build_small(folder / kind, kind)
        return made[kind]

    return make


@pytest.fixture
def patient() -> PatientProfile:
    """A woman with lung cancer and EGFR p.L858R; the panel did not cover fusions, albumin was not measured."""
    return PatientProfile(
        "P1", age_years=63, sex="female", tumour="LUAD", alterations=(Alteration("EGFR", protein_change="p.L858R"),),
        assayed_genes=frozenset({"EGFR", "KRAS", "TP53"}), synthetic=True,
    )  # fmt: skip


@pytest.fixture
def given(make_bundle, patient, tmp_path):
    """A bundle's folder and a patient's file."""
    file = tmp_path / "patient.json"
    file.write_text(write_profile(patient), encoding="utf-8")
    return str(make_bundle().path), str(file)


@pytest.fixture
def run(capsys):
    """Run a verb: (exit code, output, errors)."""

    def run(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as exit_:
            code = exit_.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
