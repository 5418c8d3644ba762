"""A fusion is named by the partner that drugs aim at, whichever of the two is written first."""

import pytest

from oncology.intake.alteration_text import read_finding
from oncology.vocabulary.fusions import FUSION_DRIVERS
from oncology.vocabulary.genes import GENES


@pytest.mark.parametrize("written", ["EML4-ALK fusion", "ALK-EML4 fusion", "ALK::EML4"])
def test_either_order_names_the_kinase(written):
    assert read_finding(written).alteration.name == "ALK fusion (EML4)"


def test_every_driver_is_a_current_symbol():
    assert {g for g in FUSION_DRIVERS if GENES.resolve(g).status != "current"} == set()
