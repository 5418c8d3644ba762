"""Published markers: the table against the facts it was typed from, how inputs match, and what is said of the model."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from explainers.importance import shapley_importance, shapley_sample
from explainers.overall.beyond_chance import against_null
from explainers.overall.directions import Direction
from explainers.overall.known_biology import is_technical, known_biology
from explainers.overall.strongest_markers import strongest_markers
from oncology.bundles import load
from oncology.evidence import COLUMNS, EvidenceError, evidence_for, read_evidence
from oncology.features import alteration_feature, field_feature

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "sample_data" / "evidence.csv"
FACTS = ROOT.parent / "shared" / "facts" / "facts.csv"


@pytest.fixture(scope="module")
def table():
    return read_evidence(TABLE)


def written(tmp_path, **changes):
    """A table with one row of ours, some cells changed."""
    row = {
        "therapy": "sotorasib", "biomarker": "KRAS p.G12C", "tumour": "NSCLC", "direction": "sensitivity", "figure": "37.1",
        "unit": "% with a response", "n": "124", "against": "", "context": "", "source": "CodeBreaK 100",
        "reference": "NCT03600883", "date": "2021",
    } | changes  # fmt: skip
    path = tmp_path / "evidence.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, row.keys())
        writer.writeheader()
        writer.writerow(row)
    return path


def test_every_shipped_row_has_a_source_and_a_figure(table):
    assert len(table) >= 45
    assert all(s.source and s.unit and np.isfinite(s.figure) for s in table)


def test_every_shipped_figure_stands_in_a_cited_row_of_the_facts(table):
    if not FACTS.exists():
        pytest.skip("the facts that the table was typed from are not beside this checkout")
    with FACTS.open(encoding="utf-8") as stream:
        cited = [r for r in csv.DictReader(stream) if r["confidence"] == "cited"]
    for s in table:
        sources = [r for r in cited if s.source in r["source"]]
        figures = {f for r in sources for f in re.findall(r"\d+(?:\.\d+)?", r["value"])}
        assert f"{s.figure:g}" in {f"{float(f):g}" for f in figures}, s.words
        if s.n is not None:
            assert any(str(s.n) in re.findall(r"\d+", r["n"]) for r in sources), s.words


def test_therapies_are_found_however_they_are_written(table):
    wanted = ("dabrafenib_trametinib", "Dabrafenib + trametinib")
    assert len(evidence_for(table, wanted[:1])) == len(evidence_for(table, wanted[1:])) >= 3
    assert not evidence_for(table, ("dabrafenib",)) and not evidence_for(table, ("",))
    assert {s.biomarker for s in evidence_for(table, ("Sotorasib (AMG 510)",))} == {"KRAS p.G12C"}


@pytest.mark.parametrize(
    ("biomarker", "feature", "expected"),
    [
        ("KRAS p.G12C", alteration_feature("KRAS", change="p.G12C"), "same"),
        ("KRAS", alteration_feature("KRAS", change="p.G12C"), "same"),
        ("KRAS p.G12C", alteration_feature("KRAS"), "part of"),
        ("KRAS p.G12C", alteration_feature("KRAS", change="p.G12D"), "same gene"),
        ("EGFR exon 19 deletion", alteration_feature("EGFR", change="p.L858R"), "same gene"),
        ("ERBB2", alteration_feature("ERBB2", kind="amplification"), "same gene"),
        ("ALK fusion", alteration_feature("ALK", kind="fusion"), "same"),
        ("ALK fusion", alteration_feature("ROS1", kind="fusion"), None),
        ("EGFR p.L858R | EGFR exon 19 deletion", alteration_feature("EGFR", change="exon 19 deletion"), "same"),
        ("TMB >= 10", field_feature("TMB", "TMB", "tmb_per_mb"), "same"),
        ("TMB >= 10", field_feature("age", "Age", "age_years"), None),
        ("MSI high", field_feature("MSI", "MSI", "msi", "categorical", levels=("stable", "high")), "same"),
    ],
)  # fmt: skip
def test_an_input_matches_its_marker(tmp_path, biomarker, feature, expected):
    (statement,) = read_evidence(written(tmp_path, biomarker=biomarker))
    assert statement.match(feature) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": ""}, "line 2: source is empty. A statement without it cannot be shown"),
        ({"direction": "good"}, "the direction is 'good'; expected sensitivity, resistance"),
        ({"tumour": "LUNG"}, "the tumour is 'LUNG'; expected an OncoTree code"),
        ({"figure": "36 / 12"}, "'36 / 12' or n '124' is no number. Give one figure a row"),
        ({"n": "-3"}, "n '-3' is out of range"),
        ({"figure": "nan"}, "out of range"),
        ({"date": "last year"}, "the date is 'last year'; expected a year"),
        ({"biomarker": "the usual ones"}, "'the usual ones' is not understood; expected a gene"),
        ({"biomarker": "KRAS exon 99"}, "is neither a protein change"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tmp_path, changes, message):
    with pytest.raises(EvidenceError, match=re.escape(message)):
        read_evidence(written(tmp_path, **changes))


def test_tables_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(EvidenceError, match=r"cannot be read \(FileNotFoundError\)"):
        read_evidence(tmp_path / "none.csv")
    (tmp_path / "half.csv").write_text("therapy,biomarker\na,b\n")
    with pytest.raises(EvidenceError, match="lacks the columns tumour, direction"):
        read_evidence(tmp_path / "half.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(EvidenceError, match="UnicodeDecodeError"):
        read_evidence(tmp_path / "bytes.csv")
    (tmp_path / "empty.csv").write_text(",".join(COLUMNS) + "\n")
    assert read_evidence(tmp_path / "empty.csv") == ()


# What is said of a model ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solid():
    return load(ROOT / "sample_data" / "bundles" / "solid_tumours")


def biology(bundle, option, table, **more):
    sample = shapley_sample(bundle, option, n_patients=3000)
    return known_biology(bundle, sample, shapley_importance(sample), table, **more)


def test_known_markers_stand_in_the_published_direction(solid, table):
    found = biology(solid, "osimertinib", table)
    standing = {f.feature: f for f in found.findings}
    assert standing["EGFR p.L858R"].standing == "known sensitivity" and not standing["EGFR p.L858R"].opposite
    assert "FLAURA" in standing["EGFR p.L858R"].words
    resistance = biology(solid, "cetuximab_chemotherapy", table)
    kras = {f.feature: f for f in resistance.findings}["KRAS"]
    assert (kras.standing, kras.direction.way, kras.opposite) == ("known resistance", "lowers", False)
    assert any("PIK3CA exon 20" in s.biomarker for s in resistance.missed)


def test_the_site_is_suspicious(solid, table):
    found = biology(solid, "pembrolizumab", table)
    assert {f.feature: f.standing for f in found.findings}["site"] == "suspicious"
    assert "Suspicious: Treating site" in found.words


def test_a_marker_that_moves_the_other_way_is_said(solid, table, tmp_path):
    turned = read_evidence(
        written(
            tmp_path,
            therapy="osimertinib",
            biomarker="EGFR p.L858R | EGFR exon 19 deletion",
            direction="resistance",
        )
    )
    found = biology(solid, "osimertinib", turned)
    opposite = [f.label for f in found.findings if f.opposite]
    assert "EGFR p.L858R" in opposite
    assert "Against the published direction: EGFR" in found.words
    row = next(r for r in found.rows() if r["input"] == "EGFR p.L858R")
    assert row["standing"] == "opposite to what is published" and "Against what is published" in row["why"]


def test_a_therapy_without_evidence_says_so_and_calls_nothing_new_a_discovery(solid, table):
    found = biology(solid, "chemotherapy", table)
    assert "holds no figure on" in found.words and found.n_statements == 0
    assert "nothing here is confirmed" in found.words


def test_what_is_not_beyond_chance_says_so(solid, table):
    sample = shapley_sample(solid, "chemotherapy")
    important = shapley_importance(sample)
    chance = against_null(important, np.full((25, len(important.values)), important.values.max() + 1))
    found = known_biology(solid, sample, important, table, chance=chance)
    assert all(f.beyond_chance is False for f in found.findings)
    assert all(f.words.endswith("Not beyond chance.") for f in found.findings)


@pytest.mark.parametrize(
    ("feature", "technical"),
    [
        (field_feature("site", "Treating site", "site", "categorical", levels=("a", "b")), True),
        (field_feature("x", "Gene panel", "panel", "categorical", levels=("a", "b")), True),
        (field_feature("y", "Year of sequencing", "findings.year", "count"), True),
        (field_feature("b", "Batch", "findings.batch", "categorical", levels=("a", "b")), True),
        (field_feature("age", "Age", "age_years"), False),
        (field_feature("s", "Primary tumour side", "findings.side", "categorical", levels=("l", "r")), False),
        (alteration_feature("KRAS"), False),
    ],
)
def test_technical_inputs_are_known(feature, technical):
    assert is_technical(feature) == technical


def test_flt3_itd_leads_the_molecular_inputs_of_sorafenib_and_quizartinib(tmp_path):
    """On BeatAML: trained here from the shipped study file, which takes a few seconds for two inhibitors."""
    real = ROOT.parent / "shared" / "real" / "beataml"
    if not real.is_dir():
        pytest.skip("BeatAML is not beside this checkout (../shared/real/beataml)")
    from oncology.training import train

    study = (ROOT / "sample_data" / "studies" / "beataml.toml").read_text(encoding="utf-8")
    options = re.search(r"(?s)\[outcomes\.options\]\n(.*?)\n\n", study).group(1)
    two = [line for line in options.splitlines() if line.startswith(("Sorafenib", "Quizartinib"))]
    shutil.copytree(ROOT / "sample_data" / "studies", tmp_path / "studies")
    small = tmp_path / "studies" / "two.toml"
    small.write_text(study.replace(options, "\n".join(two)), encoding="utf-8")
    bundle = train(small, real, tmp_path / "two")
    found = {m.option: m for m in strongest_markers(bundle).markers}
    for drug in ("Sorafenib", "Quizartinib"):
        assert (
            found[drug].feature == "FLT3 ITD" and found[drug].direction.way == "raises" and found[drug].clear
        )
        assert found[drug].has_signal


def test_a_direction_says_on_which_side_there_are_too_few_patients():
    assert Direction("too few", None, None).words == "fewer than 5 patients have it"
    assert Direction("too few", None, 200).words == "fewer than 5 patients are tested and without it"
