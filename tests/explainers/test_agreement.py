"""Where explanations agree: hand-made explanations whose agreement is known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from explainers.agreement import ComparisonError, compare
from explainers.explanation import Explanation
from explainers.local import explain


def why(method, values, option="a", unit="log-odds"):
    names = tuple(f"g{i}" for i in range(len(values)))
    return Explanation(
        option, method, names, names, ("altered",) * len(names), np.array(values, dtype=float), 0.0,
        float(np.sum(values)), unit, "b", "f",
    )  # fmt: skip


def test_the_same_values_agree_in_everything():
    found = compare([why("one", [3, -2, 1, 0]), why("two", [3, -2, 1, 0])], top=2)
    (pair,) = found.pairs
    assert (pair.rank_correlation, pair.same_sign, pair.top_overlap) == (pytest.approx(1.0), 1.0, 1.0)
    assert [c.feature for c in found.agreed] == ["g0", "g1"] and found.disputed == ()
    assert "g1 (altered) counts towards a lower score in all methods." in [c.words for c in found.agreed]


def test_opposite_signs_are_disputed():
    found = compare([why("one", [3, -2, 1]), why("two", [-3, -2, 1])], top=1)
    assert [c.feature for c in found.disputed] == ["g0"]
    assert (
        found.disputed[0].words
        == "g0 (altered): towards a higher score in one, towards a lower score in two."
    )
    assert found.pairs[0].same_sign == 0.0


def test_a_method_without_weight_is_not_called_agreement():
    found = compare([why("one", [3, -2, 1]), why("two", [0, -2, 1])], top=1)
    claim = next(c for c in found.disputed if c.feature == "g0")
    assert claim.direction == "for" and claim.methods_silent == ("two",)
    assert claim.words.endswith("; no weight in two.")


def test_overlap_by_hand():
    found = compare([why("one", [5, 4, 3, 0]), why("two", [5, 0, 3, 4])], top=2)
    assert found.pairs[0].top_overlap == 0.5  # {g0, g1} against {g0, g3}
    assert found.pairs[0].same_sign == pytest.approx(1 / 3)  # g0 alike, g1 and g3 only in one


def test_real_methods_are_compared_in_words_without_causal_verbs(make_bundle, patient):
    bundle = make_bundle()
    found = compare(
        [explain(bundle, patient, m, option="osimertinib") for m in ("shapley", "lime", "ablation")]
    )
    assert any(c.feature == "EGFR p.L858R" and c.direction == "for" for c in found.agreed)
    assert len(found.pairs) == 3 and len(found.rows()) == len(found.agreed) + len(found.disputed)
    said = " ".join([found.words, *(c.words for c in (*found.agreed, *found.disputed))])
    assert not re.search(r"\b(caus|because|lead|driv|make|result|due|increase|decrease|help)", said)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ComparisonError, match="two explanations or more; found 1"):
        compare([why("one", [1, 2])])
    with pytest.raises(ComparisonError, match="explain the same option"):
        compare([why("one", [1, 2]), why("two", [1, 2], option="b")])


def test_nothing_to_compare_is_said():
    assert "No method gives any input weight" in compare([why("one", [0, 0]), why("two", [0, 0])]).words
