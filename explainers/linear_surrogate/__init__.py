"""A weighted linear model around one patient: how copies are coded, how they are drawn, and how the model is fitted."""

from explainers.linear_surrogate.coding import PatientCoding
from explainers.linear_surrogate.fitting import LinearFit, fit, proximity
from explainers.linear_surrogate.neighbourhood import Neighbourhood
from explainers.linear_surrogate.surroundings import NoCohortError, Surroundings

__all__ = [
    "LinearFit",
    "Neighbourhood",
    "NoCohortError",
    "PatientCoding",
    "Surroundings",
    "fit",
    "proximity",
]
