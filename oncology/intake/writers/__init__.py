"""Profiles out of the house: as a Phenopacket, and as FHIR with a prediction marked research."""

from oncology.intake.writers.fhir import PredictedOption, write_fhir
from oncology.intake.writers.phenopacket import write_phenopacket

__all__ = ["PredictedOption", "write_fhir", "write_phenopacket"]
