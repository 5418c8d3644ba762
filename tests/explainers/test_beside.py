"""Seventeen things beside one number: all there, counted by hand, and what is not recorded said so."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest

from explainers.beside import NOT_RECORDED, USE, beside
from explainers.beside.groups import group_rows
from explainers.patient_report import patient_report
from oncology.bundles import load
from oncology.checklist import checklist
from oncology.errors import UnknownNameError
from oncology.intake import read_patients
from oncology.patients import PatientProfile
from oncology.prediction import predict
from oncology.recommendations import rank
from sample_data.generator.traps import UNDER_REPRESENTED

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
LETTERS = "abcdefghijklmnopq"
PAIRS = [
    ("solid_tumours", "S-01-egfr-l858r"), ("solid_tumours", "S-05-hotspot-panel"),
    ("solid_tumours", "S-33-outside-age-15"), ("loris", "S-01-egfr-l858r"), ("ipssm", "S-40-mds-sf3b1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def given():
    bundles = {name: load(SAMPLE / "bundles" / name) for name in ("solid_tumours", "loris", "ipssm")}

    def give(bundle: str, patient: str):
        (profile,) = read_patients(SAMPLE / "patients" / f"{patient}.json").profiles
        return bundles[bundle], profile

    return give


@pytest.mark.parametrize(("bundle", "patient"), PAIRS)
def test_all_seventeen_are_there_for_every_kind_of_model(given, bundle, patient):
    found = beside(*given(bundle, patient))
    assert "".join(e.letter for e in found.entries) == LETTERS
    for entry in found.entries:
        assert entry.words and all(words.strip() for words in entry.words)
    for letter in "ilp":
        assert (
            found.entry(letter).words == (f"{NOT_RECORDED.capitalize()}.",)
            and not found.entry(letter).recorded
        )


@pytest.mark.parametrize(("bundle", "patient"), PAIRS)
def test_all_seventeen_stand_in_the_saved_document_of_a_patient(given, bundle, patient):
    html = patient_report(*given(bundle, patient), methods=())
    section = html.split("Everything that belongs beside this number")[1]
    for item in checklist().beside:
        assert f"<td>{item.letter}</td><td>{escape(item.title)}</td>" in section
    assert NOT_RECORDED.capitalize() in section and USE in section


def test_the_value_and_the_base_rate_are_those_of_the_ranking(given):
    bundle, profile = given("solid_tumours", "S-01-egfr-l858r")
    ranking = rank(bundle, predict(bundle, profile), profile)
    found = beside(bundle, profile, ranking, option="Osimertinib")
    entry = ranking.of("osimertinib")
    assert entry.per_100[1:] in found.entry("b").words[0]
    # 490 of the 973 patients with lung adenocarcinoma who had it responded.
    assert bundle.manifest.responders["osimertinib"]["LUAD"] == 490
    assert found.entry("c").words == (
        f"Of 973 in training with the same tumour type who had it, {100 * 490 / 973:.0f} of 100 responded.",
    )
    assert bundle.sha256 in " ".join(found.entry("n").words)
    had, hits = (
        counts["pembrolizumab"]["LUAD"] for counts in (bundle.manifest.support, bundle.manifest.responders)
    )
    words = beside(bundle, profile, ranking, option="pembrolizumab").entry("c").words[0]
    assert f"Of {had:,} in training" in words and f"{100 * hits / had:.0f} of 100 responded" in words
    assert hits / had < 0.45


def test_a_group_of_the_patient_is_held_against_what_was_observed_in_it(given):
    bundle, profile = given("solid_tumours", "S-01-egfr-l858r")
    training, (row,) = (
        bundle.training,
        [r for r in group_rows(bundle, profile, "osimertinib") if r.group.startswith("sex")],
    )
    had = training.y["osimertinib"].notna() & (training.groups["sex"] == profile.sex)
    y = training.y["osimertinib"][had]
    assert row.n == len(y) and row.observed == pytest.approx(100 * y.mean())
    # Wilson (1927), by hand.
    p, n, z = y.mean(), len(y), 1.959964
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    assert (row.low, row.high) == pytest.approx((100 * (centre - half), 100 * (centre + half)), abs=1e-3)
    assert abs(row.said - row.observed) < 10


def test_the_group_that_is_badly_served_is_told_to_a_patient_of_it(given):
    bundle, profile = given("solid_tumours", "S-01-egfr-l858r")
    rows = group_rows(bundle, profile.replace(ancestry=UNDER_REPRESENTED), "pembrolizumab")
    (row,) = [r for r in rows if r.group.startswith("ancestry")]
    assert row.is_apart and row.observed > row.said + 5
    words = (
        beside(bundle, profile.replace(ancestry=UNDER_REPRESENTED), option="pembrolizumab").entry("g").words
    )
    assert any(
        f"Ancestry: {UNDER_REPRESENTED}" in w and w.endswith("its number lies outside.") for w in words
    )
    assert any("of twenty groups one does by chance" in w for w in words)


def test_groups_of_few_patients_are_not_told(given):
    bundle, profile = given("solid_tumours", "S-01-egfr-l858r")
    training = bundle.training
    for option in bundle.options:
        for row in group_rows(bundle, profile, option):
            assert row.n >= 30
            assert min(row.observed, 100 - row.observed) * row.n / 100 >= 4.999
    assert training is not None


def test_an_option_without_an_answer_has_no_number_and_no_reasons(given):
    bundle, profile = given("solid_tumours", "S-01-egfr-l858r")
    found = beside(bundle, profile, option="olaparib")
    assert found.entry("b").words[0].startswith("No number: ")
    assert found.entry("h").words[0] == "No answer, so nothing to explain."
    assert not re.search(r"\d+ of 100 patients", found.entry("b").words[0])


def test_unknown_inputs_are_counted_and_what_they_could_move_is_told(given):
    bundle, profile = given("solid_tumours", "S-05-hotspot-panel")
    values = bundle.schema.values(profile)
    words = " ".join(beside(bundle, profile).entry("e").words)
    assert words.startswith(f"{sum(v is None for v in values)} of {len(values)} inputs are not known")
    assert "would move" in words


def test_a_score_has_no_people_out_of_a_hundred_and_no_training_patients(given):
    found = beside(*given("loris", "S-01-egfr-l858r"))
    assert "no people out of a hundred" in found.entry("b").words[0]
    assert "no training patient" in found.entry("c").words[0]
    assert not any(re.search(r"\d of 100", w) for e in found.entries for w in e.words)


def test_a_patient_of_whom_nothing_is_known_gets_all_seventeen(given):
    bundle, _ = given("solid_tumours", "S-01-egfr-l858r")
    found = beside(bundle, PatientProfile("nobody"))
    assert len(found.entries) == 17
    assert "no number" in found.entry("b").words[0].lower()


def test_words_are_never_prescriptive_or_causal(given):
    for pair in PAIRS:
        words = " ".join(w for e in beside(*given(*pair)).entries for w in e.words).lower()
        assert not re.search(r"should receive|treat with|we recommend|raises the response|causes", words)
        assert "association, not a cause" in words


def test_an_unknown_option_names_its_neighbours(given):
    with pytest.raises(UnknownNameError, match="osimertinib"):
        beside(*given("solid_tumours", "S-01-egfr-l858r"), option="osimertinb")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[output_definition]\nhorizon = 5\n",
            ("[output_definition] horizon is 5; expected text, or a list of texts",),
        ),
        ("[funding]\nfunding = \n", ("no TOML document", "line 2")),
        ("[fundings]\n", ("fundings", "funding")),
        (
            '[[studies]]\ndesign = "blind"\nexternal = true\n',
            ("studies]] number 1", "expected one of retrospective"),
        ),
    ],
)
def test_a_broken_card_names_its_entry_and_is_never_called_silence(given, tmp_path, text, said):
    bundle, profile = given("ipssm", "S-40-mds-sf3b1")
    folder = tmp_path / "bundle"
    shutil.copytree(bundle.path, folder)
    (folder / "card.toml").write_text(text, encoding="utf-8")
    files = {k: v for k, v in bundle.manifest.files.items() if k != "card.toml"}
    files["card.toml"] = hashlib.sha256(text.encode()).hexdigest()
    broken = replace(bundle, path=folder, manifest=replace(bundle.manifest, files=files))
    found = beside(broken, profile)
    words = " ".join(found.entry("q").words)
    assert "card.toml cannot be used" in words and all(part in words for part in said)
    for letter in "anq":
        told = " ".join(found.entry(letter).words)
        assert "not known, because the developer's card cannot be used (see q)" in told
        assert "not provided by the developer" not in told


def test_a_card_that_the_hash_does_not_cover_counts_for_nothing_and_is_named(given, tmp_path):
    bundle, profile = given("loris", "S-01-egfr-l858r")
    folder = tmp_path / "bundle"
    shutil.copytree(bundle.path, folder)
    (folder / "card.toml").write_text('[sources]\nharm = "nobody@example.org"\n', encoding="utf-8")
    files = {k: v for k, v in bundle.manifest.files.items() if k != "card.toml"}
    found = beside(replace(bundle, path=folder, manifest=replace(bundle.manifest, files=files)), profile)
    words = " ".join(found.entry("q").words)
    assert "its hash does not cover" in words and "nobody@example.org" not in words
    assert "not provided by the developer" in words
