"""Errors that say what was found, what was expected, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["OncologyError", "UnknownNameError", "near_names"]


class OncologyError(Exception):
    """Base of every error that Glassboard raises on purpose; its text is fit for a user's eyes."""


def near_names(name: str, known: Iterable[str], *, most: int = 3) -> str:
    """Words that name the closest known spellings, or an empty string.

    Examples
    --------
    >>> near_names("EGRF", ["EGFR", "KRAS"])
    ' Did you mean EGFR?'
    >>> near_names("XYZ", ["EGFR", "KRAS"])
    ''
    """
    spelled = {k.casefold(): k for k in known}
    near = [spelled[k] for k in get_close_matches(name.casefold(), list(spelled), n=most)]
    return f" Did you mean {', '.join(near)}?" if near else ""


class UnknownNameError(OncologyError, LookupError):
    """A name was asked for that is not among those that exist."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        listed = "" if len(names) > 12 else f" Known: {', '.join(names) or 'none'}."
        super().__init__(f"{what} {name!r} is not known.{near_names(name, names)}{listed}")
        self.what, self.name, self.known = what, name, tuple(names)
