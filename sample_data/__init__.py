"""Synthetic sample data: the cohort, its targets, sample patients and the bundles built from them."""
