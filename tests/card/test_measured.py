"""What an audit adds to the card: the same numbers as by hand, and nothing where there are no patients."""

from __future__ import annotations

import re

import numpy as np
import pytest

from explainers.audit.data import of_bundle
from explainers.audit.errors import NoOutcomesError, StoppedError
from explainers.card import model_card
from explainers.card.measured import fidelity_words, kept, measure
from sample_data.generator.traps import UNDER_REPRESENTED
from tests.bundles.small import small_bundle


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("measured") / "b")


def test_net_benefit_on_the_card_is_that_of_the_formula(small):
    found = measure(small)
    y, p = of_bundle(small).of("osimertinib")
    treated = p >= 0.15
    by_hand = np.mean(treated & (y == 1)) - np.mean(treated & (y == 0)) * 0.15 / 0.85
    (said,) = [
        s.text for s in found.said["internal_performance", "net_benefit"] if s.text.startswith("osimertinib")
    ]
    assert re.match(rf"osimertinib, at 15 of 100: {by_hand:.3f} \(", said)
    (metric,) = [m for m in found.metrics if m.label == "Net benefit at 15 of 100, osimertinib"]
    assert metric.estimate == pytest.approx(by_hand) and metric.low < by_hand < metric.high


def test_a_group_on_the_card_is_counted_by_hand(small):
    data = of_bundle(small)
    mine = (data.groups["sex"] == "female").to_numpy()
    y, p = data.of("osimertinib", mine)
    found = measure(small)
    (line,) = [
        s.text for s in found.said["subgroups", "subgroups"] if s.text.startswith("Osimertinib, sex: female")
    ]
    n, observed, predicted, gap = len(y), 100 * y.mean(), 100 * p.mean(), 100 * (y.mean() - p.mean())
    assert line.startswith(
        f"Osimertinib, sex: female, {n} patients: {observed:.0f} of 100 responded, {predicted:.0f} were predicted; "
        f"difference {gap:+.1f} ("
    )
    (metric,) = [m for m in found.metrics if m.label == "Observed minus predicted, osimertinib, sex: female"]
    assert metric.kind == "fairness" and metric.estimate == pytest.approx(gap / 100)


def test_the_planted_group_is_named_on_the_card(bundle_of):
    bundle = bundle_of("solid_tumours")
    words = model_card(bundle, measured=measure(bundle)).words("subgroups", "subgroups")
    assert f"ancestry: {UNDER_REPRESENTED}" in words.split("\n")[0]
    (line,) = [w for w in words.split("\n") if w.startswith(f"Ancestry: {UNDER_REPRESENTED}, 999 patients")]
    observed, predicted = re.findall(r"(\d+) of 100 responded, (\d+) were predicted", line)[0]
    assert int(observed) - int(predicted) > 10


def test_what_was_measured_fills_the_fields_and_says_on_whom(small):
    plain, card = model_card(small), model_card(small, measured=measure(small))
    assert plain.entry("internal_performance").state == "in part"
    assert card.entry("internal_performance").state == "complete"
    assert "it can be measured here" in plain.words("internal_performance", "net_benefit")
    assert "500 bootstrap rounds" in card.measured and "out of fold" in card.measured


def test_a_measurement_is_kept_and_taken_up_again(small):
    assert kept(small) is None
    first = measure(small)
    again = kept(small)
    assert again is not None and again.said == first.said


def test_a_bundle_without_patients_has_nothing_to_measure(bundle_of):
    assert kept(bundle_of("loris")) is None and kept(bundle_of("foreign")) is None
    with pytest.raises(NoOutcomesError):
        measure(bundle_of("loris"))


def test_a_measurement_can_be_stopped_and_leaves_nothing_behind(small):
    with pytest.raises(StoppedError):
        measure(small, stop=lambda: True)
    assert kept(small) is None


def test_additivity_is_measured_where_attributions_are_exact(small, bundle_of):
    words = fidelity_words(small)
    (error,) = re.findall(r"within (\S+) log-odds", words)
    assert float(error) < 1e-9 and "3 options" in words
    assert fidelity_words(bundle_of("loris")) == "" and fidelity_words(bundle_of("classes")) == ""
