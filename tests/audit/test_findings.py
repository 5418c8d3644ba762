"""The finding in plain words: found where it was planted, silent where it was not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit, logit

from explainers.audit.data import of_arrays, of_bundle
from explainers.audit.findings import finding, findings, overall
from explainers.audit.overview import Audit, audit
from explainers.audit.recalibration import recalibration


@pytest.fixture
def audited(told):
    """The audit of numbers bent by a function."""
    stand_in = SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15))

    def make(bend=lambda p: p, rounds=120, **more) -> Audit:
        return audit(told(bend, **more), stand_in, rounds=rounds)  # type: ignore[arg-type]

    return make


def test_true_probabilities_are_not_accused(audited):
    for seed in range(6):
        assert findings(audited(seed=seed))[0].verdict == "holds"


def test_numbers_that_are_too_high_are_said_with_both_figures(audited):
    found = audited(lambda p: expit(logit(p) + 1.2), is_score=True)
    (only,) = findings(found)
    row = found.options[0]
    assert only.verdict == "ranks only"
    assert only.short.startswith("ranks well, but its number is not a probability: it says ")
    said, seen = (round(100 * row.row(m).estimate) for m in ("mean predicted", "observed"))
    assert f"it says {said}, {seen} respond" in only.words
    assert "never to be read as a probability" in " ".join(overall(found).details)


def test_numbers_that_are_too_bold_are_said_by_their_slope(audited):
    (only,) = findings(audited(lambda p: expit(2.2 * logit(p))))
    assert "its high numbers are too high and its low ones too low" in only.words
    (timid,) = findings(audited(lambda p: expit(0.4 * logit(p) + 0.2)))
    assert "its high numbers are too low" in timid.words


def test_shuffled_numbers_are_no_better_than_chance(audited):
    rng = np.random.default_rng(0)
    (only,) = findings(audited(rng.permutation))
    assert only.verdict == "no signal"
    assert "chance is 50 %" in only.words
    # With few patients a number may tell a lot and not be shown to: that it tells little would be said too much.
    assert "These patients do not show that its number tells more than that" in only.words


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.zeros(60), "nobody of 60 responded"),
        (np.ones(60), "everybody of 60 responded"),
        (np.array([1.0] * 7 + [0.0] * 60), "7 of 67 responded: too few"),
        (np.array([1.0] * 2 + [0.0] * 60), "62 patients: too few"),
        (np.array([1.0]), "fewer than 5 patients"),
        (np.full(20, np.nan), "no patient with a known outcome"),
    ],
)
def test_too_few_patients_are_told_as_such_without_small_counts(y, said):
    data = of_arrays(y, np.linspace(0.1, 0.9, len(y)), options=["drug"], name="cohort")
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=30
    )
    (only,) = findings(found)
    assert only.verdict == "too few"
    assert said in only.words
    assert overall(found).answer


def test_one_foreign_option_with_impossible_numbers_leaves_the_others_whole(drawn):
    y, p = drawn(400)
    data = of_arrays(
        np.column_stack([y, y]), np.column_stack([p * 1.5, p]), options=["wild", "tame"], name="foreign"
    )
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=60
    )
    wild, tame = findings(found)
    assert (
        wild.verdict == "no probability"
        and "outside 0 to 1" in wild.words
        and "It does rank patients" in wild.words
    )
    assert tame.verdict == "holds"
    row = found.of("wild").row("calibration slope")
    assert np.isnan(row.estimate) and "no probabilities" in row.reason
    assert found.of("wild").row("AUC").is_known
    assert found.of("wild").decision.reason


def test_a_number_that_is_no_share_is_audited_for_its_ranking_alone(drawn):
    y, p = drawn(300)
    data = of_arrays(y, logit(p), options=["risk"], name="cohort", is_score=True)
    found = audit(
        data, SimpleNamespace(is_score=True, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=40
    )
    assert "no share between 0 and 1" in found.options[0].fault
    assert found.options[0].row("AUC").is_known


def test_many_options_are_not_accused_by_their_number():
    rng = np.random.default_rng(4)
    p = expit(rng.normal(-0.5, 1.2, (500, 40)))
    y = (rng.random((500, 40)) < p).astype(float)
    data = of_arrays(y, p, options=[f"o{j}" for j in range(40)], name="cohort")
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=80
    )
    assert [f.option for f in findings(found) if f.verdict == "ranks only"] == []
    assert "On average" in overall(found).answer


def test_many_accused_options_are_named_in_one_sentence_and_few_in_full(drawn):
    y, p = drawn(300)
    rng = np.random.default_rng(1)

    def said(n):
        shuffled = np.column_stack([rng.permutation(p) for _ in range(n)] + [p])
        names = [f"o{j}" for j in range(n + 1)]
        data = of_arrays(np.column_stack([y] * (n + 1)), shuffled, options=names, name="cohort")
        found = audit(
            data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=30
        )
        return overall(found).details

    assert sum("not shown to be better than chance" in d for d in said(2)) == 2
    (one,) = [d for d in said(5) if "chance" in d]
    assert one == "Not shown to be better than chance at telling patients apart: o0, o1, o2, o3, o4."


def test_cells_in_a_laboratory_have_their_own_words_and_no_label(drawn):
    y, p = drawn(400)
    data = of_arrays(y, expit(logit(p) + 1.2), options=["imatinib"], name="cells", setting="laboratory")
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=40
    )
    words = findings(found)[0].words
    assert "were among the sensitive" in words and "respond" not in words.replace("responder", "")
    assert not found.options[0].decision.label


def test_the_whole_says_where_it_was_tried(small_bundle):
    found = audit(of_bundle(small_bundle), small_bundle, rounds=60)
    said = " ".join((overall(found).answer, *overall(found).details))
    assert "not externally validated" in said
    assert "1,200 patients it was made from" in said


def test_progress_runs_from_0_to_1_and_a_stop_is_obeyed(small_bundle):
    from explainers.audit.errors import StoppedError

    shares: list[float] = []
    audit(of_bundle(small_bundle), small_bundle, rounds=20, progress=lambda s, words: shares.append(s))
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(shares)
    with pytest.raises(StoppedError):
        audit(of_bundle(small_bundle), small_bundle, rounds=20, stop=lambda: True)


def test_the_same_seed_gives_the_same_audit(small_bundle):
    one, two = (audit(of_bundle(small_bundle), small_bundle, rounds=40, seed=3) for _ in range(2))
    assert repr(one) == repr(two)


# Recalibration -------------------------------------------------------------------------------------------------------


def test_recalibration_is_judged_out_of_part_and_not_kept(told):
    data = told(lambda p: expit(logit(p) + 1.2))
    before = data.probability.copy()
    found = recalibration(data, "drug")
    assert found is not None and found.is_needed
    assert found.rows[0]["expected calibration error"] > 2 * found.rows[1]["expected calibration error"]
    assert found.intercept == pytest.approx(-1.2, abs=0.35)
    assert found.slope == pytest.approx(1.0, abs=0.25)
    assert np.array_equal(before, data.probability)
    assert "The model itself is not changed" in found.words


def test_recalibrating_what_is_calibrated_gains_nothing(told):
    found = recalibration(told(), "drug")
    assert found is not None and not found.is_needed
    assert "would not make its number detectably better" in found.words


def test_a_perfect_ranking_is_not_called_chance():
    y = np.array([0.0] * 30 + [1.0] * 15)
    data = of_arrays(y, np.linspace(0.5, 0.9, 45), options=["drug"], name="c")
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=60
    )
    assert findings(found)[0].short.startswith("ranks well, but its number is not a probability")


def test_too_few_patients_cannot_recalibrate():
    data = of_arrays([1.0] * 5 + [0.0] * 40, np.linspace(0.1, 0.9, 45), options=["drug"], name="c")
    assert recalibration(data, "drug") is None


def test_a_finding_is_the_same_alone_and_among_all(audited):
    found = audited()
    assert finding(found.options[0], found) == findings(found)[0]


def test_a_model_that_ranks_patients_the_wrong_way_round_is_told_so(drawn):
    y, p = drawn(400)
    data = of_arrays(y, 1 - p, options=["drug"], name="cohort")
    found = audit(
        data, SimpleNamespace(is_score=False, manifest=SimpleNamespace(unlikely_below=0.15)), rounds=40
    )
    (one,) = findings(found)
    assert one.verdict == "no signal" and "the wrong way round" in one.words
    assert "with a higher number responded less often" in one.words
