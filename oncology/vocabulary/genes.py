"""One symbol per gene: current HGNC symbols, and what the same genes were called before."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Literal

from oncology.errors import OncologyError
from oncology.vocabulary.further_genes import FURTHER_NAMES, FURTHER_SYMBOLS
from oncology.vocabulary.gene_symbols import HGNC_IDS, RENAMED, SYMBOLS

__all__ = ["GENES", "GeneName", "GeneTable", "GeneTableError", "load_hgnc", "one_slip"]

SymbolStatus = Literal["current", "previous", "alias", "ambiguous", "unknown"]


class GeneTableError(OncologyError, ValueError):
    """A table of gene symbols that cannot be read."""


@dataclass(frozen=True, slots=True)
class GeneName:
    """How a written gene name was understood.

    `symbol` is what to use: the current symbol, or the name as written where it is unknown or ambiguous.
    `others` are the other readings of an ambiguous name.
    """

    written: str
    symbol: str
    status: SymbolStatus
    others: tuple[str, ...] = ()


def _key(name: str) -> str:
    return re.sub(r"[\s._\-/]+", "", name).casefold()


class GeneTable:
    """Current symbols with their former names.

    Parameters
    ----------
    symbols : iterable of str
        Current symbols.
    renamed : mapping of str to str or tuple of str
        Former names and aliases, to one current symbol or, where the name is ambiguous, to several.
    hgnc_ids : mapping of str to str
        Number of the HGNC identifier to current symbol.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        renamed: Mapping[str, str | tuple[str, ...]],
        hgnc_ids: Mapping[str, str] | None = None,
    ) -> None:
        self.symbols = frozenset(symbols)
        self._current = {_key(s): s for s in sorted(self.symbols)}
        self._renamed = {_key(old): new for old, new in renamed.items()}
        self._ids = dict(hgnc_ids or {})
        self._number_of = {symbol: number for number, symbol in self._ids.items()}
        self._seen: dict[str, GeneName] = {}

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.symbols

    def resolve(self, written: str) -> GeneName:
        """The current symbol of a written gene name.

        Examples
        --------
        >>> GENES.resolve("MLL2")
        GeneName(written='MLL2', symbol='KMT2D', status='previous', others=('KMT2B',))
        >>> GENES.resolve("her2").symbol
        'ERBB2'
        >>> GENES.resolve("EGRF").status
        'unknown'
        """
        known = self._seen.get(written)
        if known is None:
            known = self._resolve(written)
            # Symbols are short: what is longer is no symbol, and must not be kept.
            if len(self._seen) < 100_000 and len(written) < 40:
                self._seen[written] = known
        return known

    def _resolve(self, written: str) -> GeneName:
        name = written.strip()
        if len(name) > 60:
            return GeneName(name[:60], name[:60], "unknown")
        if name in self.symbols:
            return GeneName(name, name, "current")
        key = _key(name)
        if key in self._current:
            return GeneName(name, self._current[key], "alias")
        new = self._renamed.get(key)
        if isinstance(new, str):
            return GeneName(name, new, "previous")
        if new and new[0] != "?":
            return GeneName(name, new[0], "previous", tuple(new[1:]))
        if new:
            return GeneName(name, name, "ambiguous", tuple(new[1:]))
        return GeneName(name, name, "unknown")

    def by_hgnc_id(self, identifier: str) -> str | None:
        """The symbol of ``"HGNC:1100"``, ``"1100"`` or ``"HGNC#1100"``; None where the table lacks it.

        Examples
        --------
        >>> GENES.by_hgnc_id("1100"), GENES.by_hgnc_id("HGNC:3236")
        ('BRCA1', 'EGFR')
        """
        number = re.sub(r"^hgnc[:#\s]*", "", identifier.strip(), flags=re.IGNORECASE)
        return self._ids.get(number)

    def hgnc_id(self, symbol: str) -> str | None:
        """``"HGNC:3236"`` for ``"EGFR"``; None where the table lacks it."""
        number = self._number_of.get(symbol)
        return None if number is None else f"HGNC:{number}"

    def near(self, written: str, *, most: int = 3) -> tuple[str, ...]:
        """Current symbols spelled most like a name.

        Examples
        --------
        >>> GENES.near("EGRF", most=1)
        ('EGFR',)
        """
        key = _key(written)
        if len(key) > 25:
            return ()
        found = get_close_matches(key, list(self._current), n=8, cutoff=0.6)
        # Swapped letters are the commonest slip of the hand, and they read as the farthest apart.
        found.sort(key=lambda k: sorted(k) != sorted(key))
        return tuple(self._current[k] for k in found[:most])


def one_slip(a: str, b: str) -> bool:
    """Whether two names differ by two letters swapped, or one letter more, less or different.

    Examples
    --------
    >>> one_slip("EGFR", "EGRF"), one_slip("MSH2", "MSH6"), one_slip("BCOR", "COHORT")
    (True, False, False)
    """
    if max(len(a), len(b)) > 25 or abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    if sorted(a) == sorted(b):
        return SequenceMatcher(None, a, b).ratio() >= 0.74
    matching = sum(block.size for block in SequenceMatcher(None, a, b).get_matching_blocks())
    # A different digit is another gene of the family (MSH2, MSH6), not a slip.
    return matching >= max(len(a), len(b)) - 1 and re.sub(r"\D", "", a) == re.sub(r"\D", "", b)


GENES = GeneTable(SYMBOLS | FURTHER_SYMBOLS, {**FURTHER_NAMES, **RENAMED}, HGNC_IDS)


def load_hgnc(path: str | Path) -> GeneTable:
    """The complete HGNC set as a table, from the tab-separated file that genenames.org offers.

    Parameters
    ----------
    path : path
        A file with the columns ``hgnc_id``, ``symbol``, ``alias_symbol`` and ``prev_symbol`` (names in one cell
        parted by ``|``). Withdrawn entries are left out.

    Raises
    ------
    GeneTableError
        Where the file or one of its columns is missing.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GeneTableError(f"The HGNC file {Path(path).name} cannot be read: {error}.") from None
    needed = {"hgnc_id", "symbol", "alias_symbol", "prev_symbol"}
    missing = needed - set(rows[0] if rows else ())
    if missing:
        raise GeneTableError(
            f"{Path(path).name} lacks the columns {', '.join(sorted(missing))}. Expected the complete set "
            "of HGNC as tab-separated text, with its first line of column names."
        )
    rows = [row for row in rows if "withdrawn" not in (row.get("status") or "").casefold() and row["symbol"]]
    symbols = {row["symbol"] for row in rows}
    claims: dict[str, list[str]] = {}
    for column in ("prev_symbol", "alias_symbol"):
        for row in rows:
            for old in filter(None, (row[column] or "").strip('"').split("|")):
                if old not in symbols and row["symbol"] not in claims.setdefault(old, []):
                    claims[old].append(row["symbol"])
    renamed: dict[str, str | tuple[str, ...]] = {
        old: new[0] if len(new) == 1 else ("?", *new) for old, new in claims.items()
    }
    # What we have settled stays settled: of several claims on an old name in files of tumours, ours names the usual one.
    for old, ours in RENAMED.items():
        if (
            old not in symbols
            and {t for t in ((ours,) if isinstance(ours, str) else ours) if t != "?"} <= symbols
        ):
            renamed[old] = ours
    return GeneTable(symbols, renamed, {row["hgnc_id"].rpartition(":")[2]: row["symbol"] for row in rows})
