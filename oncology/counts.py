"""Counts of patients as they may be shown: under five they could point to single people."""

from __future__ import annotations

__all__ = ["SMALLEST_COUNT", "count_words", "rate", "shown"]

SMALLEST_COUNT = 5


def shown(n: int, *, of: int | None = None) -> int | None:
    """A count as it may be shown; None where it is withheld.

    Parameters
    ----------
    n : int
        1 to 4 is withheld; 0 points to nobody.
    of : int, optional
        A count shown beside it that holds these n: then the rest, `of` - n, must not be 1 to 4 either.

    Examples
    --------
    >>> shown(4), shown(5), shown(0), shown(27, of=30), shown(30, of=30)
    (None, 5, 0, None, 30)
    """
    if 0 < n < SMALLEST_COUNT:
        return None
    return None if of is not None and 0 < of - n < SMALLEST_COUNT else n


def count_words(n: int, *, of: int | None = None) -> str:
    """A count in words, withheld ones as such.

    Examples
    --------
    >>> count_words(3), count_words(1200), count_words(27, of=30)
    ('fewer than 5', '1,200', 'all but a few')
    """
    if shown(n) is None:
        return f"fewer than {SMALLEST_COUNT}"
    return "all but a few" if shown(n, of=of) is None else f"{n:,}"


def rate(hits: int, n: int) -> float | None:
    """Share of hits among n; None where either outcome has fewer than five patients.

    Examples
    --------
    >>> rate(12, 40), rate(3, 40), rate(38, 40)
    (0.3, None, None)
    """
    return hits / n if min(hits, n - hits) >= SMALLEST_COUNT else None
