"""MSI, TMB and PD-L1 in their usual spellings, and numbers as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

__all__ = ["Reading", "read_msi", "read_number", "read_pdl1", "read_tmb"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value as it was understood; `how` tells what was done to it, and `note` why.

    `value` is None where nothing can be used.
    """

    value: T | None
    how: Literal["used", "normalised", "ambiguous", "dropped"]
    note: str = ""


_MSI: dict[str, tuple[Literal["high", "stable"], str]] = {
    "high": ("high", ""), "stable": ("stable", ""), "msih": ("high", ""), "msihigh": ("high", ""), "dmmr": ("high", ""),
    "mss": ("stable", ""), "msistable": ("stable", ""), "pmmr": ("stable", ""), "instable": ("high", ""),
    "unstable": ("high", ""), "msi": ("high", ""), "mmrd": ("high", ""), "mmrp": ("stable", ""), "la262026": ("high", ""),
    "mmrdeficient": ("high", ""), "mmrproficient": ("stable", ""), "deficient": ("high", ""), "proficient": ("stable", ""),
    "microsatelliteinstabilityhigh": ("high", ""), "microsatellitestable": ("stable", ""), "la262034": ("stable", ""),
    "microsatelliteunstable": ("high", ""), "la141228": ("stable", ""),
    "msil": ("stable", "low instability is grouped with stable"),
    "msilow": ("stable", "low instability is grouped with stable"), "low": ("stable", "low instability is grouped with stable"),
    "la262018": ("stable", "low instability is grouped with stable"),
    "microsatelliteinstabilitylow": ("stable", "low instability is grouped with stable"),
}  # fmt: skip


def read_msi(written: str) -> Reading[Literal["high", "stable"]]:
    """Microsatellite state.

    Examples
    --------
    >>> read_msi("MSI-H").value, read_msi("MSS").value, read_msi("MSI-L").note
    ('high', 'stable', 'low instability is grouped with stable')
    """
    known = _MSI.get(re.sub(r"[^a-z0-9]", "", written.casefold()))
    if known is None:
        return Reading(
            None, "dropped", "not a known word for microsatellite state (MSI-H, MSS, dMMR, pMMR …)"
        )
    return Reading(known[0], "used" if written.strip() in ("high", "stable") else "normalised", known[1])


def read_number(written: str) -> Reading[float]:
    """A number as people write it: with a decimal comma, thousands, a percent sign or a unit behind it.

    Examples
    --------
    >>> read_number("3,8").value, read_number("1,234.5").value, read_number(">= 50").how
    (3.8, 1234.5, 'ambiguous')
    >>> read_number("high").how
    'dropped'
    """
    text = written.strip().replace("\u00a0", "").replace("\u2009", "")
    if len(text) > 60:
        return Reading(None, "dropped", "not a number")
    found = re.fullmatch(r"([<>≤≥~]?=?)\s*([+-]?[\d.,' ]*\d(?:[eE][+-]?\d+)?)\s*(\D{0,40})", text)
    if not found:
        return Reading(None, "dropped", "not a number")
    sign, digits, unit = found.groups()
    digits = digits.replace("'", "").replace(" ", "")
    note = ""
    if "," in digits and "." in digits:
        last = max(digits.rfind(","), digits.rfind("."))
        digits = digits[:last].replace(",", "").replace(".", "") + "." + digits[last + 1 :]
        note = "thousands separator removed"
    elif "," in digits:
        if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", digits):
            if digits.count(",") == 1:
                return Reading(None, "dropped", "the comma may part thousands or decimals; write a point")
            digits, note = digits.replace(",", ""), "thousands separator removed"
        else:
            digits, note = digits.replace(",", "."), "decimal comma read as a point"
    try:
        value = float(digits)
    except ValueError:
        return Reading(None, "dropped", "not a number")
    if value in (float("inf"), float("-inf")):
        return Reading(None, "dropped", "not a finite number")
    if sign:
        return Reading(value, "ambiguous", f"a limit ({sign}), taken as the limit itself")
    if unit.strip() and not note:
        note = f"written with {unit.strip()!r}"
    return Reading(value, "normalised" if note else "used", note)


def read_tmb(written: str) -> Reading[float]:
    """Tumour mutational burden in mutations per megabase.

    Examples
    --------
    >>> read_tmb("25 mut/Mb").value, read_tmb("TMB-H").how
    (25.0, 'dropped')
    """
    if re.sub(r"[^a-z]", "", written.casefold()) in {
        "tmbh",
        "tmbhigh",
        "high",
        "tmbl",
        "tmblow",
        "low",
        "h",
        "l",
    }:
        return Reading(None, "dropped", "a class, not a number of mutations per megabase")
    return read_number(written)


def read_pdl1(written: str) -> Reading[float]:
    """PD-L1 as the percentage of positive tumour cells (TPS).

    Examples
    --------
    >>> read_pdl1("TPS 60%").value, read_pdl1("<1%").value, read_pdl1("CPS 20").how, read_pdl1("1-49%").how
    (60.0, 1.0, 'ambiguous', 'dropped')
    """
    text = written.strip()
    if re.search(r"\bcps\b", text, re.IGNORECASE):
        number = read_number(re.sub(r"(?i)\bcps\b[\s:=]*", "", text))
        return Reading(None, "ambiguous" if number.value is not None else "dropped",
                       "a combined positive score (CPS) is not the percentage of tumour cells (TPS); not used")  # fmt: skip
    if re.fullmatch(r"\D*\d+\s*(?:-|–|to)\s*\d+\s*%?", text):
        return Reading(None, "dropped", "a range of PD-L1, not a number")
    return read_number(re.sub(r"(?i)\b(?:tps|tc|pd-?l1)\b[\s:=]*", "", text))
