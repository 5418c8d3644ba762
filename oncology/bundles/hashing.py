"""The first act: every file of a bundle is the one its manifest was written for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oncology.bundles.errors import BundleError, ChangedFileError, MissingBundleFileError, UnsafePathError

__all__ = ["FileCheck", "hash_file", "read_verified"]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file of a bundle: the hash it should have, the hash it has, and the fault if there is one."""

    name: str
    expected: str
    found: str | None
    size: int
    fault: BundleError | None

    @property
    def ok(self) -> bool:
        """Whether the file is there, safe to open, and unchanged."""
        return self.fault is None


def _file_fault(folder: Path, name: str) -> BundleError | None:
    if not name or name in (".", "..") or re.search(r"[/\\\x00:]", name) or Path(name).is_absolute():
        return UnsafePathError(name, "leads out of the bundle's folder")
    file = folder / name
    if file.is_symlink():
        return UnsafePathError(name, "is a link to somewhere else")
    if not file.exists():
        return MissingBundleFileError(name)
    if not file.is_file():
        return UnsafePathError(name, "is no plain file")
    return None


def hash_file(folder: Path, name: str, expected: str) -> FileCheck:
    fault = _file_fault(folder, name)
    if fault is not None:
        return FileCheck(name, expected, None, 0, fault)
    digest, file = hashlib.sha256(), folder / name
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    found = digest.hexdigest()
    fault = None if found == expected else ChangedFileError(name, expected, found)
    return FileCheck(name, expected, found, file.stat().st_size, fault)


def read_verified(folder: Path, name: str, files: Mapping[str, str]) -> bytes:
    """The bytes of a file, hashed as they were read: what is opened is what was hashed, not what lay there before.

    Raises
    ------
    MissingBundleFileError, UnsafePathError, ChangedFileError
    """
    if name not in files:
        raise MissingBundleFileError(name)
    fault = _file_fault(folder, name)
    if fault is not None:
        raise fault
    data = (folder / name).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != files[name]:
        raise ChangedFileError(name, files[name], found)
    return data
