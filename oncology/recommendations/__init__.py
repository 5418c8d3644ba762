"""Options in rank bands, what the model abstains from, what is unlikely to help, and which test would change it."""

from oncology.recommendations.bands import band_numbers, per_100
from oncology.recommendations.ranking import (
    MIN_SUPPORT,
    NOT_MODELLED,
    Ranking,
    Recommendation,
    abstentions,
    rank,
)
from oncology.recommendations.unknowns import Move, Unknown, UnknownSearch

__all__ = [
    "MIN_SUPPORT",
    "NOT_MODELLED",
    "Move",
    "Ranking",
    "Recommendation",
    "Unknown",
    "UnknownSearch",
    "abstentions",
    "band_numbers",
    "per_100",
    "rank",
]
