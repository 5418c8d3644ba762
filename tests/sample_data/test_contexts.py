"""Conditions of the targets: each clause checked against plain numpy, and refusals that name what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.generator import generate
from sample_data.generator.contexts import ContextError, in_context, in_tumour, names_of
from sample_data.generator.vocabulary import COLUMN, PRIORS, TUMOURS


@pytest.fixture(scope="module")
def truth():
    return generate(4_000, 2).truth


def test_clauses_are_joined_by_and_names_by_or(truth):
    found = in_context(truth, "line >= 2; altered: KRAS p.G12C | STK11; not altered: TP53", "LUAD")
    expected = (
        (truth.line >= 2)
        & (truth.alterations[:, COLUMN["KRAS p.G12C"]] | truth.alterations[:, COLUMN["STK11"]])
        & ~truth.alterations[:, COLUMN["TP53"]]
        & (truth.tumour == TUMOURS.index("LUAD"))
    )
    assert expected.any()
    np.testing.assert_array_equal(found, expected)


def test_unknown_pd_l1_satisfies_no_comparison(truth):
    low, high = in_context(truth, "pdl1 < 50"), in_context(truth, "pdl1 >= 50")
    np.testing.assert_array_equal(low | high, ~np.isnan(truth.pdl1))


def test_prior_germline_and_words(truth):
    np.testing.assert_array_equal(
        in_context(truth, "no prior: EGFR inhibitor"), ~truth.prior[:, PRIORS.index("EGFR inhibitor")]
    )
    np.testing.assert_array_equal(in_context(truth, "stage = I|II|III"), truth.stage < 3)
    np.testing.assert_array_equal(
        in_context(truth, "germline: BRCA1 | BRCA2"),
        truth.germline[:, COLUMN["BRCA1"]] | truth.germline[:, COLUMN["BRCA2"]],
    )
    np.testing.assert_array_equal(in_tumour(truth, "not LUAD|GIST"), ~in_tumour(truth, "LUAD|GIST"))


def test_any_stands_for_every_column_of_the_gene():
    assert names_of("EGFR any") == tuple(n for n in COLUMN if n.startswith("EGFR"))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("altered: KRASS", "'KRASS' is not an alteration"),
        ("prior: aspirin", "'aspirin' is not a prior treatment"),
        ("height > 3", "'height' is not known"),
        ("msi = maybe", "expected high or stable"),
        ("nonsense", "neither a comparison"),
        ("seen: KRAS", "'seen' is not known"),
    ],
)
def test_a_condition_that_cannot_be_read_says_why(truth, condition, message):
    with pytest.raises(ContextError, match=message):
        in_context(truth, condition)


def test_an_unknown_tumour_is_named(truth):
    with pytest.raises(ContextError, match="'PAAD' is not a tumour"):
        in_tumour(truth, "PAAD")
