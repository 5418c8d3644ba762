"""The user's own list of bundles whose files may run code when opened."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oncology.bundles.errors import BundleError

__all__ = ["TrustList", "TrustListError", "trust_list_path"]

_HASH = re.compile(r"[0-9a-f]{64}")


class TrustListError(BundleError, ValueError):
    """A trust list that cannot be read; nothing is trusted then."""


def trust_list_path() -> Path:
    """The file named by GLASSBOARD_TRUST, else ``~/.config/glassboard/trusted.json``."""
    named = os.environ.get("GLASSBOARD_TRUST")
    return Path(named) if named else Path.home() / ".config" / "glassboard" / "trusted.json"


@dataclass(frozen=True, slots=True)
class TrustList:
    """Hashes of bundles that the user vouches for, with the names they had; read from one JSON file.

    A bundle's hash is that of its manifest, which holds the hash of every other file: a changed byte anywhere
    is no longer the bundle that was trusted.

    Raises
    ------
    TrustListError
        If the file exists and is not a trust list.
    """

    path: Path
    names: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | None = None) -> TrustList:
        """The list at `path`, or at `trust_list_path`; an absent file is an empty list."""
        path = trust_list_path() if path is None else Path(path)
        if not path.exists():
            return cls(path, {})
        try:
            names = json.loads(path.read_text(encoding="utf-8"))["trusted"]
            valid = isinstance(names, dict) and all(
                isinstance(k, str) and _HASH.fullmatch(k) and isinstance(v, str) for k, v in names.items()
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrustListError(
                f"The trust list {path.name!r} cannot be read ({error}); expected JSON such as "
                '{"trusted": {"<64 hexadecimal digits>": "name"}}. Correct it or delete it; nothing is trusted until then.'
            ) from error
        if not valid:
            raise TrustListError(
                f"The trust list {path.name!r} holds entries that are no SHA-256 hashes. Correct it or delete it; "
                "nothing is trusted until then."
            )
        return cls(path, names)

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self.names

    def with_bundle(self, sha256: str, name: str) -> TrustList:
        """The list with one more bundle on it, written to its file (readable by its owner only)."""
        if not _HASH.fullmatch(sha256):
            raise TrustListError(f"{sha256!r} is no SHA-256 hash: expected 64 hexadecimal digits.")
        names = {**self.names, sha256: name}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".trusted-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"trusted": dict(sorted(names.items()))}, file, indent=1)
        os.replace(temporary, self.path)
        return TrustList(self.path, names)
