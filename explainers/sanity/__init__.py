"""Do explanations depend on the model they explain, and does the model follow one rule for real and made-up patients?"""

from explainers.sanity.nonsense import CannotRandomiseError, randomised, refitted, shuffled_labels
from explainers.sanity.off_manifold import OffManifold, made_up_rows, probe
from explainers.sanity.similarity import KINDS, SanityCheck, sanity_checks

__all__ = [
    "KINDS",
    "CannotRandomiseError",
    "OffManifold",
    "SanityCheck",
    "made_up_rows",
    "probe",
    "randomised",
    "refitted",
    "sanity_checks",
    "shuffled_labels",
]
