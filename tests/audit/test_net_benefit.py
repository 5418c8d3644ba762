"""Decision curves against the formula by hand, and the rule "by label only" against single patients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explainers.audit.data import of_bundle, of_cohort
from explainers.audit.findings import utility, utility_words
from explainers.audit.label_rules import LABELS, NOT_SOURCED, label_rule
from explainers.audit.net_benefit import (
    THRESHOLDS,
    DecisionCurve,
    ThresholdError,
    decision_curve,
    net_benefit,
    net_benefit_statistic,
    price_words,
)
from explainers.audit.option_table import _worth
from explainers.audit.overview import OptionAudit
from explainers.audit.resampling import redrawn, resample
from oncology.bundles import load
from oncology.patients import Alteration, Outcome, PatientProfile
from tests.audit.test_audit_data import BUNDLES

T = np.asarray(THRESHOLDS)


def curve(y, p, met=None, rounds=100) -> DecisionCurve:
    (draws,) = resample(len(y), (net_benefit_statistic(y, p, met, T),), rounds=rounds)
    return decision_curve("a", y, p, draws, met=met)


def test_two_hits_and_one_false_alarm_by_hand():
    # treated at 0.3: 0.9 (hit), 0.4 (false alarm), 0.6 (hit); price of a false alarm 0.3 / 0.7
    assert net_benefit([1, 0, 1, 0], [0.9, 0.4, 0.6, 0.2], threshold=0.3) == pytest.approx((2 - 3 / 7) / 4)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.2, 1.5])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(ThresholdError, match="strictly between 0 and 1"):
        net_benefit([1, 0], [0.5, 0.5], threshold=threshold)


def test_the_curve_is_the_formula_at_every_threshold(drawn):
    y, p = drawn(200)
    found = curve(y, p, met=p > 0.6)
    for i, t in enumerate(THRESHOLDS):
        odds = t / (1 - t)
        treated = p >= t
        assert found.model[i] == pytest.approx(
            (treated & (y == 1)).mean() - odds * (treated & (y == 0)).mean()
        )
        assert found.everybody[i] == pytest.approx(y.mean() - odds * (1 - y.mean()))
        by_label = ((p > 0.6) & (y == 1)).mean() - odds * ((p > 0.6) & (y == 0)).mean()
        assert found.label[i] == pytest.approx(by_label)
        assert found.over_label[i] == pytest.approx(found.model[i] - by_label)
        assert found.over_default[i] == pytest.approx(found.model[i] - max(found.everybody[i], 0))
        assert found.treated[i] == pytest.approx(treated.mean())


def test_a_redraw_gives_the_net_benefit_of_the_redrawn_patients(drawn):
    y, p = drawn(80)
    counts = redrawn(80, 4, np.random.default_rng(2))
    values = net_benefit_statistic(y, p, None, np.array([0.25]))(counts)
    for b in range(4):
        again = np.repeat(np.arange(80), counts[b].astype(int))
        assert values[b, 0] == pytest.approx(net_benefit(y[again], p[again], threshold=0.25))


def test_intervals_hold_the_estimate_and_are_paired(drawn):
    y, p = drawn(300)
    found = curve(y, p, met=p >= 0.2, rounds=300)
    i = found.at(0.2)
    assert found.low[i] < found.model[i] < found.high[i]
    # The rule is the model itself at this threshold: the difference is nothing, in every redraw.
    assert found.over_label[i] == found.over_label_low[i] == found.over_label_high[i] == 0.0


def test_one_outcome_gives_no_curve_but_the_reason():
    assert "nobody responded" in curve(np.zeros(30), np.linspace(0.1, 0.5, 30)).reason
    assert "everybody responded" in curve(np.ones(30), np.linspace(0.1, 0.5, 30)).reason


def test_a_sharp_model_is_above_a_blunt_label_and_a_random_one_below_a_sharp_label():
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.4).astype(float)
    sharp = np.clip(0.4 + 0.55 * (y - 0.4) + rng.normal(0, 0.02, 2000), 0.01, 0.99)
    blunt = rng.random(2000) < 0.5
    assert utility(curve(y, sharp, met=blunt), 1, 0.1, 0.5) == "above"
    assert utility(curve(y, np.full(2000, 0.4), met=y == 1), 1, 0.1, 0.5) == "below"
    assert utility(curve(y, sharp), 1, 0.1, 0.5) == "unknown"


def test_the_banner_is_silent_only_where_the_model_is_above_throughout(drawn):
    def banner(over, low, high, known=True):
        t = (0.1, 0.2, 0.3, 0.4)
        found = DecisionCurve(
            "a",
            100,
            40,
            t,
            over,
            over,
            over,
            over,
            over,
            over,
            over,
            over,
            (0.0,) * 4,
            over,
            low,
            high,
            "X",
            "",
            known,
        )
        return utility_words(OptionAudit("a", "Drug", 100, 40, None, (), None, 0.0, found), 1, 0.1, 0.4)  # type: ignore[arg-type]

    up, zero, down = (0.05,) * 4, (0.0,) * 4, (-0.05,) * 4
    assert banner(up, (0.03,) * 4, up) == ""
    assert "nowhere between 10 and 40 of 100 worth more than “X” alone" in banner(zero, down, up)
    assert "not shown to be worth more" in banner((0.01,) * 4, down, up)
    assert "at most 1.0 responses per 100 patients" in banner((0.01,) * 4, down, up)
    assert "worth less" in banner(down, (-0.1,) * 4, (-0.03,) * 4)
    assert "the stand-in" in banner(zero, down, up, known=False)


def test_the_price_of_a_false_positive_is_the_odds():
    assert "costs 1.00 of a response" in price_words(0.5)
    assert "costs 0.25" in price_words(0.2) and "four in vain" in price_words(0.2)
    assert "2.3 responses missed" in price_words(0.7)
    with pytest.raises(ThresholdError):
        price_words(1.0)


# The rule "by label only" --------------------------------------------------------------------------------------------


def of_patients(bundle, option, *profiles):
    given = [p.replace(outcome=Outcome(option, i % 2 == 0)) for i, p in enumerate(profiles)]
    return label_rule(of_cohort(bundle, given, "here"), bundle, option)


def test_the_label_asks_for_a_positive_test(small_bundle):
    assayed = frozenset({"EGFR", "KRAS", "TP53", "ALK"})
    found = of_patients(
        small_bundle, "osimertinib",
        PatientProfile("A", tumour="LUAD", alterations=(Alteration("EGFR", protein_change="p.L858R"),)),
        PatientProfile("B", tumour="LUAD", assayed_genes=assayed),
        PatientProfile("C", tumour="LUAD"),
        PatientProfile("D", tumour="LUAD", alterations=(Alteration("EGFR", protein_change="p.V774M"),)),
    )  # fmt: skip
    assert found is not None and found.is_label
    assert found.met.tolist() == [True, False, False, False]
    assert found.words == "EGFR p.L858R"


def test_a_label_that_asks_for_an_absence_needs_it_tested():
    bundle = load(BUNDLES / "solid_tumours")
    ras = frozenset({"KRAS", "NRAS"})
    found = of_patients(
        bundle, "cetuximab_chemotherapy",
        PatientProfile("A", tumour="COADREAD", assayed_genes=ras),
        PatientProfile("B", tumour="COADREAD", assayed_genes=frozenset({"KRAS"})),
        PatientProfile("C", tumour="COADREAD", assayed_genes=ras, alterations=(Alteration("KRAS", protein_change="p.G12D"),)),
    )  # fmt: skip
    assert found is not None
    assert found.met.tolist() == [True, False, False]
    assert "tested and not altered" in found.words


def test_numbers_and_levels_of_a_label():
    bundle = load(BUNDLES / "solid_tumours")
    found = of_patients(
        bundle, "pembrolizumab",
        PatientProfile("A", tumour="LUAD", tmb_per_mb=10.0),
        PatientProfile("B", tumour="LUAD", tmb_per_mb=9.9, msi="stable", pdl1=0.0),
        PatientProfile("C", tumour="LUAD", msi="high"),
        PatientProfile("D", tumour="LUAD", pdl1=50.0),
        PatientProfile("E", tumour="LUAD"),
    )  # fmt: skip
    assert found is not None
    assert found.met.tolist() == [True, False, True, True, False]


def test_without_a_label_the_models_own_driver_stands_in_and_says_so():
    bundle = load(BUNDLES / "solid_tumours")
    found = label_rule(of_bundle(bundle), bundle, "chemotherapy")
    assert found is not None and not found.is_label
    assert "no label is known" in found.source


def test_cells_in_a_laboratory_are_not_treated_by_a_label(small_bundle):
    data = of_bundle(small_bundle)
    assert label_rule(data, small_bundle, "osimertinib") is not None
    assert label_rule(replace(data, setting="laboratory"), small_bundle, "osimertinib") is None


def test_every_shipped_option_has_a_label_or_says_that_it_has_none():
    bundle = load(BUNDLES / "solid_tumours")
    data = of_bundle(bundle)
    without = [o for o in bundle.options if not label_rule(data, bundle, o).is_label]
    assert without == ["chemotherapy"]
    assert all(label_rule(data, bundle, o).met.any() for o in bundle.options if o in LABELS)


def test_every_rule_by_label_names_its_source_or_says_that_it_has_none():
    docs = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    for option, label in LABELS.items():
        assert ("package insert of" in label.source) == bool(label.insert)
        assert (NOT_SOURCED in label.source) == (not label.insert or bool(label.unsourced))
        (line,) = [line for line in docs.splitlines() if line.startswith(f"| {option} |")]
        assert (label.insert or NOT_SOURCED) in line and label.unsourced in line
    assert all(label.insert for label in LABELS.values())
    assert replace(LABELS["olaparib"], insert="").source.startswith(NOT_SOURCED)


def test_a_worth_over_a_rule_without_source_says_so_in_the_table():
    t, same = (0.1, 0.2), (0.05,) * 2

    def worth(source, known=True):
        above = (0.04,) * 2
        decision = DecisionCurve(
            "a", 100, 40, t, *[same] * 8, label=(0.0,) * 2, over_label=same, over_label_low=above,
            over_label_high=(0.06,) * 2, label_words="X", label_source=source, label_is_known=known,
        )  # fmt: skip
        return _worth(OptionAudit("a", "Drug", 100, 40, None, (), None, 0.0, decision), 1)  # type: ignore[arg-type]

    assert worth(LABELS["osimertinib"].source) == "yes"
    assert (
        worth(replace(LABELS["nivolumab"], insert="").source) == "yes (label not sourced: general knowledge)"
    )
    assert worth(LABELS["cetuximab"].source) == "yes (label sourced in part)"
    assert worth("no label", known=False) == "yes (stand-in for a label)"


@pytest.mark.parametrize(("events", "has_curve"), [(4, False), (5, True), (56, False), (55, True)])
def test_a_curve_that_would_give_a_small_count_away_is_not_drawn(events, has_curve):
    y = np.array([1.0] * events + [0.0] * (60 - events))
    found = curve(y, np.linspace(0.1, 0.9, 60))
    assert bool(found.thresholds) is has_curve
    assert has_curve or found.reason == "fewer than 5 patients of one outcome"
