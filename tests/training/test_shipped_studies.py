"""The shipped study files, on the real patients they are for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oncology.edits import Edit, apply
from oncology.prediction import predict
from oncology.recommendations import rank
from oncology.training import profiles, read_study, train

STUDIES = Path(__file__).parents[2] / "sample_data/studies"
REAL = Path(__file__).parents[3] / "shared/real"
FEW = ("Sorafenib", "Quizartinib", "Panobinostat", "Ruxolitinib")


def test_the_shipped_study_names_forty_inhibitors():
    study = read_study(STUDIES / "beataml.toml")
    assert (
        len(study.options) == 40 and len(set(study.options.values())) == 40 and set(FEW) <= set(study.options)
    )


def test_the_shipped_study_is_of_the_laboratory():
    about = read_study(STUDIES / "beataml.toml").about
    assert about["setting"] == "laboratory"
    assert about["outcome"] == "are among the most sensitive quarter in the laboratory"


def _written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def beataml(tmp_path_factory):
    """Four of the forty inhibitors, trained on the real patients by the shipped study file."""
    data = REAL / "beataml"
    if not data.exists():
        pytest.skip("the BeatAML tables are not beside this checkout (../shared/real/beataml)")
    folder = tmp_path_factory.mktemp("beataml")
    shutil.copy(STUDIES / "beataml_card.toml", folder)
    lines = (STUDIES / "beataml.toml").read_text().splitlines()
    start = lines.index("[outcomes.options]") + 1
    end = lines.index("[features]")
    kept = [line for line in lines[start:end] if line.split(" = ")[0] in FEW]
    text = "\n".join([*lines[:start], *kept, *lines[end:]])
    return train(_written(folder / "study.toml", text), data, folder / "bundle"), profiles(
        read_study(folder / "study.toml"), data
    )


def test_sorafenib_is_told_apart_and_ruxolitinib_is_not(beataml):
    bundle, _ = beataml
    judged = {o: bundle.manifest.performance_of(o) for o in FEW}
    assert (
        judged["Sorafenib"].auc >= 0.75
        and judged["Sorafenib"].has_signal
        and judged["Quizartinib"].has_signal
    )
    assert not judged["Ruxolitinib"].has_signal and not judged["Panobinostat"].has_signal
    assert 0.24 <= judged["Sorafenib"].base_rate <= 0.26 and judged["Sorafenib"].n == 361


def test_switching_flt3_itd_moves_sorafenib_and_quizartinib_as_the_cells_say(beataml):
    bundle, patients = beataml
    assert len(patients) == 553
    negative = [p for p in patients if p.tumour == "AML" and bundle.schema.value(p, "FLT3 ITD") == 0.0][:40]
    positive = [apply(bundle.schema, p, [Edit("FLT3 ITD", 1.0)]) for p in negative]
    change = (predict(bundle, positive).probability - predict(bundle, negative).probability).mean(axis=0)
    by_option = dict(zip(bundle.options, change, strict=True))
    assert by_option["Sorafenib"] > 0.15 and by_option["Quizartinib"] > 0.08
    assert abs(by_option["Ruxolitinib"]) < 0.02


def test_a_patient_without_sequencing_learns_which_test_would_move_the_ranking(beataml):
    bundle, patients = beataml
    unsequenced = next(p for p in patients if p.tumour == "AML" and bundle.schema.value(p, "NPM1") is not None
                       and bundle.schema.value(p, "DNMT3A") is None)  # fmt: skip
    ranking = rank(bundle, predict(bundle, unsequenced), unsequenced)
    assert ranking.ordered and ranking.unknowns
    other = unsequenced.replace(tumour="MPN")
    assert len(rank(bundle, predict(bundle, other), other).abstained) == 4


def test_the_loris_study_trains_on_its_own_table(tmp_path):
    if not (REAL / "loris").exists():
        pytest.skip("the LORIS table is not beside this checkout (../shared/real/loris)")
    bundle = train(STUDIES / "loris.toml", REAL / "loris", tmp_path / "out")
    judged = bundle.manifest.performance_of("immunotherapy")
    assert bundle.label("immunotherapy") == "Immune checkpoint inhibitor" and not bundle.ranks
    assert judged.n == 964 and judged.n_events == 282 and judged.auc > 0.68
    assert bundle.manifest.support["immunotherapy"]["NSCLC"] == 331
