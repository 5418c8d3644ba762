"""The first two acts of opening a bundle, and what each found: hash every file, audit what it would construct."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from oncology.bundles.errors import (
    BundleError,
    MissingBundleFileError,
    NewerLibraryError,
    UnknownTypesError,
    UnsafePathError,
    UntrustedBundleError,
)
from oncology.bundles.hashing import FileCheck, hash_file
from oncology.bundles.manifest import MANIFEST, Manifest, read_manifest
from oncology.bundles.storage import KNOWN_TYPES, audit_types
from oncology.bundles.trust import TrustList

__all__ = ["Audit", "FileCheck", "Inspection", "LibraryCheck", "discover", "inspect", "installed_versions"]

_LIBRARIES = ("scikit-learn", "numpy", "xgboost", "xgboost-cpu", "lightgbm", "skops", "joblib")
# Libraries that a model's predictions depend on: an older one than the builder's is refused.
_PREDICTING = ("scikit-learn", "numpy", "xgboost", "lightgbm")
ESTIMATOR_FILES = {"skops": "estimators.skops", "joblib": "estimators.joblib", "formula": "formula.json"}


@dataclass(frozen=True, slots=True)
class LibraryCheck:
    """A library at the version the bundle was built with, and at the version installed here."""

    name: str
    built_with: str
    installed: str | None
    fault: BundleError | None

    @property
    def words(self) -> str:
        """What the difference means."""
        if self.fault is not None:
            return str(self.fault)
        if self.installed == self.built_with:
            return "the same version"
        return "another version; the stored test rows decide whether predictions are the same"


@dataclass(frozen=True, slots=True)
class Audit:
    """What constructing the model would need: libraries, types, and for joblib the user's trust."""

    format: str
    libraries: tuple[LibraryCheck, ...]
    types: tuple[str, ...]
    unknown_types: tuple[str, ...]
    runs_code: bool
    trusted: bool
    faults: tuple[BundleError, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """A bundle looked at from outside: nothing of it was constructed."""

    path: Path
    manifest: Manifest
    sha256: str
    files: tuple[FileCheck, ...]
    audit: Audit

    @property
    def faults(self) -> tuple[BundleError, ...]:
        """Every reason not to open the bundle, in the order of the acts."""
        return (*(f.fault for f in self.files if f.fault is not None), *self.audit.faults)

    @property
    def can_open(self) -> bool:
        """Whether `load` would go on to construct the model."""
        return not self.faults

    def words(self) -> tuple[str, ...]:
        """The acts and their results, one line each."""
        changed = [f for f in self.files if not f.ok]
        hashed = (
            "unchanged" if not changed else f"{len(changed)} at fault: {', '.join(f.name for f in changed)}"
        )
        kinds = {
            "formula": "a published formula: plain numbers, no code",
            "skops": "skops: known types only, no code",
            "joblib": "joblib: can run any code when opened",
        }
        lines = [
            f"Hash: {len(self.files)} file(s) {hashed}; bundle {self.sha256[:12]}…",
            f"Audit: {kinds[self.audit.format]}"
            + (", trusted by you" if self.audit.runs_code and self.audit.trusted else ""),
        ]
        return (*lines, *(f"Refused: {fault}" for fault in self.audit.faults))


def installed_versions() -> dict[str, str]:
    """Versions of the libraries that models are made with, and of Python."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if "xgboost-cpu" in found:
        found["xgboost"] = found.pop("xgboost-cpu")
    return found | {"python": ".".join(map(str, sys.version_info[:3]))}


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers.group().split("."))) if numbers else ()


def _check_library(name: str, built_with: str, installed: str | None) -> LibraryCheck:
    # Patch releases keep the format and the predictions; a newer minor version may keep neither.
    newer = installed is None or _release(built_with)[:2] > _release(installed)[:2]
    fault = NewerLibraryError(name, built_with, installed) if newer and name in _PREDICTING else None
    return LibraryCheck(name, built_with, installed, fault)


def _audit(path: Path, manifest: Manifest, sha256: str, files_ok: bool, trust: TrustList) -> Audit:
    installed = installed_versions()
    libraries = tuple(
        _check_library(name, version, installed.get(name))
        for name, version in manifest.library_versions.items()
    )
    faults = [check.fault for check in libraries if check.fault is not None]
    types: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    model_file = ESTIMATOR_FILES[manifest.format]
    if model_file not in manifest.files:
        faults.append(MissingBundleFileError(model_file))
    elif manifest.format == "skops" and files_ok:
        types = audit_types((path / model_file).read_bytes(), model_file)
        unknown = tuple(t for t in types if t not in KNOWN_TYPES)
        if unknown:
            faults.append(UnknownTypesError(model_file, unknown))
    runs_code = manifest.format == "joblib"
    trusted = not runs_code or sha256 in trust
    if not trusted:
        faults.append(UntrustedBundleError(path, sha256, trust.path))
    return Audit(manifest.format, libraries, types, unknown, runs_code, trusted, tuple(faults))


def inspect(path: str | Path, *, trust: TrustList | None = None) -> Inspection:
    """Hash every file of a bundle and audit what it would construct; nothing is constructed.

    Parameters
    ----------
    path : folder of the bundle
    trust : TrustList, optional
        The user's own list when left out.

    Raises
    ------
    BundleNotFoundError, ManifestError, UnknownProtocolError
        If there is no manifest to go by. Every other fault is in the result.
    """
    path = Path(path)
    if (path / MANIFEST).is_symlink():
        raise UnsafePathError(MANIFEST, "is a link to somewhere else")
    manifest, sha256 = read_manifest(path)
    files = tuple(hash_file(path, name, expected) for name, expected in sorted(manifest.files.items()))
    trust = TrustList.read() if trust is None else trust
    audit = _audit(path, manifest, sha256, all(f.ok for f in files), trust)
    return Inspection(path, manifest, sha256, files, audit)


def discover(folder: str | Path) -> list[tuple[Path, Manifest | BundleError]]:
    """Bundles directly in a folder, by name: each with its manifest, or with the reason it cannot be read.

    A folder that is absent holds none; one that is itself a bundle is the only one found.
    """
    folder = Path(folder)
    if (folder / MANIFEST).is_file():
        candidates = [folder]
    elif folder.is_dir():
        candidates = sorted(p for p in folder.iterdir() if p.is_dir() and (p / MANIFEST).exists())
    else:
        candidates = []
    found: list[tuple[Path, Manifest | BundleError]] = []
    for path in candidates:
        try:
            found.append((path, read_manifest(path)[0]))
        except BundleError as error:
            found.append((path, error))
    return found
