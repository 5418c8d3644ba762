"""The fixed table from a probability to words, and to people out of a hundred."""

from __future__ import annotations

__all__ = ["SHARE_WORDS", "people", "people_words", "share_words"]

# Up to which probability each phrase holds; the same for every model, option and page.
SHARE_WORDS: tuple[tuple[float, str], ...] = (
    (0.05, "very few"),
    (0.20, "few"),
    (0.40, "fewer than half"),
    (0.60, "about half"),
    (0.80, "more than half"),
    (0.95, "most"),
    (1.00, "nearly all"),
)


def share_words(probability: float) -> str:
    """A probability as a phrase from the table; the upper end of each step belongs to the next.

    Examples
    --------
    >>> share_words(0.03), share_words(0.37), share_words(0.4), share_words(1.0)
    ('very few', 'fewer than half', 'about half', 'nearly all')
    """
    return next((words for limit, words in SHARE_WORDS if probability < limit), SHARE_WORDS[-1][1])


def people(probability: float) -> int:
    """A probability as people out of a hundred, rounded.

    Examples
    --------
    >>> people(0.368)
    37
    """
    return round(100 * probability)


def people_words(probability: float) -> str:
    """The same in words that keep 0 and 100 for certainty.

    Examples
    --------
    >>> people_words(0.368), people_words(0.001), people_words(0.999)
    ('37', 'fewer than 1', 'more than 99')
    """
    return {0: "fewer than 1", 100: "more than 99"}.get(people(probability), str(people(probability)))
