"""The least that would have to be different: proven smallest changes, sufficient reasons, robustness to assay errors."""

from explainers.smallest.candidates import Constraints, ErrorRates
from explainers.smallest.changes import SmallestChanges, smallest_changes
from explainers.smallest.goals import Goal, GoalError
from explainers.smallest.reasons import Fact, SufficientReason, sufficient_reason
from explainers.smallest.robustness import AssayRobustness, CallError, assay_robustness

__all__ = [
    "AssayRobustness",
    "CallError",
    "Constraints",
    "ErrorRates",
    "Fact",
    "Goal",
    "GoalError",
    "SmallestChanges",
    "SufficientReason",
    "assay_robustness",
    "smallest_changes",
    "sufficient_reason",
]
