"""The least that would have to be different: proven smallest changes, sufficient reasons, robustness to assay errors."""

from explainers.smallest.candidates import Constraints, ErrorRates
from explainers.smallest.changes import SmallestChanges, smallest_changes
from explainers.smallest.goals import Goal, GoalError

__all__ = ["Constraints", "ErrorRates", "Goal", "GoalError", "SmallestChanges", "smallest_changes"]
