"""The published figures: traceable, disjoint, never an artefact, and held by the cohort that ships."""

from __future__ import annotations

import csv
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from sample_data import validate
from sample_data.checks import (
    Finding,
    Target,
    measure,
    read_targets,
    within_standard_errors,
    within_tolerance,
)
from sample_data.generator import generate
from sample_data.generator.contexts import in_context
from sample_data.generator.response import cell_of, cells
from sample_data.generator.vocabulary import THERAPIES
from sample_data.solid_tumours import SEED

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "facts" / "facts.csv"
TARGETS = read_targets()
KEYS = [t.key for t in THERAPIES]


@pytest.fixture(scope="module")
def shipped():
    return generate(12_000, SEED)


@pytest.fixture(scope="module")
def population():
    return generate(60_000, 8)


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.id)
def test_the_shipped_cohort_lies_within_three_standard_errors(target, shipped):
    finding = measure(shipped, target)
    assert within_standard_errors(finding), finding


def test_there_are_forty_response_anchors_and_one_for_every_therapy():
    anchors = [t for t in TARGETS if t.kind == "response"]
    assert len(anchors) >= 40
    assert {t.therapy for t in anchors} == set(KEYS)


def test_contexts_of_a_therapy_are_disjoint(population):
    for key in KEYS:
        rows = {
            t.id: in_context(population.truth, t.condition, t.tumour)
            for t in TARGETS
            if t.kind == "response" and t.therapy == key
        }
        for a, b in combinations(rows, 2):
            assert not (rows[a] & rows[b]).any(), (a, b)


def test_every_patient_has_exactly_one_context_per_therapy(population):
    for key in KEYS:
        found = cell_of(population.truth, key)
        assert found.min() >= 0
        names = [c.id for c in cells(key)]
        assert len(set(names)) == len(names)


def test_a_published_context_is_never_overruled_by_an_assumption(population):
    for target in (t for t in TARGETS if t.kind == "response"):
        mine = [c.id for c in cells(target.therapy)].index(target.id)
        rows = in_context(population.truth, target.condition, target.tumour)
        assert (cell_of(population.truth, target.therapy)[rows] == mine).all(), target.id


def test_no_target_leans_on_an_artefact_and_every_source_is_named():
    with (ROOT / "sample_data" / "targets.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert row["confidence"] in ("cited", "computed", "uncited", "uncertain"), row["id"]
            assert row["source"], row["id"]


@pytest.mark.skipif(not FACTS.exists(), reason="the facts stand beside the checkout, in ../shared/facts")
def test_every_target_stands_in_the_row_it_names():
    with FACTS.open(encoding="utf-8") as file:
        facts = list(csv.DictReader(file))
    with (ROOT / "sample_data" / "targets.csv").open(encoding="utf-8") as file:
        targets = [t for t in csv.DictReader(file) if t["facts_section"] != "table 4.1"]
    for target in targets:
        named = [
            f
            for f in facts
            if all(f[k] == target[f"facts_{k}"] for k in ("section", "tumour", "variable", "context"))
        ]
        assert len(named) == 1, target["id"]
        fact = named[0]
        assert fact["confidence"] == target["confidence"] != "artefact"
        if target["unit"].endswith("at most") or "rounded figure" in target["note"]:
            continue
        text = " ".join(fact[k] for k in ("value", "use_value", "note", "context", "ci95"))
        numbers = {round(float(x), 3) for x in re.findall(r"\d+(?:\.\d+)?", text)}
        value = float(target["value"])
        assert round(value, 3) in numbers or round(value / 100, 3) in numbers, (target["id"], value, text)
        if target["ci_low"]:
            assert fact["ci95"] == f"{target['ci_low']}-{target['ci_high']}", target["id"]


def _target(kind: str, value: float, unit: str = "%", low: float = np.nan, high: float = np.nan) -> Target:
    return Target("x", kind, "any", "", "", "", "", value, unit, low, high, "cited")


@pytest.mark.parametrize(
    ("target", "estimate", "holds"),
    [
        (_target("response", 50), 52.9, True),
        (_target("response", 50), 53.1, False),
        (_target("response", 50, low=40, high=58), 57.9, True),
        (_target("prevalence", 10), 12.1, False),
        (_target("odds_ratio", 2.0, "odds ratio"), 2.9, True),
        (_target("odds_ratio", 2.0, "odds ratio"), 1.3, False),
        (_target("odds_ratio", 0.05, "odds ratio, at most"), 0.06, False),
        (_target("odds_ratio", 0.05, "odds ratio, at most"), 0.0001, True),
        (_target("distribution", 10, "g/dL"), 11.2, False),
        (_target("response", 50), np.nan, False),
    ],
)
def test_tolerances_are_the_agreed_ones(target, estimate, holds):
    assert within_tolerance(Finding(target, estimate, 1000, 1.0)) is holds


def test_a_wrong_target_is_noticed(shipped):
    """The check can fail: three times the published frequency is not in the cohort."""
    real = next(t for t in TARGETS if t.id == "prevalence-lung-kras-g12c")
    wrong = Target(**{name: getattr(real, name) for name in Target.__slots__} | {"value": 36.0})
    assert not within_standard_errors(measure(shipped, wrong))
    assert not within_tolerance(measure(shipped, wrong))


@pytest.mark.validate
@pytest.mark.parametrize("arguments", [[], ["--control"]], ids=["traps on", "traps off"])
def test_half_a_million_patients_hold_every_target(arguments, capsys):
    missed = validate.main(arguments)
    print(capsys.readouterr().out)
    assert missed == 0
