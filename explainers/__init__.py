"""Every question asked of a model: why, what if, how well, for whom."""
