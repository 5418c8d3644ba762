"""Words that come from a model, a patient file or a lesson, shown letter by letter.

Streamlit reads texts as Markdown: of `p.R213*` and `p.Q61*` in one line it would keep no asterisk, and a label with a
link or an image in it would become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["listed", "verbatim"]

# What Markdown, its extensions (strikes, mathematics, links) and Streamlit's own signs (:red[..], :material/..:) react to.
_SIGNS = re.compile(
    r"[\\`*\[\]~$|]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # inside a word an underscore is a letter
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=#?\w+;)"
    r"|:(?=[A-Za-z+/])"
)
# Addresses become links whatever is escaped: they are looked for in the text as it is drawn. A word joiner, which
# nobody sees, parts them.
_ADDRESS = re.compile(
    r"(?:(?<=http:)|(?<=https:))(?=//)|(?<=www)(?=\.)|(?<=[-.\w+])(?=@[-\w])", re.IGNORECASE
)
_JOINER = "\u2060"
_FIRST = re.compile(r"^(?:[#>+=-]|\d+(?=[.)]))")


def verbatim(words: str) -> str:
    r"""Escape a text for `st.markdown` and its kin: what is drawn are these letters, in one line.

    Examples
    --------
    >>> print(verbatim("TP53 p.R213* and p.Q61*, see [here](doi:10)"))
    TP53 p.R213\* and p.Q61\*, see \[here\](doi:10)
    >>> print(verbatim("age_years at <b>40</b>: 3 of 4"))
    age_years at \<b>40\</b>: 3 of 4
    >>> print(verbatim("1. first"))
    1\. first
    """
    line = _ADDRESS.sub(_JOINER, " ".join(words.split()))
    line = _SIGNS.sub(lambda sign: "\\" + sign.group(), line)
    return _FIRST.sub(_first, line)


def _first(sign: re.Match[str]) -> str:
    """A sign that would begin a heading, a quotation or a list, made a letter."""
    found = sign.group()
    return found + "\\" if found.isdigit() else "\\" + found


def listed(lines: Iterable[str]) -> str:
    """A list of sentences, each drawn as it is; "" for none."""
    return "\n".join(f"- {verbatim(line)}" for line in lines)
