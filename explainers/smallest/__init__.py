"""The least that would have to be different: proven smallest changes, sufficient reasons, robustness to assay errors."""

from explainers.smallest.changes import SmallestChanges, smallest_changes
from explainers.smallest.conditions import DIRECTIONS, Towards, conditions_from, error_rates_from, rates_words
from explainers.smallest.constraints import (
    ConstraintError,
    Constraints,
    ErrorRates,
    directed_numbers,
    numbers_of,
)
from explainers.smallest.goals import Goal, GoalError
from explainers.smallest.reasons import Fact, SufficientReason, sufficient_reason
from explainers.smallest.robustness import AssayRobustness, CallError, assay_robustness

__all__ = [
    "DIRECTIONS",
    "AssayRobustness",
    "CallError",
    "ConstraintError",
    "Constraints",
    "ErrorRates",
    "Fact",
    "Goal",
    "GoalError",
    "SmallestChanges",
    "SufficientReason",
    "Towards",
    "assay_robustness",
    "conditions_from",
    "directed_numbers",
    "error_rates_from",
    "numbers_of",
    "rates_words",
    "smallest_changes",
    "sufficient_reason",
]
