"""Whether a model was made for a patient: its limits, pairs of alterations never seen, and how unusual the profile is."""

from oncology.applicability.familiarity import Familiarity, Unusual, familiarity
from oncology.applicability.limits import applicability
from oncology.applicability.pairs import NeverTogether, never_together

__all__ = ["Familiarity", "NeverTogether", "Unusual", "applicability", "familiarity", "never_together"]
