"""How far a number can be leaned on for one patient: held-out patients, the profile itself, and what is not known."""

from oncology.assurance.abstaining import AbstentionEffect, abstention_effect
from oncology.assurance.beside_number import Assurance, OptionAssurance, assure
from oncology.assurance.held_out import HeldOut, ShareBelow, held_out
from oncology.assurance.no_benefit import NoBenefit, NoBenefitAnswer
from oncology.assurance.ranges import InputRange, OptionRange, input_ranges
from oncology.assurance.words import SHARE_WORDS, people, people_words, share_words

__all__ = [
    "SHARE_WORDS",
    "AbstentionEffect",
    "Assurance",
    "HeldOut",
    "InputRange",
    "NoBenefit",
    "NoBenefitAnswer",
    "OptionAssurance",
    "OptionRange",
    "ShareBelow",
    "abstention_effect",
    "assure",
    "held_out",
    "input_ranges",
    "people",
    "people_words",
    "share_words",
]
