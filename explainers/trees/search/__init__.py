"""Exact search: the smallest sets of changes that make a tree model say something else, with a proof."""

from explainers.trees.search.rules import TOLERANCE, Goal, Rules, SearchError
from explainers.trees.search.solving import SearchResult, smallest_sets

__all__ = ["TOLERANCE", "Goal", "Rules", "SearchError", "SearchResult", "smallest_sets"]
