"""A synthetic cohort of solid tumours whose counterfactual truth is known.

`cohort.generate` draws it; every other module here holds one step of the recipe.
"""

from sample_data.generator.cohort import SyntheticCohort, generate

__all__ = ["SyntheticCohort", "generate"]
