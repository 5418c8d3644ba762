"""From a study's tables and a study file to a bundle: nothing about the data is written in code."""

from oncology.training.responses import Responses, read_responses
from oncology.training.study import Study, StudyError, read_study
from oncology.training.train import profiles, study_cohort, train

__all__ = [
    "Responses",
    "Study",
    "StudyError",
    "profiles",
    "read_responses",
    "read_study",
    "study_cohort",
    "train",
]
