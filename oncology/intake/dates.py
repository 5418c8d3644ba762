"""Dates of a file as ages and days: the dates themselves never leave the reader."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["age_in_years", "age_of_duration", "day_of", "days_between"]

_DATE = re.compile(r"^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:$|T)")
_DURATION = re.compile(
    r"^P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T.*)?$"
)


def day_of(written: str) -> date | None:
    """The day of an ISO date; the middle of the year or month where only these are given."""
    found = _DATE.match(written.strip())
    if not found:
        return None
    year, month, day = found.groups()
    try:
        return date(int(year), int(month or 7), int(day or 15 if month else day or 1))
    except ValueError:
        return None


def age_in_years(born: date, at: date) -> int | None:
    """Completed years; None where the order of the dates cannot be.

    Examples
    --------
    >>> age_in_years(date(1965, 6, 2), date(2018, 6, 1)), age_in_years(date(2020, 1, 1), date(2018, 1, 1))
    (52, None)
    """
    years = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
    return years if 0 <= years <= 120 else None


def days_between(a: date, b: date) -> int:
    """Days from one day to another."""
    return (b - a).days


def age_of_duration(written: str) -> float | None:
    """Years of an ISO 8601 duration.

    Examples
    --------
    >>> age_of_duration("P14Y"), age_of_duration("P6M"), age_of_duration("soon")
    (14.0, 0.5, None)
    """
    found = _DURATION.match(written.strip()) if len(written) < 60 else None
    if not found or not any(found.groups()):
        return None
    years, months, weeks, days = (float(g or 0) for g in found.groups())
    return round(years + months / 12 + weeks / 52.1775 + days / 365.25, 4)
