"""What a bundle says of itself: one JSON document that holds the hash of every other file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from oncology.bundles.errors import BundleNotFoundError, ManifestError, UnknownProtocolError
from oncology.performance import OptionPerformance, PerformanceError
from oncology.wording import SETTINGS, Setting, Wording, wording

__all__ = [
    "MANIFEST",
    "PROTOCOL",
    "Format",
    "IntervalBasis",
    "Manifest",
    "OutputKind",
    "Unit",
    "read_manifest",
]

MANIFEST = "manifest.json"
PROTOCOL = 1
_LARGEST = 20_000_000

OutputKind = Literal["probabilities", "classes", "score", "risk_groups"]
Format = Literal["skops", "joblib", "formula"]
Unit = Literal["log-odds", "probability", "score"]
IntervalBasis = Literal["observed", "calibration", "range"]

_WORDS: dict[str, tuple[str, ...]] = {
    "output_kind": ("probabilities", "classes", "score", "risk_groups"),
    "format": ("skops", "joblib", "formula"),
    "unit": ("log-odds", "probability", "score"),
    "setting": SETTINGS,
}
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, eq=False, slots=True)
class Manifest:
    """A bundle in plain data; unknown fields of the file are refused, missing optional ones are empty.

    Parameters
    ----------
    name, title, version, date : str
        Short key, words for the screen, the model's own version, and the day it was built (ISO 8601).
    protocol : int
        Version of the bundle format.
    format : {"skops", "joblib", "formula"}
    output_kind : {"probabilities", "classes", "score", "risk_groups"}
    unit : {"log-odds", "probability", "score"}
        Scale of the margin, on which explanations live.
    synthetic : bool
        True where the training patients are invented.
    intended_use : str
    tumours : tuple of str
        OncoTree codes the model is meant for; empty where it names none (its training patients then say it).
    setting : {"clinic", "laboratory"}
        Whether outcomes were seen in treated patients, or measured on cells outside the body.
    outcome : str
        What the probability is of, as a verb phrase after "patients like this": "respond".
    options, option_labels : tuple of str, mapping
        Keys of the k options in order, and their words.
    schema : tuple of mappings
        Entries of `FeatureSchema.to_json`.
    files : mapping
        SHA-256 of every other file, by its plain name.
    library_versions : mapping
        Of the libraries the model was built with.
    trusted_types : tuple of str
        Types in the skops file beyond those skops knows; a statement for readers, never an authority.
    calibration : mapping
        Option to its map, in plain data.
    performance : tuple of OptionPerformance
        Cross-validated, one per option; empty for formulas.
    training : mapping
        n_patients, source, folds, seed, estimator, ... as `build` wrote them.
    support, responders : mapping
        Option to tumour code to number of training patients who had it, and of those who responded; the key ""
        counts all of them.
    drivers : mapping
        Option to the alteration features that move its probability most, measured when the bundle was built.
    left_out : mapping
        Options that could not be modelled, each with the reason.
    missing_values : str
        What the model does with an unknown input, in words.
    unlikely_below : float
        An option whose interval ends below this is listed as unlikely to help.
    reference : mapping
        name, n and seed of the background rows; for formulas the cited reference.
    self_check : tuple of tuples of float
        Margins of the first background rows as they were on the day of building.
    limits, notes, citations : tuple of str
    developer, licence, intended_users, out_of_scope : str
    """

    name: str
    title: str
    version: str
    output_kind: OutputKind
    format: Format
    unit: Unit
    options: tuple[str, ...]
    schema: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]
    protocol: int = PROTOCOL
    date: str = ""
    synthetic: bool = False
    intended_use: str = ""
    tumours: tuple[str, ...] = ()
    setting: Setting = "clinic"
    outcome: str = "respond"
    option_labels: Mapping[str, str] = field(default_factory=dict)
    library_versions: Mapping[str, str] = field(default_factory=dict)
    trusted_types: tuple[str, ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    performance: tuple[OptionPerformance, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    support: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    responders: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    drivers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    missing_values: str = ""
    unlikely_below: float = 0.15
    reference: Mapping[str, Any] = field(default_factory=dict)
    self_check: tuple[tuple[float, ...], ...] = ()
    limits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    developer: str = ""
    licence: str = ""
    intended_users: str = ""
    out_of_scope: str = ""

    def label(self, option: str) -> str:
        """The words for an option; its key where it has none."""
        return self.option_labels.get(option, option)

    @property
    def words(self) -> Wording:
        """Nouns and verbs of the setting."""
        return wording(self.setting)

    def performance_of(self, option: str) -> OptionPerformance | None:
        """Cross-validated performance of one option, or None where the bundle has none."""
        return next((p for p in self.performance if p.option == option), None)

    def to_bytes(self) -> bytes:
        """The manifest as the bytes of its file."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        content["performance"] = [p.to_json() for p in self.performance]
        return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest; every fault is named.

        Raises
        ------
        ManifestError
            Not JSON, cut short, a field missing, not expected, or of the wrong kind.
        UnknownProtocolError
            Written by another version of the format.
        """
        try:
            content = json.loads(data)
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise ManifestError(f"it is no JSON document ({error})", "a JSON object") from error
        if not isinstance(content, dict):
            raise ManifestError(f"it holds a {type(content).__name__}", "a JSON object")
        if "protocol" not in content:
            raise ManifestError("the field 'protocol' is missing", "an integer")
        protocol = content["protocol"]
        if isinstance(protocol, bool) or not isinstance(protocol, int) or protocol != PROTOCOL:
            raise UnknownProtocolError(protocol, [PROTOCOL])
        known = {f.name: f for f in fields(cls)}
        for name in content:
            if name not in known:
                raise ManifestError(f"the field {name!r} is not known", "the fields of protocol 1")
        required = ("name", "title", "version", "output_kind", "format", "unit", "options", "schema", "files")
        for name in required:
            if name not in content:
                raise ManifestError(f"the field {name!r} is missing", "every required field")
        return cls(**{name: _checked(name, str(known[name].type), value) for name, value in content.items()})


def _checked(name: str, kind: str, value: Any) -> Any:
    """A field of the right kind, lists as tuples; refused with its name otherwise."""
    if name in _WORDS:
        if value not in _WORDS[name]:
            raise ManifestError(f"{name} is {value!r}", "one of " + ", ".join(_WORDS[name]))
        return value
    if kind in ("str", "bool"):
        if not isinstance(value, str if kind == "str" else bool):
            raise ManifestError(f"{name} is {value!r}", "text" if kind == "str" else "true or false")
        return value
    if kind in ("int", "float"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ManifestError(f"{name} is {value!r}", "a number")
        return value
    if kind.startswith("Mapping"):
        return _checked_mapping(name, value)
    if not isinstance(value, list):
        raise ManifestError(f"{name} is a {type(value).__name__}", "a list")
    return _checked_list(name, value)


def _checked_mapping(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ManifestError(f"{name} is a {type(value).__name__}", "a JSON object")
    inner = {"files": str, "option_labels": str, "library_versions": str, "left_out": str, "drivers": list,
             "support": dict}  # fmt: skip
    for key, item in value.items():
        if name in inner and not isinstance(item, inner[name]):
            raise ManifestError(f"{name} has {item!r} under {key!r}", inner[name].__name__)
    if name == "files":
        for key, item in value.items():
            if not _HASH.fullmatch(item):
                raise ManifestError(f"the hash of {key!r} is {item!r}", "64 hexadecimal digits")
    return value


def _checked_list(name: str, value: list[Any]) -> Any:
    if name == "performance":
        try:
            return tuple(
                OptionPerformance.from_json({k: v for k, v in p.items() if k != "has_signal"}) for p in value
            )
        except (PerformanceError, AttributeError) as error:
            raise ManifestError(f"performance: {error}", "one record per option") from error
    if name == "schema":
        if not all(isinstance(entry, dict) for entry in value):
            raise ManifestError("schema holds something else than feature entries", "a list of objects")
        return tuple(value)
    if name == "self_check":
        try:
            return tuple(tuple(float(v) for v in row) for row in value)
        except (TypeError, ValueError) as error:
            raise ManifestError(f"self_check: {error}", "rows of numbers") from error
    if not all(isinstance(item, str) for item in value):
        raise ManifestError(f"{name} holds something else than text", "a list of text")
    if name == "options" and (not value or len(set(value)) != len(value)):
        raise ManifestError(f"options are {value!r}", "one option or more, each once")
    return tuple(value)


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """The manifest of a bundle's folder, and the bundle's hash: that of the manifest's bytes.

    Raises
    ------
    BundleNotFoundError, ManifestError, UnknownProtocolError
    """
    if not path.is_dir():
        raise BundleNotFoundError(path, "it is a file" if path.exists() else "there is no such folder")
    file = path / MANIFEST
    if not file.is_file():
        raise BundleNotFoundError(path, "the folder holds no manifest.json")
    if file.stat().st_size > _LARGEST:
        raise ManifestError(f"it has {file.stat().st_size:,} bytes", f"at most {_LARGEST:,}")
    data = file.read_bytes()
    return Manifest.from_bytes(data), hashlib.sha256(data).hexdigest()
