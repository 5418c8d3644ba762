"""What a model's developer says of it in words: the file ``card.toml`` beside the manifest.

A card that `build` wrote is among the files whose hashes the manifest holds: it is covered by the bundle's own hash,
like the model itself. A ``card.toml`` that somebody put beside a finished bundle is read too, and marked as not covered:
anybody could have written it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from oncology.bundles.errors import BundleError
from oncology.bundles.hashing import read_verified
from oncology.checklist import checklist
from oncology.errors import UnknownNameError

__all__ = ["CARD", "DESIGNS", "CardFileError", "DeveloperCard", "ReportedStudy", "parse_card", "read_card"]

CARD = "card.toml"
DESIGNS = ("retrospective", "prospective", "randomised")
_LARGEST = 500_000
_LONGEST = 20_000


class CardFileError(BundleError, ValueError):
    """A card.toml that cannot be read, with the place of the fault."""

    def __init__(self, found: str) -> None:
        super().__init__(f"{CARD} cannot be used: {found} docs/card_template.toml shows every entry.")
        self.found = found


@dataclass(frozen=True, slots=True)
class ReportedStudy:
    """A test of the model that its developer reports; nothing here checks it.

    Parameters
    ----------
    design : {"retrospective", "prospective", "randomised"}
    external : bool
        True where the patients came from elsewhere than those the model was made from.
    n_patients : int or None
    tested_by, result, source : str
    """

    design: Literal["retrospective", "prospective", "randomised"]
    external: bool
    n_patients: int | None = None
    tested_by: str = ""
    result: str = ""
    source: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class DeveloperCard:
    """The statements of a card by (field, part) of the checklist, and the studies it reports.

    Parameters
    ----------
    statements : mapping of (field key, part key) to tuple of str
    studies : tuple of ReportedStudy
    sha256 : str
        Hash of the file.
    covered : bool
        Whether the bundle's manifest holds that hash.
    """

    statements: Mapping[tuple[str, str], tuple[str, ...]]
    studies: tuple[ReportedStudy, ...]
    sha256: str
    covered: bool

    def said(self, field: str, part: str) -> tuple[str, ...]:
        """What the card says there; empty where it says nothing."""
        return self.statements.get((field, part), ())


def read_card(folder: Path, files: Mapping[str, str]) -> DeveloperCard | None:
    """The card beside a manifest, or None where there is none.

    Parameters
    ----------
    folder : folder of the bundle
    files : hashes of the bundle's files, as its manifest holds them

    Raises
    ------
    CardFileError
        No TOML, too large, a link, or an entry that the checklist does not have.
    ChangedFileError, MissingBundleFileError, UnsafePathError
        A card that the manifest names, and that is not the one it names.
    """
    if CARD in files:
        return parse_card(read_verified(folder, CARD, files), covered=True)
    file = folder / CARD
    if file.is_symlink():
        raise CardFileError("it is a link to somewhere else.")
    if not file.is_file():
        return None
    if file.stat().st_size > _LARGEST:
        raise CardFileError(f"it has {file.stat().st_size:,} bytes; expected at most {_LARGEST:,}.")
    return parse_card(file.read_bytes(), covered=False)


def parse_card(data: bytes, *, covered: bool) -> DeveloperCard:
    """Read the bytes of a ``card.toml``; every fault is named with its entry.

    Examples
    --------
    >>> card = parse_card(b'[funding]\\nfunding = "none"', covered=True)
    >>> card.said("funding", "funding"), card.said("funding", "conflicts")
    (('none',), ())
    """
    if len(data) > _LARGEST:
        raise CardFileError(f"it has {len(data):,} bytes; expected at most {_LARGEST:,}.")
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CardFileError(f"it is no TOML document ({error}).") from error
    studies = tuple(_study(i, entry) for i, entry in enumerate(_list(content.pop("studies", [])), 1))
    statements: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, section in content.items():
        try:
            field = checklist().field(name)
        except UnknownNameError as error:
            raise CardFileError(str(error)) from error
        if not isinstance(section, dict):
            raise CardFileError(f"{name} is {section!r:.60}; expected a section [{name}] with entries.")
        for key, value in section.items():
            try:
                part = field.part(key)
            except UnknownNameError as error:
                raise CardFileError(f"[{name}]: {error}") from error
            if not part.by_developer:
                raise CardFileError(
                    f"[{name}] {key} cannot be stated: {part.title!r} is read from the bundle itself."
                )
            if texts := _texts(f"[{name}] {key}", value):
                statements[name, key] = texts
    return DeveloperCard(statements, studies, hashlib.sha256(data).hexdigest(), covered)


def _texts(where: str, value: Any) -> tuple[str, ...]:
    """Text, or a list of texts; empty ones are nothing said."""
    listed = value if isinstance(value, list) else [value]
    for text in listed:
        if not isinstance(text, str):
            raise CardFileError(f"{where} is {text!r:.60}; expected text, or a list of texts.")
        if len(text) > _LONGEST:
            raise CardFileError(f"{where} has {len(text):,} characters; expected at most {_LONGEST:,}.")
    return tuple(" ".join(text.split()) for text in listed if text.strip())


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise CardFileError("studies is no list; expected sections [[studies]].")
    return value


def _study(number: int, entry: Any) -> ReportedStudy:
    where = f"[[studies]] number {number}"
    known = {f.name for f in fields(ReportedStudy)}
    if not isinstance(entry, dict) or set(entry) - known:
        unknown = ", ".join(sorted(set(entry) - known)) if isinstance(entry, dict) else repr(entry)
        raise CardFileError(f"{where} has {unknown}; known entries: {', '.join(sorted(known))}.")
    if entry.get("design") not in DESIGNS:
        raise CardFileError(
            f"{where}: design is {entry.get('design')!r}; expected one of {', '.join(DESIGNS)}."
        )
    if not isinstance(entry.get("external"), bool):
        raise CardFileError(f"{where}: external is {entry.get('external')!r}; expected true or false.")
    n = entry.get("n_patients")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise CardFileError(f"{where}: n_patients is {n!r}; expected a whole number of 1 or more.")
    words = {
        key: " ".join(_texts(f"{where}: {key}", entry[key]))
        for key in ("tested_by", "result", "source")
        if key in entry
    }
    return ReportedStudy(entry["design"], entry["external"], n, **words)
