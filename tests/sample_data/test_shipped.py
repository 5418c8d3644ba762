"""What lies in `sample_data/`: current, small, labelled synthetic, and built again the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from oncology.bundles import load, read_card
from oncology.intake import read_patients
from sample_data import build
from sample_data.build import N_PATIENTS, truth_table
from sample_data.generator import generate
from sample_data.generator import traps as planted
from sample_data.generator.vocabulary import SITES, THERAPIES
from sample_data.profiles import encoded_cohort
from sample_data.sample_patients import blood_patients, sample_patients, score_patients, solid_patients
from sample_data.solid_tumours import SEED, build_solid_tumours

HERE = Path(build.__file__).parent
KEYS = [t.key for t in THERAPIES]


@pytest.fixture(scope="module")
def cohort():
    return generate(N_PATIENTS, SEED)


@pytest.fixture(scope="module")
def bundle():
    return load(HERE / "bundles" / "solid_tumours")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def small_builds(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    for folder in folders:
        assert build.main(["--out", str(folder), "--patients", "700", "--refits", "0"]) == 0
    return folders


def test_building_twice_gives_the_same_bytes(small_builds):
    first, second = map(_files, small_builds)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert {name.split("/")[1] for name in first if name.startswith("bundles/")} == {
        "solid_tumours", "loris", "ipssm",
    }  # fmt: skip


def test_the_shipped_patients_are_those_of_the_code(small_builds):
    assert _files(small_builds[0] / "patients") == _files(HERE / "patients")


@pytest.mark.parametrize("name", ["solid_tumours", "loris", "ipssm"])
def test_the_shipped_cards_are_those_of_the_code_and_covered_by_the_bundles(name):
    bundle = load(HERE / "bundles" / name)
    card = read_card(bundle.path, bundle.manifest.files)
    assert card is not None and card.covered
    assert (bundle.path / "card.toml").read_bytes() == (HERE / "cards" / f"{name}.toml").read_bytes()


def test_everything_together_stays_small():
    kept = [p for p in HERE.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in kept) < 15_000_000
    assert sum(len(data) for data in _files(HERE / "bundles" / "solid_tumours").values()) < 4_000_000


def test_the_shipped_model_was_trained_on_the_cohort_of_the_code(bundle, cohort):
    encoded = encoded_cohort(cohort)
    pd.testing.assert_frame_equal(bundle.training.X, encoded.X, check_names=False)
    np.testing.assert_array_equal(bundle.training.y[KEYS].to_numpy(), encoded.y.to_numpy())
    assert bundle.manifest.training["cohort_fingerprint"] == encoded.fingerprint


def test_the_shipped_truth_is_that_of_the_code(cohort):
    shipped = pd.read_parquet(HERE / "truth.parquet")
    pd.testing.assert_frame_equal(shipped, truth_table(cohort))


def test_the_model_says_that_it_is_synthetic_and_what_each_option_is_worth(bundle):
    assert bundle.manifest.synthetic
    assert bundle.options == tuple(KEYS) and not bundle.manifest.left_out
    for option in bundle.options:
        found = bundle.manifest.performance_of(option)
        assert found is not None and 0.5 < found.auc < 0.95, option
    good = [0.65 <= bundle.manifest.performance_of(o).auc <= 0.9 for o in bundle.options]
    assert sum(good) > len(good) / 2


def _observed_and_expected(bundle):
    given = bundle.training.y.notna().to_numpy()
    expected = np.where(given, bundle.probability(bundle.training.margins.to_numpy()), 0).sum(axis=1)
    return np.nansum(bundle.training.y.to_numpy(), axis=1), expected


def test_one_ancestry_group_responds_about_fifteen_points_more_often_than_the_model_expects(bundle):
    observed, expected = _observed_and_expected(bundle)
    group = (bundle.training.groups["ancestry"] == planted.UNDER_REPRESENTED).to_numpy()
    assert 0.12 < (observed - expected)[group].mean() < 0.18
    assert abs((observed - expected)[~group].mean()) < 0.03


def test_the_rare_subtype_is_badly_served_by_pembrolizumab(bundle):
    observed, expected = _observed_and_expected(bundle)
    given = bundle.training.y["pembrolizumab"].notna().to_numpy()
    rare = (bundle.training.groups["rare_subtype"] == "rare lung subtype").to_numpy()
    assert (expected - observed)[rare & given].mean() > 0.1
    assert abs((expected - observed)[~rare & given].mean()) < 0.03


def _toggled(bundle, column, value, rows):
    X = bundle.training.X[rows].iloc[:300].copy()
    X[[c for c in X if c.startswith(column.split("=")[0] + "=")]] = 0.0
    X[column] = value
    return bundle.probability(bundle.margin(X)).mean(axis=0)


@pytest.mark.parametrize("option", ["pembrolizumab", "chemotherapy"])
def test_the_model_leans_on_the_spurious_site_and_on_the_prognostic_gene(bundle, option):
    lung = (bundle.training.groups["tumour"] == "LUAD").to_numpy()
    k = bundle.option_index(option)
    site = [_toggled(bundle, f"site={s}", 1.0, lung)[k] for s in (planted.SPURIOUS_SITE, SITES[1])]
    assert site[0] > site[1] + 0.02
    gene = [_toggled(bundle, planted.PROGNOSTIC_GENE, v, lung)[k] for v in (1.0, 0.0)]
    assert gene[0] < gene[1] - 0.01


@pytest.mark.parametrize(
    ("tumour", "column", "option"),
    [
        ("LUAD", "EGFR p.L858R", "osimertinib"),
        ("LUAD", "ALK fusion", "alectinib"),
        ("LUAD", "ROS1 fusion", "crizotinib"),
        ("LUAD", "RET fusion", "selpercatinib"),
        ("LUAD", "MET exon 14 skipping", "capmatinib"),
        ("LUAD", "KRAS p.G12C", "sotorasib"),
        ("LUAD", "NTRK1 fusion", "larotrectinib"),
        ("SKCM", "BRAF p.V600E", "dabrafenib_trametinib"),
        ("BRCA", "ERBB2 amplification", "trastuzumab_deruxtecan"),
        ("HGSOC", "BRCA1", "olaparib"),
        ("GIST", "PDGFRA p.D842V", "avapritinib"),
        ("IHCH", "FGFR2 fusion", "pemigatinib"),
    ],
)
def test_the_model_learned_the_main_match_of_each_targeted_option(bundle, tumour, column, option):
    rows = (bundle.training.groups["tumour"] == tumour).to_numpy()
    k = bundle.option_index(option)
    assert _toggled(bundle, column, 1.0, rows)[k] > _toggled(bundle, column, 0.0, rows)[k] + 0.1


def test_sample_patients_are_enough_and_each_teaches_one_thing():
    patients = sample_patients()
    assert len(patients) >= 24 and len({p.patient_id for p in patients}) == len(patients)
    assert all(p.synthetic and p.note and "\n" not in p.note for p in patients)
    counts = [len(p.alterations) for p in solid_patients()]
    assert min(counts) == 0 and max(counts) >= 5
    assert any(not p.labs for p in patients) and any(p.panel == "none" for p in patients)
    assert sum(p.tumour == "MDS" for p in blood_patients()) >= 3 and len(score_patients()) >= 3


def test_every_patient_file_reads_back_as_written():
    for patient in sample_patients():
        (read,) = read_patients(HERE / "patients" / f"{patient.patient_id}.json").profiles
        assert read.replace(source=None).fingerprint == patient.fingerprint


def test_scores_of_the_sample_patients_land_where_their_notes_say():
    ipssm, loris = (load(HERE / "bundles" / name) for name in ("ipssm", "loris"))
    blood, favourable = blood_patients(), score_patients()

    def score(bundle, patient):
        return float(bundle.probability(bundle.margin(bundle.schema.encode([patient])))[0, 0])

    groups = [ipssm.formula.group(score(ipssm, p)) for p in blood[:2]]
    assert groups == ["Very Low", "Very High"]
    low, high = ipssm.interval(np.zeros((1, 1)), ipssm.schema.encode([blood[2]]))
    assert high - low > 1
    assert score(loris, favourable[0]) > 0.8 > 0.1 > score(loris, favourable[1])
    assert np.isnan(score(loris, favourable[3]))


@pytest.mark.validate
def test_the_shipped_model_comes_out_again_of_the_shipped_code(bundle, cohort, tmp_path):
    again = build_solid_tumours(tmp_path / "solid_tumours", cohort)
    np.testing.assert_allclose(again.training.margins, bundle.training.margins, atol=1e-6)
    rows = bundle.background.rows
    np.testing.assert_allclose(again.margin(rows), bundle.margin(rows), atol=1e-9)
