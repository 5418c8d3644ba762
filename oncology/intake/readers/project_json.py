"""Glassboard's own profiles as JSON: what is written is read back the same."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

from oncology.errors import near_names
from oncology.intake.draft import clean_id
from oncology.intake.errors import BrokenFileError, DuplicatePatientError, NoPatientsError
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.report import Fate, Ledger, ReadResult
from oncology.intake.spelling import spell, spell_gene, spell_tumour, without_doubtful
from oncology.patients import Alteration, ImpossibleValueError, Outcome, PatientProfile, Source
from oncology.vocabulary import LABS

__all__ = ["VERSION", "read", "write_profile", "write_profiles"]

VERSION = 1
_SETS = ("assayed_genes", "tested_absent", "not_tested")
_FIELDS = {f.name: f for f in dataclasses.fields(PatientProfile)}
_TEXTS = ("ancestry", "tumour", "stage", "site", "panel", "note")
_FLAGS = ("synthetic", "germline_withheld")
_INTEGERS = ("line", "ecog", "sample_day")


def write_profile(profile: PatientProfile) -> str:
    """A profile as JSON text, which `read` turns back into an equal profile.

    Examples
    --------
    >>> print(write_profile(PatientProfile("P1", age_years=61)))
    {
      "glassboard_profile": 1,
      "patient_id": "P1",
      "age_years": 61
    }
    """
    return json.dumps(_content(profile), indent=2, ensure_ascii=False)


def write_profiles(profiles: Iterable[PatientProfile]) -> str:
    """Several profiles as one JSON list."""
    return json.dumps([_content(p) for p in profiles], indent=1, ensure_ascii=False)


def _content(profile: PatientProfile) -> dict[str, Any]:
    written: dict[str, Any] = {"glassboard_profile": VERSION}
    for name, spec in _FIELDS.items():
        value = getattr(profile, name)
        if name in _SETS and value is not None:
            value = sorted(value)
        elif name == "alterations":
            value = [_without_empty(a) for a in value]
        elif name in ("outcome", "source") and value is not None:
            value = _without_empty(value)
        elif isinstance(value, tuple):
            value = list(value)
        empty = (
            name != "assayed_genes" and value in ([], {}) and spec.default_factory is not dataclasses.MISSING
        )
        # An empty list of assayed genes says that nothing was assayed; an absent one that it is not known.
        if value is None or empty or (name in ("tested_absent", "not_tested", "alterations") and not value):
            continue
        if name in _FLAGS and value is False:
            continue
        written[name] = value
    return written


def _without_empty(item: Any) -> dict[str, Any]:
    return {
        f.name: getattr(item, f.name)
        for f in dataclasses.fields(item)
        if getattr(item, f.name) is not None and getattr(item, f.name) != f.default
    }


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """Profiles of one JSON file, or of a folder of them.

    A value that cannot be is dropped and told; a profile without a usable id, or two with one id, refuse the file.
    """
    ledger = Ledger()
    files = (
        [given]
        if isinstance(given, GivenFile)
        else [GivenFile.of_path(p) for p in given.files() if p.suffix == ".json"]
    )
    profiles: list[PatientProfile] = []
    for file in files:
        for i, item in enumerate(_items(file)):
            profiles.append(_profile(file.name, f"entry {i + 1}", item, ledger))
    seen: dict[str, int] = {}
    for profile in profiles:
        seen[profile.patient_id] = seen.get(profile.patient_id, 0) + 1
    repeated = [p for p, n in seen.items() if n > 1]
    if repeated:
        raise DuplicatePatientError(given.name, repeated)
    source = (
        given.source("project json") if isinstance(given, GivenFile) else given.source("project json", files)
    )
    return ReadResult(tuple(profiles), ledger.report(source))


def _items(file: GivenFile) -> Iterator[dict[str, Any]]:
    text, _ = file.text()
    todo = "Export the profile again, or check the file at that place."
    try:
        document = json.loads(text, object_pairs_hook=lambda pairs: _no_twins(file.name, pairs))
    except json.JSONDecodeError as error:
        broken = f"it breaks at line {error.lineno}, column {error.colno} ({error.msg})"
        raise BrokenFileError(file.name, "a Glassboard profile", broken, todo) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, BrokenFileError):
            raise
        raise BrokenFileError(
            file.name, "a Glassboard profile", "it is nested too deeply or holds an impossible number", todo
        ) from None
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise BrokenFileError(
            file.name, "a Glassboard profile", "it holds half of a character (a lone surrogate)", todo
        ) from None
    items = document if isinstance(document, list) else [document]
    if not items:
        raise NoPatientsError(
            file.name, "it holds an empty list", "Expected one profile or a list of profiles."
        )
    for i, item in enumerate(items):
        if not isinstance(item, dict):
            raise BrokenFileError(file.name, "a list of profiles", f"entry {i + 1} is no object", todo)
        version = item.get("glassboard_profile", VERSION)
        if version != VERSION:
            raise BrokenFileError(
                file.name,
                "a Glassboard profile",
                f"its version is {str(version)[:20]!r} and this program reads version {VERSION}",
                "Update Glassboard, or export the profile for this version.",
            )
        yield item


def _no_twins(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [k for k, _ in pairs]
        twin = next(k for k in keys if keys.count(k) > 1)
        raise BrokenFileError(
            name, "JSON", f"the key {twin[:40]!r} stands twice in one object", "Keep one of the two."
        )
    return content


def _profile(file_name: str, where: str, item: dict[str, Any], ledger: Ledger) -> PatientProfile:
    part = f"fields of {file_name}"
    item = {k: v for k, v in item.items() if k != "glassboard_profile"}
    ledger.hold(part, len(item))
    identifier = item.get("patient_id")
    if not isinstance(identifier, str) or not clean_id(identifier):
        raise BrokenFileError(
            file_name,
            "a Glassboard profile",
            f"{where} has no usable patient_id",
            'Give each profile a "patient_id" of text.',
        )
    values: dict[str, Any] = {}
    for key, raw in item.items():
        if raw is None:
            ledger.add(part, key, "used", "empty: not known", patient_id=identifier)
            continue
        value, note = _value(key, raw)
        fate: Fate = "ambiguous"
        if note is None:
            value, note, fate = _respelled(key, value)
        if note is None and key != "patient_id":
            try:
                PatientProfile("check", **{key: value})
                values[key] = value
            except ImpossibleValueError as error:
                value, note = None, f"cannot be: expected {error.expected}"
        if note is None:
            ledger.add(
                part,
                key,
                "used",
                found="" if key in ("note", "patient_id") else _brief(raw),
                patient_id=identifier,
            )
        elif value is not None:
            values[key] = value
            ledger.add(part, key, fate, note, patient_id=identifier)
        else:
            ledger.add(
                part, key, "dropped", note, found=_brief(raw) if key in _FIELDS else "", patient_id=identifier
            )
    profile, doubtful = without_doubtful(PatientProfile(identifier, **values))
    for gene in sorted(doubtful):
        ledger.note(
            f"A finding may be a misspelling of {gene}; {gene} counts as not assayed until the finding is corrected."
        )
    return profile


def _respelled(key: str, value: Any) -> tuple[Any, str | None, Fate]:
    """A value in our spelling; what was changed or is in doubt, and which of the two."""
    if value is None:
        return value, None, "used"
    if key == "tumour":
        code, notes, doubts = spell_tumour(value)
        return code, "; ".join((*notes, *doubts)) or None, "normalised"
    if key == "assayed_genes":
        read = [spell_gene(g) for g in sorted(value)]
        notes, doubts = [n for _, said, _ in read for n in said], [d for _, _, doubt in read for d in doubt]
        return (
            frozenset(symbol for symbol, _, _ in read),
            "; ".join((*notes, *doubts)) or None,
            "ambiguous" if doubts else "normalised",
        )
    if key == "alterations":
        spelled = [spell(a) for a in value]
        notes, doubts = [n for s in spelled for n in s.notes], [d for s in spelled for d in s.doubts]
        kept = tuple(s.alteration for s in spelled if s.alteration is not None)
        return kept, "; ".join((*notes, *doubts)) or None, "ambiguous" if doubts else "normalised"
    return value, None, "used"


def _brief(raw: Any) -> str:
    return f"{len(raw)} entries" if isinstance(raw, (list, dict)) else str(raw)


def _value(key: str, raw: Any) -> tuple[Any, str | None]:
    """The value in our type and, where part or all of it cannot be used, why."""
    if key not in _FIELDS:
        return None, "not a field of a profile." + near_names(key, _FIELDS)
    if key in _SETS or key == "prior_treatments":
        if not isinstance(raw, list) or not all(isinstance(v, str) for v in raw):
            return None, "expected a list of names"
        return (frozenset(raw) if key in _SETS else tuple(raw)), None
    if key == "alterations":
        return _alterations(raw)
    if key == "labs":
        return _labs(raw)
    if key == "findings":
        if not isinstance(raw, dict) or not all(isinstance(v, str) for v in raw.values()):
            return None, "expected an object of names and words"
        return raw, None
    if key in ("outcome", "source"):
        return _record(Outcome if key == "outcome" else Source, raw)
    if key in _FLAGS:
        return (raw, None) if isinstance(raw, bool) else (None, "expected true or false")
    if key in _TEXTS or key in ("patient_id", "sex", "msi", "consent"):
        return (raw, None) if isinstance(raw, str) else (None, "expected text")
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None, "expected a number, without quotation marks"
    if not math.isfinite(raw):
        return None, "expected a finite number"
    if key in _INTEGERS and raw != int(raw):
        return None, "expected a whole number"
    return (int(raw) if key in _INTEGERS else raw), None


_TYPES: dict[str, tuple[type, ...]] = {
    "vaf": (int, float),
    "copy_number": (int, float),
    "pfs_months": (int, float),
    "response": (bool,),
    "progressed": (bool,),
}


def _checked(kind: type, raw: Any) -> dict[str, Any]:
    """The fields of a record; raises TypeError where a name or a type does not fit."""
    names = {f.name for f in dataclasses.fields(kind)}
    if not isinstance(raw, dict) or not set(raw) <= names:
        raise TypeError(kind)
    for name, value in raw.items():
        types = _TYPES.get(name, (str,))
        if value is not None and (
            not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        ):
            raise TypeError(name)
        if isinstance(value, float) and not math.isfinite(value):
            raise TypeError(name)
    return raw


def _record(kind: type, raw: Any) -> tuple[Any, str | None]:
    try:
        return kind(**_checked(kind, raw)), None
    except TypeError:
        return (
            None,
            f"expected an object with the fields {', '.join(f.name for f in dataclasses.fields(kind))}",
        )


def _alterations(raw: Any) -> tuple[tuple[Alteration, ...] | None, str | None]:
    if not isinstance(raw, list):
        return None, "expected a list of alterations"
    found, notes = [], []
    for i, item in enumerate(raw):
        try:
            found.append(Alteration(**_checked(Alteration, item)))
        except ImpossibleValueError as error:
            kept = {k: v for k, v in item.items() if k not in ("vaf", "copy_number")}
            try:
                found.append(Alteration(**kept))
                notes.append(
                    f"entry {i + 1}: {error.field_name} cannot be (expected {error.expected}); that value is dropped"
                )
            except (ImpossibleValueError, TypeError):
                notes.append(
                    f"entry {i + 1} is dropped: {error.field_name} cannot be (expected {error.expected})"
                )
        except TypeError:
            names = ", ".join(f.name for f in dataclasses.fields(Alteration))
            notes.append(f"entry {i + 1} is dropped: expected an object with the fields {names}")
    return tuple(found), "; ".join(notes) or None


def _labs(raw: Any) -> tuple[dict[str, float] | None, str | None]:
    if not isinstance(raw, dict):
        return None, "expected an object of laboratory values"
    kept, notes = {}, []
    for name, value in raw.items():
        try:
            PatientProfile("check", labs={name: value})
            kept[name] = value
        except ImpossibleValueError as error:
            named = LABS[name].label if name in LABS else repr(str(name)[:40])
            notes.append(f"{named} is dropped: expected {error.expected}")
    return kept, "; ".join(notes) or None
