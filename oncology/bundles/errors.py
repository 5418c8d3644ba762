"""What can be wrong with a bundle; each fault has a class, and each text says what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from oncology.errors import OncologyError

__all__ = [
    "BuildError",
    "BundleError",
    "BundleNotFoundError",
    "BundleSchemaError",
    "ChangedFileError",
    "ManifestError",
    "MissingBundleFileError",
    "NewerLibraryError",
    "OneOutcomeError",
    "PredictionDriftError",
    "UnknownProtocolError",
    "UnknownTypesError",
    "UnsafePathError",
    "UntrustedBundleError",
]


class BundleError(OncologyError):
    """Base of every fault of a bundle."""


class BundleNotFoundError(BundleError, FileNotFoundError):
    """There is no bundle at this place."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"No bundle at {path.name!r}: {what}. A bundle is a folder that holds manifest.json and the files "
            "it names; `.venv/bin/python -m explainers train` and `oncology.bundles.build` write one."
        )
        self.path = path

    def __str__(self) -> str:
        return str(self.args[0])


class ManifestError(BundleError, ValueError):
    """A manifest that cannot be read: not JSON, cut short, or a field of the wrong kind."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(
            f"manifest.json cannot be read: {found}; expected {expected}. "
            "Copy the bundle again from its source, or build it again."
        )
        self.found, self.expected = found, expected


class UnknownProtocolError(BundleError, ValueError):
    """A bundle written by another version of the format."""

    def __init__(self, found: object, known: Sequence[int]) -> None:
        super().__init__(
            f"The bundle's protocol is {found!r}; this version reads {', '.join(map(str, known))}. "
            "Update Glassboard, or build the bundle again with this version."
        )
        self.found, self.known = found, tuple(known)


class MissingBundleFileError(BundleError, FileNotFoundError):
    """A file that the manifest names is not in the folder."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The manifest names the file {name!r}, which is not in the bundle's folder. "
            "Copy the whole folder again."
        )
        self.name = name

    def __str__(self) -> str:
        return str(self.args[0])


class ChangedFileError(BundleError, ValueError):
    """A file whose bytes are not those the manifest was written for."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"The file {name!r} has changed since the bundle was built: its SHA-256 is {found[:12]}…, the "
            f"manifest says {expected[:12]}…. It was not opened. Copy the bundle again from its source."
        )
        self.name, self.expected, self.found = name, expected, found


class UnsafePathError(BundleError, ValueError):
    """A file name that would leave the bundle's folder."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"The manifest names the file {name!r}, which {why}. Files of a bundle are plain files directly in "
            "its folder; nothing was opened."
        )
        self.name, self.why = name, why


class UntrustedBundleError(BundleError, PermissionError):
    """A bundle that can run code when opened, and that the user has not put on the trust list."""

    def __init__(self, path: Path, sha256: str, trust_list: Path) -> None:
        self.path, self.sha256, self.command = path, sha256, f".venv/bin/python -m explainers trust {path}"
        super().__init__(
            f"The bundle {path.name!r} holds a joblib file, which can run any code when it is opened. Its hash "
            f"{sha256} is not on your trust list ({trust_list.name}). If you know who built it, and the hash is "
            f"the one they told you, trust it with: {self.command}"
        )

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownTypesError(BundleError, PermissionError):
    """A skops file that asks for types beyond the known estimators."""

    def __init__(self, name: str, types: Iterable[str]) -> None:
        self.name, self.types = name, tuple(sorted(types))
        super().__init__(
            f"The file {name!r} asks for types that are not among the known estimators: "
            f"{', '.join(self.types)}. It was not opened. Build the bundle from scikit-learn, XGBoost or "
            "LightGBM estimators, or as joblib, whose hash is then trusted by hand."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class NewerLibraryError(BundleError, ImportError):
    """A bundle built with a library newer than the one installed, or with one that is not installed."""

    def __init__(self, library: str, built_with: str, installed: str | None) -> None:
        has = f"here is {library} {installed}" if installed else f"{library} is not installed here"
        super().__init__(
            f"The bundle was built with {library} {built_with}, {has}. A model may predict otherwise under an "
            f"older library: install {library} {built_with} or later, or build the bundle again here."
        )
        self.library, self.built_with, self.installed = library, built_with, installed


class BundleSchemaError(BundleError, ValueError):
    """Estimators whose inputs are not the columns of the manifest's schema."""

    def __init__(self, option: str, found: str, expected: str) -> None:
        super().__init__(
            f"The model for {option!r} takes {found}; the manifest's schema has {expected}. "
            "Build the bundle again with the schema the model was trained on."
        )
        self.option = option


class PredictionDriftError(BundleError, ValueError):
    """A model that no longer says what it said when it was built."""

    def __init__(self, option: str, expected: float, found: float) -> None:
        super().__init__(
            f"The model for {option!r} gives {found:.6f} for a stored test row, and gave {expected:.6f} when it "
            "was built: the installed libraries predict otherwise. Build the bundle again here."
        )
        self.option, self.expected, self.found = option, expected, found


class BuildError(BundleError, ValueError):
    """A bundle that cannot be built from what was given."""


class OneOutcomeError(BuildError):
    """Options without enough patients of each outcome to train or to judge a model."""

    def __init__(self, reasons: dict[str, str]) -> None:
        listed = "; ".join(f"{option}: {why}" for option, why in list(reasons.items())[:5])
        more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
        super().__init__(
            f"{len(reasons)} option(s) cannot be modelled: {listed}{more}. Leave them out by name, or pass "
            "leave_out=True to have them left out and listed in the manifest with the reason."
        )
        self.reasons = dict(reasons)
