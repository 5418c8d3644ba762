"""Several specimens of one patient in FHIR: samples in the order of their days, where the file lets one tell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from oncology.intake.dates import day_of
from oncology.intake.readers.fhir import clinical
from oncology.intake.readers.fhir.coded import code_set, key_of
from oncology.intake.tree import first, many, text_of

__all__ = ["Specimens", "specimens_of"]

VARIANT = "69548-6"
REGION = {"53041-0", "36908-2"}


@dataclass(frozen=True, slots=True)
class Specimens:
    """What the genomic findings of one patient were made on.

    Parameters
    ----------
    named : tuple of str
        Keys of the specimens that variants refer to.
    days : dict of str to date
        The specimens as samples, in the order of their days; empty where they cannot be told apart.
    of : dict of int to str
        Specimen of each resource, by its `id()`.
    why_not : str
        Why several specimens stay one profile; empty where they do not.
    """

    named: tuple[str, ...]
    days: dict[str, date]
    of: dict[int, str]
    why_not: str = ""


def specimens_of(resources: Iterable[tuple[str, dict[str, Any]]]) -> Specimens:
    """Specimens of one patient's resources, given as (fullUrl, resource).

    An observation belongs to the specimen it names; else to the only specimen of the report that lists it. They
    become samples where every variant has a specimen and every specimen a day of its own: that of its collection, else
    that of its receipt, else the one day of its observations.
    """
    held = list(resources)
    names = {key_of(url): _name(r) for url, r in held if url} | {_name(r): _name(r) for _, r in held}
    reported = _reported(held, names)
    of: dict[int, str] = {}
    loose = False
    named: dict[str, None] = {}
    seen: dict[str, set[date]] = {}
    for url, resource in held:
        if resource["resourceType"] != "Observation":
            continue
        codes = code_set(first(resource, "code"))
        key = key_of(text_of(first(resource, "specimen", "reference")))
        key = (
            names.get(key, key)
            or reported.get(names.get(key_of(url), ""))
            or reported.get(_name(resource))
            or ""
        )
        if VARIANT in codes:
            if key:
                named[key] = None
            else:
                loose = True
        if key:
            of[id(resource)] = key
            if codes & {VARIANT, *REGION} and (day := clinical.date_of(resource)) is not None:
                seen.setdefault(key, set()).add(day)
    if len(named) < 2:
        return Specimens(tuple(named), {}, of)
    if loose:
        return Specimens(tuple(named), {}, of, "a variant names none of them")
    collected = {_name(r): _collected(r) for _, r in held if r["resourceType"] == "Specimen"}
    days: dict[str, date] = {}
    for key in named:
        day = collected.get(key)
        if day is None and len(seen.get(key, ())) == 1:
            (day,) = seen[key]
        if day is None:
            return Specimens(tuple(named), {}, of, "not every one has a day")
        days[key] = day
    if len(set(days.values())) < len(days):
        return Specimens(tuple(named), {}, of, "some are of the same day")
    return Specimens(tuple(named), dict(sorted(days.items(), key=lambda item: item[1])), of)


def _name(resource: dict[str, Any]) -> str:
    identifier = text_of(first(resource, "id"))
    return f"{resource['resourceType']}/{identifier}" if identifier else ""


def _reported(held: list[tuple[str, dict[str, Any]]], names: dict[str, str]) -> dict[str, str]:
    """Specimen of each result of a report that was made on one specimen."""
    found: dict[str, str] = {}
    for _, resource in held:
        if resource["resourceType"] != "DiagnosticReport":
            continue
        listed = [key_of(text_of(first(s, "reference"))) for _, s in many(resource, "specimen")]
        if len(listed) != 1 or not listed[0]:
            continue
        for _, result in many(resource, "result"):
            key = key_of(text_of(first(result, "reference")))
            if name := names.get(key, key):
                found[name] = names.get(listed[0], listed[0])
    return found


def _collected(resource: dict[str, Any]) -> date | None:
    places = (
        ("collection", "collectedDateTime"),
        ("collection", "collectedPeriod", "start"),
        ("receivedTime",),
    )
    return next((day for p in places if (day := day_of(text_of(first(resource, *p)))) is not None), None)
