"""Model bundles: a folder with a manifest, opened in three visible acts: hash, audit, construct."""

from oncology.bundles.building import build, build_formula
from oncology.bundles.developer_card import CardFileError, DeveloperCard, ReportedStudy, read_card
from oncology.bundles.errors import (
    BuildError,
    BundleError,
    BundleNotFoundError,
    BundleSchemaError,
    ChangedFileError,
    ManifestError,
    MissingBundleFileError,
    NewerLibraryError,
    OneOutcomeError,
    PredictionDriftError,
    UnknownProtocolError,
    UnknownTypesError,
    UnsafePathError,
    UntrustedBundleError,
)
from oncology.bundles.inspecting import Audit, FileCheck, Inspection, LibraryCheck, discover, inspect
from oncology.bundles.loading import load, open_inspected
from oncology.bundles.manifest import Manifest, OutputKind
from oncology.bundles.model import ModelBundle, ReferenceRows, TrainingData
from oncology.bundles.trust import TrustList, TrustListError, trust_list_path

__all__ = [
    "Audit",
    "BuildError",
    "BundleError",
    "BundleNotFoundError",
    "BundleSchemaError",
    "CardFileError",
    "ChangedFileError",
    "DeveloperCard",
    "FileCheck",
    "Inspection",
    "LibraryCheck",
    "Manifest",
    "ManifestError",
    "MissingBundleFileError",
    "ModelBundle",
    "NewerLibraryError",
    "OneOutcomeError",
    "OutputKind",
    "PredictionDriftError",
    "ReferenceRows",
    "ReportedStudy",
    "TrainingData",
    "TrustList",
    "TrustListError",
    "UnknownProtocolError",
    "UnknownTypesError",
    "UnsafePathError",
    "UntrustedBundleError",
    "build",
    "build_formula",
    "discover",
    "inspect",
    "load",
    "open_inspected",
    "read_card",
    "trust_list_path",
]
